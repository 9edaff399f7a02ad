//! What a start or a program would fail with, foreseen on a system of words.

use super::super::check::check;
use super::super::fake::{FakeAhead, FakeWorld};
use super::super::{Inputs, Overrides, SourceFile};

/// The lines of the report on `s.conf` that root gets, without those about open doors.
fn lines(text: &str) -> Vec<String> {
    lines_with(text, true, &Overrides::default())
}

fn lines_with(text: &str, is_root: bool, overrides: &Overrides) -> Vec<String> {
    let include = |_: &str| Vec::new();
    let inputs = Inputs {
        environment: &[],
        overrides,
        here: "/conf",
        host_node_name: "node",
        world: &FakeWorld,
        include: &include,
    };
    let methods = "[rpcinterface:supervisor]\n\
                   supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n";
    let text = format!("{text}{methods}");
    let file = SourceFile { name: "s.conf", bytes: text.as_bytes() };
    let found = check(file, &inputs, &FakeAhead { is_root });
    let lines = found.problems().iter().map(ToString::to_string);
    lines.filter(|line| !line.contains("anybody who reaches")).collect()
}

/// Each configuration has exactly this problem; what follows its text is the hint.
fn rows(rows: &[(&str, &str)]) {
    for (text, expected) in rows {
        let found = lines(text);
        assert!(found.len() == 1 && found[0].starts_with(&format!("s.conf:{expected}; ")), "{text}{found:#?}");
    }
}

#[test]
fn limits_are_blamed_on_their_options() {
    rows(&[
        ("[supervisord]\nuser=www\nminfds=5000\n", "3: [supervisord] minfds: only 4096 file descriptors"),
        ("[supervisord]\nminfds=9\nminprocs=5000\n", "3: [supervisord] minprocs: only 4096 processes"),
    ]);
    assert_eq!(lines("[supervisord]\nuser=root\nminfds=5000\n"), [""; 0], "root can raise them");
    let overrides = Overrides { minfds: Some(5000), ..Overrides::default() };
    let found = lines_with("[supervisord]\nminfds=1\n", false, &overrides);
    assert!(found[0].starts_with("command line: -a/--minfds: only 4096 file descriptors; "), "{found:#?}");
}

#[test]
fn a_user_whom_only_root_can_become() {
    let found = lines_with("[supervisord]\nuser=root\n", false, &Overrides::default());
    let expected = "s.conf:2: [supervisord] user: Can't drop privilege as nonroot user; start supervisord as root, or as \
                    that user";
    assert_eq!(found, [expected]);
}

#[test]
fn activity_logs() {
    rows(&[
        ("[supervisord]\nlogfile=/tmp\n", "2: [supervisord] logfile: /tmp is a directory"),
        ("[supervisord]\nlogfile=\n", "2: [supervisord] logfile: /cwd is a directory"),
        ("[supervisord]\nuser=www\nlogfile=/etc/x\n", "3: [supervisord] logfile: 33 may not write /etc/x"),
    ]);
    assert_eq!(lines("[supervisord]\nuser=root\nlogfile=/etc/x\n"), [""; 0]);
    assert_eq!(lines("[supervisord]\nlogfile=syslog\n"), [""; 0]);
    let overrides = Overrides { logfile: Some("/tmp".to_owned()), ..Overrides::default() };
    let found = lines_with("[supervisord]\nlogfile=x\n", true, &overrides);
    assert!(found[0].starts_with("command line: -l/--logfile: /tmp is a directory; "), "{found:#?}");
}

#[test]
fn servers_that_cannot_open() {
    rows(&[
        ("[supervisord]\n[unix_http_server]\nfile=/tmp\n", "3: [unix_http_server] file: /tmp is a directory"),
        (
            "[supervisord]\nuser=www\n[unix_http_server]\nfile=/etc/x\n",
            "4: [unix_http_server] file: 33 may not write /etc/x",
        ),
        (
            "[supervisord]\nuser=www\n[unix_http_server]\nchown=root\nfile=/x\n",
            "4: [unix_http_server] chown: not yours",
        ),
        ("[supervisord]\n[inet_http_server]\nport=nowhere:9001\n", "3: [inet_http_server] port: no such host"),
        ("[supervisord]\n[inet_http_server:a]\nport=192.0.2.1:9001\n", "3: [inet_http_server:a] port: not ours"),
        ("[supervisord]\nuser=www\n[inet_http_server]\nport=83\n", "4: [inet_http_server] port: a port of root's"),
    ]);
    assert_eq!(lines("[supervisord]\nuser=root\n[inet_http_server]\nport=83\n"), [""; 0]);
}

#[test]
fn paths_that_are_too_long_for_some_process_ids() {
    let with = |length: usize| format!("[supervisord]\n[unix_http_server]\nfile=/{}\n", "x".repeat(length - 1));
    let text = "its first name, which has the process id of the daemon behind it, may be too long for a socket";
    rows(&[(&with(100), &format!("3: [unix_http_server] file: warning: {text}"))]);
    assert_eq!(lines(&with(99)), [""; 0]);
}

#[test]
fn addresses_that_are_urls_are_told_so() {
    let found = lines("[supervisord]\n[inet_http_server]\nport=http://localhost:9001\n");
    assert_eq!(found, ["s.conf:3: [inet_http_server] port: no such host; write localhost:9001, without http://"]);
    let found = lines("[supervisord]\n[unix_http_server]\nfile=unix:///run/x.sock\n");
    assert_eq!(found, ["s.conf:3: [unix_http_server] file: no such directory; write /run/x.sock, without unix://"]);
}

#[test]
fn two_servers_at_one_address() {
    let two = |one: &str, other: &str| {
        lines(&format!("[supervisord]\n[inet_http_server]\nport={one}\n[inet_http_server:b]\nport={other}\n"))
    };
    let expected =
        ["s.conf:5: [inet_http_server:b] port: [inet_http_server] listens there already; give each server an \
                     address of its own"];
    for (one, other) in [("9001", "9001"), ("127.0.0.1:9001", "localhost:9001"), ("*:9001", "127.0.0.1:9001")] {
        assert_eq!(two(one, other), expected, "{one} {other}");
        assert_eq!(two(other, one), expected, "{other} {one}");
    }
    for (one, other) in [("9001", "9002"), ("127.0.0.1:9001", "127.0.0.2:9001"), ("9001", "[::]:9001")] {
        assert_eq!(two(one, other), [""; 0], "{one} {other}");
    }
    let found = lines("[supervisord]\n[unix_http_server]\nfile=/x\n[unix_http_server:b]\nfile=//x/../x\n");
    assert!(
        found.len() == 1 && found[0].starts_with("s.conf:5: [unix_http_server:b] file: [unix_http_server] listens")
    );
}

#[test]
fn what_makes_no_sense_is_not_foreseen_too() {
    let found = lines("[supervisord]\n[inet_http_server:a]\nport=x\n[inet_http_server:b]\n[unix_http_server]\n");
    assert_eq!(found.len(), 3, "{found:#?}");
}

#[test]
fn auto_logs() {
    let long = "p".repeat(240);
    rows(&[
        (
            "[supervisord]\nidentifier=a/b\n[program:x]\ncommand=cat\n[program:y]\ncommand=cat\n",
            "2: [supervisord] identifier: no log for x",
        ),
        (
            &format!("[supervisord]\nidentifier={long}\n[program:x]\ncommand=cat\n"),
            "2: [supervisord] identifier: no log for x",
        ),
        (
            &format!("[supervisord]\n[program:{long}]\ncommand=cat\n"),
            &format!("2: [program:{long}]: no log for {long}"),
        ),
        (
            "[supervisord]\nuser=www\nchildlogdir=/home/me\n[program:x]\ncommand=cat\n",
            "3: [supervisord] childlogdir: no log for x",
        ),
    ]);
    let files = "[program:x]\ncommand=cat\nstdout_logfile=/x\nredirect_stderr=true\n";
    assert_eq!(lines(&format!("[supervisord]\nidentifier=a/b\n{files}")), [""; 0], "no AUTO log");
}

#[test]
fn sockets_of_fastcgi_programs() {
    let with = |user: &str, rest: &str| format!("[supervisord]\nuser={user}\n[fcgi-program:f]\ncommand=cat\n{rest}\n");
    rows(&[
        (&with("www", "socket=unix:///tmp"), "5: [fcgi-program:f] socket: /tmp is a directory"),
        (&with("www", "socket=tcp://nowhere:9000"), "5: [fcgi-program:f] socket: no such host"),
        (&with("www", "socket=unix:///x\nsocket_owner=root"), "6: [fcgi-program:f] socket_owner: not yours"),
        (
            // A program of a group has no socket in Supervisor, so it is all that fails.
            &format!("{}[group:g]\nprograms=f\n", with("www", "socket=unix:///tmp")),
            "5: [fcgi-program:f] socket: warning: /tmp is a directory",
        ),
    ]);
    assert_eq!(lines(&with("root", "socket=unix:///x\nsocket_owner=www")), [""; 0]);
}

#[test]
fn programs_that_would_fail() {
    let with = |daemon: &str, rest: &str| format!("[supervisord]\n{daemon}\n[program:x]\n{rest}\n");
    rows(&[
        (
            &with("", "command=cat\nstdout_logfile=/tmp"),
            "5: [program:x] stdout_logfile: warning: x: /tmp is a directory",
        ),
        (
            &with("user=www", "command=cat\nstderr_logfile=/etc/x"),
            "5: [program:x] stderr_logfile: warning: x: 33 may not write /etc/x",
        ),
        (
            &with("user=root", "command=mine\nuser=www"),
            "4: [program:x] command: warning: 0 starts it, and 33 may not execute it",
        ),
        (
            &with("user=root", "command=cat\nuser=www\ndirectory=/home/me"),
            "6: [program:x] directory: warning: 33 may not enter it",
        ),
        (&with("directory=/etc", "command=where"), "4: [program:x] command: warning: in /etc"),
        (&with("directory=/etc\nnodaemon=true", "command=where"), "5: [program:x] command: warning: in /cwd"),
    ]);
    let redirected = with("", "command=cat\nstdout_logfile=/x\nstderr_logfile=/tmp\nredirect_stderr=true");
    assert_eq!(lines(&redirected).iter().filter(|line| line.contains("directory")).count(), 0);
}
