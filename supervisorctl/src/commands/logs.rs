//! Output that is logged: `tail` and `maintail`, the last part of it or as it grows.

use supervisor_protocol::repr::str_repr;
use supervisor_protocol::text::int;
use supervisor_protocol::xmlrpc::{FaultCode, Value};

use crate::daemon::CallError;
use crate::exit;
use crate::failure::Failure;
use crate::happening::{Happening, Happenings};
use crate::render;
use crate::session::Session;

/// How much is shown when nothing else is said, in bytes.
const DEFAULT_BYTES: i64 = 1600;

/// What the first word of a `tail` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Amount {
    /// The last so many bytes; from this offset on if negative; all for 0.
    Last(i64),
    /// Everything from now on.
    Follow,
}

/// `tail [-f | -<bytes>] <name> [stdout|stderr]`.
pub(super) fn tail(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !session.is_up()? {
        return Ok(());
    }
    let mut words: Vec<&str> = argument.split_whitespace().collect();
    if words.is_empty() {
        return session.refuse(exit::GENERIC, "Error: too few arguments", super::help::TAIL);
    }
    if words.len() > 3 {
        return session.refuse(exit::GENERIC, "Error: too many arguments", super::help::TAIL);
    }
    let modifier = words.first().copied().filter(|word| word.starts_with('-'));
    if modifier.is_some() {
        words.remove(0);
    }
    let (name, channel) = match words[..] {
        [] => {
            session.complain(exit::GENERIC, "Error: tail requires process name");
            return Ok(());
        }
        [name] => (name, "stdout".to_owned()),
        // Without a modifier there may be three words, of which the second means nothing.
        [name, .., channel] => (name, channel.to_lowercase()),
    };
    if channel != "stdout" && channel != "stderr" {
        session.complain(exit::GENERIC, format_args!("Error: bad channel {}", str_repr(&channel)));
        return Ok(());
    }
    let Some(amount) = modifier.map_or(Some(Amount::Last(DEFAULT_BYTES)), Amount::parse) else {
        let modifier = modifier.unwrap_or_default();
        session.complain(exit::GENERIC, format_args!("Error: bad argument {modifier}"));
        return Ok(());
    };
    let method = match channel.as_str() {
        "stderr" => "supervisor.readProcessStderrLog",
        _ => "supervisor.readProcessStdoutLog",
    };
    match amount {
        Amount::Follow => follow(session, &format!("/logtail/{name}/{channel}")),
        Amount::Last(bytes) => {
            let text = session.call(method, [name.into(), offset(bytes), 0.into()]);
            show(session, name, text)
        }
    }
}

/// `maintail [-f | -<bytes>]`.
pub(super) fn maintail(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !session.is_up()? {
        return Ok(());
    }
    let words: Vec<&str> = argument.split_whitespace().collect();
    let amount = match words[..] {
        [] => Some(Amount::Last(DEFAULT_BYTES)),
        [modifier] => Amount::parse(modifier),
        _ => return session.refuse(exit::GENERIC, "Error: too many arguments", super::help::MAINTAIL),
    };
    match amount {
        None => {
            session.complain(exit::GENERIC, format_args!("Error: bad argument {argument}"));
            Ok(())
        }
        Some(Amount::Follow) => follow(session, "/mainlogtail"),
        Some(Amount::Last(bytes)) => {
            let text = session.call("supervisor.readLog", [offset(bytes), 0.into()]);
            show(session, "supervisord", text)
        }
    }
}

/// Shows a piece of a log and one more line end, whatever the piece ends in.
fn show(session: &mut Session<'_>, name: &str, text: Result<Value, CallError>) -> Result<(), Failure> {
    let error = match text {
        Ok(text) => {
            session.out.line(text);
            return Ok(());
        }
        Err(error) => error,
    };
    let what = match error.fault() {
        Some(FaultCode::NoFile) => "no log file",
        Some(FaultCode::Failed) => "unknown error reading log",
        // The daemon's own log has no name that could be wrong.
        Some(FaultCode::BadName) if name != "supervisord" => "no such process name",
        _ => return Err(error.into()),
    };
    session.complain(exit::GENERIC, render::complaint(name, what));
    Ok(())
}

/// Copies a log as it grows, until Ctrl-C, the end of the stream, or the end of the output's reader.
fn follow(session: &mut Session<'_>, path: &str) -> Result<(), Failure> {
    session.out.line("==> Press Ctrl-C to exit <==");
    let mut happenings = Happenings::new();
    session.console.forward_interrupts(happenings.mailbox());
    happenings.pump(path, session.daemon.follow(path));
    while let Some(happening) = happenings.take()
        && !session.out.is_closed()
    {
        match happening {
            Happening::Piece(bytes) => session.out.bytes(&bytes),
            Happening::Ended => break,
            Happening::Failed(path, error) => {
                session.report_unfollowed(&path, &error);
                session.exit_code = exit::GENERIC;
                break;
            }
            Happening::Interrupted => {
                session.out.line("");
                break;
            }
        }
    }
    Ok(())
}

impl Amount {
    /// Reads `-f` or `-<number>`, the number as liberally as Python does: `--6`, `-+6`, `-1_000`.
    fn parse(modifier: &str) -> Option<Amount> {
        let text = modifier.strip_prefix('-')?;
        if text == "f" {
            return Some(Amount::Follow);
        }
        int(text, 10).map(Amount::Last)
    }
}

/// The offset that asks for the last so many bytes, within what fits in an XML-RPC integer.
fn offset(bytes: i64) -> Value {
    const LIMIT: i64 = i32::MAX as i64;
    (-bytes.clamp(-LIMIT, LIMIT)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_python_reads_integers() {
        for (modifier, expected) in [
            ("-f", Some(Amount::Follow)),
            ("-100", Some(Amount::Last(100))),
            ("-0", Some(Amount::Last(0))),
            ("--6", Some(Amount::Last(-6))),
            ("-+6", Some(Amount::Last(6))),
            ("-1_000", Some(Amount::Last(1000))),
            ("-99999999999999999999", Some(Amount::Last(i64::MAX))),
            ("-", None),
            ("-x", None),
            ("-1_", None),
            ("-_1", None),
            ("-1__0", None),
            ("---1", None),
            ("-ff", None),
            ("100", None),
        ] {
            assert_eq!(Amount::parse(modifier), expected, "{modifier}");
        }
        assert_eq!(offset(1600), Value::Int(-1600));
        assert_eq!(offset(-6), Value::Int(6));
        assert_eq!(offset(i64::MAX), Value::Int(-2_147_483_647));
    }
}
