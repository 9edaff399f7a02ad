//! AUTO child logs: files that the daemon names itself, and their clean-up at the next start.
//!
//! A name is `PROCESSNAME-CHANNEL---IDENTIFIER-RANDOM.log`, for example `cat-stdout---supervisor-lfz7ydn9.log`. The
//! file is created at once, empty and private, so that the name is taken. The random part keeps names apart; it is
//! no secret, since creating never follows or reuses what is already there.
//!
//! The clean-up removes what earlier runs with the same identifier left: exactly these names, and their rotated
//! copies `NAME.N`. Files of other identifiers, and files that merely resemble, are none of its business.

use std::ffi::OsString;
use std::fmt;
use std::fs::OpenOptions;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use supervisor_protocol::ini::paths;
use supervisor_protocol::outside;
use supervisor_protocol::repr::str_repr;

const ALPHABET: &[u8; 37] = b"abcdefghijklmnopqrstuvwxyz0123456789_";
const RANDOM_LENGTH: usize = 8;
const SUFFIX: &str = ".log";
/// Collisions are a matter of luck; this many are a matter of something else.
const ATTEMPTS: u32 = 100;

/// Creates an empty AUTO log in `directory` (mode 0600) and returns its path. `channel` is `stdout` or `stderr`.
///
/// # Errors
/// The system's reason, e.g. that the directory is missing or a process name holds a `/`.
///
/// Source: Supervisor's AUTO logs; contract `cfg_al01`.
pub fn create(directory: &Path, process: &str, channel: &str, identifier: &str) -> io::Result<PathBuf> {
    create_unique(directory, &prefix(process, channel, identifier), SUFFIX)
}

/// A path that [`create`] might make.
pub(super) fn example(directory: &Path, process: &str, channel: &str, identifier: &str) -> PathBuf {
    let name = format!("{}{}{SUFFIX}", prefix(process, channel, identifier), random_text(0));
    directory.join(outside::path(&name))
}

fn prefix(process: &str, channel: &str, identifier: &str) -> String {
    format!("{process}-{channel}---{identifier}-")
}

/// What is said when [`create`] has failed.
pub(super) fn refusal(directory: &Path, process: &str, error: &io::Error) -> String {
    format!("cannot make a log file for {process} in {}: {error}", outside::text(directory))
}

/// What a clean-up could not do; `Display` is the line for the activity log, at WARN (`cfg_al06`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CleanupWarning {
    /// The directory could not be read.
    UnreadableDirectory,
    /// A leftover file could not be removed.
    NotRemoved(PathBuf),
}

impl fmt::Display for CleanupWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CleanupWarning::UnreadableDirectory => f.write_str("Could not clear childlog dir"),
            CleanupWarning::NotRemoved(path) => write!(f, "Failed to clean up {}", str_repr(&outside::text(path))),
        }
    }
}

/// Removes the AUTO logs of `identifier` from `directory`, rotated copies included.
///
/// Source: Supervisor's clean-up at start, with the pattern anchored; contract `cfg_al04` to `cfg_al06`.
pub fn clean(directory: &Path, identifier: &str) -> Vec<CleanupWarning> {
    let Ok(entries) = std::fs::read_dir(directory) else { return vec![CleanupWarning::UnreadableDirectory] };
    entries
        .filter_map(Result::ok)
        .filter(|entry| is_auto_log(entry.file_name().as_bytes(), identifier))
        .map(|entry| entry.path())
        .filter(|path| std::fs::remove_file(path).is_err_and(|error| error.kind() != ErrorKind::NotFound))
        .map(CleanupWarning::NotRemoved)
        .collect()
}

/// The directory for AUTO logs where `childlogdir` is not set: the first of `$TMPDIR`, `$TEMP`, `$TMP`, `/tmp`,
/// `/var/tmp`, `/usr/tmp` and the working directory in which a file can be made. `env` looks up a variable.
pub fn default_directory(env: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    candidates(env).find(|directory| {
        let probe = create_unique(directory, "", "");
        probe.is_ok_and(|path| std::fs::remove_file(path).is_ok())
    })
}

/// Those directories, in that order.
pub(super) fn candidates(env: impl Fn(&str) -> Option<OsString>) -> impl Iterator<Item = PathBuf> {
    let from_env = ["TMPDIR", "TEMP", "TMP"].into_iter().filter_map(env).filter(|value| !value.is_empty());
    let usual = ["/tmp", "/var/tmp", "/usr/tmp", "."].into_iter().map(OsString::from);
    let absolute = |candidate: OsString| {
        let path = std::path::absolute(candidate).ok()?;
        // Names of logs are shown, and `..` in them removed as Python removes it.
        Some(outside::path(&paths::normal(&outside::text(&path))).into_owned())
    };
    from_env.chain(usual).filter_map(absolute)
}

/// `(.+)-(stdout|stderr)---IDENTIFIER-[A-Za-z0-9_]+\.log(\.[0-9]+)?`, anchored. Read from the end, where the random
/// part has no dash, so that it cannot be confused with a longer identifier; its length has varied over time.
fn is_auto_log(name: &[u8], identifier: &str) -> bool {
    let parse = || {
        let stem = without_copy_number(name).strip_suffix(b".log")?;
        let dash = stem.iter().rposition(|&byte| byte == b'-')?;
        let (rest, random) = (stem.get(..dash)?, stem.get(dash + 1..)?);
        let is_random = !random.is_empty() && random.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let rest = rest.strip_suffix(outside::os(identifier).as_bytes())?.strip_suffix(b"---")?;
        let process = rest.strip_suffix(b"-stdout").or_else(|| rest.strip_suffix(b"-stderr"))?;
        Some(is_random && !process.is_empty())
    };
    parse().unwrap_or(false)
}

fn without_copy_number(name: &[u8]) -> &[u8] {
    match name.iter().rposition(|&byte| !byte.is_ascii_digit()) {
        Some(dot) if dot + 1 < name.len() && name.get(dot) == Some(&b'.') => name.get(..dot).unwrap_or(name),
        _ => name,
    }
}

fn create_unique(directory: &Path, prefix: &str, suffix: &str) -> io::Result<PathBuf> {
    let source = RandomState::new();
    for attempt in 0..ATTEMPTS {
        let name = format!("{prefix}{}{suffix}", random_text(source.hash_one(attempt)));
        let path = directory.join(outside::path(&name));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn random_text(mut seed: u64) -> String {
    let base = ALPHABET.len() as u64;
    let mut letter = || {
        let index = (seed % base) as usize;
        seed /= base;
        ALPHABET.get(index).copied().map_or('_', char::from)
    };
    (0..RANDOM_LENGTH).map(|_| letter()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn created_private_empty_and_recognisable() {
        let dir = tempfile::tempdir().unwrap();
        let mut names: Vec<PathBuf> =
            (0..100).map(|_| create(dir.path(), "cat", "stdout", "supervisor").unwrap()).collect();
        for path in &names {
            let metadata = std::fs::metadata(path).unwrap();
            assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (0, 0o600));
            let name = path.file_name().unwrap().to_str().unwrap();
            let random = name.strip_prefix("cat-stdout---supervisor-").unwrap().strip_suffix(".log").unwrap();
            assert_eq!(random.len(), 8);
            assert!(random.bytes().all(|byte| ALPHABET.contains(&byte)), "{random}");
            assert!(is_auto_log(name.as_bytes(), "supervisor"));
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 100);
    }

    #[test]
    fn creation_reports_failure() {
        let dir = tempfile::tempdir().unwrap();
        assert!(create(&dir.path().join("no"), "cat", "stdout", "supervisor").is_err());
        assert!(create(dir.path(), "a/b", "stdout", "supervisor").is_err());
    }

    #[test]
    fn names_that_belong_to_an_identifier() {
        for name in [
            "cat-stdout---supervisor-lfz7ydn9.log",
            "cat-stderr---supervisor-lfz7ydn9.log.1",
            "cat-stdout---supervisor-AbC123.log.12",
            "a b-c-stdout---supervisor-________.log",
            "stdout-stdout---supervisor-a.log",
        ] {
            assert!(is_auto_log(name.as_bytes(), "supervisor"), "{name}");
        }
        for name in [
            "cat-stdout---other-lfz7ydn9.log",
            "cat-stdout---supervisor-x-lfz7ydn9.log",
            "cat-stdout---x-supervisor-lfz7ydn9.log",
            "cat-stdout---supervisor-lfz7ydn9.log.anything",
            "cat-stdout---supervisor-lfz7ydn9.log.",
            "cat-stdout---supervisor-lfz7ydn9.log1",
            "cat-stdout---supervisor-.log",
            "cat-stdin---supervisor-lfz7ydn9.log",
            "-stdout---supervisor-lfz7ydn9.log",
            "cat-stdout--supervisor-lfz7ydn9.log",
            "supervisord.log",
            "",
        ] {
            assert!(!is_auto_log(name.as_bytes(), "supervisor"), "{name}");
        }
    }

    #[test]
    fn identifiers_are_no_patterns() {
        assert!(is_auto_log(b"p-stdout---a.c+-x1.log", "a.c+"));
        assert!(!is_auto_log(b"p-stdout---abcc-x1.log", "a.c+"));
    }

    #[test]
    fn cleaning_removes_own_logs_and_reports_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let mine = create(dir.path(), "cat", "stdout", "me").unwrap();
        let mut copy = mine.clone().into_os_string();
        copy.push(".1");
        std::fs::write(&copy, "old").unwrap();
        let theirs = create(dir.path(), "cat", "stdout", "them").unwrap();
        let stubborn = dir.path().join("d-stdout---me-aaaaaaaa.log");
        std::fs::create_dir(&stubborn).unwrap();

        let warnings = clean(dir.path(), "me");
        assert_eq!(warnings, [CleanupWarning::NotRemoved(stubborn.clone())]);
        assert_eq!(warnings[0].to_string(), format!("Failed to clean up '{}'", stubborn.display()));
        assert!(!mine.exists() && !Path::new(&copy).exists());
        assert!(theirs.exists());
    }

    #[test]
    fn cleaning_an_unreadable_directory_is_a_warning() {
        let warnings = clean(Path::new("/nonexistent/childlogs"), "supervisor");
        assert_eq!(warnings, [CleanupWarning::UnreadableDirectory]);
        assert_eq!(warnings[0].to_string(), "Could not clear childlog dir");
    }

    #[test]
    fn the_default_directory_is_the_first_usable_one() {
        let dir = tempfile::tempdir().unwrap();
        let env = |name: &str| match name {
            "TMPDIR" => Some("/nonexistent".into()),
            "TEMP" => Some("".into()),
            "TMP" => Some(dir.path().join("..").join(dir.path().file_name().unwrap()).into()),
            _ => None,
        };
        assert_eq!(default_directory(env).as_deref(), Some(dir.path()));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "no traces");
        assert!(default_directory(|_| None).is_some());
    }
}
