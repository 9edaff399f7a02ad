//! Configurations for tests: every option at its default, changed where a test is about it.

use std::sync::Arc;
use std::time::Duration;

use supervisor_protocol::event::EventKind;

use super::world::TERM;
use crate::config::model::Seconds;
use crate::config::model::{
    AutoRestart, ChannelConfig, GroupConfig, GroupKind, LogTarget, Origin, PoolConfig, ProcessConfig, ResultHandler,
    ServerUrl,
};

pub(in crate::engine) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(in crate::engine) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A process with every option at its default.
pub(crate) fn process(name: &str) -> ProcessConfig {
    let channel = ChannelConfig {
        logfile: LogTarget::None,
        logfile_maxbytes: 0,
        logfile_backups: 0,
        capture_maxbytes: 0,
        events_enabled: false,
        syslog: false,
    };
    ProcessConfig {
        name: name.to_owned(),
        section: format!("program:{name}"),
        command: format!("/bin/{name}"),
        priority: 999,
        autostart: true,
        autorestart: AutoRestart::Unexpected,
        startsecs: Seconds(1),
        startretries: 3,
        exitcodes: vec![0],
        stopsignal: TERM,
        stopwaitsecs: Seconds(10),
        stopasgroup: false,
        killasgroup: false,
        uid: None,
        umask: None,
        directory: None,
        environment: Arc::default(),
        serverurl: ServerUrl::Auto,
        redirect_stderr: false,
        fcgi: None,
        stdout: channel.clone(),
        stderr: channel,
    }
}

/// A process that differs from the defaults.
pub(in crate::engine) fn process_with(name: &str, set: impl FnOnce(&mut ProcessConfig)) -> ProcessConfig {
    let mut process = process(name);
    set(&mut process);
    process
}

/// A group with these members, in definition order.
pub(in crate::engine) fn group(name: &str, priority: i64, processes: Vec<ProcessConfig>) -> GroupConfig {
    GroupConfig { name: name.to_owned(), priority, kind: GroupKind::Programs, processes, origin: Origin::default() }
}

/// A `[program:x]` by itself.
pub(in crate::engine) fn program(name: &str, set: impl FnOnce(&mut ProcessConfig)) -> GroupConfig {
    group(name, 999, vec![process_with(name, set)])
}

/// An `[eventlistener:x]` with one process that is RUNNING as soon as it is spawned.
pub(in crate::engine) fn pool(name: &str, events: &[EventKind], buffer_size: Option<usize>) -> GroupConfig {
    pool_of(name, &[name], events, buffer_size)
}

/// A pool with several such processes.
pub(in crate::engine) fn pool_of(
    name: &str,
    members: &[&str],
    events: &[EventKind],
    buffer_size: Option<usize>,
) -> GroupConfig {
    let members = members.iter().map(|name| process_with(name, |p| p.startsecs = Seconds(0))).collect();
    let kind = GroupKind::EventListener(PoolConfig {
        events: events.to_vec(),
        buffer_size,
        result_handler: ResultHandler::Default,
    });
    GroupConfig { kind, ..group(name, -1, members) }
}
