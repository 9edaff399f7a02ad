//! Series E, the shape of headers and payloads.

use supervisor_tests::{Daemon, Event, Setup, Subject};

const NAMES: &str = "EVENT PROCESS_STATE PROCESS_STATE_STOPPED PROCESS_STATE_EXITED PROCESS_STATE_STARTING \
    PROCESS_STATE_BACKOFF PROCESS_STATE_STOPPING PROCESS_STATE_RUNNING PROCESS_STATE_FATAL PROCESS_STATE_UNKNOWN \
    PROCESS_COMMUNICATION PROCESS_COMMUNICATION_STDOUT PROCESS_COMMUNICATION_STDERR PROCESS_LOG PROCESS_LOG_STDOUT \
    PROCESS_LOG_STDERR REMOTE_COMMUNICATION SUPERVISOR_STATE_CHANGE SUPERVISOR_STATE_CHANGE_RUNNING \
    SUPERVISOR_STATE_CHANGE_STOPPING TICK TICK_5 TICK_60 TICK_3600 PROCESS_GROUP PROCESS_GROUP_ADDED \
    PROCESS_GROUP_REMOVED";

/// A recorder of everything beside a few programs.
pub(super) fn watched(programs: &str) -> Daemon {
    Setup::new().recorder("rec", "events=EVENT\nbuffer_size=100").with(programs).start()
}

/// The payload of the first event with this brief form, and a check of its length.
fn payload(daemon: &Daemon, brief: &str) -> String {
    let event = daemon.wait_brief("rec", brief);
    assert_eq!(event.token("len"), event.payload.chars().count().to_string());
    event.payload
}

#[test]
fn ev_e01_every_name_is_accepted_in_any_case() {
    let mixed = |name: &str| {
        let flip = |(at, letter): (usize, char)| if at % 2 == 0 { letter.to_ascii_lowercase() } else { letter };
        name.chars().enumerate().map(flip).collect::<String>()
    };
    let sections = NAMES.split_whitespace().enumerate().map(|(at, name)| {
        let spelt = [name.to_owned(), name.to_lowercase(), mixed(name)][at % 3].clone();
        format!("[eventlistener:n{at:02}]\ncommand=/bin/cat\nautostart=false\nevents={spelt}\n")
    });
    let daemon = Setup::new().with(&sections.collect::<String>()).start();
    assert_eq!(daemon.ok("getAllProcessInfo", &[]).array().len(), 27);
}

/// The names of events that happen.
pub(super) fn leaves() -> impl Iterator<Item = &'static str> {
    NAMES.split_whitespace().filter(|name| !ABSTRACT.iter().any(|(_, events, _)| events == name))
}

/// A pool for each name that stands for others, and the beginning of what it stands for.
const ABSTRACT: [(&str, &str, &str); 7] = [
    ("all", "EVENT", ""),
    ("state", "PROCESS_STATE", "PROCESS_STATE_"),
    ("comm", "PROCESS_COMMUNICATION", "PROCESS_COMMUNICATION_"),
    ("log", "PROCESS_LOG", "PROCESS_LOG_"),
    ("super", "SUPERVISOR_STATE_CHANGE", "SUPERVISOR_STATE_CHANGE_"),
    ("tick", "TICK", "TICK_"),
    ("group", "PROCESS_GROUP", "PROCESS_GROUP_"),
];

/// A daemon where each kind of event happens, some with text beyond ASCII: programs die, fail, talk and withstand
/// signals, the hour is over, and the daemon is about to stop. `listeners` adds who is to hear of it; what they heard
/// is for the caller to wait for. `None` where that cannot be played.
pub(super) fn every_kind(listeners: impl FnOnce(Setup) -> Setup) -> Option<Daemon> {
    let setup = Setup::new().as_nobody()?.at_time("2026-11-22 10:59:40")?;
    let both = "stdout_capture_maxbytes=1KB\nstderr_capture_maxbytes=1KB\nstdout_events_enabled=true\n\
        stderr_events_enabled=true\nautostart=false\nautorestart=false";
    let text = "<!--XSUPERVISOR:BEGIN-->dätä<!--XSUPERVISOR:END-->and s€me more text outside of it";
    let daemon = listeners(setup)
        .recorder("watch", "events=EVENT\nbuffer_size=200")
        .program("tälk", both, &format!("'say:{text}' 'err:{text}' ms:1"))
        .program("quick", "startsecs=30\nstartretries=0", "exit:1")
        .program("mild", "", "hang")
        .program("slow", "stopwaitsecs=100", "block:TERM touch:up wait:go")
        .with(VICTIM)
        .start();
    daemon.start_process("tälk");
    daemon.wait_state("tälk", "EXITED");
    assert_eq!(daemon.ok("removeProcessGroup", &["tälk".into()]), true.into());
    daemon.remote("ü", "ß\n\n€");
    make_unknown(&daemon);
    daemon.wait_state("quick", "FATAL");
    daemon.wait_state("mild", "RUNNING");
    daemon.stop_process("mild");
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    daemon.wait_brief("watch", "TICK_3600");
    // The stubborn program keeps it from the end.
    daemon.ok("shutdown", &[]);
    for name in leaves() {
        daemon.wait_event("watch", name, |event| event.name() == name);
    }
    Some(daemon)
}

#[test]
fn ev_e02_abstract_names_deliver_their_leaves_and_nothing_else() {
    let pools = |mut setup: Setup| {
        for (pool, events, _) in ABSTRACT {
            setup = setup.recorder(pool, &format!("events={events}\nbuffer_size=200"));
        }
        setup
    };
    let Some(daemon) = every_kind(pools) else { return };
    for name in leaves() {
        for (pool, ..) in ABSTRACT.iter().filter(|(_, _, prefix)| name.starts_with(prefix)) {
            daemon.wait_event(pool, name, |event| event.name() == name);
        }
    }
    // In the stop that ends this, the original hands events of dying listeners to other pools (ev_l11).
    if Subject::under_test().is_original() {
        return;
    }
    for (pool, _, prefix) in ABSTRACT {
        assert!(daemon.events(pool).iter().all(|event| event.name().starts_with(prefix)), "strangers in {pool}");
    }
}

#[test]
fn ev_e03_seven_tokens_in_fixed_order() {
    let daemon = watched("");
    let event = daemon.wait_brief("rec", "rec RUNNING");
    let keys: Vec<&str> = event.header.split(' ').map(|token| token.split_once(':').unwrap().0).collect();
    assert_eq!(keys, ["ver", "server", "serial", "pool", "poolserial", "eventname", "len"]);
    assert_eq!(event.header.trim(), event.header);
}

#[test]
fn ev_e04_version_and_identifier() {
    let setup = || Setup::new().recorder("rec", "events=EVENT\nbuffer_size=100").supervisord("identifier=alpha");
    let (plain, given) = (setup().start(), setup().args(&["-i", "beta"]).start());
    let start = |daemon: &Daemon| daemon.wait_brief("rec", "rec RUNNING").header;
    assert!(start(&plain).starts_with("ver:3.0 server:alpha serial:"));
    assert!(start(&given).starts_with("ver:3.0 server:beta serial:"));
}

#[test]
fn ev_e05_serials_are_shared_and_only_for_subscribed_events() {
    let options = "events=REMOTE_COMMUNICATION";
    let daemon = Setup::new().recorder("a", options).recorder("b", options).start();
    daemon.remote("one", "");
    daemon.remote("two", "");
    for pool in ["a", "b"] {
        let second = daemon.wait_event(pool, "the second event", |event| event.payload == "type:two\n");
        let first = &daemon.events(pool)[0];
        assert_eq!((first.serial(), second.serial()), (0, 1));
    }
}

#[test]
fn ev_e06_serial_continues_over_a_reload_and_poolserial_does_not() {
    let daemon = Setup::new().recorder("rec", "events=REMOTE_COMMUNICATION").start();
    daemon.remote("before", "");
    daemon.wait_event("rec", "the first event", |event| event.serial() == 0);
    daemon.ok("restart", &[]);
    daemon.wait_log_times("supervisord started with pid", 2);
    daemon.wait("the new instance to answer", || daemon.try_rpc("supervisor.getPID", &[])?.ok());
    daemon.remote("after", "");
    let event = daemon.wait_event("rec", "the second event", |event| event.payload == "type:after\n");
    assert_eq!((event.serial(), event.poolserial()), (1, 0));
}

#[test]
fn ev_e07_len_counts_code_points() {
    let daemon = watched("[program:uñi]\ncommand=/bin/cat\nstartsecs=0");
    assert_eq!(daemon.wait_brief("rec", "uñi STARTING").token("len"), "56");
    daemon.remote("t2", "héllo €\nline2\n");
    let remote = daemon.wait_brief("rec", "REMOTE_COMMUNICATION");
    assert_eq!((remote.token("len"), remote.payload.as_str()), ("22", "type:t2\nhéllo €\nline2\n"));
    daemon.remote("t3", "plain");
    let plain = daemon.wait_event("rec", "the plain one", |event| event.payload.ends_with("plain"));
    assert_eq!(plain.token("len"), "13");
}

#[test]
fn ev_e08_starting_and_backoff_end_with_tries() {
    let daemon = watched("[program:quick]\ncommand=/nonexistent/program\nstartretries=0");
    assert_eq!(payload(&daemon, "quick STARTING"), "processname:quick groupname:quick from_state:STOPPED tries:0");
    assert_eq!(payload(&daemon, "quick BACKOFF"), "processname:quick groupname:quick from_state:STARTING tries:1");
}

#[test]
fn ev_e09_running_stopping_and_stopped_end_with_the_pid() {
    let daemon = watched("[program:cat]\ncommand=/bin/cat\nstartsecs=0\n[group:g]\nprograms=cat");
    daemon.wait_state("g:cat", "RUNNING");
    let pid = daemon.pid_of("g:cat");
    daemon.stop_process("g:cat");
    for (event, from) in [("RUNNING", "STARTING"), ("STOPPING", "RUNNING"), ("STOPPED", "STOPPING")] {
        let wanted = format!("processname:cat groupname:g from_state:{from} pid:{pid}");
        assert_eq!(payload(&daemon, &format!("cat {event}")), wanted);
    }
}

#[test]
fn ev_e10_exited_has_expected_before_pid() {
    let daemon = watched("[program:bye]\ncommand=/bin/false\nstartsecs=0\nautorestart=false");
    let payload = payload(&daemon, "bye EXITED");
    let head = "processname:bye groupname:bye from_state:RUNNING expected:0 pid:";
    assert!(payload.strip_prefix(head).is_some_and(|pid| pid.parse::<u32>().is_ok()), "{payload}");
}

/// A process that the daemon may not signal; it ends by itself when file `end` exists.
pub(super) const VICTIM: &str = "[program:victim]\ncommand={dir}/rootly play {dir}/victim.rec root touch:victim wait:end\n\
    startsecs=0\nautorestart=false\nautostart=false";

/// Makes the victim UNKNOWN.
pub(super) fn make_unknown(daemon: &Daemon) {
    daemon.start_process("victim");
    daemon.wait("the victim", || daemon.path("victim").exists().then_some(()));
    daemon.wait_state("victim", "RUNNING");
    // What a stop that fails answers is not this test's business.
    let _ = daemon.rpc("stopProcess", &["victim".into(), false.into()]);
    daemon.wait_state("victim", "UNKNOWN");
}

#[test]
fn ev_e11_fatal_and_unknown_have_three_keys() {
    let daemon = watched("[program:quick]\ncommand=/nonexistent/program\nstartretries=0");
    assert_eq!(payload(&daemon, "quick FATAL"), "processname:quick groupname:quick from_state:BACKOFF");
    let Some(setup) = Setup::new().as_nobody() else { return };
    let daemon = setup.recorder("rec", "events=EVENT\nbuffer_size=100").with(VICTIM).start();
    make_unknown(&daemon);
    assert_eq!(payload(&daemon, "victim UNKNOWN"), "processname:victim groupname:victim from_state:STOPPING");
}

#[test]
fn ev_e12_no_lf_after_state_and_tick_payloads() {
    let daemon = watched("[program:bye]\ncommand=/bin/true\nstartsecs=0\nautorestart=false");
    daemon.wait_brief("rec", "TICK_5");
    daemon.wait_brief("rec", "bye EXITED");
    let plain = |event: &Event| event.name().starts_with("PROCESS_STATE_") || event.name().starts_with("TICK_");
    assert!(daemon.events("rec").iter().filter(|event| plain(event)).all(|event| !event.payload.contains('\n')));
    let change = daemon.wait_brief("rec", "SUPERVISOR_STATE_CHANGE_RUNNING");
    assert_eq!((change.token("len"), change.payload.as_str()), ("0", ""));
}

#[test]
fn ev_e13_group_payload_ends_in_lf() {
    let daemon = watched("[program:cat]\ncommand=/bin/cat\nautostart=false");
    let event = daemon.wait_event("rec", "the added group", |event| event.payload.contains("cat"));
    assert_eq!((event.name(), event.payload.as_str()), ("PROCESS_GROUP_ADDED", "groupname:cat\n"));
    assert_eq!(event.token("len"), "14");
}

#[test]
fn ev_e14_remote_payload_is_verbatim() {
    let daemon = watched("");
    for (kind, data) in [("mytype", "my data"), ("", ""), ("a b:c", "\tline 1\nline 2 \n")] {
        daemon.remote(kind, data);
        let wanted = format!("type:{kind}\n{data}");
        daemon.wait_event("rec", "the remote event", |event| event.payload == wanted);
    }
}

#[test]
fn ev_e15_log_has_a_channel_and_communication_has_not() {
    let daemon = Setup::new()
        .recorder("rec", "events=PROCESS_LOG,PROCESS_COMMUNICATION\nbuffer_size=100")
        .program(
            "comm",
            "stderr_capture_maxbytes=1KB\nstdout_events_enabled=true",
            "'say:a line of plain text' 'err:<!--XSUPERVISOR:BEGIN-->the data<!--XSUPERVISOR:END-->and the rest' hang",
        )
        .start();
    daemon.wait_brief("rec", "comm PROCESS_COMMUNICATION_STDERR");
    let pid = daemon.pid_of("comm");
    let log = payload(&daemon, "comm PROCESS_LOG_STDOUT");
    assert_eq!(log, format!("processname:comm groupname:comm pid:{pid} channel:stdout\na line of plain text"));
    let data = payload(&daemon, "comm PROCESS_COMMUNICATION_STDERR");
    assert_eq!(data, format!("processname:comm groupname:comm pid:{pid}\nthe data"));
}

#[test]
fn ev_e16_undecodable_data_is_a_bytes_literal() {
    let cases = [
        ("a", r"\xff\xfe bin", r"b'\xff\xfe bin'"),
        ("b", r"\xff it\x27s\n\t", r#"b"\xff it's\n\t""#),
        ("c", r"\xff\x27\x22\\\r\0~", r#"b'\xff\'"\\\r\x00~'"#),
    ];
    let mut setup = Setup::new().recorder("rec", "events=PROCESS_LOG\nbuffer_size=100");
    for (name, text, _) in cases {
        setup = setup.program(name, "stdout_events_enabled=true\nautostart=false", &format!("'say:{text}' hang"));
    }
    let daemon = setup.start();
    for (name, _, literal) in cases {
        daemon.start_process(name);
        let payload = payload(&daemon, &format!("{name} PROCESS_LOG_STDOUT"));
        assert_eq!(payload.split_once('\n').unwrap().1, format!("Undecodable: {literal}"));
    }
}

#[test]
fn ev_e17_strip_ansi_applies_to_log_and_communication_data() {
    let daemon = Setup::new()
        .supervisord("strip_ansi=true")
        .recorder("rec", "events=PROCESS_LOG,PROCESS_COMMUNICATION\nbuffer_size=100")
        .program(
            "color",
            "stdout_events_enabled=true\nstdout_capture_maxbytes=1KB",
            r"'say:plain \e[31mred\e[0m text<!--XSUPERVISOR:BEGIN-->\e[1mbold\e[0m<!--XSUPERVISOR:END-->' hang",
        )
        .start();
    daemon.wait_brief("rec", "color PROCESS_COMMUNICATION_STDOUT");
    let data: Vec<String> =
        daemon.events("rec").iter().map(|event| event.payload.split_once('\n').unwrap().1.to_owned()).collect();
    assert_eq!(data, ["plain red text", "bold", "bold"]);
}
