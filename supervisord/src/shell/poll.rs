//! Readiness of every child pipe, as one descriptor in the runtime.
//!
//! The pipes of all children are registered, level-triggered, with an epoll instance of the daemon's own, and
//! that instance is the only one of them that tokio knows. So a child costs no task and no registration in the
//! runtime, a turn can take as many ready pipes as its budget allows, and the owner keeps the descriptors.
//!
//! **The rule that makes it work.** The runtime watches the inner epoll edge-triggered, so its readiness may be
//! cleared only after the inner one was seen empty; see [`Pipes::ready`].

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::unix::AsyncFd;

use crate::engine::ProcessId;
use supervisor_protocol::event::Channel;

/// How many ready pipes are taken at once.
const BATCH: usize = 128;

/// One of a child's pipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pipe {
    /// Written by the daemon.
    Stdin,
    /// Read by the daemon.
    Output(Channel),
}

/// Names a pipe of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token(pub(super) ProcessId, pub(super) Pipe);

impl Token {
    fn encode(self) -> u64 {
        let pipe = match self.1 {
            Pipe::Stdin => 0,
            Pipe::Output(Channel::Stdout) => 1,
            Pipe::Output(Channel::Stderr) => 2,
        };
        (u64::from(self.0.0) << 2) | pipe
    }

    fn decode(data: u64) -> Option<Self> {
        let pipe = match data & 3 {
            0 => Pipe::Stdin,
            1 => Pipe::Output(Channel::Stdout),
            2 => Pipe::Output(Channel::Stderr),
            _ => return None,
        };
        Some(Token(ProcessId(u32::try_from(data >> 2).ok()?), pipe))
    }
}

/// Stands for the alarm among the tokens.
const ALARM: u64 = 3;

/// Stands for all outlets among the tokens.
const OUTLET: u64 = 7;

/// What is ready besides pipes of children.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ready {
    /// The alarm has gone off.
    pub(super) alarm: bool,
    /// An outlet may have room.
    pub(super) outlet: bool,
}

/// The registered pipes, and one alarm.
#[derive(Debug)]
pub(super) struct Pipes {
    epoll: AsyncFd<EpollFd>,
    /// Finer than the timers of the runtime.
    alarm: TimerFd,
}

/// `Epoll` with the trait that tokio wants.
#[derive(Debug)]
struct EpollFd(Epoll);

impl AsRawFd for EpollFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.0.as_raw_fd()
    }
}

impl AsFd for EpollFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.0.as_fd()
    }
}

impl Pipes {
    /// An empty set. To be called within the runtime.
    ///
    /// # Errors
    /// The system has no descriptor left for it.
    pub(super) fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let alarm = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK)?;
        epoll.add(&alarm, EpollEvent::new(EpollFlags::EPOLLIN, ALARM))?;
        // SAFETY: the descriptor belongs to the `Epoll` inside, is always the same, and stays open until the
        // `AsyncFd` is dropped, because nothing takes it out.
        let epoll = unsafe { AsyncFd::register_with_interest(EpollFd(epoll), tokio::io::Interest::READABLE)? };
        Ok(Pipes { epoll, alarm })
    }

    /// Watches a pipe: for data if it is output, for room if it is stdin.
    ///
    /// # Errors
    /// The system refuses (its limit of watches is reached).
    pub(super) fn add(&self, fd: impl AsFd, token: Token) -> io::Result<()> {
        let flags = match token.1 {
            Pipe::Stdin => EpollFlags::EPOLLOUT,
            Pipe::Output(_) => EpollFlags::EPOLLIN,
        };
        Ok(self.epoll.get_ref().0.add(fd, EpollEvent::new(flags, token.encode()))?)
    }

    /// Stops watching. To be called before the descriptor is closed: until the child has executed its program
    /// it holds copies, and would keep the registration alive.
    pub(super) fn remove(&self, fd: impl AsFd) {
        // A descriptor that is not registered (stdin without pending bytes) is no error.
        let _ = self.epoll.get_ref().0.delete(fd);
    }

    /// Watches something else for room: each time it begins to have some, [`ready`](Self::ready) tells.
    pub(super) fn add_outlet(&self, fd: impl AsFd) {
        let flags = EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
        // What cannot be watched is tried again at the next write.
        let _ = self.epoll.get_ref().0.add(fd, EpollEvent::new(flags, OUTLET));
    }

    /// Watches something else for what it has to tell, as an outlet.
    pub(super) fn add_lookout(&self, fd: impl AsFd) {
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLET;
        // What cannot be watched is looked at again at the next write.
        let _ = self.epoll.get_ref().0.add(fd, EpollEvent::new(flags, OUTLET));
    }

    /// Makes [`ready`](Self::ready) tell of the alarm once, after some time.
    pub(super) fn set_alarm(&self, after: Duration) {
        // Only an absurd time would be refused.
        let _ = self.alarm.set(Expiration::OneShot(TimeSpec::from_duration(after)), TimerSetTimeFlags::empty());
    }

    /// Waits until some pipe may be ready.
    ///
    /// # Cancel safety
    /// Nothing is consumed.
    pub(super) async fn wait(&self) {
        if let Ok(mut guard) = self.epoll.readable().await {
            guard.retain_ready();
        }
    }

    /// The pipes that are ready now, at most [`BATCH`], and what else is.
    pub(super) fn ready(&self, tokens: &mut Vec<Token>) -> Ready {
        tokens.clear();
        let mut events = [EpollEvent::empty(); BATCH];
        let count = self.epoll.get_ref().0.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
        if count == 0 {
            // Seen empty: from here on a new readiness is a new edge.
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            if let std::task::Poll::Ready(Ok(mut guard)) = self.epoll.poll_read_ready(&mut context) {
                guard.clear_ready();
            }
            return Ready::default();
        }
        let has = |data| events[..count].iter().any(|event| event.data() == data);
        let ready = Ready { alarm: has(ALARM), outlet: has(OUTLET) };
        if ready.alarm {
            // Never blocks. What is read is how often it went off.
            let _ = nix::unistd::read(&self.alarm, &mut [0; 8]);
        }
        tokens.extend(events[..count].iter().filter_map(|event| Token::decode(event.data())));
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_kernel() {
        for pipe in [Pipe::Stdin, Pipe::Output(Channel::Stdout), Pipe::Output(Channel::Stderr)] {
            let token = Token(ProcessId(u32::MAX), pipe);
            assert_eq!(Token::decode(token.encode()), Some(token));
        }
        assert_eq!((Token::decode(ALARM), Token::decode(OUTLET)), (None, None));
    }
}
