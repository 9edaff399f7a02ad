//! A process as clients see it: the `description` in words, and the whole record.
//!
//! Source: Supervisor's `rpcinterface.py`, `_interpretProcessInfo`; contracts `ctl_x14` to `ctl_x18`.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use supervisor_protocol::outside;
use supervisor_protocol::rpc::ProcessInfo;
use supervisor_protocol::state::ProcessState;

use crate::engine::command::ProcessSnapshot;

/// The record of `getProcessInfo`; times of day in the description are those of `zone`.
pub fn process_info(snapshot: &ProcessSnapshot, zone: &TimeZone) -> ProcessInfo {
    ProcessInfo {
        name: outside::shown(&snapshot.name).into_owned(),
        group: outside::shown(&snapshot.group).into_owned(),
        start: seconds(snapshot.start),
        stop: seconds(snapshot.stop),
        now: seconds(snapshot.now),
        state: snapshot.state,
        spawnerr: outside::shown(&snapshot.spawnerr).into_owned(),
        exitstatus: snapshot.exitstatus,
        stdout_logfile: path_text(snapshot.stdout_logfile.as_deref()),
        stderr_logfile: path_text(snapshot.stderr_logfile.as_deref()),
        pid: snapshot.pid,
        description: outside::shown(&description(snapshot, zone)).into_owned(),
    }
}

fn seconds(epoch: u64) -> i64 {
    i64::try_from(epoch).unwrap_or(i64::MAX)
}

fn path_text(path: Option<&Path>) -> String {
    path.map(outside::shown_path).unwrap_or_default()
}

/// `pid 18575, uptime 0:05:36`, `Exited too quickly (process log may have details)`, `Nov 22 10:52 AM`, …
fn description(snapshot: &ProcessSnapshot, zone: &TimeZone) -> String {
    match snapshot.state {
        ProcessState::Running => {
            let uptime = uptime(snapshot.now.saturating_sub(snapshot.start));
            format!("pid {}, uptime {uptime}", snapshot.pid)
        }
        ProcessState::Backoff | ProcessState::Fatal if snapshot.spawnerr.is_empty() => {
            format!("unknown error (try \"tail {}\")", snapshot.name)
        }
        ProcessState::Backoff | ProcessState::Fatal => snapshot.spawnerr.clone(),
        ProcessState::Stopped | ProcessState::Exited if snapshot.start == 0 || snapshot.stop == 0 => {
            "Not started".to_owned()
        }
        ProcessState::Stopped | ProcessState::Exited => {
            let stopped = Timestamp::from_second(seconds(snapshot.stop)).unwrap_or(Timestamp::MAX);
            stopped.to_zoned_datetime(zone.clone()).strftime("%b %d %I:%M %p").to_string()
        }
        ProcessState::Starting | ProcessState::Stopping | ProcessState::Unknown => String::new(),
    }
}

/// `0:05:36`, `1 day, 2:03:04`, `12 days, 0:00:00`
fn uptime(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let clock = format!("{hours}:{minutes:02}:{:02}", seconds % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        _ => format!("{days} days, {clock}"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A process that never ran.
    pub(in super::super) fn snapshot(group: &str, name: &str, state: ProcessState) -> ProcessSnapshot {
        ProcessSnapshot {
            name: name.into(),
            group: group.into(),
            state,
            pid: 0,
            start: 0,
            stop: 0,
            now: 1_795_344_755,
            spawnerr: String::new(),
            exitstatus: 0,
            stdout_logfile: None,
            stderr_logfile: None,
            listener: None,
        }
    }

    #[test]
    fn uptimes() {
        for (seconds, text) in [
            (0, "0:00:00"),
            (336, "0:05:36"),
            (36_000, "10:00:00"),
            (93_784, "1 day, 2:03:04"),
            (12 * 86_400, "12 days, 0:00:00"),
        ] {
            assert_eq!(uptime(seconds), text);
        }
    }

    #[test]
    fn descriptions() {
        use ProcessState::*;
        let describe = |state, change: &dyn Fn(&mut ProcessSnapshot)| {
            let mut snapshot = snapshot("g", "p", state);
            change(&mut snapshot);
            description(&snapshot, &TimeZone::UTC)
        };
        let ran = |snapshot: &mut ProcessSnapshot| (snapshot.start, snapshot.stop) = (1_795_344_000, 1_795_344_720);
        let failed = |snapshot: &mut ProcessSnapshot| snapshot.spawnerr = "Bad exit code 7".into();
        let running = |snapshot: &mut ProcessSnapshot| (snapshot.pid, snapshot.start) = (18575, 1_795_344_419);
        let clock_set_back = |snapshot: &mut ProcessSnapshot| snapshot.start = snapshot.now + 9;
        assert_eq!(describe(Running, &running), "pid 18575, uptime 0:05:36");
        assert_eq!(describe(Running, &clock_set_back), "pid 0, uptime 0:00:00");
        for state in [Backoff, Fatal] {
            assert_eq!(describe(state, &failed), "Bad exit code 7");
            assert_eq!(describe(state, &|_| {}), "unknown error (try \"tail p\")");
        }
        for state in [Stopped, Exited] {
            assert_eq!(describe(state, &|_| {}), "Not started");
            assert_eq!(describe(state, &|snapshot| snapshot.start = 5), "Not started");
            assert_eq!(describe(state, &ran), "Nov 22 10:52 AM");
        }
        for state in [Starting, Stopping, Unknown] {
            assert_eq!(describe(state, &ran), "");
        }
    }
}
