//! HTTP/1.1 by hand: raw bytes out, one reply in. No retry, no redirect, no default header a test did not write.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::wait::GUARD;
use crate::xmlrpc::{self, Fault, Value};

/// Where a server listens.
#[derive(Clone, Debug)]
pub enum Address {
    /// A unix socket.
    Unix(std::path::PathBuf),
    /// A port of the loopback interface.
    Port(u16),
}

/// One connection, kept open between requests.
pub struct Conn {
    reader: BufReader<Box<dyn Read + Send>>,
    writer: Box<dyn Write + Send>,
}

/// A whole reply.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status line without its CRLF.
    pub status_line: String,
    /// The header lines in order, name and value.
    pub headers: Vec<(String, String)>,
    /// The body, as long as `Content-Length` says; empty without one.
    pub body: Vec<u8>,
}

impl Reply {
    /// The status code.
    pub fn code(&self) -> u16 {
        self.status_line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Conn {
    /// Connects, or says why not.
    ///
    /// # Errors
    /// Whatever the system reports for `connect`.
    pub fn open(address: &Address) -> std::io::Result<Self> {
        match address {
            Address::Unix(path) => Self::unix(path),
            Address::Port(port) => {
                let stream = TcpStream::connect(("127.0.0.1", *port))?;
                stream.set_read_timeout(Some(GUARD))?;
                let writer = stream.try_clone()?;
                Ok(Self { reader: BufReader::new(Box::new(stream)), writer: Box::new(writer) })
            }
        }
    }

    fn unix(path: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(GUARD))?;
        let writer = stream.try_clone()?;
        Ok(Self { reader: BufReader::new(Box::new(stream)), writer: Box::new(writer) })
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.writer.write_all(bytes.as_ref()).and_then(|()| self.writer.flush()).expect("write to the server");
    }

    /// Reads one reply; `None` when the connection ends (or was reset) instead.
    pub fn reply(&mut self) -> Option<Reply> {
        let status_line = self.line()?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").unwrap_or((&line, ""));
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut reply = Reply { status_line, headers, body: Vec::new() };
        let length: usize = reply.header("Content-Length").map_or(0, |text| text.parse().expect("a length"));
        reply.body.resize(length, 0);
        self.reader.read_exact(&mut reply.body).ok()?;
        Some(reply)
    }

    /// Reads exactly `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut buffer = vec![0; count];
        self.reader.read_exact(&mut buffer).expect("bytes from the server");
        buffer
    }

    /// Reads one chunk of a chunked body.
    pub fn chunk(&mut self) -> Vec<u8> {
        let size = self.line().expect("a chunk header");
        let size = usize::from_str_radix(&size, 16).unwrap_or_else(|_| panic!("chunk size {size:?}"));
        let chunk = self.bytes(size);
        assert_eq!(self.bytes(2), b"\r\n", "a chunk ends in CRLF");
        chunk
    }

    /// Whether the server closes this connection, waiting up to the guard.
    pub fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.reader.read_to_end(&mut rest).map_or_else(|error| error.kind() != std::io::ErrorKind::WouldBlock, |_| true)
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line).ok()?;
        line.ends_with(b"\r\n").then(|| String::from_utf8_lossy(&line[..line.len() - 2]).into_owned())
    }
}

/// `POST /RPC2` with a body; `extra` holds whole header lines.
pub fn post(body: &str, extra: &str) -> String {
    format!(
        "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n{extra}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// One call over a connection of its own.
///
/// # Errors
/// The fault of the server. Anything else that goes wrong is `None`.
pub fn rpc(address: &Address, method: &str, params: &[Value]) -> Option<Result<Value, Fault>> {
    let mut conn = Conn::open(address).ok()?;
    conn.writer.write_all(post(&xmlrpc::call(method, params), "").as_bytes()).ok()?;
    let reply = conn.reply()?;
    (reply.code() == 200).then(|| xmlrpc::response(&reply.text()))
}
