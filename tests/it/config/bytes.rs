//! Bytes that are no text in the locale of the daemon, in everything that a configuration is made from.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::Command;

use supervisor_tests::{Daemon, Setup, skip};

use super::conditions::is_ours;

/// Runs the words that follow, after a line of shell in which `$bad` is `x`, the byte ff, and `y`.
fn after(line: &str) -> [String; 4] {
    let script = format!("bad=$(printf 'x\\377y'); {line}; exec \"$@\"");
    ["sh".to_owned(), "-c".to_owned(), script, "sh".to_owned()]
}

/// A daemon that is started after a line of shell.
fn setup_after(line: &str) -> Setup {
    let words = after(line);
    Setup::new().through(&words.each_ref().map(String::as_str))
}

/// A program that writes its first argument, `$COPY` and its directory into the file `told`.
fn teller(argument: &str, options: &str) -> String {
    format!(
        "[program:teller]\ncommand=sh -c \"printf '%%s|%%s|%%s' \\\"$0\\\" \\\"$COPY\\\" \\\"$(pwd -P)\\\" \
         > {{dir}}/told.new; mv {{dir}}/told.new {{dir}}/told\" \"{argument}\"\nstartsecs=0\nautorestart=false\n{options}\n"
    )
}

/// What the teller has told.
fn told(daemon: &Daemon) -> Vec<Vec<u8>> {
    daemon.wait_path("told");
    std::fs::read(daemon.path("told")).unwrap().split(|byte| *byte == b'|').map(<[u8]>::to_vec).collect()
}

/// A path in the daemon's directory.
fn path(daemon: &Daemon, name: &[u8]) -> PathBuf {
    daemon.dir().join(OsStr::from_bytes(name))
}

fn bytes(path: PathBuf) -> Vec<u8> {
    path.into_os_string().as_bytes().to_vec()
}

#[test]
fn a_variable_that_is_no_text_reaches_children_and_paths() {
    let options = "environment=COPY=\"%(ENV_BAD)s\"\ndirectory={dir}/%(ENV_BAD)s\n\
        stdout_logfile={dir}/%(ENV_BAD)s.log\nstderr_logfile={dir}/%(ENV_BAD)s/log";
    let daemon = setup_after("export BAD=\"$bad\"; mkdir \"$bad\"")
        .supervisord("identifier=i%(ENV_BAD)s\nchildlogdir={dir}/%(ENV_BAD)s\npidfile=%(ENV_BAD)s.pid")
        .with("[unix_http_server:bad]\nfile={dir}/%(ENV_BAD)s.sock")
        .with("[program:automatic]\ncommand=cat\nprocess_name=p%(ENV_BAD)s\nstartsecs=0")
        .with(&teller("%(ENV_BAD)s", options))
        .start();
    let directory = path(&daemon, b"x\xffy");
    assert_eq!(told(&daemon), [b"x\xffy".to_vec(), b"x\xffy".to_vec(), bytes(directory.clone())]);
    for name in [&b"x\xffy.log"[..], b"x\xffy/log", b"x\xffy.pid", b"x\xffy.sock"] {
        assert!(path(&daemon, name).exists(), "{name:?}");
    }
    let names = || std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(
        names().any(|name| name.as_bytes().starts_with(b"px\xffy-stdout---ix\xffy-")),
        "{:?}",
        Vec::from_iter(names())
    );
    if is_ours() {
        // The original has an error instead of each of these.
        daemon.wait_log("INFO spawned: 'px\u{fffd}y' with pid ");
        assert_eq!(daemon.ok("getIdentification", &[]).str(), "ix\u{fffd}y");
        let log = daemon.fill("{dir}/x\u{fffd}y.log");
        assert_eq!(daemon.info("teller").get("stdout_logfile").str(), log);
        let infos = daemon.ok("getAllConfigInfo", &[]);
        let teller = infos.array().iter().find(|info| info.get("name").str() == "teller").unwrap();
        assert!(teller.get("command").str().ends_with(" \"x\u{fffd}y\""));
        let status = daemon.ctl(&["status"]);
        assert!(status.out.contains("automatic:px\u{fffd}y "), "{status:?}");
    }
}

#[test]
fn an_event_has_only_text() {
    if !is_ours() {
        return;
    }
    let daemon = setup_after("export BAD=\"$bad\"")
        .supervisord("identifier=i%(ENV_BAD)s")
        .recorder("all", "events=PROCESS_STATE")
        .with("[program:p]\ncommand=cat\nprocess_name=p%(ENV_BAD)s\nstartsecs=0")
        .start();
    let event = daemon.wait_event("all", "the start", |event| event.payload.starts_with("processname:px"));
    assert!(event.payload.starts_with("processname:px\u{fffd}y groupname:p from_state:STOPPED"), "{event:?}");
}

#[test]
fn paths_that_are_no_text_are_paths() {
    // The configuration lies elsewhere than the rig has put it, and the daemon is started there.
    let move_it = "mkdir \"$bad\" \"$bad/d$bad\"; cd \"$bad\"; mv \"$3\" \"c$bad.conf\"; mv ../1.ini \"d$bad/e$bad.ini\"; \
        program=$1; shift 3; set -- \"$program\" -c \"c$bad.conf\" -l \"l$bad.log\" \"$@\"";
    let daemon = setup_after(&format!("{move_it}; ln -s \"$PWD/l$bad.log\" ../supervisord.log"))
        .supervisord("pidfile=my.pid")
        .with("[include]\nfiles=*/*.ini")
        .with("[program:b]\ncommand=cat")
        .write("1.ini", &teller("%(here)s", "environment=COPY=\"%(here)s\"\nstdout_logfile=%(here)s/log"))
        .start();
    let here = bytes(path(&daemon, b"x\xffy/dx\xffy"));
    assert_eq!(told(&daemon), [here.clone(), here, bytes(path(&daemon, b"x\xffy"))]);
    for name in [&b"x\xffy/dx\xffy/log"[..], b"x\xffy/lx\xffy.log", b"x\xffy/my.pid"] {
        assert!(path(&daemon, name).exists(), "{name:?}");
    }
    let mut ctl = daemon.command("supervisorctl");
    ctl.current_dir(path(&daemon, b"x\xffy")).arg("-c").arg(OsStr::from_bytes(b"cx\xffy.conf")).args(["pid", "b"]);
    assert_eq!(supervisor_tests::run::run(ctl, "", daemon.dir()).out, format!("{}\n", daemon.pid_of("b")));
    if is_ours() {
        daemon.wait_log(
            "INFO Included extra file \"{dir}/x\u{fffd}y/dx\u{fffd}y/ex\u{fffd}y.ini\" during parsing"
                .replace("{dir}", &daemon.dir().display().to_string())
                .as_str(),
        );
    }
    daemon.reread();
}

#[test]
fn the_client_finds_a_socket_whose_path_is_no_text() {
    let daemon = setup_after("export BAD=\"$bad\"").with("[unix_http_server:bad]\nfile={dir}/%(ENV_BAD)s").start();
    let text = daemon.fill("[supervisorctl]\nserverurl=unix://{dir}/%(ENV_BAD)s\n");
    std::fs::write(daemon.path("ctl.conf"), text).unwrap();
    let ctl = |variable: &[u8]| {
        let mut ctl = daemon.command("supervisorctl");
        ctl.env("BAD", OsStr::from_bytes(variable)).args(["-c", "ctl.conf", "pid"]);
        supervisor_tests::run::run(ctl, "", daemon.dir())
    };
    assert_eq!(ctl(b"x\xffy").out, format!("{}\n", daemon.pid()));
    if is_ours() {
        assert_eq!(ctl(b"\xff").out, daemon.fill("unix://{dir}/\u{fffd} no such file\n"));
    }
}

#[test]
fn complaints_show_bytes_as_the_original_does() {
    let setup = Setup::new();
    for (arguments, complaint) in [
        (&["-c", "$bad"][..], r"could not find config file x\udcffy"),
        (&["-d", "$bad"], r"invalid value for -d 'x\udcffy': x\udcffy is not an existing directory"),
        (&["$bad"], r"positional arguments are not supported: ['x\udcffy']"),
    ] {
        let mut command = setup.command("supervisord");
        command.args(
            arguments.iter().map(|word| OsStr::from_bytes(if *word == "$bad" { b"x\xffy" } else { word.as_bytes() })),
        );
        let ran = supervisor_tests::run::run(command, "", setup.path("").as_path());
        assert!(ran.err.starts_with(&format!("Error: {complaint}\n")), "{ran:?}");
    }
}

/// The directory of a locale with this charset, for `LOCPATH`.
fn locale(setup: &Setup, charset: &str) -> Option<String> {
    let directory = setup.path("locale");
    std::fs::create_dir(&directory).unwrap();
    let made = Command::new("localedef")
        .args(["-i", "en_US", "-f", charset])
        .arg(directory.join(format!("en_US.{charset}")))
        .output()
        .is_ok_and(|output| output.status.success());
    if !made {
        skip::skip(false, "no localedef, or no sources of locales");
    }
    made.then(|| directory.display().to_string())
}

#[test]
fn a_file_is_in_the_charset_of_the_locale() {
    for (charset, shown) in [("ISO-8859-1", "p\u{e9}\u{a4}"), ("ISO-8859-15", "p\u{e9}\u{20ac}"), ("KOI8-R", "")] {
        let setup = Setup::new();
        let Some(locale) = locale(&setup, charset) else { return };
        let move_it = "printf '[program:p\\351\\244]\\ncommand=cat\\n' > 1.ini";
        let daemon = setup_after(move_it)
            .env("LOCPATH", &locale)
            .env("LC_ALL", &format!("en_US.{charset}"))
            .with("[include]\nfiles=2.ini 1.ini")
            .write("2.ini", &teller("\u{e9}", "environment=COPY=\"\u{e9}\"\nstdout_logfile={dir}/\u{e9}.log"))
            .start();
        let told = told(&daemon);
        assert_eq!((&*told[0], &*told[1]), ("\u{e9}".as_bytes(), "\u{e9}".as_bytes()), "{charset}");
        assert!(daemon.path("\u{e9}.log").exists(), "{charset}");
        if !shown.is_empty() {
            let infos = daemon.ok("getAllProcessInfo", &[]);
            assert!(infos.array().iter().any(|info| info.get("name").str() == shown), "{charset}: {infos:?}");
            daemon.wait_log(&format!("INFO spawned: '{shown}' with pid "));
        }
    }
}
