//! httpok: a listener that restarts processes when a URL does not answer as it should, after superlance.
//!
//! On each tick it gets the URL (`http.rs`, with `tls.rs` for https), judges the answer and plans what to do (`policy.rs`), and has the
//! daemon do it. Unlike the original it survives every refusal, never restarts itself, checks bodies, and
//! does not forget a program it stopped: one whose start was lost with the connection is started as soon as
//! the daemon can be reached, on this tick or a later one.

mod http;
mod options;
mod policy;
mod tls;

use std::collections::BTreeSet;
use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::{Command, ExitCode, Stdio};

use supervisor_protocol::rpc::ProcessInfo;
use supervisor_protocol::xmlrpc::FaultCode;
use supervisor_sdk::rpc::{Client, EnvError};
use supervisor_sdk::{Delivery, mail};

use http::Target;
use options::{Options, Request};
use policy::{Complaint, Own, Step};
use tls::Tls;

/// Exit status of a command line that cannot be used.
const EXIT_USAGE: u8 = 255;

fn main() -> ExitCode {
    let options = match options::parse(env::args_os().skip(1)) {
        Request::Run(options) => *options,
        Request::Help => return usage(ExitCode::SUCCESS),
        Request::Usage => return usage(EXIT_USAGE.into()),
        Request::BadNumber(line) => return fail(&line),
    };
    let client = match Client::from_env() {
        Ok(client) => client,
        Err(EnvError::NoServerUrl) => {
            log("httpok must be run as a supervisor event listener\n");
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&error.to_string()),
    };
    let target = match Target::parse(&options.url) {
        Ok(target) => target,
        Err(error) => return fail(&error.to_string()),
    };
    let tls = match target.is_encrypted().then(|| Tls::new(options.verify)).transpose() {
        Ok(tls) => tls,
        Err(error) => return fail(&error.to_string()),
    };
    let own = Own { group: env::var("SUPERVISOR_GROUP_NAME").ok(), name: env::var("SUPERVISOR_PROCESS_NAME").ok() };
    let mut httpok = Httpok { options, target, tls, own, client, owed: BTreeSet::new() };
    let outcome = supervisor_sdk::run(|delivery: &Delivery| {
        if delivery.is_tick() {
            httpok.tick();
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error}: {}", error.source().map(ToString::to_string).unwrap_or_default())),
    }
}

fn usage(code: ExitCode) -> ExitCode {
    // Nobody is there to read it if this fails.
    let _ = write!(io::stdout(), "{}", options::table().render_help());
    code
}

fn fail(line: &str) -> ExitCode {
    log(&format!("httpok: {line}\n"));
    ExitCode::FAILURE
}

/// Writes to standard error, which the daemon keeps as the listener's log.
fn log(text: &str) {
    // A log that cannot be written has no other place to be reported.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// The listener.
struct Httpok {
    options: Options,
    target: Target,
    /// For an https target.
    tls: Option<Tls>,
    own: Own,
    client: Client,
    /// Processes that may have been stopped here and could not be started for want of a connection.
    owed: BTreeSet<String>,
}

impl Httpok {
    fn tick(&mut self) {
        self.pay_back();
        // An eager check needs no list, and so works while the daemon refuses to give one.
        let processes = if self.options.eager { Ok(Vec::new()) } else { self.client.get_all_process_info() };
        match processes {
            Ok(processes) if !policy::is_due(&self.options, &self.own, &processes) => return,
            Ok(_) => {}
            Err(error) => return log(&format!("{}\n", policy::no_processes(&error))),
        }
        let answer = http::get(&self.target, self.options.timeout, self.tls.as_ref());
        if let Some(complaint) = policy::complaint(&self.options, &answer) {
            self.act(&complaint);
        }
    }

    fn act(&mut self, complaint: &Complaint) {
        let mut report = Report { lines: vec![complaint.message.clone()] };
        let processes = match self.client.get_all_process_info() {
            Ok(processes) => processes,
            Err(error) => return report.say(policy::no_processes(&error)),
        };
        for step in policy::plan(&self.options, &self.own, &processes) {
            match step {
                Step::Say(line) => report.say(line),
                Step::Restart(process) => self.restart(process, &mut report),
            }
        }
        let Some(address) = &self.options.email else { return };
        let text = mail::text(address, &complaint.subject, &report.lines.join("\n"));
        if let Err(error) = mail::send(&self.options.sendmail, &text, mail::TIMEOUT) {
            return log(&format!("{error}\n"));
        }
        log(&format!("Mailed:\n\n{text}"));
    }

    fn restart(&mut self, process: &ProcessInfo, report: &mut Report) {
        let name = policy::namespec(process);
        if let Some(command) = policy::core_command(&self.options, process) {
            report.say(policy::core_output(&name, &output_of(&command)));
        }
        report.say(policy::restarting(&name));
        if let Err(error) = self.client.ensure_stopped(&name) {
            report.say(policy::stop_failed(&name, &error));
        }
        match self.client.ensure_started(&name) {
            Ok(()) => report.say(policy::restarted(&name)),
            Err(error) => {
                report.say(policy::start_failed(&name, &error));
                if error.is_connection_lost() {
                    self.owed.insert(name);
                }
            }
        }
    }

    /// Starts what an earlier tick may have left stopped.
    fn pay_back(&mut self) {
        for name in std::mem::take(&mut self.owed) {
            match self.client.ensure_started(&name) {
                Ok(()) => log(&format!("{}\n", policy::restarted(&name))),
                // Someone else started it.
                Err(error) if error.fault() == Some(FaultCode::AlreadyStarted) => {}
                Err(error) => {
                    log(&format!("{}\n", policy::start_failed(&name, &error)));
                    if error.is_connection_lost() {
                        self.owed.insert(name);
                    }
                }
            }
        }
    }
}

/// The lines of one action: logged as they come, mailed together.
struct Report {
    lines: Vec<String>,
}

impl Report {
    fn say(&mut self, line: String) {
        log(&format!("{line}\n"));
        self.lines.push(line);
    }
}

/// What a shell line prints; its standard error is this program's.
fn output_of(command: &str) -> String {
    let output = Command::new("/bin/sh").args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    match output {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => format!("{error}"),
    }
}
