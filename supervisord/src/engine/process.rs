//! One supervised process: its state with the data that belongs to the state, and what clients see of it.
//!
//! The state carries its facts ([`Life`]), so a running process cannot lack a pid. Moving from one state to
//! another goes through [`Process::enter`], which refuses edges that the published state diagram does not have
//! (<http://supervisord.org/subprocess.html#process-states>). What *leads* to a move stands in `lifecycle.rs`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use supervisor_protocol::event::{Channel, Event, ProcessRef, StateChange};
use supervisor_protocol::name;
use supervisor_protocol::state::ProcessState;

use super::Now;
use super::command::{ListenerSnapshot, ProcessSnapshot};
use super::death::Death;
use super::id::GroupId;
use super::listener::Session;
use super::throttle::Throttle;
use crate::config::model::{ChannelConfig, LogTarget, ProcessConfig};

/// Where a process's output is logged: resolved paths, AUTO names included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPaths {
    /// stdout
    pub stdout: Option<PathBuf>,
    /// stderr
    pub stderr: Option<PathBuf>,
}

/// A process's state, with what that state knows. Times are on the monotonic clock.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Life {
    Stopped,
    /// `pid` is `None` between the request to spawn and its result.
    Starting {
        pid: Option<i32>,
        since: Duration,
    },
    Running {
        pid: i32,
    },
    /// The next try is due at the process's timer.
    Backoff,
    /// SIGKILL is due at the process's timer.
    Stopping {
        pid: i32,
    },
    /// Restarts at the process's timer when one is held back.
    Exited,
    Fatal,
    Unknown {
        pid: i32,
    },
}

impl Life {
    fn state(&self) -> ProcessState {
        match self {
            Life::Stopped => ProcessState::Stopped,
            Life::Starting { .. } => ProcessState::Starting,
            Life::Running { .. } => ProcessState::Running,
            Life::Backoff => ProcessState::Backoff,
            Life::Stopping { .. } => ProcessState::Stopping,
            Life::Exited => ProcessState::Exited,
            Life::Fatal => ProcessState::Fatal,
            Life::Unknown { .. } => ProcessState::Unknown,
        }
    }

    fn pid(&self) -> Option<i32> {
        match *self {
            Life::Starting { pid, .. } => pid,
            Life::Running { pid } | Life::Stopping { pid } | Life::Unknown { pid } => Some(pid),
            Life::Stopped | Life::Backoff | Life::Exited | Life::Fatal => None,
        }
    }
}

/// A process of an active group.
#[derive(Debug)]
pub struct Process {
    pub(super) group: GroupId,
    pub(super) reference: ProcessRef,
    pub(super) config: Arc<ProcessConfig>,
    pub(super) logs: LogPaths,
    life: Life,
    /// Failed starts since the last success; on the wire as `tries`.
    pub(super) backoff: u32,
    pub(super) spawnerr: String,
    pub(super) exitstatus: i32,
    /// Last start since the epoch; zero: never.
    pub(super) started: Duration,
    /// Last end since the epoch; zero: never.
    pub(super) ended: Duration,
    pub(super) throttle: Throttle,
    /// The protocol session while the child of a listener lives.
    pub(super) session: Option<Session>,
}

/// A move that the state diagram does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IllegalTransition {
    pub(super) from: ProcessState,
    pub(super) to: ProcessState,
}

impl Process {
    pub(super) fn new(group: GroupId, group_name: &Arc<str>, config: ProcessConfig, logs: LogPaths) -> Self {
        Process {
            group,
            reference: ProcessRef { process: config.name.as_str().into(), group: group_name.clone() },
            config: Arc::new(config),
            logs,
            life: Life::Stopped,
            backoff: 0,
            spawnerr: String::new(),
            exitstatus: 0,
            started: Duration::ZERO,
            ended: Duration::ZERO,
            throttle: Throttle::default(),
            session: None,
        }
    }

    /// Its name without the group.
    pub fn name(&self) -> &Arc<str> {
        &self.reference.process
    }

    /// Its name as every output shows it.
    pub fn namespec(&self) -> String {
        name::join(&self.reference.group, &self.reference.process)
    }

    /// What it was configured as.
    pub fn config(&self) -> &Arc<ProcessConfig> {
        &self.config
    }

    /// Both names.
    pub fn reference(&self) -> &ProcessRef {
        &self.reference
    }

    /// Where its output goes.
    pub fn logs(&self) -> &LogPaths {
        &self.logs
    }

    /// The log file of a channel as clients are told it: an empty path where the configuration has one.
    pub(super) fn log_path(&self, channel: Channel) -> Option<PathBuf> {
        let (config, path) = match channel {
            Channel::Stdout => (&self.config.stdout, &self.logs.stdout),
            Channel::Stderr => (&self.config.stderr, &self.logs.stderr),
        };
        path.clone().or_else(|| (config.logfile == LogTarget::Empty).then(PathBuf::new))
    }

    /// The files of its AUTO logs. One that was named is none, though a later reading of the configuration may say AUTO.
    pub(super) fn auto_logs(&self) -> LogPaths {
        let auto =
            |config: &ChannelConfig, path: &Option<PathBuf>| path.clone().filter(|_| config.logfile == LogTarget::Auto);
        LogPaths {
            stdout: auto(&self.config.stdout, &self.logs.stdout),
            stderr: auto(&self.config.stderr, &self.logs.stderr),
        }
    }

    /// Its state.
    pub fn state(&self) -> ProcessState {
        self.life.state()
    }

    /// The child's pid while there is one.
    pub fn pid(&self) -> Option<i32> {
        self.life.pid()
    }

    pub(super) fn life(&self) -> &Life {
        &self.life
    }

    /// The child exists now, which completes the state it is in.
    pub(super) fn set_child(&mut self, child: i32, now: Now) {
        if let Life::Starting { pid, since } = &mut self.life {
            *pid = Some(child);
            *since = now.mono;
        }
    }

    /// Moves to `life` and tells what happened, as the event that reports it.
    ///
    /// # Errors
    /// The diagram has no such edge; the process keeps its state.
    pub(super) fn enter(&mut self, life: Life, change: StateChange) -> Result<Event, IllegalTransition> {
        debug_assert_eq!(life.state(), change.state());
        let from = self.life.state();
        if !is_legal(from, life.state()) {
            return Err(IllegalTransition { from, to: life.state() });
        }
        self.life = life;
        Ok(Event::ProcessState { process: self.reference.clone(), from, change })
    }

    /// Whether an exit with this code is among the expected ones.
    pub(super) fn expects(&self, death: Death) -> bool {
        matches!(death, Death::Code(code) if self.config.exitcodes.contains(&code))
    }

    /// What clients see.
    pub(super) fn snapshot(&self, now: Now) -> ProcessSnapshot {
        ProcessSnapshot {
            name: self.reference.process.clone(),
            group: self.reference.group.clone(),
            state: self.state(),
            pid: self.pid().unwrap_or(0),
            start: self.started.as_secs(),
            stop: self.ended.as_secs(),
            now: now.wall.as_secs(),
            spawnerr: self.spawnerr.clone(),
            exitstatus: self.exitstatus,
            stdout_logfile: self.logs.stdout.clone(),
            stderr_logfile: self.logs.stderr.clone(),
            listener: self.session.as_ref().map(|session| ListenerSnapshot {
                state: session.state(),
                busy_since: session.in_flight().map(|in_flight| in_flight.since_wall.as_secs()),
            }),
        }
    }
}

/// The edges of the published diagram, plus the way out of UNKNOWN that the original lacks (`ev_e36`).
pub(super) fn is_legal(from: ProcessState, to: ProcessState) -> bool {
    use ProcessState::*;
    match to {
        Starting => matches!(from, Stopped | Exited | Fatal | Backoff),
        Running => matches!(from, Starting),
        Backoff => matches!(from, Starting),
        Stopping => matches!(from, Starting | Running),
        Stopped => matches!(from, Stopping | Backoff),
        Exited => matches!(from, Running | Unknown),
        Fatal => matches!(from, Backoff),
        Unknown => matches!(from, Starting | Running | Stopping),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_from_a_state_to_itself() {
        for state in ProcessState::ALL {
            assert!(!is_legal(*state, *state));
        }
    }
}
