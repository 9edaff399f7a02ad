//! Which programs are tested. A set of programs is nothing but a directory that holds `supervisord`, `supervisorctl`,
//! `memmon`, `httpok` and `crashmail`.
//!
//! | variable | meaning |
//! |---|---|
//! | `SUPERVISOR_BIN_DIR` | the set under test; unset: our binaries beside the test executable |
//! | `SUPERVISOR_ORIGINAL_DIR` | Supervisor 4.3.0 with superlance 2.0.0, for the client matrix |

use std::env;
use std::path::{Path, PathBuf};

use crate::skip::skip;

/// A directory of programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    dir: PathBuf,
}

impl Subject {
    /// The set of programs in `dir`.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The set under test.
    pub fn under_test() -> Self {
        match env::var_os("SUPERVISOR_BIN_DIR") {
            Some(dir) if !dir.is_empty() => Self::at(dir),
            _ => Self::at(target_dir()),
        }
    }

    /// The original, if the environment names it. A missing one is reported on stderr, and is an error where
    /// `CI=true`.
    pub fn original() -> Option<Self> {
        match env::var_os("SUPERVISOR_ORIGINAL_DIR") {
            Some(dir) if !dir.is_empty() => Some(Self::at(dir)),
            _ => {
                skip(true, "SUPERVISOR_ORIGINAL_DIR does not name the original's programs");
                None
            }
        }
    }

    /// Whether this is the original itself. Tests of what only we promise say nothing of it.
    pub fn is_original(&self) -> bool {
        let canonical = |dir: &Path| std::fs::canonicalize(dir).ok();
        let original = env::var_os("SUPERVISOR_ORIGINAL_DIR").and_then(|dir| canonical(Path::new(&dir)));
        (original.is_some() && canonical(&self.dir) == original)
            || env::var("SUPERVISOR_SUBJECT").is_ok_and(|subject| subject == "original")
    }

    /// The path of one program of the set, with a panic that says what to build when it is not there.
    pub fn program(&self, name: &str) -> PathBuf {
        let path = self.dir.join(name);
        assert!(
            path.is_file(),
            "{} does not exist: build the programs first (`cargo build --workspace --bins`), or name their directory \
             in SUPERVISOR_BIN_DIR",
            path.display()
        );
        path
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// `target/<profile>`, found from the running executable.
fn target_dir() -> PathBuf {
    let exe = env::current_exe().expect("the path of the test executable");
    let dir = exe.parent().expect("an executable lies in a directory");
    let dir = if dir.ends_with("deps") { dir.parent().expect("deps has a parent") } else { dir };
    dir.to_path_buf()
}

/// The bad peer, built with this crate.
pub fn misbehave() -> PathBuf {
    fixture("misbehave")
}

/// A program that is built with this crate.
pub fn fixture(name: &str) -> PathBuf {
    let path = target_dir().join(name);
    assert!(path.is_file(), "{} is not built: `cargo build -p supervisor-tests --bins`", path.display());
    path
}
