//! `result_handler=supervisor_stdout:event_handler`, which container images use: built in here, where the original
//! imports PyPI's supervisor-stdout, which no Python 3 can.

use std::path::PathBuf;

use supervisor_tests::skip::skip;
use supervisor_tests::{Daemon, Setup, Subject};

const POOL: &str = "events=PROCESS_LOG\nbuffer_size=100\nresult_handler=supervisor_stdout:event_handler";

/// A program that talks beside a listener that gives back what it is told. Nothing where the original is under test.
fn talking(listener: impl FnOnce(Setup) -> Setup) -> Option<Daemon> {
    if Subject::under_test().is_original() {
        return None;
    }
    let options = "stdout_events_enabled=true\nstderr_events_enabled=true\nautorestart=false";
    let steps = r"'say:one\ntwo\n' wait:go1 'err:it is hé\n' wait:go2 'say:\xff\n' wait:go3";
    // Its own log would be on standard output too.
    let daemon = listener(Setup::new().supervisord("silent=true")).program("talk", options, steps).start();
    Some(daemon)
}

fn shown(daemon: &Daemon) {
    let mut wanted = String::new();
    let lines = ["talk stdout | one\ntwo\n", "talk stderr | it is hé\n", "talk stdout | Undecodable: b'\\xff\\n'"];
    for (at, line) in lines.iter().enumerate() {
        wanted.push_str(line);
        daemon.wait_file("stdout.txt", &wanted);
        daemon.touch(&format!("go{}", at + 1));
    }
    assert_eq!(daemon.read("stdout.txt"), wanted);
    daemon.wait_log_times("l: event was processed", 3);
    assert!(!daemon.has_logged("WARN l:"), "a listener that is lost");
}

#[test]
fn printing_a_listener_that_echoes() {
    let Some(daemon) = talking(|setup| setup.listener("l", POOL, r"label:top 'say:READY\n' echo goto:top")) else {
        return;
    };
    shown(&daemon);
}

/// PyPI's own listener. Its handler, which follows in the same file, is what Python 3 does not read.
#[test]
fn printing_the_listener_of_the_package() {
    let Some(module) = module() else { return skip(true, "no supervisor-stdout beside the original") };
    let run = "import sys; exec(open(sys.argv[1]).read().partition('def event_handler')[0]); main()";
    let command = format!("python3 -c \"{run}\" {}", module.display());
    let section = format!("[eventlistener:l]\ncommand={command}\nstartsecs=0\n{POOL}");
    let Some(daemon) = talking(|setup| setup.with(&section)) else { return };
    shown(&daemon);
}

/// Where the package's module lies.
fn module() -> Option<PathBuf> {
    let bin = Subject::original()?.dir().to_path_buf();
    let versions = std::fs::read_dir(bin.parent()?.join("lib")).ok()?.flatten();
    versions.map(|version| version.path().join("site-packages/supervisor_stdout.py")).find(|path| path.is_file())
}

#[test]
fn printing_a_result_that_is_no_output() {
    let Some(daemon) =
        talking(|setup| setup.listener("l", POOL, r"'say:READY\n' event 'say:RESULT 2\nOKREADY\n' hang"))
    else {
        return;
    };
    let lines = [
        "WARN l: event caused an error",
        "DEBG l: BUSY -> UNKNOWN",
        super::protocol::LOST,
        "WARN l: answered b'OK', where supervisor_stdout:event_handler allows only a PROCESS_LOG payload",
        "DEBG rebuffering event 0 for pool l (buf size=0, max=100)",
    ];
    daemon.wait_log(lines[4]);
    assert_eq!(daemon.log_order(&lines), lines);
    assert_eq!(daemon.read("stdout.txt"), "");
}
