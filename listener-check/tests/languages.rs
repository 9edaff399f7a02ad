//! The example listeners in seven languages pass every check, and do what they are for.
//!
//! A language whose interpreter or compiler is missing is skipped, loudly; in CI that is an error.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use support::{kit, outcome, skip};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/listeners").join(name)
}

/// Whether a program is on PATH; if not, the test is skipped.
fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    if !found {
        skip(&format!("there is no {program} here"));
    }
    found
}

/// Plays all checks to a listener, once in the locale of the test and once in that of a bare daemon.
fn passes<W: AsRef<OsStr>>(command: &[W]) {
    for locale in [None, Some("C")] {
        let mut kit = kit();
        // A busy machine is no fault of the listener.
        kit.args(["--timeout", "60", "--"]).args(command);
        locale.map(|locale| kit.env("LC_ALL", locale));
        let outcome = outcome(&mut kit);
        assert!(outcome.failed.is_empty(), "locale {locale:?}\n{}", outcome.text);
    }
}

/// A listener's output on standard error for these events, which are sent one after the other.
fn heard<W: AsRef<OsStr>>(command: &[W], events: &[(&str, &str)]) -> String {
    let (program, arguments) = command.split_first().unwrap();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for (number, (name, payload)) in events.iter().enumerate() {
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        assert!(ready.ends_with("READY\n"), "{ready:?}");
        let len = payload.chars().count();
        let header = format!(
            "ver:3.0 server:s serial:{number} pool:p poolserial:{number} eventname:{name} len:{len}\n{payload}"
        );
        input.write_all(header.as_bytes()).unwrap();
        let mut result = String::new();
        output.read_line(&mut result).unwrap();
        assert_eq!(result, "RESULT 2\n");
    }
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "OKREADY\n");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

const EXIT: (&str, &str) =
    ("PROCESS_STATE_EXITED", "processname:größe groupname:web from_state:RUNNING expected:0 pid:2766");
const EXPECTED: (&str, &str) =
    ("PROCESS_STATE_EXITED", "processname:fine groupname:web from_state:RUNNING expected:1 pid:2767");
const FATAL: (&str, &str) = ("PROCESS_STATE_FATAL", "processname:größe groupname:web from_state:BACKOFF");
const TICK: (&str, &str) = ("TICK_60", "when:1795344900");

#[test]
fn rust_counts_restarts() {
    // Cargo builds the programs of this package only.
    let target = PathBuf::from(env!("CARGO_BIN_EXE_listener-check"));
    let target = target.ancestors().nth(2).unwrap();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "-p", "count-restarts", "--target-dir"]).arg(target);
    assert!(build.status().unwrap().success());
    let command = [target.join("debug/count-restarts").into_os_string(), "2".into()];
    passes(&command);
    let start = ("PROCESS_STATE_STARTING", "processname:größe groupname:web from_state:EXITED tries:0");
    assert_eq!(heard(&command, &[start, EXIT, start]), "web:größe was started again, 2 times so far\n");
}

#[test]
fn python_posts_to_a_webhook() {
    if !has("python3") {
        return;
    }
    let (url, bodies) = webhook();
    let script = example("python/webhook.py").into_os_string();
    let command = ["python3".into(), script, url.into()];
    passes(&command);
    while bodies.try_recv().is_ok() {}
    assert_eq!(heard(&command, &[EXPECTED, EXIT]), "");
    let body = bodies.recv().unwrap();
    assert!(body.contains(r#""event": "PROCESS_STATE_EXITED""#), "{body}");
    assert!(body.contains(r#""processname": "gr\u00f6\u00dfe""#), "{body}");
    assert!(bodies.try_recv().is_err());
}

/// An HTTP server that takes everything, and the bodies that it was sent.
fn webhook() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = BufReader::new(connection.unwrap());
            let mut length = 0;
            let mut line = String::new();
            while connection.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            connection.read_exact(&mut body).unwrap();
            // The test may be over.
            let _ = sender.send(String::from_utf8(body).unwrap());
            connection.get_mut().write_all(b"HTTP/1.0 204 No Content\r\n\r\n").unwrap();
        }
    });
    (url, receiver)
}

#[test]
fn sh_runs_a_command_on_fatal() {
    let script = example("sh/on-fatal.sh").into_os_string();
    let command = [
        "sh".into(),
        script,
        "sh".into(),
        "-c".into(),
        "echo \"$GROUP:$PROCESS is down: $1\"".into(),
        "x".into(),
        "help".into(),
    ];
    passes(&command);
    assert_eq!(heard(&command, &[EXIT, FATAL]), "web:größe is down: help\n");
}

#[test]
fn perl_appends_exits_to_a_csv_file() {
    if !has("perl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("exits.csv");
    let command = ["perl".into(), example("perl/exits-csv.pl").into_os_string(), file.clone().into_os_string()];
    passes(&command);
    fs::remove_file(&file).unwrap();
    heard(&command, &[EXIT, TICK, EXPECTED]);
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[0], "time,group,process,pid,expected");
    assert!(lines[1].ends_with("Z,web,größe,2766,0") && lines[2].ends_with("Z,web,fine,2767,1"), "{text}");
}

#[test]
fn node_writes_json_lines() {
    if !has("node") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("events.json");
    let command = ["node".into(), example("node/json-lines.js").into_os_string(), file.clone().into_os_string()];
    passes(&command);
    fs::remove_file(&file).unwrap();
    heard(&command, &[TICK, ("REMOTE_COMMUNICATION", "type:note\n🦀 \"yes\"\n")]);
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with(r#""event":"TICK_60","serial":0,"when":"1795344900"}"#), "{text}");
    assert!(lines[1].ends_with(r#""serial":1,"type":"note","data":"🦀 \"yes\"\n"}"#), "{text}");
}

#[test]
fn c_tells_syslog() {
    if !has("cc") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("syslog-exits");
    let built = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-O2", "-o"])
        .arg(&program)
        .arg(example("c/syslog-exits.c"))
        .status()
        .unwrap();
    assert!(built.success());
    passes(&[&program]);
    // Whether a syslog runs here is not known; that nothing else is said can be seen.
    assert_eq!(heard(&[&program], &[EXIT, EXPECTED, TICK]), "");
}

#[test]
fn ruby_mails_a_digest() {
    if !has("ruby") {
        return;
    }
    let script = example("ruby/digest.rb").into_os_string();
    let command = ["ruby".into(), script, "ops@example.com".into(), "1".into(), "cat".into()];
    passes(&command);
    // The command's output is led to standard error.
    let mail = heard(&command, &[EXIT, FATAL, TICK, EXPECTED, TICK]);
    let mail: Vec<&str> = mail.lines().collect();
    assert_eq!(mail[..3], ["To: ops@example.com", "Subject: 2 failures", ""]);
    assert!(mail[3].ends_with(" web:größe (pid 2766) exited unexpectedly"), "{mail:?}");
    assert!(mail[4].ends_with(" web:größe could not be started"), "{mail:?}");
    assert_eq!(mail.len(), 5, "{mail:?}");
}
