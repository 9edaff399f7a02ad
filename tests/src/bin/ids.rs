//! Runs the ids of the contract against a set of programs and judges the result.
//!
//! ```text
//! ids [FILTER...]    run the tests (those whose path contains a filter) on the set in SUPERVISOR_BIN_DIR
//! ids pending        write ids-pending.txt from the tests that exist
//! ```
//!
//! On our programs every test passes. On the original exactly the tests of ids marked `better` or `ours` fail; a marked
//! one that passes is as wrong as another that fails; one that fails there unmarked is played again by itself, up to
//! three times, for the original loses races of its own on a busy machine. A test that was skipped counts as neither,
//! and is listed. The set is the original when `SUPERVISOR_BIN_DIR` and `SUPERVISOR_ORIGINAL_DIR` name one directory,
//! or when `SUPERVISOR_SUBJECT=original` says so. The last line is `N passed, N failed`, counted after that judgement,
//! and the exit code follows it.
//!
//! The integration binary is run by cargo, in the profile this program was built in.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a report is printed")]

use std::collections::BTreeMap;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::process::{Command, ExitCode, Stdio};

use supervisor_tests::ids::{self, Word};
use supervisor_tests::{Subject, skip};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "pending") {
        return write_pending();
    }
    if Subject::original().is_none() {
        println!(
            "*** SKIPPED: no original to mix with, the tests that play both sets against each other prove nothing"
        );
    }
    let original = Subject::under_test().is_original();
    let played = run(&args).and_then(|(mut results, output)| {
        if original {
            play_again(&mut results)?;
        }
        Ok((results, output))
    });
    match played {
        Ok((results, output)) => judge(&results, original, &output),
        Err(error) => {
            eprintln!("ids: {error}");
            ExitCode::from(2)
        }
    }
}

/// The cargo profile of this very program: its directory's name, but for `debug`.
fn profile() -> Option<String> {
    let exe = std::env::current_exe().ok()?;
    let name = exe.parent()?.file_name()?.to_str()?.to_owned();
    Some(name).filter(|name| name != "debug")
}

/// Runs the integration binary; whether each test passed, by its function's name, and all that was printed.
fn run(filters: &[String]) -> io::Result<(BTreeMap<String, bool>, String)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(ids::home());
    command.args(["test", "--quiet", "-p", "supervisor-tests", "--test", "it"]);
    if let Some(profile) = profile() {
        command.arg("--profile").arg(profile);
    }
    command.args(["--", "--test-threads=16", "--format=pretty", "--show-output"]).args(filters);
    // Into a file: a pipe would stay open for as long as anything that a test left behind holds its other end.
    let mut file = tempfile::tempfile()?;
    let mut child = command.stdout(Stdio::from(file.try_clone()?)).spawn()?;
    let status = child.wait()?;
    let mut output = String::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_string(&mut output)?;
    let mut results = BTreeMap::new();
    let mut announced = 0;
    for line in output.lines() {
        let verdict = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "));
        if let Some((path, verdict @ ("ok" | "FAILED"))) = verdict {
            let name = path.rsplit("::").next().unwrap_or(path);
            results.insert(name.to_owned(), verdict == "ok");
        }
        let count = line.strip_prefix("running ").and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
        announced += count.unwrap_or(0);
    }
    // 101: tests failed, which is judged below. Anything else, or a test without a verdict, is a run that broke off.
    if !matches!(status.code(), Some(0 | 101)) || results.is_empty() || results.len() != announced {
        let seen = results.len();
        return Err(io::Error::other(format!("{seen} of {announced} tests had a verdict ({status}):\n{output}")));
    }
    Ok((results, output))
}

/// How often a test that fails unmarked on the original is played again.
const TRIES: u32 = 3;

/// Plays those that failed unmarked again, one at a time, and names those that pass by themselves.
fn play_again(results: &mut BTreeMap<String, bool>) -> io::Result<()> {
    let words = words();
    let failed: Vec<String> = results
        .iter()
        .filter(|(test, passed)| !**passed && !fails_there(&words, test))
        .map(|(test, _)| test.clone())
        .collect();
    for test in failed {
        for attempt in 1..=TRIES {
            let (again, output) = run(std::slice::from_ref(&test))?;
            if again.get(&test) == Some(&true) {
                println!("TRY {attempt}: {test} failed on the original, and passed by itself");
                results.insert(test, true);
                break;
            }
            println!("TRY {attempt}: {test} failed by itself:\n{output}");
        }
    }
    Ok(())
}

/// What each id promises, and its series.
fn words() -> BTreeMap<String, (Word, String)> {
    ids::all().into_iter().map(|id| (id.id.clone(), (id.word, id.series().to_owned()))).collect()
}

/// Whether the original must fail this test.
fn fails_there(words: &BTreeMap<String, (Word, String)>, test: &str) -> bool {
    ids::of_test(test).and_then(|id| words.get(&id)).is_some_and(|(word, _)| *word != Word::Same)
}

/// The tests that said they were skipped, and why.
fn skips(output: &str) -> BTreeMap<&str, &str> {
    let mut skipped = BTreeMap::new();
    let mut test = "";
    for line in output.lines() {
        if let Some(path) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            test = path.rsplit("::").next().unwrap_or(path);
        } else if let Some(reason) = line.strip_prefix(skip::MARK) {
            skipped.insert(test, reason);
        }
    }
    skipped
}

/// Compares the results with what the words of the ids promise, and prints the counts of each series.
fn judge(results: &BTreeMap<String, bool>, original: bool, output: &str) -> ExitCode {
    let words = words();
    let mut series: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let (mut good, mut bad) = (0, Vec::new());
    let skipped = skips(output);
    for (test, passed) in results {
        if *passed && skipped.contains_key(test.as_str()) {
            continue;
        }
        let name = ids::of_test(test).and_then(|id| words.get(&id)).map_or("other", |(_, series)| series);
        let counts = series.entry(name.to_owned()).or_default();
        let wanted = !(original && fails_there(&words, test));
        counts[if *passed { 0 } else { 1 }] += 1;
        if *passed == wanted {
            good += 1;
        } else {
            counts[2] += 1;
            bad.push((test, *passed));
        }
    }
    if bad.iter().any(|(_, passed)| !passed) {
        println!("{}", output.split_once("\nfailures:\n").map_or("", |(_, failures)| failures));
    }
    println!("{:<8} {:>6} {:>6} {:>6}", "series", "green", "red", "wrong");
    for (name, [green, red, wrong]) in &series {
        println!("{name:<8} {green:>6} {red:>6} {wrong:>6}");
    }
    for (test, reason) in &skipped {
        println!("SKIPPED: {test}: {reason}");
    }
    for (test, passed) in &bad {
        println!("WRONG: {test} {}", if *passed { "passed, but its id is marked" } else { "failed" });
    }
    println!("{good} passed, {} failed", bad.len());
    if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The list of ids without a test, made anew.
fn write_pending() -> ExitCode {
    let tests = ids::tests();
    let text: String =
        ids::all().iter().filter(|id| !tests.contains_key(&id.id)).map(|id| format!("{}\n", id.id)).collect();
    match std::fs::write(ids::home().join("ids-pending.txt"), &text) {
        Ok(()) => {
            println!("{} ids have a test, {} wait for one", tests.len(), text.lines().count());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("ids: {error}");
            ExitCode::from(2)
        }
    }
}
