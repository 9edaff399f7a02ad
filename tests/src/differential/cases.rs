//! Configurations that start, read from `tests/differential/configs`.
//!
//! A case is `NAME.conf`, or a folder `NAME` with `main.conf` and whatever that includes. `NAME.next.conf` (in a folder
//! `next.conf`), if there is one, takes its place before the configuration is read again. The first line is a comment
//! that says what the case is about. Lines that begin with `;;` are for the rig:
//!
//! | line | meaning |
//! |---|---|
//! | `;; ends NAME=STATE ...` | where processes come to rest; without it those with `autostart` run. `*`: never |
//! | `;; call METHOD ARG ...` | a call after the others; numbers and `true`, `false` are what they look like |
//! | `;; until NAME=STATE` | waits for a state, between calls |
//! | `;; file NAME TEXT` | waits until a file has a text |
//! | `;; times N NAME TEXT` | waits until it has it N times |
//! | `;; brief` | neither groups are stopped and started nor the configuration is read again |
//! | `;; whole` | this is the whole file; without it a `[supervisord]`, a server and the interface come before it |
//! | `;; log NAME` | the file that has the activity log, if it is not `supervisord.log` |
//! | `;; root` | only root can play it |

use std::fs;
use std::path::Path;

use super::home;

/// A step after the standard script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call a method with these words.
    Call(String, Vec<String>),
    /// Wait for a state.
    Until(String, String),
    /// Wait until a file has a text so many times.
    File(String, String, usize),
}

/// A configuration and how it is played.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The file's stem.
    pub name: String,
    /// The comment of its first line.
    pub about: String,
    /// The text, and that of the second reading.
    pub text: String,
    /// The text that takes its place before the configuration is read again.
    pub next: Option<String>,
    /// Other files: path and text.
    pub files: Vec<(String, String)>,
    /// Name of a process → state it comes to rest in.
    pub ends: Vec<(String, String)>,
    /// Steps after the standard script.
    pub steps: Vec<Step>,
    /// No standard script.
    pub brief: bool,
    /// Nothing comes before the text.
    pub whole: bool,
    /// The file with the activity log.
    pub log: Option<String>,
    /// Only root can play it.
    pub root: bool,
}

/// All cases, by name.
pub fn all() -> Vec<Case> {
    let dir = home().join("configs");
    let mut cases: Vec<Case> = Vec::new();
    for entry in fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())).flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            cases.push(folder(&path, &name));
        } else if let Some(stem) = name.strip_suffix(".conf").filter(|stem| !stem.ends_with(".next")) {
            let next = fs::read_to_string(dir.join(format!("{stem}.next.conf"))).ok();
            cases.push(case(stem, &text(&path), next));
        }
    }
    cases.sort_by(|one, two| one.name.cmp(&two.name));
    cases
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder(path: &Path, name: &str) -> Case {
    let mut case = case(name, &text(&path.join("main.conf")), fs::read_to_string(path.join("next.conf")).ok());
    collect(path, path, &mut case.files);
    case
}

fn collect(root: &Path, path: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).flatten() {
        let path = entry.path();
        let place = path.strip_prefix(root).expect("a path in the folder").display().to_string();
        if path.is_dir() {
            collect(root, &path, files);
        } else if place != "main.conf" && place != "next.conf" {
            files.push((place, text(&path)));
        }
    }
}

/// Reads the lines for the rig.
pub fn case(name: &str, text: &str, next: Option<String>) -> Case {
    let about = text.lines().next().and_then(|line| line.strip_prefix("; ")).unwrap_or_default();
    assert!(!about.is_empty(), "{name}: the first line does not say what it is about");
    let mut case =
        Case { name: name.to_owned(), about: about.to_owned(), text: text.to_owned(), next, ..Case::default() };
    for line in text.lines().filter_map(|line| line.strip_prefix(";; ")) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let pair = |text: &str| {
            let (left, right) = text.split_once(['=', ' ']).unwrap_or_else(|| panic!("{name}: {line}"));
            (left.to_owned(), right.to_owned())
        };
        match word {
            "ends" => case.ends.extend(rest.split(' ').map(pair)),
            "call" => {
                let mut words = rest.split(' ').map(str::to_owned);
                let method = words.next().unwrap_or_default();
                case.steps.push(Step::Call(method, words.collect()));
            }
            "until" => {
                let (process, state) = pair(rest);
                case.steps.push(Step::Until(process, state));
            }
            "file" => {
                let (file, text) = pair(rest);
                case.steps.push(Step::File(file, text, 1));
            }
            "times" => {
                let (count, rest) = pair(rest);
                let (file, text) = pair(&rest);
                case.steps.push(Step::File(file, text, count.parse().expect("a number")));
            }
            "brief" => case.brief = true,
            "whole" => case.whole = true,
            "root" => case.root = true,
            "log" => case.log = Some(rest.to_owned()),
            _ => panic!("{name}: unknown line {line:?}"),
        }
    }
    case
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_the_rig() {
        let text =
            "; two of a kind\n;; ends a=FATAL b=*\n;; call startProcess a false\n;; until a=FATAL\n;; brief\n[x]\n";
        let case = case("two", text, None);
        assert_eq!(case.about, "two of a kind");
        assert_eq!(case.ends, [("a".into(), "FATAL".into()), ("b".into(), "*".into())]);
        assert_eq!(case.steps.len(), 2);
        assert!(case.brief && !case.whole && !case.root);
    }

    #[test]
    fn the_cases_can_be_read() {
        assert!(all().len() >= 60, "only {} configurations", all().len());
    }
}
