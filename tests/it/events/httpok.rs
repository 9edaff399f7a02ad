//! Series S, httpok before a daemon that the test plays: what it asks, what it takes for an answer, and what it does.

use std::net::ToSocketAddrs as _;

use supervisor_tests::fake::{self, Answer, Fake};
use supervisor_tests::run::read;
use supervisor_tests::{Ran, Setup, Value};

use super::memmon::forgetful;
use super::superlance::{KEEP, drive_at, server};

const TICK: &[(&str, &str)] = &[("TICK_60", "when:60")];
const ANSWERED: &str = "READY\nRESULT 2\nOKREADY\n";
const BAD: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Runs httpok for a tick before a daemon with these processes and a web server that fails.
fn failing(setup: &Setup, processes: Vec<Value>, args: &[&str]) -> (Vec<String>, Ran) {
    let daemon = Fake::inet(fake::obedient(processes));
    let (port, _) = server(BAD);
    let url = format!("http://127.0.0.1:{port}/");
    let ran = drive_at(setup, daemon.url(), "httpok", &[args, &[&url]].concat(), TICK);
    (daemon.acts(), ran)
}

/// What it said, without what the original says about the end of input.
fn said(ran: &Ran) -> Vec<&str> {
    ran.err.lines().take_while(|line| !line.starts_with("Traceback")).collect()
}

fn web(state: &str) -> Vec<Value> {
    vec![fake::process("web", "web", 100, state)]
}

#[test]
fn ev_s11_what_httpok_says_and_does() {
    let processes = || {
        vec![
            fake::process("g", "off", 0, "STOPPED"),
            fake::process("g", "up", 101, "RUNNING"),
            fake::process("web", "web", 100, "RUNNING"),
        ]
    };
    let setup = Setup::new();
    let (acts, ran) = failing(&setup, processes(), &["-p", "web", "-p", "g:up", "-p", "off", "-p", "nosuch"]);
    assert_eq!(acts, ["stopProcess g:up", "startProcess g:up", "stopProcess web", "startProcess web"]);
    let lines = [
        "Restarting selected processes ['web', 'g:up', 'off', 'nosuch']",
        "g:off not in RUNNING state, NOT restarting",
        "g:up is in RUNNING state, restarting",
        "g:up restarted",
        "web is in RUNNING state, restarting",
        "web restarted",
        "Programs not restarted because they did not exist: ['nosuch']",
    ];
    assert_eq!(said(&ran), lines);
    assert_eq!(ran.out, ANSWERED);

    let (acts, ran) = failing(&setup, processes(), &["-a"]);
    assert_eq!(acts, ["stopProcess g:up", "startProcess g:up", "stopProcess web", "startProcess web"]);
    assert_eq!(ran.err.lines().next(), Some("Restarting all running processes"));
    assert!(ran.err.contains("\ng:off not in RUNNING state, NOT restarting\n"), "{}", ran.err);

    for (method, lines) in [
        ("stopProcess", vec!["Failed to stop process web: <Fault 70: 'NOT_RUNNING: web'>", "web restarted"]),
        ("startProcess", vec!["Failed to start process web: <Fault 70: 'NOT_RUNNING: web'>"]),
    ] {
        let mut obedient = fake::obedient(web("RUNNING"));
        let daemon = Fake::inet(move |call| match call.method.ends_with(method) {
            true => Answer::Fault(70, "NOT_RUNNING: web"),
            false => obedient(call),
        });
        let (port, _) = server(BAD);
        let url = format!("http://127.0.0.1:{port}/");
        let ran = drive_at(&setup, daemon.url(), "httpok", &["-p", "web", &url], TICK);
        let head = ["Restarting selected processes ['web']", "web is in RUNNING state, restarting"];
        assert_eq!(said(&ran), [&head[..], &lines].concat());
        assert_eq!(daemon.acts(), ["stopProcess web", "startProcess web"]);
        assert_eq!(ran.out, ANSWERED);
    }
}

#[test]
fn ev_s13_core_dumps_of_httpok() {
    let setup = Setup::new();
    let args = ["-p", "web", "-g", "echo dumped: ", "-d", "{dir}/cores", "-m", "a@b", "-s", KEEP];
    let (acts, ran) = failing(&setup, web("RUNNING"), &args);
    assert_eq!(acts, ["stopProcess web", "startProcess web"]);
    let dump = format!("gcore output for web:\n\n dumped: {} 100\n\n", setup.path("cores/web").display());
    let head = "Restarting selected processes ['web']\n";
    let rest = "web is in RUNNING state, restarting\nweb restarted\n";
    assert!(ran.err.starts_with(&format!("{head}{dump}{rest}")), "{}", ran.err);
    assert!(read(&setup.path("mail")).contains(&format!("{head}{dump}{rest}").trim_end().to_owned()));
    // Not without a directory.
    let (_, ran) = failing(&Setup::new(), web("RUNNING"), &["-p", "web", "-g", "echo dumped: "]);
    assert!(!ran.err.contains("gcore"), "{}", ran.err);
}

/// What httpok mails as the reason.
pub(super) fn reason(options: &[&str], url: &str) -> String {
    let setup = Setup::new();
    let daemon = Fake::inet(fake::obedient(web("STOPPED")));
    let args = [options, &["-p", "web", "-m", "a@b", "-s", KEEP, url]].concat();
    let ran = drive_at(&setup, daemon.url(), "httpok", &args, TICK);
    assert_eq!(ran.out, ANSWERED, "{}", ran.err);
    let mail = read(&setup.path("mail"));
    let head = format!("error contacting {url}:\n\n ");
    let (_, text) = mail.split_once(&head).unwrap_or_else(|| panic!("{mail}"));
    text.split_once("\nRestarting").unwrap_or_else(|| panic!("{mail}")).0.to_owned()
}

#[test]
fn ev_s23_reasons_of_httpok() {
    // What the system says of the name is what is told; without a network it is another text.
    let error = ("nosuch.invalid", 80).to_socket_addrs().expect_err("no such host").to_string();
    let text = error.rsplit(": ").next().unwrap().to_owned();
    let told = reason(&[], "http://nosuch.invalid/");
    assert!(told.starts_with("[Errno -") && told.ends_with(&format!("] {text}")), "{told} for {error}");
    let at = |answer| format!("http://127.0.0.1:{}/", server(answer).0);
    assert_eq!(reason(&[], &at("")), "Remote end closed connection without response");
    assert_eq!(reason(&[], &at("what is this\r\n")), "what is this\r\n");
    let closed = supervisor_tests::setup::free_port();
    assert_eq!(reason(&["-t", "10"], &format!("https://127.0.0.1:{closed}/")), "[Errno 111] Connection refused");
    assert_eq!(reason(&["-t", "1"], &format!("http://127.0.0.1:{closed}/")), "getaddrinfo returns an empty list");
    // With more than ten seconds there is a second attempt, and no word of the first.
    assert_eq!(reason(&["-t", "11"], &format!("https://127.0.0.1:{closed}/")), "Request-sent");
}

#[test]
fn ev_s26_httpok_starts_over_a_new_connection() {
    let setup = Setup::new();
    let daemon = Fake::inet(forgetful(web("RUNNING")));
    let (port, _) = server(BAD);
    let ran = drive_at(&setup, daemon.url(), "httpok", &["-p", "web", &format!("http://127.0.0.1:{port}/")], TICK);
    assert_eq!(daemon.acts(), ["stopProcess web", "startProcess web", "startProcess web"], "{}", ran.err);
    assert_eq!((ran.code, ran.out.as_str()), (0, ANSWERED), "{}", ran.err);
}
