//! Series R: the child's side, its environment and its calls back.

use std::process::Command;

use supervisor_tests::http::post;
use supervisor_tests::skip::skip;
use supervisor_tests::xmlrpc;
use supervisor_tests::{Daemon, Setup, Value};

use super::protocol::wait_kinds;

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
    let daemon = Setup::new()
        .write("loop.py", LOOP)
        .with("[eventlistener:py]\ncommand=python3 {dir}/loop.py\ndirectory={dir}\nevents=EVENT\nbuffer_size=100")
        .program(
            "talk",
            "stdout_events_enabled=true\nstdout_capture_maxbytes=1KB\nautorestart=false\nautostart=false",
            r"'say:héllo € <!--XSUPERVISOR:BEGIN-->dätä<!--XSUPERVISOR:END--> and some more text\n'",
        )
        .start();
    daemon.wait_brief("py", "py RUNNING");
    daemon.start_process("talk");
    daemon.wait_brief("py", "talk EXITED");
    daemon.remote("ü", "ß\n\n€");
    daemon.wait_event("py", "the remote event", |event| event.payload == "type:ü\nß\n\n€");
    let data = daemon.wait_brief("py", "talk PROCESS_COMMUNICATION_STDOUT");
    assert!(data.payload.ends_with("\ndätä"));
    daemon.wait_brief("py", "TICK_5");
    assert!(!daemon.has_logged("UNKNOWN"));
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
