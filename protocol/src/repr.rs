//! CPython's `repr` of strings and bytes, which many of Supervisor's messages contain.
//!
//! ```
//! use supervisor_protocol::repr::{bytes_repr, str_repr};
//! assert_eq!(str_repr("it's"), r#""it's""#);
//! assert_eq!(bytes_repr(b"\xff\xfe bin"), r"b'\xff\xfe bin'");
//! ```

use std::fmt::Write as _;

use crate::outside::code_point;
use crate::printable::is_printable;

/// A string the way Python prints a string literal.
///
/// Single quotes, or double quotes if the text has a `'` and no `"`; backslash, newline, tab and carriage
/// return escaped; other unprintable characters as `\xNN`, `\uNNNN` or `\UNNNNNNNN`; printable non-ASCII
/// unchanged.
pub fn str_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                let code = code_point(c);
                // Writing to a String cannot fail.
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
    out
}

/// Bytes the way Python prints a bytes literal, `b` prefix included.
pub fn bytes_repr(data: &[u8]) -> String {
    let quote = if data.contains(&b'\'') && !data.contains(&b'"') { b'"' } else { b'\'' };
    let mut out = String::with_capacity(data.len() + 3);
    out.push('b');
    out.push(char::from(quote));
    for &byte in data {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            byte if byte == quote => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            byte => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(quote.into());
    out
}

/// A Python list of strings: `['a', 'b']`.
pub fn list_repr<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| str_repr(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

/// Text as Supervisor shows child output: UTF-8, or `Undecodable: b'…'` where it is not (`ev_e16`).
pub fn decode_or_repr(data: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(data) {
        Ok(text) => text.into(),
        Err(_) => format!("Undecodable: {}", bytes_repr(data)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_as_cpython_prints_them() {
        for (text, expected) in [
            ("plain", r"'plain'"),
            ("it's", r#""it's""#),
            (r#"both ' and ""#, r#"'both \' and "'"#),
            ("a\\b\n\t\r", r"'a\\b\n\t\r'"),
            ("\0\x1b\x7f\u{a0}\u{ad}", r"'\x00\x1b\x7f\xa0\xad'"),
            ("héllo €", "'héllo €'"),
            ("\u{2028}\u{e000}\u{10ff7f}\u{10ffe9}", r"'\u2028\ue000\U0010ff7f\udce9'"),
            ("\u{180e}\u{378}\u{600}\u{61c}1", r"'\u180e\u0378\u0600\u061c1'"),
            ("\u{e0100}\u{e01f0}", "'\u{e0100}\\U000e01f0'"),
            ("", "''"),
        ] {
            assert_eq!(str_repr(text), expected);
        }
    }

    #[test]
    fn bytes_as_cpython_prints_them() {
        assert_eq!(bytes_repr(b"RESULT 2\nOKREADY\n"), r"b'RESULT 2\nOKREADY\n'");
        assert_eq!(bytes_repr(b"it's"), r#"b"it's""#);
        assert_eq!(bytes_repr(b"'\""), r#"b'\'"'"#);
        assert_eq!(bytes_repr("é\0".as_bytes()), r"b'\xc3\xa9\x00'");
    }

    #[test]
    fn undecodable_data_is_shown_as_a_bytes_literal() {
        assert_eq!(decode_or_repr(b"ok"), "ok");
        assert_eq!(decode_or_repr(b"\xff\xfe bin"), r"Undecodable: b'\xff\xfe bin'");
        assert_eq!(list_repr(["a", "it's"]), r#"['a', "it's"]"#);
    }
}
