//! The ANSI filter behind `strip_ansi=true`.
//!
//! It removes everything from ESC `[` through the next byte out of `H f A B C D R s u J K h l p m`, wherever
//! that byte is; without one, the rest of the piece goes too. It keeps no memory from one piece to the next.
//!
//! A filter that knew the whole CSI grammar and remembered an unfinished sequence would be kinder to text
//! (`ESC[2Ghello` leaves `ello` here). But the bytes left over are what PROCESS_LOG and PROCESS_COMMUNICATION
//! events carry to existing listeners, and one algorithm has to serve files and events alike, so that a log and
//! the events about it agree. The published behaviour is therefore kept to the byte.
//!
//! Sequences that do not start with ESC `[` (ESC `]` titles, ESC `M`) are text to this filter.

use std::borrow::Cow;

use memchr::memchr;

const ESC: u8 = 0x1b;

/// `piece` without its escape sequences; borrowed when it holds none, so plain text costs one `memchr`.
///
/// The result may be empty although `piece` was not: such output still counts as output, and its event has an
/// empty data part.
///
/// Source: Supervisor's `strip_ansi`; contract `ev_e17`, `ev_e39`, `cfg_lg12`.
pub fn strip(piece: &[u8]) -> Cow<'_, [u8]> {
    let Some((text, mut rest)) = split_at_sequence(piece) else {
        return Cow::Borrowed(piece);
    };
    let mut kept = Vec::with_capacity(piece.len());
    kept.extend_from_slice(text);
    while let Some(end) = rest.iter().position(|&byte| is_final(byte)) {
        rest = rest.get(end + 1..).unwrap_or_default();
        let Some((text, sequence)) = split_at_sequence(rest) else {
            kept.extend_from_slice(rest);
            break;
        };
        kept.extend_from_slice(text);
        rest = sequence;
    }
    Cow::Owned(kept)
}

/// The text before the first ESC `[`, and what follows these two bytes.
fn split_at_sequence(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| memchr(ESC, rest)) {
        let at = from + found;
        if text.get(at + 1) == Some(&b'[') {
            return Some((text.get(..at)?, text.get(at + 2..)?));
        }
        from = at + 1;
    }
    None
}

fn is_final(byte: u8) -> bool {
    matches!(
        byte,
        b'H' | b'f' | b'A' | b'B' | b'C' | b'D' | b'R' | b's' | b'u' | b'J' | b'K' | b'h' | b'l' | b'p' | b'm'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(piece: &str) -> String {
        String::from_utf8(strip(piece.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn plain_text_is_borrowed() {
        for text in ["", "hello\n", "h\u{e9}llo", "lone \x1b", "\x1b]0;title\x07", "\x1bM up", "\x1b\x1b"] {
            assert!(matches!(strip(text.as_bytes()), Cow::Borrowed(same) if same == text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn sequences_are_removed() {
        assert_eq!(stripped("\x1b[31mred\x1b[0m plain"), "red plain");
        assert_eq!(stripped("a\x1b[2J\x1b[1;1Hb"), "ab");
        assert_eq!(stripped("\x1b\x1b[31mx"), "\x1bx");
        assert_eq!(stripped("\x1b[m"), "");
    }

    #[test]
    fn every_final_byte_of_the_list_ends_a_sequence() {
        for last in "HfABCDRsuJKhlpm".chars() {
            assert_eq!(stripped(&format!("a\x1b[1;2{last}z")), "az", "{last}");
        }
    }

    #[test]
    fn unknown_final_bytes_eat_text_up_to_a_known_one() {
        assert_eq!(stripped("\x1b[2Ghello"), "ello");
        assert_eq!(stripped("\x1b[1;32GHello"), "ello");
        assert_eq!(stripped("x\x1b[?25Qzzz\x1b[31mred"), "xred");
    }

    #[test]
    fn an_unfinished_sequence_eats_its_piece_and_is_forgotten() {
        assert_eq!(stripped("a\x1b[99"), "a");
        assert_eq!(stripped("mtail"), "mtail");
        assert_eq!(stripped("\x1b["), "");
    }

    #[test]
    fn many_unfinished_sequences_take_linear_time() {
        let piece = "\x1b[".repeat(200_000);
        assert_eq!(stripped(&piece), "");
        let lone = "\x1b".repeat(200_000);
        assert_eq!(stripped(&lone), lone);
    }
}
