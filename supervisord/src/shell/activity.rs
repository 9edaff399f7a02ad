//! The activity log: the daemon's own account of what it does.
//!
//! A record is `YYYY-MM-DD HH:MM:SS,mmm LEVEL MESSAGE` and a newline, in local time. It goes to up to two
//! destinations: the echo on standard output (in the foreground), and the log file or syslog. Each file record is one
//! `write(2)`, at once: what a crash left unsaid was never buffered. A message is written as it is; if it holds
//! newlines, the other lines have no prefix (except on syslog, where every line is a record of its own).
//!
//! Logging never fails, and never waits for a reader who has stopped (see `patient.rs`). A record that a
//! destination does not take is dropped there and counted; at most once a minute a line on standard error says so, and
//! one in the log itself, where and as soon as it can be written. A log that cannot be rotated goes on growing and
//! says so at CRIT, at the same pace.
//!
//! `logfile=/dev/stdout` in the foreground means the echo itself, so that lines appear once.
//!
//! Messages arrive as finished text, and the time as a value. Records from before the log is open are the caller's to
//! keep.

use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::errno::Errno;
use supervisor_protocol::outside;

use super::inherited;
use super::localtime::{LocalTime, Stamp};
use super::logfile::{LogFile, LogFileError};
use super::patient::{PatientWriter, Reason, Shortfall};
use super::syslog::Syslog;
use crate::config::model::{DaemonLog, LogLevel};
use crate::output::rotation::RotationPolicy;

/// How often failures of the log itself are reported.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);

/// A record buffer that grew beyond this is given back.
const RECORD_BYTES_KEPT: usize = 256 * 1024;

/// The open activity log.
#[derive(Debug)]
pub struct ActivityLog {
    threshold: LogLevel,
    echo: Option<PatientWriter>,
    file: Option<LogFile>,
    syslog: Option<Syslog>,
    stamp: Stamp,
    record: Vec<u8>,
    dropped_records: u64,
    /// Those of them that the log itself has told of.
    told_records: u64,
    last_complaint: Option<Duration>,
}

impl ActivityLog {
    /// Opens the log. `echo` is a descriptor of standard output in the foreground, `None` when silent or daemonized.
    ///
    /// # Errors
    /// [`LogFileError::Open`]
    ///
    /// Source: Supervisor's activity log; contract `cfg_lg01`, `cfg_lg02`, `cfg_lg07`, `cfg_cl33`.
    pub fn open(
        target: &DaemonLog,
        policy: RotationPolicy,
        threshold: LogLevel,
        echo: Option<OwnedFd>,
    ) -> Result<Self, LogFileError> {
        let (file, syslog) = match target {
            DaemonLog::Syslog => (None, Some(Syslog::default())),
            DaemonLog::File(path) if echo.is_some() && inherited::number(path) == Some(1) => (None, None),
            DaemonLog::File(path) => (Some(LogFile::open(path, policy)?), None),
        };
        Ok(Self::with_destinations(threshold, echo, file, syslog))
    }

    /// A log of these destinations, in the order in which records reach them.
    pub fn with_destinations(
        threshold: LogLevel,
        echo: Option<OwnedFd>,
        file: Option<LogFile>,
        syslog: Option<Syslog>,
    ) -> Self {
        ActivityLog {
            threshold,
            echo: echo.map(PatientWriter::new),
            file,
            syslog,
            stamp: Stamp::new(asctime),
            record: Vec::new(),
            dropped_records: 0,
            told_records: 0,
            last_complaint: None,
        }
    }

    /// Whether records of `level` are written at all; ask before making a costly message.
    pub fn is_enabled(&self, level: LogLevel) -> bool {
        level >= self.threshold
    }

    /// Whether the log's rotation limit means nothing where it goes (a pipe or terminal); worth one warning.
    pub fn is_limit_ignored(&self) -> bool {
        self.file.as_ref().is_some_and(LogFile::is_limit_ignored)
    }

    /// Records that some destination did not take.
    pub fn dropped_records(&self) -> u64 {
        self.dropped_records + self.syslog.as_ref().map_or(0, Syslog::lost_records)
    }

    /// Writes one record; `wall` is the time since the epoch, its milliseconds are truncated.
    pub fn log(&mut self, level: LogLevel, message: &str, wall: Duration) {
        if !self.is_enabled(level) {
            return;
        }
        match self.emit(level, message, wall) {
            Err(error) if self.may_complain(wall) => self.complain(&error, wall),
            Ok(()) if self.dropped_records > self.told_records && self.may_complain(wall) => {
                self.last_complaint = Some(wall);
                self.tell(LogLevel::Warn, "it is written again", wall);
            }
            _ => {}
        }
    }

    /// Opens the log file anew, after an outside rename. Other destinations are not concerned.
    ///
    /// # Errors
    /// [`LogFileError::Open`]; the log goes on into the old file, where the error can be logged (`cfg_lg10`).
    pub fn reopen(&mut self) -> Result<(), LogFileError> {
        self.file.as_mut().map_or(Ok(()), LogFile::reopen)
    }

    /// Empties the log file: it is removed, INFO `reopening log file` is logged once per destination (into the removed
    /// file, as far as that goes), and a new file is opened. What is no regular file is left alone (`cfg_lg21`,
    /// `cfg_lg22`).
    ///
    /// # Errors
    /// [`LogFileError::Clear`] before anything was logged, or [`LogFileError::Open`]; either way the log stays usable.
    pub fn clear(&mut self, wall: Duration) -> Result<(), LogFileError> {
        let is_unlinked = self.file.as_mut().map_or(Ok(false), LogFile::unlink)?;
        let destinations = [self.echo.is_some(), self.file.is_some(), self.syslog.is_some()];
        for _ in destinations.into_iter().filter(|is_open| *is_open) {
            self.log(LogLevel::Info, "reopening log file", wall);
        }
        if is_unlinked { self.reopen() } else { Ok(()) }
    }

    fn emit(&mut self, level: LogLevel, message: &str, wall: Duration) -> Result<(), ActivityError> {
        if self.record.capacity() > RECORD_BYTES_KEPT {
            self.record = Vec::new();
        }
        let message = &*outside::shown(message);
        let mut outcome = Ok(());
        if self.echo.is_some() || self.file.is_some() {
            self.compose(level, message, wall);
        }
        if let Some(echo) = &mut self.echo
            && let Err(Shortfall { reason, .. }) = echo.write(&outside::encoded(&self.record))
            // Nobody is there any more, which is their right.
            && reason != Reason::System(Errno::EPIPE)
        {
            self.dropped_records += 1;
            outcome = Err(ActivityError::Echo(reason));
        }
        if let Some(file) = &mut self.file
            && let Err(error) = file.write(&self.record)
        {
            self.dropped_records += u64::from(matches!(error, LogFileError::Write { .. }));
            outcome = Err(ActivityError::File(error));
        }
        if self.syslog.is_some() {
            for line in message.trim_end_matches('\n').split('\n') {
                self.compose(level, line, wall);
                if let Some(syslog) = &mut self.syslog {
                    syslog.send(&self.record, wall);
                }
            }
        }
        outcome
    }

    fn compose(&mut self, level: LogLevel, message: &str, wall: Duration) {
        let millis = wall.subsec_millis();
        self.record.clear();
        self.record.extend_from_slice(self.stamp.at(wall.as_secs()).as_bytes());
        // Writing to a Vec cannot fail.
        let _ = write!(self.record, ",{millis:03} {} ", level.code());
        self.record.extend_from_slice(message.as_bytes());
        self.record.push(b'\n');
    }

    fn may_complain(&self, wall: Duration) -> bool {
        // A clock that was set back must not silence us until it has caught up.
        self.last_complaint.is_none_or(|last| wall < last || wall - last >= COMPLAINT_INTERVAL)
    }

    fn complain(&mut self, error: &ActivityError, wall: Duration) {
        self.last_complaint = Some(wall);
        // If standard error does not take it either, there is nobody left to tell.
        if let Ok(stderr) = PatientWriter::duplicating(io::stderr()) {
            let text = format!("supervisord: {error} ({} records dropped so far)\n", self.dropped_records());
            let _ = stderr.write(&outside::printed(&text));
        }
        match error {
            // The file itself can still tell.
            ActivityError::File(LogFileError::Rotate { .. }) => {
                // A failure of this record has just been reported.
                let _ = self.emit(LogLevel::Critical, &error.to_string(), wall);
            }
            // One destination of two may take it.
            _ => self.tell(LogLevel::Critical, &error.to_string(), wall),
        }
    }

    /// Tells in the log of its gaps.
    fn tell(&mut self, level: LogLevel, reason: &str, wall: Duration) {
        let dropped = self.dropped_records;
        let text = format!("activity log: {} records are lost: {reason}", dropped - self.told_records);
        if !self.is_enabled(level) || self.emit(level, &text, wall).is_ok() {
            self.told_records = dropped;
        } else {
            // That it is not told everywhere is no further loss.
            self.dropped_records = dropped;
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum ActivityError {
    #[error("cannot write to standard output: {0}")]
    Echo(Reason),
    #[error(transparent)]
    File(LogFileError),
}

/// `2026-11-22 10:54:57`
fn asctime(time: LocalTime) -> String {
    format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", time.year, time.month, time.day, time.hour, time.minute, time.second)
}

#[cfg(test)]
mod tests;
