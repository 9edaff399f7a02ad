//! Just enough JSON to report with: strings, and objects of ready-made values.

use std::fmt::Write as _;

/// A string as JSON has it, quotes included. It is a double-quoted scalar of YAML, too.
///
/// `a "b"` and a newline become `"a \"b\"\n"` with a backslash and an n.
pub(crate) fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // The second range is no control character to JSON, but to YAML.
            c if c < ' ' || ('\x7f'..='\u{9f}').contains(&c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// An array of strings, on one line.
pub(crate) fn strings(items: &[&str]) -> String {
    let items: Vec<String> = items.iter().map(|item| string(item)).collect();
    format!("[{}]", items.join(", "))
}

/// An object on one line. Values are JSON already.
pub(crate) fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{}: {value}", string(key))).collect();
    format!("{{{}}}", members.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_must_be_escaped_is() {
        assert_eq!(string("a \"b\"\\\n\r\t\0\u{1b}\u{85}é€🦀"), r#""a \"b\"\\\n\r\t\u0000\u001b\u0085é€🦀""#);
        assert_eq!(strings(&["a", "b"]), r#"["a", "b"]"#);
        assert_eq!(object(&[("ok", "true".into()), ("n", string("x"))]), r#"{"ok": true, "n": "x"}"#);
    }
}
