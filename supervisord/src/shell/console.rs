//! The daemon's standard output, for what a pool's result handler shows there.
//!
//! Standard output belongs to whoever started the daemon, who may have stopped reading. Making it non-blocking would
//! change it for every process that shares it, so each piece that a pipe surely takes (`PIPE_BUF`) is written only
//! after a poll has found room. One result may wait [`PATIENCE`] for room; what does not get out then is dropped, and
//! as long as there is no room the following ones are dropped at once. So a stuck reader costs the daemon a tenth of a
//! second, once, and lines of its own, not its life.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::clock;
use crate::engine::message::Message;

/// How long one result may wait for room.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a pipe that polls as writable takes without blocking.
const PIECE: usize = libc::PIPE_BUF;

/// At most one line in this time.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);

/// Standard output, and what became of it.
#[derive(Debug)]
pub(super) struct Console {
    /// `None`: it cannot even be duplicated.
    fd: Option<OwnedFd>,
    /// The last result did not get out.
    is_stuck: bool,
    /// The last thing that got out was a part of a result.
    is_torn: bool,
    lost: u64,
    complained_at: Option<Duration>,
}

impl Console {
    /// The standard output of this process.
    pub(super) fn stdout() -> Self {
        Self::on(io::stdout().as_fd().try_clone_to_owned().ok())
    }

    fn on(fd: Option<OwnedFd>) -> Self {
        Console { fd, is_stuck: false, is_torn: false, lost: 0, complained_at: None }
    }

    /// Writes a result, or drops it; what there is to say about that.
    pub(super) fn print(&mut self, bytes: &[u8]) -> Option<Message> {
        let torn: &[u8] = if self.is_torn { b"\n" } else { b"" };
        match self.write(torn).and_then(|()| self.write(bytes)) {
            Ok(()) => {
                (self.is_stuck, self.is_torn) = (false, false);
                None
            }
            Err(error) => {
                self.is_stuck = true;
                self.lost = self.lost.saturating_add(1);
                self.complaint(error)
            }
        }
    }

    fn complaint(&mut self, error: Errno) -> Option<Message> {
        let now = clock::now().mono;
        if self.complained_at.is_some_and(|at| now < at + COMPLAINT_INTERVAL) {
            return None;
        }
        self.complained_at = Some(now);
        Some(Message::StdoutStuck { lost: self.lost, error: error.desc().to_owned() })
    }

    /// Writes all of it, unless there is no room in time.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        let fd = self.fd.as_ref().ok_or(Errno::EBADF)?;
        let patience = if self.is_stuck { Duration::ZERO } else { PATIENCE };
        let until = clock::now().mono + patience;
        let mut rest = bytes;
        while !rest.is_empty() {
            let left = until.saturating_sub(clock::now().mono).as_millis();
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
            match poll(&mut [PollFd::new(fd.as_fd(), PollFlags::POLLOUT)], timeout) {
                Ok(0) => return Err(Errno::EAGAIN),
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno),
            }
            let piece = &rest[..rest.len().min(PIECE)];
            match nix::unistd::write(fd, piece) {
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    self.is_torn = !rest.is_empty();
                }
                // Set non-blocking by someone else; the poll before the next attempt waits.
                Err(Errno::EINTR | Errno::EAGAIN) if clock::now().mono < until => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;

    use super::*;

    #[test]
    fn a_reader_that_stops_costs_results_and_nothing_else() {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        let mut console = Console::on(Some(writer));
        let line = [[b'x'; 9_999].as_slice(), b"\n"].concat();
        let mut written = 0;
        let trouble = loop {
            match console.print(&line) {
                None => written += 1,
                Some(trouble) => break trouble,
            }
        };
        assert!(written > 0);
        assert_eq!(trouble, Message::StdoutStuck { lost: 1, error: Errno::EAGAIN.desc().to_owned() });
        // Said once a minute.
        assert_eq!(console.print(b"lost\n"), None);

        let mut reader = File::from(reader);
        let mut full = vec![0; written * line.len()];
        reader.read_exact(&mut full).unwrap();
        // What got out of the torn result.
        let torn = reader.read(&mut full).unwrap();
        assert!(torn < line.len());
        assert_eq!(console.print(b"again\n"), None);
        drop(console);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, if torn == 0 { "again\n" } else { "\nagain\n" });
    }

    #[test]
    fn a_reader_that_went_away_is_told_of() {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        drop(reader);
        let mut console = Console::on(Some(writer));
        let broken = Message::StdoutStuck { lost: 1, error: Errno::EPIPE.desc().to_owned() };
        assert_eq!(console.print(b"x\n"), Some(broken));
    }
}
