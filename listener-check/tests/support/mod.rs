//! Running the kit, and reading its report.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The kit, ready for arguments.
pub(crate) fn kit() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_listener-check"));
    command.stdin(Stdio::null());
    command
}

/// What a run found.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The report.
    pub(crate) text: String,
    /// Names of the checks that failed.
    pub(crate) failed: BTreeSet<String>,
    /// How many checks were made.
    #[allow(dead_code, reason = "not every test binary counts them")]
    pub(crate) made: usize,
}

/// Runs a kit to its end and reads the TAP it printed.
pub(crate) fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    let lines = |start: &str| -> Vec<String> {
        let names = text.lines().filter_map(|line| line.strip_prefix(start)?.split_once(" - ")?.1.split_once(':'));
        names.map(|(name, _)| name.to_owned()).collect()
    };
    let failed: BTreeSet<String> = lines("not ok ").into_iter().collect();
    let made = lines("ok ").len() + failed.len();
    let plan = text.lines().find_map(|line| line.strip_prefix("1..")?.parse().ok());
    assert_eq!(plan, Some(made), "{text}");
    assert_eq!(output.status.code(), Some(i32::from(!failed.is_empty())), "{text}");
    Outcome { text, failed, made }
}

/// The directory that a variable names. Without it: a loud skip, but an error in CI.
#[allow(dead_code, reason = "not every test binary needs programs it did not build")]
pub(crate) fn directory(variable: &str) -> Option<PathBuf> {
    let value = std::env::var_os(variable).filter(|value| !value.is_empty());
    if value.is_none() {
        skip(&format!("{variable} is not set"));
    }
    value.map(PathBuf::from)
}

/// Says that something is not tested, and why. In CI nothing may be skipped.
#[allow(dead_code, reason = "not every test binary skips anything")]
pub(crate) fn skip(why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "nothing may be skipped in CI: {why}");
    #[allow(clippy::print_stderr, reason = "a skip has to be seen")]
    {
        eprintln!("*** SKIPPED: {why}");
    }
}
