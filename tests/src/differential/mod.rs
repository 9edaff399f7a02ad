//! The differential test: the original and ours side by side, on the same configuration and the same script of calls.
//!
//! A *case* is data under `tests/differential`: a configuration that starts (`configs/`), or something that is refused
//! (`refused/`). Each is played once on either set of programs, in a directory and on a port of its own; what was seen
//! is a list of *aspects*, each a text with everything masked that varies between two runs ([`mask`]). Two lists are
//! compared line by line ([`compare`]). What differs must be written down in `documented.txt`, line for line, with the
//! row of `docs/compatibility.md` it belongs to ([`documented`]); what is written down must still differ.
//!
//! Nothing here says what is right. The original does, at the moment of the test.

pub mod cases;
pub mod compare;
pub mod documented;
pub mod lateness;
pub mod logs;
pub mod mask;
pub mod play;
pub mod pool;
pub mod refuse;
pub mod refused;
pub mod values;

use std::collections::BTreeMap;

/// What was seen of one side: aspect → text.
pub type Aspects = BTreeMap<String, String>;

/// Everything seen of one side of a case.
#[derive(Debug, Default)]
pub struct Seen {
    /// What is compared by line.
    pub aspects: Aspects,
    /// When states were reached at the start, in milliseconds after `supervisord started`.
    pub times: BTreeMap<String, u64>,
}

/// Where the data lies.
pub fn home() -> std::path::PathBuf {
    crate::ids::home().join("differential")
}
