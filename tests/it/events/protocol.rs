//! Series P, the states of a listener: READY, BUSY, ACKNOWLEDGED, UNKNOWN.

use nix::sys::signal::Signal;
use supervisor_tests::{Daemon, Setup, proc, wait_until};

/// One listener for remote events.
pub(super) fn listening(options: &str, steps: &str) -> Daemon {
    Setup::new().listener("l", &format!("events=REMOTE_COMMUNICATION\n{options}"), steps).start()
}

/// The line that declares a listener lost.
pub(super) const LOST: &str = "WARN l: has entered the UNKNOWN state and will no longer receive events, this usually \
    indicates the process violated the eventlistener protocol";

/// The types of the remote events a listener has read.
pub(super) fn kinds(daemon: &Daemon, listener: &str) -> Vec<String> {
    let kind = |payload: &str| payload.split(['\n', ':']).nth(1).unwrap_or_default().to_owned();
    daemon.events(listener).iter().map(|event| kind(&event.payload)).collect()
}

pub(super) fn wait_kinds(daemon: &Daemon, listener: &str, wanted: &[&str]) {
    daemon.wait(&format!("{listener} to read {wanted:?}"), || (kinds(daemon, listener) == wanted).then_some(()));
}

#[test]
fn ev_p01_ready_before_running_is_remembered() {
    let daemon = listening("startsecs=1", r"'say:READY\n' event 'say:RESULT 2\nOK' hang");
    daemon.remote("one", "");
    wait_kinds(&daemon, "l", &["one"]);
    let lines = ["l: ACKNOWLEDGED -> READY", "success: l entered RUNNING", "event 0 sent to listener l"];
    assert_eq!(daemon.log_order(&lines), lines);
}

#[test]
fn ev_p02_result_and_ready_in_one_write_or_two() {
    let options = "events=REMOTE_COMMUNICATION";
    let daemon = Setup::new()
        .recorder("two", options)
        .listener("one", options, r"'say:READY\n' label:top event 'say:RESULT 2\nOKREADY\n' goto:top")
        .start();
    for kind in ["a", "b", "c"] {
        daemon.remote(kind, "");
    }
    wait_kinds(&daemon, "one", &["a", "b", "c"]);
    wait_kinds(&daemon, "two", &["a", "b", "c"]);
}

#[test]
fn ev_p03_byte_by_byte() {
    let daemon = listening("", r"label:top 'slow:READY\n' event 'slow:RESULT 2\nOK' goto:top");
    daemon.remote("a", "");
    daemon.remote("b", "");
    daemon.wait_log_times("l: event was processed", 2);
    wait_kinds(&daemon, "l", &["a", "b"]);
}

#[test]
fn ev_p04_no_decision_before_the_sixth_byte() {
    let daemon = listening("", "say:abcde wait:go say:f hang");
    daemon.wait_log("b'abcde'");
    daemon.remote("a", "");
    assert!(!daemon.has_logged("UNKNOWN"));
    daemon.touch("go");
    daemon.wait_log("l: ACKNOWLEDGED -> UNKNOWN");
    daemon.wait_log(LOST);
}

#[test]
fn ev_p05_any_byte_in_ready_loses_the_listener() {
    let daemon = listening("", r"'say:READY\n' wait:go say:x hang");
    daemon.wait_log("l: ACKNOWLEDGED -> READY");
    daemon.touch("go");
    daemon.wait_log("l: READY -> UNKNOWN");
    assert_eq!(daemon.wait_log("has entered the UNKNOWN state"), LOST);
}

#[test]
fn ev_p06_two_readys_and_a_carriage_return() {
    let options = "events=REMOTE_COMMUNICATION";
    let daemon = Setup::new()
        .listener("twice", options, r"'say:READY\nREADY\n' hang")
        .listener("cr", options, r"'say:READY\r\n' hang")
        .start();
    daemon.wait_log("WARN twice: has entered the UNKNOWN state");
    daemon.wait_log("WARN cr: has entered the UNKNOWN state");
}

#[test]
fn ev_p07_a_line_end_after_the_body_comes_after_the_acceptance() {
    let daemon = listening("", r"'say:READY\n' event 'say:RESULT 2\nOK\nREADY\n' hang");
    daemon.remote("a", "");
    daemon.wait_log(LOST);
    let lines = ["l: event was processed", "l: BUSY -> ACKNOWLEDGED", "l: ACKNOWLEDGED -> UNKNOWN"];
    assert_eq!(daemon.log_order(&lines), lines);
}

#[test]
fn ev_p16_unknown_lasts_until_the_restart() {
    let steps = r"once:first goto:bad label:top 'say:READY\n' event 'say:RESULT 2\nOK' goto:top
        label:bad 'say:garbage\n' 'say:READY\n' hang";
    let daemon = listening("", steps);
    daemon.wait_log(LOST);
    daemon.remote("a", "");
    assert!(daemon.events("l").is_empty());
    daemon.stop_process("l");
    daemon.start_process("l");
    wait_kinds(&daemon, "l", &["a"]);
}

#[test]
fn ev_p20_closed_stdin_loses_nothing() {
    let steps = r"once:first goto:deaf label:top 'say:READY\n' event 'say:RESULT 2\nOK' goto:top
        label:deaf close:0 'say:READY\n' hang";
    let daemon = listening("", steps);
    daemon.wait_log("l: ACKNOWLEDGED -> READY");
    daemon.wait_log("entered RUNNING");
    daemon.remote("a", "");
    daemon.wait_log("DEBG epipe occurred while sending event 0 to listener l, listener state unchanged");
    assert!(!daemon.has_logged("event 0 sent"), "sent it was not");
    daemon.stop_process("l");
    daemon.start_process("l");
    wait_kinds(&daemon, "l", &["a"]);
}

#[test]
fn ev_p21_a_listener_that_never_reads() {
    let daemon =
        listening("", r"'say:READY\n' wait:go0 'say:RESULT 2\nOKREADY\n' wait:go1 'say:RESULT 2\nOKREADY\n' hang");
    daemon.wait_log("entered RUNNING");
    for serial in 0..3 {
        daemon.remote("big", &"x".repeat(400_000));
        daemon.wait_log(&format!("event {serial} sent to listener l"));
        daemon.touch(&format!("go{serial}"));
    }
    assert!(daemon.is_alive());
}

#[test]
fn ev_p22_closed_stdout_in_busy_stays_busy() {
    let daemon = Setup::new()
        .recorder("rec", "events=REMOTE_COMMUNICATION")
        .recorder("clock", "events=TICK_5")
        .listener("l", "events=REMOTE_COMMUNICATION", r"'say:READY\n' event close:1 hang")
        .start();
    daemon.remote("a", "");
    wait_kinds(&daemon, "l", &["a"]);
    daemon.remote("b", "");
    wait_kinds(&daemon, "rec", &["a", "b"]);
    daemon.sync("rec");
    assert_eq!(kinds(&daemon, "l"), ["a"]);
    assert_eq!(daemon.state("l"), "RUNNING");
    // A daemon that goes round and round about the closed pipe would take all the time there is. Nothing happens
    // until the second tick but the first.
    let before = proc::cpu_ticks(daemon.pid());
    daemon.wait_event("clock", "two ticks", |event| event.poolserial() == 1);
    let used = proc::cpu_ticks(daemon.pid()) - before;
    assert!(used < 50, "{used} hundredths of a second of work about nothing");
}

#[test]
fn ev_p26_children_have_the_default_sigpipe() {
    // `cat` keeps what it gets; the runtime of the bad peer ignores the signal in any case.
    let daemon = Setup::new().with("[program:cat]\ncommand=/bin/cat\nstartsecs=0").start();
    daemon.wait_state("cat", "RUNNING");
    let pid = i32::try_from(daemon.pid_of("cat")).unwrap();
    daemon.wait("cat to be executed", || {
        std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("cat")).then_some(())
    });
    for signal in [nix::libc::SIGPIPE, nix::libc::SIGXFSZ] {
        assert!(!proc::ignores(pid, signal), "signal {signal} is ignored");
    }
}

#[test]
fn ev_p23_order_of_the_debug_lines() {
    let daemon = listening("", r"'say:READY\n' event 'say:RESULT 2\nOKREADY\n' hang");
    daemon.remote("a", "");
    daemon.wait_log_times("l: ACKNOWLEDGED -> READY", 2);
    let lines = [
        "DEBG 'l' stdout output:",
        "b'READY\\n'",
        "DEBG l: ACKNOWLEDGED -> READY",
        "DEBG event 0 sent to listener l",
        "b'RESULT 2\\nOKREADY\\n'",
        "DEBG l: event was processed",
        "DEBG l: BUSY -> ACKNOWLEDGED",
    ];
    let order = [0, 1, 2, 3, 0, 4, 5, 6, 2].map(|at: usize| lines[at]);
    assert_eq!(daemon.log_order(&lines), order);
}

#[test]
fn ev_p24_the_stdout_log_holds_the_raw_bytes() {
    let daemon = listening("stdout_logfile={dir}/l.out", r"'say:READY\n' event 'say:RESULT 2\nOKREADY\n' hang");
    daemon.remote("a", "");
    daemon.wait_file("l.out", "OK");
    assert_eq!(daemon.read("l.out"), "READY\nRESULT 2\nOKREADY\n");
}

#[test]
fn ev_p25_stdin_ends_when_the_daemon_is_killed() {
    let daemon = listening("", r"'say:READY\n' eof touch:ended");
    daemon.wait_log("l: ACKNOWLEDGED -> READY");
    daemon.signal(Signal::SIGKILL);
    wait_until("the listener to see the end", || daemon.path("ended").exists().then_some(()));
}

#[test]
fn ev_p27_another_result_handler_is_refused() {
    let daemon = Setup::new().start();
    for handler in ["nosuchmod:foo", "supervisor.dispatchers:nosuch", "mod:", ":attr", "a:b:c"] {
        let section = format!("[eventlistener:l]\ncommand=/bin/cat\nevents=EVENT\nresult_handler={handler}");
        let text = daemon.reread_error(&section);
        assert_eq!(text, format!("{handler} cannot be resolved within [eventlistener:l]"));
    }
}

#[test]
fn ev_p30_a_ready_listener_with_closed_stdout_gets_one_event() {
    let daemon = Setup::new()
        .recorder("rec", "events=REMOTE_COMMUNICATION")
        .listener("l", "events=REMOTE_COMMUNICATION", r"'say:READY\n' close:1 event event hang")
        .start();
    daemon.wait_log("closed, stopped monitoring <PEventListenerDispatcher");
    daemon.remote("a", "");
    wait_kinds(&daemon, "l", &["a"]);
    daemon.remote("b", "");
    daemon.sync("rec");
    assert_eq!(kinds(&daemon, "l"), ["a"]);
}
