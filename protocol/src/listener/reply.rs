//! Listener → daemon: `READY\n` and `RESULT <bytes>\n<body>`.
//!
//! What bytes mean depends on the listener's state, so the decoder is asked for the next reply *in a state*
//! and never looks further than that state allows. The rules, odd ones included, are the original's:
//!
//! * in ACKNOWLEDGED nothing is decided before the sixth byte (`ev_p04`);
//! * in READY any byte is a violation (`ev_p05`);
//! * the first seven bytes of a result line are not checked, the rest is read as Python's `int` would
//!   (`ev_p08`, `ev_p09`);
//! * `RESULT 0` completes only when a further byte arrives (`ev_p13`);
//! * a length beyond 64 bits is a valid one that never completes (`ev_p28`).
//!
//! Two rules are ours: a negative length is a bad result line (`ev_p14`, the original recurses until it
//! fails), and memory is bounded, whatever a listener writes: of a body only the first [`KEPT_BODY`] bytes, or as
//! many as [`ReplyDecoder::keeping`] says, are kept (the rest is counted), and a result line longer than
//! [`MAX_RESULT_LINE`] is a bad one.

use bytes::{Buf, Bytes, BytesMut};

use crate::state::ListenerState;

/// The longest result line, in bytes. Python refuses numbers of more than 4300 digits, so no longer line can
/// be a good one unless it is padded with blanks.
pub const MAX_RESULT_LINE: usize = 64 * 1024;

/// How much of a result body is kept: enough to tell `OK` from anything else and to show an excerpt.
pub const KEPT_BODY: usize = 256;

/// How much of a violation or of a bad result line is shown.
const EXCERPT: usize = 256;

/// What a listener said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// `READY\n` while ACKNOWLEDGED.
    Ready,
    /// A complete result while BUSY; of a long body only the beginning.
    Result {
        /// The first bytes of the body.
        body: Bytes,
        /// The body's full length in bytes.
        len: u64,
    },
    /// A result line whose length is no usable number, or that is too long, without its LF; of a long one, the beginning.
    /// Everything buffered is dropped.
    BadResultLine(Bytes),
    /// Bytes that the state does not allow; an excerpt. Everything buffered is dropped.
    Violation(Bytes),
}

impl Reply {
    /// Whether this is the result that acknowledges an event: exactly `OK` (`ev_p12`).
    pub fn is_ok(&self) -> bool {
        matches!(self, Reply::Result { body, len: 2 } if body[..] == *b"OK")
    }
}

/// Reads replies from a listener's stdout, however it is split.
#[derive(Debug)]
pub struct ReplyDecoder {
    buffer: BytesMut,
    body: Option<Body>,
    /// How much of `buffer` is known to hold no LF.
    scanned: usize,
    /// How much of a body is kept.
    keep: usize,
    /// A length that is understood as another one.
    echo: Option<Echo>,
}

/// A payload that may come back as the body, its length counted in code points.
#[derive(Debug, Clone, Copy)]
struct Echo {
    code_points: u64,
    bytes: u64,
}

impl Default for ReplyDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// A result body that is being collected.
#[derive(Debug)]
struct Body {
    kept: BytesMut,
    len: u64,
    missing: u64,
}

impl ReplyDecoder {
    /// A decoder for a listener that was just spawned.
    pub fn new() -> Self {
        Self::keeping(KEPT_BODY)
    }

    /// A decoder that keeps the first `keep` bytes of a body.
    pub fn keeping(keep: usize) -> Self {
        Self { buffer: BytesMut::new(), body: None, scanned: 0, keep, echo: None }
    }

    /// Tells the size of the payload that the listener was just sent, if it is one that gives payloads back. Such a
    /// listener in Python 3 counts characters where bytes are due; for this payload its number is understood.
    pub fn expect_echo(&mut self, code_points: usize, bytes: usize) {
        self.echo = Some(Echo { code_points: code_points as u64, bytes: bytes as u64 });
    }

    /// Adds bytes as they were read.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next reply of a listener in `state`, or `None` until more bytes are fed.
    pub fn next_reply(&mut self, state: ListenerState) -> Option<Reply> {
        match state {
            ListenerState::Acknowledged => self.next_ready(),
            ListenerState::Ready => (!self.buffer.is_empty()).then(|| self.violation()),
            ListenerState::Busy => self.next_result(),
            ListenerState::Unknown => {
                self.reset();
                None
            }
        }
    }

    /// Forgets everything that was fed.
    fn reset(&mut self) {
        self.buffer = BytesMut::new();
        self.body = None;
        self.scanned = 0;
    }

    fn next_ready(&mut self) -> Option<Reply> {
        if self.buffer.len() < super::READY.len() {
            return None;
        }
        if !self.buffer.starts_with(super::READY) {
            return Some(self.violation());
        }
        self.buffer.advance(super::READY.len());
        Some(Reply::Ready)
    }

    fn next_result(&mut self) -> Option<Reply> {
        if self.body.is_none() {
            let Some(at) = self.buffer[self.scanned..].iter().position(|&byte| byte == b'\n') else {
                self.scanned = self.buffer.len();
                return (self.scanned > MAX_RESULT_LINE).then(|| self.bad_line(self.scanned));
            };
            let end = self.scanned + at;
            self.scanned = 0;
            let length = self.buffer[..end].get(7..).filter(|_| end <= MAX_RESULT_LINE).and_then(result_length);
            let Some(len) = length else { return Some(self.bad_line(end)) };
            self.buffer.advance(end + 1);
            let len = self.echo.take().filter(|echo| echo.code_points == len).map_or(len, |echo| echo.bytes);
            self.body = Some(Body { kept: BytesMut::new(), len, missing: len });
        }
        let body = self.body.as_mut()?;
        if self.buffer.is_empty() {
            // Even an empty body is noticed only when a further byte arrives.
            return None;
        }
        let take = usize::try_from(body.missing).unwrap_or(usize::MAX).min(self.buffer.len());
        let part = self.buffer.split_to(take);
        let keep = part.len().min(self.keep.saturating_sub(body.kept.len()));
        body.kept.extend_from_slice(&part[..keep]);
        // A length beyond 64 bits never completes.
        if body.len != u64::MAX {
            body.missing -= take as u64;
        }
        if body.missing > 0 {
            return None;
        }
        self.body.take().map(|body| Reply::Result { body: body.kept.freeze(), len: body.len })
    }

    /// The result line that ends at `end` is a bad one. Where it is cut, no character is.
    fn bad_line(&mut self, end: usize) -> Reply {
        let line = &self.buffer[..end];
        let shown = std::str::from_utf8(line).map_or(EXCERPT, |text| text.floor_char_boundary(EXCERPT));
        let excerpt = Bytes::copy_from_slice(&line[..shown.min(end)]);
        self.reset();
        Reply::BadResultLine(excerpt)
    }

    fn violation(&mut self) -> Reply {
        let excerpt = Bytes::copy_from_slice(&self.buffer[..self.buffer.len().min(EXCERPT)]);
        self.reset();
        Reply::Violation(excerpt)
    }
}

/// The length on a result line, read as Python's `int(bytes)` does: surrounding white space, a sign, leading
/// zeros and single underscores between digits are fine. `None` for anything else and for negative numbers;
/// `u64::MAX` for numbers beyond 64 bits.
fn result_length(text: &[u8]) -> Option<u64> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c);
    let start = text.iter().position(|byte| !is_blank(byte))?;
    let end = text.iter().rposition(|byte| !is_blank(byte))? + 1;
    let text = &text[start..end];
    let (negative, digits) = match text.split_first()? {
        (b'+', rest) => (false, rest),
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    let mut number: u64 = 0;
    let mut count = 0;
    let mut after_digit = false;
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                number = number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                count += 1;
                after_digit = true;
            }
            b'_' if after_digit => after_digit = false,
            _ => return None,
        }
    }
    // Python's limit on the digits of a number.
    (after_digit && count <= 4300 && (!negative || number == 0)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ListenerState::*;

    /// Plays a listener's whole life with the states a daemon would be in; an event is sent at each READY.
    fn play(parts: &[&[u8]]) -> Vec<Reply> {
        let mut decoder = ReplyDecoder::new();
        let mut state = Acknowledged;
        let mut replies = Vec::new();
        for part in parts {
            decoder.feed(part);
            while let Some(reply) = decoder.next_reply(state) {
                state = match &reply {
                    Reply::Ready => Busy,
                    Reply::Result { .. } => Acknowledged,
                    Reply::BadResultLine(_) | Reply::Violation(_) => Unknown,
                };
                replies.push(reply);
            }
        }
        replies
    }

    fn ok() -> Reply {
        Reply::Result { body: Bytes::from_static(b"OK"), len: 2 }
    }

    #[test]
    fn every_split_of_the_stream_gives_the_same_replies() {
        let stream = b"READY\nRESULT 2\nOKREADY\nRESULT 4\nFAILREADY\nRESULT 0\nREADY\nRESULT x\n";
        let expected = [
            Reply::Ready,
            ok(),
            Reply::Ready,
            Reply::Result { body: Bytes::from_static(b"FAIL"), len: 4 },
            Reply::Ready,
            Reply::Result { body: Bytes::new(), len: 0 },
            Reply::Ready,
            Reply::BadResultLine(Bytes::from_static(b"RESULT x")),
        ];
        for at in 0..=stream.len() {
            assert_eq!(play(&[&stream[..at], &stream[at..]]), expected, "split at {at}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(play(&bytes), expected);
    }

    #[test]
    fn nothing_is_decided_before_the_sixth_byte() {
        assert_eq!(play(&[b"garba"]), []);
        assert_eq!(play(&[b"garbage"]), [Reply::Violation(Bytes::from_static(b"garbage"))]);
        assert_eq!(play(&[b"READY\r\n"]), [Reply::Violation(Bytes::from_static(b"READY\r\n"))]);
    }

    #[test]
    fn any_byte_in_ready_is_a_violation() {
        let mut decoder = ReplyDecoder::new();
        assert_eq!(decoder.next_reply(Ready), None);
        decoder.feed(b"\n");
        assert_eq!(decoder.next_reply(Ready), Some(Reply::Violation(Bytes::from_static(b"\n"))));
        decoder.feed(b"READY\n");
        assert_eq!(decoder.next_reply(Unknown), None);
        assert_eq!(decoder.next_reply(Acknowledged), None);
    }

    #[test]
    fn lengths_are_read_as_python_reads_them() {
        for good in
            ["RESULT 2", "RESULT 2\r", "RESULT +2", "RESULT 002", "RESULT 0_2", "RESULT  \t2 ", "XXXXXXX2", "result 2"]
        {
            assert_eq!(play(&[b"READY\n", good.as_bytes(), b"\nOK"]), [Reply::Ready, ok()], "{good}");
        }
        for bad in [
            "RESULT 0x2",
            "RESULT 1__2",
            "RESULT _2",
            "RESULT 2_",
            "RESULT ",
            "RESULT two",
            "RESULT2",
            "READY",
            "OK",
            "",
            "RESULT -1",
            "RESULT 1\0",
        ] {
            let line = Bytes::copy_from_slice(bad.as_bytes());
            assert_eq!(
                play(&[b"READY\n", bad.as_bytes(), b"\nOK"]),
                [Reply::Ready, Reply::BadResultLine(line)],
                "{bad}"
            );
        }
        assert_eq!(result_length(b"-0"), Some(0));
        assert_eq!(play(&[b"READY\nRESULT 99999999999999999999\n", b"any", b"thing"]), [Reply::Ready]);
    }

    #[test]
    fn memory_is_bounded_whatever_a_listener_writes() {
        let mut decoder = ReplyDecoder::new();
        let body = vec![b'x'; 1 << 20];
        decoder.feed(b"RESULT 43000000\n");
        let mut replies = Vec::new();
        for _ in 0..41 {
            decoder.feed(&body);
            replies.extend(decoder.next_reply(Busy));
            assert!(decoder.buffer.len() <= KEPT_BODY);
        }
        decoder.feed(&body);
        replies.extend(decoder.next_reply(Busy));
        assert!(matches!(&replies[..], [Reply::Result { len: 43_000_000, body }] if body.len() == KEPT_BODY));
    }

    #[test]
    fn a_result_line_is_bounded_and_shown_in_part() {
        let excerpt = |line: &[u8]| match &play(&[b"READY\n", line])[..] {
            [Reply::Ready] => None,
            [Reply::Ready, Reply::BadResultLine(line)] => Some(line.clone()),
            other => panic!("{other:?}"),
        };
        let ones = |count: usize| format!("RESULT {}", "1".repeat(count - 7)).into_bytes();
        assert_eq!(excerpt(&ones(MAX_RESULT_LINE)), None);
        assert_eq!(excerpt(&ones(MAX_RESULT_LINE + 1)).as_deref(), Some(&ones(EXCERPT)[..]));
        // With an end it is no better, nor is a good number behind many blanks.
        for padding in [EXCERPT, MAX_RESULT_LINE] {
            let line = format!("RESULT {}x\n", " ".repeat(padding));
            assert_eq!(excerpt(line.as_bytes()).as_deref(), Some(&line.as_bytes()[..EXCERPT]));
        }
        let line = format!("RESULT {}2\n", " ".repeat(MAX_RESULT_LINE));
        assert_eq!(excerpt(line.as_bytes()).as_deref(), Some(&line.as_bytes()[..EXCERPT]));
        let line = format!("{}\n", "\u{20ac}".repeat(100));
        assert_eq!(excerpt(line.as_bytes()).as_deref(), Some(&line.as_bytes()[..EXCERPT - 1]));
        let line = [0xff; EXCERPT + 1];
        assert_eq!(excerpt(&[&line[..], b"\n"].concat()).as_deref(), Some(&line[..EXCERPT]));
    }

    #[test]
    fn a_decoder_may_keep_more() {
        let mut decoder = ReplyDecoder::keeping(1000);
        decoder.feed(b"RESULT 3000\n");
        decoder.feed(&[b'x'; 3000]);
        assert!(matches!(decoder.next_reply(Busy), Some(Reply::Result { len: 3000, body }) if body.len() == 1000));
    }

    #[test]
    fn an_echo_may_count_characters() {
        let text = "h\u{e9}llo \u{20ac}";
        for count in [text.chars().count(), text.len()] {
            let mut decoder = ReplyDecoder::keeping(1000);
            decoder.expect_echo(text.chars().count(), text.len());
            decoder.feed(format!("RESULT {count}\n{text}READY\n").as_bytes());
            let body = Bytes::copy_from_slice(text.as_bytes());
            assert_eq!(decoder.next_reply(Busy), Some(Reply::Result { body, len: text.len() as u64 }));
            assert_eq!(decoder.next_reply(Acknowledged), Some(Reply::Ready));
        }
    }
}
