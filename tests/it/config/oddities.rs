//! Series SE and VT, the odd ones: defaults, relative paths, and values that were never meant to work.

use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

use supervisor_tests::http::{self, Address, Conn, post};
use supervisor_tests::run::read;
use supervisor_tests::{Daemon, Setup, wait_until, xmlrpc};

use super::cmdline::background;
use super::conditions::is_ours;

/// Nothing but defaults, in the background, with a loose umask and low limits of the caller.
fn bare() -> Setup {
    let text = "[supervisord]\n[unix_http_server]\nfile={dir}/s.sock\n[rpcinterface:supervisor]\n\
        supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
        [program:p]\ncommand=/bin/true\nstartsecs=0\nautorestart=false\n";
    let setup = Setup::new().daemonize().file(text).through(&["sh", "-c", "umask 0; exec \"$@\"", "sh"]);
    let dir = setup.fill("{dir}");
    setup.env("TMPDIR", &dir)
}

const MEBIBYTE: u64 = 1024 * 1024;

/// A log of this size without content, of no size on the disk.
fn log_of(setup: &Setup, bytes: u64) {
    File::create(setup.path("supervisord.log")).unwrap().set_len(bytes).unwrap();
}

#[test]
fn cfg_se01_defaults_of_the_daemon() {
    let root = nix::unistd::Uid::current().is_root();
    // Whoever is not root would be stopped by a low limit of processes.
    let limits: &[&str] = if root { &["--nofile=512:4000", "--nproc=64:5000"] } else { &["--nofile=512:4000"] };
    let setup = bare().through(&["prlimit"]).through(limits);
    background(&setup);
    let log = || read(&setup.path("supervisord.log"));
    wait_until("the end of the program", || log().contains("exited: p (exit status 0; expected)").then_some(()));
    assert!(log().contains("INFO Increased RLIMIT_NOFILE limit to 1024\n"));
    assert_eq!(log().contains("INFO Increased RLIMIT_NPROC limit to 200\n"), root);
    assert!(!log().contains("DEBG"));
    let mode = |name: &str| fs::metadata(setup.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("supervisord.pid"), 0o644);
    let address = Address::Unix(setup.path("s.sock"));
    assert_eq!(http::rpc(&address, "supervisor.getIdentification", &[]), Some(Ok("supervisor".into())));
    let info = http::rpc(&address, "supervisor.getProcessInfo", &["p".into()]).unwrap().unwrap();
    assert!(info.get("stdout_logfile").str().starts_with(&setup.fill("{dir}/p-stdout---supervisor-")));

    // The size at which the log is full, and the number of copies.
    let setup = bare();
    log_of(&setup, 50 * MEBIBYTE - 10_000);
    background(&setup);
    assert!(!setup.path("supervisord.log.1").exists());
    let mut setup = bare();
    log_of(&setup, 50 * MEBIBYTE - 1);
    for copy in 1..=10 {
        setup = setup.write(&format!("supervisord.log.{copy}"), &format!("copy {copy}"));
    }
    background(&setup);
    assert_eq!(read(&setup.path("supervisord.log.10")), "copy 9");
    assert!(fs::metadata(setup.path("supervisord.log.1")).unwrap().len() >= 50 * MEBIBYTE);
    assert!(!setup.path("supervisord.log.11").exists());
}

#[test]
fn cfg_se05_a_password_as_a_digest() {
    let server = "[unix_http_server:locked]\nfile={dir}/locked.sock\nusername=u\n\
        password={SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4";
    let daemon = Setup::new().with(server).start();
    let code = |credentials: &str| {
        let mut client = Conn::open(&Address::Unix(daemon.path("locked.sock"))).unwrap();
        client.send(post(&xmlrpc::call("supervisor.getPID", &[]), credentials));
        client.reply().expect("a reply").code()
    };
    // u:secret, u:{SHA}e5e9…, u:wrong
    assert_eq!(code("Authorization: Basic dTpzZWNyZXQ=\r\n"), 200);
    assert_eq!(code("Authorization: Basic dTp7U0hBfWU1ZTlmYTFiYTMxZWNkMWFlODRmNzVjYWFhNDc0ZjNhNjYzZjA1ZjQ=\r\n"), 401);
    assert_eq!(code("Authorization: Basic dTp3cm9uZw==\r\n"), 401);
    assert_eq!(code(""), 401);
}

#[test]
fn cfg_se15_relative_paths_and_the_tilde() {
    let daemon = Setup::new()
        .write("work/x", "")
        .program(
            "p",
            "directory={dir}/work\nstdout_logfile=relative.out\nstderr_logfile=~/home.err",
            "say:out err:err hang",
        )
        .with("[program:t]\ncommand=/bin/cat\ndirectory=~\nstartretries=0\nstderr_logfile={dir}/t.err")
        .start();
    daemon.wait_file("relative.out", "out");
    daemon.wait_file("home.err", "err");
    daemon.wait_file("t.err", "supervisor: couldn't chdir to ~: ENOENT\n");
}

#[test]
fn cfg_se25_negative_sizes_of_logs() {
    let daemon = Setup::new()
        .supervisord("logfile_maxbytes=-1")
        .program("p", "stdout_logfile={dir}/p.out\nstdout_logfile_maxbytes=-1", "'say:some words' hang")
        .start();
    daemon.wait_state("p", "RUNNING");
    daemon.wait_log("some words");
    assert!(!daemon.path("supervisord.log.1").exists() && !daemon.path("p.out.1").exists());
    assert_eq!(daemon.ok("getAllConfigInfo", &[]).array()[0].get("stdout_logfile_maxbytes").int(), -1);
}

#[test]
fn ours_se25_output_of_a_log_with_a_negative_size() {
    if !is_ours() {
        return;
    }
    let daemon = Setup::new()
        .program("p", "stdout_logfile={dir}/p.out\nstdout_logfile_maxbytes=-1", "'say:some words' hang")
        .start();
    daemon.wait_file("p.out", "some words");
}

#[test]
fn cfg_se26_members_of_a_group() {
    let members = "[fcgi-program:none]\ncommand=/bin/cat\nautostart=false\n\
        [fcgi-program:wrong]\ncommand=/bin/cat\nautostart=false\nsocket=what\nsocket_mode=rwx\nsocket_owner=nosuch\n\
        [program:5]\ncommand=/bin/cat\nautostart=false\npriority=%(program_name)s\n";
    let daemon = Setup::new().with(members).with("[group:g]\nprograms=none,wrong,5").start();
    let infos = daemon.ok("getAllConfigInfo", &[]);
    assert_eq!(infos.array().len(), 3);
    let five = infos.array().iter().find(|info| info.get("name").str() == "5").expect("the program");
    assert_eq!(five.get("process_prio").int(), 5);
    let text = daemon.reread_error("[program:5]\ncommand=/bin/cat\nautostart=false\npriority=%(program_name)s");
    assert!(
        text.contains("for 'program:5.priority' contains names ('program_name') which cannot be expanded"),
        "{text}"
    );
}

/// A daemon on a configuration of which every line is a mistake that has always been let pass.
fn odd() -> Daemon {
    let cat = |name: &str, options: &str| {
        format!(
            "[program:{name}]\ncommand=/bin/cat\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n{options}\n"
        )
    };
    Setup::new()
        .env("ODD", "a b:c/d")
        .write("s.sock", "a regular file")
        .with(&cat("odd", "process_name=%(ENV_ODD)s"))
        .with(&cat("unstoppable", "stopsignal=0\nstopwaitsecs=0"))
        .with(&[cat("one", "process_name=same\npriority=1"), cat("two", "process_name=same\npriority=2")].concat())
        .with(&cat("twice", ""))
        .with(&cat("member", ""))
        .with("[group:g]\nprograms=one,two\n[group:twice]\nprograms=member")
        .start()
}

#[test]
fn cfg_se27_odd_configurations_start() {
    let daemon = odd();
    daemon.wait_log_times("entered RUNNING", 4);
    let infos = daemon.ok("getAllProcessInfo", &[]);
    let mut names: Vec<String> =
        infos.array().iter().map(|info| format!("{}:{}", info.get("group").str(), info.get("name").str())).collect();
    names.sort();
    assert_eq!(names, ["g:same", "odd:a b:c/d", "twice:member", "unstoppable:unstoppable"]);
    assert!(fs::metadata(daemon.path("s.sock")).unwrap().file_type().is_socket());
    daemon.stop_process("unstoppable");
    daemon.wait_log("WARN killing 'unstoppable' (");
    daemon.wait_log("WARN stopped: unstoppable (terminated by SIGKILL)");
}

#[test]
fn ours_se27_odd_configurations_are_warned_about() {
    if !is_ours() {
        return;
    }
    let daemon = odd();
    for part in ["name a b:c/d", "process named same", "group named twice", "stopsignal is 0"] {
        let warned = daemon.log().iter().any(|line| line.starts_with("WARN") && line.contains(part));
        assert!(warned, "no warning about {part} in {:?}", daemon.log());
    }
}

/// What programs see of the variables with a name of one letter, for each value of `environment`.
fn environments(values: &[&str]) -> Vec<String> {
    let mut setup = Setup::new();
    for (at, value) in values.iter().enumerate() {
        setup = setup.program(&format!("p{at}"), &format!("environment={value}"), &format!("facts:facts{at} hang"));
    }
    let daemon = setup.start();
    let seen = |at: usize| {
        let facts = daemon.wait_file(&format!("facts{at}"), "fd0");
        let one_letter = |line: &&str| line.as_bytes().get(1) == Some(&b'=');
        facts.lines().filter_map(|line| line.strip_prefix("env ")).filter(one_letter).collect::<Vec<_>>().join(" ")
    };
    (0..values.len()).map(seen).collect()
}

#[test]
fn cfg_vt02_grammar_of_environments() {
    let rows = [
        ("A=1,B=2", "A=1 B=2"),
        ("A=1 , B = 2", "A=1 B=2"),
        ("A=1,B=2,", "A=1 B=2"),
        ("A=1,\n  B=2", "A=1 B=2"),
        (r#"A="x,y",B='z'"#, "A=x,y B=z"),
        ("A=1;B=2", "A=1 B=2"),
        (r#"A="""#, "A="),
        ("A=/usr/bin:/bin", "A=/usr/bin:/bin"),
        (r#"A="a=b",B="x#",C="it's""#, "A=a=b B=x# C=it's"),
        ("A=it's", "A=it's"),
        (r#"A=a"b"#, r#"A=a"b"#),
        (r#"A="C:\\dir""#, r"A=C:\\dir"),
        ("A=foo bar", "A=foo"),
        ("A=$HOME", "A=$"),
        ("A=~/x", "A=~"),
        ("A=x*", "A=x"),
        ("A=http://h:80/p?q=1", "A=http://h:80/p q=1"),
        ("A=foo#bar,B=2", "A=foo"),
        ("A==1", "A=="),
        (r#"A="'x'""#, "A=x"),
        ("A=1,A=2", "A=2"),
        ("", ""),
    ];
    let (values, wanted): (Vec<&str>, Vec<&str>) = rows.into_iter().unzip();
    assert_eq!(environments(&values), wanted);

    let daemon = Setup::new().start();
    let error = |value: &str| {
        let text = daemon.reread_error(&format!("[program:a]\ncommand=x\nautostart=false\nenvironment={value}"));
        text.strip_suffix(" in section 'program:a' (file: '{dir}/supervisord.conf')").unwrap().to_owned()
    };
    for value in ["A=1 B=2", "A=foo@bar", "A=a=b", "A=", "A", "=1", ",A=1", "A=1,,B=2"] {
        assert_eq!(error(value), format!("Unexpected end of key/value pairs in value '{value}'"));
    }
    assert_eq!(error("A=\"1"), "No closing quotation");
}

#[test]
fn ours_vt02_values_that_were_cut() {
    if !is_ours() {
        return;
    }
    let rows =
        [(r#"A="a"b"#, "A=ab"), (r#"A="x\"y""#, r#"A=x"y"#), (r"A=a\ b,B=2", "A=a b B=2"), (r"A=C:\dir", "A=C:dir")];
    let (values, wanted): (Vec<&str>, Vec<&str>) = rows.into_iter().unzip();
    assert_eq!(environments(&values), wanted);
    // What no grammar takes whole is cut as ever, but not silently.
    let daemon = Setup::new().with("[program:a]\ncommand=/bin/cat\nautostart=false\nenvironment=A=$HOME").start();
    daemon.wait_log("WARN For [program:a], environment");
}
