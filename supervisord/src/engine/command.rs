//! What clients can ask of the daemon, and what they get back. Nothing here knows XML.
//!
//! A [`Command`] enters the engine as one more input and is answered exactly once, at once or later (a start
//! that waits for RUNNING). Front ends (XML-RPC, the web page) translate to and from these types.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use supervisor_protocol::event::Channel;
use supervisor_protocol::name::Namespec;
use supervisor_protocol::state::{ListenerState, ProcessState, SupervisorState};

pub use crate::config::diff::Reread;
use crate::config::model::{GroupConfig, ProcessConfig};

/// Identifies a command until it is answered. Chosen by the shell, opaque to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Which processes a command is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A name as a client typed it: `process`, `group:process` or `group:*`.
    Name(String),
    /// A bare group name, as the `*ProcessGroup` methods take it: never split (`ctl_x46`).
    Group(String),
    /// Every process.
    All,
}

impl Target {
    /// The text that a BAD_NAME refusal quotes.
    pub fn as_typed(&self) -> &str {
        match self {
            Target::Name(name) | Target::Group(name) => name,
            Target::All => "all",
        }
    }

    /// What the typed text means; `None` for every process.
    pub fn namespec(&self) -> Option<Namespec> {
        match self {
            Target::Name(name) => Some(Namespec::parse(name)),
            Target::Group(name) => Some(Namespec::Group(name.clone())),
            Target::All => None,
        }
    }

    /// Whether the answer is one outcome per process rather than one for all.
    pub fn is_many(&self) -> bool {
        !matches!(self.namespec(), Some(Namespec::Process { .. }))
    }
}

/// A request of a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The daemon's state. Answered by [`Reply::State`].
    State,
    /// The daemon's identifier. Answered by [`Reply::Text`].
    Identification,
    /// Does nothing but pass the state gate: for methods that the front end answers itself. [`Reply::Done`].
    Ping,
    /// One process by its exact name. Answered by [`Reply::Process`].
    ProcessInfo(String),
    /// All processes by (group, name). Answered by [`Reply::Processes`].
    AllProcessInfo,
    /// All processes of the latest configuration that was read. Answered by [`Reply::Configs`].
    AllConfigInfo,
    /// Start. [`Reply::Done`] for one process, [`Reply::Tasks`] for several.
    Start {
        /// Which processes.
        target: Target,
        /// Answer only when each is RUNNING or has failed.
        wait: bool,
    },
    /// Stop. Replies as for start.
    Stop {
        /// Which processes.
        target: Target,
        /// Answer only when each is stopped.
        wait: bool,
    },
    /// Send a signal to the process itself, not to its group. Replies as for start.
    Signal {
        /// Which processes.
        target: Target,
        /// A number the system knows, or what the client typed if it names no signal.
        signal: Result<i32, String>,
    },
    /// Queue bytes for a process's stdin. [`Reply::Done`].
    SendStdin {
        /// Exact process name.
        name: String,
        /// The bytes.
        data: Bytes,
    },
    /// Emit a REMOTE_COMMUNICATION event; allowed in every daemon state. [`Reply::Done`].
    SendRemoteEvent {
        /// The event's type.
        kind: String,
        /// The event's data.
        data: String,
    },
    /// Remove and reopen log files. Replies as for start.
    ClearLogs(Target),
    /// Remove and reopen the activity log. [`Reply::Done`].
    ClearMainLog,
    /// Where a channel of a process is logged. Answered by [`Reply::LogPath`].
    LogPath {
        /// Exact process name.
        name: String,
        /// Which channel.
        channel: Channel,
    },
    /// Where the activity log is. Answered by [`Reply::LogPath`].
    MainLogPath,
    /// The same for those who follow a log, also while everything stops: of a channel of a process, else of the daemon.
    TailPath(Option<(String, Channel)>),
    /// Read the configuration again; changes nothing that runs. Answered by [`Reply::Reread`].
    Reread,
    /// Activate a group of the latest configuration. [`Reply::Done`].
    AddGroup(String),
    /// Forget a group whose processes are all stopped. [`Reply::Done`].
    RemoveGroup(String),
    /// Stop everything and exit. [`Reply::Done`], at once.
    Shutdown,
    /// Stop everything, read the configuration, start again. [`Reply::Done`], at once.
    Restart,
}

/// The answer to a command that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Done, nothing to tell.
    Done,
    /// A text.
    Text(String),
    /// The daemon's state.
    State(SupervisorState),
    /// One process.
    Process(Box<ProcessSnapshot>),
    /// Many processes.
    Processes(Vec<ProcessSnapshot>),
    /// The configuration of processes, groups by (priority, name), members in definition order.
    Configs(Vec<ConfigSnapshot>),
    /// What happened to each process: immediate outcomes first, in processing order, then the others in
    /// completion order.
    Tasks(Vec<TaskOutcome>),
    /// A log file; `None` where there is none.
    LogPath(Option<PathBuf>),
    /// Group names that differ between what runs and what was read.
    Reread(Reread),
}

/// What a command did to one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOutcome {
    /// Process name.
    pub name: Arc<str>,
    /// Group name.
    pub group: Arc<str>,
    /// Success or why not.
    pub result: Result<(), Refusal>,
}

/// Everything a client can know of a process.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessSnapshot {
    /// Process name.
    pub name: Arc<str>,
    /// Group name.
    pub group: Arc<str>,
    /// Its state.
    pub state: ProcessState,
    /// 0 when nothing runs.
    pub pid: i32,
    /// Last start, epoch seconds; 0: never.
    pub start: u64,
    /// Last end, epoch seconds; 0: never.
    pub stop: u64,
    /// The daemon's time, epoch seconds.
    pub now: u64,
    /// Last start problem, or empty.
    pub spawnerr: String,
    /// Exit code of the last run; -1 by signal; 0 while running, never run or after a too quick exit.
    pub exitstatus: i32,
    /// Log file of stdout.
    pub stdout_logfile: Option<PathBuf>,
    /// Log file of stderr.
    pub stderr_logfile: Option<PathBuf>,
    /// For event listeners: the protocol session.
    pub listener: Option<ListenerSnapshot>,
}

/// The protocol session of an event listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerSnapshot {
    /// Its state.
    pub state: ListenerState,
    /// Since when an event is in flight, epoch seconds.
    pub busy_since: Option<u64>,
}

/// A configured process and whether its group is active.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigSnapshot {
    /// Its group's name.
    pub group: String,
    /// Its group's priority.
    pub group_priority: i64,
    /// Whether a group of that name is active.
    pub inuse: bool,
    /// The configuration. AUTO log files show the active path where there is one.
    pub process: ProcessConfig,
}

impl ConfigSnapshot {
    /// One snapshot per process of `group`.
    pub fn of(group: &GroupConfig, inuse: bool) -> impl Iterator<Item = ConfigSnapshot> {
        group.processes.iter().map(move |process| ConfigSnapshot {
            group: group.name.clone(),
            group_priority: group.priority,
            inuse,
            process: process.clone(),
        })
    }
}

/// Why a command was not carried out. Names are what the refusal quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The daemon is shutting down or restarting.
    ShuttingDown,
    /// No such process or group; the name as the client typed it.
    BadName(String),
    /// No such signal; as the client typed it.
    BadSignal(String),
    /// The command of a program cannot be found; why.
    NoFile(String),
    /// The command of a program cannot be executed; why.
    NotExecutable(String),
    /// stdin is closed or does not exist; the process.
    NoStdin(String),
    /// There is no such log file; the path if one is configured.
    NoLog(Option<String>),
    /// Something went wrong; what.
    Failed(Option<String>),
    /// It ended in another way than expected; the process.
    AbnormalTermination(String),
    /// It could not be started; the process.
    SpawnError(String),
    /// It runs already; the process.
    AlreadyStarted(String),
    /// It does not run; the process.
    NotRunning(String),
    /// The group is active already.
    AlreadyAdded(String),
    /// The group has a process that is not stopped.
    StillRunning(String),
    /// The configuration cannot be read; why.
    CantReread(String),
}
