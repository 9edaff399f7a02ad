//! What `supervisord --check` foresees, beside what a start on the same configuration does; the original cannot check.

use std::os::unix::fs::PermissionsExt as _;

use supervisor_tests::{Ran, Setup};

use super::conditions::{AS_NOBODY, can_be_root, is_ours, open_to_all};

fn check(setup: &Setup) -> Ran {
    std::fs::write(setup.path("supervisord.conf"), setup.text()).unwrap();
    let names = || {
        let entries = std::fs::read_dir(setup.path("")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    let ran = setup.run_with(&["--check", "-c", "{dir}/supervisord.conf"]);
    assert_eq!(names(), before, "a check leaves nothing behind");
    ran
}

/// The one error of a check is what a start says in its first and its third line, at this option.
fn foreseen(setup: &Setup, code: i32, at: &str) {
    let (check, start) = (check(setup), setup.run());
    let (error, told) = (check.out.lines().next().unwrap_or_default(), start.err.lines().collect::<Vec<_>>());
    assert_eq!((check.code, start.code, told.len()), (2, code, 3), "{check:?} {start:?}");
    let (place, hint) = told[2].split_once(&format!(" {at}: ")).unwrap_or_else(|| panic!("{at}: {start:?}"));
    let text = told[0].strip_prefix("Error: ").unwrap();
    assert_eq!(error, format!("{place} {at}: {text}; {hint}"));
    assert!(check.out.contains("1 error,"), "{check:?}");
}

fn with(lines: &str) -> Setup {
    Setup::new().supervisord(lines).args(&["-s"])
}

#[test]
fn ours_check_foresees_servers_that_cannot_open() {
    if !is_ours() {
        return;
    }
    for (section, at) in [
        ("[unix_http_server]\nfile=/none/x.sock\n", "[unix_http_server] file"),
        ("[unix_http_server]\nfile=\n", "[unix_http_server] file"),
        ("[unix_http_server:u]\nfile=unix://{dir}/x.sock\n", "[unix_http_server:u] file"),
        ("[inet_http_server]\nport=http://127.0.0.1:9001\nusername=u\npassword=p\n", "[inet_http_server] port"),
        ("[inet_http_server:b]\nport=192.0.2.1:9001\nusername=u\npassword=p\n", "[inet_http_server:b] port"),
    ] {
        foreseen(&with("").servers(section), 2, at);
    }
    let long = format!("[unix_http_server]\nfile={{dir}}/{}\n", "x".repeat(108));
    foreseen(&with("").servers(&long), 2, "[unix_http_server] file");
}

/// Where files are included, sections take over what `DEFAULT` said of directories, and another file changes it for nobody
/// before.
#[test]
fn ours_check_names_the_default_that_was_taken_over() {
    if !is_ours() {
        return;
    }
    let default = "[DEFAULT]\nfile=%(here)s/none/x.sock\n[include]\nfiles=%(here)s/more.conf\n";
    let setup = with("").servers("[unix_http_server]\n").with(default);
    let setup = setup.write("more.conf", "[DEFAULT]\nfile=/elsewhere/y.sock\n");
    let (check, start) = (check(&setup), setup.run());
    let place = setup.text().lines().position(|line| line.starts_with("file=%(here)s")).unwrap() + 1;
    let place = setup.fill(&format!("{{dir}}/supervisord.conf:{place}: [unix_http_server] file: "));
    assert!(check.out.starts_with(&place), "{place} {check:?}");
    assert!(start.err.contains(&place), "{place} {start:?}");
}

#[test]
fn ours_check_foresees_two_servers_at_one_address() {
    if !is_ours() {
        return;
    }
    let server =
        |name: &str, host: &str| format!("[inet_http_server:{name}]\nport={host}:{{port}}\nusername=u\npassword=p\n");
    let setup = with("").servers(&(server("a", "127.0.0.1") + &server("b", "*")));
    let (check, start) = (check(&setup), setup.run());
    assert_eq!((check.code, start.code), (2, 2), "{check:?} {start:?}");
    let text = "[inet_http_server:b] port: [inet_http_server:a] listens there already; ";
    assert!(check.out.contains(text), "{check:?}");
    assert!(start.err.contains(" [inet_http_server:b] port: give this server an address of its own"), "{start:?}");
}

#[test]
fn ours_check_foresees_logs_and_sockets_that_cannot_be_made() {
    if !is_ours() {
        return;
    }
    let program = "[program:x]\ncommand=/bin/cat\n";
    let fcgi = "[fcgi-program:f]\ncommand=/bin/cat\nsocket=unix://";
    for (lines, sections, at) in [
        ("logfile={dir}", "", "[supervisord] logfile"),
        ("identifier=a/b", program, "[supervisord] identifier"),
        ("", &format!("{fcgi}/none/x\n"), "[fcgi-program:f] socket"),
        ("", &format!("{fcgi}{{dir}}\n"), "[fcgi-program:f] socket"),
        ("", "[fcgi-program:f]\ncommand=/bin/cat\nsocket=tcp://192.0.2.1:9000\n", "[fcgi-program:f] socket"),
    ] {
        foreseen(&with(lines).with(sections), 1, at);
    }
}

#[test]
fn ours_check_asks_for_the_user_that_the_daemon_becomes() {
    if !is_ours() || !can_be_root("to become somebody else") {
        return;
    }
    let fcgi = "[fcgi-program:f]\ncommand=/bin/cat\nsocket=unix://{dir}/f\nsocket_owner=root\n";
    let program = "[program:x]\ncommand=/bin/cat\n";
    for (lines, servers, sections, code, at) in [
        ("logfile={dir}/roots/x.log", "", "", 1, "[supervisord] logfile"),
        ("childlogdir={dir}/roots", "", program, 1, "[supervisord] childlogdir"),
        ("", "", fcgi, 1, "[fcgi-program:f] socket_owner"),
        ("", "[unix_http_server]\nfile={dir}/roots/s\n", "", 2, "[unix_http_server] file"),
        ("", "[unix_http_server]\nfile={dir}/s\nchown=root:root\n", "", 2, "[unix_http_server] chown"),
        ("", "[inet_http_server]\nport=127.0.0.1:83\nusername=u\npassword=p\n", "", 2, "[inet_http_server] port"),
    ] {
        let setup = with(&format!("user=nobody\n{lines}")).servers(servers).with(sections);
        open_to_all(&setup.path(""));
        std::fs::create_dir(setup.path("roots")).unwrap();
        foreseen(&setup, code, at);
    }
    let limits: &[&str] = &["prlimit", "--nofile=1024:4096"];
    let setup = with("user=nobody\nminfds=5000").through(limits);
    open_to_all(&setup.path(""));
    foreseen(&setup, 2, "[supervisord] minfds");
    foreseen(&with("user=root").through(AS_NOBODY), 2, "[supervisord] user");
}

#[test]
fn ours_check_foresees_programs_that_fail() {
    if !is_ours() || !can_be_root("programs of another user") {
        return;
    }
    let setup = Setup::new()
        .with("[program:log]\ncommand=/bin/cat\nstdout_logfile={dir}\n")
        .with("[program:command]\ncommand={dir}/command\nuser=nobody\n")
        .with("[program:directory]\ncommand=/bin/cat\nuser=nobody\ndirectory={dir}/roots\n")
        .write("command", "#!/bin/sh\nexec cat\n");
    open_to_all(&setup.path(""));
    std::fs::create_dir(setup.path("roots")).unwrap();
    for roots in ["command", "roots"] {
        std::fs::set_permissions(setup.path(roots), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let ran = check(&setup);
    assert_eq!(ran.code, 1, "{ran:?}");
    for expected in [
        "[program:log] stdout_logfile: warning: unknown error making dispatchers for 'log': EISDIR; name a file",
        "/command: EACCES; correct the path",
        "/roots: EACCES; name a directory",
        "0 errors, 3 warnings",
    ] {
        assert!(ran.out.contains(expected), "{expected}: {}", ran.out);
    }
    let daemon = setup.start();
    for program in ["log", "command", "directory"] {
        daemon.wait(&format!("{program} to fail"), || {
            ["BACKOFF", "FATAL"].contains(&daemon.state(program).as_str()).then_some(())
        });
    }
}

#[test]
fn ours_check_has_nothing_against_a_daemon_that_runs() {
    if !is_ours() {
        return;
    }
    let fcgi = "[fcgi-program:f]\ncommand=/bin/sleep 100\nsocket=unix://{dir}/f\n";
    let inet = "[inet_http_server]\nport=127.0.0.1:{port}\nusername=u\npassword=p\n";
    let daemon = Setup::new().with(fcgi).with(inet).start();
    daemon.wait_state("f", "RUNNING");
    let ran = check(daemon.setup());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(daemon.state("f"), "RUNNING");
}

#[test]
fn ours_check_looks_for_commands_where_the_daemon_will_be() {
    if !is_ours() {
        return;
    }
    let programs = "[program:a]\ncommand=bin/run\n[program:b]\ncommand=../w/bin/run\ndirectory=bin\n";
    let setup = Setup::new().write("w/bin/run", "#!/bin/sh\n").write("w/bin/w/bin/run", "").with(programs);
    std::fs::set_permissions(setup.path("w/bin/run"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let setup = setup.supervisord("directory={dir}/w");
    let ran = check(&setup);
    // The second is executed from its own directory, where there is none.
    assert_eq!((ran.code, ran.out.lines().count()), (1, 2), "{ran:?}");
    assert!(ran.out.contains("[program:b] command: warning: can't find command '../w/bin/run'"), "{ran:?}");
    let elsewhere = check(&setup.supervisord("nodaemon=true"));
    assert_eq!(elsewhere.out.matches("can't find command").count(), 2, "it stays where it is: {elsewhere:?}");
}
