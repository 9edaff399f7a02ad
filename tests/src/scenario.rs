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

use crate::{Daemon, Event, Subject, ids, redact};

/// A scenario: the name of its golden file and its script, which yields nothing where it cannot be played.
pub type Scenario = (&'static str, fn(&Subject) -> Option<String>);

/// All scenarios.
pub const ALL: &[Scenario] = &[
    ("events-states", |subject| Some(events::states(subject))),
    ("events-output", |subject| Some(events::output(subject))),
    ("events-groups", |subject| Some(events::groups(subject))),
    ("events-remote", |subject| Some(events::remote(subject))),
    ("events-shutdown", |subject| Some(events::shutdown(subject))),
    ("events-ticks", events::ticks),
    ("events-unknown", events::unknown),
    ("xmlrpc-bodies", |subject| Some(control::bodies(subject))),
    ("supervisorctl", |subject| Some(control::commands(subject))),
    ("supervisorctl-help", |subject| Some(control::help(subject))),
    ("log-processes", |subject| Some(lines::processes(subject))),
    ("log-listener", |subject| Some(lines::listener(subject))),
    ("usage", |subject| Some(control::usage(subject))),
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
    let events: Vec<_> = events.into_iter().filter(|event| !event.name().starts_with("TICK")).collect();
    transcript_of(daemon, &events)
}

fn transcript_of(daemon: &Daemon, events: &[Event]) -> String {
    events.iter().map(|event| format!("{}\n\n", redact::envelope(event, daemon.dir(), daemon.port()))).collect()
}
