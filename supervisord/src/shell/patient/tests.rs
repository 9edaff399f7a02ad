//! Readers that stop, dawdle and come back.

use std::fs::File;
use std::io::{Read, Seek as _, Write as _};

use super::backlog::LIMIT;
use super::outlet::Kind;
use super::*;

fn pipe() -> (File, PatientWriter) {
    let (reader, writer) = nix::unistd::pipe().unwrap();
    (reader.into(), PatientWriter::new(writer))
}

/// Writes until no more may wait; how much was taken.
fn fill(writer: &PatientWriter, line: &[u8]) -> usize {
    let mut taken = 0;
    loop {
        match writer.write(line) {
            Ok(()) => taken += line.len(),
            Err(shortfall) => {
                assert_eq!(shortfall, Shortfall { lost_bytes: line.len(), reason: Reason::Unread });
                return taken;
            }
        }
    }
}

/// Reads so many bytes, of which some may still wait.
fn read(reader: &mut impl Read, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    let mut rest = bytes.as_mut_slice();
    while !rest.is_empty() {
        flush();
        let count = reader.read(rest).unwrap();
        assert!(count > 0);
        rest = &mut rest[count..];
    }
    bytes
}

#[test]
fn a_reader_that_stops_costs_what_does_not_fit() {
    let (mut reader, writer) = pipe();
    let line = [[b'x'; 9_999].as_slice(), b"\n"].concat();
    let taken = fill(&writer, &line);
    assert!(taken > LIMIT && writer.place.purse.get().is_zero());
    let lost = [b'y'; 10_000];
    assert_eq!(writer.write(&lost), Err(Shortfall { lost_bytes: lost.len(), reason: Reason::Unread }));

    let got = read(&mut reader, taken);
    assert!(got.chunks(line.len()).all(|got| got == line), "whole lines only");
    assert_eq!(writer.place.purse.get(), PATIENCE);
    writer.write(b"again\n").unwrap();
    drop(writer);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "again\n");
}

#[test]
fn a_reader_that_comes_back_in_time_gets_everything_in_order() {
    let (mut reader, writer) = pipe();
    let other = PatientWriter::new(writer.as_fd().try_clone_to_owned().unwrap());
    let lines: Vec<String> = (0..20_000).map(|number| format!("line {number}\n")).collect();
    for pair in lines.chunks(2) {
        writer.write(pair[0].as_bytes()).unwrap();
        other.write(pair[1].as_bytes()).unwrap();
    }
    let text = lines.concat();
    assert!(text.len() > 2 * 65_536);
    // Those who wrote have gone, and others have come.
    drop((writer, other));
    let (_reader, _elsewhere) = pipe();
    assert_eq!(read(&mut reader, text.len()), text.as_bytes());
}

#[test]
fn a_place_is_watched_as_long_as_something_waits() {
    let (mut reader, writer) = pipe();
    let watched = Cell::new(0);
    let tend = || tend(|_| watched.set(watched.get() + 1), |_| watched.set(watched.get() - 1), |_| {});
    writer.write(&[b'x'; 1000]).unwrap();
    tend();
    assert_eq!(watched.get(), 0);
    writer.write(&[b'x'; 100_000]).unwrap();
    tend();
    writer.write(&[b'x'; 1000]).unwrap();
    tend();
    assert_eq!(watched.get(), 1);
    unwatched();
    tend();
    assert_eq!(watched.get(), 2, "by a new watcher");
    read(&mut reader, 102_000);
    tend();
    assert_eq!(watched.get(), 1);
}

#[test]
fn all_writers_to_a_place_are_patient_together() {
    let (reader, writer) = pipe();
    let other = PatientWriter::new(writer.as_fd().try_clone_to_owned().unwrap());
    fill(&writer, &[b'x'; 1000]);
    drop(writer);
    assert!(other.place.purse.get().is_zero());
    let fd = other.as_fd().try_clone_to_owned().unwrap();
    drop(other);
    assert!(PatientWriter::new(fd).place.purse.get().is_zero(), "remembered though nobody had it open");
    let (_, elsewhere) = pipe();
    assert_eq!(elsewhere.place.purse.get(), PATIENCE);
    drop(reader);
}

#[test]
fn a_reader_that_takes_its_time_gets_everything() {
    const TOTAL: usize = 200 * 65_536;
    let (mut reader, writer) = nix::unistd::pipe().map(|(reader, writer)| (File::from(reader), writer)).unwrap();
    let sender = std::thread::spawn(move || {
        let writer = PatientWriter::new(writer);
        let failed = (0..200).map(|_| writer.write(&[b'x'; 65_536])).filter(Result::is_err).count();
        farewell();
        failed
    });
    let mut buffer = vec![0; 65_536];
    let mut total = 0;
    while total < TOTAL {
        let count = reader.read(&mut buffer).unwrap();
        assert!(count > 0);
        total += count;
        std::thread::yield_now();
    }
    assert_eq!(sender.join().unwrap(), 0);
}

#[test]
fn what_a_reader_leaves_behind_is_told_at_the_next_write() {
    let (reader, writer) = pipe();
    writer.write(&[b'x'; 100_000]).unwrap();
    drop(reader);
    flush();
    let shortfall = writer.write(b"more").unwrap_err();
    assert_eq!(shortfall.reason, Reason::System(Errno::EPIPE));
    assert!((30_000..=100_000).contains(&shortfall.lost_bytes), "{shortfall:?}");
}

#[test]
fn what_a_removed_fifo_holds_is_given_up_once_nobody_writes_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let writer = PatientWriter::awaiting_reader(&path).unwrap();
    writer.name(&path);
    writer.write(b"words").unwrap();
    let look = || {
        let (_reader, _elsewhere) = pipe();
        lost()
    };
    let again = PatientWriter::awaiting_reader(&path).unwrap();
    drop(writer);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(look(), None, "somebody writes to it");
    let outlet = std::rc::Rc::downgrade(&again.place);
    drop(again);
    let shortfall = Shortfall { lost_bytes: 5, reason: Reason::Unread };
    assert_eq!(look(), Some(vec![(path, shortfall)]));
    assert_eq!(look(), None);
    assert!(outlet.upgrade().is_none());
}

#[test]
fn what_a_fifo_holds_waits_as_long_as_somebody_may_come() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    PatientWriter::awaiting_reader(&path).unwrap().write(b"words").unwrap();
    drop(pipe());
    assert_eq!(lost(), None);
    let mut reader = File::open(&path).unwrap();
    assert_eq!(read(&mut reader, 5), b"words");
}

#[test]
fn flags_stay_as_they_are_and_a_non_blocking_end_is_no_matter() {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    for flags in [OFlag::empty(), OFlag::O_NONBLOCK] {
        let (_reader, writer) = nix::unistd::pipe2(flags).unwrap();
        let shared = writer.try_clone().unwrap();
        fill(&PatientWriter::new(writer), &[b'x'; 10_000]);
        let after = OFlag::from_bits_retain(fcntl(&shared, FcntlArg::F_GETFL).unwrap());
        assert_eq!(after.contains(OFlag::O_NONBLOCK), flags.contains(OFlag::O_NONBLOCK));
    }
}

#[test]
fn sockets_are_as_pipes() {
    let (mut reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    let writer = PatientWriter::new(writer.into());
    let taken = fill(&writer, &[b'x'; 10_000]);
    read(&mut reader, taken);
    writer.write(b"back").unwrap();
    let mut back = [0; 4];
    reader.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"back");
    drop(reader);
    let broken = Shortfall { lost_bytes: 1, reason: Reason::System(Errno::EPIPE) };
    assert_eq!(writer.write(b"x"), Err(broken));
}

#[test]
fn a_terminal_that_nobody_reads_is_no_trap() {
    let pair = nix::pty::openpty(None, None).unwrap();
    let writer = PatientWriter::new(pair.slave);
    assert_eq!(writer.outlet.kind, Kind::Private);
    let taken = fill(&writer, &[b"some words\t".repeat(90), b"\n".to_vec()].concat());
    assert!(taken > LIMIT / 2);
    assert!(writer.write(&[b'x'; LIMIT]).is_err());
}

#[test]
fn files_are_written_at_the_offset_they_share() {
    let file = tempfile::tempfile().unwrap();
    let writer = PatientWriter::new(file.try_clone().unwrap().into());
    assert!(writer.is_file());
    (&file).write_all(b"one ").unwrap();
    writer.write(b"two ").unwrap();
    (&file).write_all(b"three").unwrap();
    let mut text = String::new();
    (&file).rewind().unwrap();
    (&file).read_to_string(&mut text).unwrap();
    assert_eq!(text, "one two three");
}
