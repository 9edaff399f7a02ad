//! crashmail: a listener that sends mail when a process exits unexpectedly, after superlance.
//!
//! `message.rs` decides and words, this file carries out. It needs nothing of the daemon but its events.

mod message;
mod options;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use supervisor_sdk::smtp::{self, Login, Server};
use supervisor_sdk::{Delivery, localtime, mail};

use message::Crash;
use options::{Options, Relay, Request};

/// Exit status of a command line that cannot be used.
const EXIT_USAGE: u8 = 255;

fn main() -> ExitCode {
    let options = match options::parse(env::args_os().skip(1)) {
        Request::Run(options) => *options,
        Request::Help => return usage(ExitCode::SUCCESS),
        Request::Usage => return usage(EXIT_USAGE.into()),
    };
    if env::var_os("SUPERVISOR_SERVER_URL").is_none() {
        log("crashmail must be run as a supervisor event listener\n");
        return ExitCode::SUCCESS;
    }
    let outcome = supervisor_sdk::run(|delivery: &Delivery| match &delivery.event {
        Ok(event) => {
            if let Some(crash) = message::crash(&options, event) {
                report(&options, &crash);
            }
        }
        Err(error) if delivery.name() == "PROCESS_STATE_EXITED" => log(&format!("crashmail: {error}\n")),
        Err(_) => {}
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(&format!("crashmail: {error}: {}\n", error.source().map(ToString::to_string).unwrap_or_default()));
            ExitCode::FAILURE
        }
    }
}

fn report(options: &Options, crash: &Crash) {
    if options.email.is_none() && options.sendmail.is_none() {
        return log(&format!("unexpected exit, not mailing\n{}\n", crash.body()));
    }
    log("unexpected exit, mailing\n");
    let subject = crash.subject(options, &localtime::log_format(localtime::now()));
    let text = crash.mail(options, &subject);
    let outcome = match &options.relay {
        Some(relay) => smtp::send(&server(relay), &crash.message(options, relay, &subject), smtp::TIMEOUT)
            .map_err(|error| format!("Error sending email: {error}")),
        None => mail::send(options.sendmail.as_deref().unwrap_or(mail::SENDMAIL), &text, mail::TIMEOUT)
            .map(drop)
            .map_err(|error| error.to_string()),
    };
    match outcome {
        Ok(()) => log(&format!("Mailed:\n\n{text}")),
        Err(error) => log(&format!("{error}\n")),
    }
}

/// The server with its login, whose password the environment has.
fn server(relay: &Relay) -> Server {
    let password = env::var("SMTP_PASSWORD").unwrap_or_default();
    let login = relay.user.clone().map(|user| Login { user, password });
    Server { login, ..relay.server.clone() }
}

fn usage(code: ExitCode) -> ExitCode {
    // Nobody is there to read it if this fails.
    let _ = write!(io::stdout(), "{}", options::table().render_help());
    code
}

/// Writes to standard error, which the daemon keeps as the listener's log.
fn log(text: &str) {
    // A log that cannot be written has no other place to be reported.
    let _ = io::stderr().write_all(text.as_bytes());
}
