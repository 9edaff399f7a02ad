//! How a child ended, and the names of signals.

use std::fmt;

/// How a child ended, as `waitpid` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// It exited with this code.
    Code(i32),
    /// A signal ended it.
    Signal {
        /// The signal's number.
        signal: i32,
        /// It left a core file.
        core: bool,
    },
    /// A wait status that is neither.
    Other(i32),
}

impl Death {
    /// The exit code as `exitcodes` and clients count it: -1 for anything but an exit.
    pub fn code(self) -> i32 {
        match self {
            Death::Code(code) => code,
            Death::Signal { .. } | Death::Other(_) => -1,
        }
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Death::Code(code) => write!(f, "exit status {code}"),
            Death::Signal { signal, core } => {
                write!(f, "terminated by {}{}", signal_name(signal), if core { " (core dumped)" } else { "" })
            }
            Death::Other(status) => write!(f, "unknown termination cause 0x{status:04x}"),
        }
    }
}

/// The name of a signal as messages show it: the platform's, where two share a number SIGCHLD, SIGABRT and
/// SIGPOLL; `signal N` for numbers without one.
pub(super) fn signal_name(signal: i32) -> String {
    match signal {
        29 => "SIGPOLL".to_owned(),
        34 => "SIGRTMIN".to_owned(),
        64 => "SIGRTMAX".to_owned(),
        _ => match nix::sys::signal::Signal::try_from(signal) {
            Ok(known) => known.as_str().to_owned(),
            Err(_) => format!("signal {signal}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deaths_are_told_as_the_log_has_them() {
        assert_eq!(Death::Code(3).to_string(), "exit status 3");
        assert_eq!(Death::Signal { signal: 11, core: true }.to_string(), "terminated by SIGSEGV (core dumped)");
        assert_eq!(Death::Other(0x7f).to_string(), "unknown termination cause 0x007f");
        assert_eq!(Death::Signal { signal: 9, core: false }.code(), -1);
    }

    #[test]
    fn of_two_names_the_usual_one_is_shown() {
        assert_eq!(signal_name(1), "SIGHUP");
        assert_eq!(signal_name(6), "SIGABRT");
        assert_eq!(signal_name(40), "signal 40");
    }
}
