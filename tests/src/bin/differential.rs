//! Plays every case of `tests/differential` on the original, whose programs lie in `SUPERVISOR_ORIGINAL_DIR`, and on
//! ours, and prints what differs without being documented.
//!
//! ```text
//! differential             all of them: the counts, and nothing else if all is well
//! differential NAME...     only these, each shown as a whole diff
//! ```
//!
//! Programs die, print and start as a busy machine lets them. A case that is not as documented is therefore played
//! once more, when nothing else runs; what it shows then counts, and the report names it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a report is printed")]

use std::collections::BTreeSet;
use std::process::ExitCode;

use supervisor_tests::differential::cases::{self, Case};
use supervisor_tests::differential::compare::{Difference, diff, differences};
use supervisor_tests::differential::documented::{self, Entry};
use supervisor_tests::differential::refused::{self, Refused};
use supervisor_tests::differential::{Seen, lateness, play, pool, refuse};
use supervisor_tests::{Subject, skip};

/// More cases than these are not played again: something is wrong with all of them.
const AGAIN: usize = 12;

/// What is played.
enum Any {
    Config(Case),
    Refused(Refused),
}

impl Any {
    fn name(&self) -> &str {
        match self {
            Any::Config(case) => &case.name,
            Any::Refused(case) => &case.name,
        }
    }
}

/// What came out of a case.
struct Outcome {
    differences: Vec<Difference>,
    /// States that ours reaches too late, with the median delay.
    late: Vec<(String, i64)>,
    original: Seen,
    ours: Seen,
}

/// What is to be said of a case.
#[derive(Default)]
struct Verdict {
    faults: Vec<String>,
    /// The entries that showed, by index.
    documented: BTreeSet<usize>,
    /// The worst delay of the first run.
    delay: i64,
}

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let Some(original) = Subject::original() else { return ExitCode::SUCCESS };
    let sides = (original, Subject::under_test());
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);

    let mut all: Vec<Any> = cases::all().into_iter().map(Any::Config).collect();
    let configs = all.iter().filter(|case| wanted(case.name())).count();
    all.extend(refused::all().into_iter().map(Any::Refused));
    all.retain(|case| wanted(case.name()));
    let total = all.len();
    if !skip::is_root() {
        all.retain(|case| !matches!(case, Any::Config(Case { root: true, .. })));
    }
    let skipped = total - all.len();
    if total == 0 {
        eprintln!("no such case: {}", names.join(" "));
        return ExitCode::from(2);
    }

    let entries = documented::all();
    let outcomes = pool::each(&all, pool::AT_ONCE, |case| outcome(case, &sides));
    let mut verdicts: Vec<Verdict> =
        all.iter().zip(&outcomes).map(|(case, outcome)| verdict(case.name(), outcome, &entries)).collect();
    let faulty: Vec<usize> = (0..all.len()).filter(|at| !verdicts[*at].faults.is_empty()).collect();
    let mut again = Vec::new();
    if names.is_empty() && faulty.len() <= AGAIN {
        for at in faulty {
            let second = pool::each(&all[at..=at], 1, |case| outcome(case, &sides));
            verdicts[at] = verdict(all[at].name(), &second[0], &entries);
            again.push(all[at].name());
        }
    }
    if !names.is_empty() {
        all.iter().zip(&outcomes).for_each(|(case, outcome)| show(case.name(), outcome));
    }

    let mut faults: Vec<&String> = verdicts.iter().flat_map(|verdict| &verdict.faults).collect();
    let shown: BTreeSet<usize> = verdicts.iter().flat_map(|verdict| verdict.documented.iter().copied()).collect();
    let stale: Vec<String> = match names.is_empty() {
        true => stale(&entries, &shown, &all),
        false => Vec::new(),
    };
    faults.extend(&stale);
    faults.iter().for_each(|fault| println!("{fault}"));
    if !again.is_empty() {
        println!("played again: {}", again.join(", "));
    }
    println!(
        "{} configurations, {} refusals and command lines; {} documented differences, {} faults; no state more than {} \
         ms later than in the original",
        configs - skipped,
        total - configs,
        shown.len(),
        faults.len(),
        verdicts.iter().map(|verdict| verdict.delay).max().unwrap_or(0)
    );
    if skipped > 0 {
        eprintln!("{}{skipped} configurations need root", skip::MARK);
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays a case on both; a configuration in which a state is late three times.
fn outcome(case: &Any, (original, ours): &(Subject, Subject)) -> Outcome {
    let pair = || match case {
        Any::Config(case) => pool::both(|| play::play(case, original), || play::play(case, ours)),
        Any::Refused(case) => (refuse::play(case, original), refuse::play(case, ours)),
    };
    let (original, ours) = pair();
    if let Any::Refused(_) = case {
        assert!(!refuse::is_accepted(&original), "the original does not refuse this");
    }
    let mut runs = vec![lateness::delays(&original, &ours)];
    let mut late = Vec::new();
    if lateness::is_late(&runs[0]) {
        for _ in 0..2 {
            let (original, ours) = pair();
            runs.push(lateness::delays(&original, &ours));
        }
        late = lateness::late(&runs);
    }
    Outcome { differences: differences(&original.aspects, &ours.aspects), late, original, ours }
}

fn verdict(name: &str, outcome: &Result<Outcome, String>, entries: &[Entry]) -> Verdict {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(panic) => {
            return Verdict { faults: vec![format!("{name}: could not be played: {panic}")], ..Verdict::default() };
        }
    };
    let delay = lateness::delays(&outcome.original, &outcome.ours).into_values().max().unwrap_or(0);
    let mut verdict = Verdict { delay, ..Verdict::default() };
    for mut difference in outcome.differences.iter().cloned() {
        verdict.documented.extend(documented::explain(entries, &mut difference));
        if difference.lines.is_empty() {
            continue;
        }
        match entries.iter().position(|entry| entry.is(name, &difference)) {
            Some(at) => drop(verdict.documented.insert(at)),
            None => {
                let lines = difference.lines.join("\n");
                verdict.faults.push(format!("{name} | {} | NOT DOCUMENTED\n{lines}", difference.aspect));
            }
        }
    }
    let mut fault = |text: String| verdict.faults.push(text);
    for (at, entry) in entries.iter().enumerate() {
        if entry.case == name && !verdict.documented.contains(&at) {
            fault(format!("{name} | {}: a documented difference that does not show", entry.aspect));
        }
    }
    for (what, delay) in &outcome.late {
        fault(format!("{name}: {what} is reached {delay} ms later than by the original, the median of three"));
    }
    verdict
}

/// Entries about every case that showed in none, and those about cases that do not exist.
fn stale(entries: &[Entry], shown: &BTreeSet<usize>, played: &[Any]) -> Vec<String> {
    let needs_root = |name: &str| cases::all().iter().any(|case| case.root && case.name == name);
    let is_stale = |(at, entry): &(usize, &Entry)| {
        let known = played.iter().any(|case| case.name() == entry.case) || needs_root(&entry.case);
        !shown.contains(at) && !known
    };
    let text =
        |(_, entry): (usize, &Entry)| format!("{} | {}: a documented difference of no case", entry.case, entry.aspect);
    entries.iter().enumerate().filter(is_stale).map(text).collect()
}

/// Both sides in full.
fn show(name: &str, outcome: &Result<Outcome, String>) {
    let Ok(outcome) = outcome else { return };
    let mut aspects: Vec<&String> = outcome.original.aspects.keys().chain(outcome.ours.aspects.keys()).collect();
    aspects.sort();
    aspects.dedup();
    for aspect in aspects {
        println!("##### {name}: {aspect}");
        let text = |side: &Seen| side.aspects.get(aspect).cloned().unwrap_or_default();
        diff(&text(&outcome.original), &text(&outcome.ours)).iter().for_each(|line| println!("{line}"));
    }
    println!("##### {name}: times, ours after the original's");
    for (what, delay) in lateness::delays(&outcome.original, &outcome.ours) {
        println!(" {what}: {delay:+} ms");
    }
}
