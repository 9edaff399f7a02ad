//! What the daemon answered, as values and faults.

use std::path::Path;

use jiff::tz::TimeZone;
use supervisor_protocol::outside;
use supervisor_protocol::rpc::{ConfigInfo, RereadResult, StateInfo, TaskResult};
use supervisor_protocol::xmlrpc::{Fault, FaultCode, Value};

use crate::config::model::{ChannelConfig, LogTarget, ServerUrl};
use crate::engine::command::{ConfigSnapshot, Refusal, Reply, TaskOutcome};
use crate::http::describe::process_info;

/// The result of a method.
pub(super) fn value(reply: Reply) -> Value {
    match reply {
        Reply::Done => true.into(),
        Reply::Text(text) => shown(&text).into(),
        Reply::State(state) => StateInfo { state }.to_value(),
        Reply::Process(snapshot) => process_info(&snapshot, &TimeZone::system()).to_value(),
        Reply::Processes(snapshots) => {
            let zone = TimeZone::system();
            snapshots.iter().map(|snapshot| process_info(snapshot, &zone).to_value()).collect::<Vec<_>>().into()
        }
        Reply::Configs(mut configs) => {
            // By process name alone; the order of groups shows only between equal names.
            configs.sort_by(|a, b| a.process.name.cmp(&b.process.name));
            configs.iter().map(|config| config_info(config).to_value()).collect::<Vec<_>>().into()
        }
        Reply::Tasks(outcomes) => {
            outcomes.into_iter().map(|outcome| task(outcome).to_value()).collect::<Vec<_>>().into()
        }
        Reply::LogPath(path) => path_text(path.as_deref()).unwrap_or_default().into(),
        Reply::Reread(crate::engine::command::Reread { added, changed, removed }) => {
            let [added, changed, removed] =
                [added, changed, removed].map(|names| names.iter().map(|name| shown(name)).collect());
            RereadResult { added, changed, removed }.to_value()
        }
    }
}

/// The fault of a refusal.
pub(in crate::http) fn fault(refusal: &Refusal) -> Fault {
    let (code, extra) = match refusal {
        Refusal::ShuttingDown => (FaultCode::ShutdownState, None),
        Refusal::BadName(name) => (FaultCode::BadName, Some(name)),
        Refusal::BadSignal(signal) => (FaultCode::BadSignal, Some(signal)),
        Refusal::NoFile(why) => (FaultCode::NoFile, Some(why)),
        Refusal::NotExecutable(why) => (FaultCode::NotExecutable, Some(why)),
        Refusal::NoStdin(process) => (FaultCode::NoFile, Some(process)),
        Refusal::NoLog(path) => (FaultCode::NoFile, path.as_ref()),
        Refusal::Failed(why) => (FaultCode::Failed, why.as_ref()),
        Refusal::AbnormalTermination(process) => (FaultCode::AbnormalTermination, Some(process)),
        Refusal::SpawnError(process) => (FaultCode::SpawnError, Some(process)),
        Refusal::AlreadyStarted(process) => (FaultCode::AlreadyStarted, Some(process)),
        Refusal::NotRunning(process) => (FaultCode::NotRunning, Some(process)),
        Refusal::AlreadyAdded(group) => (FaultCode::AlreadyAdded, Some(group)),
        Refusal::StillRunning(group) => (FaultCode::StillRunning, Some(group)),
        Refusal::CantReread(why) => (FaultCode::CantReread, Some(why)),
    };
    Fault::new(code, extra.map(|extra| shown(extra)).as_deref())
}

fn task(TaskOutcome { name, group, result }: TaskOutcome) -> TaskResult {
    TaskResult::new(shown(&group), shown(&name), result.map_err(|refusal| fault(&refusal)))
}

fn shown(text: &str) -> String {
    outside::shown(text).into_owned()
}

fn path_text(path: Option<&Path>) -> Option<String> {
    path.map(outside::shown_path)
}

fn config_info(snapshot: &ConfigSnapshot) -> ConfigInfo {
    let process = &snapshot.process;
    let logfile = |channel: &ChannelConfig| match &channel.logfile {
        LogTarget::Auto => Some("auto".to_owned()),
        LogTarget::None => None,
        LogTarget::Empty => Some(String::new()),
        LogTarget::File(path) => path_text(Some(path)),
    };
    ConfigInfo {
        autostart: process.autostart,
        directory: path_text(process.directory.as_deref()),
        uid: process.uid.map(i64::from),
        command: shown(&process.command),
        exitcodes: process.exitcodes.iter().copied().map(i64::from).collect(),
        group: shown(&snapshot.group),
        group_prio: snapshot.group_priority,
        inuse: snapshot.inuse,
        killasgroup: process.killasgroup,
        name: shown(&process.name),
        process_prio: process.priority,
        redirect_stderr: process.redirect_stderr,
        startretries: process.startretries,
        startsecs: process.startsecs.0,
        stdout_capture_maxbytes: process.stdout.capture_maxbytes,
        stdout_events_enabled: process.stdout.events_enabled,
        stdout_logfile: logfile(&process.stdout),
        stdout_logfile_backups: process.stdout.logfile_backups,
        stdout_logfile_maxbytes: process.stdout.logfile_maxbytes,
        stdout_syslog: process.stdout.syslog,
        stopsignal: i64::from(process.stopsignal),
        stopwaitsecs: process.stopwaitsecs.0,
        stderr_capture_maxbytes: process.stderr.capture_maxbytes,
        stderr_events_enabled: process.stderr.events_enabled,
        stderr_logfile: if process.redirect_stderr { None } else { logfile(&process.stderr) },
        stderr_logfile_backups: process.stderr.logfile_backups,
        stderr_logfile_maxbytes: process.stderr.logfile_maxbytes,
        stderr_syslog: process.stderr.syslog,
        serverurl: match &process.serverurl {
            ServerUrl::Auto => None,
            ServerUrl::Explicit(url) => Some(shown(url)),
        },
    }
}

#[cfg(test)]
mod tests {
    use supervisor_protocol::state::ProcessState;

    use super::*;
    use crate::http::describe::tests::snapshot;

    #[test]
    fn refusals_quote_what_upstream_quotes() {
        for (refusal, text) in [
            (Refusal::ShuttingDown, "SHUTDOWN_STATE"),
            (Refusal::BadName("g:*".into()), "BAD_NAME: g:*"),
            (Refusal::NoLog(None), "NO_FILE"),
            (Refusal::NoLog(Some("/x".into())), "NO_FILE: /x"),
            (Refusal::NoStdin("g:p".into()), "NO_FILE: g:p"),
            (Refusal::Failed(None), "FAILED"),
            (Refusal::StillRunning("g".into()), "STILL_RUNNING: g"),
        ] {
            assert_eq!(fault(&refusal).string, text);
        }
    }

    #[test]
    fn outcomes_per_process() {
        let outcome = |result| TaskOutcome { name: "p".into(), group: "g".into(), result };
        let reply = Reply::Tasks(vec![outcome(Ok(())), outcome(Err(Refusal::SpawnError("g:p".into())))]);
        assert_eq!(
            value(reply).to_string(),
            "[{'name': 'p', 'group': 'g', 'status': 80, 'description': 'OK'}, \
             {'name': 'p', 'group': 'g', 'status': 50, 'description': 'SPAWN_ERROR: g:p'}]"
        );
    }

    #[test]
    fn a_process_has_its_fourteen_keys() {
        let Value::Struct(members) = value(Reply::Process(Box::new(snapshot("g", "p", ProcessState::Fatal)))) else {
            panic!("a struct");
        };
        let keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys.join(" "),
            "name group start stop now state statename spawnerr exitstatus logfile stdout_logfile stderr_logfile pid \
             description"
        );
    }
}
