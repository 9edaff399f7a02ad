//! The seam to `rust-ini`: each section of the merged document as canonical ini text, loaded as raw keys and values.
//!
//! `rust-ini` has its own dialect (no line numbers, duplicate sections kept apart, comments in continuations
//! misread), so it never sees what the user wrote. It sees text in which nothing is left to interpret: each
//! value stands on one line between double quotes, and whatever could mean something inside is escaped with a
//! backslash. The key is the number of the option, which is sooner read than its name:
//!
//! ```ini
//! 0="bash -c \"a\nb\""
//! ```
//!
//! Quotes and escapes of `rust-ini` are on and undo exactly that. Most values have nothing to escape: they are what
//! `rust-ini` would give back, and are not sent round.
//!
//! One section is loaded at a time, without its header, which `rust-ini` would copy for every option. The values go
//! back into the document: so no second copy of a large configuration is held, and an option is found without building
//! a quoted key.

use std::fmt::Write as _;

use ini::{Ini, ParseOption};

use super::model::{Origin, Place};
use supervisor_protocol::ini::document::{Document, Entry, Section};

/// The raw options of every section, by name, and where each was written.
pub(super) struct Store {
    document: Document,
}

impl Store {
    /// Loads a document, section by section.
    ///
    /// # Errors
    /// If `rust-ini` does not accept the canonical text, which the escapes are there to exclude.
    pub(super) fn new(mut document: Document) -> Result<Self, String> {
        let mut text = String::new();
        for entries in document.entries_mut() {
            text.clear();
            render(entries, &mut text);
            if !text.is_empty() {
                load(entries, &text)?;
            }
        }
        Ok(Store { document })
    }

    /// Section names in the order of their first headers; `DEFAULT` is not among them.
    pub(super) fn sections(&self) -> impl Iterator<Item = &str> {
        self.document.sections.iter().map(|section| section.name.as_str())
    }

    /// Whether there is such a section.
    pub(super) fn has(&self, section: &str) -> bool {
        self.section(section).is_some()
    }

    /// The section of this name.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.document.section(name)
    }

    /// An option as written in its section, else in `DEFAULT`.
    pub(super) fn value<'a>(&'a self, section: &'a Section, key: &str) -> Option<&'a str> {
        self.document.option(section, key).map(|entry| entry.value.as_str())
    }

    /// The option names of a section, its own first, then those it takes from `DEFAULT`.
    pub(super) fn keys(&self, section: &str) -> Vec<&str> {
        let own = self.document.section(section);
        let defaults = self.document.defaults.entries.iter();
        let inherited = defaults.filter(|entry| own.is_none_or(|own| own.entry(&entry.key).is_none()));
        let own = own.map(|section| section.entries.as_slice()).unwrap_or_default();
        own.iter().chain(inherited).map(|entry| entry.key.as_str()).collect()
    }

    /// Everything that was written, with its place.
    pub(super) fn document(&self) -> &Document {
        &self.document
    }

    /// Where an option was written, else where its section begins.
    pub(super) fn place(&self, section: &str, key: &str) -> Place {
        match self.origin(section, key) {
            Some(origin) => Place { origin, section: section.to_owned(), key: key.to_owned() },
            None => Place { origin: self.section_origin(section), section: section.to_owned(), key: String::new() },
        }
    }

    /// Where an option was written, if it was.
    pub(super) fn origin(&self, section: &str, key: &str) -> Option<Origin> {
        let entry = self.document.option(self.document.section(section)?, key)?;
        Some(self.document.origin(entry.mark))
    }

    /// Where a section began.
    pub(super) fn section_origin(&self, section: &str) -> Origin {
        self.document.section(section).map(|section| self.document.origin(section.mark)).unwrap_or_default()
    }
}

/// Takes the values of options from their canonical text.
fn load(entries: &mut [Entry], text: &str) -> Result<(), String> {
    let options = ParseOption {
        enabled_quote: true,
        enabled_escape: true,
        enabled_indented_mutiline_value: false,
        enabled_preserve_key_leading_whitespace: false,
    };
    let mut ini = Ini::load_from_str_opt(text, options).map_err(|error| error.to_string())?;
    let mut options = ini.general_section_mut().iter_mut();
    // Each number stands in the text once, so the options come back in their order.
    for entry in entries.iter_mut().filter(|entry| has_special(&entry.value)) {
        let (_, value) = options.next().ok_or_else(|| format!("no value for {}", entry.key))?;
        entry.value = std::mem::take(value);
    }
    Ok(())
}

/// Writes the canonical text of those options in which something must be escaped.
fn render(entries: &[Entry], out: &mut String) {
    for (number, entry) in entries.iter().enumerate().filter(|(_, entry)| has_special(&entry.value)) {
        // A text takes all that is written to it.
        let _ = write!(out, "{number}=");
        quote(&entry.value, out);
        out.push('\n');
    }
}

/// Where the first byte stands that must be escaped.
fn special(text: &str) -> Option<usize> {
    text.bytes().position(|byte| matches!(byte, b'\n' | b'\r' | b'\\' | b'"' | b']' | b'=' | b':'))
}

fn has_special(text: &str) -> bool {
    special(text).is_some()
}

/// Writes one value between double quotes.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = special(rest) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push('\\');
        let mut chars = special.chars();
        match chars.next() {
            Some('\n') => out.push('n'),
            Some('\r') => out.push('r'),
            c => out.extend(c),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use supervisor_protocol::ini::dialect::parse;
    use supervisor_protocol::ini::document::{Mark, SectionId};

    fn get<'a>(store: &'a Store, section: &str, key: &str) -> Option<&'a str> {
        store.value(store.section(section)?, key)
    }

    const NASTY: &[&str] = &[
        "",
        " ",
        "plain",
        "\"quoted\"",
        "'single' and \"double\"",
        "\\",
        "C:\\new\\",
        "\\\\",
        "a ; b # c",
        ";",
        "#",
        "a=b:c",
        "[x]",
        "]",
        "\n",
        "\nleading",
        "a\n\nb",
        "trailing\n",
        "\r\n",
        "\t tabs \t",
        "%(here)s 100%%",
        "\\x41\\n\\0",
        "héllo €\u{2028}",
        "\0\u{7}",
    ];

    #[test]
    fn every_value_section_and_key_survives() {
        let mark = Mark { file: 0, line: 1 };
        let mut document = Document::new();
        for &section in NASTY {
            let id = document.open(section, mark);
            for &text in NASTY {
                document.set(id, text.to_owned(), text.to_owned(), mark);
            }
        }
        let store = Store::new(document).unwrap();
        assert_eq!(store.sections().collect::<Vec<_>>(), NASTY);
        for &section in NASTY {
            assert_eq!(store.keys(section), NASTY);
            for &text in NASTY {
                assert_eq!(get(&store, section, text), Some(text), "[{section:?}] {text:?}");
            }
        }
    }

    #[test]
    fn default_is_a_fallback_in02() {
        let mut document = Document::new();
        parse(&mut document, "x.conf", b"[DEFAULT]\na=1\nb=2\n[s]\nb=3\n[t]\n").unwrap();
        let store = Store::new(document).unwrap();
        for (section, key, expected) in
            [("s", "a", Some("1")), ("s", "b", Some("3")), ("t", "b", Some("2")), ("t", "c", None), ("none", "a", None)]
        {
            assert_eq!(get(&store, section, key), expected, "{section}.{key}");
        }
        assert_eq!(store.keys("s"), ["b", "a"]);
        assert_eq!(store.sections().collect::<Vec<_>>(), ["s", "t"]);
        assert!(!store.has("DEFAULT"));
        assert_eq!(store.origin("t", "b").unwrap().line, 3);
        assert_eq!(store.section_origin("t").line, 6);
    }

    #[test]
    fn canonical_text_is_one_line_per_option_with_something_to_escape() {
        let mut document = Document::new();
        let id = document.open("program:a", Mark { file: 0, line: 1 });
        document.set(id, "command".into(), "bash -c \"a\nb\"".into(), Mark { file: 0, line: 2 });
        document.set(SectionId::Default, "x".into(), "[x]".into(), Mark { file: 0, line: 3 });
        document.set(id, "user".into(), "x".into(), Mark { file: 0, line: 4 });
        document.set(id, "environment".into(), "A=1".into(), Mark { file: 0, line: 5 });
        let expected = "0=\"[x\\]\"\n0=\"bash -c \\\"a\\nb\\\"\"\n2=\"A\\=1\"\n";
        let mut text = String::new();
        document.entries_mut().for_each(|entries| render(entries, &mut text));
        assert_eq!(text, expected);
    }
}
