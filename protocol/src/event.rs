//! What can happen: the kinds of event, and an event as a typed value.
//!
//! A kind is a name that `events=` accepts. Twenty kinds are concrete and appear on the wire as `eventname`;
//! seven are abstract and only stand for their descendants. The hierarchy is Supervisor's
//! (<http://supervisord.org/events.html#event-types>), contract ids `ev_e01` and `ev_e02`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;

use crate::state::ProcessState;

macro_rules! kinds {
    ($($variant:ident $name:literal $parent:ident;)*) => {
        /// A kind of event, concrete or abstract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum EventKind { $($variant,)* }

        impl EventKind {
            /// Every kind, abstract ones included, in the order of the published hierarchy.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$variant,)*];

            /// The name in `events=` and, for concrete kinds, in `eventname:`.
            ///
            /// ```
            /// # use supervisor_protocol::event::EventKind;
            /// assert_eq!(EventKind::ProcessStateExited.name(), "PROCESS_STATE_EXITED");
            /// ```
            pub fn name(self) -> &'static str {
                match self { $(EventKind::$variant => $name,)* }
            }

            /// The kind directly above; the root is its own parent.
            pub fn parent(self) -> EventKind {
                match self { $(EventKind::$variant => EventKind::$parent,)* }
            }
        }

        impl FromStr for EventKind {
            type Err = UnknownEventKind;
            /// Exact, upper-case names only; `events=` upper-cases before it asks.
            fn from_str(name: &str) -> Result<Self, UnknownEventKind> {
                match name {
                    $($name => Ok(EventKind::$variant),)*
                    _ => Err(UnknownEventKind(name.to_owned())),
                }
            }
        }
    };
}

kinds! {
    Event "EVENT" Event;
    ProcessState "PROCESS_STATE" Event;
    ProcessStateStopped "PROCESS_STATE_STOPPED" ProcessState;
    ProcessStateExited "PROCESS_STATE_EXITED" ProcessState;
    ProcessStateStarting "PROCESS_STATE_STARTING" ProcessState;
    ProcessStateBackoff "PROCESS_STATE_BACKOFF" ProcessState;
    ProcessStateStopping "PROCESS_STATE_STOPPING" ProcessState;
    ProcessStateRunning "PROCESS_STATE_RUNNING" ProcessState;
    ProcessStateFatal "PROCESS_STATE_FATAL" ProcessState;
    ProcessStateUnknown "PROCESS_STATE_UNKNOWN" ProcessState;
    ProcessCommunication "PROCESS_COMMUNICATION" Event;
    ProcessCommunicationStdout "PROCESS_COMMUNICATION_STDOUT" ProcessCommunication;
    ProcessCommunicationStderr "PROCESS_COMMUNICATION_STDERR" ProcessCommunication;
    ProcessLog "PROCESS_LOG" Event;
    ProcessLogStdout "PROCESS_LOG_STDOUT" ProcessLog;
    ProcessLogStderr "PROCESS_LOG_STDERR" ProcessLog;
    RemoteCommunication "REMOTE_COMMUNICATION" Event;
    SupervisorStateChange "SUPERVISOR_STATE_CHANGE" Event;
    SupervisorStateChangeRunning "SUPERVISOR_STATE_CHANGE_RUNNING" SupervisorStateChange;
    SupervisorStateChangeStopping "SUPERVISOR_STATE_CHANGE_STOPPING" SupervisorStateChange;
    Tick "TICK" Event;
    Tick5 "TICK_5" Tick;
    Tick60 "TICK_60" Tick;
    Tick3600 "TICK_3600" Tick;
    ProcessGroup "PROCESS_GROUP" Event;
    ProcessGroupAdded "PROCESS_GROUP_ADDED" ProcessGroup;
    ProcessGroupRemoved "PROCESS_GROUP_REMOVED" ProcessGroup;
}

impl EventKind {
    /// Whether events of this kind exist on the wire (all but the seven abstract kinds).
    pub fn is_concrete(self) -> bool {
        use EventKind::*;
        !matches!(
            self,
            Event | ProcessState | ProcessCommunication | ProcessLog | SupervisorStateChange | Tick | ProcessGroup
        )
    }

    /// Whether a subscription to `self` receives events of kind `other`: itself and every descendant.
    pub fn covers(self, other: EventKind) -> bool {
        let mut kind = other;
        loop {
            if kind == self {
                return true;
            }
            let parent = kind.parent();
            if parent == kind {
                return false;
            }
            kind = parent;
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no kind of event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown event type {0:?}")]
pub struct UnknownEventKind(pub String);

/// The process an event is about. Cheap to clone: an event is shared by every subscriber.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProcessRef {
    /// Process name.
    pub process: Arc<str>,
    /// Name of its group.
    pub group: Arc<str>,
}

impl ProcessRef {
    /// A reference to process `process` of group `group`.
    pub fn new(process: &str, group: &str) -> Self {
        ProcessRef { process: process.into(), group: group.into() }
    }
}

/// One of a child's two output channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Channel {
    /// `stdout` or `stderr`, as payloads, log lines and URLs have it.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Stdout => "stdout",
            Channel::Stderr => "stderr",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A period of the tick events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TickPeriod {
    /// Every 5 seconds.
    Seconds5,
    /// Every 60 seconds.
    Seconds60,
    /// Every 3600 seconds.
    Seconds3600,
}

impl TickPeriod {
    /// All periods, shortest first: the order in which coinciding ticks are emitted (`ev_e30`).
    pub const ALL: [TickPeriod; 3] = [TickPeriod::Seconds5, TickPeriod::Seconds60, TickPeriod::Seconds3600];

    /// The period in seconds.
    pub fn seconds(self) -> u64 {
        match self {
            TickPeriod::Seconds5 => 5,
            TickPeriod::Seconds60 => 60,
            TickPeriod::Seconds3600 => 3600,
        }
    }
}

/// What a PROCESS_STATE event reports beyond the process and the state it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateChange {
    /// Before the command is looked up; `tries` failed starts so far.
    Starting {
        /// Failed starts before this attempt.
        tries: u32,
    },
    /// A start failed; `tries` includes it.
    Backoff {
        /// Failed starts, this one included.
        tries: u32,
    },
    /// Up for longer than startsecs.
    Running {
        /// The child's pid.
        pid: i32,
    },
    /// About to be signalled.
    Stopping {
        /// The child's pid.
        pid: i32,
    },
    /// Stopped on request; pid 0 when it was in BACKOFF.
    Stopped {
        /// The pid it had, 0 out of BACKOFF.
        pid: i32,
    },
    /// Ended by itself while RUNNING.
    Exited {
        /// Whether the exit code is among `exitcodes`.
        expected: bool,
        /// The pid it had.
        pid: i32,
    },
    /// Start retries exhausted.
    Fatal,
    /// The system refused to signal it.
    Unknown,
}

impl StateChange {
    /// The state that was entered.
    pub fn state(self) -> ProcessState {
        match self {
            StateChange::Starting { .. } => ProcessState::Starting,
            StateChange::Backoff { .. } => ProcessState::Backoff,
            StateChange::Running { .. } => ProcessState::Running,
            StateChange::Stopping { .. } => ProcessState::Stopping,
            StateChange::Stopped { .. } => ProcessState::Stopped,
            StateChange::Exited { .. } => ProcessState::Exited,
            StateChange::Fatal => ProcessState::Fatal,
            StateChange::Unknown => ProcessState::Unknown,
        }
    }
}

/// An event: a typed value until a subscriber needs its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// PROCESS_STATE_*
    ProcessState {
        /// Which process.
        process: ProcessRef,
        /// The state it left.
        from: ProcessState,
        /// The state it entered, with that state's facts.
        change: StateChange,
    },
    /// PROCESS_COMMUNICATION_*: captured between the tokens of [`crate::comm`].
    ProcessCommunication {
        /// Which process.
        process: ProcessRef,
        /// Its pid.
        pid: i32,
        /// On which channel.
        channel: Channel,
        /// The captured bytes, tokens excluded.
        data: Bytes,
    },
    /// PROCESS_LOG_*: one chunk as it was read.
    ProcessLog {
        /// Which process.
        process: ProcessRef,
        /// Its pid.
        pid: i32,
        /// On which channel.
        channel: Channel,
        /// The bytes of one read.
        data: Bytes,
    },
    /// REMOTE_COMMUNICATION: sent by an RPC client.
    RemoteCommunication {
        /// The client's `type` argument.
        kind: String,
        /// The client's `data` argument.
        data: String,
    },
    /// SUPERVISOR_STATE_CHANGE_RUNNING
    SupervisorRunning,
    /// SUPERVISOR_STATE_CHANGE_STOPPING
    SupervisorStopping,
    /// TICK_*
    Tick {
        /// Which period.
        period: TickPeriod,
        /// The boundary in epoch seconds, a multiple of the period.
        when: u64,
    },
    /// PROCESS_GROUP_ADDED
    GroupAdded {
        /// Group name.
        group: Arc<str>,
    },
    /// PROCESS_GROUP_REMOVED
    GroupRemoved {
        /// Group name.
        group: Arc<str>,
    },
}

impl Event {
    /// The concrete kind of this event.
    pub fn kind(&self) -> EventKind {
        match self {
            Event::ProcessState { change, .. } => match change.state() {
                ProcessState::Starting => EventKind::ProcessStateStarting,
                ProcessState::Backoff => EventKind::ProcessStateBackoff,
                ProcessState::Running => EventKind::ProcessStateRunning,
                ProcessState::Stopping => EventKind::ProcessStateStopping,
                ProcessState::Stopped => EventKind::ProcessStateStopped,
                ProcessState::Exited => EventKind::ProcessStateExited,
                ProcessState::Fatal => EventKind::ProcessStateFatal,
                ProcessState::Unknown => EventKind::ProcessStateUnknown,
            },
            Event::ProcessCommunication { channel: Channel::Stdout, .. } => EventKind::ProcessCommunicationStdout,
            Event::ProcessCommunication { channel: Channel::Stderr, .. } => EventKind::ProcessCommunicationStderr,
            Event::ProcessLog { channel: Channel::Stdout, .. } => EventKind::ProcessLogStdout,
            Event::ProcessLog { channel: Channel::Stderr, .. } => EventKind::ProcessLogStderr,
            Event::RemoteCommunication { .. } => EventKind::RemoteCommunication,
            Event::SupervisorRunning => EventKind::SupervisorStateChangeRunning,
            Event::SupervisorStopping => EventKind::SupervisorStateChangeStopping,
            Event::Tick { period: TickPeriod::Seconds5, .. } => EventKind::Tick5,
            Event::Tick { period: TickPeriod::Seconds60, .. } => EventKind::Tick60,
            Event::Tick { period: TickPeriod::Seconds3600, .. } => EventKind::Tick3600,
            Event::GroupAdded { .. } => EventKind::ProcessGroupAdded,
            Event::GroupRemoved { .. } => EventKind::ProcessGroupRemoved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_seven_names_of_which_twenty_are_concrete() {
        assert_eq!(EventKind::ALL.len(), 27);
        assert_eq!(EventKind::ALL.iter().filter(|k| k.is_concrete()).count(), 20);
        for kind in EventKind::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
        assert!("PROCESS_STATE_CHANGE".parse::<EventKind>().is_err());
        assert!("tick_5".parse::<EventKind>().is_err());
    }

    #[test]
    fn an_abstract_kind_covers_its_descendants_and_nothing_else() {
        for kind in EventKind::ALL {
            assert!(EventKind::Event.covers(*kind));
            assert!(kind.covers(*kind));
        }
        assert!(EventKind::Tick.covers(EventKind::Tick60));
        assert!(!EventKind::Tick.covers(EventKind::ProcessStateExited));
        assert!(!EventKind::Tick5.covers(EventKind::Tick));
        assert!(!EventKind::ProcessState.covers(EventKind::ProcessLogStdout));
    }
}
