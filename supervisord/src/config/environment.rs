//! The key/value list of `environment=`: `A="x,y",B=z`.
//!
//! Supervisor 4.3 reads it with a tokenizer that cuts some values short without a word (`A=$HOME` is `$`) and
//! swallows whatever stands where a comma should. Later versions use a POSIX tokenizer, which changes values
//! that work today. So three steps (`vt02`, `vt04`):
//!
//! 1. The 4.3 grammar. If every separator is a comma or semicolon, its result stands.
//! 2. Else the POSIX grammar with these separators, which understands escapes and joined quotes.
//! 3. Else the 4.3 result, cut as it is, with a warning; or its error.

use thiserror::Error;

use super::shlex::{Mode, ShlexError, tokens};

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
    let compatible = read(text, Mode::Compatible);
    if let Ok((pairs, true)) = compatible {
        return Ok(Parsed { pairs, is_cut: false });
    }
    if let Ok((pairs, true)) = read(text, Mode::Posix) {
        return Ok(Parsed { pairs, is_cut: false });
    }
    compatible.map(|(pairs, _)| Parsed { pairs, is_cut: true })
}

/// The pairs by one grammar, and whether all separators were proper ones.
fn read(text: &str, mode: Mode) -> Result<(Pairs, bool), EnvironmentError> {
    let tokens = tokens(text, mode)?;
    let mut pairs = Pairs::new();
    let mut is_proper = true;
    for group in tokens.chunks(4) {
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
            // Step 2: what 4.3 cuts or refuses and the POSIX grammar reads.
            ("A=\"a\"b", "A→ab"),
            ("A=\"x\\\"y\"", "A→x\"y"),
            ("A=été", "A→été"),
            ("A=a\\ b,B=2", "A→a b B→2"),
            // Step 3: cut as ever, with a warning.
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
