//! Records as they reach files, pipes and sockets.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::super::patient;
use super::*;

const WALL: Duration = Duration::from_millis(1_700_000_000_042);

/// The stamp of [`WALL`] in whatever zone the tests run.
fn stamp() -> String {
    format!("{},042", asctime(LocalTime::at(1_700_000_000)))
}

fn file_log(path: &Path, policy: RotationPolicy, threshold: LogLevel) -> ActivityLog {
    ActivityLog::open(&DaemonLog::File(path.to_owned()), policy, threshold, None).unwrap()
}

/// An echo, and what has been written to it so far.
fn pipe() -> (OwnedFd, impl FnMut() -> String) {
    let (mut reader, writer) = io::pipe().unwrap();
    nix::fcntl::fcntl(&reader, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK)).unwrap();
    let read = move || {
        let mut text = String::new();
        loop {
            let before = text.len();
            if let Err(error) = reader.read_to_string(&mut text) {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
            }
            if text.len() == before {
                return text;
            }
            // What waited for room.
            patient::flush();
        }
    };
    (writer.into(), read)
}

#[test]
fn stamps_are_padded() {
    let time = LocalTime { year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5 };
    assert_eq!(asctime(time), "2026-01-02 03:04:05");
}

#[test]
fn records_have_stamp_level_and_message() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.log");
    let mut log = file_log(&path, RotationPolicy::NEVER, LogLevel::Blather);
    for (level, message) in [
        (LogLevel::Critical, "c"),
        (LogLevel::Error, "e"),
        (LogLevel::Warn, "w"),
        (LogLevel::Info, "i\nsecond line"),
        (LogLevel::Debug, "d\n"),
        (LogLevel::Trace, "t é"),
        (LogLevel::Blather, ""),
    ] {
        log.log(level, message, WALL);
    }
    let at = stamp();
    let expected = format!(
        "{at} CRIT c\n{at} ERRO e\n{at} WARN w\n{at} INFO i\nsecond line\n{at} DEBG d\n\n{at} TRAC t é\n{at} BLAT \n"
    );
    assert_eq!(fs::read_to_string(path).unwrap(), expected);
}

#[test]
fn milliseconds_are_truncated() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.log");
    let mut log = file_log(&path, RotationPolicy::NEVER, LogLevel::Info);
    log.log(LogLevel::Info, "x", Duration::new(1_700_000_000, 999_999_999));
    assert!(fs::read_to_string(path).unwrap().contains(",999 INFO x\n"));
}

#[test]
fn the_threshold_counts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.log");
    let mut log = file_log(&path, RotationPolicy::NEVER, LogLevel::Warn);
    assert!(log.is_enabled(LogLevel::Warn) && !log.is_enabled(LogLevel::Info));
    log.log(LogLevel::Info, "no", WALL);
    log.log(LogLevel::Warn, "yes", WALL);
    assert_eq!(fs::read_to_string(path).unwrap(), format!("{} WARN yes\n", stamp()));
}

#[test]
fn the_echo_has_identical_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.log");
    let (echo, mut echoed) = pipe();
    let target = DaemonLog::File(path.clone());
    let mut log = ActivityLog::open(&target, RotationPolicy::NEVER, LogLevel::Info, Some(echo)).unwrap();
    log.log(LogLevel::Info, "both", WALL);
    assert_eq!(echoed(), format!("{} INFO both\n", stamp()));
    assert_eq!(fs::read_to_string(path).unwrap(), format!("{} INFO both\n", stamp()));
}

#[test]
fn a_log_on_standard_output_is_echoed_once() {
    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let (echo, mut echoed) = pipe();
        let target = DaemonLog::File(name.into());
        let mut log = ActivityLog::open(&target, RotationPolicy::new(1, 1), LogLevel::Info, Some(echo)).unwrap();
        log.log(LogLevel::Info, "once", WALL);
        assert_eq!(echoed(), format!("{} INFO once\n", stamp()), "{name}");
        log.reopen().unwrap();
        log.clear(WALL).unwrap();
        assert_eq!(echoed(), format!("{} INFO reopening log file\n", stamp()), "{name}");
    }
}

#[test]
fn it_rotates_after_a_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.log");
    let mut log = file_log(&path, RotationPolicy::new(40, 1), LogLevel::Info);
    log.log(LogLevel::Info, "long enough to rotate", WALL);
    log.log(LogLevel::Info, "x", WALL);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{} INFO x\n", stamp()));
    let copy = fs::read_to_string(dir.path().join("s.log.1")).unwrap();
    assert_eq!(copy, format!("{} INFO long enough to rotate\n", stamp()));
}

#[test]
fn clearing_says_so_everywhere_but_in_the_new_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.log");
    let (echo, mut echoed) = pipe();
    let target = DaemonLog::File(path.clone());
    let mut log = ActivityLog::open(&target, RotationPolicy::NEVER, LogLevel::Info, Some(echo)).unwrap();
    log.log(LogLevel::Info, "old", WALL);
    echoed();
    log.clear(WALL).unwrap();
    assert_eq!(echoed(), format!("{0} INFO reopening log file\n{0} INFO reopening log file\n", stamp()));
    assert_eq!(fs::read_to_string(&path).unwrap(), "");
    log.log(LogLevel::Info, "new", WALL);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{} INFO new\n", stamp()));
}

#[test]
fn a_failed_reopen_is_an_error_that_can_be_logged() {
    let dir = tempfile::tempdir().unwrap();
    let sub = dir.path().join("sub");
    fs::create_dir(&sub).unwrap();
    let mut log = file_log(&sub.join("s.log"), RotationPolicy::NEVER, LogLevel::Info);
    fs::rename(&sub, dir.path().join("moved")).unwrap();
    let error = log.reopen().unwrap_err();
    log.log(LogLevel::Critical, &error.to_string(), WALL);
    let text = fs::read_to_string(dir.path().join("moved/s.log")).unwrap();
    assert!(text.contains("CRIT cannot open log file"), "{text}");
}

#[test]
fn failures_are_counted_and_reported_once_a_minute() {
    let mut log = file_log(Path::new("/dev/full"), RotationPolicy::NEVER, LogLevel::Info);
    log.log(LogLevel::Info, "x", WALL);
    assert_eq!(log.last_complaint, Some(WALL));
    log.log(LogLevel::Info, "x", WALL + Duration::from_secs(59));
    assert_eq!(log.last_complaint, Some(WALL));
    log.log(LogLevel::Info, "x", WALL + Duration::from_secs(60));
    assert_eq!(log.last_complaint, Some(WALL + Duration::from_secs(60)));
    log.log(LogLevel::Info, "x", WALL);
    assert_eq!(log.last_complaint, Some(WALL), "the clock was set back");
    assert_eq!(log.dropped_records(), 4);
}

#[test]
fn a_failed_rotation_is_told_in_the_log_itself() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.log");
    fs::create_dir_all(dir.path().join("s.log.1/full")).unwrap();
    let mut log = file_log(&path, RotationPolicy::new(1, 1), LogLevel::Info);
    log.log(LogLevel::Info, "kept", WALL);
    log.log(LogLevel::Info, "kept too", WALL);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().map(|line| &line[stamp().len()..]).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!((lines[0], lines[2]), (" INFO kept", " INFO kept too"));
    assert!(lines[1].starts_with(" CRIT cannot rotate log file "), "{text}");
    assert_eq!(log.dropped_records(), 0);
}

#[test]
fn an_echo_that_nobody_reads_is_ignored() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut log = ActivityLog::with_destinations(LogLevel::Info, Some(writer.into()), None, None);
    log.log(LogLevel::Info, "x", WALL);
    assert_eq!((log.dropped_records(), log.last_complaint), (0, None));
}

#[test]
fn an_echo_whose_reader_stops_costs_records_which_are_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.log");
    let file = LogFile::open(&path, RotationPolicy::NEVER).unwrap();
    let (echo, mut echoed) = pipe();
    let mut log = ActivityLog::with_destinations(LogLevel::Info, Some(echo), Some(file), None);
    // None that follows is shorter, and might find room where this one does not.
    let words = "x".repeat(10);
    while log.dropped_records() == 0 {
        log.log(LogLevel::Info, &words, WALL);
    }
    log.log(LogLevel::Info, "not seen there", WALL);
    let got = echoed();
    assert!(got.ends_with("x\n") && !got.contains("lost"), "records are whole");
    // The file had every record, and tells of the first that is missing elsewhere.
    let text = fs::read_to_string(&path).unwrap();
    let told = "CRIT activity log: 1 records are lost: cannot write to standard output: nobody reads it\n";
    assert_eq!(text.matches(told).count(), 1);
    assert!(text.starts_with(&got) && text.ends_with("INFO not seen there\n"));

    log.log(LogLevel::Info, "seen", WALL);
    assert_eq!(echoed(), format!("{} INFO seen\n", stamp()), "once a minute");
    log.log(LogLevel::Info, "later", WALL + COMPLAINT_INTERVAL);
    log.log(LogLevel::Info, "much later", WALL + 3 * COMPLAINT_INTERVAL);
    let lines: Vec<String> = echoed().lines().map(|line| line[stamp().len() + 1..].to_owned()).collect();
    let again = "WARN activity log: 2 records are lost: it is written again";
    assert_eq!(lines, ["INFO later", again, "INFO much later"]);
}

#[test]
fn syslog_gets_one_full_record_per_line() {
    let dir = tempfile::tempdir().unwrap();
    let socket = UnixDatagram::bind(dir.path().join("log")).unwrap();
    let syslog = Syslog::new(dir.path().join("log"));
    let mut log = ActivityLog::with_destinations(LogLevel::Info, None, None, Some(syslog));
    log.log(LogLevel::Info, "one\n\ntwo\n", WALL);
    let mut received = Vec::new();
    let mut buffer = [0; 200];
    for _ in 0..3 {
        let length = socket.recv(&mut buffer).unwrap();
        let record = String::from_utf8_lossy(&buffer[..length]).into_owned();
        received.push(record.split_once(" supervisord: ").unwrap().1.to_owned());
    }
    let at = stamp();
    assert_eq!(received, [format!("{at} INFO one\n"), format!("{at} INFO \n"), format!("{at} INFO two\n")]);
    assert_eq!(log.dropped_records(), 0);
}
