//! Include patterns to paths, by the rules of Python's `glob` (contract 2.8).
//!
//! `*`, `?`, `[a-z]` and `[!a]` match within one component; `**` is no more than `*`; a wildcard does not match a
//! leading dot. A pattern without wildcards stands for the path if it exists. Paths are texts here, since messages
//! show them and their order is that of the texts: several slashes stay where no wildcard stands before them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use supervisor_protocol::ini::paths::parent;
use supervisor_protocol::outside::{self, code_point};

/// All paths that match a pattern, sorted. Directories that cannot be read match nothing.
pub(super) fn glob(pattern: &str) -> Vec<PathBuf> {
    let mut paths = find(pattern);
    paths.retain(|path| exists(path));
    paths.sort_unstable_by(|a, b| {
        let (a, b) = (outside::text(a), outside::text(b));
        a.chars().map(code_point).cmp(b.chars().map(code_point))
    });
    paths.into_iter().map(PathBuf::from).collect()
}

/// A path that ends in a slash is there if it is a directory.
fn exists(path: &OsStr) -> bool {
    let is_directory = path.as_bytes().ends_with(b"/");
    let path = Path::new(path);
    if is_directory { path.is_dir() } else { path.symlink_metadata().is_ok() }
}

/// The paths that a pattern may mean; whether they exist is asked once, at the end.
fn find(pattern: &str) -> Vec<OsString> {
    let Some(wildcard) = pattern.find(WILDCARDS) else { return vec![outside::os(pattern).into_owned()] };
    let mut components = Vec::new();
    let mut start = pattern;
    while start.len() > wildcard {
        components.push(start.rsplit('/').next().unwrap_or_default());
        start = parent(start);
    }
    let step_into = |paths: Vec<OsString>, component| paths.iter().flat_map(|path| step(path, component)).collect();
    components.into_iter().rev().fold(vec![outside::os(start).into_owned()], step_into)
}

const WILDCARDS: [char; 3] = ['*', '?', '['];

/// The entries of a directory that match one component of a pattern.
fn step(directory: &OsStr, component: &str) -> Vec<OsString> {
    if !component.contains(WILDCARDS) {
        return vec![join(directory, &outside::os(component))];
    }
    let readable = if directory.is_empty() { OsStr::new(".") } else { directory };
    let Ok(entries) = fs::read_dir(readable) else { return Vec::new() };
    let pattern: Vec<char> = component.chars().collect();
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.file_name()))
        .filter(|name| component.starts_with('.') || name.as_bytes().first() != Some(&b'.'))
        .filter(|name| matches(&pattern, &characters(name)))
        .map(|name| join(directory, &name))
        .collect()
}

/// With a slash in between, unless there is one.
fn join(directory: &OsStr, name: &OsStr) -> OsString {
    let mut path = directory.as_bytes().to_vec();
    if path.last().is_some_and(|&last| last != b'/') {
        path.push(b'/');
    }
    path.extend(name.as_bytes());
    OsString::from_vec(path)
}

fn characters(name: &OsStr) -> Vec<char> {
    outside::text(name).chars().collect()
}

/// Whether a name matches a pattern as a whole. A `*` is retried only at its last place, so the time is at most
/// the product of both lengths.
fn matches(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&c) = name.get(n) {
        if pattern.get(p) == Some(&'*') {
            p += 1;
            retry = Some((p, n));
        } else if let Some(next) = match_one(pattern, p, c) {
            p = next;
            n += 1;
        } else if let Some((after_star, from)) = retry {
            p = after_star;
            n = from + 1;
            retry = Some((after_star, from + 1));
        } else {
            return false;
        }
    }
    pattern.iter().skip(p).all(|&c| c == '*')
}

/// The place in the pattern after the element at `at`, if that element matches `c`.
fn match_one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match *pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => match set_end(pattern, at) {
            Some(end) => pattern.get(at + 1..end).filter(|set| set_contains(set, c)).map(|_| end + 1),
            // An open bracket that nothing closes is an ordinary character.
            None => (c == '[').then_some(at + 1),
        },
        literal => (literal == c).then_some(at + 1),
    }
}

/// The place of the `]` that closes the set opened at `at`; one directly after `[` or `[!` belongs to the set.
fn set_end(pattern: &[char], at: usize) -> Option<usize> {
    let first = if pattern.get(at + 1) == Some(&'!') { at + 2 } else { at + 1 };
    (first + 1..pattern.len()).find(|&end| pattern.get(end) == Some(&']'))
}

fn set_contains(set: &[char], c: char) -> bool {
    let (negated, set) = match set {
        ['!', rest @ ..] => (true, rest),
        set => (false, set),
    };
    let mut rest = set;
    let mut found = false;
    while let Some((&low, tail)) = rest.split_first() {
        rest = match tail {
            ['-', high, tail @ ..] => {
                found |= (low..=*high).contains(&c);
                tail
            }
            tail => {
                found |= low == c;
                tail
            }
        };
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns_ic01() {
        for (pattern, name, expected) in [
            ("*", "abc", true),
            ("*.conf", "a.conf", true),
            ("*.conf", "a.conf.bak", false),
            ("a*b*c", "aXbYbc", true),
            ("a*b*c", "aXbY", false),
            ("?", "é", true),
            ("?", "", false),
            ("[a-c]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[!a-c]x", "dx", true),
            ("[!a-c]x", "ax", false),
            ("[]a]", "]", true),
            ("[!]a]", "]", false),
            ("[!]a]", "b", true),
            ("[a-]", "-", true),
            ("[-a]", "-", true),
            ("[c-a]", "b", false),
            ("[abc", "[abc", true),
            ("a[", "a[", true),
            ("**", "abc", true),
            ("a", "A", false),
            ("{a,b}", "a", false),
        ] {
            let name: Vec<char> = name.chars().collect();
            assert_eq!(matches(&pattern.chars().collect::<Vec<_>>(), &name), expected, "{pattern} {name:?}");
        }
    }

    #[test]
    fn a_pattern_may_have_any_number_of_components() {
        assert_eq!(glob(&format!("/none{}", "/*".repeat(100_000))), [] as [PathBuf; 0]);
    }

    #[test]
    fn many_stars_do_not_explode() {
        let pattern: Vec<char> = "*a".repeat(200).chars().collect();
        let name: Vec<char> = "a".repeat(199).chars().chain(['b']).collect();
        assert!(!matches(&pattern, &name));
    }

    #[test]
    fn paths() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().display().to_string();
        for path in ["b.ini", "a.ini", ".hidden.ini", "x/1.ini", "y/2.ini", "y/z/3.ini", "x-x/4.ini", "x.x/5.ini"] {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink("nowhere", directory.path().join("broken.ini")).unwrap();
        for (pattern, expected) in [
            ("*.ini", &["a.ini", "b.ini", "broken.ini"][..]),
            (".*.ini", &[".hidden.ini"]),
            // By their texts, where `-` and `.` stand before the slash.
            ("*/*.ini", &["x-x/4.ini", "x.x/5.ini", "x/1.ini", "y/2.ini"]),
            ("**/*.ini", &["x-x/4.ini", "x.x/5.ini", "x/1.ini", "y/2.ini"]),
            ("a.ini", &["a.ini"]),
            ("none.ini", &[]),
            ("[xy]/", &["x/", "y/"]),
            ("x/../a.ini", &["x/../a.ini"]),
            // Slashes stay, but those that end the directory of a wildcard, and those that a wildcard stands before.
            ("x//1.ini", &["x//1.ini"]),
            ("x//", &["x//"]),
            ("a.ini/", &[]),
            ("./x//*.ini", &["./x/1.ini"]),
            (".//x/*.ini", &[".//x/1.ini"]),
            ("[xy]//*.ini", &["x/1.ini", "y/2.ini"]),
            ("[xy]//z//3.ini", &["y/z/3.ini"]),
            ("[xy]//", &["x/", "y/"]),
            ("?.ini/", &[]),
            ("none/*", &[]),
            ("a.ini/*", &[]),
        ] {
            let found: Vec<String> =
                glob(&format!("{base}/{pattern}")).iter().map(|path| path.display().to_string()).collect();
            let expected: Vec<String> = expected.iter().map(|path| format!("{base}/{path}")).collect();
            assert_eq!(found, expected, "{pattern}");
        }
        assert_eq!(glob("/"), [PathBuf::from("/")]);
        for start in ["//", "///"] {
            let found = glob(&format!("{}{base}/x/*", &start[1..]));
            assert_eq!(found[0].as_os_str(), &*format!("{}{base}/x/1.ini", &start[1..]));
        }
    }

    #[test]
    fn bytes_that_are_no_text() {
        let directory = tempfile::tempdir().unwrap();
        let names = [&b"\xc3\xa9\x80"[..], b"\xc3\xa9z", b"\x80", b"\xff", b"\xef\xbf\xbd"];
        for name in names {
            fs::write(directory.path().join(OsStr::from_bytes(name)), "").unwrap();
        }
        let base = outside::text(directory.path());
        let found = |pattern: &str| {
            let paths = glob(&format!("{base}/{pattern}"));
            paths.iter().map(|path| path.file_name().unwrap().as_bytes().to_vec()).collect::<Vec<_>>()
        };
        // In the order of Python, which has surrogates for them.
        assert_eq!(found("*"), [&b"\xc3\xa9z"[..], b"\xc3\xa9\x80", b"\x80", b"\xff", b"\xef\xbf\xbd"]);
        assert_eq!(found("?"), [&b"\x80"[..], b"\xff", b"\xef\xbf\xbd"]);
        let one = outside::text(OsStr::from_bytes(b"\x80"));
        assert_eq!(found(&one), [b"\x80"]);
        assert_eq!(found(&format!("?{one}")), [b"\xc3\xa9\x80"]);
    }
}
