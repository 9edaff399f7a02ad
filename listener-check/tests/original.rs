//! The kit on programs it did not build: Supervisor 4.3.0 and superlance 2.0.0 pass both halves, save for the defects
//! that are known of them, and ours pass everything.
//!
//! `SUPERVISOR_ORIGINAL_DIR` and `SUPERVISOR_BIN_DIR` say where the programs are.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use support::{Outcome, directory, kit, outcome};

/// What the original's daemon fails, and why.
const DAEMON_DEFECTS: &[&str] = &[
    // ev_p14: a negative length is recursed on until that fails; the listener hangs.
    "negative-length",
    // ev_p21: a full pipe raises EAGAIN out of the main loop, and the daemon dies.
    "blind-listener",
    // ev_l11: who put an event back is told by its priority, not by its identity.
    "pool-rejection",
    // ev_l12: an event is accepted once for each name that matches.
    "pool-overlap",
    // ev_l21: pools are stopped without being drained.
    "stop-last-word",
];

/// What every listener of superlance fails: the end of its input is a traceback and status 1 (`ev_r05`).
const LISTENER_DEFECTS: &[&str] = &["eof", "eof-after-event"];

/// The listeners that both sets have, each with a command line that makes it act. The mail command reads its mail, so
/// that nobody writes into a closed pipe, and prints nothing, because the original lets it print into the protocol.
const LISTENERS: &[&[&str]] = &[
    &["memmon", "-p", "web=1", "-m", "ops@example.com", "-s", "cat >/dev/null"],
    &["httpok", "-p", "web", "-m", "ops@example.com", "-s", "cat >/dev/null", "-t", "2", "http://127.0.0.1:1/"],
    &["crashmail", "-m", "ops@example.com", "-s", "cat >/dev/null"],
];

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn daemon(dir: &Path) -> Outcome {
    // Python's order of sets depends on it, and with that whether the original takes a new order for a change (ev_l16).
    outcome(kit().args(["--timeout", "20", "--daemon"]).arg(dir.join("supervisord")).env("PYTHONHASHSEED", "0"))
}

fn listener(dir: &Path, command: &[&str]) -> Outcome {
    let (name, arguments) = command.split_first().unwrap();
    outcome(kit().arg("--").arg(dir.join(name)).args(arguments))
}

#[test]
fn the_original_daemon_passes_but_for_its_defects() {
    let Some(dir) = directory("SUPERVISOR_ORIGINAL_DIR") else { return };
    let outcome = daemon(&dir);
    assert_eq!(outcome.failed, names(DAEMON_DEFECTS), "{}", outcome.text);
}

#[test]
fn the_original_listeners_pass_but_for_their_defect() {
    let Some(dir) = directory("SUPERVISOR_ORIGINAL_DIR") else { return };
    for command in LISTENERS {
        let outcome = listener(&dir, command);
        assert_eq!(outcome.failed, names(LISTENER_DEFECTS), "{command:?}\n{}", outcome.text);
    }
}

#[test]
fn our_daemon_passes() {
    let Some(dir) = directory("SUPERVISOR_BIN_DIR") else { return };
    let outcome = daemon(&dir);
    assert_eq!(outcome.failed, names(&[]), "{}", outcome.text);
}

#[test]
fn our_listeners_pass() {
    let Some(dir) = directory("SUPERVISOR_BIN_DIR") else { return };
    for command in LISTENERS {
        let outcome = listener(&dir, command);
        assert_eq!(outcome.failed, names(&[]), "{command:?}\n{}", outcome.text);
    }
}
