//! The command line: words in, a [`Request`] out. Pure.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, Command};
use supervisor_protocol::getopt;

use crate::report::Format;

/// How long one step of a listener, or one condition of a daemon, may take if `--timeout` does not say.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Check something.
    Check(Options),
    /// `--list`: the names of all checks.
    List,
    /// `--help`.
    Help,
    /// `--play DIR`, which only this program's own configurations contain: be the listener of a daemon under test.
    Play(PathBuf),
}

/// What to check, and how to say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// The subject.
    pub(crate) subject: Subject,
    /// Names of the only checks to make; empty for all.
    pub(crate) only: Vec<String>,
    /// The report's format.
    pub(crate) format: Format,
    /// How long to wait for one thing.
    pub(crate) patience: Duration,
}

/// What is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A listener, by its command.
    Listener(Vec<String>),
    /// A daemon, by its path.
    Daemon(PathBuf),
}

/// A command line that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UsageError {
    /// An option that is unknown or lacks its value.
    #[error(transparent)]
    Getopt(#[from] getopt::GetoptError),
    /// Neither a command nor a daemon.
    #[error("nothing to check: give a listener's command after --, or a daemon with --daemon")]
    NoSubject,
    /// Both.
    #[error("give either a listener's command or --daemon, not both")]
    TwoSubjects,
    /// `--timeout` is not a number of seconds above zero.
    #[error("not a number of seconds: {0:?}")]
    Timeout(String),
}

/// The table of options, from which the usage text is made.
pub(crate) fn table() -> Command {
    let flag = |id: &'static str, help: &'static str| Arg::new(id).long(id).action(ArgAction::SetTrue).help(help);
    let value =
        |id: &'static str, name: &'static str, help: &'static str| Arg::new(id).long(id).value_name(name).help(help);
    Command::new("listener-check")
        .about("Checks an event listener, or a supervisord, against the event listener protocol")
        .override_usage("listener-check [OPTIONS] -- COMMAND...\n       listener-check [OPTIONS] --daemon PATH")
        .after_help("Exit status: 0 all checks passed, 1 some failed, 2 nothing could be checked.")
        .disable_help_flag(true)
        .arg(value("daemon", "PATH", "Play listeners to this supervisord, instead of a daemon to COMMAND"))
        .arg(value("only", "NAME", "Make only this check; may be given several times"))
        .arg(value("timeout", "SECONDS", "Wait so long for one thing to happen [10]"))
        .arg(flag("json", "Print one JSON object a line instead of TAP"))
        .arg(flag("list", "List the checks of both kinds"))
        .arg(flag("help", "Show this text").short('h'))
        .arg(value("play", "DIR", "").hide(true))
}

/// Reads the words after the program's name.
///
/// # Errors
/// Options that getopt refuses, no subject or two, a timeout that is none.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Request, UsageError> {
    let parsed = getopt::parse(&table(), words)?;
    if parsed.contains("help") {
        return Ok(Request::Help);
    }
    if parsed.contains("list") {
        return Ok(Request::List);
    }
    if let Some(dir) = parsed.value("play") {
        return Ok(Request::Play(dir.into()));
    }
    let subject = match (parsed.value("daemon"), parsed.positionals.is_empty()) {
        (None, true) => return Err(UsageError::NoSubject),
        (Some(_), false) => return Err(UsageError::TwoSubjects),
        (Some(path), true) => Subject::Daemon(path.into()),
        (None, false) => Subject::Listener(parsed.positionals.clone()),
    };
    let patience = match parsed.value("timeout") {
        None => PATIENCE,
        Some(text) => seconds(text).ok_or_else(|| UsageError::Timeout(text.to_owned()))?,
    };
    let only = parsed.all("only").filter_map(|occurrence| occurrence.value.clone()).collect();
    let format = if parsed.contains("json") { Format::Json } else { Format::Tap };
    Ok(Request::Check(Options { subject, only, format, patience }))
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|patience| !patience.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Request, String> {
        parse(words.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    fn options(words: &[&str]) -> Options {
        match parsed(words) {
            Ok(Request::Check(options)) => options,
            other => panic!("{words:?} gave {other:?}"),
        }
    }

    #[test]
    fn a_command_keeps_its_own_options() {
        let given =
            options(&["--json", "--only", "ready", "--only=eof", "--timeout", "2.5", "--", "x", "--daemon", "y"]);
        assert_eq!(given.subject, Subject::Listener(vec!["x".into(), "--daemon".into(), "y".into()]));
        assert_eq!(given.only, ["ready", "eof"]);
        assert_eq!((given.format, given.patience), (Format::Json, Duration::from_millis(2500)));
        assert_eq!(options(&["x", "-h"]).subject, Subject::Listener(vec!["x".into(), "-h".into()]));
        assert_eq!(options(&["--daemon", "d"]).subject, Subject::Daemon("d".into()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (words, expected) in [
            (&[][..], "nothing to check: give a listener's command after --, or a daemon with --daemon"),
            (&["--daemon", "d", "x"], "give either a listener's command or --daemon, not both"),
            (&["--timeout", "0", "x"], "not a number of seconds: \"0\""),
            (&["--timeout", "-1", "x"], "not a number of seconds: \"-1\""),
            (&["--timeout", "soon", "x"], "not a number of seconds: \"soon\""),
            (&["--bogus", "x"], "option --bogus not recognized"),
        ] {
            assert_eq!(parsed(words), Err(expected.to_owned()), "{words:?}");
        }
        assert_eq!(parsed(&["--list", "--bogus"]), Err("option --bogus not recognized".to_owned()));
        assert_eq!(parsed(&["-h"]), Ok(Request::Help));
        assert_eq!(parsed(&["--list"]), Ok(Request::List));
    }
}
