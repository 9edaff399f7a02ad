//! The ANSI filter behind `strip_ansi=true`.
//!
//! It removes control sequences: ESC `[`, parameters (0x30 to 0x3f), intermediates (0x20 to 0x2f) and one final byte
//! (0x40 to 0x7e), as ECMA-48 has them. One [`Stripper`] belongs to one channel and remembers an unfinished sequence,
//! so a sequence may be split over reads at any byte. A byte that no sequence may hold ends it and is text.
//!
//! Supervisor knows 15 final bytes, eats text up to one of these after any other, and forgets at the end of a read
//! (Q29). Everything that it removes of whole sequences is removed here.
//!
//! Sequences that do not start with ESC `[` (ESC `]` titles, ESC `M`) are text to this filter, as they are there.

use std::borrow::Cow;

use memchr::memchr;

const ESC: u8 = 0x1b;

/// The filter of one channel.
///
/// Source: ECMA-48, 5.4; contract Q29, `ev_e17`, `ev_e39`, `cfg_lg12`.
#[derive(Debug, Default)]
pub struct Stripper {
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After an ESC, which is text unless a `[` follows.
    Escape,
    /// Inside a sequence.
    Sequence,
}

impl Stripper {
    /// The next piece without its control sequences; borrowed when nothing is to be removed, so plain text costs one
    /// `memchr`. An ESC at its end is held back.
    ///
    /// The result may be empty although `piece` was not: such output still counts as output, and its event has an
    /// empty data part.
    pub fn strip<'a>(&mut self, piece: &'a [u8]) -> Cow<'a, [u8]> {
        if self.state == State::Text && memchr(ESC, piece).is_none() {
            return Cow::Borrowed(piece);
        }
        let mut kept = Vec::with_capacity(piece.len() + 1);
        let mut rest = piece;
        while let Some(&byte) = rest.first() {
            match self.state {
                State::Text => {
                    let end = memchr(ESC, rest).unwrap_or(rest.len());
                    let (text, after) = rest.split_at(end);
                    kept.extend_from_slice(text);
                    if !after.is_empty() {
                        self.state = State::Escape;
                    }
                    rest = after.get(1..).unwrap_or_default();
                    continue;
                }
                State::Escape if byte == b'[' => self.state = State::Sequence,
                State::Escape if byte == ESC => kept.push(ESC),
                State::Escape => {
                    kept.extend([ESC, byte]);
                    self.state = State::Text;
                }
                State::Sequence => match byte {
                    0x20..=0x3f => {}
                    0x40..=0x7e => self.state = State::Text,
                    ESC => self.state = State::Escape,
                    _ => {
                        kept.push(byte);
                        self.state = State::Text;
                    }
                },
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        Cow::Owned(kept)
    }

    /// Nothing follows: what was held back, to be kept after all. The filter is as new afterwards.
    pub fn end(&mut self) -> &'static [u8] {
        match std::mem::take(&mut self.state) {
            State::Escape => &[ESC],
            State::Text | State::Sequence => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of pieces, end included.
    fn stripped(pieces: &[&[u8]]) -> String {
        let mut stripper = Stripper::default();
        let mut kept: Vec<u8> = pieces.iter().flat_map(|piece| stripper.strip(piece).into_owned()).collect();
        kept.extend_from_slice(stripper.end());
        String::from_utf8(kept).unwrap()
    }

    #[test]
    fn plain_text_is_borrowed() {
        for text in ["", "hello\n", "h\u{e9}llo"] {
            let mut stripper = Stripper::default();
            assert!(
                matches!(stripper.strip(text.as_bytes()), Cow::Borrowed(same) if same == text.as_bytes()),
                "{text:?}"
            );
        }
    }

    const CASES: &[(&str, &str)] = &[
        ("\x1b[31mred\x1b[0m plain", "red plain"),
        ("a\x1b[2J\x1b[1;1Hb", "ab"),
        ("\x1b\x1b[31mx", "\x1bx"),
        ("\x1b[m", ""),
        // Final bytes that Supervisor does not know.
        ("\x1b[2Ghello", "hello"),
        ("x\x1b[?25Qzzz\x1b[31mred", "xzzzred"),
        ("\x1b[4 q|\x1b[!p|\x1b[1@|\x1b[~", "|||"),
        // Sequences that are none, or have no end.
        ("a\x1b[99", "a"),
        ("\x1b[", ""),
        ("\x1b[3\nnext", "\nnext"),
        ("\x1b[3\u{e9}", "\u{e9}"),
        ("\x1b[3\x1b[1mx", "x"),
        // Other escapes are text.
        ("lone \x1b", "lone \x1b"),
        ("\x1b]0;title\x07", "\x1b]0;title\x07"),
        ("\x1bM up", "\x1bM up"),
        ("\x1b\x1b", "\x1b\x1b"),
    ];

    #[test]
    fn sequences_are_removed_however_they_are_split() {
        for &(text, expected) in CASES {
            let bytes = text.as_bytes();
            assert_eq!(stripped(&[bytes]), expected, "{text:?}");
            for at in 0..=bytes.len() {
                assert_eq!(stripped(&[&bytes[..at], &bytes[at..]]), expected, "{text:?} at {at}");
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(stripped(&single), expected, "{text:?} by bytes");
        }
    }

    #[test]
    fn every_final_byte_of_the_original_ends_a_sequence() {
        for last in "HfABCDRsuJKhlpm".chars() {
            assert_eq!(stripped(&[format!("a\x1b[1;2{last}z").as_bytes()]), "az", "{last}");
        }
    }

    #[test]
    fn many_unfinished_sequences_take_linear_time() {
        let piece = "\x1b[".repeat(200_000);
        assert_eq!(stripped(&[piece.as_bytes()]), "");
        let lone = "\x1b".repeat(200_000);
        assert_eq!(stripped(&[lone.as_bytes()]), lone);
    }
}
