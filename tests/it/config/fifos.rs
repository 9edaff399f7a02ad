//! Series LG, FIFOs as logs whose reader comes late, or never.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::Pid;
use supervisor_tests::{Setup, wait_until};

use super::conditions::is_ours;

const LOG: &str = "stdout_logfile={dir}/fifo\nstdout_logfile_maxbytes=0\nautorestart=false";

/// Makes a FIFO that nobody has opened.
fn fifo(setup: &Setup) -> PathBuf {
    let path = setup.path("fifo");
    nix::unistd::mkfifo(&path, Mode::S_IRWXU).unwrap();
    path
}

/// Reads until so much has come.
fn read(reader: &mut File, count: usize) -> String {
    let mut text = vec![0; count];
    reader.read_exact(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn ours_lg08_a_fifo_gets_what_was_written_before_its_reader_came() {
    if !is_ours() {
        return;
    }
    let setup = Setup::new().program("p", LOG, "say:first touch:said wait:go say:second hang");
    let path = fifo(&setup);
    let daemon = setup.start();
    daemon.wait_state("p", "RUNNING");
    daemon.wait_path("said");
    let mut reader = File::open(path).unwrap();
    assert_eq!(read(&mut reader, 5), "first");
    daemon.touch("go");
    assert_eq!(read(&mut reader, 6), "second");
    assert_eq!(daemon.stop(), 0);
    assert_eq!(reader.read_to_string(&mut String::new()).unwrap(), 0);
    assert!(!daemon.has_logged("CRIT cannot write"));
}

#[test]
fn ours_lg08_the_reader_of_a_fifo_may_be_another_program() {
    if !is_ours() {
        return;
    }
    let reader = "[program:reader]\ncommand=/bin/cat {dir}/fifo\nstdout_logfile={dir}/read\npriority=1\nstartsecs=0\n";
    let options = format!("{LOG}\npriority=2\nstartretries=0");
    let setup = Setup::new().with(reader).program("p", &options, r"'say:hello\n' exit:0");
    fifo(&setup);
    let daemon = setup.start();
    assert_eq!(daemon.wait_file("read", "hello\n"), "hello\n");
    daemon.wait_state("p", "EXITED");
}

#[test]
fn ours_lg08_only_the_program_waits_for_the_reader_of_a_fifo() {
    if !is_ours() {
        return;
    }
    const TOTAL: usize = 3000 * 1024;
    let setup = Setup::new().program("p", LOG, "fill:3000:KILOBYTE touch:done hang").program("q", "", "hang");
    let path = fifo(&setup);
    let daemon = setup.start();
    daemon.wait_state("p", "RUNNING");
    // It is reopened while it waits.
    daemon.signal(Signal::SIGUSR2);
    daemon.stop_process("q");
    assert!(!daemon.path("done").exists());
    let mut reader = File::open(path).unwrap();
    read(&mut reader, TOTAL);
    daemon.wait_path("done");
    assert!(!daemon.has_logged("CRIT cannot"));
}

#[test]
fn ours_lg08_what_no_reader_of_a_fifo_has_come_for_is_told_at_the_end() {
    if !is_ours() {
        return;
    }
    let setup = Setup::new().program("p", LOG, "say:words exit:0").program("q", LOG, "fill:3000:KILOBYTE hang");
    fifo(&setup);
    let daemon = setup.start();
    daemon.wait_state("p", "EXITED");
    daemon.stop_process("q");
    assert_eq!(daemon.stop(), 0);
    let last = daemon.log().pop().unwrap();
    let lost = daemon.fill("CRIT cannot write to log file {dir}/fifo, ");
    assert!(last.starts_with(&lost) && last.ends_with(" bytes are lost: nobody reads it"), "{last}");
}

#[test]
fn ours_lg08_a_fifo_whose_reader_has_gone_awaits_another_once_it_is_reopened() {
    if !is_ours() {
        return;
    }
    let steps = "say:first wait:go say:lost wait:on say:second touch:said hang";
    let setup = Setup::new().program("p", LOG, steps);
    let path = fifo(&setup);
    let daemon = setup.start();
    let mut reader = File::open(&path).unwrap();
    assert_eq!(read(&mut reader, 5), "first");
    drop(reader);
    daemon.touch("go");
    daemon.wait_log("4 bytes are lost: Broken pipe");
    daemon.signal(Signal::SIGUSR2);
    daemon.wait_log("supervisord logreopen");
    daemon.touch("on");
    daemon.wait_path("said");
    assert_eq!(read(&mut File::open(path).unwrap(), 6), "second");
}

#[test]
fn ours_lg08_a_fifo_that_was_removed_is_given_up_when_its_program_starts_again() {
    if !is_ours() {
        return;
    }
    const LOST: &str = "5 bytes are lost: nobody reads it";
    let setup = Setup::new().program("p", &format!("{LOG}\nautostart=false\nstartsecs=0"), "say:words touch:said hang");
    fifo(&setup);
    let daemon = setup.start();
    for round in 0..4 {
        daemon.start_process("p");
        daemon.wait_path("said");
        daemon.wait_log_times(LOST, round);
        daemon.stop_process("p");
        std::fs::remove_file(daemon.path("said")).unwrap();
        std::fs::remove_file(daemon.path("fifo")).unwrap();
        fifo(daemon.setup());
    }
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap();
    let removed = descriptors.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    let removed = removed.filter(|path| path.to_string_lossy().ends_with("fifo (deleted)"));
    assert!(removed.count() <= 2, "only those of the last round");
    assert_eq!(daemon.stop(), 0);
    daemon.wait_log_times(LOST, 4);
}

#[test]
fn ours_lg19_what_a_reader_leaves_behind_is_told_though_the_program_is_silent() {
    if !is_ours() {
        return;
    }
    let setup = Setup::new().program("p", LOG, "fill:200:KILOBYTE touch:done hang");
    let path = fifo(&setup);
    let daemon = setup.start();
    daemon.wait_path("done");
    let mut reader = File::open(path).unwrap();
    read(&mut reader, 1000);
    drop(reader);
    daemon.wait_log("bytes are lost: Broken pipe");
    daemon.wait_state("p", "RUNNING");
}

/// Whether a daemon waits for something, having said nothing yet.
fn waits(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    program.ends_with("supervisord") && stat.contains(") S ")
}

/// A daemon that logs into a FIFO, started by hand.
fn start(setup: &Setup) -> Child {
    let config = setup.path("supervisord.conf");
    std::fs::write(&config, setup.text()).unwrap();
    let mut command = setup.command("supervisord");
    command.args(["-n", "-s", "-c"]).arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    wait_until("the daemon to wait for its reader", || waits(child.id() as i32).then_some(()));
    child
}

fn terminate(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

fn log_to_fifo() -> (Setup, PathBuf) {
    let setup = Setup::new().supervisord("logfile={dir}/fifo\nlogfile_maxbytes=0");
    let path = fifo(&setup);
    (setup, path)
}

#[test]
fn ours_lg08_the_start_waits_for_the_reader_of_the_activity_log() {
    if !is_ours() {
        return;
    }
    let (setup, path) = log_to_fifo();
    let mut child = start(&setup);
    assert!(!Path::new(&setup.path("s.sock")).exists(), "before anything else");
    let mut reader = File::open(path).unwrap();
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains("supervisord started with pid") {
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        text.extend(byte);
    }
    terminate(&child, Signal::SIGTERM);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("received SIGTERM"), "{rest}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn ours_lg08_signals_end_a_start_that_waits_for_a_reader() {
    if !is_ours() {
        return;
    }
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let (setup, _path) = log_to_fifo();
        let mut child = start(&setup);
        terminate(&child, signal);
        assert_eq!(child.wait().unwrap().signal(), Some(signal as i32));
        assert!(!setup.path("supervisord.pid").exists() && !setup.path("s.sock").exists());
    }
}

#[test]
fn ours_lg08_a_daemon_that_runs_waits_for_no_reader() {
    if !is_ours() {
        return;
    }
    let setup = Setup::new().supervisord("logfile={dir}/fifo\nlogfile_maxbytes=0");
    symlink("stdout.txt", setup.path("supervisord.log")).unwrap();
    std::fs::write(setup.path("fifo"), "").unwrap();
    let daemon = setup.start();
    // In the place of the file there is a FIFO now.
    std::fs::remove_file(daemon.path("fifo")).unwrap();
    let path = fifo(daemon.setup());
    daemon.signal(Signal::SIGUSR2);
    daemon.wait_log("supervisord logreopen");
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log_times("supervisord started with pid", 2);
    let _pid = daemon.wait("the daemon to answer", || daemon.try_rpc("supervisor.getPID", &[]));
    let mut reader = File::open(path).unwrap();
    assert_eq!(daemon.stop(), 0);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let wanted = ["received SIGHUP", "supervisord started with pid", "received SIGTERM"];
    assert!(wanted.iter().all(|wanted| text.contains(wanted)), "{text}");
}
