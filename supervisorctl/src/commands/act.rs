//! Actions on processes: `start`, `stop`, `restart`, `signal` and `clear`.
//!
//! They all take names and do the same thing with them, so that thing is written once: `all` is one call,
//! a group is one call, a process is one call, and each result becomes a line and perhaps an exit code. What
//! differs is in [`Action`].

use supervisor_protocol::name::{Namespec, join};
use supervisor_protocol::rpc::TaskResult;
use supervisor_protocol::xmlrpc::{FaultCode, Value};

use super::status::is_named;
use crate::exit;
use crate::failure::Failure;
use crate::render;
use crate::session::{Session, list};

/// What is done to the processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action<'a> {
    Start,
    Stop,
    Signal(&'a str),
    Clear,
}

pub(super) fn start(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !session.is_up()? {
        return Ok(());
    }
    match names(argument) {
        Some(names) => act(session, Action::Start, &names),
        None => session.refuse(exit::INVALID_ARGUMENTS, "Error: start requires a process name", super::help::START),
    }
}

pub(super) fn stop(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !session.is_up()? {
        return Ok(());
    }
    match names(argument) {
        Some(names) => act(session, Action::Stop, &names),
        None => session.refuse(exit::GENERIC, "Error: stop requires a process name", super::help::STOP),
    }
}

/// Stops all the names, then starts them all; each half checks the daemon again.
pub(super) fn restart(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !session.is_up()? {
        return Ok(());
    }
    if names(argument).is_none() {
        return session.refuse(exit::GENERIC, "Error: restart requires a process name", super::help::RESTART);
    }
    stop(session, argument)?;
    start(session, argument)
}

pub(super) fn signal(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !session.is_up()? {
        return Ok(());
    }
    let words = argument.split_once(char::is_whitespace);
    match words.and_then(|(signal, rest)| Some((signal, names(rest)?))) {
        Some((signal, names)) => act(session, Action::Signal(signal), &names),
        None => {
            let complaint = "Error: signal requires a signal name and a process name";
            session.refuse(exit::GENERIC, complaint, super::help::SIGNAL)
        }
    }
}

pub(super) fn clear(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !session.is_up()? {
        return Ok(());
    }
    match names(argument) {
        Some(names) => act(session, Action::Clear, &names),
        None => session.refuse(exit::GENERIC, "Error: clear requires a process name", super::help::CLEAR),
    }
}

fn names(argument: &str) -> Option<Vec<&str>> {
    let names: Vec<&str> = argument.split_whitespace().collect();
    (!names.is_empty()).then_some(names)
}

fn act(session: &mut Session<'_>, action: Action<'_>, names: &[&str]) -> Result<(), Failure> {
    if names.contains(&"all") {
        let outcomes = session.call(action.method_for_all(), action.parameters(None))?;
        return show_all(session, action, &outcomes);
    }
    for name in names {
        match Namespec::parse(name) {
            Namespec::Group(group) => act_on_group(session, action, &group)?,
            Namespec::Process { group, process } => act_on_process(session, action, name, &group, &process)?,
        }
    }
    Ok(())
}

fn act_on_process(
    session: &mut Session<'_>,
    action: Action<'_>,
    name: &str,
    group: &str,
    process: &str,
) -> Result<(), Failure> {
    let outcome = match session.call(action.method_for_process(), action.parameters(Some(name))) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.into_fault()?),
    };
    show(session, action, &TaskResult::new(group, process, outcome))
}

fn act_on_group(session: &mut Session<'_>, action: Action<'_>, group: &str) -> Result<(), Failure> {
    let Some(method) = action.method_for_group() else {
        return act_on_members(session, action, group);
    };
    match session.call(method, action.parameters(Some(group))) {
        Ok(outcomes) => show_all(session, action, &outcomes),
        Err(error) if error.fault() == Some(FaultCode::BadName) => {
            no_such_group(session, action, group);
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Acts on each member of a group where the daemon has no method for groups.
fn act_on_members(session: &mut Session<'_>, action: Action<'_>, group: &str) -> Result<(), Failure> {
    let wanted = Namespec::Group(group.to_owned());
    let mut members = session.processes()?;
    members.retain(|row| is_named(row, &wanted));
    if members.is_empty() {
        no_such_group(session, action, group);
    }
    for member in members {
        act_on_process(session, action, &join(&member.group, &member.name), &member.group, &member.name)?;
    }
    Ok(())
}

fn no_such_group(session: &mut Session<'_>, action: Action<'_>, group: &str) {
    let code = if action == Action::Start { exit::INVALID_ARGUMENTS } else { exit::GENERIC };
    session.complain(code, render::complaint(group, "no such group"));
}

fn show_all(session: &mut Session<'_>, action: Action<'_>, outcomes: &Value) -> Result<(), Failure> {
    for outcome in list(outcomes, TaskResult::from_value)? {
        show(session, action, &outcome)?;
    }
    Ok(())
}

fn show(session: &mut Session<'_>, action: Action<'_>, outcome: &TaskResult) -> Result<(), Failure> {
    let status = FaultCode::from_code(outcome.status);
    let Some(line) = status.and_then(|status| action.line(status, outcome)) else {
        return Err(Failure::UnknownResult { code: outcome.status, name: join(&outcome.group, &outcome.name) });
    };
    session.out.line(line);
    if let Some(code) = status.and_then(|status| action.exit_code(status)) {
        session.exit_code = code;
    }
    Ok(())
}

impl Action<'_> {
    fn method_for_all(self) -> &'static str {
        match self {
            Action::Start => "supervisor.startAllProcesses",
            Action::Stop => "supervisor.stopAllProcesses",
            Action::Signal(_) => "supervisor.signalAllProcesses",
            Action::Clear => "supervisor.clearAllProcessLogs",
        }
    }

    fn method_for_group(self) -> Option<&'static str> {
        match self {
            Action::Start => Some("supervisor.startProcessGroup"),
            Action::Stop => Some("supervisor.stopProcessGroup"),
            Action::Signal(_) => Some("supervisor.signalProcessGroup"),
            Action::Clear => None,
        }
    }

    fn method_for_process(self) -> &'static str {
        match self {
            Action::Start => "supervisor.startProcess",
            Action::Stop => "supervisor.stopProcess",
            Action::Signal(_) => "supervisor.signalProcess",
            Action::Clear => "supervisor.clearProcessLogs",
        }
    }

    /// The name, if the call is about one, and the signal, if it is one.
    fn parameters(self, name: Option<&str>) -> Vec<Value> {
        let signal = match self {
            Action::Signal(signal) => Some(signal),
            Action::Start | Action::Stop | Action::Clear => None,
        };
        name.into_iter().chain(signal).map(Value::from).collect()
    }

    /// The line for a result; none if the result does not belong to the action.
    fn line(self, status: FaultCode, outcome: &TaskResult) -> Option<String> {
        use FaultCode::*;
        let name = join(&outcome.group, &outcome.name);
        if status == Success {
            return Some(format!("{name}: {}", self.done()));
        }
        let what = match (self, status) {
            (_, BadName) => "no such process",
            (Action::Start, NoFile) => "no such file",
            (Action::Start, NotExecutable) => "file is not executable",
            (Action::Start, AlreadyStarted) => "already started",
            (Action::Start, SpawnError) => "spawn error",
            (Action::Start, AbnormalTermination) => "abnormal termination",
            (Action::Stop | Action::Signal(_), BadSignal) => "bad signal name",
            (Action::Stop | Action::Signal(_), NotRunning) => "not running",
            (Action::Stop | Action::Signal(_), Failed) => return Some(outcome.description.clone()),
            (Action::Clear, Failed) => "failed",
            _ => return None,
        };
        Some(render::complaint(&name, what))
    }

    fn done(self) -> &'static str {
        match self {
            Action::Start => "started",
            Action::Stop => "stopped",
            Action::Signal(_) => "signalled",
            Action::Clear => "cleared",
        }
    }

    /// The exit code that a result sets, if any: to find the wish fulfilled already is fine.
    fn exit_code(self, status: FaultCode) -> Option<u8> {
        use FaultCode::*;
        match (self, status) {
            (_, Success) | (Action::Start, AlreadyStarted) | (Action::Stop, NotRunning) => None,
            (_, SpawnError | AbnormalTermination | NotRunning) => Some(exit::NOT_RUNNING),
            _ => Some(exit::GENERIC),
        }
    }
}
