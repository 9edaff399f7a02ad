//! Series AL and LG: automatic log names, the activity log, child logs, rotation and capture.

use std::os::unix::fs::PermissionsExt as _;

use nix::sys::signal::Signal;
use supervisor_tests::{Daemon, Setup};

/// The automatic logs in the daemon's directory whose names contain a text.
fn auto_logs(daemon: &Daemon, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(daemon.dir()).unwrap().flatten();
    let names = files.map(|file| file.file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.contains("---") && name.contains(text)).collect();
    names.sort();
    names
}

#[test]
fn cfg_al01_names_of_automatic_logs() {
    let daemon =
        Setup::new().supervisord("identifier=ident").with("[program:off]\ncommand=/bin/cat\nautostart=false").start();
    for channel in ["stdout", "stderr"] {
        let logs = auto_logs(&daemon, channel);
        let random =
            logs[0].strip_prefix(&format!("off-{channel}---ident-")).and_then(|rest| rest.strip_suffix(".log"));
        let random = random.unwrap_or_else(|| panic!("another name: {logs:?}"));
        assert!(random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        let metadata = std::fs::metadata(daemon.path(&logs[0])).unwrap();
        assert_eq!((metadata.permissions().mode() & 0o777, metadata.len()), (0o600, 0));
    }
}

#[test]
fn cfg_al02_no_stderr_file_when_redirected() {
    let daemon = Setup::new().with("[program:a]\ncommand=/bin/cat\nautostart=false\nredirect_stderr=true").start();
    assert_eq!((auto_logs(&daemon, "stderr").len(), auto_logs(&daemon, "stdout").len()), (0, 1));
}

#[test]
fn cfg_al03_one_file_for_all_lives() {
    let daemon = Setup::new().program("p", "", r"'say:life\n' hang").start();
    daemon.wait_log_times("life", 1);
    daemon.stop_process("p");
    daemon.start_process("p");
    daemon.wait_log_times("life", 2);
    let log = auto_logs(&daemon, "stdout").remove(0);
    daemon.wait_file(&log, "life\nlife\n");
}

#[test]
fn cfg_al04_old_logs_are_cleaned_up() {
    let old = ["p-stdout---supervisor-abcdefgh.log", "p-stdout---supervisor-abcdefgh.log.1"];
    let program = "[program:p]\ncommand=/bin/cat\nautostart=false";
    let daemon = Setup::new().write(old[0], "").write(old[1], "").with(program).start();
    assert_eq!(auto_logs(&daemon, "abcdefgh").len(), 0);
    let before = auto_logs(&daemon, "");
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log_times("supervisord started with pid", 2);
    let after = auto_logs(&daemon, "");
    assert_eq!((before.len(), after.len()), (2, 2));
    assert_ne!(before, after);
    assert_eq!(daemon.stop(), 0);
    assert_eq!(auto_logs(&daemon, ""), after);

    let daemon = Setup::new().write(old[0], "").supervisord("nocleanup=true").with(program).start();
    assert_eq!(auto_logs(&daemon, "abcdefgh").len(), 1);
}

#[test]
fn cfg_al05_logs_of_others_are_left() {
    let daemon = Setup::new().write("p-stdout---other-abcdefgh.log", "").write("plain.log", "").start();
    assert_eq!(auto_logs(&daemon, "other").len(), 1);
    assert!(daemon.path("plain.log").exists());
}

#[test]
fn cfg_al07_remove_and_add_reuse_the_file() {
    let daemon = Setup::new().with("[program:p]\ncommand=/bin/cat\nautostart=false").start();
    let file = || daemon.info("p").get("stdout_logfile").str().to_owned();
    let first = file();
    daemon.ok("removeProcessGroup", &["p".into()]);
    daemon.ok("addProcessGroup", &["p".into()]);
    assert_eq!(file(), first);
    daemon.reread();
    daemon.ok("removeProcessGroup", &["p".into()]);
    daemon.ok("addProcessGroup", &["p".into()]);
    assert_ne!(file(), first);
}

#[test]
fn cfg_lg01_shape_of_a_line() {
    let daemon = Setup::new().start();
    let text = daemon.log_text();
    let levels = ["CRIT", "ERRO", "WARN", "INFO", "DEBG", "TRAC", "BLAT"];
    assert!(!text.is_empty() && text.ends_with('\n'));
    for line in text.lines() {
        assert!(supervisor_tests::activity::has_time(line) && levels.contains(&&line[24..28]), "{line}");
    }
}

#[test]
fn cfg_lg02_thresholds() {
    let daemon = |level: &str| {
        let daemon = Setup::new()
            .supervisord(&format!("loglevel={level}"))
            .program("p", "stdout_logfile={dir}/p.out", r"'say:some words\n' hang")
            .start();
        daemon.wait_file("p.out", "words");
        daemon.wait_state("p", "RUNNING");
        daemon.stop_process("p");
        daemon
    };
    let levels = |daemon: &Daemon, level: &str| daemon.log().iter().any(|line| line.starts_with(level));
    let debug = daemon("DEBUG");
    debug.wait_log("WARN stopped: p");
    let lines = ["DEBG 'p' stdout output:", "some words"];
    assert_eq!(debug.log_order(&lines), lines);
    let info = daemon("info");
    info.wait_log("WARN stopped: p");
    assert!(!levels(&info, "DEBG") && levels(&info, "INFO") && !info.has_logged("some words"));
}

#[test]
fn cfg_lg03_bytes_that_are_no_text() {
    let daemon = Setup::new().program("p", "stdout_logfile={dir}/p.out", r"'say:\xff\xfe bin\n' hang").start();
    daemon.wait_log(r"Undecodable: b'\xff\xfe bin\n'");
    assert_eq!(std::fs::read(daemon.path("p.out")).unwrap(), b"\xff\xfe bin\n");
}

#[test]
fn cfg_lg04_rotation() {
    let steps: String = (0..6).map(|at| format!(r"'say:line {at}\n' wait:go{at} ")).collect();
    let file = "stdout_logfile={dir}/p.out\nstdout_logfile_maxbytes=10";
    let daemon = Setup::new()
        .write("p.out.3", "left over\n")
        .program("p", &format!("{file}\nstdout_logfile_backups=2"), &format!("{steps}hang"))
        .program("none", "stdout_logfile={dir}/n.out\nstdout_logfile_maxbytes=0", &format!("{steps}hang"))
        .program(
            "zero",
            "stdout_logfile={dir}/z.out\nstdout_logfile_maxbytes=10\nstdout_logfile_backups=0",
            &format!("{steps}hang"),
        )
        .start();
    for at in 0..6 {
        daemon.wait_log_times(&format!("line {at}"), 3);
        daemon.touch(&format!("go{at}"));
    }
    daemon.wait_file("n.out", "line 5");
    daemon.wait_file("p.out.1", "line 5");
    assert_eq!(daemon.read("p.out.1"), "line 4\nline 5\n");
    assert_eq!(daemon.read("p.out.2"), "line 2\nline 3\n");
    assert_eq!((daemon.read("p.out"), daemon.read("p.out.3")), (String::new(), "left over\n".to_owned()));
    assert_eq!(daemon.read("n.out"), "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\n");
    daemon.wait("the emptied file", || daemon.read("z.out").is_empty().then_some(()));
    assert!(!daemon.path("z.out.1").exists() && !daemon.path("n.out.1").exists());
}

#[test]
fn cfg_lg06_append_at_a_spawn() {
    let daemon = Setup::new()
        .write("p.out", "before\n")
        .program("p", "stdout_logfile={dir}/p.out", r"'say:words\n' hang")
        .start();
    assert_eq!(daemon.wait_file("p.out", "words"), "before\nwords\n");
}

#[test]
fn cfg_lg16_tokens_without_capture_are_output() {
    let text = "<!--XSUPERVISOR:BEGIN-->x<!--XSUPERVISOR:END-->";
    let daemon = Setup::new().program("p", "stdout_logfile={dir}/p.out", &format!("'say:{text}' hang")).start();
    assert_eq!(daemon.wait_file("p.out", "END"), text);
}

#[test]
fn cfg_lg17_log_events_only_when_enabled() {
    let daemon = Setup::new()
        .recorder("rec", "events=PROCESS_LOG,REMOTE_COMMUNICATION")
        .program("p", "stderr_events_enabled=true", "'say:no event' 'err:an event' hang")
        .start();
    daemon.wait_log("no event");
    daemon.wait_brief("rec", "p PROCESS_LOG_STDERR");
    assert_eq!(daemon.sync("rec").len(), 1);
}

#[test]
fn cfg_lg18_a_listeners_output_is_shown_as_bytes() {
    let daemon = Setup::new().recorder("l", "events=TICK_3600").start();
    daemon.wait_log(r"b'READY\n'");
    daemon.wait_log("DEBG 'l' stdout output:");
}

#[test]
fn cfg_lg21_a_cleared_main_log() {
    let daemon = Setup::new().supervisord("loglevel=info").start();
    daemon.ok("clearLog", &[]);
    assert_eq!(daemon.log_text(), "");
    assert!(daemon.read("stdout.txt").contains("INFO reopening log file\n"));
}

#[test]
fn cfg_lg09_reopening_after_a_rename() {
    let daemon = Setup::new()
        .program("p", "stdout_logfile={dir}/p.out", r"'say:one\n' wait:go1 'say:two\n' wait:go2 'say:three\n' hang")
        .start();
    daemon.wait_file("p.out", "one");
    std::fs::rename(daemon.path("p.out"), daemon.path("p.old")).unwrap();
    daemon.touch("go1");
    daemon.wait_file("p.old", "two");
    daemon.signal(Signal::SIGUSR2);
    daemon.wait("the new file", || daemon.path("p.out").exists().then_some(()));
    daemon.touch("go2");
    assert_eq!(daemon.wait_file("p.out", "three"), "three\n");
    assert_eq!(daemon.read("p.old"), "one\ntwo\n");
}
