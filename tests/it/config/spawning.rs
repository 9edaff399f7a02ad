//! Series CE: what a child is given.

use supervisor_tests::{Daemon, Setup};

use super::cmdline::is_root;

/// What a program started with these options finds out about itself.
fn facts(setup: Setup, options: &str) -> (Daemon, Vec<String>) {
    let daemon = setup.program("p", options, "facts:facts hang").start();
    let lines = daemon.wait_file("facts", "fd0").lines().map(str::to_owned).collect();
    (daemon, lines)
}

fn fact<'a>(facts: &'a [String], name: &str) -> &'a str {
    facts.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {facts:?}"))
}

#[test]
fn cfg_ce01_splitting_of_commands() {
    let rows = [
        (r#"one "two three" 'four five'"#, vec!["one", "two three", "four five"]),
        (r#"a\ b "c\"d\\e\f" 'g\h'"#, vec!["a b", r#"c"d\e\f"#, r"g\h"]),
        (r#"x"y"'z' "" #no"#, vec!["xyz", "", "#no"]),
        ("$HOME ~ *", vec!["$HOME", "~", "*"]),
    ];
    let mut setup = Setup::new();
    for (at, (text, _)) in rows.iter().enumerate() {
        let steps = format!("facts:facts{at} hang label:args {}", text.replace(" #", " ''#"));
        setup = setup.program(&format!("p{at}"), "", &steps);
    }
    let daemon = setup.start();
    for (at, (_, words)) in rows.iter().enumerate() {
        let facts = daemon.wait_file(&format!("facts{at}"), "fd0");
        let args: Vec<&str> = facts
            .lines()
            .filter(|line| line.starts_with("argv"))
            .map(|line| line.split_once('=').unwrap().1)
            .skip_while(|arg| *arg != "label:args")
            .skip(1)
            .collect();
        assert_eq!(args, *words);
    }
}

#[test]
fn cfg_ce02_looking_for_the_program() {
    let script = "#!/bin/sh\necho \"$0 from $WHERE\" > {dir}/$NAME\n";
    let setup = Setup::new().write("one/tool", script).write("two/tool", script);
    for name in ["one/tool", "two/tool"] {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(setup.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let daemon = setup
        .supervisord("environment=PATH=\"{dir}/one:/bin:/usr/bin\"")
        .with("[program:global]\ncommand=tool\nenvironment=NAME=global\nautorestart=false\nstartsecs=0")
        .with(
            "[program:own]\ncommand=tool\nenvironment=NAME=own,PATH=\"{dir}/two:/bin\"\nautorestart=false\nstartsecs=0",
        )
        .start();
    assert!(daemon.wait_file("global", "from").starts_with(&daemon.fill("{dir}/one/tool")));
    assert!(daemon.wait_file("own", "from").starts_with(&daemon.fill("{dir}/two/tool")));

    let daemon = Setup::new().with("[program:p]\ncommand=cat first second\nstartsecs=0\nautorestart=false").start();
    daemon.wait_log("spawned: 'p'");
    let daemon = Setup::new().with("[program:p]\ncommand=sleep 1000\nstartsecs=0").start();
    daemon.wait_state("p", "RUNNING");
    let cmdline = || std::fs::read(format!("/proc/{}/cmdline", daemon.pid_of("p"))).ok();
    daemon.wait("the word as it was written", || (cmdline()? == b"sleep\x001000\x00").then_some(()));
}

#[test]
fn cfg_ce03_process_group_and_descriptors() {
    for options in ["", "umask=022", "directory=/"] {
        let inheriting = ["sh", "-c", "exec \"$@\" 7</dev/null", "sh"];
        let (daemon, facts) = facts(Setup::new().through(&inheriting), options);
        let pid = daemon.pid_of("p").to_string();
        assert_eq!(fact(&facts, "pgid="), pid);
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.pid())).unwrap();
        let session = stat.rsplit_once(") ").unwrap().1.split(' ').nth(3).unwrap().to_owned();
        assert_eq!(fact(&facts, "sid="), session);
        let fds: Vec<&String> = facts.iter().filter(|line| line.starts_with("fd")).collect();
        assert_eq!(fds.len(), 3, "{fds:?}");
        assert!(fds.iter().all(|fd| fd.contains("=pipe:")));
    }
}

#[test]
fn cfg_ce04_redirected_stderr_is_stdout() {
    let (_daemon, with) = facts(Setup::new(), "redirect_stderr=true");
    assert_eq!(fact(&with, "fd1="), fact(&with, "fd2="));
    let (_daemon, without) = facts(Setup::new(), "");
    assert_ne!(fact(&without, "fd1="), fact(&without, "fd2="));
}

#[test]
fn cfg_ce05_variables() {
    let setup = Setup::new()
        .env("INHERITED", "yes")
        .supervisord("environment=G=\"global\",BOTH=\"global\",SUPERVISOR_GROUP_NAME=\"global\"")
        .with("[group:g]\nprograms=p");
    let (daemon, facts) = facts(setup, "environment=BOTH=\"own\",SUPERVISOR_PROCESS_NAME=\"own\"");
    let url = daemon.fill("unix://{dir}/s.sock");
    for (name, value) in [
        ("INHERITED", "yes"),
        ("G", "global"),
        ("BOTH", "own"),
        ("SUPERVISOR_ENABLED", "1"),
        ("SUPERVISOR_PROCESS_NAME", "own"),
        ("SUPERVISOR_GROUP_NAME", "global"),
        ("SUPERVISOR_SERVER_URL", url.as_str()),
    ] {
        assert_eq!(fact(&facts, &format!("env {name}=")), value);
    }
}

#[test]
fn cfg_ce06_user_umask_and_directory() {
    let (daemon, lines) = facts(Setup::new().write("work/x", ""), "umask=027\ndirectory={dir}/work");
    assert_eq!(fact(&lines, "Umask:\t"), "0027");
    assert_eq!(fact(&lines, "cwd="), daemon.path("work").display().to_string());
    if is_root() {
        let daemon =
            Setup::new().with("[program:p]\ncommand=/bin/cat /proc/self/status\nuser=nobody\nstartsecs=0").start();
        daemon.wait_log("spawned: 'p'");
        let log = daemon.wait_log("Uid:");
        let ids: Vec<&str> = log.split_whitespace().skip(1).collect();
        assert!(ids.iter().all(|id| *id != "0"), "{log}");
        let groups = daemon.wait_log("Groups:");
        assert!(!groups.split_whitespace().any(|id| id == "0"), "{groups}");
    }
}

#[test]
fn cfg_ce07_failures_in_the_child() {
    let daemon = Setup::new()
        .write("noexec", "no interpreter line\n")
        .with("[program:dir]\ncommand=/bin/cat\ndirectory=/nonexistent\nstartretries=0\nstderr_logfile={dir}/dir.err")
        .with("[program:exec]\ncommand={dir}/noexec\nstartretries=0\nstderr_logfile={dir}/exec.err\nautostart=false");
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(daemon.path("noexec"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let daemon = daemon.start();
    let last = "supervisor: child process was not spawned\n";
    daemon.wait_file("dir.err", last);
    assert_eq!(daemon.read("dir.err"), format!("supervisor: couldn't chdir to /nonexistent: ENOENT\n{last}"));
    daemon.wait_log("WARN exited: dir (exit status 127; not expected)");
    daemon.request_start("exec");
    daemon.wait_file("exec.err", last);
    let text = daemon.fill(&format!("supervisor: couldn't exec {{dir}}/noexec: ENOEXEC\n{last}"));
    assert_eq!(daemon.read("exec.err"), text);
}

/// The mask of signals in a line of a child's `/proc/self/status`, as it prints it.
fn mask(daemon: &Daemon, name: &str) -> u64 {
    let line = daemon.wait_log(name);
    // The C library keeps 32 and 33 to itself, so that what the test was started with stays.
    u64::from_str_radix(line.trim_start_matches(name).trim(), 16).unwrap() & !(0b11 << 31)
}

const SHOW: &str =
    "[program:p]\ncommand=/bin/sh -c \"cat /proc/self/status; env; echo end\"\nstartsecs=0\nautorestart=false";

#[test]
fn cfg_ce08_signals_have_their_default_effect() {
    let daemon = Setup::new().with(SHOW).start();
    daemon.wait_log("end");
    assert_eq!((mask(&daemon, "SigBlk:"), mask(&daemon, "SigIgn:")), (0, 0));
    assert!(!daemon.has_logged("LC_CTYPE="));
}
