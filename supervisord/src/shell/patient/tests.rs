//! Readers that stop, dawdle and come back.

use std::fs::File;
use std::io::{Read, Seek as _, Write as _};

use super::*;

fn pipe() -> (File, PatientWriter) {
    let (reader, writer) = nix::unistd::pipe().unwrap();
    (reader.into(), PatientWriter::new(writer))
}

/// Writes until there is no more room; how many bytes got out, and that of a last write.
fn fill(writer: &PatientWriter, line: &[u8]) -> (usize, usize) {
    let mut written = 0;
    loop {
        match writer.write(line) {
            Ok(()) => written += line.len(),
            Err(shortfall) => {
                assert_eq!(shortfall.reason, Reason::Unread);
                return (written, line.len() - shortfall.lost_bytes);
            }
        }
    }
}

#[test]
fn a_reader_that_stops_costs_what_it_does_not_read() {
    let (mut reader, writer) = pipe();
    let line = [[b'x'; 9_999].as_slice(), b"\n"].concat();
    let (whole, torn) = fill(&writer, &line);
    assert!(whole > 0 && writer.place.purse.get().is_zero());
    assert_eq!(writer.write_record(b"lost\n"), Err(Shortfall { lost_bytes: 5, reason: Reason::Unread }));

    reader.read_exact(&mut vec![0; whole + torn]).unwrap();
    writer.write_record(b"again\n").unwrap();
    assert_eq!(writer.place.purse.get(), PATIENCE);
    writer.write_record(b"and again\n").unwrap();
    drop(writer);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, if torn == 0 { "again\nand again\n" } else { "\nagain\nand again\n" });
}

#[test]
fn a_record_that_fits_into_a_piece_is_never_torn() {
    let (mut reader, writer) = pipe();
    let (whole, torn) = fill(&writer, &[b'x'; 1000]);
    assert_eq!((whole % 1000, torn), (0, 0));
    drop(writer);
    let mut text = Vec::new();
    reader.read_to_end(&mut text).unwrap();
    assert_eq!(text.len(), whole);
}

#[test]
fn all_writers_to_a_place_are_patient_together() {
    let (reader, writer) = pipe();
    let other = PatientWriter::new(writer.fd.try_clone().unwrap());
    fill(&writer, &[b'x'; 1000]);
    drop(writer);
    assert!(other.place.purse.get().is_zero());
    let fd = other.fd.try_clone().unwrap();
    drop(other);
    assert!(PatientWriter::new(fd).place.purse.get().is_zero(), "remembered though nobody had it open");
    let (_, elsewhere) = pipe();
    assert_eq!(elsewhere.place.purse.get(), PATIENCE);
    drop(reader);
}

#[test]
fn a_reader_that_takes_its_time_gets_everything() {
    let (mut reader, writer) = nix::unistd::pipe().map(|(reader, writer)| (File::from(reader), writer)).unwrap();
    let sender = std::thread::spawn(move || {
        let writer = PatientWriter::new(writer);
        (0..200).map(|_| writer.write(&[b'x'; 65_536])).filter(Result::is_err).count()
    });
    let mut buffer = vec![0; 65_536];
    let mut total = 0;
    loop {
        match reader.read(&mut buffer).unwrap() {
            0 => break,
            count => total += count,
        }
        std::thread::yield_now();
    }
    assert_eq!(sender.join().unwrap(), 0);
    assert_eq!(total, 200 * 65_536);
}

#[test]
fn what_is_taken_earns_patience() {
    let (mut reader, writer) = pipe();
    fill(&writer, &[b'x'; 4096]);
    reader.read_exact(&mut [0; 8192]).unwrap();
    let shortfall = writer.write(&[b'y'; 16_384]).unwrap_err();
    assert_eq!(shortfall, Shortfall { lost_bytes: 8192, reason: Reason::Unread });
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
    let (whole, torn) = fill(&writer, &[b'x'; 10_000]);
    reader.read_exact(&mut vec![0; whole + torn]).unwrap();
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
    assert_eq!(writer.kind, Kind::Private);
    let (whole, torn) = fill(&writer, &[b"some words\t".repeat(90), b"\n".to_vec()].concat());
    assert!(whole + torn > 0);
    assert!(writer.write(b"x").is_err());
}

#[test]
fn files_are_written_at_the_offset_they_share() {
    let file = tempfile::tempfile().unwrap();
    let writer = PatientWriter::new(file.try_clone().unwrap().into());
    assert_eq!(writer.kind, Kind::File);
    (&file).write_all(b"one ").unwrap();
    writer.write(b"two ").unwrap();
    (&file).write_all(b"three").unwrap();
    let mut text = String::new();
    (&file).rewind().unwrap();
    (&file).read_to_string(&mut text).unwrap();
    assert_eq!(text, "one two three");
}
