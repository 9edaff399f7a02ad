//! Python's idea of white space, which decides what every strip and every "blank before a comment" means, and of a number
//! in a text.

use crate::digits::digit;
use crate::repr::str_repr;

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
    let number = Number::read(text, radix)?.nearest();
    Some(i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX }))
}

/// `int(text)` for numbers of up to 38 digits; larger ones are brought to the nearest of them.
pub fn wide_int(text: &str) -> Option<i128> {
    Some(Number::read(text, 10)?.nearest())
}

/// `str(int(text))`, however large the number is.
pub fn decimal(text: &str) -> Option<String> {
    let number = Number::read(text, 10)?;
    let digits: String = number.values().filter_map(|digit| char::from_digit(digit, 10)).collect();
    Some(match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits if number.is_negative => format!("-{digits}"),
        digits => digits.to_owned(),
    })
}

/// The digits that `int(text)` reads at most; without a limit its time would grow with their square.
const MOST_DIGITS: usize = 4300;

/// What Python says of a text that [`int`] of radix 10 does not take.
pub fn int_error(text: &str) -> String {
    let digits = Number::split(text, 10).run();
    match digits {
        Some(digits) if digits > MOST_DIGITS => format!(
            "Exceeds the limit ({MOST_DIGITS} digits) for integer string conversion: value has {digits} digits; \
             use sys.set_int_max_str_digits() to increase the limit"
        ),
        _ => {
            let shown: String = str_repr(text).chars().take(200).collect();
            format!("invalid literal for int() with base 10: {shown}")
        }
    }
}

/// A number as it is written.
struct Number<'t> {
    is_negative: bool,
    /// Digits and underscores, and whatever should not be there.
    digits: &'t str,
    radix: u32,
}

impl<'t> Number<'t> {
    fn split(text: &'t str, radix: u32) -> Self {
        // Not what `strip` takes away: the separators of ASCII are no blanks to a number.
        let text = text.trim();
        let (is_negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let digits = match unsigned.split_once(['o', 'O']) {
            Some((zero, rest)) if radix == 8 && is_zero(zero) => rest.strip_prefix('_').unwrap_or(rest),
            _ => unsigned,
        };
        Number { is_negative, digits, radix }
    }

    /// A text that is a number through and through, and none that is too long.
    fn read(text: &'t str, radix: u32) -> Option<Self> {
        let number = Self::split(text, radix);
        let digits = number.run()?;
        let is_whole = number.digits.chars().all(|c| c == '_' || number.value(c).is_some());
        (digits > 0 && is_whole && (radix != 10 || digits <= MOST_DIGITS)).then_some(number)
    }

    /// How many digits it begins with, unless the underscores between them are wrong.
    fn run(&self) -> Option<usize> {
        let mut digits = 0;
        let mut last = '_';
        for c in self.digits.chars() {
            match c {
                '_' if last == '_' => return None,
                '_' => {}
                c if self.value(c).is_some() => digits += 1,
                _ => break,
            }
            last = c;
        }
        (last != '_' || digits == 0).then_some(digits)
    }

    /// The values of its digits.
    fn values(&self) -> impl Iterator<Item = u32> {
        self.digits.chars().filter_map(|c| self.value(c))
    }

    /// The number, or the nearest one of 128 bits.
    fn nearest(&self) -> i128 {
        let sign = if self.is_negative { -1 } else { 1 };
        self.values().fold(0, |number: i128, digit| {
            number.saturating_mul(self.radix.into()).saturating_add(sign * i128::from(digit))
        })
    }

    fn value(&self, c: char) -> Option<u32> {
        digit(c).filter(|&digit| digit < self.radix)
    }
}

/// Whether a text is a single zero.
fn is_zero(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().and_then(digit) == Some(0) && chars.next().is_none()
}

/// `float(text)`: what [`int`] allows around and between the digits, and Rust's grammar of numbers, which is Python's.
pub fn float(text: &str) -> Option<f64> {
    let text: String =
        text.trim().chars().map(|c| digit(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)).collect();
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
            ("\u{b}\u{c}+1\u{a0}", 1),
            ("\u{85}\u{2028}1", 1),
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
            "",
            " ",
            "-",
            "x",
            "1 2",
            "1__0",
            "_1",
            "1_",
            "- 1",
            "--1",
            "+-1",
            "0x1",
            "0o7",
            "1.5",
            "²",
            "五",
            "−١",
            "٫5",
            "\u{1c}1",
            "1\u{1f}",
            "\u{1d}١",
            "1\0",
            "\u{180e}1",
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
    fn numbers_of_any_size() {
        for (text, number) in [
            (" 00_12 ", "12"),
            ("-0", "0"),
            ("-00٣", "-3"),
            ("99999999999999999999999999999999999999999", "99999999999999999999999999999999999999999"),
            ("-99999999999999999999", "-99999999999999999999"),
        ] {
            assert_eq!(decimal(text).as_deref(), Some(number), "{text:?}");
        }
        assert_eq!(decimal("1x"), None);
        assert_eq!(wide_int("9223372036854775808"), Some(1 << 63));
        assert_eq!(wide_int("-9223372036854775809"), Some(-(1 << 63) - 1));
        assert_eq!(wide_int(&"9".repeat(38)), Some(10i128.pow(38) - 1));
        assert_eq!(wide_int(&"9".repeat(40)), Some(i128::MAX));
    }

    #[test]
    fn what_python_says_of_other_texts() {
        let long = |digits: usize| {
            format!(
                "Exceeds the limit (4300 digits) for integer string conversion: value has {digits} digits; \
                 use sys.set_int_max_str_digits() to increase the limit"
            )
        };
        let many = "0".repeat(4301);
        assert_eq!(int(&many[1..], 10), Some(0));
        assert_eq!(int(&format!("{}1", "1_".repeat(4299)), 10), Some(i64::MAX));
        assert_eq!(int(&many, 8), Some(0));
        for (text, digits) in [
            (many.clone(), 4301),
            (format!(" -{many}1 "), 4302),
            (format!("{many}x__"), 4301),
            ("٠".repeat(5000), 5000),
            (format!("{}1", "1_".repeat(4300)), 4301),
        ] {
            assert_eq!(int(&text, 10), None);
            assert_eq!(int_error(&text), long(digits));
        }
        for text in [format!("x{many}"), format!("{many}__1"), format!("{many}_"), format!("{many}_x")] {
            assert_eq!(int(&text, 10), None);
            let error = int_error(&text);
            assert!(error.starts_with("invalid literal for int() with base 10: '"), "{error}");
            assert_eq!(error.len(), 240);
        }
        assert_eq!(int_error("1\u{1c}"), r"invalid literal for int() with base 10: '1\x1c'");
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
        for text in ["", ".", "e5", "5e", "_5", "5_", "1__0", "1_.5", "٥٫٢", "0x1", "5,5", "²", "\u{1c}5", "5\u{1f}"]
        {
            assert_eq!(float(text), None, "{text:?}");
        }
    }
}
