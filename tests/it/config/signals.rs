//! Series SG: signals to the daemon, shutdown and reload.

use nix::sys::signal::Signal;
use supervisor_tests::{Daemon, Setup};

use super::conditions::is_ours;

/// A program that goes on after TERM until file `go` exists; up when this returns.
fn stubborn(more: &str) -> Daemon {
    let daemon = Setup::new().program("slow", "stopwaitsecs=100", "block:TERM touch:up wait:go").with(more).start();
    daemon.wait_path("up");
    daemon.wait_state("slow", "RUNNING");
    daemon
}

#[test]
fn cfg_sg01_signals_that_end_the_daemon() {
    for (signal, name) in [(Signal::SIGTERM, "TERM"), (Signal::SIGINT, "INT"), (Signal::SIGQUIT, "QUIT")] {
        let daemon = Setup::new().start();
        daemon.signal(signal);
        assert_eq!(daemon.wait_exit(), 0);
        assert!(daemon.log().contains(&format!("WARN received SIG{name} indicating exit request")));
    }
}

#[test]
fn cfg_sg02_a_second_term_is_only_logged() {
    let daemon = stubborn("");
    let line = "WARN received SIGTERM indicating exit request";
    daemon.signal(Signal::SIGTERM);
    daemon.wait_log(line);
    daemon.wait_log("killing slow");
    daemon.signal(Signal::SIGTERM);
    daemon.wait_log_times(line, 2);
    assert!(!daemon.has_logged("SIGKILL"));
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
}

#[test]
fn cfg_sg03_hup_starts_anew_in_the_same_process() {
    let daemon = Setup::new().with("[program:a]\ncommand=/bin/cat\nstartsecs=0").start();
    daemon.wait_state("a", "RUNNING");
    let pid = daemon.pid_of("a");
    daemon.rewrite("[program:a]\ncommand=/bin/cat\nstartsecs=0\n[program:b]\ncommand=/bin/cat\nstartsecs=0");
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log("WARN received SIGHUP indicating restart request");
    daemon.wait_log_times(&format!("INFO supervisord started with pid {}", daemon.pid()), 2);
    daemon.wait_log("INFO spawned: 'b'");
    daemon.wait_log_times("INFO spawned: 'a'", 2);
    assert_ne!(daemon.pid_of("a"), pid);
    assert_eq!(daemon.read("supervisord.pid"), format!("{}\n", daemon.pid()));
}

#[test]
fn cfg_sg04_hup_during_a_shutdown() {
    let daemon = stubborn("");
    daemon.signal(Signal::SIGTERM);
    daemon.wait_log("received SIGTERM");
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log("WARN ignored SIGHUP indicating restart request (shutdown in progress)");
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
}

#[test]
fn cfg_sg05_term_during_a_restart() {
    let daemon = stubborn("");
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log("received SIGHUP");
    daemon.signal(Signal::SIGTERM);
    daemon.wait_log("received SIGTERM");
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
}

#[test]
fn cfg_sg06_usr2_reopens_the_logs() {
    let daemon =
        Setup::new().program("p", "stdout_logfile={dir}/p.out", r"'say:first\n' wait:go 'say:second\n' hang").start();
    daemon.wait_file("p.out", "first\n");
    for name in ["supervisord.log", "p.out"] {
        std::fs::rename(daemon.path(name), daemon.path(&format!("{name}.old"))).unwrap();
    }
    daemon.signal(Signal::SIGUSR2);
    daemon.wait_path("p.out");
    daemon.touch("go");
    daemon.wait_file("p.out", "second\n");
    assert_eq!(daemon.read("p.out"), "second\n");
    assert_eq!(daemon.read("p.out.old"), "first\n");
    let old = daemon.read("supervisord.log.old");
    assert!(old.contains("INFO received SIGUSR2 indicating log reopen request\n"), "{old}");
    assert!(old.ends_with("INFO supervisord logreopen\n"), "{old}");
    daemon.wait_log("second");
}

#[test]
fn cfg_sg07_groups_stop_one_after_the_other() {
    let mut setup = Setup::new();
    for (name, priority) in [("b", 2), ("a", 3), ("c", 1)] {
        setup = setup.program(name, &format!("priority={priority}"), &format!("touch:{name} hang"));
    }
    let daemon = setup.start();
    for name in ["a", "b", "c"] {
        daemon.wait_path(name);
    }
    daemon.wait_log_times("entered RUNNING", 3);
    assert_eq!(daemon.stop(), 0);
    let lines = ["killing a", "stopped: a", "killing b", "stopped: b", "killing c", "stopped: c"];
    assert_eq!(daemon.log_order(&lines), lines);
}

#[test]
fn cfg_sg08_waiting_to_die() {
    let daemon = stubborn("[program:cat]\ncommand=/bin/cat\nstartsecs=0\npriority=1");
    daemon.wait_state("cat", "RUNNING");
    daemon.signal(Signal::SIGTERM);
    let line = "INFO waiting for cat, slow to die";
    daemon.wait_log_times(line, 3);
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
    assert!(daemon.gaps(line).iter().all(|gap| *gap >= 2900), "{:?}", daemon.gaps(line));
}

#[test]
fn cfg_sg09_backoff_becomes_fatal_at_the_end() {
    let daemon = Setup::new()
        .recorder("rec", "events=PROCESS_STATE\nbuffer_size=100")
        .program("back", "startsecs=60\nstartretries=90\npriority=9", "exit:1")
        .program("slow", "stopwaitsecs=100\npriority=5", "block:TERM touch:up wait:go")
        .start();
    daemon.wait_path("up");
    daemon.wait_state("back", "BACKOFF");
    daemon.signal(Signal::SIGTERM);
    daemon.wait_brief("rec", "back FATAL");
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
    assert!(!daemon.has_logged("gave up"));
}

#[test]
fn cfg_sg10_nothing_starts_once_the_shutdown_began() {
    let daemon = Setup::new()
        .program("slow", "stopwaitsecs=100\npriority=9", "block:TERM touch:up wait:go")
        .program("again", "autorestart=true\npriority=1", "wait:go exit:1")
        .start();
    daemon.wait_path("up");
    daemon.wait_state("again", "RUNNING");
    daemon.signal(Signal::SIGTERM);
    daemon.wait_log("killing slow");
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
    assert_eq!(daemon.log().iter().filter(|line| line.contains("spawned: 'again'")).count(), 1);
}

#[test]
fn cfg_sg11_socket_and_pid_file_are_gone_after_the_end() {
    let daemon = Setup::new().start();
    assert!(daemon.path("s.sock").exists() && daemon.path("supervisord.pid").exists());
    assert_eq!(daemon.stop(), 0);
    assert!(!daemon.path("s.sock").exists() && !daemon.path("supervisord.pid").exists());
}

#[test]
fn cfg_sg13_server_settings_act_after_hup() {
    let daemon = Setup::new().start();
    daemon.rewrite("[unix_http_server:more]\nfile={dir}/more.sock");
    assert_eq!(daemon.reread(), "//");
    assert!(!daemon.path("more.sock").exists());
    daemon.signal(Signal::SIGHUP);
    daemon.wait_path("more.sock");
}

#[test]
fn cfg_sg15_the_first_waiting_line_names_backoff_of_later_groups() {
    let daemon = Setup::new()
        .program("slow", "stopwaitsecs=100\npriority=9", "block:TERM touch:up wait:go")
        .program("back", "startsecs=60\nstartretries=90\npriority=1", "exit:1")
        .start();
    daemon.wait_path("up");
    daemon.wait_state("back", "BACKOFF");
    daemon.signal(Signal::SIGTERM);
    let line = daemon.wait_log("INFO waiting for ");
    assert_eq!(line, "INFO waiting for back, slow to die");
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
}

/// A daemon with program `a`, which runs, and its pid.
fn with_a() -> (Daemon, i64) {
    let daemon = Setup::new().with(A).start();
    daemon.wait_state("a", "RUNNING");
    let pid = daemon.pid_of("a");
    (daemon, pid)
}

const A: &str = "[program:a]\ncommand=/bin/cat\nstartsecs=0\n";

#[test]
fn cfg_sg12_a_broken_configuration_at_a_hup() {
    let (daemon, _) = with_a();
    daemon.rewrite("[program:a]\nstartsecs=soon");
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log("WARN received SIGHUP indicating restart request");
}

#[test]
fn ours_sg12_a_broken_configuration_at_a_hup_changes_nothing() {
    if !is_ours() {
        return;
    }
    let (daemon, pid) = with_a();
    daemon.rewrite("[program:a]\ncommand=/bin/cat\nstartsecs=soon");
    daemon.signal(Signal::SIGHUP);
    let line = daemon.wait_log("CRIT cannot restart");
    assert!(line.contains("invalid literal for int() with base 10: 'soon' in section 'program:a'"), "{line}");
    assert_eq!((daemon.pid_of("a"), daemon.state("a").as_str()), (pid, "RUNNING"));
    std::fs::remove_file(daemon.path("supervisord.conf")).unwrap();
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log_times("CRIT cannot restart", 2);
    assert_eq!(daemon.pid_of("a"), pid);
    assert_eq!(daemon.stop(), 0);
}

/// A port that is taken is seen only when everything is set up again: the daemon then goes on as it was.
#[test]
fn ours_sg12_what_cannot_be_set_up_at_a_hup_is_given_up() {
    if !is_ours() {
        return;
    }
    let (daemon, _) = with_a();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    daemon.rewrite(&format!("[inet_http_server]\nport=127.0.0.1:{port}\n[program:b]\ncommand=/bin/cat\nstartsecs=0"));
    daemon.signal(Signal::SIGHUP);
    let line = daemon.wait_log("CRIT the new configuration cannot be used, going on with the one of before");
    assert!(line.contains("Another program is already listening on a port"), "{line}");
    daemon.wait_state("a", "RUNNING");
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn ours_sg12_what_can_be_foreseen_changes_nothing_at_a_hup() {
    if !is_ours() {
        return;
    }
    let (daemon, pid) = with_a();
    let fcgi = "[fcgi-program:f]\ncommand=/bin/cat\nsocket=unix://{dir}";
    let twice = "[inet_http_server:one]\nport=127.0.0.1:1999\n[inet_http_server:two]\nport=127.0.0.1:1999";
    let cases = [
        ("[supervisord]\nuser=no such user", "Invalid user name no such user"),
        ("[supervisord]\nlogfile={dir}", "cannot open log file"),
        ("[supervisord]\nidentifier=a/b", "cannot make a log file"),
        ("[unix_http_server:z]\nfile={dir}/none/z.sock", "ENOENT"),
        (twice, "[inet_http_server:one] listens there already"),
        (fcgi, "Could not create FastCGI socket"),
    ];
    let program = "[program:b]\ncommand=/bin/cat\nstdout_logfile=AUTO";
    for (count, (wrong, text)) in (1..).zip(cases) {
        daemon.rewrite(&format!("{wrong}\n{program}"));
        daemon.signal(Signal::SIGHUP);
        daemon.wait_log_times("CRIT cannot restart", count);
        let line = daemon.log().into_iter().rfind(|line| line.contains("CRIT cannot restart")).unwrap();
        assert!(line.contains(text), "{line}");
        assert_eq!(daemon.pid_of("a"), pid);
    }
    assert_eq!(daemon.stop(), 0);
}

/// Neither the log nor a place for the logs of programs can be had again: the daemon goes on with the log it has.
#[test]
fn ours_sg12_a_daemon_that_can_no_longer_open_its_logs_goes_on() {
    if !is_ours() {
        return;
    }
    let Some(setup) = Setup::new().as_nobody() else { return };
    let setup = setup.write("log/keep", "").supervisord("logfile={dir}/log/main.log\nchildlogdir={dir}/log");
    std::os::unix::fs::chown(setup.path("log"), Some(65534), Some(65534)).unwrap();
    std::os::unix::fs::symlink("log/main.log.1", setup.path("supervisord.log")).unwrap();
    std::os::unix::fs::symlink("main.log.1", setup.path("log/main.log")).unwrap();
    // It happens while all is stopped, so nobody can foresee it.
    let closes = "trap 'rm {dir}/log/main.log; chmod 555 {dir}/log; exit' TERM; touch {dir}/log/ready; while :; do sleep 0.1; done";
    let closer = format!("[program:b]\ncommand=/bin/sh -c \"{closes}\"\nstartsecs=0");
    let daemon = setup.with(A).with(&closer).start();
    daemon.wait_state("a", "RUNNING");
    daemon.wait_path("log/ready");
    let pids = ["a", "b"].map(|name| daemon.pid_of(name));
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log("CRIT the new configuration cannot be used, going on with the one of before");
    daemon.wait_log("CRIT going on without something: cannot make a log file for ");
    for (name, pid) in ["a", "b"].into_iter().zip(pids) {
        daemon.wait_state(name, "RUNNING");
        assert_ne!(daemon.pid_of(name), pid);
    }
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn cfg_sg14_term_after_a_hup() {
    let daemon = Setup::new().start();
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log_times("supervisord started with pid", 2);
    assert_eq!(daemon.stop(), 0);
    let lines = ["received SIGHUP indicating restart request", "received SIGTERM indicating exit request"];
    assert_eq!(daemon.log_order(&lines), lines);
}

#[test]
fn ours_sg14_term_directly_after_a_hup_ends_an_idle_daemon() {
    if !is_ours() {
        return;
    }
    let daemon = Setup::new().start();
    daemon.signal(Signal::SIGHUP);
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait_exit(), 0);
    daemon.wait_log("WARN received SIGTERM indicating exit request");
}

#[test]
fn cfg_rr02_signals_and_exits_are_handled() {
    let daemon = Setup::new().program("p", "autorestart=false", "wait:go exit:0").start();
    daemon.wait_state("p", "RUNNING");
    daemon.touch("go");
    daemon.wait_log("INFO exited: p (exit status 0; expected)");
    daemon.signal(Signal::SIGUSR2);
    daemon.wait_log("INFO received SIGUSR2 indicating log reopen request");
    assert_eq!(daemon.stop(), 0);
}

/// Between two ticks of five seconds a daemon that looks once a second sees five deaths at most.
#[test]
fn ours_rr02_signals_and_exits_are_handled_when_they_happen() {
    if !is_ours() {
        return;
    }
    let daemon = Setup::new()
        .recorder("rec", "events=TICK_5,PROCESS_STATE_EXITED\nbuffer_size=1000")
        .program("p", "autorestart=true", "ms:110")
        .start();
    let ticks = || daemon.events("rec").iter().filter(|event| event.name() == "TICK_5").count();
    daemon.wait("two ticks", || (ticks() >= 2).then_some(()));
    let events = daemon.events("rec");
    let at = |nth: usize| events.iter().enumerate().filter(|(_, event)| event.name() == "TICK_5").nth(nth).unwrap().0;
    let exits = at(1) - at(0) - 1;
    assert!(exits > 8, "{exits} exits in five seconds");
}
