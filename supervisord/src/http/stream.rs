//! A log file as a body without an end.
//!
//! It begins with the last kilobyte and follows the file, looking a few times a second while (and only while)
//! somebody watches. It survives rotation and clearing (another inode under the same name is read from its
//! beginning) and truncation (a marker line says so). What is no regular file, such as `/dev/stdout`, is shown as
//! a stream in which nothing happens. It ends when the client leaves or the server closes.
//!
//! Bytes are sent as they are, but a character is never cut between two chunks: the original client decodes each
//! chunk by itself.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::site::OpenSite;
use super::transport::Connection;
use crate::output::tail::{Follow, complete_utf8_bytes, follow, stream_start};

/// How soon new bytes are noticed.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Most bytes of one chunk.
const MAX_CHUNK_BYTES: u64 = 64 * 1024;
/// What a client reads when the file has shrunk.
const TRUNCATED: &[u8] = b"==> File truncated <==\n";

/// A log that somebody watches.
pub(super) struct LogStream {
    log: Log,
    look: tokio::time::Interval,
    connection: Arc<Connection>,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl LogStream {
    /// The stream of a log to the client at the end of `connection`.
    pub(super) fn new(log: Log, connection: Arc<Connection>, site: &OpenSite) -> LogStream {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        LogStream { log, look, connection, closing: Box::pin(site.closing.clone().cancelled_owned()) }
    }

    /// The next chunk; `None` at the end.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.closing.as_mut().poll(cx).is_ready() || self.connection.poll_gone(cx).is_ready() {
            return Poll::Ready(None);
        }
        loop {
            if self.log.has_more
                && let Some(chunk) = self.log.next()
            {
                return Poll::Ready(Some(chunk));
            }
            ready!(self.look.poll_tick(cx));
            self.log.has_more = true;
        }
    }
}

/// The file behind a stream.
pub(super) struct Log {
    path: PathBuf,
    /// The open file and its (device, inode); `None` while there is none to read.
    file: Option<(File, (u64, u64))>,
    /// Offset of the next byte to read.
    position: u64,
    /// The first bytes of a character whose rest has not been written yet.
    held: Vec<u8>,
    /// Seconds since the epoch.
    pub(super) modified: i64,
    /// Worth looking: cleared when nothing was found.
    has_more: bool,
}

impl Log {
    /// # Errors
    /// There is no such file, or it is a directory.
    pub(super) fn open(path: PathBuf) -> io::Result<Log> {
        let metadata = std::fs::metadata(&path)?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let file = if metadata.is_file() { Some(open_regular(&path)?) } else { None };
        let position = match &file {
            Some((file, _)) => stream_start(file.metadata()?.len()),
            None => 0,
        };
        Ok(Log { path, file, position, held: Vec::new(), modified: metadata.mtime(), has_more: true })
    }

    /// What to send next; `None` if there is nothing new.
    fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.read() {
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => return Some(chunk.into()),
                None if self.reopen() => {}
                None => break,
            }
        }
        self.has_more = false;
        // The rest of the character has not come: it was none.
        (!self.held.is_empty()).then(|| std::mem::take(&mut self.held).into())
    }

    /// New bytes of the open file, without an unfinished character at the end.
    fn read(&mut self) -> Option<Vec<u8>> {
        let (file, _) = self.file.as_ref()?;
        let size = file.metadata().ok()?.len();
        let range = match follow(self.position, size) {
            Follow::Wait => return None,
            Follow::Truncated => {
                self.position = 0;
                self.held.clear();
                return Some(TRUNCATED.to_vec());
            }
            Follow::Send(range) => range,
        };
        let wanted = (range.end - range.start).min(MAX_CHUNK_BYTES);
        let mut chunk = std::mem::take(&mut self.held);
        let held = chunk.len();
        chunk.resize(held + usize::try_from(wanted).ok()?, 0);
        let count = file.read_at(chunk.get_mut(held..)?, range.start).unwrap_or(0);
        chunk.truncate(held + count);
        self.position += count as u64;
        self.held = chunk.split_off(complete_utf8_bytes(&chunk));
        (count > 0).then_some(chunk)
    }

    /// Turns to another file that has taken the name. `false`: there is none.
    fn reopen(&mut self) -> bool {
        let Ok(found) = std::fs::metadata(&self.path) else { return false };
        let current = self.file.as_ref().map(|(_, identity)| *identity);
        if !found.is_file() || current == Some(identity(&found)) {
            return false;
        }
        let Ok(next) = open_regular(&self.path) else { return false };
        (self.file, self.position) = (Some(next), 0);
        true
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Opens without ever waiting, even if the path has become a pipe meanwhile.
fn open_regular(path: &Path) -> io::Result<(File, (u64, u64))> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let metadata = file.metadata()?;
    Ok((file, identity(&metadata)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn append(path: &Path, data: &[u8]) {
        let mut file = OpenOptions::new().append(true).create(true).open(path).expect("opened");
        file.write_all(data).expect("written");
    }

    fn rest(log: &mut Log) -> Vec<u8> {
        std::iter::from_fn(|| log.next()).flatten().collect()
    }

    #[test]
    fn history_then_news() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("log");
        append(&path, &[b'a'; 1000]);
        append(&path, &[b'b'; 1000]);
        let mut log = Log::open(path.clone()).expect("opened");
        assert_eq!(rest(&mut log), [[b'a'; 24].as_slice(), &[b'b'; 1000]].concat());
        assert_eq!(log.next(), None);
        append(&path, b"news\n");
        assert_eq!(rest(&mut log), b"news\n");
        append(&path, &[b'c'; 200_000]);
        assert_eq!(rest(&mut log).len(), 200_000);
    }

    #[test]
    fn rotation_clearing_and_truncation() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("log");
        append(&path, b"one\n");
        let mut log = Log::open(path.clone()).expect("opened");
        assert_eq!(rest(&mut log), b"one\n");

        fs::rename(&path, directory.path().join("log.1")).expect("renamed");
        append(&directory.path().join("log.1"), b"late\n");
        assert_eq!(rest(&mut log), b"late\n");
        append(&path, b"two\n");
        assert_eq!(rest(&mut log), b"two\n");

        fs::OpenOptions::new().write(true).open(&path).expect("opened").set_len(0).expect("truncated");
        append(&path, b"3\n");
        assert_eq!(rest(&mut log), [TRUNCATED, b"3\n"].concat());
    }

    #[test]
    fn characters_stay_whole_and_no_byte_is_lost() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("log");
        append(&path, b"x\xe2\x82");
        let mut log = Log::open(path.clone()).expect("opened");
        assert_eq!(log.next().as_deref(), Some(b"x".as_slice()));
        append(&path, b"\xac!");
        assert_eq!(log.next().as_deref(), Some("\u{20ac}!".as_bytes()));
        append(&path, b"\xe2\x82");
        assert_eq!(rest(&mut log), b"\xe2\x82");
    }

    #[test]
    fn what_is_no_regular_file() {
        let directory = tempfile::tempdir().expect("tempdir");
        let mut log = Log::open("/dev/null".into()).expect("idle");
        assert_eq!(log.next(), None);
        assert!(Log::open(directory.path().to_owned()).is_err());
        assert!(Log::open(directory.path().join("missing")).is_err());
        let pipe = directory.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("made");
        assert_eq!(Log::open(pipe).expect("idle").next(), None);
    }
}
