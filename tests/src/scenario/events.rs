//! What listeners read.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::transcript;
use crate::{Daemon, Event, Setup, Subject};

/// A recorder of some events; programs are started one by one by the script.
fn recorded(subject: &Subject, events: &str) -> Setup {
    Setup::new().subject(subject).recorder("rec", &format!("events={events}\nbuffer_size=100"))
}

fn ready(setup: Setup) -> Daemon {
    let daemon = setup.start();
    daemon.wait_log("success: rec entered RUNNING");
    daemon.wait_log("rec: ACKNOWLEDGED -> READY");
    daemon
}

/// Every state a process can reach without help from outside.
pub(super) fn states(subject: &Subject) -> String {
    let setup = recorded(subject, "PROCESS_STATE")
        .program("expected", "autostart=false\nautorestart=false\nexitcodes=3", "exit:3")
        .program("unexpected", "autostart=false\nautorestart=false", "exit:3")
        .program("killed", "autostart=false\nautorestart=false", "hang")
        .program("stopped", "autostart=false", "hang")
        .program("backoff", "autostart=false\nstartsecs=30\nstartretries=1", "exit:1");
    let daemon = ready(setup);
    for name in ["expected", "unexpected"] {
        daemon.request_start(name);
        daemon.wait_brief("rec", &format!("{name} EXITED"));
    }
    daemon.start_process("killed");
    daemon.wait_state("killed", "RUNNING");
    let pid = i32::try_from(daemon.pid_of("killed")).expect("a pid");
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("kill it");
    daemon.wait_brief("rec", "killed EXITED");
    daemon.start_process("stopped");
    daemon.wait_brief("rec", "stopped RUNNING");
    daemon.stop_process("stopped");
    daemon.wait_brief("rec", "stopped STOPPED");
    daemon.request_start("backoff");
    daemon.wait_brief("rec", "backoff FATAL");
    transcript(&daemon, "rec")
}

/// Output of programs: log and communication events, with text that is no text.
pub(super) fn output(subject: &Subject) -> String {
    let both = "autostart=false\nstdout_events_enabled=true\nstderr_events_enabled=true\nstdout_capture_maxbytes=1KB\n\
        stderr_capture_maxbytes=1KB\nautorestart=false";
    let captured = |text: &str| format!("before it, a line of text {BEGIN}{text}{END}{AFTER}");
    let setup = recorded(subject, "PROCESS_LOG,PROCESS_COMMUNICATION")
        .program("out", both, &format!("'say:{}' hang", captured("captured data")))
        .program("err", both, &format!("'err:{}' hang", captured(r"captured\ndata €")))
        .program("empty", both, &format!("'say:{}' hang", captured("")))
        .program("bytes", both, r#"'say:\xff\xfe are \x27no\x27 text, but many bytes and more' hang"#);
    let daemon = ready(setup);
    for (name, last) in [("out", AFTER), ("err", AFTER), ("empty", AFTER), ("bytes", "more\"")] {
        daemon.start_process(name);
        daemon.wait_event("rec", "the last chunk", |event| {
            event.process() == Some(name) && event.payload.trim_end().ends_with(last)
        });
    }
    transcript(&daemon, "rec")
}

/// Longer than a token: the original holds shorter output back.
const AFTER: &str = "after it, a longer line of text";
const BEGIN: &str = "<!--XSUPERVISOR:BEGIN-->";
const END: &str = "<!--XSUPERVISOR:END-->";

/// Groups that come and go.
pub(super) fn groups(subject: &Subject) -> String {
    let setup = recorded(subject, "PROCESS_GROUP,SUPERVISOR_STATE_CHANGE_RUNNING")
        .with("[program:cat]\ncommand=/bin/cat\nautostart=false");
    let daemon = ready(setup);
    daemon.wait_event("rec", "the added group", |event| event.payload == "groupname:cat\n");
    daemon.ok("removeProcessGroup", &["cat".into()]);
    daemon.wait_brief("rec", "PROCESS_GROUP_REMOVED");
    daemon.ok("addProcessGroup", &["cat".into()]);
    daemon.wait("the second addition", || (daemon.events("rec").len() == 5).then_some(()));
    transcript(&daemon, "rec")
}

/// Remote events, with the values that clients send.
pub(super) fn remote(subject: &Subject) -> String {
    let daemon = ready(recorded(subject, "REMOTE_COMMUNICATION"));
    for (kind, data) in [("mytype", "my data"), ("", ""), ("t2", "héllo €\nline2\n")] {
        daemon.remote(kind, data);
    }
    daemon.ok("sendRemoteCommEvent", &[5.into(), true.into()]);
    daemon.wait("all events", || (daemon.events("rec").len() == 4).then_some(()));
    transcript(&daemon, "rec")
}

/// The three ticks of a full hour, by a clock that is about to reach it. The time itself is no noise here.
pub(super) fn ticks(subject: &Subject) -> Option<String> {
    let daemon = recorded(subject, "TICK").at_time("2026-11-22 10:59:50")?.start();
    let hour = daemon.wait_brief("rec", "TICK_3600");
    let read = daemon.events("rec");
    let mut events: Vec<Event> = read.into_iter().filter(|event| event.payload == hour.payload).collect();
    // How many ticks of five seconds came before depends on how long the start took.
    let before = events[0].serial();
    for event in &mut events {
        let numbered = |key: &str, number: u64| format!(" {key}:{number} ");
        for (key, number) in [("serial", event.serial()), ("poolserial", event.poolserial())] {
            event.header = event.header.replace(&numbered(key, number), &numbered(key, number - before));
        }
    }
    Some(events.iter().map(|event| format!("{}\n{}\n\n", event.header, event.payload)).collect())
}

/// A process that the daemon may not signal.
pub(super) fn unknown(subject: &Subject) -> Option<String> {
    let setup = Setup::new().subject(subject).as_nobody()?;
    let setup = setup.recorder("rec", "events=PROCESS_STATE\nbuffer_size=100").with(
        "[program:victim]\ncommand={dir}/rootly play {dir}/victim.rec root touch:up wait:go\nautostart=false\nstartsecs=0",
    );
    let daemon = ready(setup);
    daemon.start_process("victim");
    daemon.wait("the victim", || daemon.path("up").exists().then_some(()));
    daemon.wait_brief("rec", "victim RUNNING");
    // What it answers is no event.
    let _ = daemon.rpc("stopProcess", &["victim".into(), false.into()]);
    daemon.wait_brief("rec", "victim UNKNOWN");
    Some(transcript(&daemon, "rec"))
}

/// The end of a daemon while one program holds out.
pub(super) fn shutdown(subject: &Subject) -> String {
    let setup = recorded(subject, "PROCESS_STATE_STOPPING,PROCESS_STATE_STOPPED,SUPERVISOR_STATE_CHANGE")
        .program("quick", "priority=9", "hang")
        .program("slow", "priority=1\nstopwaitsecs=100", "block:TERM touch:up wait:go");
    let daemon = ready(setup);
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    daemon.wait_log_times("entered RUNNING", 3);
    daemon.ok("shutdown", &[]);
    daemon.wait_brief("rec", "slow STOPPING");
    let text = transcript(&daemon, "rec");
    daemon.touch("go");
    daemon.wait_exit();
    text
}
