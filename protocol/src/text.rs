//! Python's idea of white space, which decides what every strip and every "blank before a comment" means, and of a whole
//! number in a text.

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

/// `int(text, radix)` for radix 8 (with `0o` allowed) or 10: blanks around the number, a sign, single `_` between digits.
/// Numbers beyond 64 bits, which Python has, are brought to the nearest one of ours.
pub fn int(text: &str, radix: u32) -> Option<i64> {
    let text = strip(text);
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match unsigned.strip_prefix("0o").or_else(|| unsigned.strip_prefix("0O")) {
        Some(rest) if radix == 8 => rest.strip_prefix('_').unwrap_or(rest),
        _ => unsigned,
    };
    let mut number: i64 = 0;
    for group in digits.split('_') {
        if group.is_empty() {
            return None;
        }
        for c in group.chars() {
            number = number.saturating_mul(i64::from(radix)).saturating_add(sign * i64::from(c.to_digit(radix)?));
        }
    }
    Some(number)
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
        ] {
            assert_eq!(int(text, 10), Some(number), "{text:?}");
        }
        for text in ["", " ", "-", "x", "1 2", "1__0", "_1", "1_", "- 1", "--1", "+-1", "0x1", "0o7", "1.5"] {
            assert_eq!(int(text, 10), None, "{text:?}");
        }
        for (text, number) in [("17", Some(15)), ("0o17", Some(15)), ("0O_17", Some(15)), ("8", None), ("0o", None)] {
            assert_eq!(int(text, 8), number, "{text:?}");
        }
    }
}
