//! crashmailbatch, fatalmailbatch and crashsms: listeners that collect messages and mail them together.
//!
//! The three are one program with three texts; each binary is a call of [`run`]. They take what happened
//! from PROCESS_STATE events and the time from a tick event, and send what has been collected by SMTP at the
//! end of each interval. `optparse.rs` and `options.rs` read the command line, `batch.rs` collects and words,
//! this file talks to the world.
//!
//! What is sent or could not be sent is gone: nothing is kept for a second attempt, nor over the end of the
//! process, as in superlance (`ev_s18`, `ev_s19`). A server that does not answer is left after a minute, so
//! that it never keeps the listener from its next event for longer.

mod batch;
mod options;
mod optparse;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use supervisor_sdk::{Delivery, localtime, smtp};

use batch::Batch;
pub use batch::Flavour;
use options::{Options, Request};

/// Exit status of a command line with a wrong option or value.
const EXIT_BAD_OPTION: u8 = 2;

/// Runs one of the listeners until the daemon is gone; its exit status.
pub fn run(flavour: Flavour) -> ExitCode {
    let name = flavour.name();
    let options = match options::parse(flavour, env::args_os().skip(1)) {
        Request::Run(options) => options,
        Request::Help => return help(flavour, ExitCode::SUCCESS),
        Request::Incomplete => return help(flavour, ExitCode::FAILURE),
        Request::Bad(error) => {
            log(&format!("Usage: {name} [options]\n\n{name}: error: {error}\n"));
            return EXIT_BAD_OPTION.into();
        }
    };
    if env::var_os("SUPERVISOR_SERVER_URL").is_none() {
        log("Must run as a supervisor event listener\n");
        return ExitCode::FAILURE;
    }
    let mut batch = match Batch::new(flavour, &options.tick_event, options.interval) {
        Ok(batch) => batch,
        Err(error) => return fail(name, &error.to_string()),
    };
    let outcome = supervisor_sdk::run(|delivery: &Delivery| take(&mut batch, &options, delivery));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(name, &format!("{error}: {}", error.source().map(ToString::to_string).unwrap_or_default())),
    }
}

fn take(batch: &mut Batch, options: &Options, delivery: &Delivery) {
    if let Ok(event) = &delivery.event
        && let Some(message) = batch.collect(event, &localtime::log_format(localtime::now()))
    {
        log(&format!("{message}\n"));
    }
    if let Some(body) = batch.tick(delivery.name()) {
        let outcome = options.server().and_then(|server| smtp::send(&server, &options.message(&body), smtp::TIMEOUT));
        if let Err(error) = outcome {
            log(&format!("Error sending email: {error}\n"));
        }
        log(&options.digest(&body));
    }
}

fn help(flavour: Flavour, code: ExitCode) -> ExitCode {
    // Nobody is there to read it if this fails.
    let _ = io::stdout().write_all(options::help(flavour).as_bytes());
    code
}

fn fail(name: &str, text: &str) -> ExitCode {
    log(&format!("{name}: {text}\n"));
    ExitCode::FAILURE
}

/// Writes to standard error, which the daemon keeps as the listener's log.
fn log(text: &str) {
    // A log that cannot be written has no other place to be reported.
    let _ = io::stderr().write_all(text.as_bytes());
}
