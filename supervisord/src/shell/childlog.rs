//! The log file of one channel of a child, and what is said of it when it cannot be written.
//!
//! What is not said at once is noted with the owner, who asks again when it is due, and when the log ends.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::clock;
use super::logfile::{LogFile, LogFileError};
use super::spawn::errno_of;
use crate::config::model::{ChannelConfig, ProcessConfig};
use crate::engine::LogPaths;
use crate::engine::message::Message;
use crate::output::losses::{Losses, Reminder, Report};
use crate::output::rotation::RotationPolicy;

/// A log file, and what is still to be told about it.
#[derive(Debug)]
pub(super) struct ChildLog {
    pub(super) file: LogFile,
    losses: Losses,
    /// Why bytes were lost that are still to be told of.
    reason: Option<io::Error>,
    rotation: Reminder,
}

impl ChildLog {
    fn new(file: LogFile) -> Self {
        ChildLog { file, losses: Losses::default(), reason: None, rotation: Reminder::default() }
    }

    /// Appends a text. What goes wrong is to be logged, once a minute at most.
    pub(super) fn write(&mut self, text: &[u8]) -> Option<Message> {
        if text.is_empty() {
            return None;
        }
        match self.file.write(text) {
            Ok(()) => {
                let report = self.losses.written(clock::mono);
                report.map(|report| self.message(report))
            }
            Err(LogFileError::Write { lost_bytes, source, .. }) => self.lost(lost_bytes, source),
            Err(error) => self.rotation.is_due(clock::mono()).then(|| Message::LogTrouble(error.to_string())),
        }
    }

    /// When [`due`](Self::due) has something to tell; `None` if everything is told.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.losses.deadline()
    }

    /// What is to be told now, though nothing was written.
    pub(super) fn due(&mut self, now: Duration) -> Option<Message> {
        self.losses.due(now).map(|report| self.message(report))
    }

    /// Something that waited for readers is lost: what is to be told now, if it was of this log.
    pub(super) fn lost_since(&mut self) -> Option<Message> {
        let (lost_bytes, source) = self.file.lost_since()?;
        self.lost(lost_bytes, source)
    }

    fn lost(&mut self, lost_bytes: usize, source: io::Error) -> Option<Message> {
        self.reason = Some(source);
        let report = self.losses.lost(lost_bytes as u64, clock::mono());
        report.map(|report| self.message(report))
    }

    /// Nothing more is written: what is still to be told.
    pub(super) fn end(&mut self) -> Option<Message> {
        self.lost_since().or_else(|| self.losses.end().map(|report| self.message(report)))
    }

    fn message(&mut self, report: Report) -> Message {
        let path = self.file.path().to_owned();
        let reason = self.reason.take();
        match report {
            Report::WrittenAgain(bytes) => Message::LogWrittenAgain { path, bytes },
            Report::Lost(bytes) => {
                let lost_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                // What is lost has a reason.
                let source = reason.unwrap_or_else(|| io::Error::from_raw_os_error(libc::EIO));
                Message::LogTrouble(LogFileError::Write { path, lost_bytes, source }.to_string())
            }
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
