//! Base64 the way Python's `binascii` reads and writes it, which no strict decoder does: characters outside
//! the alphabet are skipped, and a complete padding ends the data whatever follows.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes per line of encoded text: 76 characters.
const LINE_BYTES: usize = 57;

/// The bytes, or none if the last group of four is incomplete (missing padding).
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut filled, mut pads) = (0_u32, 0_u32, 0_u32);
    for byte in text.bytes() {
        if byte == b'=' {
            pads += 1;
            if filled >= 2 && filled + pads >= 4 {
                return Some(out);
            }
            continue;
        }
        let Some(digit) = digit(byte) else { continue };
        pads = 0;
        bits = bits << 6 | u32::from(digit);
        filled = (filled + 1) % 4;
        match filled {
            1 => {}
            // The low byte of what is complete: 12 bits hold one byte and 4 spare bits, and so on.
            2 => out.push((bits >> 4) as u8),
            3 => out.push((bits >> 2) as u8),
            _ => out.push(bits as u8),
        }
    }
    (filled == 0).then_some(out)
}

/// Encoded text in lines of 76 characters, each ended by a line feed.
pub(super) fn encode(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len() / 3 * 4 + data.len() / LINE_BYTES + 5);
    for line in data.chunks(LINE_BYTES) {
        for group in line.chunks(3) {
            let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
            for position in 0..4 {
                let index = (bits >> (18 - 6 * position)) & 63;
                let used = position <= group.len();
                out.push(if used { char::from(ALPHABET[index as usize]) } else { '=' });
            }
        }
        out.push('\n');
    }
    out
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_is_skipped_and_padding_ends_the_data() {
        for (text, expected) in [
            ("aGk=", Some("hi")),
            (" a*G\nk =!", Some("hi")),
            ("aGk=aGk=", Some("hi")),
            ("=aGk=", Some("hi")),
            ("aGkh", Some("hi!")),
            ("aA==", Some("h")),
            ("", Some("")),
            ("!!", Some("")),
            ("aGk", None),
            ("a", None),
            ("aA=", None),
        ] {
            assert_eq!(decode(text).as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn every_length_survives_the_round_trip() {
        let data: Vec<u8> = (0..=255).cycle().take(400).map(|byte: u8| byte.wrapping_mul(37)).collect();
        for length in 0..data.len() {
            let encoded = encode(&data[..length]);
            assert!(encoded.lines().all(|line| line.len() <= 76));
            assert_eq!(decode(&encoded).as_deref(), Some(&data[..length]));
        }
        assert_eq!(encode(&[b'a'; 60]), format!("{}YWFh\n", "YWFh".repeat(19) + "\n"));
    }
}
