//! Lines of the activity log.

use nix::sys::signal::Signal;

use super::redacted;
use crate::{Setup, Subject};

/// The log without lines whose place depends on the moment: a death is noticed before or after a pipe's end.
fn settled(log: &str) -> String {
    let volatile = ["received SIGCHLD", "stopped monitoring", "running as root"];
    log.lines()
        .filter(|line| !volatile.iter().any(|text| line.contains(text)))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The lives of processes, at info level.
pub(super) fn processes(subject: &Subject) -> String {
    let daemon = Setup::new()
        .subject(subject)
        .supervisord("loglevel=info")
        .program("good", "autostart=false\nautorestart=false", "exit:0")
        .program("bad", "autostart=false\nautorestart=false", "exit:7")
        .program("up", "autostart=false\nstartsecs=1", "hang")
        .program("backoff", "autostart=false\nstartsecs=30\nstartretries=1", "exit:1")
        .program("stubborn", "autostart=false\nstartsecs=1\nstopwaitsecs=1", "block:TERM hang")
        .with("[program:missing]\ncommand=/nonexistent/program\nstartretries=0")
        .start();
    daemon.wait_log("gave up: missing");
    for (name, line) in [("good", "exited: good"), ("bad", "exited: bad"), ("backoff", "gave up: backoff")] {
        daemon.request_start(name);
        daemon.wait_log(line);
    }
    for name in ["up", "stubborn"] {
        daemon.ok("startProcess", &[name.into()]);
        daemon.ok("stopProcess", &[name.into()]);
    }
    daemon.signal(Signal::SIGTERM);
    daemon.wait_exit();
    let text: String = settled(&daemon.log_text())
        .lines()
        // Whether a program that exits at once is seen running first depends on the moment.
        .filter(|line| !line.contains("entered RUNNING state") || line.contains("than 1 seconds"))
        .map(|line| format!("{line}\n"))
        .collect();
    redacted(&daemon, &mask_kills(&text))
}

/// `killing 'x' (4711) with` and lines about the wait, which depend on the moment.
fn mask_kills(text: &str) -> String {
    let mask = |line: &str| match (line.find("' ("), line.find(") with SIGKILL")) {
        (Some(from), Some(to)) if from + 3 < to => format!("{}(PID{}\n", &line[..from + 2], &line[to..]),
        _ => format!("{line}\n"),
    };
    text.lines().filter(|line| !line.contains("waiting for ")).map(mask).collect()
}

/// One listener at debug level: an accepted, a rejected and a bad answer.
pub(super) fn listener(subject: &Subject) -> String {
    let steps = r"wait:running 'say:READY\n' event 'say:RESULT 4\nFAILREADY\n' event 'say:RESULT 2\nOK' wait:go 'say:READY\n'
        event 'say:RESULT x\n' hang";
    let daemon =
        Setup::new().subject(subject).listener("l", "events=REMOTE_COMMUNICATION\nbuffer_size=10", steps).start();
    daemon.wait_log("success: l entered RUNNING");
    daemon.touch("running");
    daemon.wait_log("l: ACKNOWLEDGED -> READY");
    daemon.remote("one", "");
    daemon.wait_log("l: event was processed");
    daemon.wait_log_times("l: BUSY -> ACKNOWLEDGED", 2);
    daemon.touch("go");
    daemon.wait_log_times("l: ACKNOWLEDGED -> READY", 3);
    daemon.remote("two", "");
    daemon.wait_log("rebuffering event 1");
    let log = settled(&daemon.log_text());
    let from = log.find("success: l").map_or(0, |at| log[at..].find('\n').map_or(at, |len| at + len + 1));
    redacted(&daemon, &log[from..])
}
