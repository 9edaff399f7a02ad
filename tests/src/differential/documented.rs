//! The differences that are meant: `tests/differential/documented.txt`.
//!
//! ```text
//! CASE | ASPECT | WORDS OF docs/compatibility.md
//! -a line of the original
//! +a line of ours
//! ```
//!
//! The words must occur on that page. The lines are all that differ in the aspect, in the order of the diff; `…` in
//! one stands for any text. Entries of case `*` are about every case that has the aspect: their lines are taken out of
//! a difference before anything else. An entry that no longer shows is an error: the list stays true.

use std::fs;

use super::compare::Difference;
use super::home;

/// A difference that is meant.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The case.
    pub case: String,
    /// The aspect.
    pub aspect: String,
    /// Words of `docs/compatibility.md`.
    pub row: String,
    /// The lines that differ.
    pub lines: Vec<String>,
}

impl Entry {
    /// Whether a difference is this one.
    pub fn is(&self, case: &str, difference: &Difference) -> bool {
        self.case == case
            && self.aspect == difference.aspect
            && self.lines.len() == difference.lines.len()
            && self.lines.iter().zip(&difference.lines).all(|(pattern, line)| matches(pattern, line))
    }
}

/// Takes the lines out of a difference that entries about every case explain; the entries that did, by index.
pub fn explain(entries: &[Entry], difference: &mut Difference) -> Vec<usize> {
    let mut used = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        if entry.case == "*" && entry.aspect == difference.aspect {
            let before = difference.lines.len();
            difference.lines.retain(|line| !entry.lines.iter().any(|pattern| matches(pattern, line)));
            if difference.lines.len() < before {
                used.push(at);
            }
        }
    }
    used
}

/// All entries.
pub fn all() -> Vec<Entry> {
    let path = home().join("documented.txt");
    read(&fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn read(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with(['-', '+']) {
            entries.last_mut().unwrap_or_else(|| panic!("a line without a case: {line}")).lines.push(line.to_owned());
            continue;
        }
        // A case may be a line of a configuration, with bars in it.
        let mut parts = line.rsplitn(3, " | ").map(str::to_owned);
        let (Some(row), Some(aspect), Some(case)) = (parts.next(), parts.next(), parts.next()) else {
            panic!("not CASE | ASPECT | WORDS: {line}")
        };
        entries.push(Entry { case, aspect, row, lines: Vec::new() });
    }
    entries
}

/// Whether `…` in the pattern can be replaced so that it is the line.
fn matches(pattern: &str, line: &str) -> bool {
    let mut pieces = pattern.split('…');
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, inner)) = pieces.split_last() else { return rest.is_empty() };
    for piece in inner {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_and_match() {
        let entries = read("# comment\na | b=1 | log | Q 41\n-x … y\n+z\n");
        assert_eq!((entries[0].case.as_str(), entries[0].aspect.as_str()), ("a | b=1", "log"));
        let difference = |first: &str| Difference { aspect: "log".into(), lines: vec![first.into(), "+z".into()] };
        assert!(entries[0].is("a | b=1", &difference("-x 1 y")));
        assert!(!entries[0].is("a | b=1", &difference("-x 1 z")));
        let everywhere = read("* | log | Q 41\n+z\n");
        let mut rest = difference("-x 1 y");
        assert_eq!(explain(&everywhere, &mut rest), [0]);
        assert_eq!(rest.lines, ["-x 1 y"]);
    }

    #[test]
    fn every_entry_has_its_row() {
        let page = crate::ids::home().join("../docs/compatibility.md");
        let page = fs::read_to_string(page).expect("the page");
        for entry in all() {
            assert!(page.contains(&entry.row), "{}: not in docs/compatibility.md: {}", entry.case, entry.row);
        }
    }
}
