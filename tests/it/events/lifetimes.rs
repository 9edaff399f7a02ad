//! Series E, the events of one process over its life.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use supervisor_tests::Setup;

/// A recorder of state changes beside one program that is not started yet.
fn setup(options: &str, steps: &str) -> Setup {
    Setup::new()
        .recorder("rec", "events=PROCESS_STATE,REMOTE_COMMUNICATION\nbuffer_size=100")
        .program("p", options, steps)
}

#[test]
fn ev_e18_tries_of_a_program_that_never_starts() {
    let daemon = setup("startsecs=30\nstartretries=2", "exit:1").start();
    daemon.wait_brief("rec", "p FATAL");
    let wanted = [
        "STARTING tries:0",
        "BACKOFF tries:1",
        "STARTING tries:1",
        "BACKOFF tries:2",
        "STARTING tries:2",
        "BACKOFF tries:3",
        "FATAL from_state:BACKOFF",
    ];
    assert_eq!(daemon.life_of("rec", "p"), wanted);
}

#[test]
fn ev_e19_a_stop_in_backoff_keeps_the_tries() {
    let daemon = setup("startsecs=30\nstartretries=50", "exit:1").start();
    daemon.wait_brief("rec", "p BACKOFF");
    daemon.wait_state("p", "BACKOFF");
    daemon.stop_process("p");
    let stopped = daemon.wait_brief("rec", "p STOPPED");
    assert_eq!(stopped.payload, "processname:p groupname:p from_state:BACKOFF pid:0");
    daemon.request_start("p");
    daemon.sync("rec");
    let life = daemon.life_of("rec", "p");
    let at = life.iter().position(|entry| entry == "STOPPED pid:0").unwrap();
    let tries = life[at - 1].strip_prefix("BACKOFF ").unwrap();
    assert_eq!(life[at + 1], format!("STARTING {tries}"));
}

#[test]
fn ev_e20_tries_are_zero_again_after_running_exited_and_fatal() {
    let daemon = setup("startsecs=3\nautorestart=true", "once:failed exit:1 once:ran wait:go trap:TERM").start();
    // Fails once, runs and exits, is restarted, is stopped and started.
    daemon.wait_brief("rec", "p RUNNING");
    daemon.touch("go");
    daemon.stop_process("p");
    daemon.start_process("p");
    daemon.sync("rec");
    let starts: Vec<String> =
        daemon.life_of("rec", "p").into_iter().filter(|entry| entry.starts_with("STARTING")).collect();
    assert_eq!(starts[..2], ["STARTING tries:0", "STARTING tries:1"]);
    assert!(starts.len() > 2 && starts[2..].iter().all(|start| start == "STARTING tries:0"), "{starts:?}");

    let fatal = Setup::new()
        .recorder("rec", "events=PROCESS_STATE,REMOTE_COMMUNICATION\nbuffer_size=100")
        .program("q", "startsecs=30\nstartretries=0", "exit:1")
        .start();
    fatal.wait_brief("rec", "q FATAL");
    fatal.request_start("q");
    fatal.wait("the second start", || {
        let starts = fatal.life_of("rec", "q");
        (starts.iter().filter(|entry| *entry == "STARTING tries:0").count() == 2).then_some(())
    });
}

#[test]
fn ev_e21_expected_is_about_exit_codes() {
    let options = "autorestart=false\nexitcodes=3";
    let daemon = Setup::new()
        .recorder("rec", "events=PROCESS_STATE_EXITED")
        .program("listed", options, "exit:3")
        .program("other", options, "exit:0")
        .program("killed", options, "hang")
        .start();
    daemon.wait_state("killed", "RUNNING");
    kill(Pid::from_raw(i32::try_from(daemon.pid_of("killed")).unwrap()), Signal::SIGKILL).unwrap();
    for (name, expected) in [("listed", "expected:1"), ("other", "expected:0"), ("killed", "expected:0")] {
        let event = daemon.wait_brief("rec", &format!("{name} EXITED"));
        assert!(event.payload.contains(expected), "{}", event.payload);
    }
}

#[test]
fn ev_e22_exited_comes_from_running() {
    let daemon = setup("autorestart=false", "exit:0").start();
    let event = daemon.wait_brief("rec", "p EXITED");
    assert!(event.payload.contains("from_state:RUNNING"));
    let read = daemon.events("rec");
    let running = read.iter().find(|event| event.brief() == "p RUNNING").unwrap();
    assert!(running.payload.contains("from_state:STARTING"));
}

#[test]
fn ev_e23_an_instant_exit_without_startsecs() {
    let daemon = setup("autorestart=false", "exit:0").start();
    daemon.wait_brief("rec", "p EXITED");
    let names: Vec<String> =
        daemon.life_of("rec", "p").iter().map(|entry| entry.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["STARTING", "RUNNING", "EXITED"]);
}

#[test]
fn ev_e24_the_kill_emits_no_second_stopping() {
    let daemon = setup("stopwaitsecs=1", "block:TERM touch:up hang").start();
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    daemon.stop_process("p");
    daemon.wait_log("with SIGKILL");
    daemon.sync("rec");
    let stops = daemon.life_of("rec", "p").iter().filter(|entry| entry.starts_with("STOPPING")).count();
    assert_eq!(stops, 1);
}
