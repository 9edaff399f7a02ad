//! Series H and X: log tails over HTTP, and reading and clearing logs over RPC.

use supervisor_tests::http::Conn;
use supervisor_tests::{Daemon, Setup, Value};

use super::http::{ask, get};

/// A program with 13 bytes on stderr, in the group `g`, and files of its own.
fn plain() -> Daemon {
    let options = "stdout_logfile={dir}/uni.out\nstderr_logfile={dir}/uni.err";
    let daemon = Setup::new()
        .program("uni", options, r"'err:plain stderr\n' wait:go 'say:more\n' wait:stop")
        .with("[program:off]\ncommand=/bin/cat\nautostart=false\nstdout_logfile=NONE\nredirect_stderr=true")
        .with("[group:g]\nprograms=uni")
        .start();
    daemon.wait_file("uni.err", "\n");
    daemon
}

/// Opens a tail and reads its head.
fn tail(daemon: &Daemon, path: &str) -> (Conn, Vec<String>) {
    let mut conn = daemon.connect();
    conn.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    let reply = conn.reply().expect("a head");
    assert_eq!(reply.status_line, "HTTP/1.1 200 OK");
    let lines = reply.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    (conn, lines)
}

#[test]
fn ctl_h25_names_in_log_tails() {
    let daemon = plain();
    for path in ["/logtail/g:uni/stderr", "/logtail/g%3Auni/stderr"] {
        assert_eq!(tail(&daemon, path).0.chunk(), b"plain stderr\n", "{path}");
    }
    daemon.touch("go");
    daemon.wait_file("uni.out", "more\n");
    for path in ["/logtail/g:uni", "/logtail/g:uni/stdout"] {
        assert_eq!(tail(&daemon, path).0.chunk(), b"more\n", "{path}");
    }
}

#[test]
fn ctl_h26_log_tails_that_do_not_exist() {
    let daemon = plain();
    for path in ["/logtail/nope", "/logtail/g:*", "/logtail/g:uni/STDOUT", "/logtail/off", "/logtail/off/stderr"] {
        assert_eq!(get(&daemon, path).code(), 404, "{path}");
    }
    for method in ["POST", "HEAD"] {
        let request = format!("{method} /logtail/g:uni HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(status(&daemon, &request), "HTTP/1.1 400 Bad Request");
    }
}

/// The status line alone: whether an answer to HEAD has a body is another question.
fn status(daemon: &Daemon, request: &str) -> String {
    let mut conn = daemon.connect();
    conn.send(request);
    String::from_utf8(conn.bytes("HTTP/1.1 400 Bad Request".len())).unwrap()
}

#[test]
fn ctl_h27_headers_of_a_log_tail() {
    let daemon = plain();
    // A server may say more; what it says of these is fixed, and their order.
    let known = ["Server", "Date", "Last-Modified", "Content-Type", "X-Accel-Buffering", "Transfer-Encoding"];
    let names = |lines: &[String]| -> Vec<String> {
        let names = lines.iter().map(|line| line.split(": ").next().unwrap().to_owned());
        names.filter(|name| known.contains(&name.as_str())).collect()
    };
    let (_, lines) = tail(&daemon, "/logtail/g:uni/stderr");
    assert_eq!(names(&lines), known);
    for line in ["Content-Type: text/plain;charset=utf-8", "X-Accel-Buffering: no", "Transfer-Encoding: chunked"] {
        assert!(lines.iter().any(|other| other == line), "{line} is not in {lines:?}");
    }
    let (_, main) = tail(&daemon, "/mainlogtail");
    assert_eq!(names(&main), ["Server", "Date", "Last-Modified", "Content-Type", "Transfer-Encoding"]);
}

#[test]
fn ctl_h28_where_a_log_tail_begins() {
    let long: String = (0..300).map(|at| format!("{at:03} bytes\n")).collect();
    let daemon = Setup::new()
        .write("long.out", &long)
        .with("[program:long]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/long.out")
        .start();
    let (mut conn, _) = tail(&daemon, "/logtail/long");
    assert_eq!(conn.chunk(), long.as_bytes()[long.len() - 1024..]);
}

#[test]
fn ctl_h31_the_main_log() {
    let daemon = Setup::new().supervisord("loglevel=info").start();
    let (mut conn, _) = tail(&daemon, "/mainlogtail");
    let text = String::from_utf8(conn.chunk()).unwrap();
    assert!(daemon.log_text().ends_with(&text) && text.contains("supervisord started with pid"), "{text}");
    std::fs::remove_file(daemon.path("supervisord.log")).unwrap();
    assert_eq!(get(&daemon, "/mainlogtail").code(), 404);
}

#[test]
fn ctl_h29_a_log_tail_survives_a_clear() {
    let daemon = plain();
    let (mut conn, _) = tail(&daemon, "/logtail/g:uni");
    daemon.ok("clearProcessLogs", &["g:uni".into()]);
    daemon.touch("go");
    assert_eq!(conn.chunk(), b"more\n");
}

fn log(daemon: &Daemon, method: &str, offset: i64, length: i64) -> Result<Value, String> {
    daemon
        .rpc(method, &["g:uni".into(), offset.into(), length.into()])
        .map_err(|fault| format!("{} {}", fault.code, fault.text))
}

#[test]
fn ctl_x32_reading_logs() {
    let daemon = plain();
    let read = |offset, length| log(&daemon, "readProcessStderrLog", offset, length);
    let text = |text: &str| Ok(text.into());
    assert_eq!(read(-5, 0), text("derr\n"));
    assert_eq!(read(-100, 0), text("plain stderr\n"));
    assert_eq!(read(6, 0), text("stderr\n"));
    assert_eq!(read(0, 5), text("plain"));
    assert_eq!(read(100, 5), text(""));
    assert_eq!(read(-5, 3), Err("3 BAD_ARGUMENTS".to_owned()));
    assert_eq!(read(0, -3), Err("3 BAD_ARGUMENTS".to_owned()));
    let all: &[Value] = &["off".into(), 0.into(), 0.into()];
    assert_eq!(daemon.fault("readProcessStdoutLog", all), "20 NO_FILE");
    assert_eq!(daemon.fault("readProcessLog", &["nope".into(), 0.into(), 0.into()]), "10 BAD_NAME: nope");
    std::fs::remove_file(daemon.path("uni.out")).unwrap();
    let text = format!("20 NO_FILE: {}", daemon.path("uni.out").display());
    assert_eq!(log(&daemon, "readProcessStdoutLog", -5, 3), Err(text));
    let main = daemon.ok("readLog", &[0.into(), 19.into()]);
    assert_eq!(main.str(), &daemon.log_text()[..19]);
}

#[test]
fn ctl_x34_tailing_logs() {
    let daemon = plain();
    let table = [
        (0, 13, "plain stderr\n", false),
        (0, 5, "derr\n", true),
        (0, 100, "plain stderr\n", false),
        (5, 5, "derr\n", true),
        (5, 8, " stderr\n", false),
        (5, 100, "plain stderr\n", false),
        (12, 5, "derr\n", false),
        (13, 5, "", false),
        (100, 5, "", false),
        (-5, 100, "plain stderr\n", false),
        (0, 0, "", true),
        (13, -5, "", true),
    ];
    for (offset, length, text, overflow) in table {
        let wanted = Value::Array(vec![text.into(), 13.into(), overflow.into()]);
        assert_eq!(log(&daemon, "tailProcessStderrLog", offset, length), Ok(wanted), "{offset},{length}");
    }
    let none = daemon.ok("tailProcessLog", &["off".into(), 0.into(), 10.into()]);
    assert_eq!(none, Value::Array(vec!["".into(), 0.into(), false.into()]));
}

#[test]
fn ctl_x35_clearing_logs() {
    let daemon = plain();
    std::fs::write(daemon.path("uni.err.1"), "backup").unwrap();
    assert_eq!(daemon.ok("clearProcessLogs", &["g:uni".into()]), true.into());
    assert_eq!(daemon.read("uni.err"), "");
    assert_eq!(daemon.read("uni.err.1"), "backup");
    daemon.touch("go");
    daemon.wait_file("uni.out", "more\n");
    assert_eq!(daemon.ok("clearProcessLog", &["off".into()]), true.into());
    assert_eq!(daemon.fault("clearProcessLogs", &["g:*".into()]), "10 BAD_NAME: g:*");
    let all = daemon.ok("clearAllProcessLogs", &[]);
    let mut names: Vec<String> = all
        .array()
        .iter()
        .map(|result| format!("{} {}", result.get("name").str(), result.get("description").str()))
        .collect();
    names.sort();
    assert_eq!(names, ["off OK", "uni OK"]);
    assert_eq!(daemon.read("uni.out"), "");
    assert_eq!(daemon.ok("clearLog", &[]), true.into());
}

#[test]
fn ctl_x07_text_in_replies() {
    let daemon = Setup::new()
        .write("off.out", "a < b && \"c\" > 'd' é€")
        .with("[program:off]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/off.out")
        .start();
    let body = supervisor_tests::xmlrpc::call("supervisor.readProcessLog", &["off".into(), 0.into(), 0.into()]);
    let reply = ask(&daemon, &supervisor_tests::http::post(&body, ""));
    assert!(reply.text().contains("<string>a &lt; b &amp;&amp; \"c\" &gt; 'd' é€</string>"), "{}", reply.text());
}
