//! The sections of all files, merged, with the place of everything.
//!
//! One [`Document`] collects the main file and then each included file: a section written twice is one section,
//! and the later value of an option wins. `DEFAULT` is kept apart, as a fallback for every section.

use std::collections::HashMap;

/// What a value must contain for [`Document::expand_here`] to act.
const HERE: &str = "(here)s";

/// A section with more options than this is searched through an index. Few have as many.
const UNINDEXED: usize = 16;

/// Where something was written: file and line (1-based; 0 when it was not written anywhere).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The path as the user gave it (or as an include pattern produced it).
    pub file: String,
    /// 1-based line number in that file.
    pub line: usize,
}

/// File and line, the file as an index into [`Document::files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Index into [`Document::files`].
    pub file: usize,
    /// 1-based line number.
    pub line: usize,
}

/// One option of a section.
#[derive(Debug)]
pub struct Entry {
    /// In lower case.
    pub key: String,
    /// As written, comments and ends of blanks cut.
    pub value: String,
    /// Where it was last set.
    pub mark: Mark,
}

/// A section: its options in the order in which they first appeared.
#[derive(Debug)]
pub struct Section {
    /// The text between the brackets.
    pub name: String,
    /// The first header of that name.
    pub mark: Mark,
    /// Its own options.
    pub entries: Vec<Entry>,
    /// Its position among the sections of its document; `DEFAULT` has none.
    number: usize,
    /// Positions by key; empty while there are few.
    index: HashMap<String, usize>,
}

impl Section {
    fn new(name: &str, mark: Mark, number: usize) -> Self {
        Section { name: name.to_owned(), mark, entries: Vec::new(), number, index: HashMap::new() }
    }

    /// Sets an option and returns its position; a second value replaces the first.
    fn set(&mut self, key: String, value: String, mark: Mark) -> usize {
        if let Some(at) = self.position(&key) {
            if let Some(entry) = self.entries.get_mut(at) {
                entry.value = value;
                entry.mark = mark;
            }
            return at;
        }
        let at = self.entries.len();
        if at > UNINDEXED {
            self.index.insert(key.clone(), at);
        }
        self.entries.push(Entry { key, value, mark });
        if at == UNINDEXED {
            self.index = self.entries.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
        }
        at
    }

    /// Its own option of that name.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.position(key).and_then(|at| self.entries.get(at))
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.index.is_empty() {
            return self.entries.iter().position(|entry| entry.key == key);
        }
        self.index.get(key).copied()
    }
}

/// Names one section of a document: `DEFAULT` or one of [`Document::sections`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionId {
    /// The fallback of every section.
    Default,
    /// By its position.
    Named(usize),
}

/// What sections took over of one option of `DEFAULT`: the same for all that were opened between two directories.
#[derive(Debug, Default)]
struct Taken {
    /// Sections before these positions took the entry beside, unless they took an earlier one.
    ends: Vec<usize>,
    entries: Vec<Entry>,
}

impl Taken {
    fn of(&self, section: &Section) -> Option<&Entry> {
        self.entries.get(self.ends.partition_point(|&end| end <= section.number))
    }
}

/// Everything that was written.
#[derive(Debug)]
pub struct Document {
    /// The names of the files read, in order.
    pub files: Vec<String>,
    /// The section `DEFAULT`.
    pub defaults: Section,
    /// All others, in the order in which they first appeared.
    pub sections: Vec<Section>,
    index: HashMap<String, usize>,
    /// Options written since the last [`Document::expand_here`] that it may concern, as positions.
    touched: Vec<(usize, usize)>,
    /// What was taken over of each option of `DEFAULT`, in [`Document::expand_here`].
    taken: HashMap<String, Taken>,
}

impl Default for Document {
    fn default() -> Self {
        Document::new()
    }
}

impl Document {
    /// An empty document.
    pub fn new() -> Self {
        Document {
            files: Vec::new(),
            defaults: Section::new("DEFAULT", Mark { file: 0, line: 0 }, 0),
            sections: Vec::new(),
            index: HashMap::new(),
            touched: Vec::new(),
            taken: HashMap::new(),
        }
    }

    /// Registers a file; its name is shown in messages.
    pub fn add_file(&mut self, name: &str) -> usize {
        self.files.push(name.to_owned());
        self.files.len() - 1
    }

    /// The section of that name, made if there is none yet.
    pub fn open(&mut self, name: &str, mark: Mark) -> SectionId {
        if name == "DEFAULT" {
            return SectionId::Default;
        }
        if let Some(&at) = self.index.get(name) {
            return SectionId::Named(at);
        }
        let at = self.sections.len();
        self.index.insert(name.to_owned(), at);
        self.sections.push(Section::new(name, mark, at));
        SectionId::Named(at)
    }

    /// Sets an option.
    pub fn set(&mut self, id: SectionId, key: String, value: String, mark: Mark) {
        let at = match id {
            SectionId::Default => {
                self.defaults.set(key, value, mark);
                return;
            }
            SectionId::Named(at) => at,
        };
        let Some(section) = self.sections.get_mut(at) else { return };
        let is_concerned = value.contains(HERE);
        let option = section.set(key, value, mark);
        if is_concerned {
            self.touched.push((at, option));
        }
    }

    /// The section of that name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.index.get(name).and_then(|&at| self.sections.get(at))
    }

    /// The option that holds in a section: its own, or the one of `DEFAULT`.
    pub fn option<'a>(&'a self, section: &'a Section, key: &str) -> Option<&'a Entry> {
        let taken = || self.taken.get(key).and_then(|taken| taken.of(section));
        section.entry(key).or_else(taken).or_else(|| self.defaults.entry(key))
    }

    /// All options, in parts.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut [Entry]> {
        let written = std::iter::once(&mut self.defaults).chain(&mut self.sections);
        let taken = self.taken.values_mut().map(|taken| taken.entries.as_mut_slice());
        written.map(|section| section.entries.as_mut_slice()).chain(taken)
    }

    /// File and line of a place.
    pub fn origin(&self, mark: Mark) -> Origin {
        Origin { file: self.files.get(mark.file).cloned().unwrap_or_default(), line: mark.line }
    }

    /// Replaces `%(here)s` by a directory in everything that was written since the last call.
    ///
    /// Supervisor does so after the main file, and after each included one, when there is an `[include]`
    /// section: so each file sees its own directory. An option that a section takes from `DEFAULT` becomes its
    /// own with this. `%%(here)s` is an escaped percent sign and stays; a `%` in the directory is escaped.
    pub fn expand_here(&mut self, here: &str) {
        let here = here.replace('%', "%%");
        for (section, at) in std::mem::take(&mut self.touched) {
            if let Some(entry) = self.sections.get_mut(section).and_then(|section| section.entries.get_mut(at))
                && let Some(value) = replace_here(&entry.value, &here)
            {
                entry.value = value;
            }
        }
        let sections = self.sections.len();
        for Entry { key, value, mark } in &self.defaults.entries {
            let Some(value) = replace_here(value, &here) else { continue };
            let taken = self.taken.entry(key.clone()).or_default();
            if taken.ends.last().is_none_or(|&end| end < sections) {
                taken.ends.push(sections);
                taken.entries.push(Entry { key: key.clone(), value, mark: *mark });
            }
        }
    }
}

/// The text with each unescaped `%(here)s` replaced, or `None` if it has none.
fn replace_here(text: &str, here: &str) -> Option<String> {
    if !text.contains(HERE) {
        return None;
    }
    let mut out = String::with_capacity(text.len() + here.len());
    let mut rest = text;
    let mut found = false;
    while let Some(percent) = rest.find('%') {
        let (before, after) = rest.split_at(percent);
        out.push_str(before);
        let after = after.get(1..).unwrap_or_default();
        if let Some(tail) = after.strip_prefix('%') {
            out.push_str("%%");
            rest = tail;
        } else if let Some(tail) = after.strip_prefix(HERE) {
            out.push_str(here);
            found = true;
            rest = tail;
        } else {
            out.push('%');
            rest = after;
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark { file: 0, line: 1 };

    fn value(document: &Document, section: &str, key: &str) -> Option<String> {
        document.option(document.section(section)?, key).map(|entry| entry.value.clone())
    }

    #[test]
    fn here_is_replaced_unless_escaped() {
        for (text, expected) in [
            ("%(here)s/x:%(here)s", Some("/d/x:/d")),
            ("%%(here)s", None),
            ("%%%(here)s", Some("%%/d")),
            ("%(other)s", None),
            ("(here)s", None),
            ("50%% %(here)s %(x)s", Some("50%% /d %(x)s")),
        ] {
            assert_eq!(replace_here(text, "/d").as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_option_is_found_among_few_and_among_many() {
        let mut document = Document::new();
        let a = document.open("a", MARK);
        for round in 0..2 {
            for number in 0..3 * UNINDEXED {
                document.set(a, format!("k{number}"), format!("{round}.{number}"), MARK);
                assert_eq!(value(&document, "a", "k0").as_deref(), Some(format!("{round}.0").as_str()));
                assert_eq!(value(&document, "a", &format!("k{number}")), Some(format!("{round}.{number}")));
            }
        }
        assert_eq!(document.section("a").unwrap().entries.len(), 3 * UNINDEXED);
        assert_eq!(value(&document, "a", "none"), None);
    }

    #[test]
    fn a_default_is_taken_over_once() {
        let mut document = Document::new();
        let default = |document: &mut Document, text: &str| {
            document.set(SectionId::Default, "d".into(), text.into(), MARK);
        };
        let a = document.open("a", MARK);
        default(&mut document, "plain");
        document.expand_here("/1");
        assert_eq!(value(&document, "a", "d").as_deref(), Some("plain"));
        default(&mut document, "%(here)s");
        document.open("b", MARK);
        document.expand_here("/2");
        default(&mut document, "%(here)s/x");
        document.open("c", MARK);
        document.expand_here("/3");
        default(&mut document, "plain again");
        document.open("e", MARK);
        document.expand_here("/4");
        document.set(a, "d".into(), "own".into(), MARK);
        for (section, expected) in [("a", "own"), ("b", "/2"), ("c", "/3/x"), ("e", "plain again")] {
            assert_eq!(value(&document, section, "d").as_deref(), Some(expected), "{section}");
        }
    }

    #[test]
    fn each_file_sees_its_own_directory() {
        let mut document = Document::new();
        let a = document.open("a", MARK);
        document.set(a, "x".into(), "%(here)s".into(), MARK);
        document.set(SectionId::Default, "d".into(), "%(here)s".into(), MARK);
        document.expand_here("/main");
        let b = document.open("b", MARK);
        document.set(b, "x".into(), "%(here)s".into(), MARK);
        document.set(a, "y".into(), "%(here)s".into(), MARK);
        document.expand_here("/50%");
        for (section, key, expected) in
            [("a", "x", "/main"), ("a", "y", "/50%%"), ("b", "x", "/50%%"), ("a", "d", "/main"), ("b", "d", "/50%%")]
        {
            assert_eq!(value(&document, section, key).as_deref(), Some(expected), "{section}.{key}");
        }
    }
}
