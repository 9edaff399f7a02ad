//! Fixed scenarios whose transcripts are golden. Each plays the same script on a set of programs and returns what was
//! seen, redacted; `golden` writes that of the original into `tests/golden/`, and the tests compare that of the set
//! under test by byte.
//!
//! A scenario controls every race: it waits for each step to have happened before the next, so that two runs differ
//! only in what the table of redactions covers.

mod control;
mod events;
mod lines;

pub use control::commands_of;

use std::path::PathBuf;

use crate::{Daemon, Subject, ids, redact};

/// A scenario: the name of its golden file and its script.
pub type Scenario = (&'static str, fn(&Subject) -> String);

/// All scenarios.
pub const ALL: &[Scenario] = &[
    ("events-states", events::states),
    ("events-output", events::output),
    ("events-groups", events::groups),
    ("events-remote", events::remote),
    ("events-shutdown", events::shutdown),
    ("xmlrpc-bodies", control::bodies),
    ("supervisorctl", control::commands),
    ("supervisorctl-help", control::help),
    ("log-processes", lines::processes),
    ("log-listener", lines::listener),
    ("usage", control::usage),
];

/// Where a golden file lies.
pub fn file(name: &str) -> PathBuf {
    ids::home().join("golden").join(format!("{name}.txt"))
}

/// A text without what varies.
fn redacted(daemon: &Daemon, text: &str) -> String {
    redact::redact(text, daemon.dir(), daemon.port())
}

/// The events a listener has read, redacted, each followed by an empty line. `\n` at the end of a payload shows as a
/// line end of its own.
fn transcript(daemon: &Daemon, listener: &str) -> String {
    let events = daemon.events(listener);
    let events = events.iter().filter(|event| !event.name().starts_with("TICK"));
    events.map(|event| format!("{}\n\n", redact::envelope(event, daemon.dir(), daemon.port()))).collect()
}
