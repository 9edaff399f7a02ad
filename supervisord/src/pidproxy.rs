//! What `pidproxy` decides: its command line, which process a pid file names, which signals it passes on.
//!
//! A daemon that puts itself into the background leaves nothing to supervise but a pid file. `pidproxy` starts it,
//! stays in the foreground in its place, and passes on the signals that come from supervisord. Contract: appendix B.
//! `src/bin/pidproxy.rs` does the deeds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use supervisor_protocol::ini::paths;
use supervisor_protocol::text::int;

/// What is passed on, in the order in which signals that wait at the same time are taken.
pub const FORWARDED: [Signal; 6] =
    [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGTERM];

/// Whether a signal, once passed on, ends `pidproxy` too. It does not wait for the process to die.
pub fn is_last(signal: Signal) -> bool {
    matches!(signal, Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT)
}

/// A command line: `pidproxy PIDFILE COMMAND [ARGUMENT...]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The pid file, read at each signal.
    pub pid_file: OsString,
    /// The program. It is not searched for: without a slash it is in the current directory.
    pub command: OsString,
    /// What the program gets after its name.
    pub arguments: Vec<OsString>,
}

impl Invocation {
    /// Reads the words after the program's name; `None` if they are too few. Nothing is an option.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut words = words.into_iter();
        Some(Invocation { pid_file: words.next()?, command: words.next()?, arguments: words.collect() })
    }

    /// The file to execute, where `cwd` is the current directory; `..` is removed textually.
    pub fn program(&self, cwd: &Path) -> PathBuf {
        match self.command.to_str() {
            Some(command) => paths::absolute(cwd, command),
            None => cwd.join(&self.command),
        }
    }
}

/// The text for a command line that is too short; `prog` is the path of the program.
pub fn usage(prog: &str) -> String {
    format!(
        "pidproxy -- run a command, and pass signals on to the process that its pid file names.\n\n\
         The command is started and waited for. Each TERM, HUP, INT, USR1, USR2 and QUIT goes to the process whose\n\
         id the pid file holds at that moment.\n\n\
         Usage: {prog} <pidfile name> <command> [<cmdarg1> ...]\n\n"
    )
}

/// The process that the bytes of a pid file name: a decimal number, blanks around it allowed.
///
/// Zero and negative numbers are refused. To `kill` they mean a group of processes, or all of them, and to the
/// original as well.
pub fn target(content: &[u8]) -> Option<Pid> {
    let number = int(std::str::from_utf8(content).ok()?, 10)?;
    i32::try_from(number).ok().filter(|&pid| pid > 0).map(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Option<Invocation> {
        Invocation::parse(words.iter().map(OsString::from))
    }

    #[test]
    fn two_words_are_needed_and_options_are_not_known() {
        assert_eq!((parse(&[]), parse(&["p"])), (None, None));
        let expected = Invocation { pid_file: "-h".into(), command: "c".into(), arguments: vec!["-v".into()] };
        assert_eq!(parse(&["-h", "c", "-v"]), Some(expected));
    }

    #[test]
    fn the_program_is_not_searched_for() {
        for (command, expected) in [("cat", "/w/cat"), ("a/../../b", "/b"), ("/bin/../bin/cat", "/bin/cat")] {
            assert_eq!(parse(&["p", command]).unwrap().program(Path::new("/w")), Path::new(expected));
        }
    }

    #[test]
    fn the_usage_has_the_originals_line() {
        assert!(usage("/bin/p").ends_with("\nUsage: /bin/p <pidfile name> <command> [<cmdarg1> ...]\n\n"));
    }

    #[test]
    fn pid_files() {
        for (content, expected) in [
            (&b"12\n"[..], Some(12)),
            (b" \t12 \n\n", Some(12)),
            (b"+1_2", Some(12)),
            (b"2147483647", Some(i32::MAX)),
            (b"", None),
            (b"12 13", None),
            (b"x", None),
            (b"12\xff", None),
            (b"0", None),
            (b"-1", None),
            (b"2147483648", None),
            (b"4294967297", None),
            (b"99999999999999999999999", None),
        ] {
            assert_eq!(target(content), expected.map(Pid::from_raw), "{content:?}");
        }
    }

    #[test]
    fn three_signals_end_it() {
        let last: Vec<Signal> = FORWARDED.into_iter().filter(|&signal| is_last(signal)).collect();
        assert_eq!(last, [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM]);
        assert!(FORWARDED.is_sorted_by_key(|&signal| signal as i32));
    }
}
