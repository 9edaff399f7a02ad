//! The reading half of HTTP/1.1, as far as a client of small servers needs it.
//!
//! [`read_head`] takes a status line and headers, [`Body`] then yields the body by whichever framing the head
//! announces: `Transfer-Encoding: chunked`, `Content-Length`, or until the connection closes. Everything works
//! over a `BufRead`, so tests feed bytes. Errors are told apart the way Python's `http.client` does, because
//! listeners quote them in mails: [`HttpError`] displays its texts.
//!
//! Writing a request needs no abstraction; the callers format theirs. Redirects, compression and trailers'
//! contents are refused knowledge.

use std::io::{self, BufRead, ErrorKind, Read};

/// The longest line that is read: status, header or chunk size.
const MAX_LINE: u64 = 64 * 1024;

/// How many headers a response may have.
const MAX_HEADERS: usize = 100;

/// The beginning of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whether the version is at least 1.1.
    pub is_http11: bool,
    /// The status code, 100 to 999.
    pub status: u16,
    /// The reason phrase, possibly empty.
    pub reason: String,
    /// The headers, in order, as sent.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The first header of that name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        self.header(name).is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    }

    /// Whether the connection can carry another request once the body was read.
    pub fn keeps_alive(&self) -> bool {
        let persistent = if self.is_http11 {
            !self.has_token("connection", "close")
        } else {
            self.has_token("connection", "keep-alive")
        };
        persistent && self.framing() != Framing::UntilClose
    }

    fn framing(&self) -> Framing {
        if self.has_token("transfer-encoding", "chunked") {
            return Framing::Chunked(0);
        }
        if matches!(self.status, 100..=199 | 204 | 304) {
            return Framing::Length(0);
        }
        match self.header("content-length").map(|value| value.trim().parse()) {
            Some(Ok(length)) => Framing::Length(length),
            _ => Framing::UntilClose,
        }
    }
}

/// Why a response could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The connection was closed before the first byte.
    #[error("Remote end closed connection without response")]
    NoResponse,
    /// The first line is no status line; displayed as it came, line end included.
    #[error("{0}")]
    BadStatusLine(String),
    /// The protocol version is not 1.x.
    #[error("{0}")]
    UnknownProtocol(String),
    /// A line is longer than 64 KiB.
    #[error("got more than 65536 bytes when reading {0}")]
    LineTooLong(&'static str),
    /// There are more than a hundred headers.
    #[error("got more than 100 headers")]
    TooManyHeaders,
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads one line, its LF included; empty at the end of input.
fn read_line(reader: &mut impl BufRead, what: &'static str) -> Result<String, HttpError> {
    let mut line = Vec::new();
    reader.take(MAX_LINE + 1).read_until(b'\n', &mut line)?;
    if line.len() as u64 > MAX_LINE {
        return Err(HttpError::LineTooLong(what));
    }
    // Latin-1, in which every byte is a character.
    Ok(line.into_iter().map(char::from).collect())
}

/// Reads status line and headers. Interim responses (100) are skipped.
///
/// # Errors
/// Anything but an HTTP/1.x response.
pub fn read_head(reader: &mut impl BufRead) -> Result<Head, HttpError> {
    loop {
        let (is_http11, status, reason) = read_status(reader)?;
        let mut headers = Vec::new();
        loop {
            let line = read_line(reader, "header line")?;
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                break;
            }
            if headers.len() == MAX_HEADERS {
                return Err(HttpError::TooManyHeaders);
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim_end().to_owned(), value.trim().to_owned()));
            }
        }
        if status != 100 {
            return Ok(Head { is_http11, status, reason, headers });
        }
    }
}

fn read_status(reader: &mut impl BufRead) -> Result<(bool, u16, String), HttpError> {
    let line = read_line(reader, "status line")?;
    if line.is_empty() {
        return Err(HttpError::NoResponse);
    }
    let mut words = line.trim_start().splitn(2, char::is_whitespace);
    let version = words.next().unwrap_or_default().to_owned();
    let rest = words.next().unwrap_or_default().trim();
    let (status, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let reason = reason.trim().to_owned();
    let status = status.parse().ok().filter(|status| (100..=999).contains(status));
    let (Some(status), true) = (status, version.starts_with("HTTP/")) else {
        return Err(HttpError::BadStatusLine(line));
    };
    match version.as_str() {
        "HTTP/1.0" | "HTTP/0.9" => Ok((false, status, reason)),
        version if version.starts_with("HTTP/1.") => Ok((true, status, reason)),
        _ => Err(HttpError::UnknownProtocol(version)),
    }
}

/// Where a body ends, and how much of it is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    /// The rest of the current chunk.
    Chunked(u64),
    UntilClose,
    Done,
}

/// A response body as a reader. Its end is the end of the body, not of the connection.
#[derive(Debug)]
pub struct Body<R> {
    reader: R,
    framing: Framing,
    taken: u64,
}

impl<R: BufRead> Body<R> {
    /// The body that follows `head` on `reader`.
    pub fn new(head: &Head, reader: R) -> Self {
        Body { reader, framing: head.framing(), taken: 0 }
    }

    fn cut_short(&self, missing: u64) -> io::Error {
        let taken = self.taken;
        io::Error::new(ErrorKind::UnexpectedEof, format!("IncompleteRead({taken} bytes read, {missing} more expected)"))
    }

    /// Reads the line that starts a chunk; the size of the last one is 0.
    fn next_chunk(&mut self) -> io::Result<u64> {
        let other = |error| match error {
            HttpError::Io(error) => error,
            error => io::Error::new(ErrorKind::InvalidData, error.to_string()),
        };
        let line = read_line(&mut self.reader, "chunk size").map_err(other)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        u64::from_str_radix(digits, 16)
            .map_err(|_| io::Error::new(ErrorKind::UnexpectedEof, format!("IncompleteRead({} bytes read)", self.taken)))
    }

    /// Skips what follows the last chunk.
    fn skip_trailers(&mut self) -> io::Result<()> {
        for _ in 0..=MAX_HEADERS {
            match read_line(&mut self.reader, "trailer line") {
                Ok(line) if line.trim_end().is_empty() => return Ok(()),
                Ok(_) => {}
                Err(HttpError::Io(error)) => return Err(error),
                Err(error) => return Err(io::Error::new(ErrorKind::InvalidData, error.to_string())),
            }
        }
        Err(io::Error::new(ErrorKind::InvalidData, HttpError::TooManyHeaders.to_string()))
    }

    fn read_part(&mut self, buffer: &mut [u8], limit: u64) -> io::Result<usize> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.reader.read(buffer.get_mut(..limit).unwrap_or_default())?;
        self.taken += count as u64;
        Ok(count)
    }
}

impl<R: BufRead> Read for Body<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.framing {
                Framing::Done | Framing::Length(0) => return Ok(0),
                Framing::UntilClose => return self.read_part(buffer, u64::MAX),
                Framing::Length(left) => {
                    let count = self.read_part(buffer, left)?;
                    if count == 0 {
                        return Err(self.cut_short(left));
                    }
                    self.framing = Framing::Length(left - count as u64);
                    return Ok(count);
                }
                Framing::Chunked(0) => match self.next_chunk()? {
                    0 => {
                        self.skip_trailers()?;
                        self.framing = Framing::Done;
                    }
                    size => self.framing = Framing::Chunked(size),
                },
                Framing::Chunked(left) => {
                    let count = self.read_part(buffer, left)?;
                    if count == 0 {
                        return Err(self.cut_short(left));
                    }
                    let left = left - count as u64;
                    if left == 0 {
                        // The line end after the chunk's data.
                        read_line(&mut self.reader, "chunk end").map_err(|error| match error {
                            HttpError::Io(error) => error,
                            error => io::Error::new(ErrorKind::InvalidData, error.to_string()),
                        })?;
                    }
                    self.framing = Framing::Chunked(left);
                    return Ok(count);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// A reader that yields one byte at a time.
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match (self.0.split_first(), buffer.first_mut()) {
                (Some((byte, rest)), Some(slot)) => {
                    *slot = *byte;
                    self.0 = rest;
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }

    fn read(wire: &[u8]) -> (Head, io::Result<Vec<u8>>, usize) {
        let mut reader = BufReader::with_capacity(1, Drip(wire));
        let head = read_head(&mut reader).unwrap();
        let mut out = Vec::new();
        let result = Body::new(&head, &mut reader).read_to_end(&mut out).map(|_| out);
        (head, result, reader.into_inner().0.len())
    }

    #[test]
    fn each_framing_ends_where_it_should() {
        let (head, body, left) = read(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: y\r\n\r\nhelloNEXT");
        assert_eq!((head.status, head.reason.as_str(), head.keeps_alive()), (200, "OK", true));
        assert_eq!(head.header("x"), Some("y"));
        assert_eq!((body.unwrap(), left), (b"hello".to_vec(), 4));

        let wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n, chunked!\r\n0\r\nT: x\r\n\r\nNEXT";
        let (head, body, left) = read(wire);
        assert!(head.keeps_alive());
        assert_eq!((body.unwrap(), left), (b"hello, chunked!".to_vec(), 4));

        let (head, body, _) = read(b"HTTP/1.0 200 OK\r\n\r\nall of it");
        assert!(!head.keeps_alive());
        assert_eq!(body.unwrap(), b"all of it");
    }

    #[test]
    fn bodies_that_are_cut_short_are_errors() {
        let (_, body, _) = read(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\nhello");
        assert_eq!(body.unwrap_err().to_string(), "IncompleteRead(5 bytes read, 10 more expected)");
        let (_, body, _) = read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        assert_eq!(body.unwrap_err().to_string(), "IncompleteRead(5 bytes read)");
    }

    #[test]
    fn status_lines_are_read_as_http_client_does() {
        let head = |wire: &'static [u8]| read_head(&mut &wire[..]);
        assert_eq!(head(b"HTTP/1.1 404\r\n\r\n").unwrap().reason, "");
        assert_eq!(head(b"HTTP/1.1 500 Internal Server Error\r\n\r\n").unwrap().reason, "Internal Server Error");
        assert_eq!(head(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n").unwrap().status, 204);
        assert_eq!(head(b"").unwrap_err().to_string(), "Remote end closed connection without response");
        assert_eq!(head(b"SSH-2.0-x\r\n").unwrap_err().to_string(), "SSH-2.0-x\r\n");
        assert_eq!(head(b"HTTP/1.1 99 no\r\n").unwrap_err().to_string(), "HTTP/1.1 99 no\r\n");
        assert_eq!(head(b"HTTP/2.0 200 OK\r\n").unwrap_err().to_string(), "HTTP/2.0");
        let long = [b'x'; 70_000];
        assert!(matches!(read_head(&mut &long[..]), Err(HttpError::LineTooLong("status line"))));
    }
}
