//! A descriptor, and how much can be written to it without waiting.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{FileStat, SFlag};

/// What a pipe that polls as writable takes without blocking.
const PIECE: usize = libc::PIPE_BUF;

/// A shared descriptor.
#[derive(Debug, Clone)]
pub(super) struct Outlet {
    fd: Rc<OwnedFd>,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file takes everything at once.
    File,
    /// Opened anew, just for this writer, and non-blocking.
    Private,
    /// Pipes, sockets, devices.
    Shared,
}

impl Outlet {
    /// Takes over a descriptor of which the system says this.
    pub(super) fn new(fd: OwnedFd, stat: Option<FileStat>) -> Self {
        let is_file = stat.is_some_and(|stat| stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits());
        let (fd, kind) = match fd.is_terminal().then(|| open_anew(&fd)) {
            _ if is_file => (fd, Kind::File),
            Some(Ok(private)) => (private, Kind::Private),
            _ => (fd, Kind::Shared),
        };
        Outlet { fd: Rc::new(fd), kind }
    }

    pub(super) fn is_file(&self) -> bool {
        self.kind == Kind::File
    }

    /// Writes what there is room for now: how many bytes that were, and an error that ended it.
    pub(super) fn write_now(&self, bytes: &[u8]) -> (usize, Result<(), Errno>) {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            if !self.is_file() && !self.wait(Duration::ZERO) {
                break;
            }
            let piece = match self.kind {
                Kind::Shared => rest.get(..PIECE).unwrap_or(rest),
                Kind::File | Kind::Private => rest,
            };
            match nix::unistd::write(&*self.fd, piece) {
                Ok(0) => return (written, Err(Errno::EIO)),
                Ok(count) => written += count,
                Err(Errno::EINTR) => {}
                // Non-blocking, and less room than the poll made believe.
                Err(Errno::EAGAIN) if !self.is_file() => break,
                Err(errno) => return (written, Err(errno)),
            }
        }
        (written, Ok(()))
    }

    /// Whether a FIFO has a reader.
    pub(super) fn has_reader(&self) -> bool {
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLOUT)];
        let is_polled = poll(&mut fds, PollTimeout::ZERO).is_ok();
        is_polled && !fds[0].revents().is_some_and(|events| events.contains(PollFlags::POLLERR))
    }

    /// Waits for room, or for an error that the next write will tell.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let timeout = PollTimeout::try_from(patience.as_millis()).unwrap_or(PollTimeout::ZERO);
        loop {
            match poll(&mut [PollFd::new(self.fd.as_fd(), PollFlags::POLLOUT)], timeout) {
                Ok(count) => return count > 0,
                Err(Errno::EINTR) => {}
                Err(_) => return true,
            }
        }
    }
}

impl AsFd for Outlet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The terminal of a descriptor, opened once more and non-blocking.
fn open_anew(terminal: &OwnedFd) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", terminal.as_raw_fd());
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().write(true).custom_flags(flags).open(path).map(OwnedFd::from)
}
