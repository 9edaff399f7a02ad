//! Scene: how a daemon stops, as its last listener sees it (series L of the contract).

use nix::sys::signal::Signal;

use super::Findings;
use super::ops::Op;
use super::stage::{Setting, Stage};
use super::transcript::Transcript;
use crate::check::Check;

/// The checks of this scene.
pub(crate) fn checks() -> Vec<Check> {
    vec![
        Check::new("stop-announced", "announces the stop before anything is stopped", &["ev_l18"]),
        Check::new(
            "stop-order",
            "stops group by group from high to low priority, and tells listeners meanwhile",
            &["ev_l19", "ev_l20"],
        ),
        Check::new("stop-last-word", "tells an idle listener of the last program's end", &["ev_l21"]),
        Check::new("stop-despite-stuck", "ends, with status 0, although a listener is stuck", &["ev_l22"]),
    ]
}

/// The programs take a moment to stop, so that a listener keeps up also where events wait for something else to happen.
/// Their order is told from the upper two: what such a daemon has to say of the last one, it says too late.
const SECTIONS: &str = "\
[program:low]
command=/bin/sh -c \"trap 'sleep 0.3; exit 0' TERM; while :; do sleep 0.1; done\"
priority=10
[program:middle]
command=/bin/sh -c \"trap 'sleep 0.3; exit 0' TERM; while :; do sleep 0.1; done\"
priority=20
[program:high]
command=/bin/sh -c \"trap 'sleep 0.3; exit 0' TERM; while :; do sleep 0.1; done\"
priority=30
[eventlistener:stuck]
command={actor}
startsecs=0
events=REMOTE_COMMUNICATION
priority=40
[eventlistener:idle]
command={actor}
startsecs=0
events=SUPERVISOR_STATE_CHANGE,PROCESS_STATE
buffer_size=100
";

/// Plays it.
pub(crate) fn play(setting: &Setting, findings: &mut Findings) -> Result<(), String> {
    let mut stage = Stage::start(setting, SECTIONS)?;
    stage.direct("stuck", &[Op::Gate("never".into())])?;
    let is_up = stage.wait(|stage| {
        let told = |program| position(&stage.transcript("idle"), "PROCESS_STATE_RUNNING", program).is_some();
        !stage.transcript("stuck").remotes("stuck").is_empty()
            && ["low", "middle", "high", "stuck", "idle"].into_iter().all(told)
    });
    if !is_up {
        return Err("the programs and listeners did not all come up".to_owned());
    }
    stage.signal(Signal::SIGTERM);
    let status = stage.ended();
    let transcript = stage.transcript("idle");
    let mut found = |name: &str, result| findings.push((name.to_owned(), result));
    found(
        "stop-despite-stuck",
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("it ended with {status}")),
            None => Err("it did not end".to_owned()),
        },
    );
    let announced = transcript.events().position(|(_, event)| event.name == "SUPERVISOR_STATE_CHANGE_STOPPING");
    let stopping = |program| position(&transcript, "PROCESS_STATE_STOPPING", program);
    let stopped = |program| position(&transcript, "PROCESS_STATE_STOPPED", program);
    let last = last(&transcript);
    let in_order = |steps: &[Option<usize>], reason: &str| {
        if steps.iter().all(Option::is_some) && steps.is_sorted() {
            Ok(())
        } else {
            Err(format!("{reason}; the last events were: {last}"))
        }
    };
    found(
        "stop-announced",
        in_order(
            &[announced, stopping("stuck")],
            "SUPERVISOR_STATE_CHANGE_STOPPING did not come before the first stop",
        ),
    );
    found(
        "stop-order",
        in_order(
            &[
                stopping("stuck"),
                stopped("stuck"),
                stopping("high"),
                stopped("high"),
                stopping("middle"),
                stopped("middle"),
            ],
            "groups of priority 40, 30 and 20 did not stop one after the other",
        ),
    );
    found(
        "stop-last-word",
        in_order(&[stopping("low"), stopped("low")], "the STOPPED of the last program reached nobody"),
    );
    Ok(())
}

/// Which event in order was the first of this name about a program.
fn position(transcript: &Transcript, name: &str, program: &str) -> Option<usize> {
    let start = format!("processname:{program} ");
    transcript.events().position(|(_, event)| event.name == name && event.payload.starts_with(&start))
}

/// The last events that a listener saw, for a reason.
fn last(transcript: &Transcript) -> String {
    let shown = transcript.events().map(|(_, event)| {
        let program = event.payload.split_whitespace().next().and_then(|token| token.split_once(':'));
        format!("{} {}", event.name, program.map(|(_, name)| name).unwrap_or_default()).trim_end().to_owned()
    });
    let shown: Vec<String> = shown.collect();
    shown.get(shown.len().saturating_sub(7)..).unwrap_or_default().join(", ")
}
