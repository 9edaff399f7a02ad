//! What can happen while output is followed, as one queue.
//!
//! A followed log, a second one and Ctrl-C are waited for at once. Each is a thread of its own that blocks
//! where it likes and posts what it got; the command takes the happenings in order from one queue. `fg` waits
//! for typed lines as well, which no thread may read: it would take the next line away from the shell. So a
//! mailbox can have a bell, a pipe that is polled beside standard input.
//!
//! The queue is bounded: a terminal slower than the daemon blocks the reading threads, and so the streams.
//! When the command stops looking, the streams are closed, which ends their threads.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::daemon::{CallError, Closer, Opening};

/// How many happenings wait at most.
const QUEUE: usize = 16;
/// How much of a stream is taken at once, in bytes.
const PIECE: usize = 8192;

/// Something that a command waits for.
#[derive(Debug)]
pub(crate) enum Happening {
    /// Bytes of a followed log.
    Piece(Vec<u8>),
    /// A stream has ended.
    Ended,
    /// The stream of this path could not be opened.
    Failed(String, CallError),
    /// Ctrl-C.
    Interrupted,
}

/// Where happenings are posted.
#[derive(Debug, Clone)]
pub(crate) struct Mailbox {
    queue: SyncSender<Happening>,
    bell: Option<Arc<io::PipeWriter>>,
}

/// Where they are taken. Dropping it closes the streams.
pub(crate) struct Happenings {
    mailbox: Mailbox,
    queue: Receiver<Happening>,
    bell: Option<io::PipeReader>,
    closers: Arc<Mutex<Closers>>,
}

/// How to end each open stream; none once nobody looks any more.
type Closers = Option<Vec<Closer>>;

/// The command that posted to has ended.
#[derive(Debug)]
pub(crate) struct NobodyLooks;

impl Mailbox {
    /// Posts a happening, waiting while the queue is full.
    ///
    /// # Errors
    /// The command is over.
    pub(crate) fn post(&self, happening: Happening) -> Result<(), NobodyLooks> {
        self.queue.send(happening).map_err(|_| NobodyLooks)?;
        match self.bell.as_deref() {
            Some(mut bell) => bell.write_all(&[0]).map_err(|_| NobodyLooks),
            None => Ok(()),
        }
    }
}

impl Happenings {
    /// A queue to be waited for by itself.
    pub(crate) fn new() -> Self {
        Self::with(None, None)
    }

    /// A queue with a bell, to be waited for beside something else.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub(crate) fn with_bell() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self::with(Some(reader), Some(Arc::new(writer))))
    }

    fn with(reader: Option<io::PipeReader>, writer: Option<Arc<io::PipeWriter>>) -> Self {
        let (sender, queue) = sync_channel(QUEUE);
        let mailbox = Mailbox { queue: sender, bell: writer };
        Happenings { mailbox, queue, bell: reader, closers: Arc::new(Mutex::new(Some(Vec::new()))) }
    }

    /// Where to post to this queue.
    pub(crate) fn mailbox(&self) -> Mailbox {
        self.mailbox.clone()
    }

    /// Readable as long as there is something to take; none without a bell.
    pub(crate) fn bell(&self) -> Option<BorrowedFd<'_>> {
        self.bell.as_ref().map(AsFd::as_fd)
    }

    /// Takes the next happening, waiting for it.
    pub(crate) fn take(&mut self) -> Option<Happening> {
        if let Some(bell) = &mut self.bell {
            bell.read_exact(&mut [0]).ok()?;
        }
        self.queue.recv().ok()
    }

    /// Opens a stream in a thread of its own and posts what it brings, then that it has ended.
    pub(crate) fn pump(&self, path: &str, open: Opening) {
        let (path, mailbox, closers) = (path.to_owned(), self.mailbox(), Arc::clone(&self.closers));
        thread::spawn(move || {
            // Posting fails when the command is over, and then so is this.
            let _ = pump(path, open, &mailbox, &closers);
        });
    }
}

impl Drop for Happenings {
    fn drop(&mut self) {
        let closers = lock(&self.closers).take();
        closers.into_iter().flatten().for_each(|closer| closer());
    }
}

fn pump(path: String, open: Opening, mailbox: &Mailbox, closers: &Mutex<Closers>) -> Result<(), NobodyLooks> {
    let (mut reader, closer) = match open() {
        Ok(stream) => stream,
        Err(error) => return mailbox.post(Happening::Failed(path, error)),
    };
    lock(closers).as_mut().ok_or(NobodyLooks)?.push(closer);
    let mut piece = vec![0; PIECE];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => mailbox.post(Happening::Piece(piece.get(..count).unwrap_or_default().to_vec()))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A broken connection is how most streams end: the daemon has gone.
            Err(_) => break,
        }
    }
    mailbox.post(Happening::Ended)
}

/// The lock guards no invariant that a panic could break.
fn lock(closers: &Mutex<Closers>) -> std::sync::MutexGuard<'_, Closers> {
    closers.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Happenings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Happenings").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_stream_is_posted_piece_by_piece_and_then_ends() {
        for mut happenings in [Happenings::new(), Happenings::with_bell().unwrap()] {
            happenings.pump("/x", Box::new(|| Ok((Box::new(&b"text"[..]), Box::new(|| {})))));
            assert!(matches!(happenings.take(), Some(Happening::Piece(piece)) if piece == b"text"));
            assert!(matches!(happenings.take(), Some(Happening::Ended)));
        }
    }

    #[test]
    fn a_stream_is_closed_when_nobody_looks_any_more() {
        let (closed, was_closed) = channel();
        let (reader, writer) = io::pipe().unwrap();
        let mut happenings = Happenings::new();
        happenings.pump(
            "/x",
            Box::new(move || {
                Ok((Box::new(reader) as Box<dyn Read + Send>, Box::new(move || closed.send(()).unwrap())))
            }),
        );
        (&writer).write_all(b"one").unwrap();
        assert!(matches!(happenings.take(), Some(Happening::Piece(_))));
        let mailbox = happenings.mailbox();
        drop(happenings);
        was_closed.recv().unwrap();
        assert!(mailbox.post(Happening::Interrupted).is_err());
    }
}
