//! Python's idea of white space, which decides what every strip and every "blank before a comment" means, and of a number
//! in a text.

use crate::digits::digit;

/// Whether Python's `str.isspace` holds for `c`: Unicode white space and the four ASCII separators.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.strip()`.
pub fn strip(text: &str) -> &str {
    if is_solid(text.as_bytes().first()) && is_solid(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches(is_blank)
}

/// `str.rstrip()`.
pub fn strip_end(text: &str) -> &str {
    if is_solid(text.as_bytes().last()) {
        return text;
    }
    text.trim_end_matches(is_blank)
}

/// Whether a byte is a visible ASCII character: most texts begin and end with one.
fn is_solid(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_graphic)
}

/// `int(text, radix)` for radix 8 (with `0o` allowed) or 10: blanks around the number, a sign, single `_` between digits,
/// and the digits those of any script. Numbers beyond 64 bits, which Python has, are brought to the nearest one of ours.
pub fn int(text: &str, radix: u32) -> Option<i64> {
    let text = strip(text);
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match unsigned.split_once(['o', 'O']) {
        Some((zero, rest)) if radix == 8 && is_zero(zero) => rest.strip_prefix('_').unwrap_or(rest),
        _ => unsigned,
    };
    let mut number: i64 = 0;
    for group in digits.split('_') {
        if group.is_empty() {
            return None;
        }
        for c in group.chars() {
            let digit = digit(c).filter(|&digit| digit < radix)?;
            number = number.saturating_mul(i64::from(radix)).saturating_add(sign * i64::from(digit));
        }
    }
    Some(number)
}

/// Whether a text is a single zero.
fn is_zero(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().and_then(digit) == Some(0) && chars.next().is_none()
}

/// `float(text)`: what [`int`] allows around and between the digits, and Rust's grammar of numbers, which is Python's.
pub fn float(text: &str) -> Option<f64> {
    let text: String =
        strip(text).chars().map(|c| digit(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)).collect();
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let mut underscores = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_');
    if !underscores.all(|(at, _)| is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1))) {
        return None;
    }
    text.replace('_', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_python_reads_them() {
        for (text, number) in [
            ("10", 10),
            (" \t-10\n", -10),
            ("\u{1f}+1\u{a0}", 1),
            ("007", 7),
            ("1_000", 1000),
            ("-0", 0),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
            ("١٢", 12),
            ("-٥", -5),
            ("1٢_𝟢", 120),
        ] {
            assert_eq!(int(text, 10), Some(number), "{text:?}");
        }
        for text in [
            "", " ", "-", "x", "1 2", "1__0", "_1", "1_", "- 1", "--1", "+-1", "0x1", "0o7", "1.5", "²", "五", "−١",
            "٫5",
        ] {
            assert_eq!(int(text, 10), None, "{text:?}");
        }
        for (text, number) in [
            ("17", Some(15)),
            ("0o17", Some(15)),
            ("0O_17", Some(15)),
            ("٠o١٧", Some(15)),
            ("٠٢٢", Some(18)),
            ("8", None),
            ("٨", None),
            ("0o", None),
            ("o7", None),
            ("1o7", None),
            ("00o7", None),
            ("0ｏ7", None),
        ] {
            assert_eq!(int(text, 8), number, "{text:?}");
        }
    }

    #[test]
    fn fractions_as_python_reads_them() {
        let known = [
            ("5", 5.0),
            (" 1_0.5\n", 10.5),
            ("٥.٢", 5.2),
            ("1٠e-１", 1.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+Infinity", f64::INFINITY),
        ];
        for (text, number) in known {
            assert_eq!(float(text), Some(number), "{text:?}");
        }
        for text in ["", ".", "e5", "5e", "_5", "5_", "1__0", "1_.5", "٥٫٢", "0x1", "5,5", "²"] {
            assert_eq!(float(text), None, "{text:?}");
        }
    }
}
