//! Series S: memmon, httpok and crashmail. What needs no daemon is driven over stdin, the rest runs under one.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use supervisor_tests::run::run;
use supervisor_tests::{Daemon, Ran, Setup, Subject};

/// Runs a listener on events written by hand, in the environment of one.
pub(super) fn drive(setup: &Setup, program: &str, args: &[&str], events: &[(&str, &str)]) -> Ran {
    drive_at(setup, "http://127.0.0.1:1", program, args, events)
}

/// The same, calling back at this URL. It is the process `tool:tool`.
pub(super) fn drive_at(setup: &Setup, url: &str, program: &str, args: &[&str], events: &[(&str, &str)]) -> Ran {
    let mut command = setup.command(program);
    command.args(args.iter().map(|arg| setup.fill(arg))).env("SUPERVISOR_SERVER_URL", url);
    command.env("SUPERVISOR_PROCESS_NAME", "tool").env("SUPERVISOR_GROUP_NAME", "tool");
    let mut input = String::new();
    for (at, (name, payload)) in events.iter().enumerate() {
        let head = format!("ver:3.0 server:supervisor serial:{at} pool:l poolserial:{at} eventname:{name}");
        input.push_str(&format!("{head} len:{}\n{payload}", payload.chars().count()));
    }
    run(command, &input, &setup.path(""))
}

pub(super) const EXITED: &str = "PROCESS_STATE_EXITED";
const CRASH: &str = "processname:web groupname:g from_state:RUNNING expected:0 pid:4711";

/// A mail command that keeps the mail in a file.
pub(super) const KEEP: &str = "cat >> {dir}/mail";

/// Replaces the moment of a crash.
fn untimed(text: &str) -> String {
    let Some((head, tail)) = text.split_once(" crashed at ") else { return text.to_owned() };
    assert!(supervisor_tests::activity::has_time(&format!("{} ", &tail[..23])), "{tail}");
    format!("{head} crashed at TIME{}", &tail[23..])
}

#[test]
fn ev_s15_mail_of_crashmail() {
    let body = "Process web in group g exited unexpectedly (pid 4711) from state RUNNING";
    for (options, subject) in [(vec![], " web crashed at TIME"), (vec!["-o", "host"], "host: web crashed at TIME")] {
        let setup = Setup::new();
        let args = [options, vec!["-s", KEEP, "-m", "a@b"]].concat();
        let ran = drive(&setup, "crashmail", &args, &[(EXITED, CRASH)]);
        let mail = format!("To: a@b\nSubject: {subject}\n\n{body}");
        assert_eq!(untimed(&supervisor_tests::run::read(&setup.path("mail"))), mail);
        assert_eq!(ran.out, "READY\nRESULT 2\nOKREADY\n");
        let head = format!("unexpected exit, mailing\nMailed:\n\n{mail}");
        assert!(untimed(&ran.err).starts_with(&head), "{}", ran.err);
    }
}

#[test]
fn ev_s16_crashmail_filters() {
    for (filter, mailed) in [("other", false), ("web", true), ("g:web", true)] {
        let setup = Setup::new();
        drive(&setup, "crashmail", &["-p", filter, "-s", KEEP, "-m", "a@b"], &[(EXITED, CRASH)]);
        assert_eq!(setup.path("mail").exists(), mailed, "-p {filter}");
    }
    let setup = Setup::new();
    drive(&setup, "crashmail", &["-p", "other", "-a", "-s", KEEP, "-m", "a@b"], &[(EXITED, CRASH)]);
    assert!(setup.path("mail").exists(), "-a wins");
    let expected = CRASH.replace("expected:0", "expected:1");
    let others =
        [(EXITED, expected.as_str()), ("PROCESS_STATE_FATAL", "processname:web groupname:g from_state:BACKOFF")];
    let setup = Setup::new();
    let ran = drive(&setup, "crashmail", &["-s", KEEP, "-m", "a@b"], &others);
    assert_eq!(ran.out, "READY\nRESULT 2\nOKREADY\nRESULT 2\nOKREADY\n");
    assert!(!setup.path("mail").exists());
}

#[test]
fn ev_s16_crashmail_without_an_address_sends_no_mail() {
    let setup = Setup::new();
    drive(&setup, "crashmail", &["-s", "touch {dir}/hook"], &[(EXITED, CRASH)]);
    assert!(setup.path("hook").exists(), "a command alone still runs");
    // The mail would go by the default command, which is not there on every machine; the echo tells.
    let ran = drive(&Setup::new(), "crashmail", &[], &[(EXITED, CRASH)]);
    assert_eq!(ran.out, "READY\nRESULT 2\nOKREADY\n");
    assert!(!ran.err.contains("To: "), "{}", ran.err);
}

#[test]
fn ev_s17_a_talkative_mail_command() {
    let setup = Setup::new();
    let ran = drive(&setup, "crashmail", &["-s", "echo noise; cat > {dir}/mail", "-m", "a@b"], &[(EXITED, CRASH)]);
    assert!(setup.path("mail").exists());
    assert_eq!(ran.out, "READY\nRESULT 2\nOKREADY\n");
}

#[test]
fn ev_s01_usage_and_errors_of_all_six() {
    let setup = Setup::new();
    let ran = |program: &str, args: &[&str]| {
        let ran = drive(&setup, program, args, &[]);
        assert!(!ran.out.contains("READY"), "{program} {args:?} listens");
        (ran.code, !ran.out.is_empty(), !ran.err.is_empty())
    };
    for program in ["memmon", "httpok", "crashmail"] {
        for help in ["-h", "--help", "--hel"] {
            assert_eq!(ran(program, &[help]), (0, true, false), "{program} {help}");
        }
        for args in [&["-x"][..], &["--nope"], &["-m"], &["-p"]] {
            assert_eq!(ran(program, args), (255, true, false), "{program} {args:?}");
        }
    }
    assert_eq!(ran("memmon", &[]), (255, true, false));
    assert_eq!(ran("httpok", &[]), (255, true, false));
    assert_eq!(ran("httpok", &["http://a", "http://b"]), (255, true, false));
    assert_eq!(ran("httpok", &["-t", "soon", "http://a"]).0, 1);
    for program in ["crashmailbatch", "fatalmailbatch", "crashsms"] {
        assert_eq!(ran(program, &["-h"]), (0, true, false), "{program}");
        assert_eq!(ran(program, &[]).0, 1, "{program}");
        assert!(ran(program, &["-t", "a@b"]).1, "{program}");
        assert_eq!(ran(program, &["--nope"]), (2, false, true), "{program}");
    }
    // Outside of a daemon.
    let alone = |program: &str, args: &[&str]| {
        let mut command = setup.command(program);
        command.args(args);
        let ran = run(command, "", &setup.path(""));
        assert!(!ran.out.contains("READY"), "{program} {args:?} listens");
        (ran.code, ran.err)
    };
    for (program, args) in [("httpok", &["http://127.0.0.1:1/"][..]), ("crashmail", &[])] {
        let line = format!("{program} must be run as a supervisor event listener\n");
        assert_eq!(alone(program, args), (0, line), "{program}");
    }
    for program in ["crashmailbatch", "fatalmailbatch", "crashsms"] {
        let line = "Must run as a supervisor event listener\n".to_owned();
        assert_eq!(alone(program, &["-t", "a@b", "-f", "c@d"]), (1, line), "{program}");
    }
    assert_eq!(alone("memmon", &["-a", "1"]).0, 1);
}

#[test]
fn ev_s02_prefixes_of_options_and_sizes() {
    let setup = Setup::new();
    let mail = ["--sendm", KEEP, "--em=a@b", "--optional", "host"];
    drive(&setup, "crashmail", &mail, &[(EXITED, CRASH)]);
    assert!(supervisor_tests::run::read(&setup.path("mail")).starts_with("To: a@b\nSubject: host: web crashed"));
    for (size, good) in
        [("10KB", true), ("10 mb", true), ("-5", true), ("10B", false), ("1.5MB", false), ("10K", false)]
    {
        let ran = drive(&setup, "memmon", &["-a", size], &[]);
        let text = format!("Unparseable byte_size in '{size}' for '-a'");
        assert_eq!(ran.out.contains(&text), !good, "{size}: {}", ran.out);
    }
    let ran = drive(&setup, "memmon", &["-a", "1", "--upt", "1y"], &[]);
    assert!(ran.out.starts_with("Unparseable value for time in '1y' for"), "{}", ran.out);
    let ran = drive(&setup, "memmon", &["-p", "foo"], &[]);
    assert!(ran.out.starts_with("Unparseable value 'foo' for '-p'"), "{}", ran.out);
    assert_eq!(ran.code, 255);
}

/// A listener of superlance on ticks, beside a program `web` of the group `group`.
fn ticking(subject: &Subject, group: &str, command: &str) -> Daemon {
    Setup::new()
        .subject(subject)
        .with(&format!(
            "[eventlistener:tool]\ncommand={command}\nevents=TICK_5\nstartsecs=0\nautorestart=false\n\
             stderr_logfile={{dir}}/tool.err"
        ))
        .with("[program:web]\ncommand=/bin/cat\nstartsecs=0")
        .with(&format!("[group:{group}]\nprograms=web"))
        .start()
}

/// Waits until the listener has dealt with its first tick; false when it died of it.
fn survived(daemon: &Daemon) -> bool {
    daemon.wait_any(&["tool: event was processed", "exited: tool"]) == "tool: event was processed"
}

/// crashmail of one set under the daemon of another.
pub(crate) fn crashmail(daemon: &Subject, listeners: &Subject) {
    let tool = listeners.program("crashmail");
    let daemon = Setup::new()
        .subject(daemon)
        .with(&format!(
            "[eventlistener:tool]\ncommand={} -m a@b -s '{KEEP}'\nevents=PROCESS_STATE_EXITED\nstartsecs=0",
            tool.display()
        ))
        .program("web", "autorestart=false", "exit:3")
        .start();
    let mail = daemon.wait_file("mail", "RUNNING");
    assert!(mail.starts_with("To: a@b\nSubject:  web crashed at "), "{mail}");
    assert!(mail.contains("\n\nProcess web in group web exited unexpectedly (pid "), "{mail}");
    assert!(mail.ends_with(") from state RUNNING"), "{mail}");
    daemon.wait_log("tool: event was processed");
}

/// memmon of one set under the daemon of another.
pub(crate) fn memmon(daemon: &Subject, listeners: &Subject) {
    let tool = listeners.program("memmon");
    let daemon = ticking(daemon, "web", &format!("{} -p web=1KB -p other=5", tool.display()));
    daemon.wait_state("web:web", "RUNNING");
    let pid = daemon.pid_of("web:web");
    assert!(survived(&daemon));
    assert_ne!(daemon.pid_of("web:web"), pid);
    let text = daemon.wait_file("tool.err", "Restarting");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Checking programs other=5, web=1024");
    let bytes = lines[1].strip_prefix("RSS of web:web is ").unwrap_or_else(|| panic!("{text}"));
    assert!(bytes.parse::<u64>().is_ok_and(|bytes| bytes > 1024 && bytes % 1024 == 0), "{text}");
    assert_eq!(lines[2..], ["Restarting web:web"]);
}

#[test]
fn ev_s03_lines_of_memmon() {
    let subject = Subject::under_test();
    memmon(&subject, &subject);
}

#[test]
fn ev_s05_memmon_knows_groups() {
    let daemon = ticking(&Subject::under_test(), "g", "{bin}/memmon -p g:web=1KB");
    assert!(survived(&daemon), "{}", daemon.read("tool.err"));
    assert!(daemon.has_logged("stopped: web"));
}

#[test]
fn ev_s05_memmon_restarts_once() {
    let daemon = ticking(&Subject::under_test(), "g", "{bin}/memmon -p web=1KB -g g=1KB");
    assert!(survived(&daemon), "{}", daemon.read("tool.err"));
    assert_eq!(daemon.log().iter().filter(|line| line.contains("stopped: web")).count(), 1);
}

#[test]
fn ev_s05_memmon_is_not_its_own_victim() {
    let daemon = ticking(&Subject::under_test(), "g", "{bin}/memmon -a 1KB");
    assert!(survived(&daemon), "{}", daemon.read("tool.err"));
    assert!(daemon.has_logged("stopped: web") && !daemon.has_logged("stopped: tool"));
}

/// A web server of one answer, and what it was asked.
pub(super) fn server(answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    // It ends with the test program.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
                request.push(byte[0]);
            }
            log.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, asked)
}

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
const MOVED: &str = "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// httpok of one set under the daemon of another, on an address where nobody listens.
pub(crate) fn httpok(daemon: &Subject, listeners: &Subject) {
    let tool = listeners.program("httpok");
    let command = format!("{} -p web -p nosuch -t 1 -m a@b -s '{KEEP}' http://127.0.0.1:{{port}}/", tool.display());
    let daemon = ticking(daemon, "web", &command);
    assert!(survived(&daemon), "{}", daemon.read("tool.err"));
    let mail = daemon.read("mail").replace(&format!(":{}", daemon.port()), ":PORT");
    let lines = "Restarting selected processes ['web', 'nosuch']\nweb is in RUNNING state, restarting\nweb restarted\n\
        Programs not restarted because they did not exist: ['nosuch']";
    let url = "http://127.0.0.1:PORT/";
    let head = format!("To: a@b\nSubject: httpok: {url}: bad status returned\n\nerror contacting {url}:\n\n ");
    assert!(mail.starts_with(&head), "{mail}");
    assert!(mail.ends_with(&format!("\n{lines}")), "{mail}");
    let err = daemon.read("tool.err").replace(&format!(":{}", daemon.port()), ":PORT");
    assert_eq!(err, format!("{lines}\nMailed:\n\n{mail}"));
    assert!(daemon.has_logged("stopped: web"));
}

#[test]
fn ev_s14_mail_of_httpok() {
    let subject = Subject::under_test();
    httpok(&subject, &subject);
}

#[test]
fn ev_s09_requests_of_httpok() {
    let (port, asked) = server(MOVED);
    let accepted = ticking(
        &Subject::under_test(),
        "web",
        &format!("{{bin}}/httpok -p web -c 200 -c 302 http://127.0.0.1:{port}/path?a=b#part"),
    );
    assert!(survived(&accepted));
    assert!(!accepted.has_logged("stopped: web"));
    let request = asked.lock().unwrap()[0].clone();
    let mut lines: Vec<&str> = request.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.remove(0), "GET /path?a=b HTTP/1.1");
    lines.sort_unstable();
    let host = format!("Host: 127.0.0.1:{port}");
    assert_eq!(lines, ["Accept-Encoding: identity", host.as_str(), "User-Agent: httpok"]);

    let refused = ticking(&Subject::under_test(), "web", &format!("{{bin}}/httpok -p web http://127.0.0.1:{port}"));
    assert!(survived(&refused));
    assert!(refused.has_logged("stopped: web"));
    assert!(asked.lock().unwrap().iter().all(|request| !request.starts_with("GET /x")), "no redirect is followed");
}

/// Whether httpok restarts the program for an answer whose body is `hello`.
fn restarts_for_body(body: &str) -> bool {
    let (port, _) = server(OK);
    let command = format!("{{bin}}/httpok -p web -b {body} http://127.0.0.1:{port}/");
    let daemon = ticking(&Subject::under_test(), "web", &command);
    assert!(survived(&daemon), "{}", daemon.read("tool.err"));
    daemon.has_logged("stopped: web")
}

#[test]
fn ev_s10_httpok_finds_the_body() {
    let ran = drive(&Setup::new(), "httpok", &["-p", "web", "ftp://x"], &[]);
    assert_eq!((ran.code, ran.err.contains("Bad scheme ftp")), (1, true), "{}", ran.err);
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    assert_eq!(super::httpok::reason(&["-t", "1"], &url), "timed out");
    assert!(!restarts_for_body("hello"));
}

#[test]
fn ev_s10_httpok_misses_the_body() {
    assert!(restarts_for_body("nope"));
}

#[test]
fn ev_s12_httpok_asks_for_a_program_of_a_group() {
    let daemon = ticking(&Subject::under_test(), "g", "{bin}/httpok -E -p g:web -t 1 http://127.0.0.1:{port}/");
    assert!(survived(&daemon));
    assert!(daemon.has_logged("stopped: web"));
}

#[test]
fn ev_s12_httpok_asks_for_any_program() {
    let daemon = ticking(&Subject::under_test(), "g", "{bin}/httpok -E -a -t 1 http://127.0.0.1:{port}/");
    assert!(survived(&daemon));
    assert!(daemon.has_logged("stopped: web"));
}

#[test]
fn ev_s12_httpok_is_not_its_own_victim() {
    let daemon = ticking(&Subject::under_test(), "g", "{bin}/httpok -a -t 1 http://127.0.0.1:{port}/");
    assert!(survived(&daemon));
    assert!(daemon.has_logged("stopped: web") && !daemon.has_logged("stopped: tool"));
}

#[test]
fn ev_s20_listeners_of_both_under_daemons_of_both() {
    for (daemon, listeners) in super::super::clients::mixed() {
        crashmail(&daemon, &listeners);
    }
}
