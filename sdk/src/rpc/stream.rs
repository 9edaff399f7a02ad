//! A log that is followed as it grows.

use std::io::{self, BufReader, Read};

use super::Error;
use super::socket::Socket;
use crate::http::{Body, Head};

/// The text of a log, from the last kilobyte on, and then whatever is added. A read waits for more.
///
/// Bytes are as the daemon read them: a character may be cut at the start and between reads.
#[derive(Debug)]
pub struct LogStream {
    body: Body<BufReader<Socket>>,
    closer: Socket,
}

impl LogStream {
    pub(super) fn new(head: &Head, connection: BufReader<Socket>) -> Result<LogStream, Error> {
        let closer = connection.get_ref().try_clone().map_err(Error::Io)?;
        Ok(LogStream { body: Body::new(head, connection), closer })
    }

    /// A handle that ends the stream from another thread.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub fn closer(&self) -> io::Result<Closer> {
        self.closer.try_clone().map(Closer)
    }
}

impl Read for LogStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer)
    }
}

/// Ends a [`LogStream`] that is being read elsewhere.
#[derive(Debug)]
pub struct Closer(Socket);

impl Closer {
    /// Closes the connection: the waiting read returns, with the end or an error.
    pub fn close(&self) {
        // Already closed is what was wanted.
        let _ = self.0.shutdown();
    }
}
