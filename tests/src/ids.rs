//! The ids of the contract: `tests/ids.txt` holds every one with its word and its line, `tests/ids-pending.txt` those
//! that have no test yet. An id's test is the function named by it, `ev_e13_group_payload_ends_in_lf`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// How the original stands to an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It behaves so: the test passes on it.
    Same,
    /// It differs, and we on purpose do not follow: the test fails on it.
    Better,
    /// It has no such thing: the test fails on it.
    Ours,
}

/// One line of `ids.txt`.
#[derive(Clone, Debug)]
pub struct Id {
    /// `ev_e13`.
    pub id: String,
    /// Its word.
    pub word: Word,
    /// What it says.
    pub line: String,
}

impl Id {
    /// Its series: `ev_e`, `cfg_cl`.
    pub fn series(&self) -> &str {
        self.id.trim_end_matches(|letter: char| letter.is_ascii_digit())
    }
}

/// The directory of this package.
pub fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All ids, in the order of the contract.
pub fn all() -> Vec<Id> {
    let text = fs::read_to_string(home().join("ids.txt")).expect("ids.txt");
    text.lines().map(parse).collect()
}

fn parse(line: &str) -> Id {
    let mut fields = line.splitn(3, '\t');
    let (Some(id), Some(word), Some(text)) = (fields.next(), fields.next(), fields.next()) else {
        panic!("ids.txt: three fields wanted in {line:?}")
    };
    let word = match word {
        "same" => Word::Same,
        "better" => Word::Better,
        "ours" => Word::Ours,
        other => panic!("ids.txt: {other:?} is no word"),
    };
    Id { id: id.to_owned(), word, line: text.to_owned() }
}

/// The ids without a test.
pub fn pending() -> BTreeSet<String> {
    let text = fs::read_to_string(home().join("ids-pending.txt")).expect("ids-pending.txt");
    text.lines().map(str::to_owned).collect()
}

/// The id a test function is named by: `ev_e13` of `ev_e13_group_payload_ends_in_lf`.
pub fn of_test(function: &str) -> Option<String> {
    let mut words = function.split('_');
    let document = words.next().filter(|word| ["ev", "cfg", "ctl"].contains(word))?;
    let number = words.next()?;
    let digits = number.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    let is_id = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit()) && digits.len() < number.len();
    is_id.then(|| format!("{document}_{number}"))
}

/// Every test function of the integration binary whose name claims an id, by id, read from the sources.
pub fn tests() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in sources(&home().join("it")) {
        let text = fs::read_to_string(&file).expect("a source file");
        let mut lines = text.lines().map(str::trim);
        while let Some(line) = lines.next() {
            if line != "#[test]" {
                continue;
            }
            let name = lines.find_map(|line| line.strip_prefix("fn ")?.split('(').next()).expect("a function");
            if ["ev_", "cfg_", "ctl_"].iter().any(|document| name.starts_with(document)) {
                let id = of_test(name).unwrap_or_else(|| panic!("{name} names no id"));
                found.entry(id).or_default().push(name.to_owned());
            }
        }
    }
    found
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).expect("the tests").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_carry_their_id() {
        assert_eq!(of_test("ev_e13_group_payload").as_deref(), Some("ev_e13"));
        assert_eq!(of_test("cfg_cl01_version").as_deref(), Some("cfg_cl01"));
        for other in ["ev_group", "ev_e1_x", "ev_13_x", "golden_usage", "tidy"] {
            assert_eq!(of_test(other), None, "{other}");
        }
    }
}
