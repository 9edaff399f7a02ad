//! The checks of a listener, as data: what the daemon does, and what it then waits for. Pure.
//!
//! Each check is played to a fresh process, so that one failure does not spoil the next check. Nearly all end the
//! same way: the input is closed, and what the listener says until it has ended is judged as well. That is how an
//! answer too many is found without waiting for something that should not come.

use super::events::{exited, foreign, of_each_kind, remote, wire};
use crate::check::Check;

/// One thing the daemon does, or waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Waits for `READY\n`.
    AwaitReady,
    /// Lets a moment pass in which the listener must say nothing.
    Quiet,
    /// Writes an event, or its beginning; the listener is BUSY from here on.
    Send(Vec<u8>),
    /// Writes more of the event that was begun. A listener that is gone by now is not at fault.
    SendRest(Vec<u8>),
    /// Waits for a complete result.
    AwaitResult,
    /// Sends SIGTERM.
    Terminate,
    /// Closes the listener's input, as happens when the daemon is gone.
    CloseInput,
    /// Waits for the end of the process.
    AwaitEnd(Ending),
}

/// How a process may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With status 0.
    Clean,
    /// With any status, or by a signal.
    Any,
}

/// A check of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    /// What it proves.
    pub(crate) check: Check,
    /// How.
    pub(crate) steps: Vec<Step>,
    /// Whether each byte of the input is handed over by itself, however much the listener asks for.
    pub(crate) bytewise: bool,
}

/// The size of the large payload, in bytes.
const LARGE: usize = 10_000_000;

/// All checks of a listener, in the order of a report.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![ready()];
    cases.extend(of_each_kind().iter().map(|event| {
        let name = event.kind().name();
        let check = Check::new(
            format!("kind-{}", name.to_lowercase().replace('_', "-")),
            format!("answers {name}"),
            &["ev_r02"],
        );
        case(check, [wire(event, 0)])
    }));
    cases.extend(payloads());
    cases.extend(sequences());
    cases.extend(ends());
    cases
}

fn ready() -> Case {
    use Step::*;
    let check = Check::new("ready", "says READY when it starts, once, and nothing else", &["ev_p02", "ev_p05"]);
    Case { check, steps: vec![AwaitReady, Quiet, CloseInput, AwaitEnd(Ending::Any)], bytewise: false }
}

/// Payloads that are hard to read exactly.
fn payloads() -> Vec<Case> {
    let tick = &of_each_kind()[..1];
    let then = |event: Vec<u8>| [event, tick.iter().flat_map(|event| wire(event, 1)).collect()];
    // Whoever counts bytes leaves the line feeds in the pipe, and then takes them for header lines.
    let accents = remote("note", "déjà vu: naïve café, 10 €\n\n\n\n\n\n\n\n");
    let crabs = remote("note", "🦀🦀🦀🦀\n\n\n\n\n\n\n\n\n\n\n\n");
    let posing =
        remote("note", "first\n\nver:3.0 server:x serial:9 pool:x poolserial:9 eventname:TICK_5 len:3\nREADY\n");
    let line = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789ABCDE\n";
    let large = remote("bulk", &line.repeat(LARGE / line.len()));
    let bytes = remote("note", "one by one: ü €\nend");
    vec![
        case(
            Check::new("payload-ascii", "reads an ASCII payload of several lines, and the event after it", &["ev_e07"]),
            then(wire(&remote("note", "one\ntwo\n\nfour"), 0)),
        ),
        case(
            Check::new("payload-non-ascii", "reads len as characters, not bytes", &["ev_e07"]),
            then(wire(&accents, 0)),
        ),
        case(
            Check::new("payload-astral", "counts characters beyond U+FFFF as one each", &["ev_e07"]),
            then(wire(&crabs, 0)),
        ),
        case(
            Check::new("names-non-ascii", "reads process names that are not ASCII", &["ev_e07"]),
            then(wire(&exited("größe€"), 0)),
        ),
        case(
            Check::new(
                "payload-posing",
                "takes the payload by its length, even if it looks like the protocol",
                &["ev_e14"],
            ),
            then(wire(&posing, 0)),
        ),
        Case {
            bytewise: true,
            ..case(
                Check::new("single-bytes", "waits for the rest when input comes byte by byte", &["ev_r02"]),
                then(wire(&bytes, 0)),
            )
        },
        case(
            Check::new("payload-10mb", "reads a payload of 10 MB before it answers", &["ev_p15"]),
            then(wire(&large, 0)),
        ),
    ]
}

/// Events that a daemon rarely sends, and several in a row.
fn sequences() -> Vec<Case> {
    let each = of_each_kind();
    let exit = exited("web");
    let row = |events: &[_]| -> Vec<Vec<u8>> { (0..).zip(events).map(|(serial, event)| wire(event, serial)).collect() };
    vec![
        case(
            Check::new("unknown-event", "answers an event whose name it has never heard", &["ev_r04"]),
            [foreign("PROCESS_DREAMT", "", "processname:web groupname:web sheep:3", 0), wire(&exit, 1)],
        ),
        case(
            Check::new("unknown-token", "ignores tokens that later versions may add", &["ev_r04"]),
            [
                foreign("TICK_5", " bytelen:15", "when:1795344880", 0),
                foreign(
                    "PROCESS_STATE_EXITED",
                    "",
                    "processname:web groupname:web from_state:RUNNING expected:0 pid:2766 signal:9",
                    1,
                ),
            ],
        ),
        case(
            Check::new("duplicate", "answers an event that comes again with the same numbers", &["ev_r04", "ev_p17"]),
            [wire(&exit, 4), wire(&exit, 4)],
        ),
        case(
            Check::new("two-in-a-row", "asks for the next event by itself", &["ev_p02"]),
            row(&[exit.clone(), exit.clone()]),
        ),
        case(
            Check::new("all-in-a-row", "answers one event of each kind, one after the other", &["ev_r02"]),
            row(&each),
        ),
    ]
}

/// The ways it ends.
fn ends() -> Vec<Case> {
    use Step::*;
    let event = wire(&exited("web"), 0);
    let (first, rest) = event.split_at(event.len() - 9);
    let plain = |check, steps| Case { check, steps, bytewise: false };
    vec![
        plain(
            Check::new("term-idle", "ends at SIGTERM while it waits", &["ev_l22"]),
            vec![AwaitReady, Terminate, AwaitEnd(Ending::Any)],
        ),
        plain(
            Check::new(
                "term-busy",
                "ends at SIGTERM in the middle of an event, without breaking the protocol",
                &["ev_p29"],
            ),
            vec![AwaitReady, Send(first.to_vec()), Terminate, SendRest(rest.to_vec()), AwaitEnd(Ending::Any)],
        ),
        plain(
            Check::new("eof", "ends with status 0 when the daemon is gone", &["ev_p25", "ev_r05"]),
            vec![AwaitReady, CloseInput, AwaitEnd(Ending::Clean)],
        ),
        plain(
            Check::new("eof-after-event", "ends with status 0 also when it has worked", &["ev_p25", "ev_r05"]),
            vec![AwaitReady, Send(event.clone()), AwaitResult, AwaitReady, CloseInput, AwaitEnd(Ending::Clean)],
        ),
        plain(
            Check::new("eof-in-payload", "ends when the daemon vanishes in the middle of an event", &["ev_p25"]),
            vec![AwaitReady, Send(first.to_vec()), CloseInput, AwaitEnd(Ending::Any)],
        ),
    ]
}

/// The usual course: READY, then each event is answered and followed by READY; then the end.
fn case(check: Check, events: impl IntoIterator<Item = Vec<u8>>) -> Case {
    let mut steps = vec![Step::AwaitReady];
    for event in events {
        steps.extend([Step::Send(event), Step::AwaitResult, Step::AwaitReady]);
    }
    steps.extend([Step::CloseInput, Step::AwaitEnd(Ending::Any)]);
    Case { check, steps, bytewise: false }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_check_sees_the_listener_end() {
        let cases = cases();
        let names: BTreeSet<&str> = cases.iter().map(|case| case.check.name.as_str()).collect();
        assert_eq!(names.len(), cases.len());
        assert_eq!(names.iter().filter(|name| name.starts_with("kind-")).count(), 20);
        for case in &cases {
            assert_eq!(case.steps.first(), Some(&Step::AwaitReady), "{}", case.check.name);
            assert!(matches!(case.steps.last(), Some(Step::AwaitEnd(_))), "{}", case.check.name);
        }
    }

    #[test]
    fn the_large_payload_is_large() {
        let case = cases().into_iter().find(|case| case.check.name == "payload-10mb").unwrap();
        let Step::Send(event) = &case.steps[1] else { panic!("{:?}", case.steps.len()) };
        assert!(event.len() > 9_999_000, "{}", event.len());
    }
}
