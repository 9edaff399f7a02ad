//! What the page's links do, and how it tells what came of it.

use hyper::StatusCode;
use supervisor_protocol::name::Namespec;

use super::{ctime, unexpected};
use crate::engine::command::{Command, Refusal, Reply, Target};
use crate::http::question::Failure;
use crate::http::rpc::fault;
use crate::http::site::{Closing, OpenSite};

/// The value of `action=`, case-sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Refresh,
    StopAll,
    RestartAll,
    Start,
    Stop,
    Restart,
    ClearLog,
    Unknown,
}

impl Action {
    pub(super) fn parse(text: &str) -> Action {
        match text {
            "refresh" => Action::Refresh,
            "stopall" => Action::StopAll,
            "restartall" => Action::RestartAll,
            "start" => Action::Start,
            "stop" => Action::Stop,
            "restart" => Action::Restart,
            "clearlog" => Action::ClearLog,
            _ => Action::Unknown,
        }
    }

    /// Does it, waits for the end, and returns the message.
    ///
    /// # Errors
    /// 400 for an unknown action, or one that lacks its process.
    pub(super) async fn perform(self, site: &OpenSite, process: Option<&str>) -> Result<String, Failure> {
        match self {
            Action::Refresh => return Ok(format!("Page refreshed at {}", ctime(site))),
            Action::StopAll => {
                return Ok(match site.ask(Command::Stop { target: Target::All, wait: true }).await? {
                    Ok(_) => format!("All stopped at {}", ctime(site)),
                    Err(refusal) => unexpected(&fault(&refusal)),
                });
            }
            Action::RestartAll => {
                let mut outcome = site.ask(Command::Stop { target: Target::All, wait: true }).await?;
                if outcome.is_ok() {
                    outcome = site.ask(Command::Start { target: Target::All, wait: true }).await?;
                }
                return Ok(match outcome {
                    Ok(_) => format!("All restarted at {}", ctime(site)),
                    Err(refusal) => unexpected(&fault(&refusal)),
                });
            }
            Action::Start | Action::Stop | Action::Restart | Action::ClearLog | Action::Unknown => {}
        }
        let name = process.ok_or(StatusCode::BAD_REQUEST)?;
        if matches!(Namespec::parse(name), Namespec::Group(_)) {
            return Ok(no_such_process(name));
        }
        match self.ask_for(site, name).await? {
            Err(Refusal::BadName(_)) => Ok(no_such_process(name)),
            _ if self == Action::Unknown => Err(StatusCode::BAD_REQUEST.into()),
            outcome => Ok(self.message(name, outcome)),
        }
    }

    async fn ask_for(self, site: &OpenSite, name: &str) -> Result<Result<Reply, Refusal>, Closing> {
        let target = Target::Name(name.to_owned());
        match self {
            Action::Start => site.ask(Command::Start { target, wait: true }).await,
            Action::Stop => site.ask(Command::Stop { target, wait: true }).await,
            Action::ClearLog => site.ask(Command::ClearLogs(target)).await,
            Action::Restart => match site.ask(Command::Stop { target: target.clone(), wait: true }).await? {
                Ok(_) | Err(Refusal::NotRunning(_)) => site.ask(Command::Start { target, wait: true }).await,
                refusal => Ok(refusal),
            },
            Action::Refresh | Action::StopAll | Action::RestartAll | Action::Unknown => {
                site.ask(Command::ProcessInfo(name.to_owned())).await
            }
        }
    }

    fn message(self, name: &str, outcome: Result<Reply, Refusal>) -> String {
        let refusal = match outcome {
            Ok(_) => {
                return match self {
                    Action::Stop => format!("Process {name} stopped"),
                    Action::Restart => format!("Process {name} restarted"),
                    Action::ClearLog => format!("Log for {name} cleared"),
                    _ => format!("Process {name} started"),
                };
            }
            Err(refusal) => refusal,
        };
        let fault = unexpected(&fault(&refusal));
        if !matches!(self, Action::Start | Action::Restart) {
            return fault;
        }
        let reason = match refusal {
            Refusal::NoFile(_) => "no such file",
            Refusal::NotExecutable(_) => "file not executable",
            Refusal::AlreadyStarted(_) => "already started",
            Refusal::SpawnError(_) => "spawn error",
            Refusal::AbnormalTermination(_) => "abnormal termination",
            _ => &fault,
        };
        format!("ERROR: Process {name}: {reason}")
    }
}

fn no_such_process(name: &str) -> String {
    format!("No such process named {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let text = |action: Action, refusal| action.message("g:p", Err(refusal));
        for (refusal, reason) in [
            (Refusal::NoFile("can't find command 'x'".into()), "no such file"),
            (Refusal::NotExecutable("x".into()), "file not executable"),
            (Refusal::AlreadyStarted("g:p".into()), "already started"),
            (Refusal::SpawnError("g:p".into()), "spawn error"),
            (Refusal::AbnormalTermination("g:p".into()), "abnormal termination"),
            (Refusal::Failed(Some("why".into())), "unexpected rpc fault [30] FAILED: why"),
        ] {
            assert_eq!(text(Action::Start, refusal.clone()), format!("ERROR: Process g:p: {reason}"));
            assert_eq!(text(Action::Restart, refusal), format!("ERROR: Process g:p: {reason}"));
        }
        assert_eq!(text(Action::Stop, Refusal::NotRunning("g:p".into())), "unexpected rpc fault [70] NOT_RUNNING: g:p");
        for (action, message) in [
            (Action::Start, "Process g:p started"),
            (Action::Stop, "Process g:p stopped"),
            (Action::Restart, "Process g:p restarted"),
            (Action::ClearLog, "Log for g:p cleared"),
        ] {
            assert_eq!(action.message("g:p", Ok(Reply::Done)), message);
        }
    }
}
