//! Series LG, the outlets that are no plain files: standard output, pipes, devices and syslog.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Arc, Mutex};

use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use supervisor_tests::{Daemon, Setup, Value};

use super::conditions::{can_be_root, is_ours};

/// A setup whose activity log is read from standard output, because its `logfile` cannot be.
fn echoing(setup: Setup) -> Setup {
    symlink("stdout.txt", setup.path("supervisord.log")).unwrap();
    setup
}

/// A FIFO that somebody has opened for reading, with all that was read.
struct Fifo {
    file: File,
    text: String,
}

impl Fifo {
    fn make(path: &Path) -> Self {
        nix::unistd::mkfifo(path, Mode::S_IRWXU).unwrap();
        // Open for writing too, it never ends.
        let file = OpenOptions::new().read(true).write(true).custom_flags(0o4000).open(path).unwrap();
        Self { file, text: String::new() }
    }

    fn wait(&mut self, daemon: &Daemon, wanted: &str) {
        daemon.wait(&format!("{wanted:?} in the FIFO"), || {
            let mut buffer = [0; 4096];
            while let Ok(count) = self.file.read(&mut buffer) {
                self.text.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            self.text.contains(wanted).then_some(())
        });
    }
}

/// A private node of the null device, which only root can make.
fn null_node(path: &Path) {
    mknod(path, SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), makedev(1, 3)).unwrap();
}

fn is_device(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_char_device())
}

fn is_fifo(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

const STDOUT: &str = "stdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0";

#[test]
fn cfg_lg07_standard_output_as_a_log() {
    let setup = Setup::new().args(&["-s"]).supervisord("logfile=/dev/stdout\nlogfile_maxbytes=0\nloglevel=info");
    let daemon = echoing(setup).program("p", STDOUT, r"'say:some words\n' hang").start();
    daemon.wait_log("some words");
    daemon.wait_state("p", "RUNNING");
    daemon.stop_process("p");
    daemon.wait_log("stopped: p");
    let lines = ["supervisord started with pid", "some words", "stopped: p"];
    assert_eq!(daemon.log_order(&lines), lines);
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn ours_cl33_standard_output_has_each_line_once() {
    if !is_ours() {
        return;
    }
    let setup = Setup::new().supervisord("logfile=/dev/stdout\nlogfile_maxbytes=0");
    let daemon = echoing(setup).start();
    assert_eq!(daemon.stop(), 0);
    assert_eq!(
        daemon.log_order(&["supervisord started", "received SIGTERM"]),
        ["supervisord started", "received SIGTERM"]
    );
}

const ROTATED_FIFO: &str = "stdout_logfile={dir}/fifo\nstdout_logfile_maxbytes=5";

#[test]
fn cfg_lg08_a_pipe_that_was_to_be_rotated_is_written_to() {
    let setup = Setup::new().program("p", ROTATED_FIFO, r"'say:some words\n' hang");
    let mut fifo = Fifo::make(&setup.path("fifo"));
    let daemon = setup.start();
    fifo.wait(&daemon, "some words\n");
    daemon.wait_state("p", "RUNNING");
    assert!(is_fifo(&daemon.path("fifo")));
}

#[test]
fn ours_lg08_a_pipe_is_not_rotated_and_that_is_said_once() {
    if !is_ours() {
        return;
    }
    let steps = r"'say:some words\n' wait:go 'say:more words\n' hang";
    let setup = Setup::new().supervisord("logfile={dir}/main\nlogfile_maxbytes=10").program("p", ROTATED_FIFO, steps);
    let (mut fifo, mut main) = (Fifo::make(&setup.path("fifo")), Fifo::make(&setup.path("main")));
    let daemon = echoing(setup).start();
    fifo.wait(&daemon, "some words\n");
    daemon.touch("go");
    fifo.wait(&daemon, "more words\n");
    daemon.wait_state("p", "RUNNING");
    daemon.stop_process("p");
    std::fs::remove_file(daemon.path("go")).unwrap();
    daemon.start_process("p");
    daemon.wait_log_times("spawned: 'p'", 2);
    main.wait(&daemon, "stopped: p");
    for path in ["fifo", "main"] {
        let text =
            daemon.fill(&format!("WARN {{dir}}/{path} cannot seek, so it is not rotated; set its maxbytes to 0"));
        assert_eq!(daemon.log().iter().filter(|line| **line == text).count(), 1, "{text}");
    }
    assert!(!daemon.has_logged("CRIT uncaptured") && is_fifo(&daemon.path("fifo")) && is_fifo(&daemon.path("main")));
}

/// The records that a `/dev/log` of the test's own has got, without the header that all of them have.
struct Syslog(Arc<Mutex<Vec<String>>>);

impl Syslog {
    /// Makes the daemon see a `/dev` of its own, in which `log` is a socket of the test.
    fn of(setup: Setup) -> (Setup, Self) {
        std::fs::create_dir(setup.path("dev")).unwrap();
        let socket = UnixDatagram::bind(setup.path("dev/log")).unwrap();
        // As long as somebody wants to know, it is read at once: its queue holds few records.
        socket.set_read_timeout(Some(std::time::Duration::from_millis(50))).unwrap();
        let records = Arc::new(Mutex::new(Vec::new()));
        let wanted = Arc::downgrade(&records);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Some(records) = wanted.upgrade() {
                if let Ok(count) = socket.recv(&mut buffer) {
                    records.lock().unwrap().push(String::from_utf8_lossy(&buffer[..count]).into_owned());
                }
            }
        });
        let script = "for node in null zero full random urandom; do \
            touch {dir}/dev/$node && mount --bind /dev/$node {dir}/dev/$node || exit 1; done; \
            mount --rbind {dir}/dev /dev && exec \"$@\"";
        (setup.through(&["unshare", "-m", "sh", "-c", script, "sh"]), Self(records))
    }

    fn records(&self) -> Vec<String> {
        let text = |record: &String| {
            let text = record.strip_prefix("<14>").and_then(|rest| rest.split_once(" supervisord: "));
            let (time, text) = text.unwrap_or_else(|| panic!("another header: {record:?}"));
            assert_eq!(time.len(), "Nov 22 10:54:57".len(), "{record:?}");
            text.trim_end_matches('\0').to_owned()
        };
        self.0.lock().unwrap().iter().map(text).collect()
    }

    fn wait(&self, daemon: &Daemon, wanted: &str) -> Vec<String> {
        daemon.wait(&format!("the record {wanted:?}"), || {
            Some(self.records()).filter(|records| records.iter().any(|record| record.contains(wanted)))
        })
    }
}

#[test]
fn cfg_lg13_one_syslog_record_a_line() {
    if !can_be_root("a /dev/log of the test's own") {
        return;
    }
    let steps = r"'say:one\n\ntwo\n\n' wait:go 'err:three\n' hang";
    let setup =
        Setup::new().supervisord("logfile=syslog").program("p", "stdout_syslog=true\nstderr_syslog=true", steps);
    let (setup, syslog) = Syslog::of(setup);
    let daemon = echoing(setup).start();
    syslog.wait(&daemon, "p two");
    daemon.touch("go");
    let records = syslog.wait(&daemon, "p three");
    let (main, child): (Vec<String>, Vec<String>) = records.into_iter().partition(|line| line.ends_with('\n'));
    assert_eq!(child, ["p one", "p ", "p two", "p three"]);
    // The lines of a message of several lines all have the time and the level.
    let lines: Vec<&str> = main
        .iter()
        .map(|record| {
            assert!(supervisor_tests::activity::has_time(record), "{record:?}");
            record[24..].trim_end_matches('\n')
        })
        .collect();
    let at = lines.iter().position(|line| *line == "DEBG 'p' stdout output:").expect("the echo");
    assert_eq!(lines[at + 1..][..3], ["DEBG one", "DEBG ", "DEBG two"]);
    assert!(lines.iter().any(|line| line.starts_with("INFO supervisord started with pid")));
}

#[test]
fn cfg_lg14_file_and_syslog_together() {
    if !can_be_root("a /dev/log of the test's own") {
        return;
    }
    let options = "stdout_logfile={dir}/p.out\nstdout_syslog=true";
    let (setup, syslog) = Syslog::of(Setup::new().program("p", options, r"'say:one\ntwo\n' hang"));
    let daemon = setup.start();
    assert_eq!(syslog.wait(&daemon, "p two"), ["p one", "p two"]);
    assert_eq!(daemon.wait_file("p.out", "two"), "one\ntwo\n");
}

#[test]
fn ours_lg13_lines_are_whole_and_bytes_are_kept() {
    if !is_ours() || !can_be_root("a /dev/log of the test's own") {
        return;
    }
    let steps = r"'say:half ' wait:go 'say:a line\n\xff\n' 'err:no end' exit:0";
    let options = "stdout_logfile={dir}/p.out\nstdout_syslog=true\nstderr_syslog=true\nautorestart=false";
    let (setup, syslog) = Syslog::of(Setup::new().program("p", options, steps));
    let daemon = setup.start();
    daemon.wait_file("p.out", "half ");
    daemon.touch("go");
    daemon.wait_state("p", "EXITED");
    syslog.wait(&daemon, "p no end");
    let mut records = syslog.wait(&daemon, "\u{fffd}");
    records.sort();
    assert_eq!(records, ["p half a line", "p no end", "p \u{fffd}"]);
}

#[test]
fn cfg_lg19_the_null_device_is_never_rotated() {
    let mut devices = vec!["/dev/null".to_owned()];
    let setup = Setup::new();
    if can_be_root("a device node of the test's own") {
        null_node(&setup.path("null"));
        devices.push("{dir}/null".to_owned());
    }
    let mut setup = setup;
    for (at, device) in devices.iter().enumerate() {
        let options = format!("stdout_logfile={device}\nstdout_logfile_maxbytes=5\nstdout_logfile_backups=2");
        setup = setup.program(
            &format!("p{at}"),
            &options,
            &format!("'say:words of p{at}' wait:go 'say:more of p{at}' hang"),
        );
    }
    let daemon = setup.start();
    for at in 0..devices.len() {
        daemon.wait_log(&format!("words of p{at}"));
    }
    daemon.touch("go");
    for (at, device) in devices.iter().enumerate() {
        daemon.wait_log(&format!("more of p{at}"));
        // What is written is written before it is shown.
        daemon.wait_state(&format!("p{at}"), "RUNNING");
        let path = daemon.fill(device);
        assert!(is_device(Path::new(&path)) && !Path::new(&format!("{path}.1")).exists());
    }
}

#[test]
fn cfg_lg22_clearing_a_pipe_is_a_success() {
    let options = "stdout_logfile={dir}/fifo\nstdout_logfile_maxbytes=0";
    let setup = Setup::new().program("p", options, "say:words wait:go say:more hang");
    let mut fifo = Fifo::make(&setup.path("fifo"));
    let daemon = setup.start();
    fifo.wait(&daemon, "words");
    assert_eq!(daemon.ok("clearProcessLogs", &["p".into()]), Value::Bool(true));
    daemon.touch("go");
    daemon.wait_log("more");
    daemon.wait_state("p", "RUNNING");
}

#[test]
fn ours_lg22_clearing_leaves_nodes_alone() {
    if !is_ours() {
        return;
    }
    let options = "stdout_logfile={dir}/fifo\nstdout_logfile_maxbytes=0";
    let setup = Setup::new().program("p", options, "say:words wait:go say:more hang");
    let mut fifo = Fifo::make(&setup.path("fifo"));
    let daemon = setup.start();
    fifo.wait(&daemon, "words");
    daemon.ok("clearProcessLogs", &["p".into()]);
    daemon.touch("go");
    fifo.wait(&daemon, "wordsmore");
    daemon.wait_state("p", "RUNNING");
    daemon.stop_process("p");
    daemon.ok("clearProcessLogs", &["p".into()]);
    assert!(is_fifo(&daemon.path("fifo")));
}

#[test]
fn cfg_cl33_devices_as_pid_file_and_log() {
    let device = if can_be_root("a device node of the test's own") { "{dir}/null" } else { "/dev/null" };
    let setup = Setup::new().supervisord(&format!("pidfile={device}\nlogfile={device}\nlogfile_maxbytes=0"));
    if device != "/dev/null" {
        null_node(&setup.path("null"));
    }
    let daemon = echoing(setup).start();
    assert!(is_device(Path::new(&daemon.fill(device))));
    daemon.stop();
}

#[test]
fn ours_cl33_devices_stay_after_an_end_and_a_clear() {
    if !is_ours() || !can_be_root("a device node of the test's own") {
        return;
    }
    let setup = Setup::new().supervisord("pidfile={dir}/null\nlogfile={dir}/log\nlogfile_maxbytes=0");
    null_node(&setup.path("null"));
    null_node(&setup.path("log"));
    let daemon = echoing(setup).start();
    daemon.ok("clearLog", &[]);
    assert!(is_device(&daemon.path("log")));
    assert_eq!(daemon.stop(), 0);
    assert!(is_device(&daemon.path("null")) && is_device(&daemon.path("log")));
}
