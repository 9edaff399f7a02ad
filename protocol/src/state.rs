//! The states of processes, of the daemon and of listeners, with Supervisor's names and codes.

use std::fmt;

macro_rules! states {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $type { $($(#[$vdoc])* $variant,)* }

        impl $type {
            /// Every state.
            pub const ALL: &'static [$type] = &[$($type::$variant,)*];

            /// The number clients see.
            pub fn code(self) -> i32 {
                match self { $($type::$variant => $code,)* }
            }

            /// The upper-case name users see.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name,)* }
            }

            /// The state with this number.
            pub fn from_code(code: i32) -> Option<Self> {
                match code { $($code => Some($type::$variant),)* _ => None }
            }

            /// The state with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some($type::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

states! {
    /// The state of a supervised process: <http://supervisord.org/subprocess.html#process-states>.
    ProcessState {
        /// Stopped on request, or never started.
        Stopped = 0 "STOPPED",
        /// Started, not yet up for longer than startsecs.
        Starting = 10 "STARTING",
        /// Up.
        Running = 20 "RUNNING",
        /// A start failed, another will be tried.
        Backoff = 30 "BACKOFF",
        /// Signalled to stop.
        Stopping = 40 "STOPPING",
        /// Ended by itself.
        Exited = 100 "EXITED",
        /// Could not be started.
        Fatal = 200 "FATAL",
        /// The system refused to signal it.
        Unknown = 1000 "UNKNOWN",
    }
}

/// STOPPED, as a process that was never started is.
impl Default for ProcessState {
    fn default() -> ProcessState {
        ProcessState::Stopped
    }
}

impl ProcessState {
    /// Nothing runs and nothing will be tried: STOPPED, EXITED, FATAL, UNKNOWN.
    pub fn is_stopped(self) -> bool {
        use ProcessState::*;
        match self {
            Stopped | Exited | Fatal | Unknown => true,
            Starting | Running | Backoff | Stopping => false,
        }
    }

    /// Counts as running for start and stop requests: RUNNING, BACKOFF, STARTING.
    pub fn is_running(self) -> bool {
        use ProcessState::*;
        match self {
            Starting | Running | Backoff => true,
            Stopped | Stopping | Exited | Fatal | Unknown => false,
        }
    }

    /// A signal can be sent: RUNNING, STARTING, STOPPING.
    pub fn is_signallable(self) -> bool {
        use ProcessState::*;
        match self {
            Starting | Running | Stopping => true,
            Stopped | Backoff | Exited | Fatal | Unknown => false,
        }
    }
}

states! {
    /// The state of the daemon (`getState`).
    SupervisorState {
        /// Never used.
        Fatal = 2 "FATAL",
        /// Normal work.
        Running = 1 "RUNNING",
        /// Stopping everything in order to start again.
        Restarting = 0 "RESTARTING",
        /// Stopping everything in order to exit.
        Shutdown = -1 "SHUTDOWN",
    }
}

states! {
    /// The state of an event listener's protocol session.
    ListenerState {
        /// Ready for an event.
        Ready = 10 "READY",
        /// Working on an event.
        Busy = 20 "BUSY",
        /// Has not said READY since it started or since its last result.
        Acknowledged = 30 "ACKNOWLEDGED",
        /// Violated the protocol; gets no more events until it is restarted.
        Unknown = 40 "UNKNOWN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_inverse() {
        for state in ProcessState::ALL {
            assert_eq!(ProcessState::from_code(state.code()), Some(*state));
            assert_eq!(ProcessState::from_name(state.name()), Some(*state));
        }
        assert_eq!(ProcessState::Unknown.code(), 1000);
        assert_eq!(SupervisorState::Shutdown.code(), -1);
        assert_eq!(ListenerState::Acknowledged.code(), 30);
    }

    #[test]
    fn only_stopping_is_neither_stopped_nor_running() {
        for state in ProcessState::ALL {
            assert_eq!(!state.is_stopped() && !state.is_running(), *state == ProcessState::Stopping);
        }
    }
}
