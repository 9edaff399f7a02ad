//! Which bytes of a log a client gets.
//!
//! Three ways to read a log, as arithmetic on offsets and sizes in bytes: reading a range (`readLog` and
//! `readProcess*Log`), polling for news (`tailProcess*Log`), and following (`/logtail/…`). Whoever calls knows the
//! file, its size now and what to do about I/O errors; here are only numbers, and every result lies within the file.

use std::ops::Range;

/// Offset and length contradict each other: a negative offset with a length, or a negative length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bad arguments: a negative offset takes no length, and a length is not negative")]
pub struct BadArguments;

/// The bytes that `readLog(offset, length)` returns from a file of `size` bytes.
///
/// | offset | length | result |
/// |---|---|---|
/// | < 0 | 0 | the last \|offset\| bytes |
/// | ≥ 0 | 0 | from offset to the end |
/// | ≥ 0 | > 0 | at most length bytes from offset |
///
/// # Errors
/// [`BadArguments`] (fault 3) for any other combination.
///
/// Source: Supervisor's `readLog`; contract `ctl_x32`.
pub fn read_range(offset: i64, length: i64, size: u64) -> Result<Range<u64>, BadArguments> {
    if offset < 0 {
        return if length == 0 { Ok(size.saturating_sub(offset.unsigned_abs())..size) } else { Err(BadArguments) };
    }
    let length = u64::try_from(length).map_err(|_| BadArguments)?;
    let start = offset.unsigned_abs().min(size);
    let end = if length == 0 { size } else { start.saturating_add(length).min(size) };
    Ok(start..end)
}

/// The reply of `tailProcess*Log`, but for the bytes themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailRange {
    /// The bytes to return as text.
    pub range: Range<u64>,
    /// The offset to poll with next: the size of the file.
    pub next_offset: u64,
    /// More was written since the client's offset than it asked for.
    pub has_overflowed: bool,
}

/// The bytes that `tailProcess*Log(offset, length)` returns from a file of `size` bytes.
///
/// A client that asks for less than there is gets the newest `length` bytes and the overflow mark; one that asks
/// for more than there is gets the last `length` bytes, some of which it may have seen. Nothing is an error.
///
/// Source: Supervisor's `tailProcessLog`, re-sent data included; contract `ctl_x34`.
pub fn tail_range(offset: i64, length: i64, size: u64) -> TailRange {
    // In i128 none of the sums can overflow.
    let (mut offset, mut length, end) = (i128::from(offset), i128::from(length), i128::from(size));
    let has_overflowed = end > offset + length;
    if has_overflowed {
        offset = end - 1;
    }
    if offset + length > end {
        if offset > end - 1 {
            length = 0;
        }
        offset = end - length;
    }
    let start = offset.clamp(0, end);
    let stop = (start + length.max(0)).min(end);
    let bytes = |position: i128| u64::try_from(position).unwrap_or(0);
    TailRange { range: bytes(start)..bytes(stop), next_offset: size, has_overflowed }
}

/// How much of an existing log a stream begins with, in bytes.
pub const STREAM_HEAD_BYTES: u64 = 1024;

/// Where a log stream starts in a file of `size` bytes: the last [`STREAM_HEAD_BYTES`], or the beginning.
pub fn stream_start(size: u64) -> u64 {
    size.saturating_sub(STREAM_HEAD_BYTES)
}

/// What a log stream does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follow {
    /// Nothing new.
    Wait,
    /// Send these bytes.
    Send(Range<u64>),
    /// The file shrank: say so and continue from its beginning.
    Truncated,
}

/// Compares the position `sent` of a stream with the size of the file now.
pub fn follow(sent: u64, size: u64) -> Follow {
    match size.cmp(&sent) {
        std::cmp::Ordering::Less => Follow::Truncated,
        std::cmp::Ordering::Equal => Follow::Wait,
        std::cmp::Ordering::Greater => Follow::Send(sent..size),
    }
}

/// How many bytes of `data` can be sent without cutting a UTF-8 character: all of them, or all but an unfinished
/// character of at most 3 bytes at the end. Bytes that are no UTF-8 anyway are not held back.
pub fn complete_utf8_bytes(data: &[u8]) -> usize {
    for held in 1..=data.len().min(3) {
        let Some(&byte) = data.get(data.len() - held) else { break };
        let needed = match byte {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if held < needed { data.len() - held } else { data.len() };
    }
    data.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "plain stderr\n";

    fn text(range: Range<u64>) -> &'static str {
        &TEXT[range.start as usize..range.end as usize]
    }

    #[test]
    fn ranges_to_read() {
        let read = |offset, length| read_range(offset, length, 13).map(text);
        assert_eq!(read(0, 0), Ok(TEXT));
        assert_eq!(read(6, 0), Ok("stderr\n"));
        assert_eq!(read(0, 5), Ok("plain"));
        assert_eq!(read(6, 100), Ok("stderr\n"));
        assert_eq!(read(-7, 0), Ok("stderr\n"));
        assert_eq!(read(-100, 0), Ok(TEXT));
        assert_eq!(read(13, 0), Ok(""));
        assert_eq!(read(100, 5), Ok(""));
        assert_eq!(read(-1, 1), Err(BadArguments));
        assert_eq!(read(-1, -1), Err(BadArguments));
        assert_eq!(read(0, -1), Err(BadArguments));
        assert_eq!(read_range(i64::MAX, i64::MAX, 13), Ok(13..13));
        assert_eq!(read_range(i64::MIN, 0, 13), Ok(0..13));
        assert_eq!(read_range(-5, 0, 0), Ok(0..0));
    }

    #[test]
    fn ranges_to_tail() {
        for (offset, length, expected, overflow) in [
            (0, 13, TEXT, false),
            (0, 5, "derr\n", true),
            (0, 100, TEXT, false),
            (5, 5, "derr\n", true),
            (5, 8, " stderr\n", false),
            (5, 100, TEXT, false),
            (12, 5, "derr\n", false),
            (13, 5, "", false),
            (100, 5, "", false),
            (-5, 100, TEXT, false),
            (0, 0, "", true),
            (13, -5, "", true),
            (12, 1, "\n", false),
            (11, 1, "\n", true),
        ] {
            let tail = tail_range(offset, length, 13);
            assert_eq!((text(tail.range), tail.next_offset, tail.has_overflowed), (expected, 13, overflow));
        }
    }

    #[test]
    fn tails_never_leave_the_file() {
        let numbers = [i64::MIN, -14, -13, -1, 0, 1, 12, 13, 14, i64::MAX];
        for size in [0, 1, 13, u64::MAX] {
            for (offset, length) in numbers.iter().flat_map(|&o| numbers.iter().map(move |&l| (o, l))) {
                let Range { start, end } = tail_range(offset, length, size).range;
                assert!(start <= end && end <= size, "({offset}, {length}) of {size}: {start}..{end}");
            }
        }
    }

    #[test]
    fn following() {
        assert_eq!(stream_start(10), 0);
        assert_eq!(stream_start(1024), 0);
        assert_eq!(stream_start(1500), 476);
        assert_eq!(follow(5, 5), Follow::Wait);
        assert_eq!(follow(5, 9), Follow::Send(5..9));
        assert_eq!(follow(5, 4), Follow::Truncated);
    }

    #[test]
    fn characters_are_not_cut() {
        for whole in ["a", "é", "€", "𝄞", "xé", "x€y", ""] {
            assert_eq!(complete_utf8_bytes(whole.as_bytes()), whole.len(), "{whole}");
        }
        for character in ["é", "€", "𝄞"] {
            let bytes = character.as_bytes();
            for cut in 1..bytes.len() {
                let data = [b"ab", &bytes[..cut]].concat();
                assert_eq!(complete_utf8_bytes(&data), 2, "{character} cut at {cut}");
            }
        }
        for broken in [b"ab\xff".as_slice(), b"\x80", b"\x80\x80\x80\x80", b"\xc3\xa9\xa9"] {
            assert_eq!(complete_utf8_bytes(broken), broken.len(), "{broken:?}");
        }
    }
}
