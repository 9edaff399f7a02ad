//! memmon: a listener that restarts processes which use too much memory, after superlance.
//!
//! On each tick it asks the daemon for all processes, `/proc` for their memory (`rss.rs`), the command
//! line's limits for a verdict (`policy.rs`), and the daemon for restarts. Unlike the original it survives
//! every refusal, never restarts itself, and does not forget a program it stopped: one that could not be
//! started again is tried at each tick until it runs or is gone.

mod options;
mod policy;
mod rss;

use std::collections::BTreeSet;
use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use supervisor_protocol::rpc::ProcessInfo;
use supervisor_protocol::xmlrpc::FaultCode;
use supervisor_sdk::rpc::{Client, EnvError};
use supervisor_sdk::{Delivery, localtime, mail};

use options::{Options, Request};
use policy::Message;

/// Exit status of a command line that cannot be used.
const EXIT_USAGE: u8 = 255;

fn main() -> ExitCode {
    let options = match options::parse(env::args_os().skip(1)) {
        Request::Run(options) => options,
        Request::Help => return usage(None, ExitCode::SUCCESS),
        Request::Usage(line) => return usage(line, EXIT_USAGE.into()),
    };
    let client = match Client::from_env() {
        Ok(client) => client,
        Err(EnvError::NoServerUrl) => {
            log("memmon must be run as a supervisor event listener\n");
            return ExitCode::FAILURE;
        }
        Err(error) => {
            log(&format!("memmon: {error}\n"));
            return ExitCode::FAILURE;
        }
    };
    let mut memmon = Memmon { options, client, owed: BTreeSet::new() };
    let outcome = supervisor_sdk::run(|delivery: &Delivery| {
        if delivery.is_tick() {
            memmon.tick();
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(&format!("memmon: {error}: {}\n", error.source().map(ToString::to_string).unwrap_or_default()));
            ExitCode::FAILURE
        }
    }
}

fn usage(line: Option<String>, code: ExitCode) -> ExitCode {
    let line = line.map(|line| line + "\n").unwrap_or_default();
    // Nobody is there to read it if this fails.
    let _ = write!(io::stdout(), "{line}{}", options::table().render_help());
    code
}

/// Writes to standard error, which the daemon keeps as the listener's log.
fn log(text: &str) {
    // A log that cannot be written has no other place to be reported.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// The listener.
struct Memmon {
    options: Options,
    client: Client,
    /// Full names of processes that were stopped here and could not be started.
    owed: BTreeSet<String>,
}

impl Memmon {
    fn tick(&mut self) {
        log(&self.options.limits.status());
        self.pay_back();
        let processes = match self.client.get_all_process_info() {
            Ok(processes) => processes,
            Err(error) => return log(&format!("Exception retrieving process info {error}, not acting\n")),
        };
        let snapshot = match self.options.cumulative.then(rss::snapshot).transpose() {
            Ok(snapshot) => snapshot,
            Err(error) => return log(&format!("Cannot list processes: {error}, not acting\n")),
        };
        for process in processes.iter().filter(|process| process.pid != 0 && !is_self(process)) {
            let rss = match &snapshot {
                Some(snapshot) => rss::of_tree(process.pid, snapshot),
                None => rss::of_process(process.pid),
            };
            let Some(rss) = rss else { continue };
            let verdict = self.options.limits.check(&process.group, &process.name, rss);
            log(&verdict.lines);
            if verdict.exceeds {
                self.restart(process, rss);
            }
        }
    }

    fn restart(&mut self, process: &ProcessInfo, rss: i64) {
        let name = policy::full_name(&process.group, &process.name);
        // Restarts of other processes may have taken a while since the list was made.
        let info = self.client.get_process_info(&name).unwrap_or_else(|_| process.clone());
        log(&format!("Restarting {name}\n"));
        if let Err(error) = self.client.ensure_stopped(&name) {
            self.report(&policy::stop_failed(&name, rss, &error));
            if error.is_connection_lost() {
                // It may have been stopped all the same.
                self.owed.insert(name);
            }
            return;
        }
        if let Err(error) = self.client.ensure_started(&name) {
            self.report(&policy::start_failed(&name, &error));
            self.owed.insert(name);
            return;
        }
        if policy::is_worth_a_mail(info.now - info.start, self.options.uptime_limit) {
            let when = localtime::asctime_with_zone(localtime::now());
            self.mail(&policy::restarted(&name, &when, rss));
        }
    }

    /// Starts what an earlier tick left stopped.
    fn pay_back(&mut self) {
        for name in std::mem::take(&mut self.owed) {
            match self.client.ensure_started(&name) {
                Ok(()) => log(&format!("Started {name}\n")),
                // Someone else started it, or removed it.
                Err(error) if matches!(error.fault(), Some(FaultCode::AlreadyStarted | FaultCode::BadName)) => {}
                Err(error) => {
                    log(&(policy::start_failed(&name, &error).text + "\n"));
                    self.owed.insert(name);
                }
            }
        }
    }

    fn report(&self, message: &Message) {
        log(&format!("{}\n", message.text));
        self.mail(message);
    }

    fn mail(&self, message: &Message) {
        let Some(address) = &self.options.email else { return };
        let subject = policy::subject(self.options.name.as_deref(), &message.subject);
        let text = mail::text(address, &subject, &message.text);
        if let Err(error) = mail::send(&self.options.sendmail, &text, mail::TIMEOUT) {
            log(&format!("{error}\n"));
        }
    }
}

/// Whether a process is this listener.
fn is_self(process: &ProcessInfo) -> bool {
    let is = |key, value: &str| env::var_os(key).is_some_and(|own| own == value);
    is("SUPERVISOR_GROUP_NAME", &process.group) && is("SUPERVISOR_PROCESS_NAME", &process.name)
}
