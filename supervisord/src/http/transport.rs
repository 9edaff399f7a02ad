//! A connection's socket, TCP or unix, as hyper reads and writes it, and its clock.
//!
//! The socket is shared: hyper moves the bytes of requests and replies, while a log stream watches for the moment when
//! its client leaves. All of it happens in the one task of the connection.
//!
//! The clock runs from the first byte of a request to its last and never otherwise, so an idle connection stays open
//! for ever and a waiting call waits as long as it takes. Empty lines between requests do not start it.
//! Contracts `ctl_h20`, `ctl_h35`, `ctl_h38`, `ctl_s6`.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use nix::sys::socket::{Shutdown, shutdown};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::{Instant, Sleep, sleep_until};

use super::origin::Through;
use super::site::REQUEST_TIMEOUT;

/// A listening socket.
#[derive(Debug)]
pub(super) enum Listener {
    Inet(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    pub(super) async fn accept(&self) -> io::Result<Connection> {
        match self {
            Listener::Inet(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Replies are written whole; waiting for more to send could only delay them.
                stream.set_nodelay(true)?;
                Ok(Connection::new(Socket::Inet(stream, peer)))
            }
            Listener::Unix(listener) => Ok(Connection::new(Socket::Unix(listener.accept().await?.0))),
        }
    }
}

#[derive(Debug)]
enum Socket {
    Inet(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// Where a connection stands, for its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Between requests.
    Idle,
    /// A request has begun and is not complete.
    Receiving,
    /// The request is complete, its reply is not.
    Answering,
}

/// An accepted connection.
#[derive(Debug)]
pub(super) struct Connection {
    socket: Socket,
    phase: AtomicU8,
}

/// Evaluates an expression on whichever stream it is.
macro_rules! on_stream {
    ($connection:expr, $stream:ident => $action:expr) => {
        match &$connection.socket {
            Socket::Inet($stream, _) => $action,
            Socket::Unix($stream) => $action,
        }
    };
}

impl Connection {
    fn new(socket: Socket) -> Connection {
        Connection { socket, phase: AtomicU8::new(Phase::Idle as u8) }
    }

    /// Which kind of socket it is.
    pub(super) fn through(&self) -> Through {
        match self.socket {
            Socket::Inet(..) => Through::Inet,
            Socket::Unix(_) => Through::Unix,
        }
    }

    /// The other end, as the access log names it.
    pub(super) fn peer(&self) -> String {
        match &self.socket {
            Socket::Inet(_, peer) => peer.to_string(),
            Socket::Unix(_) => "localhost:0".to_owned(),
        }
    }

    /// The request has arrived completely: its clock stops.
    pub(super) fn request_is_complete(&self) {
        self.set_phase(Phase::Answering);
    }

    /// The reply is made: the next byte begins the next request.
    pub(super) fn is_answered(&self) {
        self.set_phase(Phase::Idle);
    }

    /// Whether a request has begun and is not complete.
    pub(super) fn is_receiving(&self) -> bool {
        self.is_in(Phase::Receiving)
    }

    fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::Relaxed) == phase as u8
    }

    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(on_stream!(self, stream => stream.poll_read_ready(cx)))?;
            match on_stream!(self, stream => stream.try_read(buf)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(on_stream!(self, stream => stream.poll_write_ready(cx)))?;
            match on_stream!(self, stream => stream.try_write(buf)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn raw_fd(&self) -> RawFd {
        on_stream!(self, stream => stream.as_raw_fd())
    }

    /// Answers a request that hyper leaves unanswered. A client that has left, or reads nothing, does without.
    pub(super) fn refuse(&self) {
        let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        let _ = on_stream!(self, stream => stream.try_write(answer));
    }

    /// No more will be sent. A peer that has left already is no error worth reporting.
    pub(super) fn finish(&self) {
        let _ = shutdown(self.raw_fd(), Shutdown::Write);
    }

    /// Ready when the client has left. What it still sends is read and forgotten: for use when nothing that it could
    /// send will be answered.
    pub(super) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut forgotten = [0; 1024];
        // A client that floods does not get the thread for itself.
        for _ in 0..16 {
            match ready!(self.poll_read(cx, &mut forgotten)) {
                Ok(0) | Err(_) => return Poll::Ready(()),
                Ok(_) => {}
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A connection as a byte stream, with the clock on its requests.
#[derive(Debug)]
pub(super) struct Wire {
    connection: Arc<Connection>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(super) fn new(connection: Arc<Connection>) -> Wire {
        Wire { connection, deadline: None }
    }

    /// Notes that bytes of a request have come, or that none have.
    fn check_clock(&mut self, cx: &mut Context<'_>, fresh: &[u8]) -> io::Result<()> {
        if self.connection.is_in(Phase::Idle) && fresh.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            self.connection.set_phase(Phase::Receiving);
            self.deadline = None;
        }
        if !self.connection.is_receiving() {
            self.deadline = None;
            return Ok(());
        }
        let start = || Box::pin(sleep_until(Instant::now() + REQUEST_TIMEOUT));
        let deadline = self.deadline.get_or_insert_with(start);
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = self.connection.poll_read(cx, buf.initialize_unfilled());
        let Poll::Ready(count) = read else {
            self.check_clock(cx, &[])?;
            return Poll::Pending;
        };
        let before = buf.filled().len();
        buf.advance(count?);
        self.check_clock(cx, buf.filled().get(before..).unwrap_or_default())?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.connection.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.finish();
        Poll::Ready(Ok(()))
    }
}
