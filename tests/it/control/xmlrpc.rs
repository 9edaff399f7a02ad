//! Series X, the methods: what they return, their faults and their waiting.

use supervisor_tests::http::post;
use supervisor_tests::{Daemon, Setup, Value, xmlrpc};

/// A result array as lines: `group:name status description`.
fn results(value: &Value) -> Vec<String> {
    let line = |result: &Value| {
        let (group, name) = (result.get("group").str(), result.get("name").str());
        format!("{group}:{name} {} {}", result.get("status").int(), result.get("description").str())
    };
    value.array().iter().map(line).collect()
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// A group `g` of two programs that are not started, and a program of its own.
fn daemon() -> Daemon {
    let idle = |name: &str| format!("[program:{name}]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\n");
    Setup::new().with(&[idle("one"), idle("two"), idle("solo")].concat()).with("[group:g]\nprograms=one,two").start()
}

#[test]
fn ctl_x10_fault_strings() {
    let daemon = daemon();
    assert_eq!(daemon.fault("stopProcess", &["solo".into()]), "70 NOT_RUNNING: solo");
    assert_eq!(daemon.fault("stopProcess", &["g:one".into()]), "70 NOT_RUNNING: g:one");
    assert_eq!(daemon.fault("signalProcess", &["solo".into(), "NOPE".into()]), "11 BAD_SIGNAL: NOPE");
    assert_eq!(daemon.fault("addProcessGroup", &["g".into()]), "90 ALREADY_ADDED: g");
    daemon.ok("startProcess", &["solo".into()]);
    assert_eq!(daemon.fault("startProcess", &["solo".into()]), "60 ALREADY_STARTED: solo");
    assert_eq!(daemon.fault("removeProcessGroup", &["solo".into()]), "91 STILL_RUNNING: solo");
}

#[test]
fn ctl_x11_versions_and_identity() {
    let daemon = Setup::new().supervisord("identifier=me").start();
    assert_eq!(daemon.ok("getAPIVersion", &[]).str(), "3.0");
    assert_eq!(daemon.ok("getVersion", &[]).str(), "3.0");
    assert_eq!(daemon.ok("getIdentification", &[]).str(), "me");
    assert_eq!(daemon.ok("getPID", &[]).int(), i64::from(daemon.pid()));
    let mut version = daemon.command("supervisord");
    version.arg("-v");
    let ran = supervisor_tests::run::run(version, "", daemon.dir());
    assert_eq!(daemon.ok("getSupervisorVersion", &[]).str(), ran.out.trim());
}

#[test]
fn ctl_x12_state_of_the_daemon() {
    let state = Setup::new().start().ok("getState", &[]);
    assert_eq!((state.keys(), state.get("statecode").int()), (vec!["statecode", "statename"], 1));
    assert_eq!(state.get("statename").str(), "RUNNING");
}

#[test]
fn ctl_x13_forms_of_names() {
    let daemon = daemon();
    for whole in ["g:*", "g:"] {
        assert_eq!(daemon.ok("startProcess", &[whole.into()]).array().len(), 2, "{whole}");
        assert_eq!(daemon.ok("stopProcess", &[whole.into()]).array().len(), 2, "{whole}");
    }
    assert_eq!(daemon.info("g:one").get("group").str(), "g");
    assert_eq!(daemon.info("solo:solo").get("name").str(), "solo");
    for wrong in ["one", "g", "nope", "nope:*", "g:nope", "a:b:c", ""] {
        assert_eq!(daemon.fault("stopProcess", &[wrong.into()]), format!("10 BAD_NAME: {wrong}"));
    }
}

const INFO_KEYS: [&str; 14] = [
    "name",
    "group",
    "start",
    "stop",
    "now",
    "state",
    "statename",
    "spawnerr",
    "exitstatus",
    "logfile",
    "stdout_logfile",
    "stderr_logfile",
    "pid",
    "description",
];

#[test]
fn ctl_x14_process_info() {
    let daemon = daemon();
    let info = daemon.info("g:one");
    assert_eq!(info.keys(), INFO_KEYS);
    for key in ["start", "stop", "now", "state", "exitstatus", "pid"] {
        assert!(matches!(info.get(key), Value::Int(_)), "{key}");
    }
    assert_eq!(info.get("logfile"), info.get("stdout_logfile"));
    assert_eq!(daemon.fault("getProcessInfo", &["g:*".into()]), "10 BAD_NAME: g:*");
}

#[test]
fn ctl_x15_descriptions() {
    let daemon = Setup::new()
        .program("up", "", "hang")
        .with("[program:off]\ncommand=/bin/cat\nautostart=false")
        .with("[program:fatal]\ncommand=/nonexistent/x\nstartretries=0")
        .start();
    daemon.wait_state("up", "RUNNING");
    daemon.wait_state("fatal", "FATAL");
    let text = |name: &str| daemon.info(name).get("description").str().to_owned();
    assert!(text("up").starts_with(&format!("pid {}, uptime 0:00:", daemon.pid_of("up"))), "{}", text("up"));
    assert_eq!((text("off").as_str(), text("fatal").as_str()), ("Not started", "can't find command '/nonexistent/x'"));
    daemon.stop_process("up");
    let stopped = text("up");
    let shape: String = stopped.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    assert!(shape[3..] == *" 00 00:00 AM" || shape[3..] == *" 00 00:00 PM", "{stopped}");
}

#[test]
fn ctl_x16_exit_status() {
    let daemon = Setup::new()
        .program("seven", "autorestart=false", "exit:7")
        .program("killed", "autorestart=false", "die:KILL")
        .program("quick", "startsecs=60\nstartretries=90", "exit:3")
        .with("[program:off]\ncommand=/bin/cat\nautostart=false")
        .start();
    daemon.wait_state("seven", "EXITED");
    daemon.wait_state("killed", "EXITED");
    daemon.wait_state("quick", "BACKOFF");
    for (name, status) in [("seven", 7), ("killed", -1), ("quick", 0), ("off", 0)] {
        assert_eq!(daemon.info(name).get("exitstatus").int(), status, "{name}");
    }
}

#[test]
fn ctl_x17_spawn_errors() {
    let daemon = Setup::new()
        .program("seven", "autorestart=false", "exit:7")
        .program("quick", "startsecs=60\nstartretries=90", "exit:3")
        .start();
    daemon.wait_state("seven", "EXITED");
    daemon.wait_state("quick", "BACKOFF");
    let text = |name: &str| daemon.info(name).get("spawnerr").str().to_owned();
    assert_eq!(text("seven"), "Bad exit code 7");
    assert_eq!(text("quick"), "Exited too quickly (process log may have details)");
}

#[test]
fn ctl_x19_order_of_all_infos() {
    let infos = daemon().ok("getAllProcessInfo", &[]);
    let names: Vec<String> =
        infos.array().iter().map(|info| format!("{}:{}", info.get("group").str(), info.get("name").str())).collect();
    assert_eq!(names, ["g:one", "g:two", "solo:solo"]);
}

#[test]
fn ctl_x20_configurations() {
    let daemon = daemon();
    let infos = daemon.ok("getAllConfigInfo", &[]);
    let names: Vec<&str> = infos.array().iter().map(|info| info.get("name").str()).collect();
    assert_eq!(names, ["one", "solo", "two"]);
    let info = &infos.array()[0];
    let wanted = "autostart directory uid command exitcodes group group_prio inuse killasgroup name process_prio \
        redirect_stderr startretries startsecs stdout_capture_maxbytes stdout_events_enabled stdout_logfile \
        stdout_logfile_backups stdout_logfile_maxbytes stdout_syslog stopsignal stopwaitsecs stderr_capture_maxbytes \
        stderr_events_enabled stderr_logfile stderr_logfile_backups stderr_logfile_maxbytes stderr_syslog serverurl";
    assert_eq!(info.keys(), wanted.split_whitespace().collect::<Vec<_>>());
    for key in ["directory", "uid", "serverurl"] {
        assert_eq!(info.get(key).str(), "none", "{key}");
    }
    assert_eq!((info.get("stopsignal").int(), info.get("inuse")), (15, &true.into()));
    daemon.rewrite("[program:new]\ncommand=/bin/cat");
    daemon.reread();
    let infos = daemon.ok("getAllConfigInfo", &[]);
    assert_eq!((infos.array().len(), infos.array()[0].get("inuse")), (1, &false.into()));
    assert_eq!(infos.array()[0].get("stdout_logfile").str(), "auto");
}

#[test]
fn ctl_x21_a_waiting_start() {
    let daemon = Setup::new()
        .with("[program:slow]\ncommand=/bin/cat\nautostart=false\nstartsecs=1")
        .with("[program:fast]\ncommand=/bin/cat\nautostart=false\nstartsecs=0")
        .start();
    for name in ["slow", "fast"] {
        assert_eq!(daemon.ok("startProcess", &[name.into()]), true.into());
        assert_eq!(daemon.state(name), "RUNNING");
    }
}

#[test]
fn ctl_x22_faults_of_a_start() {
    let idle = |name: &str, command: &str| format!("[program:{name}]\ncommand={command}\nautostart=false\n");
    let daemon = Setup::new()
        .write("plain", "text")
        .with(&idle("missing", "/nonexistent/x"))
        .with(&idle("dir", "{dir}"))
        .with(&idle("plain", "{dir}/plain"))
        .with(&idle("quote", "/bin/cat \"x"))
        .with(&idle("empty", ""))
        .program("quick", "autostart=false\nstartsecs=60", "exit:1")
        .with("[program:up]\ncommand=/bin/cat\nstartsecs=0")
        .start();
    daemon.wait_state("up", "RUNNING");
    let dir = daemon.dir().display();
    for (name, fault) in [
        ("nope", "10 BAD_NAME: nope".to_owned()),
        ("missing", "20 NO_FILE: can't find command '/nonexistent/x'".to_owned()),
        ("dir", format!("21 NOT_EXECUTABLE: command at '{dir}' is a directory")),
        ("plain", format!("21 NOT_EXECUTABLE: command at '{dir}/plain' is not executable")),
        ("quote", "21 NOT_EXECUTABLE: can't parse command '/bin/cat \"x': No closing quotation".to_owned()),
        ("empty", "21 NOT_EXECUTABLE: command is empty".to_owned()),
        ("up", "60 ALREADY_STARTED: up".to_owned()),
        ("quick", "50 SPAWN_ERROR: quick".to_owned()),
    ] {
        assert_eq!(daemon.fault("startProcess", &[name.into()]), fault);
    }
}

#[test]
fn ctl_x23_a_start_without_waiting() {
    let daemon = Setup::new().with("[program:slow]\ncommand=/bin/cat\nautostart=false\nstartsecs=100").start();
    daemon.start_process("slow");
    assert_eq!(daemon.state("slow"), "STARTING");
}

#[test]
fn ctl_x24_a_stop_during_a_waiting_start() {
    let daemon = Setup::new().with("[program:slow]\ncommand=/bin/cat\nautostart=false\nstartsecs=100").start();
    let mut client = daemon.connect();
    client.send(post(&xmlrpc::call("supervisor.startProcess", &["slow".into()]), ""));
    daemon.wait_state("slow", "STARTING");
    daemon.stop_process("slow");
    let fault = xmlrpc::response(&client.reply().expect("a reply").text()).unwrap_err();
    assert_eq!((fault.code, fault.text.as_str()), (40, "ABNORMAL_TERMINATION: slow"));
}

#[test]
fn ctl_x25_a_stop_waits_for_the_kill() {
    let daemon = Setup::new().program("p", "stopwaitsecs=1", "block:TERM touch:up hang").start();
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    daemon.stop_process("p");
    assert_eq!(daemon.state("p"), "STOPPED");
    assert!(daemon.has_logged("with SIGKILL"));
}

#[test]
fn ctl_x26_faults_of_a_stop() {
    let daemon = Setup::new()
        .program("slow", "stopwaitsecs=100", "block:TERM touch:up wait:go")
        .program("back", "startsecs=60\nstartretries=90", "exit:1")
        .start();
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    assert_eq!(daemon.ok("stopProcess", &["slow".into(), false.into()]), true.into());
    assert_eq!(daemon.state("slow"), "STOPPING");
    assert_eq!(daemon.fault("stopProcess", &["slow".into()]), "70 NOT_RUNNING: slow");
    assert_eq!(daemon.fault("stopProcess", &["nope".into()]), "10 BAD_NAME: nope");
    daemon.wait_state("back", "BACKOFF");
    daemon.stop_process("back");
    assert_eq!(daemon.state("back"), "STOPPED");
}

#[test]
fn ctl_x27_groups_and_all() {
    let daemon = daemon();
    let both = ["g:one 80 OK", "g:two 80 OK"];
    daemon.ok("startProcess", &["g:one".into()]);
    assert_eq!(results(&daemon.ok("startProcessGroup", &["g".into()])), ["g:two 80 OK"]);
    assert!(results(&daemon.ok("startProcessGroup", &["g".into()])).is_empty());
    assert_eq!(sorted(results(&daemon.ok("stopProcessGroup", &["g".into()]))), both);
    assert_eq!(results(&daemon.ok("startAllProcesses", &[])), [both[0], both[1], "solo:solo 80 OK"]);
    assert_eq!(sorted(results(&daemon.ok("stopAllProcesses", &[]))), [both[0], both[1], "solo:solo 80 OK"]);
    assert!(results(&daemon.ok("stopAllProcesses", &[])).is_empty());
    let first = &daemon.ok("startProcessGroup", &["g".into()]);
    assert_eq!(first.array()[0].keys(), ["name", "group", "status", "description"]);
}

#[test]
fn ctl_x28_failures_inside_results() {
    let daemon = Setup::new()
        .with("[program:good]\ncommand=/bin/cat\nautostart=false\nstartsecs=0")
        .with("[program:bad]\ncommand=/nonexistent/x\nautostart=false")
        .with("[group:g]\nprograms=bad,good")
        .start();
    let lines = results(&daemon.ok("startProcessGroup", &["g".into()]));
    assert_eq!(lines, ["g:bad 20 NO_FILE: can't find command '/nonexistent/x'", "g:good 80 OK"]);
}

#[test]
fn ctl_x29_group_forms_of_single_calls() {
    let daemon = daemon();
    assert_eq!(results(&daemon.ok("startProcess", &["g:*".into()])), ["g:one 80 OK", "g:two 80 OK"]);
    let signalled = results(&daemon.ok("signalProcess", &["g:*".into(), "CONT".into()]));
    assert_eq!(signalled, ["g:one 80 OK", "g:two 80 OK"]);
    assert_eq!(sorted(results(&daemon.ok("stopProcess", &["g:*".into()]))), ["g:one 80 OK", "g:two 80 OK"]);
}

#[test]
fn ctl_x30_signals() {
    let daemon = daemon();
    daemon.ok("startProcess", &["solo".into()]);
    for signal in [Value::from("CONT"), "sigcont".into(), " SIGCONT ".into(), "18".into(), 18.into()] {
        assert_eq!(daemon.ok("signalProcess", &["solo".into(), signal]), true.into());
    }
    for bad in ["NOPE", "35", "SIGRTMIN+1"] {
        assert_eq!(daemon.fault("signalProcess", &["solo".into(), bad.into()]), format!("11 BAD_SIGNAL: {bad}"));
    }
    assert_eq!(daemon.fault("signalProcess", &["g:one".into(), "HUP".into()]), "70 NOT_RUNNING: g:one");
    assert_eq!(daemon.fault("signalProcess", &["g:one".into(), "NOPE".into()]), "11 BAD_SIGNAL: NOPE");
    assert_eq!(daemon.fault("signalProcess", &["nope".into(), "NOPE".into()]), "10 BAD_NAME: nope");
    let slow = Setup::new().program("p", "stopwaitsecs=100", "block:TERM touch:up trap:USR1").start();
    slow.wait("the stubborn program", || slow.path("up").exists().then_some(()));
    slow.wait_log("entered RUNNING");
    slow.ok("stopProcess", &["p".into(), false.into()]);
    slow.ok("signalProcess", &["p".into(), "USR1".into()]);
    slow.wait_state("p", "STOPPED");
}

#[test]
fn ctl_x31_signals_to_many() {
    let daemon = daemon();
    assert!(results(&daemon.ok("signalProcessGroup", &["g".into(), "HUP".into()])).is_empty());
    daemon.ok("startProcess", &["g:two".into()]);
    daemon.ok("startProcess", &["solo".into()]);
    assert_eq!(results(&daemon.ok("signalProcessGroup", &["g".into(), "CONT".into()])), ["g:two 80 OK"]);
    let bad = results(&daemon.ok("signalAllProcesses", &["NOPE".into()]));
    assert_eq!(bad, ["g:two 11 BAD_SIGNAL: NOPE", "solo:solo 11 BAD_SIGNAL: NOPE"]);
    assert_eq!(daemon.fault("signalProcessGroup", &["nope".into(), "HUP".into()]), "10 BAD_NAME: nope");
}

#[test]
fn ctl_x37_remote_events() {
    let daemon = Setup::new().recorder("l", "events=REMOTE_COMMUNICATION").start();
    assert_eq!(daemon.ok("sendRemoteCommEvent", &["kind".into(), "the data".into()]), true.into());
    daemon.wait_event("l", "the event", |event| event.payload == "type:kind\nthe data");
}

#[test]
fn ctl_x46_group_methods_take_bare_names() {
    let daemon = daemon();
    for method in ["startProcessGroup", "stopProcessGroup", "addProcessGroup", "removeProcessGroup"] {
        assert_eq!(daemon.fault(method, &["g:*".into()]), "10 BAD_NAME: g:*", "{method}");
    }
}
