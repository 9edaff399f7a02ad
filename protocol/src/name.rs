//! Names as users type them: `process`, `group:process`, `group:*`.

use std::fmt;

/// A name that a request refers to: one process, or every process of a group.
///
/// The text is split at the first colon; without one it names the process of the group of the same name.
/// `group:` and `group:*` mean the whole group. Source: control methods of Supervisor's XML-RPC API
/// (<http://supervisord.org/api.html>), contract id `ctl_x13`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Namespec {
    /// One process.
    Process {
        /// Group name.
        group: String,
        /// Process name.
        process: String,
    },
    /// Every process of a group.
    Group(String),
}

impl Namespec {
    /// Splits a name; every text is a namespec.
    ///
    /// ```
    /// use supervisor_protocol::name::Namespec;
    /// assert_eq!(Namespec::parse("web:*"), Namespec::Group("web".into()));
    /// assert_eq!(Namespec::parse("cat"), Namespec::process("cat", "cat"));
    /// assert_eq!(Namespec::parse("a:b:c"), Namespec::process("a", "b:c"));
    /// ```
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            None => Namespec::process(text, text),
            Some((group, "" | "*")) => Namespec::Group(group.to_owned()),
            Some((group, process)) => Namespec::process(group, process),
        }
    }

    /// The namespec of one process.
    pub fn process(group: &str, process: &str) -> Self {
        Namespec::Process { group: group.to_owned(), process: process.to_owned() }
    }

    /// The group it names or that the named process belongs to.
    pub fn group(&self) -> &str {
        match self {
            Namespec::Process { group, .. } => group,
            Namespec::Group(group) => group,
        }
    }
}

impl fmt::Display for Namespec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Namespec::Process { group, process } => f.write_str(&join(group, process)),
            Namespec::Group(group) => write!(f, "{group}:*"),
        }
    }
}

/// The name of a process in every output: `process` when it equals its group, else `group:process`.
pub fn join(group: &str, process: &str) -> String {
    if group == process { process.to_owned() } else { format!("{group}:{process}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsing_and_joining_agree() {
        for (text, expected) in [
            ("cat", Namespec::process("cat", "cat")),
            ("g:p", Namespec::process("g", "p")),
            ("g:", Namespec::Group("g".into())),
            ("g:*", Namespec::Group("g".into())),
            (":", Namespec::Group("".into())),
            ("", Namespec::process("", "")),
            ("a:b:c", Namespec::process("a", "b:c")),
        ] {
            assert_eq!(Namespec::parse(text), expected);
        }
        assert_eq!(join("g", "p"), "g:p");
        assert_eq!(join("p", "p"), "p");
        assert_eq!(Namespec::parse("g:").to_string(), "g:*");
    }
}
