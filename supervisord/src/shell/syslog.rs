//! Records for the local syslog daemon.
//!
//! Each record is one datagram to `/dev/log`, in the form of RFC 3164 and with the fixed priority that Supervisor
//! uses (facility user, severity info): `<14>Nov 22 10:54:57 supervisord: TEXT`. The socket is not connected, every
//! datagram names the path again; so a syslog daemon that restarts, or comes up later, needs no attention. When it is
//! absent the record is lost and counted. When its queue is full, which on many systems are ten records, sending waits
//! a moment for it; a daemon that takes nothing in that time is not waited for again before it has taken something.
//!
//! [`LineBuffer`] turns chunks of a child's output into records, one per line. Child output is bytes; what is not
//! UTF-8 is replaced, since syslog daemons expect text.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use supervisor_protocol::outside;

use super::localtime::{LocalTime, Stamp};

/// Where syslog daemons listen.
pub const SYSLOG_PATH: &str = "/dev/log";

/// How long a syslog daemon may take to make room in its queue.
const PATIENCE: Duration = Duration::from_millis(200);

/// A line of a child that grows longer than this is sent in pieces.
const LINE_BYTES: usize = 32 * 1024;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A sender of syslog records.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    /// The last record found a full queue and was lost: the next ones do not wait.
    is_stuck: bool,
    stamp: Stamp,
    record: Vec<u8>,
    lost_records: u64,
}

impl Default for Syslog {
    fn default() -> Self {
        Syslog::new(SYSLOG_PATH)
    }
}

impl Syslog {
    /// A sender to the datagram socket at `path`, which need not exist yet. Nothing is opened before the first record.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Syslog {
            path: path.into(),
            socket: None,
            is_stuck: false,
            stamp: Stamp::new(rfc3164),
            record: Vec::new(),
            lost_records: 0,
        }
    }

    /// Sends one record; `wall` is the time since the epoch. The text is sent as it is, a trailing newline included.
    ///
    /// Source: Supervisor's syslog handler; contract `cfg_lg13`.
    pub fn send(&mut self, text: &[u8], wall: Duration) {
        self.send_parts(&[text], wall);
    }

    /// Records that could not be delivered.
    pub fn lost_records(&self) -> u64 {
        self.lost_records
    }

    fn send_parts(&mut self, parts: &[&[u8]], wall: Duration) {
        self.record.clear();
        self.record.extend_from_slice(b"<14>");
        self.record.extend_from_slice(self.stamp.at(wall.as_secs()).as_bytes());
        self.record.extend_from_slice(b" supervisord: ");
        for part in parts {
            self.record.extend_from_slice(part);
        }
        if self.deliver().is_err() {
            self.lost_records += 1;
        }
    }

    fn deliver(&mut self) -> io::Result<()> {
        let socket = match &mut self.socket {
            Some(socket) => socket,
            none => {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(PATIENCE))?;
                none.insert(socket)
            }
        };
        let sent = socket.send_to(&self.record, &self.path).map(|_| ());
        let is_stuck = matches!(&sent, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        if is_stuck != self.is_stuck {
            socket.set_nonblocking(is_stuck)?;
            self.is_stuck = is_stuck;
        }
        sent
    }
}

/// `Nov 22 10:54:57`, the day padded with a blank.
fn rfc3164(time: LocalTime) -> String {
    let month = MONTHS.get(usize::from(time.month).wrapping_sub(1)).copied().unwrap_or("Jan");
    format!("{month} {:2} {:02}:{:02}:{:02}", time.day, time.hour, time.minute, time.second)
}

/// Cuts the output of one channel into syslog records `PROCESSNAME LINE`.
///
/// A line that spans two chunks is one record: what follows the last newline waits for the rest of its line.
/// Newlines at the end of a chunk make no empty records, empty lines inside one do; a chunk of nothing but newlines
/// is one empty record.
///
/// Source: Supervisor's syslog handler, with lines joined across reads; contract `cfg_lg13`, `cfg_lg14`.
#[derive(Debug, Default)]
pub struct LineBuffer {
    partial: Vec<u8>,
    /// The beginning of this line has been sent: if it ends here, nothing is left to send.
    is_cut: bool,
}

impl LineBuffer {
    /// Nothing waiting.
    pub fn new() -> Self {
        LineBuffer::default()
    }

    /// Sends every line that `chunk` completes.
    pub fn feed(&mut self, process: &str, chunk: &[u8], wall: Duration, syslog: &mut Syslog) {
        let Some(last_newline) = memchr::memrchr(b'\n', chunk) else {
            return self.wait(process, chunk, wall, syslog);
        };
        let (complete, partial) = chunk.split_at(last_newline + 1);
        // All newlines at the end of a chunk end one line; if more text follows, those before it are empty lines.
        let complete = match (partial, complete) {
            ([], _) => without_newlines_at_end(complete),
            (_, [lines @ .., _]) => lines,
            (_, []) => complete,
        };
        let mut lines = complete.split(|&byte| byte == b'\n');
        if (self.is_cut || !self.partial.is_empty())
            && let Some(first) = lines.next()
        {
            self.partial.extend_from_slice(first);
            if !self.partial.is_empty() {
                self.flush(process, wall, syslog);
            }
        }
        self.is_cut = false;
        for line in lines {
            send_line(process, line, wall, syslog);
        }
        self.wait(process, partial, wall, syslog);
    }

    /// Sends an unfinished last line, at the end of the channel.
    pub fn finish(&mut self, process: &str, wall: Duration, syslog: &mut Syslog) {
        if !self.partial.is_empty() {
            self.flush(process, wall, syslog);
        }
    }

    fn wait(&mut self, process: &str, text: &[u8], wall: Duration, syslog: &mut Syslog) {
        self.partial.extend_from_slice(text);
        if self.partial.len() > LINE_BYTES {
            let cut = crate::output::tail::complete_utf8_bytes(&self.partial);
            let rest = self.partial.split_off(cut);
            self.flush(process, wall, syslog);
            self.partial = rest;
            self.is_cut = true;
        }
    }

    fn flush(&mut self, process: &str, wall: Duration, syslog: &mut Syslog) {
        // Taken, so that an idle channel holds no buffer.
        send_line(process, &std::mem::take(&mut self.partial), wall, syslog);
    }
}

fn send_line(process: &str, line: &[u8], wall: Duration, syslog: &mut Syslog) {
    syslog.send_parts(&[outside::shown(process).as_bytes(), b" ", String::from_utf8_lossy(line).as_bytes()], wall);
}

fn without_newlines_at_end(text: &[u8]) -> &[u8] {
    let length = text.iter().rposition(|&byte| byte != b'\n').map_or(0, |last| last + 1);
    text.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: Duration = Duration::from_secs(1_700_000_000);

    struct Receiver {
        _directory: tempfile::TempDir,
        path: PathBuf,
        socket: UnixDatagram,
    }

    fn receiver() -> Receiver {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Receiver { _directory: directory, path, socket }
    }

    impl Receiver {
        /// The texts of all records so far, after checking the header of each.
        fn texts(&self) -> Vec<String> {
            let mut texts = Vec::new();
            let mut buffer = vec![0; 1 << 17];
            while let Ok(length) = self.socket.recv(&mut buffer) {
                let record = String::from_utf8(buffer[..length].to_vec()).unwrap();
                let header = format!("<14>{} supervisord: ", rfc3164(LocalTime::at(1_700_000_000)));
                texts.push(record.strip_prefix(&header).expect("header").to_owned());
            }
            texts
        }
    }

    #[test]
    fn the_stamp_of_rfc_3164() {
        let time = LocalTime { year: 2026, month: 11, day: 2, hour: 9, minute: 4, second: 57 };
        assert_eq!(rfc3164(time), "Nov  2 09:04:57");
        assert_eq!(rfc3164(LocalTime { day: 22, month: 1, ..time }), "Jan 22 09:04:57");
    }

    #[test]
    fn records_arrive_and_a_restart_of_the_receiver_is_no_matter() {
        let receiver = receiver();
        let mut syslog = Syslog::new(&receiver.path);
        syslog.send(b"hello\n", WALL);
        assert_eq!(receiver.texts(), ["hello\n"]);

        std::fs::remove_file(&receiver.path).unwrap();
        syslog.send(b"lost", WALL);
        assert_eq!(syslog.lost_records(), 1);

        let again = UnixDatagram::bind(&receiver.path).unwrap();
        syslog.send(b"back", WALL);
        let mut buffer = [0; 100];
        let length = again.recv(&mut buffer).unwrap();
        assert!(buffer[..length].ends_with(b" supervisord: back"));
        assert_eq!(syslog.lost_records(), 1);
    }

    #[test]
    fn a_full_queue_is_waited_for_once() {
        let receiver = receiver();
        let mut syslog = Syslog::new(&receiver.path);
        for _ in 0..10_000 {
            syslog.send(b"flood", WALL);
        }
        assert!(syslog.is_stuck && syslog.lost_records() > 0);
        assert_eq!(receiver.texts().len() as u64 + syslog.lost_records(), 10_000);
        syslog.send(b"room again", WALL);
        assert!(!syslog.is_stuck);
        assert_eq!(receiver.texts(), ["room again"]);
    }

    #[test]
    fn a_slow_receiver_gets_everything() {
        let receiver = receiver();
        let path = receiver.path.clone();
        let sender = std::thread::spawn(move || {
            let mut syslog = Syslog::new(path);
            for _ in 0..1000 {
                syslog.send(b"one of many", WALL);
            }
            syslog.lost_records()
        });
        let mut count = 0;
        while count < 1000 && !sender.is_finished() {
            count += receiver.texts().len();
        }
        assert_eq!(sender.join().unwrap(), 0);
        assert_eq!(count + receiver.texts().len(), 1000);
    }

    fn records(chunks: &[&[u8]]) -> Vec<String> {
        let receiver = receiver();
        let mut syslog = Syslog::new(&receiver.path);
        let mut lines = LineBuffer::new();
        let mut texts = Vec::new();
        for chunk in chunks {
            lines.feed("web", chunk, WALL, &mut syslog);
            texts.extend(receiver.texts());
        }
        lines.finish("web", WALL, &mut syslog);
        texts.extend(receiver.texts());
        assert_eq!(syslog.lost_records(), 0);
        texts
    }

    #[test]
    fn one_record_per_line_of_a_chunk() {
        assert_eq!(records(&[b"one\ntwo\n"]), ["web one", "web two"]);
        assert_eq!(records(&[b"one\n\ntwo\n\n\n"]), ["web one", "web ", "web two"]);
        assert_eq!(records(&[b"\n\n"]), ["web "]);
        assert_eq!(records(&[b"\nx\n"]), ["web ", "web x"]);
        assert_eq!(records(&[b"a\n\nb"]), ["web a", "web ", "web b"]);
        assert_eq!(records(&[b""]), Vec::<String>::new());
    }

    #[test]
    fn lines_are_joined_across_chunks() {
        assert_eq!(records(&[b"on", b"e\ntw", b"o", b"\n"]), ["web one", "web two"]);
        assert_eq!(records(&[b"caf\xc3", b"\xa9\n"]), ["web café"]);
        assert_eq!(records(&[b"no newline"]), ["web no newline"]);
        let text = "first\nsecond €\nthird";
        for cut in 0..text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            // A cut right after a newline hides nothing: the newline ends the first chunk.
            assert_eq!(records(&[head, tail]), ["web first", "web second €", "web third"], "cut at {cut}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(records(&[b"\xff\xfe bin\n"]), ["web \u{fffd}\u{fffd} bin"]);
    }

    #[test]
    fn the_newline_of_a_line_that_was_cut_is_no_record() {
        let long = "x".repeat(100_000);
        let all = [format!("web {long}")];
        assert_eq!(records(&[long.as_bytes(), b"\n"]), all);
        assert_eq!(records(&[long.as_bytes(), b"\nnext\n"]), [all[0].as_str(), "web next"]);
        assert_eq!(records(&[long.as_bytes(), b"\n\nnext\n"]), [all[0].as_str(), "web ", "web next"]);
        assert_eq!(records(&[long.as_bytes(), b"\n", b"\n"]), [all[0].as_str(), "web "]);
        assert_eq!(records(&[long.as_bytes()]), all);
    }

    #[test]
    fn endless_lines_are_sent_in_pieces() {
        let texts = records(&["é".repeat(20_000).as_bytes(), "x".as_bytes(), b"\n"]);
        assert_eq!(texts, [format!("web {}", "é".repeat(20_000)), "web x".to_owned()]);
        let odd = "é".repeat(20_000);
        let texts = records(&[&odd.as_bytes()[..39_999], &odd.as_bytes()[39_999..], b"\n"]);
        assert_eq!(texts, [format!("web {}", "é".repeat(19_999)), "web é".to_owned()]);
    }
}
