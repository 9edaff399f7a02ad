//! The log file of one channel of a child, and what is said of it when it cannot be written.

use std::path::Path;

use super::clock;
use super::logfile::{LogFile, LogFileError};
use super::spawn::errno_of;
use crate::config::model::{ChannelConfig, ProcessConfig};
use crate::engine::LogPaths;
use crate::engine::message::Message;
use crate::output::losses::{Losses, Reminder};
use crate::output::rotation::RotationPolicy;

/// A log file, and what is still to be told about it.
#[derive(Debug)]
pub(super) struct ChildLog {
    pub(super) file: LogFile,
    losses: Losses,
    rotation: Reminder,
}

impl ChildLog {
    fn new(file: LogFile) -> Self {
        ChildLog { file, losses: Losses::default(), rotation: Reminder::default() }
    }

    /// Appends a text. What goes wrong is to be logged, once a minute at most.
    pub(super) fn write(&mut self, text: &[u8]) -> Option<Message> {
        if text.is_empty() {
            return None;
        }
        match self.file.write(text) {
            Ok(()) => self
                .losses
                .written(|| clock::now().mono)
                .map(|bytes| Message::LogWrittenAgain { path: self.file.path().to_owned(), bytes }),
            Err(LogFileError::Write { path, lost_bytes, source }) => {
                self.losses.lost(lost_bytes as u64, clock::now().mono).map(|bytes| {
                    let lost_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                    let error = LogFileError::Write { path, lost_bytes, source };
                    Message::LogTrouble(error.to_string())
                })
            }
            Err(error) => self.rotation.is_due(clock::now().mono).then(|| Message::LogTrouble(error.to_string())),
        }
    }
}

/// The log files of a child that is about to be started.
#[derive(Debug)]
pub(super) struct Logs {
    pub(super) stdout: Option<ChildLog>,
    pub(super) stderr: Option<ChildLog>,
}

impl Logs {
    /// Opens them, before the fork.
    ///
    /// # Errors
    /// The errno of the file that could not be opened.
    pub(super) fn open(config: &ProcessConfig, paths: &LogPaths) -> Result<Self, i32> {
        let open = |path: &Option<std::path::PathBuf>, channel: &ChannelConfig| match path {
            None => Ok(None),
            Some(path) => {
                let policy = RotationPolicy::new(channel.logfile_maxbytes, channel.logfile_backups);
                LogFile::open(path, policy).map(|file| Some(ChildLog::new(file))).map_err(|error| match error {
                    LogFileError::Open { source, .. } => errno_of(&source),
                    LogFileError::Write { .. } | LogFileError::Rotate { .. } | LogFileError::Clear { .. } => libc::EIO,
                })
            }
        };
        Ok(Logs { stdout: open(&paths.stdout, &config.stdout)?, stderr: open(&paths.stderr, &config.stderr)? })
    }

    /// Those that were to be rotated and cannot be, being pipes or terminals.
    pub(super) fn unrotatable(&self) -> impl Iterator<Item = &Path> {
        let files = self.stdout.iter().chain(&self.stderr).map(|log| &log.file);
        files.filter(|file| file.is_limit_ignored()).map(LogFile::path)
    }
}
