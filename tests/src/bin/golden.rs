//! Records the golden transcripts from the original, whose programs lie in `SUPERVISOR_ORIGINAL_DIR`.
//!
//! ```text
//! golden             play all scenarios and write tests/golden/
//! golden NAME...     only these
//! ```
//!
//! Each scenario is played twice; one that differs from itself is not written.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a report is printed")]

use std::process::ExitCode;

use supervisor_tests::{Subject, scenario};

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let Some(subject) = Subject::original() else { return ExitCode::from(2) };
    let mut failed = 0;
    for (name, play) in scenario::ALL {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        // Why it cannot be played here has been said.
        let (Some(first), Some(second)) = (play(&subject), play(&subject)) else {
            failed += 1;
            println!("{name}: cannot be played here, not written");
            continue;
        };
        let path = scenario::file(name);
        if first != second {
            failed += 1;
            println!("{name}: differs between two runs, not written");
            for (one, two) in first.lines().zip(second.lines()).filter(|(one, two)| one != two).take(5) {
                println!("  {one}\n  {two}");
            }
        } else if let Err(error) = std::fs::write(&path, first) {
            failed += 1;
            println!("{name}: {}: {error}", path.display());
        } else {
            println!("{name}: written");
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
