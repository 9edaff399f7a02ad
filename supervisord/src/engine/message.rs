//! The activity log's catalogue: every line the daemon writes, as a value.
//!
//! The activity log is product output that people grep and parse. Each line is one variant; its `Display` is
//! Supervisor's text and [`Message::level`] its level, so tests compare values. Lines that the original does
//! not have stand at the end. Source: sections 6.2 to 6.4 of the behaviour of Supervisor 4.3.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use supervisor_protocol::event::Channel;
use supervisor_protocol::outside;
use supervisor_protocol::repr::{bytes_repr, decode_or_repr, str_repr};
use supervisor_protocol::state::{ListenerState, ProcessState};

use super::death::{Death, signal_name};
use crate::config::model::{LogLevel, Notice, Seconds};

/// One line (or block of lines) of the activity log.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Message {
    // The daemon.
    RunningAsRoot,
    ConfigWarning(String),
    ConfigInfo(String),
    ConfigCritical(String),
    UidSet(u32),
    LimitRaised { limit: &'static str, to: u64 },
    RpcInterfaceInitialized { namespace: String },
    UnauthenticatedServer { section: String },
    Daemonizing,
    DirectorySet(PathBuf),
    DirectoryFailed { directory: PathBuf, error: String },
    Started { pid: i32 },
    PidfileFailed(PathBuf),
    ExitRequest { signal: &'static str },
    RestartRequest,
    RestartRequestIgnored,
    ChildQuit,
    ReopenRequest,
    Reopening,
    ReopeningLogFile,
    WaitingToDie(Vec<Arc<str>>),
    StateWhileDying { name: Arc<str>, state: ProcessState },
    WaitFailed { errno: i32 },
    ReapedUnknown { pid: i32, death: Death },
    CreatingSocket { url: String },
    ClosingSocket { url: String },
    // Processes.
    Spawned { name: Arc<str>, pid: i32 },
    SpawnError(String),
    EnteredRunning { name: Arc<str>, startsecs: Seconds },
    Exited { name: Arc<str>, death: Death, expected: bool },
    Stopped { name: Arc<str>, death: Death, expected: bool },
    GaveUp { name: Arc<str> },
    KillingHard { name: Arc<str>, pid: i32 },
    WaitingToStop { name: Arc<str> },
    AlreadyRunning { name: Arc<str> },
    Killing { name: Arc<str>, pid: i32, group: bool, signal: i32 },
    Sending { name: Arc<str>, pid: i32, signal: i32 },
    JustExited { name: Arc<str>, pid: i32, sending: bool, error: String },
    KilledInBackoff { name: Arc<str> },
    UnknownProblem { name: Arc<str>, pid: i32, sending: bool, error: String },
    Output { name: Arc<str>, channel: Channel, data: Bytes },
    CommEvent { name: Arc<str>, channel: Channel },
    ChannelClosed { fd: i32, kind: ChannelKind, name: Arc<str>, state: ProcessState },
    // Event listeners.
    ListenerOutput { name: Arc<str>, data: Bytes },
    ListenerState { name: Arc<str>, from: ListenerState, to: ListenerState },
    EventSent { serial: u64, name: Arc<str> },
    EventProcessed { name: Arc<str> },
    EventRejected { name: Arc<str> },
    EventError { name: Arc<str> },
    BadResultLine { name: Arc<str>, line: Bytes },
    ListenerUnknown { name: Arc<str> },
    Rebuffering { serial: u64, pool: Arc<str>, size: usize, max: usize },
    Overflow { pool: Arc<str>, serial: u64 },
    Epipe { serial: u64, name: Arc<str> },
    // Ours.
    RestartRefused { reason: String },
    RestartFellBack { reason: String },
    RestartIncomplete { reason: String },
    CannotGoOn { reason: String },
    RestartsHeldBack { name: Arc<str> },
    EventRejectedAgain { name: Arc<str>, serial: u64, count: u32 },
    Offence { name: Arc<str>, state: ListenerState, excerpt: Bytes },
    NotPrintable { name: Arc<str>, excerpt: Bytes },
    Unread { name: Arc<str>, seconds: u64 },
    StdinFull { name: Arc<str>, bytes: usize },
    StdoutStuck { lost: u64, error: String },
    ExitedFromUnknown { name: Arc<str>, death: Death },
    IllegalTransition { name: Arc<str>, from: ProcessState, to: ProcessState },
    LogTrouble(String),
    LogWrittenAgain { path: PathBuf, bytes: u64 },
    OutputUnwatched(Arc<str>),
    RotationIgnored(PathBuf),
    SocketRestored { path: PathBuf, error: Option<String> },
}

/// What a closed channel was, by the name the original's log has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// Output of a program, or stderr of a listener.
    Output(Channel),
    /// stdout of a listener.
    Protocol,
    /// stdin.
    Input,
}

impl From<&Notice> for Message {
    fn from(notice: &Notice) -> Self {
        let text = notice.text.clone();
        match notice.level {
            LogLevel::Critical | LogLevel::Error => Message::ConfigCritical(text),
            LogLevel::Warn => Message::ConfigWarning(text),
            LogLevel::Info | LogLevel::Debug | LogLevel::Trace | LogLevel::Blather => Message::ConfigInfo(text),
        }
    }
}

impl Message {
    /// The level it is logged at.
    pub fn level(&self) -> LogLevel {
        use Message::*;
        match self {
            RunningAsRoot
            | ConfigCritical(_)
            | UnauthenticatedServer { .. }
            | DirectoryFailed { .. }
            | PidfileFailed(_)
            | UnknownProblem { .. }
            | RestartRefused { .. }
            | RestartFellBack { .. }
            | RestartIncomplete { .. }
            | CannotGoOn { .. }
            | IllegalTransition { .. }
            | WaitFailed { .. }
            | LogTrouble(_) => LogLevel::Critical,
            Overflow { .. } => LogLevel::Error,
            ConfigWarning(_)
            | ExitRequest { .. }
            | RestartRequest
            | RestartRequestIgnored
            | KillingHard { .. }
            | AlreadyRunning { .. }
            | EventRejected { .. }
            | EventError { .. }
            | BadResultLine { .. }
            | ListenerUnknown { .. }
            | RestartsHeldBack { .. }
            | EventRejectedAgain { .. }
            | Offence { .. }
            | NotPrintable { .. }
            | Unread { .. }
            | StdinFull { .. }
            | StdoutStuck { .. }
            | LogWrittenAgain { .. }
            | OutputUnwatched(_)
            | RotationIgnored(_)
            | SocketRestored { .. }
            | ExitedFromUnknown { .. } => LogLevel::Warn,
            Exited { expected, .. } | Stopped { expected, .. } => {
                if *expected {
                    LogLevel::Info
                } else {
                    LogLevel::Warn
                }
            }
            ConfigInfo(_)
            | UidSet(_)
            | LimitRaised { .. }
            | RpcInterfaceInitialized { .. }
            | Daemonizing
            | DirectorySet(_)
            | Started { .. }
            | ReopenRequest
            | Reopening
            | ReopeningLogFile
            | WaitingToDie(_)
            | ReapedUnknown { .. }
            | CreatingSocket { .. }
            | ClosingSocket { .. }
            | Spawned { .. }
            | SpawnError(_)
            | EnteredRunning { .. }
            | GaveUp { .. }
            | WaitingToStop { .. } => LogLevel::Info,
            ChildQuit
            | Killing { .. }
            | Sending { .. }
            | JustExited { .. }
            | KilledInBackoff { .. }
            | Output { .. }
            | CommEvent { .. }
            | ChannelClosed { .. }
            | ListenerOutput { .. }
            | ListenerState { .. }
            | EventSent { .. }
            | EventProcessed { .. }
            | Rebuffering { .. }
            | Epipe { .. } => LogLevel::Debug,
            StateWhileDying { .. } => LogLevel::Blather,
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Message::*;
        use supervisor_protocol::state::ListenerState as protocol;
        match self {
            RunningAsRoot => f.write_str(
                "Supervisor is running as root.  Privileges were not dropped because no user is specified in the \
                 config file.  If you intend to run as root, you can set user=root in the config file to avoid this \
                 message.",
            ),
            ConfigWarning(text) | ConfigInfo(text) | ConfigCritical(text) => f.write_str(text),
            UidSet(uid) => write!(f, "Set uid to user {uid} succeeded"),
            LimitRaised { limit, to } => write!(f, "Increased {limit} limit to {to}"),
            RpcInterfaceInitialized { namespace } => write!(f, "RPC interface '{namespace}' initialized"),
            UnauthenticatedServer { section } => {
                write!(f, "Server '{section}' running without any HTTP authentication checking")
            }
            Daemonizing => f.write_str("daemonizing the supervisord process"),
            DirectorySet(path) => write!(f, "set current directory: {}", str_repr(&outside::text(path))),
            DirectoryFailed { directory, error } => {
                let directory = str_repr(&outside::text(directory));
                write!(f, "can't chdir into {directory}: {error}: {directory}")
            }
            Started { pid } => write!(f, "supervisord started with pid {pid}"),
            PidfileFailed(path) => write!(f, "could not write pidfile {}", outside::text(path)),
            ExitRequest { signal } => write!(f, "received {signal} indicating exit request"),
            RestartRequest => f.write_str("received SIGHUP indicating restart request"),
            RestartRequestIgnored => f.write_str("ignored SIGHUP indicating restart request (shutdown in progress)"),
            ChildQuit => f.write_str("received SIGCHLD indicating a child quit"),
            ReopenRequest => f.write_str("received SIGUSR2 indicating log reopen request"),
            Reopening => f.write_str("supervisord logreopen"),
            ReopeningLogFile => f.write_str("reopening log file"),
            WaitingToDie(names) => write!(f, "waiting for {} to die", names.join(", ")),
            StateWhileDying { name, state } => write!(f, "{name} state: {state}"),
            ReapedUnknown { pid, death } => write!(f, "reaped unknown pid {pid} ({death})"),
            CreatingSocket { url } => write!(f, "Creating socket {url}"),
            ClosingSocket { url } => write!(f, "Closing socket {url}"),
            Spawned { name, pid } => write!(f, "spawned: '{name}' with pid {pid}"),
            SpawnError(text) => write!(f, "spawnerr: {text}"),
            EnteredRunning { name, startsecs } => write!(
                f,
                "success: {name} entered RUNNING state, process has stayed up for > than {startsecs} seconds (startsecs)"
            ),
            Exited { name, death, expected } => {
                write!(f, "exited: {name} ({death}; {})", if *expected { "expected" } else { "not expected" })
            }
            Stopped { name, death, expected: _ } => write!(f, "stopped: {name} ({death})"),
            GaveUp { name } => {
                write!(f, "gave up: {name} entered FATAL state, too many start retries too quickly")
            }
            KillingHard { name, pid } => write!(f, "killing '{name}' ({pid}) with SIGKILL"),
            WaitingToStop { name } => write!(f, "waiting for {name} to stop"),
            AlreadyRunning { name } => write!(f, "process '{name}' already running"),
            Killing { name, pid, group, signal } => {
                let group = if *group { "process group " } else { "" };
                write!(f, "killing {name} (pid {pid}) {group}with signal {}", signal_name(*signal))
            }
            Sending { name, pid, signal } => write!(f, "sending {name} (pid {pid}) sig {}", signal_name(*signal)),
            JustExited { name, pid, sending, error } => {
                let now = if *sending { "now " } else { "" };
                write!(f, "unable to signal {name} (pid {pid}), it probably just {now}exited on its own: {error}")
            }
            KilledInBackoff { name } => write!(f, "Attempted to kill {name}, which is in BACKOFF state."),
            UnknownProblem { name, pid, sending, error } => {
                let doing = if *sending { "sending sig" } else { "killing" };
                write!(f, "unknown problem {doing} {name} ({pid}):{error}")
            }
            Output { name, channel, data } => {
                write!(f, "{} {channel} output:\n{}", str_repr(name), decode_or_repr(data))
            }
            CommEvent { name, channel } => write!(f, "{} {channel} emitted a comm event", str_repr(name)),
            ChannelClosed { fd, kind, name, state } => {
                let (class, channel) = match kind {
                    ChannelKind::Output(channel) => ("POutputDispatcher", channel.name()),
                    ChannelKind::Protocol => ("PEventListenerDispatcher", "stdout"),
                    ChannelKind::Input => ("PInputDispatcher", "stdin"),
                };
                write!(
                    f,
                    "fd {fd} closed, stopped monitoring <{class} at {fd} for <Subprocess at {fd} with name {name} in \
                     state {state}> ({channel})>"
                )
            }
            ListenerOutput { name, data } => write!(f, "{} stdout output:\n{}", str_repr(name), bytes_repr(data)),
            ListenerState { name, from, to } => write!(f, "{name}: {from} -> {to}"),
            EventSent { serial, name } => write!(f, "event {serial} sent to listener {name}"),
            EventProcessed { name } => write!(f, "{name}: event was processed"),
            EventRejected { name } => write!(f, "{name}: event was rejected"),
            EventError { name } => write!(f, "{name}: event caused an error"),
            BadResultLine { name, line } => write!(f, "{name}: bad result line: '{}'", decode_or_repr(line)),
            ListenerUnknown { name } => write!(
                f,
                "{name}: has entered the UNKNOWN state and will no longer receive events, this usually indicates the \
                 process violated the eventlistener protocol"
            ),
            Rebuffering { serial, pool, size, max } => {
                write!(f, "rebuffering event {serial} for pool {pool} (buf size={size}, max={max})")
            }
            Overflow { pool, serial } => {
                write!(f, "pool {pool} event buffer overflowed, discarding event {serial}")
            }
            Epipe { serial, name } => {
                write!(f, "epipe occurred while sending event {serial} to listener {name}, listener state unchanged")
            }
            RestartRefused { reason } => {
                write!(f, "cannot restart, the configuration cannot be used, nothing was changed: {reason}")
            }
            RestartFellBack { reason } => {
                write!(f, "the new configuration cannot be used, going on with the one of before: {reason}")
            }
            RestartIncomplete { reason } => write!(f, "going on without something: {reason}"),
            LogWrittenAgain { path, bytes: 0 } => write!(f, "log file {} is written again", outside::text(path)),
            LogWrittenAgain { path, bytes } => {
                write!(f, "log file {} is written again, {bytes} bytes were lost", outside::text(path))
            }
            CannotGoOn { reason } => write!(f, "cannot go on: {reason}"),
            RestartsHeldBack { name } => write!(
                f,
                "{name} exits as soon as it is started, holding its restarts to 10 a second (this is said once a minute)"
            ),
            EventRejectedAgain { name, serial, count } => write!(
                f,
                "{name}: event {serial} was rejected {count} more times, trying it again after a pause (this is said \
                 once a second)"
            ),
            Offence { name, state, excerpt } => {
                write!(f, "{name}: wrote {} while {state}, where the protocol allows only ", bytes_repr(excerpt))?;
                f.write_str(match state {
                    protocol::Ready => "silence until an event comes",
                    protocol::Acknowledged | protocol::Busy | protocol::Unknown => r"b'READY\n'",
                })
            }
            NotPrintable { name, excerpt } => write!(
                f,
                "{name}: answered {}, where supervisor_stdout:event_handler allows only a PROCESS_LOG payload",
                bytes_repr(excerpt)
            ),
            Unread { name, seconds } => {
                write!(f, "{name}: has left unread for {seconds} seconds what it was sent, its standard input is full")
            }
            StdinFull { name, bytes } => write!(
                f,
                "{name}: does not read its standard input, {bytes} bytes wait there, and it is sent no more until it does"
            ),
            StdoutStuck { lost, error } => write!(
                f,
                "standard output does not take what listeners have for it, {lost} of their results are lost so far: \
                 {error} (this is said once a minute)"
            ),
            ExitedFromUnknown { name, death } => write!(f, "exited: {name} ({death}; not expected), was UNKNOWN"),
            IllegalTransition { name, from, to } => {
                write!(f, "{name} cannot go from {from} to {to}, keeping it in {from}; please report this")
            }
            WaitFailed { errno } => {
                write!(f, "waitpid error {errno}; a process may not be cleaned up properly")
            }
            OutputUnwatched(name) => {
                write!(
                    f,
                    "the system has no watch left for the output of {name}, which is now looked at \
                    again and again; raise fs.epoll.max_user_watches"
                )
            }
            LogTrouble(text) => f.write_str(text),
            RotationIgnored(path) => {
                write!(f, "{} cannot seek, so it is not rotated; set its maxbytes to 0", outside::text(path))
            }
            SocketRestored { path, error: None } => {
                write!(f, "the socket {} had vanished, made it again", outside::text(path))
            }
            SocketRestored { path, error: Some(error) } => {
                write!(f, "the socket {} has vanished and cannot be made again: {error}", outside::text(path))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_originals() {
        let name: Arc<str> = "x".into();
        for (message, level, text) in [
            (Message::Spawned { name: name.clone(), pid: 7 }, LogLevel::Info, "spawned: 'x' with pid 7"),
            (
                Message::Exited { name: name.clone(), death: Death::Code(0), expected: true },
                LogLevel::Info,
                "exited: x (exit status 0; expected)",
            ),
            (
                Message::Exited {
                    name: name.clone(),
                    death: Death::Signal { signal: 9, core: false },
                    expected: false,
                },
                LogLevel::Warn,
                "exited: x (terminated by SIGKILL; not expected)",
            ),
            (
                Message::Stopped {
                    name: name.clone(),
                    death: Death::Signal { signal: 15, core: true },
                    expected: false,
                },
                LogLevel::Warn,
                "stopped: x (terminated by SIGTERM (core dumped))",
            ),
            (
                Message::EnteredRunning { name: name.clone(), startsecs: Seconds(1) },
                LogLevel::Info,
                "success: x entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
            ),
            (
                Message::Killing { name: name.clone(), pid: 3, group: true, signal: 15 },
                LogLevel::Debug,
                "killing x (pid 3) process group with signal SIGTERM",
            ),
            (
                Message::BadResultLine { name: name.clone(), line: Bytes::from_static(b"it's\r") },
                LogLevel::Warn,
                "x: bad result line: 'it's\r'",
            ),
            (
                Message::Rebuffering { serial: 4, pool: name.clone(), size: 0, max: 10 },
                LogLevel::Debug,
                "rebuffering event 4 for pool x (buf size=0, max=10)",
            ),
            (
                Message::Overflow { pool: name.clone(), serial: 4 },
                LogLevel::Error,
                "pool x event buffer overflowed, discarding event 4",
            ),
            (Message::WaitingToDie(vec!["a".into(), "b".into()]), LogLevel::Info, "waiting for a, b to die"),
            (
                Message::ListenerOutput { name, data: Bytes::from_static(b"READY\n") },
                LogLevel::Debug,
                "'x' stdout output:\nb'READY\\n'",
            ),
        ] {
            assert_eq!(message.to_string(), text);
            assert_eq!(message.level(), level);
        }
    }
}
