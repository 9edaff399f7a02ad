//! Series R: the child's side, its environment and its calls back.

use std::process::Command;

use supervisor_tests::fake::{self, Fake};
use supervisor_tests::http::post;
use supervisor_tests::run::run;
use supervisor_tests::setup::prepare;
use supervisor_tests::skip::skip;
use supervisor_tests::{Daemon, Event, Ran, Setup, Value, subject, xmlrpc};

use super::protocol::wait_kinds;
use super::types::{every_kind, leaves};

/// The SUPERVISOR_ variables a listener sees, without the directory.
fn variables(setup: Setup, options: &str) -> Vec<String> {
    let daemon = setup.listener("l", &format!("events=TICK_3600\n{options}"), "facts:facts hang").start();
    let facts = daemon.wait_file("facts", "fd0");
    let mut found: Vec<String> = facts
        .lines()
        .filter_map(|line| line.strip_prefix("env SUPERVISOR_"))
        .filter(|line| !line.starts_with("TESTS_DIR"))
        .map(|line| line.replace(&daemon.dir().display().to_string(), "{dir}"))
        .map(|line| line.replace(&format!(":{}", daemon.port()), ":{port}"))
        .collect();
    found.sort();
    found
}

#[test]
fn ev_r01_environment_of_a_listener() {
    let unix = "[unix_http_server]\nfile={dir}/s.sock\n[inet_http_server]\nport=127.0.0.1:{port}\n";
    let common = ["ENABLED=1", "GROUP_NAME=l", "PROCESS_NAME=l"];
    let with = |url: &str| -> Vec<String> {
        common.iter().map(|entry| (*entry).to_owned()).chain([format!("SERVER_URL={url}")]).collect()
    };
    assert_eq!(variables(Setup::new().servers(unix), ""), with("unix://{dir}/s.sock"));
    let inet = "[inet_http_server]\nport=127.0.0.1:{port}\n";
    assert_eq!(variables(Setup::new().servers(inet), ""), with("http://127.0.0.1:{port}"));
    let any = "[inet_http_server]\nport=*:{port}\n";
    assert_eq!(variables(Setup::new().servers(any), ""), with("http://localhost:{port}"));
    assert_eq!(variables(Setup::new().servers(""), ""), common);
    assert_eq!(variables(Setup::new(), "serverurl=http://elsewhere:1"), with("http://elsewhere:1"));
    let own = variables(Setup::new(), "environment=SUPERVISOR_GROUP_NAME=mine,SUPERVISOR_SERVER_URL=\"u\"");
    assert_eq!(own, ["ENABLED=1", "GROUP_NAME=mine", "PROCESS_NAME=l", "SERVER_URL=u"]);
}

/// A loop as thousands of listeners have it: text mode, a dictionary of tokens, `len` characters.
const LOOP: &str = r#"
import sys
sys.stdout.write('READY\n'); sys.stdout.flush()
while True:
    line = sys.stdin.readline()
    if not line:
        break
    headers = dict(token.split(':') for token in line.split())
    data = sys.stdin.read(int(headers['len']))
    with open('py.rec', 'a', encoding='utf-8') as record:
        record.write(line + data)
    sys.stdout.write('RESULT 2\nOKREADY\n'); sys.stdout.flush()
"#;

#[test]
fn ev_r02_a_python_loop_runs_unmodified() {
    if Command::new("python3").arg("-V").output().is_err() {
        return skip(true, "no python3");
    }
    let listener = |setup: Setup| {
        setup.write("loop.py", LOOP).with(
            "[eventlistener:py]\ncommand=python3 {dir}/loop.py\ndirectory={dir}\nstartsecs=0\nevents=EVENT\nbuffer_size=200",
        )
    };
    let Some(daemon) = every_kind(listener) else { return };
    heard_everything(&daemon, "py");
}

/// That a listener has read every kind of event, and each whole.
fn heard_everything(daemon: &Daemon, listener: &str) {
    for name in leaves() {
        daemon.wait_event(listener, name, |event| event.name() == name);
    }
    let read = daemon.events(listener);
    assert!(read.iter().any(|event| event.payload == "type:ü\nß\n\n€"));
    for kind in ["PROCESS_COMMUNICATION_STDOUT", "PROCESS_COMMUNICATION_STDERR"] {
        let event = daemon.wait_brief(listener, &format!("tälk {kind}"));
        assert!(event.payload.ends_with("\ndätä"), "{}", event.payload);
    }
    assert!(!daemon.has_logged(&format!("{listener}: has entered the UNKNOWN state")));
}

#[test]
fn ev_r03_a_listener_of_the_sdk_runs_under_the_daemon() {
    let listener = |setup: Setup| {
        setup.fixture("sdklistener").with(
            "[eventlistener:sdk]\ncommand={dir}/sdklistener record {dir}/sdk.rec\nstartsecs=0\nevents=EVENT\nbuffer_size=200",
        )
    };
    let Some(daemon) = every_kind(listener) else { return };
    heard_everything(&daemon, "sdk");
    // It understood each as what it was.
    let read = daemon.events("sdk");
    let typed = daemon.wait("a kind for each", || {
        let text = daemon.read("sdk.typed");
        (text.lines().count() >= read.len()).then_some(text)
    });
    let names: Vec<&str> = read.iter().map(Event::name).collect();
    assert_eq!(typed.lines().take(names.len()).collect::<Vec<_>>(), names);
}

/// Runs the SDK's listener on events written by hand.
fn played(setup: &Setup, events: &[(u64, &str, &str)], rest: &str) -> Ran {
    let mut command = Command::new(subject::fixture("sdklistener"));
    prepare(&mut command, &setup.path(""), &[]);
    command.arg("record").arg(setup.path("sdk.rec"));
    let envelope = |(serial, name, payload): &(u64, &str, &str)| {
        let head = format!("ver:3.0 server:supervisor serial:{serial} pool:sdk poolserial:{serial}");
        format!("{head} eventname:{name} len:{}\n{payload}", payload.chars().count())
    };
    let input: String = events.iter().map(envelope).collect();
    run(command, &format!("{input}{rest}"), &setup.path(""))
}

const ANSWERED: &str = "RESULT 2\nOKREADY\n";

#[test]
fn ev_r04_unexpected_events() {
    let setup = Setup::new();
    let events = [
        (5, "TICK_5", "when:5"),
        (5, "TICK_5", "when:5"),
        (3, "TICK_60", "when:60"),
        (6, "FUTURE_EVENT", "något\nnew"),
        (7, "PROCESS_STATE_EXITED", "not at all what it should be"),
        (8, "TICK_5", "when:10"),
    ];
    let ran = played(&setup, &events, "");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out, format!("READY\n{}", ANSWERED.repeat(events.len())));
    let typed = supervisor_tests::run::read(&setup.path("sdk.typed"));
    let lines: Vec<&str> = typed.lines().collect();
    assert_eq!([&lines[..3], &lines[5..]].concat(), ["TICK_5", "TICK_5", "TICK_60", "TICK_5"]);
    assert!(lines[3].starts_with("error: ") && lines[4].starts_with("error: "), "{typed}");
}

#[test]
fn ev_r05_the_end_of_input_and_stray_prints() {
    for rest in [
        "",
        "ver:3.0 server:supervisor seri",
        "ver:3.0 server:s serial:1 pool:p poolserial:1 eventname:TICK_5 len:6\nwhe",
    ] {
        let ran = played(&Setup::new(), &[(0, "TICK_5", "when:5")], rest);
        assert_eq!((ran.code, ran.out.as_str()), (0, format!("READY\n{ANSWERED}").as_str()), "{}", ran.err);
        assert!(ran.err.contains("a stray print") && ran.err.contains("a stray child"), "{}", ran.err);
    }
    // And under a daemon, which would lose a listener that prints.
    let daemon = Setup::new()
        .fixture("sdklistener")
        .with("[eventlistener:sdk]\ncommand={dir}/sdklistener record {dir}/sdk.rec\nstartsecs=0\nevents=REMOTE_COMMUNICATION")
        .start();
    for kind in ["a", "b", "c"] {
        daemon.remote(kind, "");
    }
    wait_kinds(&daemon, "sdk", &["a", "b", "c"]);
    daemon.wait_log_times("sdk: event was processed", 3);
}

#[test]
fn ev_r06_remote_events_are_accepted_while_stopping() {
    let daemon = Setup::new()
        .recorder("rec", "events=REMOTE_COMMUNICATION")
        .program("slow", "stopwaitsecs=100", "block:TERM touch:up wait:go")
        .start();
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    daemon.wait_log_times("entered RUNNING", 2);
    assert_eq!(daemon.ok("shutdown", &[]), Value::Bool(true));
    daemon.wait("the shutdown", || (daemon.rpc("getPID", &[]).is_err()).then_some(()));
    daemon.remote("late", "");
    wait_kinds(&daemon, "rec", &["late"]);
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
}

/// A program that reads lines, one that does not, one that cannot.
fn readers() -> Daemon {
    Setup::new()
        .program("cat", "", "line line hang")
        .program("full", "", "hang")
        .program("deaf", "", "close:0 touch:deaf hang")
        .with("[program:off]\ncommand=/bin/cat\nautostart=false")
        .start()
}

#[test]
fn ev_r07_send_process_stdin() {
    let daemon = readers();
    daemon.wait("the deaf program", || daemon.path("deaf").exists().then_some(()));
    for name in ["cat", "full", "deaf"] {
        daemon.wait_state(name, "RUNNING");
    }
    let send = |name: &str, chars: Value| daemon.rpc("sendProcessStdin", &[name.into(), chars]);
    assert_eq!(daemon.fault("sendProcessStdin", &["cat".into(), 5.into()]), "2 INCORRECT_PARAMETERS: 5");
    assert_eq!(daemon.fault("sendProcessStdin", &["nope".into(), "x".into()]), "10 BAD_NAME: nope");
    assert_eq!(daemon.fault("sendProcessStdin", &["off".into(), "x".into()]), "70 NOT_RUNNING: off");
    assert_eq!(send("cat", "héllo €\n".into()), Ok(true.into()));
    daemon.wait_file("cat.rec", "héllo €\n");
    // The first write of a broken pipe finds out; the program is deaf from then on.
    let fault = daemon.wait("the closed stdin", || send("deaf", "x".into()).err());
    assert_eq!((fault.code, fault.text.as_str()), (20, "NO_FILE: deaf"));
    // A pipe that is full is what the original answers with HTTP 500.
    let chunk = "x".repeat(60_000);
    for _ in 0..4 {
        let reply = daemon.try_rpc("supervisor.sendProcessStdin", &["full".into(), chunk.as_str().into()]);
        assert_eq!(reply, Some(Ok(true.into())), "a full pipe is queued");
    }
}

#[test]
fn ev_r08_credentials_are_ignored_without_authentication() {
    let daemon = Setup::new().start();
    let body = xmlrpc::call("supervisor.getAPIVersion", &[]);
    for header in ["Authorization: Basic Og==\r\n", "Authorization: Basic dXNlcjpwYXNz\r\n"] {
        let mut conn = daemon.connect();
        conn.send(post(&body, header));
        let reply = conn.reply().expect("a reply");
        assert_eq!(xmlrpc::response(&reply.text()), Ok("3.0".into()));
    }
}

/// Asks a server for its processes, three times, with the SDK's client.
fn ask(setup: &Setup, url: &str, credentials: Option<(&str, &str)>) -> Ran {
    let mut command = Command::new(subject::fixture("sdklistener"));
    prepare(&mut command, &setup.path(""), &[]);
    command.args(["rpc", "3"]).env("SUPERVISOR_SERVER_URL", url);
    if let Some((user, password)) = credentials {
        command.env("SUPERVISOR_USERNAME", user).env("SUPERVISOR_PASSWORD", password);
    }
    run(command, "", &setup.path(""))
}

#[test]
fn ev_r09_the_client_of_the_sdk() {
    let files = Setup::new();
    let processes = vec![fake::process("g", "one", 1, "RUNNING"), fake::process("g", "two", 2, "RUNNING")];
    let servers = [
        Fake::unix(&files.path("fake.sock"), fake::obedient(processes.clone())),
        Fake::inet(fake::obedient(processes)),
    ];
    for server in servers {
        let cases = [(None, "Basic Og=="), (Some(("user", "pass:w\u{f6}rd")), "Basic dXNlcjpwYXNzOnfDtnJk")];
        for (run, (credentials, header)) in cases.into_iter().enumerate() {
            let ran = ask(&files, server.url(), credentials);
            assert_eq!((ran.code, ran.out.as_str()), (0, "one two\n".repeat(3).as_str()), "{}", ran.err);
            let calls = server.calls();
            let of_run = &calls[3 * run..];
            assert!(of_run.iter().all(|call| call.connection == run), "one connection for all calls: {calls:?}");
            assert!(of_run.iter().all(|call| call.authorization.as_deref() == Some(header)), "{calls:?}");
        }
    }
    let daemon = Setup::new()
        .servers("[unix_http_server]\nfile={dir}/s.sock\n[inet_http_server]\nport=127.0.0.1:{port}\nusername=user\npassword=secret\n")
        .with("[program:cat]\ncommand=/bin/cat\nautostart=false")
        .start();
    let http = daemon.fill("http://127.0.0.1:{port}");
    for (url, credentials) in [(daemon.fill("unix://{dir}/s.sock"), None), (http.clone(), Some(("user", "secret")))] {
        let ran = ask(&files, &url, credentials);
        assert_eq!((ran.code, ran.out.as_str()), (0, "cat\n".repeat(3).as_str()), "{}", ran.err);
    }
    assert_ne!(ask(&files, &http, Some(("user", "wrong"))).code, 0);
}

#[test]
fn ev_r10_the_connection_is_kept_for_more_than_an_hour() {
    // Hours of the daemon's clocks, that is.
    let Some(setup) = Setup::new().at_speed(2000) else { return };
    let daemon = setup.recorder("clock", "events=TICK_3600").start();
    let mut conn = daemon.connect();
    let body = xmlrpc::call("supervisor.getAPIVersion", &[]);
    conn.send(post(&body, ""));
    let reply = conn.reply().expect("a reply");
    if reply.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
        return;
    }
    let hours = daemon.events("clock").len();
    daemon.wait("two hours", || (daemon.events("clock").len() >= hours + 2).then_some(()));
    conn.send(post(&body, ""));
    let reply = conn.reply().expect("a reply over the same connection");
    assert_eq!(xmlrpc::response(&reply.text()), Ok("3.0".into()));
}
