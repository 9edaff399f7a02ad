//! What a check is, and what came of it: plain data, for both halves of the kit.
//!
//! A check has a name to ask for it by, a sentence that it proves, and the ids of the contract that say so. How
//! it is carried out is another matter: `listener/` and `daemon/` have tables of their own that begin with one.

/// Something a listener or a daemon must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// The name for `--only`: lower case, words joined by `-`, unique within its half.
    pub(crate) name: String,
    /// What a pass shows, as a sentence without a subject: `says READY, once`.
    pub(crate) proves: String,
    /// Ids of the contract, such as `ev_p02`.
    pub(crate) contract: &'static [&'static str],
}

impl Check {
    /// A check.
    pub(crate) fn new(name: impl Into<String>, proves: impl Into<String>, contract: &'static [&'static str]) -> Check {
        Check { name: name.into(), proves: proves.into(), contract }
    }
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It holds; perhaps with something worth saying all the same.
    Pass {
        /// A sentence for the reader.
        note: Option<String>,
    },
    /// It does not.
    Fail {
        /// Why, in words for the author of the listener or the daemon.
        reason: String,
        /// What the program said on its standard error, the end of it; may be empty.
        stderr: String,
    },
}

impl Verdict {
    /// A pass without remarks, or a failure for this reason.
    pub(crate) fn of(result: Result<(), String>) -> Verdict {
        match result {
            Ok(()) => Verdict::Pass { note: None },
            Err(reason) => Verdict::Fail { reason, stderr: String::new() },
        }
    }

    /// Whether the check holds.
    pub(crate) fn is_pass(&self) -> bool {
        matches!(self, Verdict::Pass { .. })
    }
}
