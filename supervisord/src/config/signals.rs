//! The signal names of Python's `signal` module on Linux, which `stopsignal=` accepts.
//!
//! The constants `SIG_DFL`, `SIG_IGN`, `SIG_BLOCK`, … are names of that module too and pass by accident, as
//! does the number 0. Configurations with them start today, so they start here (contract Q19).

/// Name without `SIG`, and number.
const NAMES: &[(&str, i32)] = &[
    ("ABRT", 6),
    ("ALRM", 14),
    ("BUS", 7),
    ("CHLD", 17),
    ("CLD", 17),
    ("CONT", 18),
    ("FPE", 8),
    ("HUP", 1),
    ("ILL", 4),
    ("INT", 2),
    ("IO", 29),
    ("IOT", 6),
    ("KILL", 9),
    ("PIPE", 13),
    ("POLL", 29),
    ("PROF", 27),
    ("PWR", 30),
    ("QUIT", 3),
    ("RTMAX", 64),
    ("RTMIN", 34),
    ("SEGV", 11),
    ("STKFLT", 16),
    ("STOP", 19),
    ("SYS", 31),
    ("TERM", 15),
    ("TRAP", 5),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("USR1", 10),
    ("USR2", 12),
    ("VTALRM", 26),
    ("WINCH", 28),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("_BLOCK", 0),
    ("_DFL", 0),
    ("_IGN", 1),
    ("_SETMASK", 2),
    ("_UNBLOCK", 1),
];

/// The number of a signal by its upper-case name, with or without `SIG`.
pub fn number(name: &str) -> Option<i32> {
    let name = name.strip_prefix("SIG").unwrap_or(name);
    NAMES.iter().find(|(known, _)| *known == name).map(|&(_, number)| number)
}

/// Whether a number is one of a signal (or 0).
pub fn is_known(number: i64) -> bool {
    NAMES.iter().any(|&(_, known)| i64::from(known) == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_linux() {
        let known: Vec<i64> = (-1..=70).filter(|&number| is_known(number)).collect();
        assert_eq!(known, (0..=31).chain([34, 64]).collect::<Vec<i64>>());
        assert_eq!(number("SIGTERM"), Some(libc::SIGTERM));
        assert_eq!(number("USR2"), Some(libc::SIGUSR2));
        assert_eq!(number("SIG_DFL"), Some(0));
        assert_eq!(number("SIGSIGTERM"), None);
        assert_eq!(number("SIGRTMIN+1"), None);
    }
}
