//! Scene: a listener that answers and never reads, and a daemon that is killed. Both may take the daemon with them,
//! so it is one of their own.

use nix::sys::signal::Signal;

use super::Findings;
use super::ops::Op;
use super::stage::{Setting, Stage};
use super::transcript::Seen;
use crate::check::Check;

/// The checks of this scene.
pub(crate) fn checks() -> Vec<Check> {
    vec![
        Check::new(
            "blind-listener",
            "survives a listener that answers without reading, under 1 MB of events",
            &["ev_p21"],
        ),
        Check::new("end-of-input", "leaves its listeners at the end of their input when it is killed", &["ev_p25"]),
    ]
}

const SECTIONS: &str = "\
[eventlistener:blind]
command={actor}
startsecs=0
events=REMOTE_COMMUNICATION
buffer_size=100
priority=1
[eventlistener:witness]
command={actor}
startsecs=0
events=TICK_3600
priority=2
";

/// So many events of so many bytes.
const ROUNDS: usize = 18;
const SIZE: usize = 60_000;

/// Plays it.
pub(crate) fn play(setting: &Setting, findings: &mut Findings) -> Result<(), String> {
    let mut stage = Stage::start(setting, SECTIONS)?;
    // It answers its script, and then once for each event that the daemon says to have sent.
    let answer = || Op::Write("RESULT 2\nOKREADY\n".to_owned());
    let rounds = (0..ROUNDS).flat_map(|round| [Op::Gate(format!("blind-{round}")), answer()]);
    let script: Vec<Op> = [answer()].into_iter().chain(rounds).chain([Op::Gate("never".to_owned())]).collect();
    stage.direct("blind", &script)?;
    stage.wait(|stage| stage.transcript("witness").starts() > 0 && !stage.log().sent_to("blind").is_empty());
    let survives = blind(&mut stage);
    findings.push(("blind-listener".to_owned(), survives));
    stage.signal(Signal::SIGKILL);
    let is_told = stage.wait(|stage| stage.transcript("witness").has(&Seen::End));
    let reason = "a listener was not told: its input has not ended";
    findings.push(("end-of-input".to_owned(), if is_told { Ok(()) } else { Err(reason.to_owned()) }));
    Ok(())
}

fn blind(stage: &mut Stage<'_>) -> Result<(), String> {
    let data = "x".repeat(SIZE);
    for round in 0..ROUNDS {
        let sent = stage.emit("flood", &data);
        if sent.is_ok() {
            // The script itself was the first event.
            stage.wait(|stage| stage.log().sent_to("blind").len() >= round + 2 || !stage.is_running());
        }
        if !stage.is_running() {
            return Err(format!("the daemon died at event {}: {}", round + 1, stage.console()));
        }
        sent?;
        stage.open(&format!("blind-{round}"))?;
    }
    stage.client().get_state().map(|_| ()).map_err(|error| format!("the daemon does not answer any more: {error}"))
}
