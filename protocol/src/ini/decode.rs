//! Bytes of a configuration file to text, with CPython's messages for what is not UTF-8 where it should be.
//!
//! CPython reads a text file in blocks of 8 KiB and decodes block by block. Users see two traces of that: the
//! position in the message counts inside the block (plus the split character carried into it), and the lines
//! of earlier blocks have already been parsed, so that a mistake in them is reported first.

use std::borrow::Cow;
use std::fmt;

use crate::outside::{Charset, plain};

const BLOCK: usize = 8192;

/// A byte order mark.
const MARK: &str = "\u{feff}";

/// What could be decoded, and why it ends there.
pub struct Decoded<'a> {
    /// The whole text, or the complete lines before the block at fault. A byte order mark is skipped.
    pub text: Cow<'a, str>,
    /// Why the text stops early.
    pub error: Option<DecodeError>,
}

/// A place that is not UTF-8: `'utf-8' codec can't decode byte 0xff in position 105: invalid start byte`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    byte: u8,
    position: usize,
    length: usize,
    reason: &'static str,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DecodeError { byte, position, length, reason } = self;
        f.write_str("'utf-8' codec can't decode ")?;
        if *length == 1 {
            write!(f, "byte 0x{byte:02x} in position {position}: {reason}")
        } else {
            write!(f, "bytes in position {position}-{}: {reason}", position + length - 1)
        }
    }
}

impl std::error::Error for DecodeError {}

/// Decodes a file.
pub fn decode(bytes: &[u8], charset: Charset) -> Decoded<'_> {
    if !charset.is_strict() {
        return Decoded { text: charset.text(bytes.strip_prefix(MARK.as_bytes()).unwrap_or(bytes)), error: None };
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Decoded { text: plain(skip_mark(text)), error: None },
        Err(error) => error,
    };
    let start = error.valid_up_to();
    let byte = bytes.get(start).copied().unwrap_or_default();
    let starts_nothing = matches!(byte, 0x80..=0xc1 | 0xf5..=0xff);
    let (reason, length, buffer_start) = match error.error_len() {
        // CPython meets the unfinished character again when it flushes the decoder: alone, at position 0.
        None => ("unexpected end of data", bytes.len() - start, start),
        Some(_) if starts_nothing => ("invalid start byte", 1, buffer_start(bytes, start, start)),
        Some(length) => ("invalid continuation byte", length, buffer_start(bytes, start, start + length)),
    };
    let before = bytes.get(..buffer_start).and_then(|head| std::str::from_utf8(head).ok()).unwrap_or_default();
    let complete = before.rfind('\n').map_or(0, |newline| newline + 1);
    Decoded {
        text: skip_mark(before.get(..complete).unwrap_or_default()).into(),
        error: Some(DecodeError { byte, position: start - buffer_start, length, reason }),
    }
}

/// Where the decoder's buffer began when it met the byte at `found`, for a bad sequence starting at `start`:
/// at the block's first byte, or before it at the character that the block boundary splits.
fn buffer_start(bytes: &[u8], start: usize, found: usize) -> usize {
    let mut at = (found / BLOCK * BLOCK).min(start);
    while at > 0 && bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) && at != start {
        at -= 1;
    }
    at
}

fn skip_mark(text: &str) -> &str {
    text.strip_prefix(MARK).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        decode(bytes, Charset::Utf8).error.map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn messages_are_those_of_cpython() {
        for (bytes, expected) in [
            (&b"ok"[..], ""),
            (b"ab\xffcd", "'utf-8' codec can't decode byte 0xff in position 2: invalid start byte"),
            (b"ab\x80", "'utf-8' codec can't decode byte 0x80 in position 2: invalid start byte"),
            (b"ab\xc3(", "'utf-8' codec can't decode byte 0xc3 in position 2: invalid continuation byte"),
            (b"ab\xe2\x82(", "'utf-8' codec can't decode bytes in position 2-3: invalid continuation byte"),
            (b"ab\xe2\x82", "'utf-8' codec can't decode bytes in position 0-1: unexpected end of data"),
            (b"ab\xe2", "'utf-8' codec can't decode byte 0xe2 in position 0: unexpected end of data"),
        ] {
            assert_eq!(message(bytes), expected);
        }
    }

    #[test]
    fn positions_count_from_the_block_and_earlier_lines_survive() {
        let mut bytes = vec![b'\n'; BLOCK + 10];
        bytes.push(0xff);
        let decoded = decode(&bytes, Charset::Utf8);
        assert_eq!(decoded.text.len(), BLOCK);
        assert_eq!(message(&bytes), "'utf-8' codec can't decode byte 0xff in position 10: invalid start byte");

        // A two-byte character across the boundary is carried into the second block.
        let mut bytes = vec![b'x'; BLOCK - 1];
        bytes.extend("é".as_bytes());
        bytes.extend(b"a\xff");
        assert_eq!(message(&bytes), "'utf-8' codec can't decode byte 0xff in position 3: invalid start byte");
        assert_eq!(decode(&bytes, Charset::Utf8).text, "");
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        for charset in [Charset::Utf8, Charset::Latin1] {
            assert_eq!(decode("\u{feff}[supervisord]".as_bytes(), charset).text, "[supervisord]");
        }
    }

    #[test]
    fn another_charset_reads_all_bytes() {
        for (charset, expected) in [(Charset::Latin1, "caf\u{e9}"), (Charset::Other, "caf\u{10ffe9}")] {
            let decoded = decode(b"caf\xe9", charset);
            assert_eq!((&*decoded.text, decoded.error), (expected, None));
        }
    }
}
