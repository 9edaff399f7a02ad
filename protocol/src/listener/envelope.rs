//! Daemon → listener: one header line, LF, then the payload and nothing after it.

use std::str::FromStr;

use bytes::{Buf, BufMut, BytesMut};

use crate::event::{Event, EventKind, UnknownEventKind};
use crate::outside::shown;
use crate::payload::{Payload, PayloadError};

/// The longest header line a decoder accepts, in bytes. The daemon's own are well under 1 KiB.
const MAX_HEADER: usize = 64 * 1024;

/// One event addressed to one pool, ready to be written.
///
/// Seven tokens in fixed order, one blank between, LF at the end (`ev_e03`):
/// `ver:3.0 server:supervisor serial:9 pool:dumper poolserial:9 eventname:TICK_5 len:15`.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The daemon's identifier.
    pub server: &'a str,
    /// Number of the event, shared by all pools.
    pub serial: u64,
    /// The pool it goes to.
    pub pool: &'a str,
    /// Number of the event within that pool.
    pub poolserial: u64,
    /// Concrete kind.
    pub kind: EventKind,
    /// Rendered payload.
    pub payload: &'a Payload,
}

impl Envelope<'_> {
    /// Appends header line and payload to `out`.
    pub fn encode(&self, out: &mut BytesMut) {
        let payload = self.payload.as_bytes();
        out.reserve(128 + self.server.len() + self.pool.len() + payload.len());
        out.put_slice(b"ver:3.0 server:");
        out.put_slice(shown(self.server).as_bytes());
        out.put_slice(b" serial:");
        put_number(out, self.serial);
        out.put_slice(b" pool:");
        out.put_slice(shown(self.pool).as_bytes());
        out.put_slice(b" poolserial:");
        put_number(out, self.poolserial);
        out.put_slice(b" eventname:");
        out.put_slice(self.kind.name().as_bytes());
        out.put_slice(b" len:");
        put_number(out, self.payload.code_points() as u64);
        out.put_u8(b'\n');
        out.put_slice(payload);
    }
}

fn put_number(out: &mut BytesMut, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.put_slice(&digits[at..]);
}

/// A header line as a listener reads it. Unknown tokens are ignored; tokens may come in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `server:`, the daemon's identifier.
    pub server: String,
    /// `serial:`
    pub serial: u64,
    /// `pool:`
    pub pool: String,
    /// `poolserial:`
    pub poolserial: u64,
    /// `eventname:` as written; it may be a kind this version does not know.
    pub eventname: String,
    /// `len:`, the payload's length in code points.
    pub len: usize,
}

/// Why a header line could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A required token is missing.
    #[error("header lacks {0:?}")]
    Missing(&'static str),
    /// A number could not be read.
    #[error("header has a malformed {0:?}: {1:?}")]
    Malformed(&'static str, String),
}

impl FromStr for Header {
    type Err = HeaderError;

    /// Only `eventname` and `len` are required: other daemons may leave the rest out.
    fn from_str(line: &str) -> Result<Self, HeaderError> {
        let text = |key: &'static str| {
            line.split_whitespace()
                .filter_map(|token| token.split_once(':'))
                .find_map(|(name, value)| (name == key).then_some(value))
        };
        let number = |key: &'static str| match text(key) {
            None => Ok(0),
            Some(value) => value.parse().map_err(|_| HeaderError::Malformed(key, value.to_owned())),
        };
        let len = text("len").ok_or(HeaderError::Missing("len"))?;
        Ok(Header {
            server: text("server").unwrap_or_default().to_owned(),
            serial: number("serial")?,
            pool: text("pool").unwrap_or_default().to_owned(),
            poolserial: number("poolserial")?,
            eventname: text("eventname").ok_or(HeaderError::Missing("eventname"))?.to_owned(),
            len: len.parse().map_err(|_| HeaderError::Malformed("len", len.to_owned()))?,
        })
    }
}

/// An event as a listener received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The header line.
    pub header: Header,
    /// The payload text, exactly `header.len` code points.
    pub payload: String,
}

impl Received {
    /// The typed event.
    ///
    /// # Errors
    /// The name is unknown to this version, or the payload lacks a field its kind requires.
    pub fn event(&self) -> Result<Event, EventError> {
        let kind = EventKind::from_str(&self.header.eventname)?;
        Ok(Event::parse(kind, &self.payload)?)
    }
}

/// Why a received event has no typed form here. The listener can still answer it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A kind of event that this version does not know.
    #[error(transparent)]
    Kind(#[from] UnknownEventKind),
    /// A payload that is not of its kind's shape.
    #[error(transparent)]
    Payload(#[from] PayloadError),
}

/// Why a listener's input could not be read; the stream cannot be resynchronised after it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The header line is unusable.
    #[error("bad event header {line:?}")]
    Header {
        /// What was read.
        line: String,
        /// What is wrong with it.
        #[source]
        reason: HeaderError,
    },
    /// The header line does not end.
    #[error("event header is longer than {MAX_HEADER} bytes")]
    TooLong,
    /// Header or payload is not UTF-8.
    #[error("event is not UTF-8")]
    NotUtf8,
}

/// Reads events from a stream of bytes, however it is split.
///
/// The payload is read by decoding UTF-8 until `len` code points are complete, so a non-ASCII payload is read
/// right although `len` does not count bytes (`ev_e07`).
#[derive(Debug, Default)]
pub struct EnvelopeDecoder {
    buffer: BytesMut,
    /// The header whose payload is being read, and how far the payload is known.
    header: Option<(Header, Progress)>,
    /// How much of `buffer` is known to hold no LF.
    scanned: usize,
}

/// How much of the payload at the front of the buffer has been decoded.
#[derive(Debug, Default, Clone, Copy)]
struct Progress {
    bytes: usize,
    code_points: usize,
}

impl EnvelopeDecoder {
    /// A decoder at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes as they were read.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether the stream could end here without cutting an event in two.
    pub fn is_between_events(&self) -> bool {
        self.header.is_none() && self.buffer.is_empty()
    }

    /// The next complete event, or `None` until more bytes are fed.
    ///
    /// # Errors
    /// The stream is unusable from here on.
    pub fn next_event(&mut self) -> Result<Option<Received>, EnvelopeError> {
        if self.header.is_none() {
            let Some(at) = self.buffer[self.scanned..].iter().position(|&byte| byte == b'\n') else {
                self.scanned = self.buffer.len();
                return if self.scanned > MAX_HEADER { Err(EnvelopeError::TooLong) } else { Ok(None) };
            };
            let line = self.buffer.split_to(self.scanned + at);
            self.buffer.advance(1);
            self.scanned = 0;
            let line = std::str::from_utf8(&line).map_err(|_| EnvelopeError::NotUtf8)?;
            let header = line.parse().map_err(|reason| EnvelopeError::Header { line: line.to_owned(), reason })?;
            self.header = Some((header, Progress::default()));
        }
        let Some((header, progress)) = &mut self.header else { return Ok(None) };
        if !progress.advance(&self.buffer, header.len) {
            return Ok(None);
        }
        let payload = self.buffer.split_to(progress.bytes);
        let payload = String::from_utf8(payload.to_vec()).map_err(|_| EnvelopeError::NotUtf8)?;
        Ok(self.header.take().map(|(header, _)| Received { header, payload }))
    }
}

impl Progress {
    /// Steps over complete code points until `wanted` are known; true when they are.
    fn advance(&mut self, buffer: &[u8], wanted: usize) -> bool {
        while self.code_points < wanted {
            let Some(&first) = buffer.get(self.bytes) else { return false };
            // A malformed byte counts as one: the conversion at the end reports it.
            let width = match first {
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf7 => 4,
                _ => 1,
            };
            if buffer.len() < self.bytes + width {
                return false;
            }
            self.bytes += width;
            self.code_points += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(event: &Event, serial: u64) -> Vec<u8> {
        let mut out = BytesMut::new();
        let payload = event.payload();
        Envelope {
            server: "supervisor",
            serial,
            pool: "dumper",
            poolserial: serial,
            kind: event.kind(),
            payload: &payload,
        }
        .encode(&mut out);
        out.to_vec()
    }

    #[test]
    fn an_event_lies_on_the_pipe_as_captured() {
        assert_eq!(
            wire(&Event::SupervisorRunning, 9),
            b"ver:3.0 server:supervisor serial:9 pool:dumper poolserial:9 eventname:SUPERVISOR_STATE_CHANGE_RUNNING len:0\n"
        );
        assert_eq!(
            wire(&Event::GroupAdded { group: "cat".into() }, 0),
            b"ver:3.0 server:supervisor serial:0 pool:dumper poolserial:0 eventname:PROCESS_GROUP_ADDED len:14\ngroupname:cat\n"
        );
        let mut out = BytesMut::new();
        put_number(&mut out, u64::MAX);
        assert_eq!(&out[..], u64::MAX.to_string().as_bytes());
    }

    #[test]
    fn every_split_of_the_stream_gives_the_same_events() {
        let events = [
            Event::SupervisorRunning,
            Event::RemoteCommunication { kind: "t2".into(), data: "héllo € 🦀\nline2\n".into() },
            Event::GroupRemoved { group: "uñi".into() },
        ];
        let mut stream = Vec::new();
        for (serial, event) in events.iter().enumerate() {
            stream.extend(wire(event, serial as u64));
        }
        for at in 0..=stream.len() {
            let mut decoder = EnvelopeDecoder::new();
            let mut seen = Vec::new();
            for part in [&stream[..at], &stream[at..]] {
                decoder.feed(part);
                while let Some(received) = decoder.next_event().unwrap() {
                    seen.push(received.event().unwrap());
                }
            }
            assert_eq!(seen, events, "split at {at}");
            assert!(decoder.is_between_events());
        }
        let mut decoder = EnvelopeDecoder::new();
        let mut seen = 0;
        for byte in &stream {
            decoder.feed(std::slice::from_ref(byte));
            seen += usize::from(decoder.next_event().unwrap().is_some());
        }
        assert_eq!(seen, 3);
    }

    #[test]
    fn unusable_input_is_an_error_and_not_a_wait() {
        let mut decoder = EnvelopeDecoder::new();
        decoder.feed(b"no tokens here\n");
        assert!(matches!(decoder.next_event(), Err(EnvelopeError::Header { .. })));

        let mut decoder = EnvelopeDecoder::new();
        decoder.feed(&vec![b'x'; MAX_HEADER + 1]);
        assert_eq!(decoder.next_event(), Err(EnvelopeError::TooLong));

        let mut decoder = EnvelopeDecoder::new();
        decoder.feed(b"eventname:X len:1\n\xff");
        assert_eq!(decoder.next_event(), Err(EnvelopeError::NotUtf8));
    }

    #[test]
    fn unknown_tokens_and_names_are_tolerated() {
        let mut decoder = EnvelopeDecoder::new();
        decoder.feed(b"ver:4.0 bytelen:2 len:2 eventname:NEW_THING a:b:c\nhi");
        let received = decoder.next_event().unwrap().unwrap();
        assert_eq!(received.payload, "hi");
        assert_eq!(received.header.eventname, "NEW_THING");
        assert!(received.event().is_err());
    }
}
