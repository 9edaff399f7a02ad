//! Whether an answer is good, which processes an action concerns, and every text.
//!
//! Pure. The texts are superlance's (contract ids `ev_s11` to `ev_s14`).

use std::fmt::Display;

use supervisor_protocol::name::join;
use supervisor_protocol::repr::list_repr;
use supervisor_protocol::rpc::ProcessInfo;
use supervisor_protocol::state::ProcessState;

use crate::http::Answer;
use crate::options::Options;

/// Why something must be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// Subject of the mail, complete.
    pub(crate) subject: String,
    /// The first paragraph of the mail.
    pub(crate) message: String,
}

/// What is wrong with an answer, or with its absence; `None` if all is well.
pub(crate) fn complaint(options: &Options, answer: &Result<Answer, String>) -> Option<Complaint> {
    let url = &options.url;
    let (message, problem) = match answer {
        Err(reason) => (format!("error contacting {url}:\n\n {reason}"), "bad status returned"),
        Ok(answer) => {
            let message = format!("status contacting {url}: {} {}", answer.status, answer.reason);
            if !options.statuses.contains(&answer.status.into()) {
                (message, "bad status returned")
            } else if !contains(&answer.body, options.in_body.as_bytes()) {
                (message, "bad body returned")
            } else {
                return None;
            }
        }
    };
    let subject = match &options.name {
        None => format!("httpok: {url}: {problem}"),
        Some(tag) => format!("httpok [{tag}]: {url}: {problem}"),
    };
    Some(Complaint { subject, message })
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

/// The listener's own process, as the daemon calls it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Own {
    /// Group, if the environment tells.
    pub(crate) group: Option<String>,
    /// Name, if the environment tells.
    pub(crate) name: Option<String>,
}

impl Own {
    fn is(&self, process: &ProcessInfo) -> bool {
        self.group.as_deref() == Some(&process.group) && self.name.as_deref() == Some(&process.name)
    }
}

/// The process's name in messages and calls: `name`, or `group:name` if they differ.
pub(crate) fn namespec(process: &ProcessInfo) -> String {
    join(&process.group, &process.name)
}

fn is_named(options: &Options, process: &ProcessInfo) -> bool {
    let namespec = namespec(process);
    options.programs.iter().any(|program| *program == process.name || *program == namespec)
}

/// Whether the URL is to be checked now: always, or if a process that could be restarted is RUNNING.
pub(crate) fn is_due(options: &Options, own: &Own, processes: &[ProcessInfo]) -> bool {
    options.eager
        || processes.iter().any(|process| {
            process.state == ProcessState::Running && (options.any || is_named(options, process)) && !own.is(process)
        })
}

/// One step of an action.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// Say this.
    Say(String),
    /// Restart this process.
    Restart(&'a ProcessInfo),
}

/// What an action consists of, given the processes in the daemon's order.
pub(crate) fn plan<'a>(options: &Options, own: &Own, processes: &'a [ProcessInfo]) -> Vec<Step<'a>> {
    let mut steps = vec![Step::Say(if options.any {
        "Restarting all running processes".to_owned()
    } else {
        format!("Restarting selected processes {}", list_repr(&options.programs))
    })];
    let mut missing = options.programs.clone();
    for process in processes.iter().filter(|process| options.any || is_named(options, process)) {
        let namespec = namespec(process);
        if !own.is(process) {
            steps.push(match process.state {
                ProcessState::Running => Step::Restart(process),
                _ => Step::Say(format!("{namespec} not in RUNNING state, NOT restarting")),
            });
        } else if is_named(options, process) {
            steps.push(Step::Say(format!("{namespec} is this listener, NOT restarting")));
        }
        // One mention is met by one process; a name given twice stays here once, as in the original.
        for met in [&process.name, &namespec] {
            if let Some(at) = missing.iter().position(|program| program == met) {
                missing.remove(at);
            }
        }
    }
    if !missing.is_empty() {
        steps.push(Step::Say(format!("Programs not restarted because they did not exist: {}", list_repr(&missing))));
    }
    steps
}

/// The shell line that dumps core, if a directory is given: `CMD "DIR/NAME" PID`.
pub(crate) fn core_command(options: &Options, process: &ProcessInfo) -> Option<String> {
    let directory = options.core_dir.as_deref().filter(|directory| !directory.is_empty())?;
    if options.gcore.is_empty() {
        return None;
    }
    let slash = if directory.ends_with('/') { "" } else { "/" };
    Some(format!("{} \"{directory}{slash}{}\" {}", options.gcore, namespec(process), process.pid))
}

/// What the core dump command printed.
pub(crate) fn core_output(name: &str, output: &str) -> String {
    format!("gcore output for {name}:\n\n {output}")
}

/// About to restart.
pub(crate) fn restarting(name: &str) -> String {
    format!("{name} is in RUNNING state, restarting")
}

/// Started again.
pub(crate) fn restarted(name: &str) -> String {
    format!("{name} restarted")
}

/// Could not be stopped.
pub(crate) fn stop_failed(name: &str, error: &impl Display) -> String {
    format!("Failed to stop process {name}: {error}")
}

/// Could not be started.
pub(crate) fn start_failed(name: &str, error: &impl Display) -> String {
    format!("Failed to start process {name}: {error}")
}

/// The daemon does not say which processes there are.
pub(crate) fn no_processes(error: &impl Display) -> String {
    format!("Exception retrieving process info {error}, not acting")
}

#[cfg(test)]
mod tests;
