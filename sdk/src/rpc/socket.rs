//! One connection to the daemon, over either kind of socket.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;

use super::{Error, ServerUrl};
use crate::net::resolve;

/// A connected socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Connects; of several addresses, the first that answers.
    pub(super) fn connect(url: &ServerUrl) -> Result<BufReader<Socket>, Error> {
        let socket = match url {
            ServerUrl::Unix(path) => Socket::Unix(UnixStream::connect(path).map_err(Error::Io)?),
            ServerUrl::Http { host, port } => {
                let host = if host.is_empty() { "localhost" } else { host };
                let addresses = resolve(host, *port)?;
                Socket::Tcp(TcpStream::connect(&addresses[..]).map_err(Error::Io)?)
            }
        };
        Ok(BufReader::new(socket))
    }

    pub(super) fn try_clone(&self) -> io::Result<Socket> {
        Ok(match self {
            Socket::Tcp(socket) => Socket::Tcp(socket.try_clone()?),
            Socket::Unix(socket) => Socket::Unix(socket.try_clone()?),
        })
    }

    pub(super) fn shutdown(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(socket) => socket.shutdown(Shutdown::Both),
            Socket::Unix(socket) => socket.shutdown(Shutdown::Both),
        }
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        match self {
            Socket::Tcp(socket) => socket.set_nonblocking(nonblocking),
            Socket::Unix(socket) => socket.set_nonblocking(nonblocking),
        }
    }

    /// Whether an idle connection is still open: nothing to read, not even its end.
    pub(super) fn is_idle(&mut self) -> bool {
        let look = |socket: &mut Socket| {
            socket.set_nonblocking(true)?;
            let outcome = socket.read(&mut [0]);
            socket.set_nonblocking(false)?;
            outcome
        };
        matches!(look(self), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(socket) => socket.read(buffer),
            Socket::Unix(socket) => socket.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(socket) => socket.write(bytes),
            Socket::Unix(socket) => socket.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
