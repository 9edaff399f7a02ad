//! Scene: what listeners say, well and badly, and what becomes of their events (series P of the contract).
//!
//! One pool for each case, all with one listener, which gets its script as its first event and then marks, so that
//! it can be seen whether events go on coming. A listener that is stuck by what it did waits at a gate and ends when
//! that opens; the daemon starts it again.

mod judge;
#[cfg(test)]
mod judge_tests;
mod table;

use super::Findings;
use super::log::unknown_line;
use super::stage::{Setting, Stage};
use super::transcript::{Seen, Transcript};
use crate::check::Check;
use judge::Evidence;
use table::{Case, Fate, Own, RESTART, SIXTH};

/// The type of the events that everybody gets last.
const MARK: &str = "mark";

/// Type and data size of the large event.
const LARGE: (&str, usize) = ("large", 300_000);

/// The checks of this scene.
pub(crate) fn checks() -> Vec<Check> {
    table::cases().into_iter().map(|case| case.check).collect()
}

/// Plays it.
pub(crate) fn play(setting: &Setting, findings: &mut Findings) -> Result<(), String> {
    let cases = table::cases();
    let mut stage = Stage::start(setting, &sections(&cases))?;
    for case in &cases {
        stage.direct(&case.check.name, &case.script)?;
    }
    stage.emit(LARGE.0, &"x".repeat(LARGE.1))?;
    // First act: what happens without help. Who waits for something has done what it should by then.
    stage.wait(|stage| {
        let log = stage.log();
        log.find(|line| line.ends_with("READX'")).is_some() && cases.iter().all(|case| has_acted(case, stage))
    });
    stage.emit(MARK, "one")?;
    stage.open(SIXTH)?;
    // This one needs an operator, who need not wait for the answer.
    stage.client().stop_process("answer-while-stopping", false).map_err(|error| error.to_string())?;
    stage.wait(|stage| {
        let log = stage.log();
        cases.iter().all(|case| match case.fate {
            Fate::Unknown { .. } | Fate::Own(Own::SixthByte) => log.has(&unknown_line(&case.check.name)),
            Fate::Own(Own::ClosedInput) => log.find(|line| line.starts_with("DEBG epipe occurred")).is_some(),
            Fate::Own(Own::ClosedOutput) => stage.transcript(&case.check.name).events().count() >= 2,
            Fate::Busy | Fate::Died { .. } => true,
            Fate::Accepted | Fate::Rejected | Fate::Own(_) => has_mark(&stage.transcript(&case.check.name)),
        }) && log.has("INFO stopped: answer-while-stopping (exit status 0)")
    });
    // Second act: the stuck ones end, and the daemon starts them again.
    stage.open(RESTART)?;
    stage.client().start_process("answer-while-stopping", false).map_err(|error| error.to_string())?;
    stage.wait(|stage| cases.iter().all(|case| has_mark(&stage.transcript(&case.check.name))));

    let log = stage.log();
    let all: Vec<(String, Transcript)> =
        cases.iter().map(|case| (case.check.name.clone(), stage.transcript(&case.check.name))).collect();
    for (case, (name, transcript)) in cases.iter().zip(&all) {
        let output = stage.read(&format!("{name}.out"));
        let evidence = Evidence { transcript, log: &log, output: &output, all: &all };
        findings.push((name.clone(), judge::judge(case, &evidence)));
    }
    Ok(())
}

/// Whether a listener has got its script and come to the end of it, or to the gate in it.
fn has_acted(case: &Case, stage: &Stage<'_>) -> bool {
    use super::ops::Op;
    let transcript = stage.transcript(&case.check.name);
    let waits = |op: &Op| matches!(op, Op::Note(_));
    if case.fate == Fate::Own(Own::SixthByte) {
        true
    } else if case.script.contains(&Op::AwaitTerm) {
        transcript.has(&Seen::Note("waiting for SIGTERM".to_owned()))
    } else if case.script.iter().any(waits) {
        transcript.has(&Seen::Note("done".to_owned()))
    } else {
        !transcript.remotes(&case.check.name).is_empty()
    }
}

fn has_mark(transcript: &Transcript) -> bool {
    !transcript.remotes(MARK).is_empty()
}

/// The pools. Each has a priority of its own, so that rejected events cannot go astray here: that is another check.
fn sections(cases: &[Case]) -> String {
    let pools = cases.iter().zip(1..).map(|(case, priority)| {
        let startsecs = if case.options.contains("startsecs") { "" } else { "startsecs=0\n" };
        format!(
            "[eventlistener:{}]\ncommand={{actor}}\nevents=REMOTE_COMMUNICATION\nbuffer_size=500\nautorestart=true\n\
             priority={priority}\n{startsecs}{}",
            case.check.name, case.options
        )
    });
    pools.collect()
}
