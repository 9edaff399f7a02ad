//! Supervisor's ini dialect: what Python's `RawConfigParser` reads with `;` and `#` as inline comments.
//!
//! The rules are line rules with two pieces of memory, the open option and the indentation of the line that
//! began it:
//!
//! 1. An inline comment starts at a `;` or `#` at column 0 or after a blank. Both characters are searched in
//!    lock step, one occurrence of each per round, so that `a;b ;c #d` keeps ` ;c`: files rely on it (`in10`).
//! 2. A line that is only comment vanishes; an empty one is part of an open value.
//! 3. A line indented deeper than the one that began the open option continues its value.
//! 4. `[`, anything, the *last* `]` of the line: a header. Everything else is `name = value` or `name: value`.
//!
//! Lines that are none of these are collected and reported together. Nothing here knows what a section or an
//! option means. Source: <https://docs.python.org/3.11/library/configparser.html>, contract 3.1 and 3.2.

use crate::repr::str_repr;
use thiserror::Error;

use super::decode::{DecodeError, decode};
use super::document::{Document, Mark, SectionId};
use crate::outside::charset;
use crate::text::{is_blank, strip, strip_end};

/// Why a file is not in the dialect. The texts are Python's, over several lines.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DialectError {
    /// Text before the first header.
    #[error("File contains no section headers.\nfile: {}, line: {line}\n{}", str_repr(file), str_repr(text))]
    NoSectionHeaders {
        /// The file's name as it was given.
        file: String,
        /// 1-based.
        line: usize,
        /// The line as it stands, newline included.
        text: String,
    },
    /// Lines that are neither header, option, continuation nor comment.
    #[error("Source contains parsing errors: {}{}", str_repr(file), listed(lines))]
    Parsing {
        /// The file's name as it was given.
        file: String,
        /// Line numbers and lines.
        lines: Vec<(usize, String)>,
    },
    /// Not UTF-8.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
}

fn listed(lines: &[(usize, String)]) -> String {
    lines.iter().map(|(number, line)| format!("\n\t[line {number:2}]: {}", str_repr(line))).collect()
}

/// Reads one file into the document. Time and memory are linear in its length.
///
/// # Errors
/// [`DialectError`]; the document then holds a part of the file and must not be used.
pub fn parse(document: &mut Document, file: &str, bytes: &[u8]) -> Result<(), DialectError> {
    let decoded = decode(bytes, charset());
    let mut reader =
        Reader { file: document.add_file(file), document, section: None, open: None, indent: 0, bad_lines: Vec::new() };
    for (index, line) in Lines(&decoded.text).enumerate() {
        reader.line(index + 1, line).map_err(|line| DialectError::NoSectionHeaders {
            file: file.to_owned(),
            line: index + 1,
            text: line.with_newline(),
        })?;
    }
    reader.close_option();
    if let Some(error) = decoded.error {
        return Err(error.into());
    }
    if !reader.bad_lines.is_empty() {
        return Err(DialectError::Parsing { file: file.to_owned(), lines: reader.bad_lines });
    }
    Ok(())
}

/// A physical line without its end, and whether it had one.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    ended: bool,
}

impl Line<'_> {
    /// As Python sees it: every line end is `\n`.
    fn with_newline(self) -> String {
        format!("{}{}", self.text, if self.ended { "\n" } else { "" })
    }
}

/// Lines ended by `\n`, `\r\n` or `\r`.
struct Lines<'a>(&'a str);

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let Some(end) = memchr::memchr2(b'\n', b'\r', self.0.as_bytes()) else {
            return Some(Line { text: std::mem::take(&mut self.0), ended: false });
        };
        let (text, rest) = self.0.split_at(end);
        self.0 = rest.strip_prefix("\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
        Some(Line { text, ended: true })
    }
}

/// An option whose value may still grow.
struct OpenOption {
    key: String,
    value: String,
    mark: Mark,
}

struct Reader<'d> {
    document: &'d mut Document,
    file: usize,
    section: Option<SectionId>,
    open: Option<OpenOption>,
    /// Columns of white space before the line that began the open option.
    indent: usize,
    bad_lines: Vec<(usize, String)>,
}

impl Reader<'_> {
    /// Takes one line; gives it back if it is text before any header.
    fn line<'a>(&mut self, number: usize, line: Line<'a>) -> Result<(), Line<'a>> {
        let comment = comment_start(line.text);
        let content = strip(comment.and_then(|at| line.text.get(..at)).unwrap_or(line.text));
        if content.is_empty() {
            if comment.is_none()
                && let Some(open) = &mut self.open
            {
                open.value.push('\n');
            }
            return Ok(());
        }
        let indent = match line.text.as_bytes().first() {
            Some(byte) if byte.is_ascii_graphic() => 0,
            _ => line.text.chars().take_while(|&c| is_blank(c)).count(),
        };
        if let Some(open) = &mut self.open
            && indent > self.indent
        {
            open.value.push('\n');
            open.value.push_str(content);
            return Ok(());
        }
        self.indent = indent;
        let mark = Mark { file: self.file, line: number };
        if let Some(name) = header(content) {
            self.close_option();
            self.section = Some(self.document.open(name, mark));
            return Ok(());
        }
        if self.section.is_none() {
            return Err(line);
        }
        let at = memchr::memchr2(b'=', b':', content.as_bytes());
        let Some((key, value)) = at.and_then(|at| Some((content.get(..at)?, content.get(at + 1..)?))) else {
            // The open option stays open, as in Python: an indented line after this one still belongs to it.
            self.bad_lines.push((number, line.with_newline()));
            return Ok(());
        };
        self.close_option();
        if key.is_empty() {
            self.bad_lines.push((number, line.with_newline()));
            return Ok(());
        }
        self.open = Some(OpenOption { key: lowercase(strip_end(key)), value: strip(value).to_owned(), mark });
        Ok(())
    }

    fn close_option(&mut self) {
        let (Some(section), Some(open)) = (self.section, self.open.take()) else { return };
        let OpenOption { key, mut value, mark } = open;
        value.truncate(strip_end(&value).len());
        self.document.set(section, key, value, mark);
    }
}

/// `str.lower()`, which mostly changes nothing.
fn lowercase(key: &str) -> String {
    if key.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        key.to_owned()
    } else {
        key.to_lowercase()
    }
}

/// Where the comment of a line starts. A line whose first character is `;` or `#` is all comment.
fn comment_start(line: &str) -> Option<usize> {
    memchr::memchr2(b';', b'#', line.as_bytes())?;
    if strip(line).starts_with([';', '#']) {
        return Some(0);
    }
    let mut searches = [(b';', Some(0)), (b'#', Some(0))];
    loop {
        let mut found: Option<usize> = None;
        for (prefix, from) in &mut searches {
            let Some(start) = *from else { continue };
            let rest = line.as_bytes().get(start..).unwrap_or_default();
            let Some(at) = memchr::memchr(*prefix, rest).map(|offset| start + offset) else {
                *from = None;
                continue;
            };
            *from = Some(at + 1);
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            if before.is_none_or(is_blank) {
                found = Some(found.map_or(at, |other| other.min(at)));
            }
        }
        if found.is_some() || searches.iter().all(|(_, from)| from.is_none()) {
            return found;
        }
    }
}

/// The name in a header line: at least one character between the first `[` and the last `]`.
fn header(content: &str) -> Option<&str> {
    let rest = content.strip_prefix('[')?;
    let end = rest.rfind(']')?;
    rest.get(..end).filter(|name| !name.is_empty())
}

#[cfg(test)]
#[path = "dialect_tests.rs"]
mod tests;
