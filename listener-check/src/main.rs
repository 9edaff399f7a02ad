//! listener-check: the event listener protocol, checked from either side.
//!
//! `listener-check -- COMMAND...` is a daemon to a listener in any language; `listener-check --daemon PATH` is a set
//! of listeners, good and bad, to any supervisord. Both print TAP, or JSON lines, with a reason for each failure
//! that its author can act on.
//!
//! The checks are tables of plain data, and so are the judgements over what was seen; processes, pipes and files
//! are kept apart from both. What the kit refuses to know: what a listener does with an event, and anything of a
//! daemon that is not visible to listeners, clients or readers of its log.

mod check;
mod clock;
mod daemon;
mod json;
mod listener;
mod options;
mod report;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use check::{Check, Verdict};
use options::{Options, Request, Subject};
use report::Report;

/// Exit status when some check failed.
const EXIT_FAILED: u8 = 1;

/// Exit status of a command line that makes no sense, and when nothing could be checked.
const EXIT_UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    match options::parse(env::args_os().skip(1)) {
        Ok(Request::Help) => print(&options::table().render_help().to_string()),
        Ok(Request::List) => print(&list()),
        Ok(Request::Play(dir)) => match daemon::actor::run(&dir) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => unusable(&error.to_string()),
        },
        Ok(Request::Check(options)) => match check(&options) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => EXIT_FAILED.into(),
            Err(reason) => unusable(&reason),
        },
        Err(error) => unusable(&format!("{error}\nFor help, use listener-check --help")),
    }
}

/// Makes the checks; whether all passed.
fn check(options: &Options) -> Result<bool, String> {
    let all = match &options.subject {
        Subject::Listener(_) => listener::checks(),
        Subject::Daemon(_) => daemon::checks(),
    };
    if let Some(name) = options.only.iter().find(|name| all.iter().all(|check| check.name != **name)) {
        return Err(format!("no such check: {name} (--list names them)"));
    }
    let wanted = |check: &Check| options.only.is_empty() || options.only.contains(&check.name);
    let mut report = Report::new(options.format);
    let write = |text: String| {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    let fail = |error: io::Error| error.to_string();
    write(report.start(all.iter().filter(|check| wanted(check)).count())).map_err(fail)?;
    let tell = |check: &Check, verdict: &Verdict| write(report.finding(check, verdict));
    let outcome = match &options.subject {
        Subject::Listener(command) => listener::run(command, options.patience, wanted, tell)
            .map_err(|error| format!("cannot check {}: {error}", command.join(" "))),
        Subject::Daemon(path) => daemon::run(path, options.patience, wanted, tell)
            .map_err(|error| format!("cannot check {}: {error}", path.display())),
    };
    if let Err(reason) = outcome {
        write(report.bail_out(&reason)).map_err(fail)?;
        return Err(reason);
    }
    write(report.end()).map_err(fail)?;
    Ok(report.is_clean())
}

/// The names of all checks and what they prove.
fn list() -> String {
    let mut text = String::new();
    for (title, checks) in [("of a listener", listener::checks()), ("of a daemon", daemon::checks())] {
        text += &format!("Checks {title}:\n");
        for Check { name, proves, contract } in checks {
            text += &format!("  {name:<28} {proves} ({})\n", contract.join(", "));
        }
    }
    text
}

fn print(text: &str) -> ExitCode {
    // A reader that has left needs no more.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn unusable(reason: &str) -> ExitCode {
    // Nobody is there to read it if this fails.
    let _ = writeln!(io::stderr(), "listener-check: {reason}");
    EXIT_UNUSABLE.into()
}
