//! Which groups are configured and active: `avail`, `reread`, `add`, `remove` and `update`.
//!
//! A reread only tells what an edited configuration would change; `add` and `remove` carry it out for one
//! group, and `update` for all that differ.

use supervisor_protocol::rpc::{ConfigInfo, RereadResult, TaskResult};
use supervisor_protocol::xmlrpc::{FaultCode, Value};

use crate::daemon::CallError;
use crate::exit;
use crate::failure::Failure;
use crate::render;
use crate::session::{Session, list};

/// `avail`: every configured process, active or not.
pub(super) fn avail(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !argument.is_empty() {
        return session.refuse(exit::GENERIC, "Error: avail accepts no arguments", super::help::AVAIL);
    }
    match session.call("supervisor.getAllConfigInfo", []) {
        Ok(configs) => {
            let table = render::avail_table(&list(&configs, ConfigInfo::from_value)?);
            session.out.text(&table);
        }
        Err(error) if error.fault() == Some(FaultCode::ShutdownState) => {
            session.complain(exit::GENERIC, "ERROR: supervisor shutting down");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// `reread`: what differs between the configuration files and the active groups.
pub(super) fn reread(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !argument.is_empty() {
        return session.refuse(exit::GENERIC, "Error: reread accepts no arguments", super::help::REREAD);
    }
    match session.call("supervisor.reloadConfig", []) {
        Ok(reply) => {
            let text = render::changes(&RereadResult::from_value(&reply)?);
            session.out.text(&text);
        }
        Err(error) => match (error.fault(), error) {
            (Some(FaultCode::ShutdownState), _) => {
                session.complain(exit::GENERIC, "ERROR: supervisor shutting down");
            }
            (Some(FaultCode::CantReread), error) => {
                let fault = error.into_fault()?;
                session.complain(exit::GENERIC, format_args!("ERROR: {}", fault.string));
            }
            (_, error) => return Err(error.into()),
        },
    }
    Ok(())
}

/// `add group…`: activates groups that a reread found. An active one fulfils the wish.
pub(super) fn add(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    for name in argument.split_whitespace() {
        let Err(error) = session.call("supervisor.addProcessGroup", [name.into()]) else {
            session.out.line(format_args!("{name}: added process group"));
            continue;
        };
        match error.fault() {
            Some(FaultCode::ShutdownState) => session.complain(exit::GENERIC, "ERROR: shutting down"),
            Some(FaultCode::AlreadyAdded) => session.out.line("ERROR: process group already active"),
            Some(FaultCode::BadName) => no_such_group(session, name),
            _ => return Err(error.into()),
        }
    }
    Ok(())
}

/// `remove group…`: deactivates groups that are stopped.
pub(super) fn remove(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    for name in argument.split_whitespace() {
        let Err(error) = session.call("supervisor.removeProcessGroup", [name.into()]) else {
            session.out.line(format_args!("{name}: removed process group"));
            continue;
        };
        match error.fault() {
            Some(FaultCode::StillRunning) => {
                session.complain(exit::GENERIC, format_args!("ERROR: process/group still running: {name}"));
            }
            Some(FaultCode::BadName) => no_such_group(session, name),
            _ => return Err(error.into()),
        }
    }
    Ok(())
}

fn no_such_group(session: &mut Session<'_>, name: &str) {
    session.complain(exit::GENERIC, format_args!("ERROR: no such process/group: {name}"));
}

/// `update [group…]`: rereads, then removes, replaces and adds the groups that differ, in this order.
///
/// A group with a process that is still stopping cannot be removed. That is told, and the others are
/// updated nevertheless.
pub(super) fn update(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    let changes = match session.call("supervisor.reloadConfig", []) {
        Ok(reply) => RereadResult::from_value(&reply)?,
        Err(error) if error.fault() == Some(FaultCode::ShutdownState) => {
            session.complain(exit::GENERIC, "ERROR: already shutting down");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let mut wanted: Vec<&str> = argument.split_whitespace().collect();
    if wanted.contains(&"all") {
        wanted.clear();
    }
    if !wanted.is_empty() {
        report_unknown(session, &wanted, &changes.added)?;
    }
    let is_wanted = |group: &&String| wanted.is_empty() || wanted.contains(&group.as_str());
    for group in changes.removed.iter().filter(is_wanted) {
        let result = drop_group(session, group);
        going_on(session, result)?;
    }
    for group in changes.changed.iter().filter(is_wanted) {
        let result = replace_group(session, group);
        going_on(session, result)?;
    }
    for group in changes.added.iter().filter(is_wanted) {
        change_group(session, "supervisor.addProcessGroup", group)?;
        session.out.line(format_args!("{group}: added process group"));
    }
    Ok(())
}

/// Complains about names that are neither active nor about to be added.
fn report_unknown(session: &mut Session<'_>, wanted: &[&str], added: &[String]) -> Result<(), Failure> {
    let active = session.processes()?;
    for (index, group) in wanted.iter().enumerate() {
        let is_known = active.iter().any(|row| row.group == *group) || added.iter().any(|name| name == group);
        let is_repeated = wanted.iter().take(index).any(|earlier| earlier == group);
        if !is_known && !is_repeated {
            session.complain(exit::GENERIC, format_args!("ERROR: no such group: {group}"));
        }
    }
    Ok(())
}

fn drop_group(session: &mut Session<'_>, group: &str) -> Result<(), Failure> {
    let stopped = change_group(session, "supervisor.stopProcessGroup", group)?;
    session.out.line(format_args!("{group}: stopped"));
    let failed = FaultCode::Failed.code();
    if list(&stopped, TaskResult::from_value)?.iter().any(|outcome| outcome.status == failed) {
        session.complain(exit::GENERIC, format_args!("{group}: has problems; not removing"));
        return Ok(());
    }
    change_group(session, "supervisor.removeProcessGroup", group)?;
    session.out.line(format_args!("{group}: removed process group"));
    Ok(())
}

fn replace_group(session: &mut Session<'_>, group: &str) -> Result<(), Failure> {
    change_group(session, "supervisor.stopProcessGroup", group)?;
    session.out.line(format_args!("{group}: stopped"));
    change_group(session, "supervisor.removeProcessGroup", group)?;
    change_group(session, "supervisor.addProcessGroup", group)?;
    session.out.line(format_args!("{group}: updated process group"));
    Ok(())
}

fn change_group(session: &mut Session<'_>, method: &str, group: &str) -> Result<Value, CallError> {
    session.call(method, [group.into()])
}

/// Turns the one failure that concerns a single group into a line.
fn going_on(session: &mut Session<'_>, result: Result<(), Failure>) -> Result<(), Failure> {
    match result {
        Err(Failure::Call(error)) if error.fault() == Some(FaultCode::StillRunning) => {
            session.complain(exit::GENERIC, Failure::Call(error));
            Ok(())
        }
        other => other,
    }
}
