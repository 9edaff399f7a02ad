//! Questions about processes: `status` and `pid`.

use supervisor_protocol::name::Namespec;
use supervisor_protocol::rpc::ProcessInfo;
use supervisor_protocol::xmlrpc::FaultCode;

use crate::exit;
use crate::failure::Failure;
use crate::render;
use crate::session::{Session, list};

/// `status [name…]`: a table of the processes asked for, all of them by default.
pub(super) fn status(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !session.is_up()? {
        session.exit_code = exit::STATUS_UNKNOWN;
        return Ok(());
    }
    let all = session.processes()?;
    let names: Vec<&str> = argument.split_whitespace().collect();
    let mut shown: Vec<&ProcessInfo> = Vec::new();
    if names.is_empty() || names.contains(&"all") {
        shown.extend(&all);
    } else {
        for name in names {
            let wanted = Namespec::parse(name);
            let before = shown.len();
            shown.extend(all.iter().filter(|row| is_named(row, &wanted)));
            if shown.len() == before {
                session.complain(
                    exit::STATUS_UNKNOWN,
                    match &wanted {
                        Namespec::Group(group) => render::complaint(group, "no such group"),
                        Namespec::Process { .. } => render::complaint(name, "no such process"),
                    },
                );
            }
        }
    }
    session.out.text(&render::status_table(&shown));
    if shown.iter().any(|row| row.state.is_stopped()) {
        session.exit_code = exit::STATUS_STOPPED;
    }
    Ok(())
}

/// `pid [name…]`: the daemon's process id, or that of each process, one per line.
pub(super) fn pid(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !session.is_up()? {
        return Ok(());
    }
    let names: Vec<&str> = argument.split_whitespace().collect();
    if names.is_empty() {
        let pid = session.call("supervisor.getPID", [])?;
        session.out.line(pid);
    } else if names.contains(&"all") {
        for row in session.processes()? {
            session.out.line(row.pid);
        }
    } else {
        for name in names {
            match session.call("supervisor.getProcessInfo", [name.into()]) {
                Ok(info) => {
                    let pid = ProcessInfo::from_value(&info)?.pid;
                    session.out.line(pid);
                    if pid == 0 {
                        session.exit_code = exit::NOT_RUNNING;
                    }
                }
                Err(error) if error.fault() == Some(FaultCode::BadName) => {
                    session.complain(exit::GENERIC, format_args!("No such process {name}"));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// The processes that a name means, in the order of the status table.
pub(super) fn is_named(row: &ProcessInfo, wanted: &Namespec) -> bool {
    match wanted {
        Namespec::Group(group) => row.group == *group,
        Namespec::Process { group, process } => row.group == *group && row.name == *process,
    }
}

impl Session<'_> {
    /// Every process, in the order of the status table.
    ///
    /// # Errors
    /// The call failed, or its reply is no list of processes.
    pub(crate) fn processes(&mut self) -> Result<Vec<ProcessInfo>, Failure> {
        Ok(list(&self.call("supervisor.getAllProcessInfo", [])?, ProcessInfo::from_value)?)
    }
}
