//! Writing to what somebody else reads, without ever hanging on them.
//!
//! Standard output, a FIFO or a terminal belongs to whoever reads it, and who may stop. Making it non-blocking would
//! change it for every process that shares it. So each piece that surely fits where the system sees room is written
//! only after a poll has found room.
//!
//! How long a poll may wait is kept in a purse, one for all writers that lead to the same place. It holds 100 ms after
//! each write that got out whole; waiting empties it, and bytes that are taken fill it up again. So a reader that is
//! slow but reads loses nothing: one that makes room for a line within 100 ms, or takes 400 KB a
//! second of a flood, holds the daemon up as it always did. A reader that has stopped costs 100 ms, once; what finds no room
//! then is dropped at once, until there is room again.
//!
//! A record of up to `PIPE_BUF` bytes gets into a pipe whole or not at all. A longer one, and one for a terminal, may
//! be torn where the room ended; [`PatientWriter::write_record`] then begins the next record on a line of its own.
//!
//! Regular files always have room: they are written to as they are, with one `write(2)`.
//!
//! No poll tells how much a terminal takes, so it is opened anew, for this writer alone, and non-blocking.
//!
//! Two ways are left to make the daemon wait for a reader: a stranger that fills a pipe between poll and write (the
//! daemon's own writers take turns), and a terminal that may not be opened anew, being another user's.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{SFlag, fstat};

use super::clock;

/// What the purse holds at most.
const PATIENCE: Duration = Duration::from_millis(100);

/// Bytes a second at which a reader earns all the waiting it makes necessary.
const SLOWEST: u64 = 400_000;

/// What a pipe that polls as writable takes without blocking.
const PIECE: usize = libc::PIPE_BUF;

thread_local! {
    /// By device and inode. All writers are the owner's, and the owner has one thread.
    static PLACES: RefCell<HashMap<(u64, u64), Rc<Place>>> = RefCell::default();
}

/// Where writers lead to, and what became of the last writes there.
#[derive(Debug)]
struct Place {
    purse: Cell<Duration>,
    /// The last thing that got out was a part of something.
    is_torn: Cell<bool>,
}

impl Default for Place {
    fn default() -> Self {
        Place { purse: Cell::new(PATIENCE), is_torn: Cell::new(false) }
    }
}

/// Why bytes did not get out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// No room in time.
    Unread,
    /// What the system said.
    System(Errno),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Unread => f.write_str("nobody reads it"),
            Reason::System(errno) => f.write_str(errno.desc()),
        }
    }
}

impl From<Reason> for io::Error {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Unread => io::Error::new(io::ErrorKind::WouldBlock, reason.to_string()),
            Reason::System(errno) => errno.into(),
        }
    }
}

/// A write that was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shortfall {
    /// Bytes that did not get out.
    pub(super) lost_bytes: usize,
    pub(super) reason: Reason,
}

/// A descriptor that is written to; see the module's documentation.
#[derive(Debug)]
pub(super) struct PatientWriter {
    fd: OwnedFd,
    kind: Kind,
    place: Rc<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A regular file takes everything at once.
    File,
    /// Opened anew, just for this writer, and non-blocking.
    Private,
    /// Pipes, sockets, devices.
    Shared,
}

impl PatientWriter {
    /// Takes over a descriptor. Its flags stay as they are.
    pub(super) fn new(fd: OwnedFd) -> Self {
        let stat = fstat(&fd).ok();
        let is_file = stat.is_some_and(|stat| stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits());
        let (fd, kind) = match fd.is_terminal().then(|| open_anew(&fd)) {
            _ if is_file => (fd, Kind::File),
            Some(Ok(private)) => (private, Kind::Private),
            _ => (fd, Kind::Shared),
        };
        let place = match stat {
            Some(stat) if !is_file => place((stat.st_dev, stat.st_ino)),
            _ => Rc::default(),
        };
        PatientWriter { fd, kind, place }
    }

    /// To a duplicate of a descriptor.
    ///
    /// # Errors
    /// It cannot be duplicated.
    pub(super) fn duplicating(fd: impl AsFd) -> io::Result<Self> {
        fd.as_fd().try_clone_to_owned().map(Self::new)
    }

    /// Whether it is a regular file.
    pub(super) fn is_file(&self) -> bool {
        self.kind == Kind::File
    }

    /// Writes all of it, unless there is no room in time.
    ///
    /// # Errors
    /// What did not get out, and why.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), Shortfall> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.write_some(rest) {
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    self.place.is_torn.set(!rest.is_empty());
                }
                Err(reason) => return Err(Shortfall { lost_bytes: rest.len(), reason }),
            }
        }
        self.place.purse.set(PATIENCE);
        Ok(())
    }

    /// Writes a line, or several, that begin on a line of their own.
    ///
    /// # Errors
    /// What did not get out, and why.
    pub(super) fn write_record(&self, record: &[u8]) -> Result<(), Shortfall> {
        if self.place.is_torn.get() {
            self.write(b"\n").map_err(|shortfall| Shortfall { lost_bytes: record.len(), ..shortfall })?;
        }
        self.write(record)
    }

    fn write_some(&self, rest: &[u8]) -> Result<usize, Reason> {
        let purse = &self.place.purse;
        loop {
            if self.kind != Kind::File {
                self.wait_for_room()?;
            }
            let piece = match self.kind {
                Kind::Shared => rest.get(..PIECE).unwrap_or(rest),
                Kind::File | Kind::Private => rest,
            };
            match nix::unistd::write(&self.fd, piece) {
                Ok(0) => return Err(Reason::System(Errno::EIO)),
                Ok(count) => {
                    let earned = Duration::from_nanos((count as u64).saturating_mul(1_000_000_000 / SLOWEST));
                    purse.set(PATIENCE.min(purse.get().saturating_add(earned)));
                    return Ok(count);
                }
                Err(Errno::EINTR) => {}
                // Non-blocking, and less room than the poll made believe.
                Err(Errno::EAGAIN) if self.kind != Kind::File => self.pause()?,
                Err(errno) => return Err(Reason::System(errno)),
            }
        }
    }

    /// Pays with what is in the purse.
    fn wait_for_room(&self) -> Result<(), Reason> {
        let purse = &self.place.purse;
        loop {
            let timeout = PollTimeout::try_from(purse.get().as_millis()).unwrap_or(PollTimeout::ZERO);
            let since = clock::now().mono;
            let ready = poll(&mut [PollFd::new(self.fd.as_fd(), PollFlags::POLLOUT)], timeout);
            purse.set(purse.get().saturating_sub(clock::now().mono.saturating_sub(since)));
            match ready {
                Ok(0) => {
                    purse.set(Duration::ZERO);
                    return Err(Reason::Unread);
                }
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(Reason::System(errno)),
            }
        }
    }

    /// A millisecond, for what a poll cannot wait for.
    fn pause(&self) -> Result<(), Reason> {
        const PAUSE: Duration = Duration::from_millis(1);
        let purse = &self.place.purse;
        if purse.get() < PAUSE {
            purse.set(Duration::ZERO);
            return Err(Reason::Unread);
        }
        purse.set(purse.get().saturating_sub(PAUSE));
        // Nothing to watch: it just takes its time.
        let _ = poll(&mut [], 1_u8);
        Ok(())
    }
}

/// The terminal of a descriptor, opened once more and non-blocking.
fn open_anew(terminal: &OwnedFd) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", terminal.as_raw_fd());
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().write(true).custom_flags(flags).open(path).map(OwnedFd::from)
}

impl AsFd for PatientWriter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The place with this device and inode. Those that nobody writes to any more are forgotten, once they are as new.
fn place(key: (u64, u64)) -> Rc<Place> {
    PLACES.with_borrow_mut(|places| {
        places.retain(|_, place| Rc::strong_count(place) > 1 || place.purse.get() < PATIENCE);
        places.entry(key).or_default().clone()
    })
}

#[cfg(test)]
mod tests;
