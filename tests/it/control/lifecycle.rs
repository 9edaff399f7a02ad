//! Series X: changing the configuration, restarting and ending the daemon over RPC.

use supervisor_tests::{Daemon, Setup};

fn daemon() -> Daemon {
    Setup::new().with("[program:a]\ncommand=/bin/cat\nstartsecs=0").start()
}

#[test]
fn ctl_x38_reload_of_the_configuration() {
    let daemon = daemon();
    daemon.rewrite("[program:b]\ncommand=/bin/cat\n[program:a]\ncommand=/bin/cat -u");
    assert_eq!((daemon.reread(), daemon.reread()), ("b/a/".to_owned(), "b/a/".to_owned()));
    daemon.rewrite("");
    assert_eq!(daemon.reread(), "//a");
    let text = daemon.reread_error("garbage\n");
    let number = std::fs::read_to_string(daemon.path("supervisord.conf")).unwrap().lines().count();
    assert_eq!(
        text,
        format!("Source contains parsing errors: '{{dir}}/supervisord.conf'\n\t[line {number:2}]: 'garbage\\n'")
    );
    std::fs::remove_file(daemon.path("supervisord.conf")).unwrap();
    let text = daemon.fault("reloadConfig", &[]);
    assert_eq!(text, daemon.fill("92 CANT_REREAD: could not find config file {dir}/supervisord.conf"));
}

#[test]
fn ctl_x39_adding_and_removing_groups() {
    let daemon = daemon();
    daemon.wait_state("a", "RUNNING");
    assert_eq!(daemon.fault("addProcessGroup", &["nope".into()]), "10 BAD_NAME: nope");
    assert_eq!(daemon.fault("addProcessGroup", &["a".into()]), "90 ALREADY_ADDED: a");
    assert_eq!(daemon.fault("removeProcessGroup", &["nope".into()]), "10 BAD_NAME: nope");
    assert_eq!(daemon.fault("removeProcessGroup", &["a".into()]), "91 STILL_RUNNING: a");
    daemon.stop_process("a");
    assert_eq!(daemon.ok("removeProcessGroup", &["a".into()]), true.into());
    assert_eq!(daemon.ok("addProcessGroup", &["a".into()]), true.into());
    daemon.wait_state("a", "RUNNING");
}

#[test]
fn ctl_x40_a_daemon_that_shuts_down() {
    let daemon = Setup::new().program("slow", "stopwaitsecs=100", "block:TERM touch:up wait:go").start();
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    assert_eq!(daemon.ok("shutdown", &[]), true.into());
    for (method, params) in
        [("getState", vec![]), ("shutdown", vec![]), ("restart", vec![]), ("getProcessInfo", vec!["slow".into()])]
    {
        assert_eq!(daemon.fault(method, &params), "6 SHUTDOWN_STATE", "{method}");
    }
    assert_eq!(daemon.ok("system.listMethods", &[]).array().len(), 41);
    // How it goes on can be followed.
    for path in ["/mainlogtail", "/logtail/slow"] {
        let mut conn = daemon.connect();
        conn.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_eq!(conn.reply().expect("a head").status_line, "HTTP/1.1 200 OK", "{path}");
    }
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
}

#[test]
fn ctl_x41_a_restart_keeps_the_pid() {
    let daemon = daemon();
    daemon.wait_state("a", "RUNNING");
    daemon.rewrite("[program:b]\ncommand=/bin/cat\nstartsecs=0");
    assert_eq!(daemon.ok("restart", &[]), true.into());
    daemon.wait_log("INFO spawned: 'b'");
    daemon.wait("the new instance", || daemon.try_rpc("supervisor.getPID", &[])?.ok());
    assert_eq!(daemon.ok("getPID", &[]).int(), i64::from(daemon.pid()));
    assert_eq!(daemon.fault("getProcessInfo", &["a".into()]), "10 BAD_NAME: a");
}

#[test]
fn ctl_x47_argument_counts_are_checked_first() {
    let daemon = Setup::new().program("slow", "stopwaitsecs=100", "block:TERM touch:up wait:go").start();
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    daemon.ok("shutdown", &[]);
    assert_eq!(daemon.fault("getState", &["x".into()]), "2 INCORRECT_PARAMETERS");
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
}

#[test]
fn ctl_h36_pending_calls_end_with_the_daemon() {
    let daemon = Setup::new().with("[program:slow]\ncommand=/bin/cat\nautostart=false\nstartsecs=100").start();
    let mut client = daemon.connect();
    let body = supervisor_tests::xmlrpc::call("supervisor.startProcess", &["slow".into()]);
    client.send(supervisor_tests::http::post(&body, ""));
    daemon.wait_state("slow", "STARTING");
    assert_eq!(daemon.stop(), 0);
    assert!(client.is_closed());
}

#[test]
fn ctl_h33_others_are_served_while_a_call_waits() {
    let daemon = Setup::new().program("slow", "stopwaitsecs=100", "block:TERM touch:up wait:go").start();
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    let mut client = daemon.connect();
    let body = supervisor_tests::xmlrpc::call("supervisor.stopProcess", &["slow".into()]);
    client.send(supervisor_tests::http::post(&body, ""));
    daemon.wait_state("slow", "STOPPING");
    // The client leaves; the stop goes on.
    drop(client);
    daemon.touch("go");
    daemon.wait_state("slow", "STOPPED");
}
