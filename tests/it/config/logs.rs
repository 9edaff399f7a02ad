//! Series AL and LG: automatic log names, the activity log, child logs, rotation and capture.

use std::os::unix::fs::PermissionsExt as _;

use nix::sys::signal::Signal;
use supervisor_tests::{Daemon, Setup, Subject, Value};

use super::conditions::{bound_by_permissions, is_ours};

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
    daemon.wait_path("p.out");
    daemon.touch("go2");
    assert_eq!(daemon.wait_file("p.out", "three"), "three\n");
    assert_eq!(daemon.read("p.old"), "one\ntwo\n");
}

#[test]
fn cfg_al06_what_cannot_be_cleaned_up() {
    let name = "p-stdout---supervisor-abcdefgh.log";
    let daemon = Setup::new().write(&format!("{name}/a directory, not a log"), "").start();
    daemon.wait_log(&daemon.fill(&format!("WARN Failed to clean up '{{dir}}/{name}'")));

    let setup = Setup::new().write("blind/x", "").supervisord("childlogdir={dir}/blind");
    std::fs::set_permissions(setup.path("blind"), std::fs::Permissions::from_mode(0o300)).unwrap();
    let daemon = bound_by_permissions(setup).start();
    daemon.wait_log("WARN Could not clear childlog dir");
}

#[test]
fn cfg_lg05_rotation_of_a_deleted_file() {
    let options = "stdout_logfile={dir}/p.out\nstdout_logfile_maxbytes=10\nstdout_logfile_backups=2";
    let steps = r"'say:line 0\n' wait:go1 'say:line 1\n' wait:go2 'say:line 2\n' hang";
    let daemon = Setup::new().program("p", options, steps).start();
    daemon.wait_file("p.out", "line 0");
    std::fs::remove_file(daemon.path("p.out")).unwrap();
    daemon.touch("go1");
    daemon.wait_path("p.out");
    daemon.touch("go2");
    assert_eq!(daemon.wait_file("p.out", "line 2"), "line 2\n");
    assert!(!daemon.path("p.out.1").exists());
}

#[test]
fn cfg_lg10_reopening_with_a_missing_directory() {
    let daemon = Setup::new()
        .write("sub/keep", "")
        .with("[program:off]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/sub/off.out")
        .start();
    std::fs::remove_dir_all(daemon.path("sub")).unwrap();
    daemon.signal(Signal::SIGUSR2);
    daemon.wait_log("INFO supervisord logreopen");
    assert_eq!(daemon.state("off"), "STOPPED");
}

#[test]
fn ours_lg10_the_old_files_stay_in_use() {
    if !is_ours() {
        return;
    }
    let daemon = Setup::new().write("sub/keep", "").supervisord("logfile={dir}/sub/main.log").program(
        "p",
        "stdout_logfile={dir}/sub/p.out",
        r"'say:one\n' wait:go 'say:two\n' hang",
    );
    std::os::unix::fs::symlink("stdout.txt", daemon.path("supervisord.log")).unwrap();
    let daemon = daemon.start();
    daemon.wait_file("sub/p.out", "one");
    let (mut main, mut child) =
        ["main.log", "p.out"].map(|name| std::fs::File::open(daemon.path("sub").join(name)).unwrap()).into();
    std::fs::remove_dir_all(daemon.path("sub")).unwrap();
    daemon.signal(Signal::SIGUSR2);
    daemon.wait_log_times("No such file or directory", 2);
    daemon.touch("go");
    daemon.wait_log("two");
    daemon.wait_state("p", "RUNNING");
    let read = |file: &mut std::fs::File| std::io::read_to_string(file).unwrap();
    assert_eq!(read(&mut child), "one\ntwo\n");
    let complaints = |line: &&str| line.contains(" CRIT ") && line.contains("No such file or directory");
    assert_eq!(read(&mut main).lines().filter(complaints).count(), 2);
}

#[test]
fn cfg_lg11_truncated_from_outside() {
    let steps = r"'say:line 0\n' wait:go 'say:line 1\n' hang";
    let daemon = Setup::new().program("p", "stdout_logfile={dir}/p.out", steps).start();
    daemon.wait_file("p.out", "line 0");
    truncate(&daemon, "p.out");
    daemon.touch("go");
    assert_eq!(daemon.wait_file("p.out", "line 1"), "line 1\n");
}

fn truncate(daemon: &Daemon, name: &str) {
    std::fs::OpenOptions::new().write(true).open(daemon.path(name)).unwrap().set_len(0).unwrap();
}

#[test]
fn ours_lg11_truncated_from_outside_after_a_rotation() {
    if !is_ours() {
        return;
    }
    let options = "stdout_logfile={dir}/p.out\nstdout_logfile_maxbytes=10\nstdout_logfile_backups=1";
    let steps = r"'say:a line that fills it\n' wait:go1 'say:line 1\n' wait:go2 'say:line 2\n' hang";
    let daemon = Setup::new().program("p", options, steps).start();
    daemon.wait_file("p.out.1", "fills it");
    daemon.touch("go1");
    daemon.wait_file("p.out", "line 1");
    truncate(&daemon, "p.out");
    daemon.touch("go2");
    assert_eq!(daemon.wait_file("p.out", "line 2"), "line 2\n");
}

#[test]
fn cfg_lg12_escape_sequences_are_stripped() {
    let daemon = Setup::new()
        .supervisord("strip_ansi=true")
        .recorder("rec", "events=PROCESS_LOG")
        .program("p", "stdout_logfile={dir}/p.out\nstdout_events_enabled=true", r"'say:\e[1;31mred\e[0m text\n' hang")
        .start();
    assert_eq!(daemon.wait_file("p.out", "text"), "red text\n");
    let event = daemon.wait_brief("rec", "p PROCESS_LOG_STDOUT");
    assert!(event.payload.ends_with("\nred text\n"), "{}", event.payload);
    daemon.wait_log("red text");
    assert!(!daemon.log_text().contains('\u{1b}'));
}

/// Cut in the middle, and with a final byte that the original does not know. The pauses are there to have the pieces
/// read one by one; joined, they give the same.
#[test]
fn ours_lg12_escape_sequences_are_stripped_over_any_split() {
    if Subject::under_test().is_original() {
        return;
    }
    let steps = r"'say:A\e' ms:20 'say:[3' ms:20 'say:1mred\e[0m\e[' ms:20 'say:2Ghello\n' hang";
    let daemon = Setup::new().supervisord("strip_ansi=true").program("p", "stdout_logfile={dir}/p.out", steps).start();
    assert_eq!(daemon.wait_file("p.out", "hello"), "Aredhello\n");
}

#[test]
fn cfg_lg20_two_processes_with_one_file() {
    const ROUNDS: usize = 5;
    let options = "stdout_logfile={dir}/shared.out\nstdout_logfile_maxbytes=12\nstdout_logfile_backups=20";
    let mut setup = Setup::new();
    for name in ["a", "b"] {
        let lines: String = (0..ROUNDS).map(|at| format!(r"wait:{name}{at} 'say:line {name}{at}\n' ")).collect();
        setup = setup.program(name, options, &format!("{lines}hang"));
    }
    let daemon = setup.start();
    let mut wanted = Vec::new();
    for at in 0..ROUNDS {
        for name in ["a", "b"] {
            daemon.touch(&format!("{name}{at}"));
            daemon.wait_log(&format!("line {name}{at}"));
            wanted.push(format!("line {name}{at}"));
        }
    }
    // A line is shown after it was written; a rotation may be under way still.
    daemon.ok("getPID", &[]);
    let files = std::fs::read_dir(daemon.dir()).unwrap().flatten().map(|file| file.file_name().into_string().unwrap());
    let files: Vec<String> = files.filter(|name| name.starts_with("shared.out")).collect();
    assert!(files.len() > 2, "{files:?}");
    let text: String = files.iter().map(|name| daemon.read(name)).collect();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
}

#[test]
fn cfg_lg23_clearing_the_logs_of_a_stopped_process() {
    let daemon = Setup::new()
        .with("[program:p]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/p.out\nstderr_logfile={dir}/p.err")
        .write("p.err.1", "a copy")
        .start();
    assert_eq!(daemon.ok("clearProcessLogs", &["p".into()]), Value::Bool(true));
    assert!(!daemon.path("p.out").exists() && daemon.path("p.err.1").exists());
}
