//! The activity log: the daemon's own account of what it does.
//!
//! A record is `YYYY-MM-DD HH:MM:SS,mmm LEVEL MESSAGE` and a newline, in local time. It goes to up to two
//! destinations: the echo on standard output (in the foreground), and the log file or syslog. Each file record is one
//! `write(2)`, at once: what a crash left unsaid was never buffered. A message is written as it is; if it holds
//! newlines, the other lines have no prefix (except on syslog, where every line is a record of its own).
//!
//! Logging never fails. A record that a destination does not take is dropped there and counted; at most once a minute
//! a line on standard error says so. A log that cannot be rotated goes on growing and says so at CRIT, at the same
//! pace.
//!
//! `logfile=/dev/stdout` in the foreground means the echo itself, so that lines appear once.
//!
//! Messages arrive as finished text, and the time as a value. Records from before the log is open are the caller's to
//! keep.

use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use super::localtime::{LocalTime, Stamp};
use super::logfile::{LogFile, LogFileError};
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
    echo: Option<File>,
    file: Option<LogFile>,
    syslog: Option<Syslog>,
    stamp: Stamp,
    record: Vec<u8>,
    dropped_records: u64,
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
            DaemonLog::File(path) if echo.is_some() && is_stdout_name(path) => (None, None),
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
            echo: echo.map(File::from),
            file,
            syslog,
            stamp: Stamp::new(asctime),
            record: Vec::new(),
            dropped_records: 0,
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
        if let Err(error) = self.emit(level, message, wall)
            && self.may_complain(wall)
        {
            self.complain(&error, wall);
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
        let mut outcome = Ok(());
        if self.echo.is_some() || self.file.is_some() {
            self.compose(level, message, wall);
        }
        if let Some(echo) = &mut self.echo
            && let Err(error) = write_record(echo, &self.record)
        {
            self.dropped_records += 1;
            outcome = Err(ActivityError::Echo(error));
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
        let _ = writeln!(io::stderr(), "supervisord: {error} ({} records dropped so far)", self.dropped_records());
        if matches!(error, ActivityError::File(LogFileError::Rotate { .. })) {
            // The file itself can still tell. A failure of this record has just been reported.
            let _ = self.emit(LogLevel::Critical, &error.to_string(), wall);
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum ActivityError {
    #[error("cannot write to standard output: {0}")]
    Echo(io::Error),
    #[error(transparent)]
    File(LogFileError),
}

/// One `write(2)` as a rule; more only where the system takes a record in parts.
fn write_record(echo: &mut File, record: &[u8]) -> io::Result<()> {
    match echo.write_all(record) {
        // Nobody is listening any more, which is their right.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn is_stdout_name(path: &Path) -> bool {
    ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// `2026-11-22 10:54:57`
fn asctime(time: LocalTime) -> String {
    format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", time.year, time.month, time.day, time.hour, time.minute, time.second)
}

#[cfg(test)]
mod tests;
