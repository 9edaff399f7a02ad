//! `fg`: a process as if it ran in this terminal. Its logs are shown, typed lines go to its stdin.

use supervisor_protocol::rpc::ProcessInfo;
use supervisor_protocol::state::ProcessState;
use supervisor_protocol::xmlrpc::FaultCode;

use crate::console::Typed;
use crate::exit;
use crate::failure::Failure;
use crate::happening::{Happening, Happenings};
use crate::session::Session;

/// `fg <process>`, until Ctrl-C, the end of the input, or the end of the process, which is noticed when a
/// line is sent. Leaving does not touch the process.
pub(super) fn fg(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !session.is_up()? {
        return Ok(());
    }
    let names: Vec<&str> = argument.split_whitespace().collect();
    let name = match names[..] {
        [] => return session.refuse(exit::GENERIC, "ERROR: no process name supplied", super::help::FG),
        [name] => name,
        _ => {
            session.complain(exit::GENERIC, "ERROR: too many process names supplied");
            return Ok(());
        }
    };
    match process_is_running(session, name) {
        Ok(true) => {}
        Ok(false) => {
            session.complain(exit::GENERIC, "ERROR: process not running");
            return Ok(());
        }
        Err(Failure::Call(error)) => {
            if error.fault() == Some(FaultCode::BadName) {
                session.complain(exit::GENERIC, "ERROR: bad process name supplied");
            } else {
                let fault = error.into_fault()?;
                session.out.line(format_args!("ERROR: {fault}"));
            }
            return Ok(());
        }
        Err(failure) => return Err(failure),
    }
    session.out.line("==> Press Ctrl-C to exit <==");
    let mut happenings = Happenings::with_bell().map_err(Failure::System)?;
    session.console.forward_interrupts(happenings.mailbox());
    for channel in ["stdout", "stderr"] {
        let path = format!("/logtail/{name}/{channel}");
        happenings.pump(&path, session.daemon.follow(&path));
    }
    while !session.out.is_closed() {
        match session.console.line_or_happening(&mut happenings) {
            Typed::Line(line) => {
                if !send(session, name, &line)? {
                    break;
                }
            }
            Typed::End => break,
            Typed::Nothing => match happenings.take() {
                Some(Happening::Piece(bytes)) => session.out.bytes(&bytes),
                Some(Happening::Failed(path, error)) => session.report_unfollowed(&path, &error),
                // The process may go on without one of its logs.
                Some(Happening::Ended) => {}
                Some(Happening::Interrupted) | None => break,
            },
        }
    }
    session.out.line("Exiting foreground");
    Ok(())
}

/// Sends a line; whether the process is there for another one. If not, that has been told.
fn send(session: &mut Session<'_>, name: &str, line: &str) -> Result<bool, Failure> {
    let line = format!("{line}\n");
    match session.call("supervisor.sendProcessStdin", [name.into(), line.into()]) {
        Ok(_) => {
            if process_is_running(session, name)? {
                return Ok(true);
            }
            session.out.line("Process got killed");
        }
        Err(error) if error.fault() == Some(FaultCode::NotRunning) => session.out.line("Process got killed"),
        Err(error) => {
            let fault = error.into_fault()?;
            session.out.line(format_args!("ERROR: {fault}"));
        }
    }
    Ok(false)
}

fn process_is_running(session: &mut Session<'_>, name: &str) -> Result<bool, Failure> {
    let info = session.call("supervisor.getProcessInfo", [name.into()])?;
    Ok(ProcessInfo::from_value(&info)?.state == ProcessState::Running)
}
