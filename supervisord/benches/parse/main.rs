//! How long it takes to read a configuration, ours beside the original: `make bench`.
//!
//! Each measurement is a process of its own, which reads one file and says how long that took and how much memory it
//! ever held. Starting the process and loading a library is no part of the time, on either side. Rows that compare are
//! played in pairs, in turns of who goes first, so that a noisy machine disturbs both alike; what is printed is the
//! median of the ratios. Nothing here passes or fails: times are for the reader.
//!
//! `make bench ARGS=WORD` plays only the rows with this word in their names, `ARGS=--rounds=9` takes more rounds.

#![allow(clippy::print_stdout, reason = "the table is the product")]

mod cases;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use cases::{Case, How};
use supervisord::config::diff::diff;
use supervisord::config::model::Config;
use supervisord::config::{Overrides, report::Severity};
use supervisord::shell::clock;
use supervisord::shell::load::{self, LoadError, Source, System};

/// Reads a file with the original, as `measure` does with ours.
const ORIGINAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/parse/original.py");

const ROUNDS: usize = 5;

/// What a child says of itself.
struct Sample {
    nanos: f64,
    peak_kib: u64,
    outcome: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [word, how, file] = args.as_slice()
        && word == "--measure"
    {
        return measure(how.parse()?, file);
    }
    let rounds = args.iter().find_map(|arg| arg.strip_prefix("--rounds=")).map_or(Ok(ROUNDS), str::parse)?;
    let words: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let original = env::var_os("SUPERVISOR_ORIGINAL_DIR").map(|dir| PathBuf::from(dir).join("python"));
    let original = original.filter(|python| python.exists());
    if original.is_none() {
        println!("No Supervisor 4.3.0 to compare with: SUPERVISOR_ORIGINAL_DIR names the directory of its programs.");
    }
    println!("{rounds} rounds; medians; MiB: the most that the process ever held");
    println!("{:<44} {:>9} {:>7} {:>11}  outcome", "", "ms", "MiB", "ns/section");
    for case in cases::all().iter().filter(|case| words.iter().all(|word| case.name.contains(word.as_str()))) {
        play(case, rounds, original.as_deref().filter(|_| case.is_compared))?;
    }
    Ok(())
}

/// Writes the files of a case, measures both sides in turns, and prints the row.
fn play(case: &Case, rounds: usize, original: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    (case.write)(directory.path())?;
    let file = directory.path().join(cases::MAIN);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds.max(1) {
        let mut us = Command::new(env::current_exe()?);
        us.args(["--measure", case.how.word()]).arg(&file);
        let them = original.map(|python| {
            let mut them = Command::new(python);
            them.arg(ORIGINAL).arg(&file);
            them
        });
        if round % 2 == 0 {
            ours.push(sample(us)?);
            theirs.extend(them.map(sample).transpose()?);
        } else {
            theirs.extend(them.map(sample).transpose()?);
            ours.push(sample(us)?);
        }
    }
    let per_section = |nanos: f64| match case.sections {
        0 => String::new(),
        sections => format!("{:.0}", nanos / sections as f64),
    };
    let row = |name: &str, samples: &[Sample]| {
        let nanos = median(samples.iter().map(|sample| sample.nanos));
        let mib = samples.iter().map(|sample| sample.peak_kib).max().unwrap_or_default() as f64 / 1024.0;
        let outcome = samples.first().map(|sample| sample.outcome.as_str()).unwrap_or_default();
        println!("{name:<44} {:>9.1} {mib:>7.1} {:>11}  {outcome}", nanos / 1e6, per_section(nanos));
    };
    row(case.name, &ours);
    if !theirs.is_empty() {
        row("  the original", &theirs);
        let mut ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| theirs.nanos / ours.nanos).collect();
        ratios.sort_by(f64::total_cmp);
        let (least, most) = (ratios.first().copied().unwrap_or(f64::NAN), ratios.last().copied().unwrap_or(f64::NAN));
        println!("  ratio: 1/{:.0} (pairs from 1/{least:.0} to 1/{most:.0})", median(ratios.iter().copied()));
    }
    Ok(())
}

/// Runs a child and reads what it says: nanoseconds, KiB, and the outcome.
fn sample(mut command: Command) -> Result<Sample, Box<dyn Error>> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.trim_end().splitn(3, ' ');
    let mut next = || {
        words
            .next()
            .ok_or_else(|| format!("{command:?}: {} {text}", String::from_utf8_lossy(&output.stderr).trim_end()))
    };
    Ok(Sample { nanos: next()?.parse()?, peak_kib: next()?.parse()?, outcome: next()?.to_owned() })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Reads a file once and prints a sample.
fn measure(how: How, file: &str) -> Result<(), Box<dyn Error>> {
    let system = System::look()?;
    let main = load::find(Some(file), "supervisord", &system)?;
    let source = Source { main, overrides: Overrides::default(), system };
    let running = if how == How::Reread { Some(source.load()?) } else { None };
    let start = clock::now().mono;
    // A daemon keeps its configuration, so letting go of it is no part of the time.
    let (mut loaded, mut end) = (None, None);
    let outcome = match how {
        How::Load => {
            let config = loaded.insert(source.load());
            end = Some(clock::now().mono);
            outcome(config)
        }
        How::Check => source.check().map(|report| {
            let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
            let bytes: usize = report.problems().iter().map(|problem| problem.to_string().len()).sum();
            format!("{errors} errors, {warnings} warnings, {bytes} bytes")
        })?,
        How::Reread => {
            let groups = source.load()?.groups;
            let active: Vec<_> = running.iter().flat_map(|config| &config.groups).collect();
            let reread = diff(&active, &groups);
            format!("{} added, {} changed, {} removed", reread.added.len(), reread.changed.len(), reread.removed.len())
        }
    };
    let nanos = (end.unwrap_or_else(|| clock::now().mono) - start).as_nanos();
    println!("{nanos} {} {outcome}", peak_kib()?);
    Ok(())
}

fn outcome(result: &Result<Config, LoadError>) -> String {
    match result {
        Ok(config) => {
            let processes: usize = config.groups.iter().map(|group| group.processes.len()).sum();
            format!("{processes} processes in {} groups", config.groups.len())
        }
        Err(error) => error.to_string().chars().take(48).map(|c| if c.is_control() { ' ' } else { c }).collect(),
    }
}

fn peak_kib() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
