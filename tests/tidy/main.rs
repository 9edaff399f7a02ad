//! What must stay true of the tree itself: where `unsafe` may stand, what the pure cores may not know, what may be
//! linked, and how long a file may grow.

#![expect(clippy::unwrap_used, reason = "a test ends where its assumptions do")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The only files with `unsafe`: fork and exec, descriptors, users, and the C library's locale and local time.
const UNSAFE_FILES: &[&str] = &[
    "protocol/src/locale.rs",
    "protocol/src/program.rs",
    "sdk/src/sys.rs",
    "supervisord/src/shell/daemonize.rs",
    "supervisord/src/shell/effects.rs",
    "supervisord/src/shell/inherited.rs",
    "supervisord/src/shell/localtime.rs",
    "supervisord/src/shell/poll.rs",
    "supervisord/src/shell/preflight/access.rs",
    "supervisord/src/shell/preflight/person.rs",
    "supervisord/src/shell/privileges.rs",
    "supervisord/src/shell/reaper.rs",
    "supervisord/src/shell/signals.rs",
    "supervisord/src/shell/spawn.rs",
    "supervisord/src/shell/spawn/exec.rs",
    "supervisord/src/shell/spawn/launcher.rs",
    "supervisord/src/shell/spawn/stack.rs",
];

/// Folders of pure code: values in, values out.
const PURE_FOLDERS: &[&str] =
    &["protocol/src", "supervisord/src/config", "supervisord/src/engine", "supervisord/src/output"];

/// What pure code cannot use.
const IMPURE: &[&str] = &[
    "tokio::",
    "std::fs",
    "std::net",
    "std::process",
    "env::var",
    "env::current_dir",
    "Instant::now",
    "SystemTime::now",
];

/// Licences that a dependency may be under, as one of its alternatives.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "Unlicense",
    "BSD-3-Clause",
    "BSD-2-Clause",
    "ISC",
    "CC0-1.0",
    "Unicode-3.0",
    "Zlib",
];

/// Crates that are too heavy to be linked in two versions.
const HEAVY: &[&str] = &["tokio", "hyper", "nix", "clap_builder", "quick-xml", "rustls", "libc", "bytes"];

/// A file that grows beyond this wants to be a folder.
const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every Rust source of the project, by its path from the root.
fn sources() -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                let place = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                sources.insert(place, fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(sources.len() > 50, "only {} sources found", sources.len());
    sources
}

/// The lines of a source that are built into the programs, without comments: all but what a `#[cfg(test)]` in front
/// takes out, be it a line (`mod tests;`, a field) or a block.
fn shipped(text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let mut source = text.lines().enumerate().map(|(at, line)| (at + 1, line.split("//").next().unwrap_or_default()));
    while let Some((at, line)) = source.next() {
        if !line.trim_start().starts_with("#[cfg(test)]") {
            lines.push((at, line));
            continue;
        }
        let mut depth = 0;
        for (_, line) in source.by_ref() {
            depth += line.matches(['{', '(']).count();
            depth -= line.matches(['}', ')']).count().min(depth);
            if depth == 0 && line.trim_end().ends_with([';', ',', '}']) {
                break;
            }
        }
    }
    lines
}

#[test]
fn only_test_code_is_left_out() {
    let text =
        "a\n#[cfg(test)]\nmod tests;\nb // c\n#[cfg(test)]\nif x(\n  y) {\n  z;\n}\nd\n#[cfg(test)]\nfault: F,\ne\n";
    let seen: Vec<&str> = shipped(text).into_iter().map(|(_, line)| line.trim()).collect();
    assert_eq!(seen, ["a", "b", "d", "e"]);
}

fn is_test(place: &str) -> bool {
    place.starts_with("tests/")
        || place.contains("/tests/")
        || place.ends_with("tests.rs")
        || place.contains("/sim/")
        || place.ends_with("/sim.rs")
}

#[test]
fn unsafe_stands_where_it_is_expected() {
    let mut found: Vec<String> = sources()
        .iter()
        .filter(|(place, _)| !is_test(place))
        .filter(|(_, text)| shipped(text).iter().any(|(_, line)| line.contains("unsafe ")))
        .map(|(place, _)| place.clone())
        .collect();
    found.sort();
    assert_eq!(found, UNSAFE_FILES);
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    for (place, text) in sources() {
        if is_test(&place) {
            continue;
        }
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in shipped(&text).into_iter().filter(|(_, line)| line.contains("unsafe {")) {
            let before = &lines[at.saturating_sub(8)..at];
            assert!(before.iter().any(|line| line.contains("SAFETY:")), "{place}:{at} has no SAFETY comment: {line}");
        }
    }
}

#[test]
fn pure_folders_do_no_io() {
    for (place, text) in sources() {
        if is_test(&place) || !PURE_FOLDERS.iter().any(|folder| place.starts_with(folder)) {
            continue;
        }
        for (at, line) in shipped(&text) {
            for word in IMPURE {
                assert!(!line.contains(word), "{place}:{at} uses {word}: {line}");
            }
        }
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    for (place, text) in sources() {
        let lines = text.lines().count();
        assert!(is_test(&place) || lines <= MAX_LINES, "{place} has {lines} lines, it wants to be a folder");
    }
}

#[test]
fn dependencies_are_free_and_heavy_ones_single() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--edges", "normal", "--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (package, licence) = line.trim_end_matches(" (*)").split_once('|').unwrap();
        let mut words = package.split(' ');
        let (name, version) = (words.next().unwrap(), words.next().unwrap());
        let seen = versions.entry(name).or_default();
        if !seen.contains(&version) {
            seen.push(version);
        }
        let licence = licence.trim_end_matches(" (*)").replace('/', " OR ").replace(['(', ')'], "");
        let free = licence.split(" AND ").all(|all| all.split(" OR ").any(|one| LICENCES.contains(&one.trim())));
        assert!(free, "{name} is under {licence}");
    }
    for name in HEAVY {
        assert!(versions.get(name).is_none_or(|seen| seen.len() == 1), "{name} is linked twice: {versions:?}");
    }
}
