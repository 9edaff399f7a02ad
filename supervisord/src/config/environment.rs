//! The key/value list of `environment=`: `A="x,y",B=z`.
//!
//! Supervisor 4.3 reads it with a tokenizer that cuts some values short without a word (`A=$HOME` is `$`) and
//! swallows whatever stands where a comma should. Later versions use a POSIX tokenizer, which changes values
//! that work today. So (`vt02`, `vt04`):
//!
//! 1. The 4.3 grammar. A pair that a comma, a semicolon or the end follows is read as ever.
//! 2. Any other pair was cut. It alone is read by the POSIX grammar, which understands escapes and joined quotes; if
//!    that makes no sense either, it stays cut, with a warning.
//! 3. What the 4.3 grammar refuses is read by the POSIX grammar as a whole, or is an error.

use thiserror::Error;

use super::shlex::{Mode, ShlexError, parts, tokens};

/// Variables in the order in which they were written; a later duplicate wins.
pub(super) type Pairs = Vec<(String, String)>;

/// A list that was understood.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) pairs: Pairs,
    /// Something was skipped: the values may be shorter than what was written.
    pub(super) is_cut: bool,
}

/// A list that makes no sense. Contract 3.8.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvironmentError {
    /// Not `KEY`, `=`, `VALUE` somewhere.
    #[error("Unexpected end of key/value pairs in value '{0}'")]
    UnexpectedEnd(String),
    /// An open quote.
    #[error(transparent)]
    Tokens(#[from] ShlexError),
}

/// Reads a list.
///
/// # Errors
/// The error of the 4.3 grammar, when neither grammar accepts the text.
pub(super) fn parse(text: &str) -> Result<Parsed, EnvironmentError> {
    match read(text, Mode::Compatible) {
        Ok((pairs, true)) => Ok(Parsed { pairs, is_cut: false }),
        Ok((pairs, false)) => Ok(mend(text, pairs)),
        Err(error) => match read(text, Mode::Posix) {
            Ok((pairs, true)) => Ok(Parsed { pairs, is_cut: false }),
            _ => Err(error),
        },
    }
}

/// Reads the pairs that were cut by the other grammar. Those beside them, and all names, stay what they were.
fn mend(text: &str, mut pairs: Pairs) -> Parsed {
    let mut is_cut = false;
    for ((_, value), part) in pairs.iter_mut().zip(parts(text, TOKENS_OF_PAIR)) {
        if matches!(read(part, Mode::Compatible), Ok((_, true))) {
            continue;
        }
        match read(part, Mode::Posix) {
            Ok((mut whole, true)) if whole.len() == 1 => *value = whole.swap_remove(0).1,
            _ => is_cut = true,
        }
    }
    Parsed { pairs, is_cut }
}

/// Key, `=`, value and separator.
const TOKENS_OF_PAIR: usize = 4;

/// The pairs by one grammar, and whether all separators were proper ones.
fn read(text: &str, mode: Mode) -> Result<(Pairs, bool), EnvironmentError> {
    let tokens = tokens(text, mode)?;
    let mut pairs = Pairs::new();
    let mut is_proper = true;
    for group in tokens.chunks(TOKENS_OF_PAIR) {
        let [key, equals, value, separator @ ..] = group else {
            return Err(EnvironmentError::UnexpectedEnd(text.to_owned()));
        };
        if equals != "=" {
            return Err(EnvironmentError::UnexpectedEnd(text.to_owned()));
        }
        let value = match mode {
            Mode::Compatible => value.trim_matches(['\'', '"']),
            Mode::Posix => &**value,
        };
        pairs.push((key.clone().into_owned(), value.to_owned()));
        is_proper &= separator.first().is_none_or(|separator| separator == "," || separator == ";");
    }
    Ok((pairs, is_proper))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `A=1,B=2` as `A→1 B→2`, with `!` in front when it was cut; or the error.
    fn shown(text: &str) -> String {
        match parse(text) {
            Ok(parsed) => {
                let pairs: Vec<String> = parsed.pairs.iter().map(|(key, value)| format!("{key}→{value}")).collect();
                format!("{}{}", if parsed.is_cut { "!" } else { "" }, pairs.join(" "))
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_published_table_vt02_vt04() {
        for (text, expected) in [
            ("A=1,B=2", "A→1 B→2"),
            ("A=1 , B = 2", "A→1 B→2"),
            ("A=1,B=2,", "A→1 B→2"),
            ("A=1,\nB=2", "A→1 B→2"),
            ("A=\"x,y\",B='z'", "A→x,y B→z"),
            ("A=1;B=2", "A→1 B→2"),
            ("A=\"\"", "A→"),
            ("A=/usr/bin:/bin", "A→/usr/bin:/bin"),
            ("A=\"a=b\"", "A→a=b"),
            ("A=\"#x\"", "A→#x"),
            ("A=\"it's\"", "A→it's"),
            ("A=it's", "A→it's"),
            ("A=a\"b", "A→a\"b"),
            ("A=\"C:\\\\dir\"", "A→C:\\\\dir"),
            ("A=\"'x'\"", "A→x"),
            ("A=foo#bar,B=2", "A→foo"),
            ("\"A\"=1", "\"A\"→1"),
            ("A=1,A=2", "A→1 A→2"),
            ("A-B=1,C/D=2", "A-B→1 C/D→2"),
            ("", ""),
            (" \n", ""),
            // What 4.3 cuts or refuses and the POSIX grammar reads.
            ("A=\"a\"b", "A→ab"),
            ("A=\"x\\\"y\"", "A→x\"y"),
            ("A=été", "A→été"),
            ("A=a\\ b,B=2", "A→a b B→2"),
            // Only the pair that is cut: the others are as 4.3 reads them.
            (r#"Q="'x'",D="C:\\t",M="b""c""#, r"Q→x D→C:\\t M→bc"),
            (r#"M=b'c'"d" , Q="'x'""#, "M→b'c'\"d Q→x"),
            (r#""K"=a"b"|Q="'x'""#, r#"!"K"→a"b Q→x"#),
            (r#""K"="a"b"#, r#""K"→ab"#),
            (r#"A=$H B="x"y"#, "!A→$ B→xy"),
            (r#"A="x"y B="\\"z #c"#, r"A→xy B→\z"),
            // Cut as ever, with a warning.
            ("A=$HOME", "!A→$"),
            ("A=~/x", "!A→~"),
            ("A=x*", "!A→x"),
            ("A=foo bar", "!A→foo"),
            ("A=foo bar B=2", "!A→foo B→2"),
            ("A=1|B=2", "!A→1 B→2"),
            ("A=http://h:80/p?q=1", "!A→http://h:80/p q→1"),
            ("A==1", "!A→="),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn errors_are_those_of_the_first_grammar() {
        for text in ["A=1 B=2", "A=1\nB=2", "A=foo@bar", "A=a=b", "A=", "A", "=1", ",A=1", "A=1,,B=2", "A=#x"] {
            assert_eq!(shown(text), format!("Unexpected end of key/value pairs in value '{text}'"), "{text:?}");
        }
        assert_eq!(shown("A=\"1"), "No closing quotation");
        assert_eq!(shown("A=1,\nB"), "Unexpected end of key/value pairs in value 'A=1,\nB'");
    }

    /// An unquoted backslash is read by the second grammar, as a shell would.
    #[test]
    fn a_backslash_escapes() {
        assert_eq!(shown("A=C:\\dir"), "A→C:dir");
    }
}
