//! From `command=` to the file that is executed.
//!
//! The command is split as a POSIX shell would split it, without anything else a shell does: no variables, no
//! globs, no `~` (`cfg_ce01`). The first word stays `argv[0]` as written; the file is that word if it contains
//! a slash, else what a search of PATH finds (`cfg_ce02`).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use supervisor_protocol::outside;
use supervisor_protocol::repr::str_repr;

use crate::config::model::ProcessConfig;
use crate::engine::command::Refusal;

/// Searched when neither the program's environment nor the daemon's has a PATH.
const DEFAULT_PATH: &str = "/bin:/usr/bin:/usr/local/bin";

/// A command that can be executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// The file.
    pub(super) file: PathBuf,
    /// Its arguments, the first one as written.
    pub(super) argv: Vec<String>,
}

/// Why a command cannot be executed; the texts are those of `spawnerr`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CommandError {
    /// Quotes or backslashes do not match.
    #[error("can't parse command {}: {reason}", str_repr(command))]
    Unparsable {
        /// The command as written.
        command: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// There is no word.
    #[error("command is empty")]
    Empty,
    /// There is no such file.
    #[error("can't find command {}", str_repr(.0))]
    NotFound(String),
    /// It is a directory.
    #[error("command at {} is a directory", str_repr(.0))]
    Directory(String),
    /// No x bit is set.
    #[error("command at {} is not executable", str_repr(.0))]
    NotExecutable(String),
    /// The daemon may not execute it.
    #[error("no permission to run command {}", str_repr(.0))]
    NoPermission(String),
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::NotFound(_) => Refusal::NoFile(error.to_string()),
            CommandError::Unparsable { .. }
            | CommandError::Empty
            | CommandError::Directory(_)
            | CommandError::NotExecutable(_)
            | CommandError::NoPermission(_) => Refusal::NotExecutable(error.to_string()),
        }
    }
}

/// Finds out what a process would execute now.
///
/// # Errors
/// Why nothing can be executed.
pub(super) fn resolve(
    config: &ProcessConfig,
    environment: &BTreeMap<OsString, OsString>,
) -> Result<Program, CommandError> {
    resolve_in(Path::new(""), config, environment)
}

/// Finds out what a process would execute if the current directory were another.
///
/// # Errors
/// Why nothing can be executed.
pub(super) fn resolve_in(
    cwd: &Path,
    config: &ProcessConfig,
    environment: &BTreeMap<OsString, OsString>,
) -> Result<Program, CommandError> {
    let argv = split(&config.command)
        .map_err(|reason| CommandError::Unparsable { command: config.command.clone(), reason })?;
    let Some(word) = argv.first() else { return Err(CommandError::Empty) };
    if word.contains('/') {
        let file = outside::path(word).into_owned();
        // It is executed after the change of directory, so that is where it must exist.
        let seen_from = match &config.directory {
            Some(directory) if file.is_relative() => directory.join(&file),
            _ => file.clone(),
        };
        check(&cwd.join(seen_from), word, word)?;
        return Ok(Program { file, argv });
    }
    let path = match config.environment.get("PATH") {
        Some(path) => outside::os(path),
        None => environment.get(OsStr::new("PATH")).map_or(OsStr::new(DEFAULT_PATH), |path| path.as_os_str()).into(),
    };
    let mut problem = None;
    for directory in path.as_bytes().split(|byte| *byte == b':') {
        let file = Path::new(OsStr::from_bytes(directory)).join(outside::path(word));
        match check(&cwd.join(&file), word, &outside::text(&file)) {
            Ok(()) => return Ok(Program { file, argv }),
            Err(CommandError::NotFound(_)) => {}
            Err(other) => problem = problem.or(Some(other)),
        }
    }
    Err(problem.unwrap_or_else(|| CommandError::NotFound(word.clone())))
}

/// Checks what can be checked before the fork.
fn check(file: &Path, word: &str, shown: &str) -> Result<(), CommandError> {
    let Ok(metadata) = file.metadata() else { return Err(CommandError::NotFound(word.to_owned())) };
    if metadata.is_dir() {
        return Err(CommandError::Directory(shown.to_owned()));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(CommandError::NotExecutable(shown.to_owned()));
    }
    access(file, AccessFlags::X_OK).map_err(|_| CommandError::NoPermission(shown.to_owned()))
}

/// Splits a command into words.
///
/// Blanks separate; `'…'` is literal; in `"…"` a backslash escapes only `"` and `\`; outside quotes it takes
/// the next character whatever it is, a newline too; adjacent parts join; `#` is not special.
fn split(command: &str) -> Result<Vec<String>, &'static str> {
    const NO_CLOSING_QUOTATION: &str = "No closing quotation";
    const NO_ESCAPED_CHARACTER: &str = "No escaped character";
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or(NO_CLOSING_QUOTATION)? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or(NO_CLOSING_QUOTATION)? {
                        '"' => break,
                        '\\' => match chars.next().ok_or(NO_ESCAPED_CHARACTER)? {
                            c @ ('"' | '\\') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next().ok_or(NO_ESCAPED_CHARACTER)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_as_a_posix_shell_splits_them() {
        for (command, words) in [
            ("/bin/cat", &["/bin/cat"][..]),
            ("  a\tb\n c  ", &["a", "b", "c"]),
            (r#"a 'b c' "d e""#, &["a", "b c", "d e"]),
            (r#"a"b"'c'd"#, &["abcd"]),
            (r#""" ''"#, &["", ""]),
            (r#""a\"b\\c\d\n""#, &["a\"b\\c\\d\\n"]),
            (r"'a\b'", &[r"a\b"]),
            (r"a\ b \'", &["a b", "'"]),
            ("a \\\nb", &["a", "\nb"]),
            ("a #b $HOME ~ *", &["a", "#b", "$HOME", "~", "*"]),
            ("", &[]),
        ] {
            assert_eq!(
                split(command).as_deref(),
                Ok(words.iter().map(|w| w.to_string()).collect::<Vec<_>>()).as_deref()
            );
        }
        assert_eq!(split("a 'b"), Err("No closing quotation"));
        assert_eq!(split("a \"b\\\""), Err("No closing quotation"));
        assert_eq!(split("a \\"), Err("No escaped character"));
        assert_eq!(split("\"a\\"), Err("No escaped character"));
    }
}
