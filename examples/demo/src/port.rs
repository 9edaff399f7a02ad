//! A TCP port that is certainly free.
//!
//! Asking the kernel for a port and giving it back leaves a moment in which somebody else can take it. A
//! socket that is bound but does not listen keeps the number: the kernel gives it to nobody who asks for any
//! port, while a server that sets SO_REUSEADDR (Rust's `TcpListener` does) may still bind it and listen.

use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, getsockname, setsockopt, socket, sockopt};

/// A port of 127.0.0.1, kept as long as this value lives.
pub(crate) struct ReservedPort {
    number: u16,
    _socket: OwnedFd,
}

impl ReservedPort {
    /// Takes any free port.
    ///
    /// # Errors
    /// There is no loopback interface, or no free port or descriptor.
    pub(crate) fn take() -> Result<Self> {
        let take = || -> nix::Result<Self> {
            let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
            setsockopt(&socket, sockopt::ReuseAddr, &true)?;
            bind(socket.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0))?;
            let number = getsockname::<SockaddrIn>(socket.as_raw_fd())?.port();
            Ok(Self { number, _socket: socket })
        };
        take().context("failed to reserve a port on 127.0.0.1")
    }

    /// Its number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::ReservedPort;

    #[test]
    fn a_reserved_port_can_be_listened_on_again_and_again() {
        let port = ReservedPort::take().unwrap();
        for _ in 0..3 {
            TcpListener::bind(("127.0.0.1", port.number())).unwrap();
        }
    }

    #[test]
    fn two_reservations_differ() {
        let (one, other) = (ReservedPort::take().unwrap(), ReservedPort::take().unwrap());
        assert_ne!(one.number(), other.number());
    }
}
