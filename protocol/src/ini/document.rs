//! The sections of all files, merged, with the place of everything.
//!
//! One [`Document`] collects the main file and then each included file: a section written twice is one section,
//! and the later value of an option wins. `DEFAULT` is kept apart, as a fallback for every section.

use std::collections::HashMap;

/// What a main file must contain for [`Document::expand_here`] to act.
const HERE: &str = "(here)s";

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
    /// Its options.
    pub entries: Vec<Entry>,
    index: HashMap<String, usize>,
}

impl Section {
    fn new(name: &str, mark: Mark) -> Self {
        Section { name: name.to_owned(), mark, entries: Vec::new(), index: HashMap::new() }
    }

    /// Sets an option and returns its position; a second value replaces the first.
    fn set(&mut self, key: String, value: String, mark: Mark) -> usize {
        if let Some(&at) = self.index.get(&key) {
            if let Some(entry) = self.entries.get_mut(at) {
                entry.value = value;
                entry.mark = mark;
            }
            return at;
        }
        let at = self.entries.len();
        self.index.insert(key.clone(), at);
        self.entries.push(Entry { key, value, mark });
        at
    }

    /// The option of that name.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.index.get(key).and_then(|&at| self.entries.get(at))
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
    /// Options written since the last [`Document::expand_here`].
    touched: Vec<(SectionId, usize)>,
    /// Sections that the last [`Document::expand_here`] has seen.
    seen: usize,
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
            defaults: Section::new("DEFAULT", Mark { file: 0, line: 0 }),
            sections: Vec::new(),
            index: HashMap::new(),
            touched: Vec::new(),
            seen: 0,
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
        self.sections.push(Section::new(name, mark));
        SectionId::Named(at)
    }

    /// Sets an option.
    pub fn set(&mut self, id: SectionId, key: String, value: String, mark: Mark) {
        let section = match id {
            SectionId::Default => &mut self.defaults,
            SectionId::Named(at) => match self.sections.get_mut(at) {
                Some(section) => section,
                None => return,
            },
        };
        let at = section.set(key, value, mark);
        self.touched.push((id, at));
    }

    /// The section of that name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.index.get(name).and_then(|&at| self.sections.get(at))
    }

    /// An option's own entry, or the one in `DEFAULT`.
    pub fn entry(&self, section: &Section, key: &str) -> Option<Origin> {
        section.entry(key).or_else(|| self.defaults.entry(key)).map(|entry| self.origin(entry.mark))
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
        let mut defaults_touched = false;
        for (id, at) in std::mem::take(&mut self.touched) {
            let SectionId::Named(section) = id else {
                defaults_touched = true;
                continue;
            };
            if let Some(entry) = self.sections.get_mut(section).and_then(|section| section.entries.get_mut(at))
                && let Some(value) = replace_here(&entry.value, &here)
            {
                entry.value = value;
            }
        }
        let first = if defaults_touched { 0 } else { self.seen };
        self.seen = self.sections.len();
        for default in &self.defaults.entries {
            let Some(value) = replace_here(&default.value, &here) else { continue };
            for section in self.sections.iter_mut().skip(first) {
                if section.entry(&default.key).is_none() {
                    section.set(default.key.clone(), value.clone(), default.mark);
                }
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
        document.section(section)?.entry(key).map(|entry| entry.value.clone())
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
