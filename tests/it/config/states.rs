//! Series SM: the life of a process, seen in its states and in the activity log.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use supervisor_tests::http::post;
use supervisor_tests::{Daemon, Setup, xmlrpc};

fn one(options: &str, steps: &str) -> Daemon {
    Setup::new().program("p", options, steps).start()
}

fn kill_process(daemon: &Daemon, name: &str, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(daemon.pid_of(name)).unwrap()), signal).unwrap();
}

/// The number of starts so far.
fn starts(daemon: &Daemon) -> usize {
    daemon.log().iter().filter(|line| line.starts_with("INFO spawned: 'p'")).count()
}

#[test]
fn cfg_sm01_autostart() {
    let daemon = Setup::new()
        .with("[program:off]\ncommand=/bin/cat\nautostart=false\n[program:on]\ncommand=/bin/cat\nstartsecs=0")
        .start();
    daemon.wait_state("on", "RUNNING");
    assert_eq!(daemon.state("off"), "STOPPED");
    daemon.stop_process("on");
    assert_eq!(daemon.reread(), "//");
    // A second program that starts and runs is a turn or two of the daemon.
    daemon.start_process("off");
    daemon.wait_state("off", "RUNNING");
    assert_eq!(daemon.state("on"), "STOPPED");
}

#[test]
fn cfg_sm02_running_after_startsecs() {
    let daemon = one("startsecs=1", "hang");
    daemon.wait_state("p", "STARTING");
    let line = "INFO success: p entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)";
    assert_eq!(daemon.wait_log("success: p"), line);
    daemon.wait_state("p", "RUNNING");
}

#[test]
fn cfg_sm03_an_early_exit_is_a_failed_start() {
    let daemon = one("startsecs=60\nstartretries=9", "exit:0");
    daemon.wait_log("WARN exited: p (exit status 0; not expected)");
    daemon.wait_state("p", "BACKOFF");
    assert_eq!(daemon.info("p").get("spawnerr").str(), "Exited too quickly (process log may have details)");
}

const GAVE_UP: &str = "INFO gave up: p entered FATAL state, too many start retries too quickly";

#[test]
fn cfg_sm04_retries_until_fatal() {
    let daemon = one("startsecs=30\nstartretries=2", "exit:1");
    daemon.wait_log(GAVE_UP);
    assert_eq!((starts(&daemon), daemon.state("p").as_str()), (3, "FATAL"));
}

#[test]
fn cfg_sm05_no_retries() {
    let daemon = one("startsecs=30\nstartretries=0", "exit:1");
    daemon.wait_log(GAVE_UP);
    assert_eq!(starts(&daemon), 1);
}

#[test]
fn cfg_sm06_instant_exit_without_startsecs() {
    let daemon = one("autorestart=false", "exit:0");
    daemon.wait_log("INFO exited: p (exit status 0; expected)");
    daemon.wait_state("p", "EXITED");
}

#[test]
fn cfg_sm07_lines_of_exits() {
    let daemon = Setup::new()
        .program("good", "autorestart=false", "exit:0")
        .program("bad", "autorestart=false", "exit:7")
        .program("listed", "autorestart=false\nexitcodes=7,8", "exit:7")
        .program("killed", "autorestart=false", "die:KILL")
        .start();
    daemon.wait_log("INFO exited: good (exit status 0; expected)");
    daemon.wait_log("WARN exited: bad (exit status 7; not expected)");
    daemon.wait_log("INFO exited: listed (exit status 7; expected)");
    daemon.wait_log("WARN exited: killed (terminated by SIGKILL; not expected)");
    daemon.wait_state("bad", "EXITED");
    assert_eq!(daemon.info("bad").get("spawnerr").str(), "Bad exit code 7");
}

#[test]
fn cfg_sm08_autorestart() {
    // Each program ends once, in its way; those that are restarted then stay up.
    let ways = [("expected", "exit:0"), ("unexpected", "exit:1"), ("signal", "die:KILL")];
    let mut setup = Setup::new();
    for policy in ["true", "false", "unexpected"] {
        for (way, step) in ways {
            let name = format!("{policy}-{way}");
            setup = setup.program(&name, &format!("autorestart={policy}"), &format!("once:{name} {step} hang"));
        }
    }
    let daemon = setup.start();
    for policy in ["true", "false", "unexpected"] {
        for (way, _) in ways {
            let name = format!("{policy}-{way}");
            daemon.wait_log(&format!("exited: {name} "));
            let again = policy == "true" || (policy == "unexpected" && way != "expected");
            daemon.wait_log_times(&format!("spawned: '{name}'"), if again { 2 } else { 1 });
            daemon.wait_state(&name, if again { "RUNNING" } else { "EXITED" });
        }
    }
}

#[test]
fn cfg_sm10_fatal_is_left_by_a_start_only() {
    let daemon = one("startsecs=30\nstartretries=1", "exit:1");
    daemon.wait_log(GAVE_UP);
    assert_eq!(starts(&daemon), 2);
    daemon.request_start("p");
    daemon.wait_log_times(GAVE_UP, 2);
    assert_eq!(starts(&daemon), 4);
}

#[test]
fn cfg_sm11_stop_in_backoff() {
    let daemon = one("startsecs=60\nstartretries=90", "exit:1");
    daemon.wait_state("p", "BACKOFF");
    // A retry may come in between; the stop then ends a start.
    daemon.stop_process("p");
    assert_eq!(daemon.state("p"), "STOPPED");
}

#[test]
fn cfg_sm12_lines_of_a_stop() {
    let daemon = Setup::new()
        .program("plain", "", "touch:plain hang")
        .program("tidy", "", "block:TERM touch:tidy trap:TERM exit:0")
        .program("int", "stopsignal=INT", "touch:int hang")
        .start();
    for name in ["plain", "tidy", "int"] {
        daemon.wait_path(name);
        daemon.wait_state(name, "RUNNING");
        daemon.stop_process(name);
    }
    daemon.wait_log("DEBG killing plain (pid ");
    daemon.wait_log("WARN stopped: plain (terminated by SIGTERM)");
    daemon.wait_log("INFO stopped: tidy (exit status 0)");
    daemon.wait_log("WARN stopped: int (terminated by SIGINT)");
}

#[test]
fn cfg_sm13_kill_after_stopwaitsecs() {
    let daemon = Setup::new()
        .program("p", "stopwaitsecs=1", "block:TERM touch:up hang")
        .program("g", "stopwaitsecs=1\nstopasgroup=true", "block:TERM hold:never touch:up2 hang")
        .start();
    daemon.wait("both programs", || (daemon.path("up").exists() && daemon.path("up2").exists()).then_some(()));
    let (p, g) = (daemon.pid_of("p"), daemon.pid_of("g"));
    daemon.stop_process("p");
    daemon.stop_process("g");
    daemon.wait_log(&format!("DEBG killing p (pid {p}) with signal SIGTERM"));
    daemon.wait_log(&format!("WARN killing 'p' ({p}) with SIGKILL"));
    daemon.wait_log("WARN stopped: p (terminated by SIGKILL)");
    daemon.wait_log(&format!("DEBG killing g (pid {g}) process group with signal SIGTERM"));
    daemon.wait_log(&format!("DEBG killing g (pid {g}) process group with signal SIGKILL"));
}

#[test]
fn cfg_sm14_no_stopwaitsecs() {
    let daemon = one("stopwaitsecs=0", "block:TERM touch:up hang");
    daemon.wait_path("up");
    daemon.stop_process("p");
    daemon.wait_log("WARN stopped: p (terminated by SIGKILL)");
}

#[test]
fn cfg_sm15_stop_during_starting() {
    let daemon = one("startsecs=100", "touch:up hang");
    daemon.wait_path("up");
    assert_eq!(daemon.state("p"), "STARTING");
    daemon.stop_process("p");
    assert_eq!(daemon.state("p"), "STOPPED");
    daemon.wait_log("WARN stopped: p (terminated by SIGTERM)");
}

#[test]
fn cfg_sm16_waiting_for_a_stop() {
    let daemon = one("stopwaitsecs=100", "block:TERM touch:up wait:go");
    daemon.wait_path("up");
    let mut client = daemon.connect();
    client.send(post(&xmlrpc::call("supervisor.stopProcess", &["p".into()]), ""));
    daemon.wait_log_times("INFO waiting for p to stop", 3);
    daemon.touch("go");
    assert_eq!(xmlrpc::response(&client.reply().expect("a reply").text()), Ok(true.into()));
    let gaps = daemon.gaps("waiting for p to stop");
    assert!(gaps.iter().all(|gap| *gap >= 1900), "{gaps:?}");
}

#[test]
fn cfg_sm20_reasons_not_to_spawn() {
    let daemon = Setup::new()
        .write("plain", "text")
        .with("[program:missing]\ncommand=/nonexistent/x\nstartretries=0")
        .with("[program:quote]\ncommand=/bin/cat \"x\nstartretries=0")
        .with("[program:escape]\ncommand=/bin/cat x\\\nstartretries=0")
        .with("[program:empty]\ncommand=\nstartretries=0")
        .with("[program:dir]\ncommand={dir}\nstartretries=0")
        .with("[program:plain]\ncommand={dir}/plain\nstartretries=0")
        .start();
    let dir = daemon.dir().display().to_string();
    let texts = [
        ("missing", "can't find command '/nonexistent/x'".to_owned()),
        ("quote", "can't parse command '/bin/cat \"x': No closing quotation".to_owned()),
        ("escape", r"can't parse command '/bin/cat x\\': No escaped character".to_owned()),
        ("empty", "command is empty".to_owned()),
        ("dir", format!("command at '{dir}' is a directory")),
        ("plain", format!("command at '{dir}/plain' is not executable")),
    ];
    for (name, text) in texts {
        daemon.wait_state(name, "FATAL");
        daemon.wait_log(&format!("INFO spawnerr: {text}"));
        assert_eq!(daemon.info(name).get("spawnerr").str(), text);
    }
}

#[test]
fn cfg_sm22_start_requests_out_of_season() {
    let daemon = Setup::new()
        .program("back", "startsecs=60\nstartretries=90", "exit:1")
        .program("slow", "stopwaitsecs=100", "block:TERM touch:up wait:go")
        .start();
    daemon.wait_path("up");
    daemon.wait_state("back", "BACKOFF");
    assert_eq!(daemon.fault("startProcess", &["back".into()]), "60 ALREADY_STARTED: back");
    daemon.ok("stopProcess", &["slow".into(), false.into()]);
    assert_eq!(daemon.fault("startProcess", &["slow".into()]), "40 ABNORMAL_TERMINATION: slow");
    daemon.wait_log("WARN process 'slow' already running");
    daemon.touch("go");
    daemon.wait_state("slow", "STOPPED");
}

#[test]
fn cfg_sm23_retries_do_not_ask_autorestart() {
    let daemon = one("startsecs=30\nstartretries=1\nautorestart=false", "exit:1");
    daemon.wait_log(GAVE_UP);
    assert_eq!(starts(&daemon), 2);
}

#[test]
fn cfg_sm24_spawnerr_survives_a_stop_in_backoff() {
    let daemon = one("startsecs=60\nstartretries=90", "exit:1");
    daemon.wait_state("p", "BACKOFF");
    daemon.stop_process("p");
    let spawnerr = daemon.info("p").get("spawnerr").str().to_owned();
    assert_eq!(spawnerr, "Exited too quickly (process log may have details)");
}

#[test]
fn cfg_gr01_start_order_across_groups() {
    let cat = |name: &str, priority: u32| format!("[program:{name}]\ncommand=/bin/cat\npriority={priority}\n");
    let programs = [cat("d", 5), cat("c", 5), cat("b", 1), cat("m2", 9), cat("m1", 3)].concat();
    let daemon = Setup::new().with(&programs).with("[group:g]\nprograms=m2,m1\npriority=4").start();
    daemon.wait_log_times("INFO spawned:", 5);
    let lines = ["'b'", "'m2'", "'m1'", "'c'", "'d'"];
    let order: Vec<String> = daemon.log_order(&lines);
    assert_eq!(order[..5], lines);
}

#[test]
fn cfg_gr02_stop_order_inside_a_group() {
    let mut setup = Setup::new().with("[group:g]\nprograms=a,b,c");
    for (name, priority) in [("a", 2), ("b", 3), ("c", 1)] {
        setup = setup.program(name, &format!("priority={priority}"), &format!("touch:{name} hang"));
    }
    let daemon = setup.start();
    for name in ["a", "b", "c"] {
        daemon.wait_path(name);
    }
    daemon.wait_log_times("entered RUNNING", 3);
    assert_eq!(daemon.stop(), 0);
    let lines = ["killing b ", "killing a ", "killing c "];
    assert_eq!(daemon.log_order(&lines), lines);
}

#[test]
fn cfg_gr03_listeners_are_first_in_and_last_out() {
    let daemon = Setup::new().program("a", "priority=1", "touch:a hang").recorder("z", "events=TICK_3600").start();
    daemon.wait_path("a");
    daemon.wait_log("z: ACKNOWLEDGED -> READY");
    daemon.wait_log_times("entered RUNNING", 2);
    assert_eq!(daemon.stop(), 0);
    let lines = ["spawned: 'z'", "spawned: 'a'", "stopped: a", "killing z"];
    assert_eq!(daemon.log_order(&lines), lines);
}

#[test]
fn cfg_sm09_restarts_are_not_counted() {
    let daemon = one("autorestart=true\nstartretries=0", "once:a exit:1 once:b exit:0 once:c die:KILL hang");
    daemon.wait_log_times("INFO spawned: 'p'", 4);
    daemon.wait_state("p", "RUNNING");
    kill_process(&daemon, "p", Signal::SIGKILL);
    daemon.wait_log_times("INFO spawned: 'p'", 5);
    daemon.wait_state("p", "RUNNING");
}
