//! Series C: what the commands of supervisorctl print, and their exit codes.

use supervisor_tests::{Daemon, Ran, Setup};

/// Standard output and exit code of a command; nothing may be on stderr.
fn ctl(daemon: &Daemon, args: &[&str]) -> (String, i32) {
    let Ran { code, out, err } = daemon.ctl(args);
    assert_eq!(err, "", "{args:?}");
    (out, code)
}

/// Runs a command and compares.
#[track_caller]
fn check(daemon: &Daemon, command: &str, out: &str, code: i32) {
    let args: Vec<&str> = command.split(' ').collect();
    assert_eq!(ctl(daemon, &args), (out.to_owned(), code), "{command}");
}

/// A group of two idle programs, one of its own and some that cannot be started.
fn daemon() -> Daemon {
    let idle =
        |name: &str, command: &str| format!("[program:{name}]\ncommand={command}\nautostart=false\nstartsecs=0\n");
    Setup::new()
        .write("plain", "text")
        .with(&[idle("one", "/bin/cat"), idle("two", "/bin/cat"), idle("solo", "/bin/cat")].concat())
        .with(&idle("gone", "/nonexistent/x"))
        .with(&idle("plain", "{dir}/plain"))
        .program("quick", "autostart=false\nstartsecs=60", "exit:1")
        .with("[group:g]\nprograms=one,two\npriority=50")
        .start()
}

#[test]
fn ctl_c05_words_are_one_line() {
    let daemon = daemon();
    check(&daemon, "start solo", "solo: started\n", 0);
    assert_eq!(ctl(&daemon, &["signal CONT", "solo"]), ("solo: signalled\n".to_owned(), 0));
    assert_eq!(ctl(&daemon, &["stop solo"]), ("solo: stopped\n".to_owned(), 0));
}

#[test]
fn ctl_c06_unknown_commands() {
    let daemon = daemon();
    check(&daemon, "frobnicate a b", "*** Unknown syntax: frobnicate a b\n", 1);
    check(&daemon, "!ls", "*** Unknown syntax: !ls\n", 1);
    assert_eq!(ctl(&daemon, &[""]), (String::new(), 0));
    assert_eq!(ctl(&daemon, &["?", "pid"]), ctl(&daemon, &["help", "pid"]));
}

#[test]
fn ctl_c07_layout_of_the_status() {
    let daemon = Setup::new()
        .program("up", "", "hang")
        .with("[program:ünï]\ncommand=/bin/cat\nautostart=false")
        .with("[program:fatal]\ncommand=/nonexistent/x\nstartretries=0")
        .with("[program:starting]\ncommand=/bin/cat\nstartsecs=100")
        .start();
    daemon.wait_state("up", "RUNNING");
    daemon.wait_state("fatal", "FATAL");
    let (out, code) = ctl(&daemon, &["status"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "fatal                            FATAL     can't find command '/nonexistent/x'");
    assert_eq!(lines[1], "starting                         STARTING  ");
    let up = format!("up                               RUNNING   pid {}, uptime 0:00:", daemon.pid_of("up"));
    assert!(lines[2].starts_with(&up), "{out}");
    assert_eq!(lines[3], "ünï                              STOPPED   Not started");
    assert_eq!((lines.len(), code), (4, 3));
}

#[test]
fn ctl_c08_exit_codes_of_the_status() {
    let daemon = Setup::new()
        .program("up", "", "hang")
        .with("[program:off]\ncommand=/bin/cat\nautostart=false")
        .with("[group:g]\nprograms=off")
        .start();
    daemon.wait_state("up", "RUNNING");
    assert_eq!(ctl(&daemon, &["status", "up"]).1, 0);
    assert_eq!(ctl(&daemon, &["status", "g:*"]).1, 3);
    assert_eq!(ctl(&daemon, &["status", "g:off", "up"]).1, 3);
    check(&daemon, "status nope", "nope: ERROR (no such process)\n", 4);
    check(&daemon, "status nope:*", "nope: ERROR (no such group)\n", 4);
    let (out, code) = ctl(&daemon, &["status", "nope", "g:off"]);
    assert_eq!((out.lines().next(), code), (Some("nope: ERROR (no such process)"), 3));
    assert_eq!(daemon.stop(), 0);
    let refused = daemon.ctl(&["status"]);
    assert_eq!(refused.out, daemon.fill("unix://{dir}/s.sock no such file\n"));
    assert_eq!(refused.code, 4);
}

#[test]
fn ctl_c09_start() {
    let daemon = daemon();
    check(&daemon, "start solo", "solo: started\n", 0);
    check(&daemon, "start solo", "solo: ERROR (already started)\n", 0);
    check(&daemon, "start nope", "nope: ERROR (no such process)\n", 1);
    check(&daemon, "start gone", "gone: ERROR (no such file)\n", 1);
    check(&daemon, "start plain", "plain: ERROR (file is not executable)\n", 1);
    check(&daemon, "start quick", "quick: ERROR (spawn error)\n", 7);
    check(&daemon, "start g:*", "g:one: started\ng:two: started\n", 0);
    check(&daemon, "start g:*", "", 0);
    check(&daemon, "start nope:*", "nope: ERROR (no such group)\n", 2);
    check(&daemon, "start nope solo", "nope: ERROR (no such process)\nsolo: ERROR (already started)\n", 1);
    let (out, code) = ctl(&daemon, &["start"]);
    assert!(out.starts_with("Error: start requires a process name\nstart <name>\t\tStart a process\n"), "{out}");
    assert_eq!(code, 2);
}

#[test]
fn ctl_c10_stop_restart_signal_clear_and_pid() {
    let daemon = daemon();
    check(&daemon, "stop solo", "solo: ERROR (not running)\n", 0);
    check(&daemon, "restart solo", "solo: ERROR (not running)\nsolo: started\n", 0);
    check(&daemon, "restart solo", "solo: stopped\nsolo: started\n", 0);
    check(&daemon, "restart nope", "nope: ERROR (no such process)\nnope: ERROR (no such process)\n", 1);
    check(&daemon, "signal HUP g:one", "g:one: ERROR (not running)\n", 7);
    check(&daemon, "signal NOPE solo", "solo: ERROR (bad signal name)\n", 1);
    check(&daemon, "signal CONT nope:*", "nope: ERROR (no such group)\n", 1);
    check(&daemon, "clear solo g:one", "solo: cleared\ng:one: cleared\n", 0);
    check(&daemon, "clear nope", "nope: ERROR (no such process)\n", 1);
    check(&daemon, "pid", &format!("{}\n", daemon.pid()), 0);
    check(&daemon, "pid solo", &format!("{}\n", daemon.pid_of("solo")), 0);
    check(&daemon, "pid g:one", "0\n", 7);
    check(&daemon, "pid nope", "No such process nope\n", 1);
    check(&daemon, "stop solo", "solo: stopped\n", 0);
    check(&daemon, "stop g:*", "", 0);
    check(&daemon, "stop nope:*", "nope: ERROR (no such group)\n", 1);
    for (command, needs) in [
        ("stop", "a process name"),
        ("restart", "a process name"),
        ("clear", "a process name"),
        ("signal", "a signal name and a process name"),
    ] {
        let (out, code) = ctl(&daemon, &[command]);
        assert!(out.starts_with(&format!("Error: {command} requires {needs}\n{command} ")), "{out}");
        assert_eq!(code, 1);
    }
}

#[test]
fn ctl_c11_tail() {
    let daemon = Setup::new()
        .write("a.out", "0123456789\n")
        .with("[program:a]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/a.out\nstderr_logfile=NONE")
        .start();
    check(&daemon, "tail a", "0123456789\n\n", 0);
    check(&daemon, "tail -5 a", "6789\n\n", 0);
    check(&daemon, "tail -5 a STDOUT", "6789\n\n", 0);
    check(&daemon, "tail a stderr", "a: ERROR (no log file)\n", 1);
    check(&daemon, "tail nope", "nope: ERROR (no such process name)\n", 1);
    check(&daemon, "tail a bogus", "Error: bad channel 'bogus'\n", 1);
    check(&daemon, "tail -x a", "Error: bad argument -x\n", 1);
    check(&daemon, "tail -f", "Error: tail requires process name\n", 1);
    for (command, text) in [("tail", "few"), ("tail a b c d", "many")] {
        let (out, code) = ctl(&daemon, &command.split(' ').collect::<Vec<_>>());
        assert!(out.starts_with(&format!("Error: too {text} arguments\ntail [-f] <name>")), "{out}");
        assert_eq!(code, 1);
    }
}

#[test]
fn ctl_c12_maintail() {
    let daemon = Setup::new().supervisord("loglevel=info").start();
    let log = daemon.log_text();
    check(&daemon, "maintail -20", &format!("{}\n", &log[log.len() - 20..]), 0);
    assert!(ctl(&daemon, &["maintail"]).0.ends_with(&format!("{}\n\n", log.lines().last().unwrap())));
    check(&daemon, "maintail x", "Error: bad argument x\n", 1);
    let (out, code) = ctl(&daemon, &["maintail", "a", "b"]);
    assert!(out.starts_with("Error: too many arguments\nmaintail -f "), "{out}");
    assert_eq!(code, 1);
}

#[test]
fn ctl_c15_reread_update_add_and_remove() {
    let idle = |name: &str, options: &str| format!("[program:{name}]\ncommand=/bin/cat\nautostart=false\n{options}\n");
    let daemon = Setup::new().with(&[idle("a", ""), idle("b", "")].concat()).start();
    check(&daemon, "reread", "No config updates to processes\n", 0);
    check(&daemon, "update", "", 0);
    daemon.rewrite(&[idle("c", ""), idle("b", "priority=5")].concat());
    check(&daemon, "reread", "a: disappeared\nb: changed\nc: available\n", 0);
    check(&daemon, "add nope", "ERROR: no such process/group: nope\n", 1);
    check(&daemon, "add b", "ERROR: process group already active\n", 0);
    check(&daemon, "remove nope", "ERROR: no such process/group: nope\n", 1);
    check(&daemon, "update nope c", "ERROR: no such group: nope\nc: added process group\n", 1);
    let all = "a: stopped\na: removed process group\nb: stopped\nb: updated process group\n";
    check(&daemon, "update", all, 0);
    check(&daemon, "remove c", "c: removed process group\n", 0);
    check(&daemon, "add c", "c: added process group\n", 0);
    daemon.start_process("c");
    check(&daemon, "remove c", "ERROR: process/group still running: c\n", 1);
    daemon.rewrite("[program:a]\nautostart=true");
    let (out, code) = ctl(&daemon, &["reread"]);
    assert!(out.starts_with("ERROR: CANT_REREAD: program section program:a does not specify a command"), "{out}");
    assert_eq!(code, 1);
    let (out, code) = ctl(&daemon, &["reread", "x"]);
    assert!(out.starts_with("Error: reread accepts no arguments\nreread "), "{out}");
    assert_eq!(code, 1);
}

#[test]
fn ctl_c16_reload_and_shutdown() {
    let daemon = Setup::new().start();
    check(&daemon, "reload", "Restarted supervisord\n", 0);
    daemon.wait_log_times("supervisord started with pid", 2);
    daemon.wait("the new instance", || daemon.try_rpc("supervisor.getPID", &[])?.ok());
    check(&daemon, "shutdown", "Shut down\n", 0);
    assert_eq!(daemon.wait_exit(), 0);
    let text = daemon.fill("ERROR: unix://{dir}/s.sock no such file (already shut down?)\n");
    check(&daemon, "shutdown", &text, 1);
}

#[test]
fn ctl_c17_avail_and_version() {
    let daemon = daemon();
    let (out, code) = ctl(&daemon, &["avail"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "gone                             in use    manual    999:999");
    assert_eq!(lines[1], "g:one                            in use    manual    50:999");
    assert_eq!((lines.len(), code), (6, 0));
    let version = format!("{}\n", daemon.ok("getSupervisorVersion", &[]).str());
    check(&daemon, "version", &version, 0);
    check(&daemon, "open ftp://x", "ERROR: url must be http:// or unix://\n", 1);
}

#[test]
fn ctl_c18_servers_that_cannot_be_used() {
    let daemon = Setup::new().with("[program:a]\ncommand=/bin/cat\nautostart=false").start();
    let port = supervisor_tests::setup::free_port();
    let url = format!("http://127.0.0.1:{port}");
    check(&daemon, &format!("-s {url} status"), &format!("{url} refused connection\n"), 4);
    check(&daemon, &format!("-s {url} start a"), &format!("{url} refused connection\n"), 4);
    check(&daemon, "-s unix:///nonexistent/s start a", "unix:///nonexistent/s no such file\n", 7);
    let secure = Setup::new().with("[unix_http_server:b]\nfile={dir}/b.sock\nusername=u\npassword=p").start();
    let url = secure.fill("unix://{dir}/b.sock");
    let (out, code) = ctl(&secure, &["-s", &url, "status"]);
    let text = "Server requires authentication\nerror: <class 'xmlrpc.client.ProtocolError'>, <ProtocolError for \
        127.0.0.1/RPC2: 401 Unauthorized>: file: ";
    assert!(out.starts_with(text), "{out}");
    assert_eq!(code, 1);
    assert_eq!(ctl(&secure, &["-s", &url, "-u", "u", "-p", "p", "status"]), (String::new(), 0));
}

#[test]
fn ctl_c20_commands_during_a_shutdown() {
    let daemon = Setup::new().program("slow", "stopwaitsecs=100", "block:TERM touch:up wait:go").start();
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    daemon.ok("shutdown", &[]);
    daemon.wait_log("killing slow");
    check(&daemon, "reread", "ERROR: supervisor shutting down\n", 1);
    check(&daemon, "update", "ERROR: already shutting down\n", 1);
    check(&daemon, "add x", "ERROR: shutting down\n", 1);
    check(&daemon, "reload", "ERROR: already shutting down\n", 1);
    check(&daemon, "shutdown", "ERROR: already shutting down\n", 0);
    check(&daemon, "avail", "ERROR: supervisor shutting down\n", 1);
    let (out, code) = ctl(&daemon, &["status"]);
    let text = "error: <class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE'>: file: ";
    assert!(out.starts_with(text) && code == 1, "{out}");
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
}

#[test]
fn ctl_c21_help() {
    let daemon = daemon();
    let list = "\ndefault commands (type help <topic>):\n=====================================\n\
        add    exit      open  reload  restart   start   tail   \n\
        avail  fg        pid   remove  shutdown  status  update \n\
        clear  maintail  quit  reread  signal    stop    version\n\n";
    check(&daemon, "help", list, 0);
    check(&daemon, "help nope", "*** No help on nope\n", 0);
    let texts = [
        ("help", "help\t\tPrint a list of available actions\nhelp <action>\tPrint help for <action>\n"),
        ("add", "add <name> [...]\tActivates any updates in config for process/group\n"),
        ("avail", "avail\t\t\tDisplay all configured processes\n"),
        ("exit", "exit\tExit the supervisor shell.\n"),
        ("quit", "quit\tExit the supervisor shell.\n"),
        ("fg", "fg <process>\tConnect to a process in foreground mode\n\t\tCtrl-C to exit\n"),
        ("reload", "reload \t\tRestart the remote supervisord.\n"),
        ("remove", "remove <name> [...]\tRemoves process/group from active config\n"),
        ("reread", "reread \t\t\tReload the daemon's configuration files without add/remove\n"),
        ("shutdown", "shutdown \tShut the remote supervisord down.\n"),
        ("version", "version\t\t\tShow the version of the remote supervisord process\n"),
    ];
    for (topic, text) in texts {
        check(&daemon, &format!("help {topic}"), text, 0);
    }
}

#[test]
fn ctl_c22_the_shell() {
    let daemon = daemon();
    let shell = |input: &str| daemon.ctl_of(daemon.subject(), &[], input);
    let status = ctl(&daemon, &["status"]).0;
    let ran = shell("start solo\n\nexit\n");
    assert_eq!(ran.out, format!("{status}supervisor> solo: started\nsupervisor> supervisor> \n"));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let ended = shell("frobnicate\n");
    assert!(ended.out.ends_with("supervisor> *** Unknown syntax: frobnicate\nsupervisor> \n"), "{}", ended.out);
    assert_eq!(ended.code, 0);
}
