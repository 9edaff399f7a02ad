//! Which process exceeds its limit, and every text that says so.
//!
//! Pure. The texts are superlance's (contract ids `ev_s03` to `ev_s08` and `ev_s24`). The rules are its
//! documented ones: a process is checked against the limit of its name, of `group:name`, of its group and of
//! all processes, in this order, and the first one it exceeds ends the check. So a process is restarted once
//! in a tick, although it may break several rules.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

/// Limits in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Limits {
    /// By `name` (in any group) or `group:name`.
    pub(crate) programs: BTreeMap<String, i64>,
    /// By group name.
    pub(crate) groups: BTreeMap<String, i64>,
    /// For every process.
    pub(crate) any: Option<i64>,
}

/// The outcome of checking one process.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// One line `RSS of GROUP:NAME is BYTES` for each limit it was compared with.
    pub(crate) lines: String,
    /// Whether it exceeds the last of them.
    pub(crate) exceeds: bool,
}

impl Limits {
    /// What a tick begins with: a line for each kind of limit, an empty line if there is none.
    pub(crate) fn status(&self) -> String {
        let list = |limits: &BTreeMap<String, i64>| {
            limits.iter().map(|(name, bytes)| format!("{name}={bytes}")).collect::<Vec<_>>().join(", ")
        };
        let mut lines = Vec::new();
        if !self.programs.is_empty() {
            lines.push(format!("Checking programs {}", list(&self.programs)));
        }
        if !self.groups.is_empty() {
            lines.push(format!("Checking groups {}", list(&self.groups)));
        }
        if let Some(bytes) = self.any {
            lines.push(format!("Checking any={bytes}"));
        }
        lines.join("\n") + "\n"
    }

    /// Compares a process that occupies `rss` bytes with the limits that concern it.
    pub(crate) fn check(&self, group: &str, name: &str, rss: i64) -> Verdict {
        let full_name = full_name(group, name);
        let of_program = [name, full_name.as_str()].into_iter().filter_map(|name| self.programs.get(name));
        let limits = of_program.chain(self.groups.get(group)).chain(&self.any);
        let mut verdict = Verdict { lines: String::new(), exceeds: false };
        for limit in limits {
            // Writing to a String cannot fail.
            let _ = writeln!(verdict.lines, "RSS of {full_name} is {rss}");
            if rss > *limit {
                verdict.exceeds = true;
                break;
            }
        }
        verdict
    }
}

/// `GROUP:NAME`, also when both are equal.
pub(crate) fn full_name(group: &str, name: &str) -> String {
    format!("{group}:{name}")
}

/// A text and the mail about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Without the prefix of [`subject`].
    pub(crate) subject: String,
    /// The body; for failures also the log line.
    pub(crate) text: String,
}

/// `memmon: TEXT`, or with a tag `memmon [TAG]: TEXT`.
pub(crate) fn subject(tag: Option<&str>, text: &str) -> String {
    match tag {
        None => format!("memmon: {text}"),
        Some(tag) => format!("memmon [{tag}]: {text}"),
    }
}

/// A process was restarted; `when` is C's asctime with the zone.
pub(crate) fn restarted(name: &str, when: &str, rss: i64) -> Message {
    Message {
        subject: format!("process {name} restarted"),
        text: format!(
            "memmon.py restarted the process named {name} at {when} because it was consuming too much memory \
             ({rss} bytes RSS)"
        ),
    }
}

/// A process could not be stopped.
pub(crate) fn stop_failed(name: &str, rss: i64, error: &impl Display) -> Message {
    Message {
        subject: format!("failed to stop process {name}, will try again at the next tick"),
        text: format!("Failed to stop process {name} (RSS {rss}): {error}, will try again at the next tick"),
    }
}

/// A process was stopped and could not be started.
pub(crate) fn start_failed(name: &str, error: &impl Display) -> Message {
    Message {
        subject: format!("failed to start process {name}, will try again at the next tick"),
        text: format!("Failed to start process {name} after stopping it: {error}, will try again at the next tick"),
    }
}

/// Whether a restart after this uptime (both in seconds) is worth a mail; the limit itself is.
pub(crate) fn is_worth_a_mail(uptime: i64, limit: Option<i64>) -> bool {
    limit.is_none_or(|limit| uptime <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use supervisor_protocol::xmlrpc::{Fault, FaultCode};

    fn limits(programs: &[(&str, i64)], groups: &[(&str, i64)], any: Option<i64>) -> Limits {
        let map = |pairs: &[(&str, i64)]| pairs.iter().map(|(name, bytes)| ((*name).to_owned(), *bytes)).collect();
        Limits { programs: map(programs), groups: map(groups), any }
    }

    #[test]
    fn a_tick_begins_with_the_limits() {
        let all = limits(&[("b", 2), ("a", 1)], &[("g", 3)], Some(4));
        assert_eq!(all.status(), "Checking programs a=1, b=2\nChecking groups g=3\nChecking any=4\n");
        assert_eq!(Limits::default().status(), "\n");
    }

    #[test]
    fn a_limit_is_exceeded_strictly() {
        let any = limits(&[], &[], Some(1024));
        assert_eq!(any.check("g", "n", 1024), Verdict { lines: "RSS of g:n is 1024\n".into(), exceeds: false });
        assert_eq!(any.check("foo", "foo", 1025), Verdict { lines: "RSS of foo:foo is 1025\n".into(), exceeds: true });
    }

    #[test]
    fn each_rule_concerns_its_processes() {
        let rules = limits(&[("plain", 10), ("g:full", 10)], &[("grp", 10)], None);
        for (group, name, is_checked) in [
            ("a", "plain", true),
            ("b", "plain", true),
            ("g", "full", true),
            ("h", "full", false),
            ("grp", "x", true),
            ("other", "x", false),
        ] {
            assert_eq!(rules.check(group, name, 11).exceeds, is_checked, "{group}:{name}");
            assert_eq!(rules.check(group, name, 5).lines.is_empty(), !is_checked, "{group}:{name}");
        }
    }

    #[test]
    fn the_first_exceeded_rule_ends_the_check() {
        let rules = limits(&[("n", 100), ("g:n", 50)], &[("g", 20)], Some(1));
        let line = "RSS of g:n is 70\n";
        assert_eq!(rules.check("g", "n", 70), Verdict { lines: line.repeat(2), exceeds: true });
        let line = "RSS of g:n is 30\n";
        assert_eq!(rules.check("g", "n", 30), Verdict { lines: line.repeat(3), exceeds: true });
        let line = "RSS of g:n is 1\n";
        assert_eq!(rules.check("g", "n", 1), Verdict { lines: line.repeat(4), exceeds: false });
    }

    #[test]
    fn texts_are_superlances() {
        assert_eq!(subject(None, "x"), "memmon: x");
        assert_eq!(subject(Some("p1"), "x"), "memmon [p1]: x");
        let message = restarted("g:n", "Sun Nov 22 11:02:37 2026 UTC", 40_542_208);
        assert_eq!(message.subject, "process g:n restarted");
        assert_eq!(
            message.text,
            "memmon.py restarted the process named g:n at Sun Nov 22 11:02:37 2026 UTC because it was consuming too \
             much memory (40542208 bytes RSS)"
        );
    }

    #[test]
    fn failures_are_not_final() {
        let fault = Fault::new(FaultCode::NotRunning, Some("g:n"));
        let message = stop_failed("g:n", 7, &fault);
        assert_eq!(
            message.text,
            "Failed to stop process g:n (RSS 7): <Fault 70: 'NOT_RUNNING: g:n'>, will try again at the next tick"
        );
        assert_eq!(message.subject, "failed to stop process g:n, will try again at the next tick");
        let message = start_failed("g:n", &fault);
        assert_eq!(
            message.text,
            "Failed to start process g:n after stopping it: <Fault 70: 'NOT_RUNNING: g:n'>, will try again at the \
             next tick"
        );
    }

    #[test]
    fn only_young_processes_are_mailed_about() {
        assert!(is_worth_a_mail(60, Some(60)));
        assert!(!is_worth_a_mail(61, Some(60)));
        assert!(is_worth_a_mail(i64::MAX, None));
    }
}
