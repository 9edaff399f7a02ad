//! Python's `shlex` tokenizer, in both of its modes, with the word characters of Supervisor's `environment=`.
//!
//! In its own (non-POSIX) mode a token is a run of word characters and quotes, a quoted string with its quotes,
//! or any other single character. In POSIX mode quotes vanish, parts stick together and backslashes escape.
//! A `#` outside quotes starts a comment; inside a word of the non-POSIX mode the word goes on after it.

use std::borrow::Cow;

use thiserror::Error;

/// Which of the two grammars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Quotes are kept, nothing escapes.
    Compatible,
    /// Quotes and backslashes as in a shell.
    Posix,
}

/// Text that ends too early.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShlexError {
    /// An open quote.
    #[error("No closing quotation")]
    NoClosingQuotation,
    /// A backslash at the end (POSIX mode only).
    #[error("No escaped character")]
    NoEscapedCharacter,
}

/// All tokens of a text.
pub(super) fn tokens(text: &str, mode: Mode) -> Result<Vec<Cow<'_, str>>, ShlexError> {
    let mut tokens = Vec::new();
    match mode {
        Mode::Compatible => {
            let mut rest = text;
            while let Some(token) = compatible_token(&mut rest)? {
                tokens.push(token);
            }
        }
        Mode::Posix => {
            let mut chars = text.chars().peekable();
            while let Some(token) = posix_token(&mut chars)? {
                tokens.push(Cow::Owned(token));
            }
        }
    }
    Ok(tokens)
}

/// The pieces of a text that hold so many tokens each, in the [`Mode::Compatible`] mode; the last may have fewer. They
/// end where the text does, or before a quote that nothing closes.
pub(super) fn parts(text: &str, size: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest;
        for _ in 0..size {
            if !matches!(compatible_token(&mut rest), Ok(Some(_))) {
                break;
            }
        }
        let part = start.get(..start.len() - rest.len())?;
        (!part.is_empty()).then_some(part)
    })
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn is_word(c: char, mode: Mode) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '_' | '/' | '.' | '+' | '-' | '(' | ')' | ':')
        || (mode == Mode::Posix && !c.is_ascii() && c.is_alphanumeric())
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'')
}

fn skip_line(chars: &mut Chars<'_>) {
    for c in chars.by_ref() {
        if c == '\n' {
            return;
        }
    }
}

/// The first character of the next token, white space and comments skipped.
fn first(chars: &mut Chars<'_>) -> Option<char> {
    loop {
        let c = chars.next()?;
        if c == '#' {
            skip_line(chars);
        } else if !is_space(c) {
            return Some(c);
        }
    }
}

/// The next token, which is a part of the text unless a comment cuts it in two.
fn compatible_token<'t>(rest: &mut &'t str) -> Result<Option<Cow<'t, str>>, ShlexError> {
    let c = loop {
        let Some(c) = rest.chars().next() else { return Ok(None) };
        if c == '#' {
            *rest = after_line(rest);
        } else if is_space(c) {
            take(rest, c.len_utf8());
        } else {
            break c;
        }
    };
    if is_quote(c) {
        let end = rest.get(1..).and_then(|quoted| quoted.find(c)).ok_or(ShlexError::NoClosingQuotation)?;
        return Ok(Some(Cow::Borrowed(take(rest, end + 2))));
    }
    if !is_word(c, Mode::Compatible) {
        return Ok(Some(Cow::Borrowed(take(rest, c.len_utf8()))));
    }
    let mut token = Cow::Borrowed("");
    loop {
        let end = rest.find(|c| !(is_word(c, Mode::Compatible) || is_quote(c))).unwrap_or(rest.len());
        let part = take(rest, end);
        if token.is_empty() {
            token = Cow::Borrowed(part);
        } else {
            token.to_mut().push_str(part);
        }
        if !rest.starts_with('#') {
            return Ok(Some(token));
        }
        *rest = after_line(rest);
    }
}

/// Cuts so many bytes off the front.
fn take<'t>(rest: &mut &'t str, bytes: usize) -> &'t str {
    let (front, back) = rest.split_at(bytes);
    *rest = back;
    front
}

fn after_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, after)| after)
}

fn posix_token(chars: &mut Chars<'_>) -> Result<Option<String>, ShlexError> {
    let Some(c) = first(chars) else { return Ok(None) };
    let mut token = String::new();
    let mut next = Some(c);
    while let Some(c) = next {
        if is_quote(c) {
            posix_quoted(chars, c, &mut token)?;
        } else if c == '\\' {
            token.push(chars.next().ok_or(ShlexError::NoEscapedCharacter)?);
        } else {
            token.push(c);
            if !is_word(c, Mode::Posix) {
                return Ok(Some(token));
            }
        }
        next = chars.next_if(|&c| is_quote(c) || c == '\\' || is_word(c, Mode::Posix));
    }
    Ok(Some(token))
}

/// The rest of a quoted part. Backslashes escape the quote and themselves, in double quotes only.
fn posix_quoted(chars: &mut Chars<'_>, quote: char, token: &mut String) -> Result<(), ShlexError> {
    while let Some(c) = chars.next() {
        if c == quote {
            return Ok(());
        }
        if c == '\\' && quote == '"' {
            let escaped = chars.next().ok_or(ShlexError::NoEscapedCharacter)?;
            if escaped != '\\' && escaped != quote {
                token.push('\\');
            }
            token.push(escaped);
        } else {
            token.push(c);
        }
    }
    Err(ShlexError::NoClosingQuotation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compatible_tokens() {
        for (text, expected) in [
            ("", vec![]),
            ("A=1,B=2", vec!["A", "=", "1", ",", "B", "=", "2"]),
            ("'a b' \"c\nd\"", vec!["'a b'", "\"c\nd\""]),
            ("it's a\"b", vec!["it's", "a\"b"]),
            ("\"a\"b", vec!["\"a\"", "b"]),
            ("\"a\\\"b", vec!["\"a\\\"", "b"]),
            ("foo#bar\nbaz", vec!["foobaz"]),
            ("foo #bar\nbaz", vec!["foo", "baz"]),
            ("/a.b+c-(d):e_1 é", vec!["/a.b+c-(d):e_1", "é"]),
            ("$x\\", vec!["$", "x", "\\"]),
        ] {
            assert_eq!(tokens(text, Mode::Compatible).unwrap(), expected, "{text:?}");
        }
        assert_eq!(tokens("\"a", Mode::Compatible), Err(ShlexError::NoClosingQuotation));
    }

    #[test]
    fn parts_of_so_many_tokens() {
        for (text, expected) in [
            ("", vec![]),
            ("A=1", vec!["A=1"]),
            ("A=1,B = 'x y'|C", vec!["A=1,", "B = 'x y'|", "C"]),
            ("é=a#b\nc, #d\nB=2 ", vec!["é=a#b\nc,", " #d\nB=2 "]),
        ] {
            assert_eq!(parts(text, 4).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn posix_tokens() {
        for (text, expected) in [
            ("A=\"\"", vec!["A", "=", ""]),
            ("\"a\"b'c'", vec!["abc"]),
            (r#""x\"y" "C:\dir" "\\" '\'"#, vec!["x\"y", "C:\\dir", "\\", "\\"]),
            (r"a\ b\,c", vec!["a b,c"]),
            ("été a*b", vec!["été", "a", "*", "b"]),
            ("a#b\nc", vec!["a", "c"]),
        ] {
            assert_eq!(tokens(text, Mode::Posix).unwrap(), expected, "{text:?}");
        }
        assert_eq!(tokens("it's", Mode::Posix), Err(ShlexError::NoClosingQuotation));
        assert_eq!(tokens("a\\", Mode::Posix), Err(ShlexError::NoEscapedCharacter));
    }
}
