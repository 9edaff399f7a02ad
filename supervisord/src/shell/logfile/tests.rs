//! Against real files: rotation as users see it in a directory, and what survives a failure.

use std::fs::{self, File, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};

use tempfile::TempDir;

use super::super::patient;
use super::*;

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn policy(maxbytes: i64, backups: i64) -> RotationPolicy {
    RotationPolicy::new(maxbytes, backups)
}

/// `name=content` for each file of a directory, sorted by name.
fn files(directory: &TempDir) -> Vec<String> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let show = |path: &PathBuf| {
        let content = fs::read_to_string(path).unwrap_or_else(|_| "?".into());
        format!("{}={content}", path.file_name().unwrap().display())
    };
    paths.iter().map(show).collect()
}

#[test]
fn appends_to_what_is_there() {
    let dir = directory();
    let path = dir.path().join("a.log");
    fs::write(&path, "old ").unwrap();
    let mut log = LogFile::open(&path, RotationPolicy::NEVER).unwrap();
    log.write(b"new").unwrap();
    log.write(b"").unwrap();
    assert_eq!(files(&dir), ["a.log=old new"]);
    assert_eq!(log.path(), path);
}

#[test]
fn rotates_after_the_write_that_reaches_the_limit() {
    let dir = directory();
    let mut log = LogFile::open(dir.path().join("a.log"), policy(4, 2)).unwrap();
    log.write(b"one").unwrap();
    assert_eq!(files(&dir), ["a.log=one"]);
    log.write(b"-long").unwrap();
    assert_eq!(files(&dir), ["a.log=", "a.log.1=one-long"]);
    log.write(b"two.").unwrap();
    log.write(b"three").unwrap();
    assert_eq!(files(&dir), ["a.log=", "a.log.1=three", "a.log.2=two."]);
}

#[test]
fn an_existing_oversized_file_rotates_after_the_first_write() {
    let dir = directory();
    fs::write(dir.path().join("a.log"), "oversized").unwrap();
    let mut log = LogFile::open(dir.path().join("a.log"), policy(4, 1)).unwrap();
    assert_eq!(files(&dir), ["a.log=oversized"]);
    log.write(b"!").unwrap();
    assert_eq!(files(&dir), ["a.log=", "a.log.1=oversized!"]);
}

#[test]
fn without_backups_it_truncates() {
    let dir = directory();
    let mut log = LogFile::open(dir.path().join("a.log"), policy(4, 0)).unwrap();
    log.write(b"gone").unwrap();
    log.write(b"kee").unwrap();
    assert_eq!(files(&dir), ["a.log=kee"]);
}

#[test]
fn leftover_copies_and_gaps_are_respected() {
    for backups in [3, 100] {
        let dir = directory();
        for copy in [2, 5, 100] {
            fs::write(dir.path().join(format!("a.log.{copy}")), format!("copy {copy}")).unwrap();
        }
        let mut log = LogFile::open(dir.path().join("a.log"), policy(1, backups)).unwrap();
        log.write(b"x").unwrap();
        let expected = if backups == 3 {
            ["a.log=", "a.log.1=x", "a.log.100=copy 100", "a.log.3=copy 2", "a.log.5=copy 5"]
        } else {
            ["a.log=", "a.log.1=x", "a.log.100=copy 100", "a.log.3=copy 2", "a.log.6=copy 5"]
        };
        assert_eq!(files(&dir), expected);
    }
}

/// Which copies there are is remembered from one rotation to the next, and others rotate and remove meanwhile.
#[test]
fn copies_of_others_are_moved_too() {
    let dir = directory();
    let path = dir.path().join("a.log");
    let open = || LogFile::open(&path, policy(1, 100)).unwrap();
    let (mut one, mut other) = (open(), open());
    let mut expected: Vec<&str> = Vec::new();
    let mut rotate = |log: &mut LogFile, text: &'static str| {
        log.reopen().unwrap();
        log.write(text.as_bytes()).unwrap();
        expected.insert(0, text);
        let copies = expected.iter().zip(1..).map(|(text, number)| format!("a.log.{number}={text}"));
        assert_eq!(files(&dir), std::iter::once("a.log=".to_owned()).chain(copies).collect::<Vec<_>>());
        if text == "d" {
            // The next to rotate does not know of it, and closes the gap.
            fs::remove_file(dir.path().join("a.log.3")).unwrap();
            expected.remove(2);
        }
    };
    rotate(&mut one, "a");
    rotate(&mut one, "b");
    rotate(&mut other, "c");
    rotate(&mut other, "d");
    rotate(&mut one, "e");
    rotate(&mut other, "f");
    rotate(&mut one, "g");
}

#[test]
fn rotation_survives_a_deleted_file() {
    let dir = directory();
    for backups in [0, 2] {
        let mut log = LogFile::open(dir.path().join("a.log"), policy(4, backups)).unwrap();
        fs::remove_file(dir.path().join("a.log")).unwrap();
        log.write(b"unseen").unwrap();
        log.write(b"see").unwrap();
        assert_eq!(files(&dir), ["a.log=see"], "{backups} backups");
        fs::remove_file(dir.path().join("a.log")).unwrap();
    }
}

#[test]
fn copy_and_truncate_leaves_no_hole_even_after_a_rotation() {
    let dir = directory();
    let path = dir.path().join("a.log");
    let mut log = LogFile::open(&path, policy(100, 1)).unwrap();
    log.write(&[b'x'; 100]).unwrap();
    log.write(b"before").unwrap();
    File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    log.write(b"after").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"after");
}

#[test]
fn two_writers_of_one_file_lose_nothing() {
    let dir = directory();
    let path = dir.path().join("a.log");
    let mut writers = [LogFile::open(&path, policy(64, 50)).unwrap(), LogFile::open(&path, policy(64, 50)).unwrap()];
    for line in 0..100 {
        writers[line % 2].write(format!("line {line}\n").as_bytes()).unwrap();
    }
    let text = files(&dir).join("\n");
    for line in 0..100 {
        assert!(text.contains(&format!("line {line}\n")), "line {line}");
    }
    assert!(files(&dir).len() > 10, "both rotate");
}

#[test]
fn reopening_follows_an_outside_rename() {
    let dir = directory();
    let path = dir.path().join("a.log");
    let mut log = LogFile::open(&path, RotationPolicy::NEVER).unwrap();
    log.write(b"one").unwrap();
    fs::rename(&path, dir.path().join("moved")).unwrap();
    log.write(b" two").unwrap();
    log.reopen().unwrap();
    log.write(b"three").unwrap();
    assert_eq!(files(&dir), ["a.log=three", "moved=one two"]);
}

#[test]
fn a_failed_reopen_keeps_the_old_file() {
    let dir = directory();
    let sub = dir.path().join("sub");
    fs::create_dir(&sub).unwrap();
    let mut log = LogFile::open(sub.join("a.log"), RotationPolicy::NEVER).unwrap();
    fs::rename(&sub, dir.path().join("elsewhere")).unwrap();
    let error = log.reopen().unwrap_err();
    assert!(matches!(&error, LogFileError::Open { .. }), "{error}");
    log.write(b"still here").unwrap();
    assert_eq!(fs::read(dir.path().join("elsewhere/a.log")).unwrap(), b"still here");
}

#[test]
fn a_failed_rotation_keeps_writing_and_tries_again_later() {
    let dir = directory();
    // A directory with something in it, where the copy should go, refuses to be replaced.
    let obstacle = dir.path().join("a.log.1");
    fs::create_dir_all(obstacle.join("full")).unwrap();
    let mut log = LogFile::open(dir.path().join("a.log"), policy(4, 1)).unwrap();
    let error = log.write(b"1234").unwrap_err();
    assert!(matches!(&error, LogFileError::Rotate { .. }), "{error}");
    log.write(b"567").unwrap();
    assert!(log.write(b"8").is_err(), "another four bytes: another attempt");
    fs::remove_dir_all(&obstacle).unwrap();
    log.write(b"9abc").unwrap();
    log.write(b"new").unwrap();
    assert_eq!(files(&dir), ["a.log=new", "a.log.1=123456789abc"]);
    assert_eq!(log.lost_bytes(), 0);
}

#[test]
fn a_rotation_that_found_no_new_file_does_not_move_the_copies_twice() {
    let dir = directory();
    let mut log = LogFile::open(dir.path().join("a.log"), policy(4, 3)).unwrap();
    log.write(b"1111").unwrap();
    log.write(b"22").unwrap();
    // As if open(2) had failed after the renames.
    fs::rename(dir.path().join("a.log"), dir.path().join("a.log.2")).unwrap();
    log.is_moved_away = true;
    log.write(b"22").unwrap();
    log.write(b"3").unwrap();
    assert_eq!(files(&dir), ["a.log=3", "a.log.1=1111", "a.log.2=2222"]);
}

#[test]
fn clearing_starts_an_empty_file_and_keeps_copies() {
    let dir = directory();
    let path = dir.path().join("a.log");
    let mut log = LogFile::open(&path, policy(4, 1)).unwrap();
    log.write(b"copy").unwrap();
    log.write(b"old").unwrap();
    log.clear().unwrap();
    assert_eq!(files(&dir), ["a.log=", "a.log.1=copy"]);
    fs::remove_file(&path).unwrap();
    log.clear().unwrap();
    log.write(b"new").unwrap();
    assert_eq!(files(&dir), ["a.log=new", "a.log.1=copy"]);
}

#[test]
fn devices_are_written_but_never_rotated_nor_removed() {
    let before = fs::metadata("/dev/null").unwrap();
    let mut log = LogFile::open("/dev/null", policy(1, 5)).unwrap();
    log.write(b"into the void").unwrap();
    log.clear().unwrap();
    log.reopen().unwrap();
    assert!(!log.is_limit_ignored(), "it can seek, as ever");
    let after = fs::metadata("/dev/null").unwrap();
    assert!(after.file_type().is_char_device());
    assert_eq!((before.ino(), before.dev()), (after.ino(), after.dev()));
    assert!(!Path::new("/dev/null.1").exists());
}

#[test]
fn names_of_the_system_are_left_alone() {
    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        assert!(is_system_name(Path::new(name)), "{name}");
    }
    for name in ["/dev/shm/a.log", "/device/a.log", "/var/dev/a.log", "dev/a.log"] {
        assert!(!is_system_name(Path::new(name)), "{name}");
    }
    // A regular file behind such a name.
    let dir = directory();
    let file = File::create(dir.path().join("target")).unwrap();
    let name = format!("/proc/{}/fd/{}", std::process::id(), std::os::fd::AsRawFd::as_raw_fd(&file));
    let mut log = LogFile::open(&name, policy(1, 1)).unwrap();
    log.write(b"kept").unwrap();
    log.clear().unwrap();
    assert_eq!(files(&dir), ["target=kept"]);
}

#[test]
fn a_fifo_is_written_through_and_not_removed() {
    let dir = directory();
    let path = dir.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let reading = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    let mut log = LogFile::open(&path, policy(1, 1)).unwrap();
    assert!(log.is_limit_ignored());
    log.write(b"through").unwrap();
    let mut got = [0; 16];
    assert_eq!((&reading).read(&mut got).unwrap(), 7);
    assert!(got.starts_with(b"through"));
    log.clear().unwrap();
    assert!(fs::metadata(&path).unwrap().file_type().is_fifo());

    drop(reading);
    for _ in 0..2 {
        assert!(matches!(log.write(b"gone").unwrap_err(), LogFileError::Write { lost_bytes: 4, .. }));
    }
    assert_eq!(log.lost_bytes(), 8);
}

#[test]
fn a_fifo_without_a_reader_holds_what_is_written_until_one_comes() {
    let dir = directory();
    let path = dir.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut log = LogFile::open(&path, policy(1, 1)).unwrap();
    let mut other = LogFile::open(&path, RotationPolicy::NEVER).unwrap();
    assert!(log.is_limit_ignored());
    log.write(b"one ").unwrap();
    other.write(b"two ").unwrap();
    log.reopen().unwrap();
    log.write(b"three ").unwrap();
    patient::flush();
    // Those who wrote may be gone.
    drop((log, other));
    let mut reading = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    patient::flush();
    let mut text = String::new();
    reading.read_to_string(&mut text).unwrap();
    assert_eq!(text, "one two three ");

    // As ever, one that has gone is not waited for, until the FIFO is opened anew.
    let mut log = LogFile::open(&path, RotationPolicy::NEVER).unwrap();
    drop(reading);
    let error = log.write(b"gone").unwrap_err();
    assert!(error.to_string().contains("4 bytes are lost: Broken pipe"), "{error}");
    log.reopen().unwrap();
    log.write(b"four").unwrap();
    let mut reading = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    log.write(b" five").unwrap();
    drop(log);
    let mut text = String::new();
    reading.read_to_string(&mut text).unwrap();
    assert_eq!(text, "four five");
}

#[test]
fn a_fifo_without_a_reader_holds_so_much_and_costs_no_time() {
    let dir = directory();
    let path = dir.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut log = LogFile::open(&path, RotationPolicy::NEVER).unwrap();
    let piece = [b'x'; 65_536];
    assert!(!log.is_congested());
    for _ in 0..16 {
        log.write(&piece).unwrap();
    }
    assert!(log.is_congested());
    let error = log.write(&piece).unwrap_err();
    assert!(error.to_string().ends_with("/fifo, 65536 bytes are lost: nobody reads it"), "{error}");
    drop(log);
    let lost: Vec<_> = patient::farewell().into_iter().map(|(path, shortfall)| (path, shortfall.lost_bytes)).collect();
    assert_eq!(lost, [(path, 16 * 65_536)]);
}

#[test]
fn a_fifo_that_may_not_be_read_must_have_its_reader() {
    if nix::unistd::Uid::current().is_root() {
        // Root may read everything.
        return;
    }
    let dir = directory();
    let path = dir.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IWUSR).unwrap();
    let error = LogFile::open(&path, RotationPolicy::NEVER).unwrap_err();
    assert!(matches!(&error, LogFileError::Open { source, .. } if source.raw_os_error() == Some(libc::ENXIO)));
}

#[test]
fn a_fifo_that_nobody_reads_loses_bytes_and_keeps_nobody_waiting() {
    let dir = directory();
    let path = dir.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut reading = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    let mut log = LogFile::open(&path, RotationPolicy::NEVER).unwrap();
    let mut written = 0;
    let error = loop {
        match log.write(b"0123456789\n") {
            Ok(()) => written += 11,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().ends_with("/fifo, 11 bytes are lost: nobody reads it"), "{error}");
    assert_eq!(log.lost_bytes(), 11);
    let mut buffer = vec![0; written];
    let mut read = 0;
    while read < written {
        read += reading.read(&mut buffer[read..]).unwrap();
        patient::flush();
    }
    log.write(b"back").unwrap();
    let mut back = [0; 5];
    assert_eq!(reading.read(&mut back).unwrap(), 4);
}

#[test]
fn a_full_disk_loses_bytes_and_nothing_else() {
    let mut log = LogFile::open("/dev/full", RotationPolicy::NEVER).unwrap();
    for _ in 0..2 {
        let error = log.write(b"12345").unwrap_err();
        assert!(matches!(&error, LogFileError::Write { source, .. } if source.kind() == ErrorKind::StorageFull));
    }
    assert_eq!(log.lost_bytes(), 10);
}

#[test]
fn new_files_have_the_ordinary_mode() {
    let dir = directory();
    let ordinary = dir.path().join("ordinary");
    File::create(&ordinary).unwrap();
    LogFile::open(dir.path().join("a.log"), RotationPolicy::NEVER).unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions();
    assert_eq!(mode(dir.path().join("a.log")), mode(ordinary));
    assert_ne!(mode(dir.path().join("a.log")), Permissions::from_mode(0o100600));
}

#[test]
fn opening_where_there_is_no_directory_fails() {
    let dir = directory();
    let error = LogFile::open(dir.path().join("no/a.log"), RotationPolicy::NEVER).unwrap_err();
    assert!(error.to_string().contains("/no/a.log: No such file"), "{error}");
}
