//! One log file: appending, rotating, reopening, clearing.
//!
//! A [`LogFile`] always holds a descriptor that can be written to. Whatever fails later (the disk is full, the
//! directory is gone, a rename is refused) is returned as a value for the owner to report, and the old descriptor
//! stays until a new one is open: a log that cannot be rotated grows, a log that cannot be reopened goes on where
//! it was. Bytes that could not be written are counted and dropped; the next write tries again.
//!
//! Files are opened in append mode, always, so that several writers and an outside copy-and-truncate get along. The
//! offset that decides about rotation is the system's, not a count of own bytes: other writers count too.
//!
//! Only regular files are rotated or unlinked, and never under a name in `/dev` or `/proc`, even where
//! `/dev/stdout` leads to a regular file: the name is the system's. (`/dev/shm` holds ordinary files.) Pipes,
//! terminals and devices are written to as they are; a path that names an own descriptor is not opened but duplicated
//! (see `inherited.rs`), each time anew.
//!
//! Writes are plain system calls in the owner's turn, which wait for a disk but not for a reader: see
//! `patient.rs`. What the bytes are, and how failures are worded in the activity log, is not known
//! here.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{Whence, ftruncate, lseek};
use supervisor_protocol::outside;

use super::inherited;
use super::patient::{PatientWriter, Shortfall};
use crate::output::rotation::{RotationPolicy, copy_number};

/// Up to this many copies a rotation just tries every number; beyond, it asks the directory which ones exist, unless it
/// knows from the last time.
const COPIES_TRIED_BLINDLY: u32 = 64;

/// What can go wrong with a log file. After each of these the file is still open and usable, except that
/// [`LogFileError::Open`] from [`LogFile::open`] leaves nothing.
#[derive(Debug, thiserror::Error)]
pub enum LogFileError {
    /// The file could not be opened or created.
    #[error("cannot open log file {}: {source}", outside::text(path))]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Bytes were lost.
    #[error("cannot write to log file {}, {lost_bytes} bytes are lost: {source}", outside::text(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// How many bytes of this chunk did not reach the file.
        lost_bytes: usize,
        /// The system's reason.
        source: io::Error,
    },
    /// The file reached its limit but could not be rotated; nothing is lost. The next attempt comes when the file
    /// has grown by its limit once more.
    #[error("cannot rotate log file {}: {source}", outside::text(path))]
    Rotate {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file could not be removed.
    #[error("cannot clear log file {}: {source}", outside::text(path))]
    Clear {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl LogFileError {
    /// What could not be written is lost.
    pub(super) fn of_loss(path: PathBuf, shortfall: Shortfall) -> Self {
        let Shortfall { lost_bytes, reason } = shortfall;
        LogFileError::Write { path, lost_bytes, source: reason.into() }
    }
}

/// An open log file.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    policy: RotationPolicy,
    target: Target,
    /// Offset at which to rotate next: the policy's limit, or more after a failure.
    due_at: u64,
    /// A rotation has moved the file away but could not open its successor: only that is left to do.
    is_moved_away: bool,
    /// How many copies there were after the last rotation, if their numbers have no gap.
    copies: Option<u32>,
    lost_bytes: u64,
}

#[derive(Debug)]
struct Target {
    writer: PatientWriter,
    is_rotatable: bool,
    is_seekable: bool,
}

impl LogFile {
    /// Opens `path` for appending and creates it if need be (mode 0666 less the umask).
    ///
    /// # Errors
    /// [`LogFileError::Open`]. A FIFO without a reader is none, if it may be read: what is written waits for one.
    ///
    /// Source: Supervisor's log files; contract `cfg_lg04` to `cfg_lg11`, `cfg_lg19`, `cfg_lg20`.
    pub fn open(path: impl Into<PathBuf>, policy: RotationPolicy) -> Result<Self, LogFileError> {
        let path = path.into();
        match open_target(&path, false) {
            Ok(target) => {
                let due_at = policy.maxbytes;
                Ok(LogFile { path, policy, target, due_at, is_moved_away: false, copies: None, lost_bytes: 0 })
            }
            Err(source) => Err(LogFileError::Open { path, source }),
        }
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `true` if a rotation limit was asked for but the file is a pipe, socket or terminal, where there is nothing
    /// to rotate. Worth one warning (`cfg_lg08`).
    pub fn is_limit_ignored(&self) -> bool {
        self.policy.maxbytes > 0 && !self.target.is_seekable
    }

    /// Bytes that did not reach the file since it was opened.
    pub fn lost_bytes(&self) -> u64 {
        self.lost_bytes
    }

    /// Whether it leads to a reader who is far behind.
    pub(super) fn is_congested(&self) -> bool {
        self.target.writer.is_congested()
    }

    /// What was lost after it was taken, because its reader has gone, and is not told yet.
    pub(super) fn lost_since(&mut self) -> Option<(usize, io::Error)> {
        let Shortfall { lost_bytes, reason } = self.target.writer.take_shortfall()?;
        self.lost_bytes += lost_bytes as u64;
        Some((lost_bytes, reason.into()))
    }

    /// Appends `data` with one `write(2)` where the system takes it whole, then rotates if the limit is reached.
    ///
    /// # Errors
    /// [`LogFileError::Write`] when bytes were lost; [`LogFileError::Rotate`] when all were written but the rotation
    /// failed.
    pub fn write(&mut self, data: &[u8]) -> Result<(), LogFileError> {
        if data.is_empty() {
            return Ok(());
        }
        let written = self.target.writer.write(data).map_err(|shortfall| {
            self.lost_bytes += shortfall.lost_bytes as u64;
            LogFileError::of_loss(self.path.clone(), shortfall)
        });
        // Also after a failure: on a full disk, rotation is what makes room.
        let rotated = self.rotate_if_due();
        written.and(rotated)
    }

    /// Opens the path anew, as after an outside rename: appending, creating. The old descriptor is given up only for
    /// a new one.
    ///
    /// # Errors
    /// [`LogFileError::Open`]; the log goes on into the file that was open (`cfg_lg10`).
    pub fn reopen(&mut self) -> Result<(), LogFileError> {
        match open_target(&self.path, false) {
            Ok(target) => {
                self.replace_target(target);
                Ok(())
            }
            Err(source) => Err(LogFileError::Open { path: self.path.clone(), source }),
        }
    }

    /// Empties the log: removes the file and opens a new one. Copies stay. A path that is no regular file is left
    /// alone, and that is a success (`cfg_lg22`); a missing file is made anew.
    ///
    /// # Errors
    /// [`LogFileError::Clear`] if the file could not be removed, [`LogFileError::Open`] if there is no new one.
    pub fn clear(&mut self) -> Result<(), LogFileError> {
        if self.unlink()? { self.reopen() } else { Ok(()) }
    }

    /// The first half of [`clear`](Self::clear): the name is gone, but writes still go into the removed file until
    /// [`reopen`](Self::reopen). `false`: the path is no regular file and was left alone; do not reopen it.
    ///
    /// # Errors
    /// [`LogFileError::Clear`]
    pub fn unlink(&mut self) -> Result<bool, LogFileError> {
        unlink_log(&self.path).map_err(|source| LogFileError::Clear { path: self.path.clone(), source })
    }

    fn rotate_if_due(&mut self) -> Result<(), LogFileError> {
        if !self.target.is_rotatable || self.policy.maxbytes == 0 {
            return Ok(());
        }
        let Ok(offset) = lseek(self.target.writer.as_fd(), 0, Whence::SeekCur) else { return Ok(()) };
        let offset = u64::try_from(offset).unwrap_or(0);
        if !self.policy.is_due(offset) || offset < self.due_at {
            return Ok(());
        }
        match self.rotate() {
            Ok(target) => {
                self.replace_target(target);
                Ok(())
            }
            Err(source) => {
                // Not at every chunk: each attempt moves what copies it can, and may replace the oldest.
                self.due_at = offset.saturating_add(self.policy.maxbytes);
                Err(LogFileError::Rotate { path: self.path.clone(), source })
            }
        }
    }

    fn rotate(&mut self) -> io::Result<Target> {
        if !self.is_moved_away {
            let copies = self.existing_copies()?;
            let plan = self.policy.plan(copies);
            let mut moved = Vec::with_capacity(plan.renames.len());
            for rename in &plan.renames {
                match std::fs::rename(numbered(&self.path, rename.from), numbered(&self.path, rename.to)) {
                    Ok(()) => moved.push(rename.to),
                    // Somebody else may have taken the file or the copy away: then there is nothing to move.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            self.is_moved_away = !plan.renames.is_empty();
            let last = moved.first().copied().unwrap_or(0);
            self.copies = (moved.len() == last as usize).then_some(last);
        }
        // A file that was moved away needs no truncating; if another daemon has been quicker to make a new one,
        // its lines are not ours to drop.
        open_target(&self.path, !self.is_moved_away)
    }

    /// Numbers of the copies that a rotation has to consider; too many is fine, too few is not.
    fn existing_copies(&mut self) -> io::Result<Vec<u32>> {
        if self.policy.backups <= COPIES_TRIED_BLINDLY {
            return Ok((1..self.policy.backups).collect());
        }
        let Some(mut last) = self.copies.take() else { return copies_in_directory(&self.path) };
        // Another writer may have rotated the same file meanwhile. What stands beyond a gap is in nobody's way yet.
        while last < self.policy.backups && numbered(&self.path, last + 1).symlink_metadata().is_ok() {
            last += 1;
        }
        Ok((1..=last).collect())
    }

    fn replace_target(&mut self, target: Target) {
        self.target = target;
        self.due_at = self.policy.maxbytes;
        self.is_moved_away = false;
    }
}

/// Removes the log file at `path`. `Ok(true)`: there is none any more; `Ok(false)`: the path does not lead to a regular
/// file, or is a name in `/dev` or `/proc`, and was left alone.
///
/// # Errors
/// Whatever `unlink(2)` says, except that a missing file is fine.
pub fn unlink_log(path: &Path) -> io::Result<bool> {
    // Before it is looked at: whoever has given up root may not look at the own descriptors.
    if is_system_name(path) {
        return Ok(false);
    }
    let removed = std::fs::metadata(path).and_then(|metadata| match metadata.is_file() {
        true => std::fs::remove_file(path).map(|()| true),
        false => Ok(false),
    });
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        other => other,
    }
}

fn open_target(path: &Path, truncate: bool) -> io::Result<Target> {
    if let Some(descriptor) = inherited::duplicate(path)? {
        return Ok(Target::new(PatientWriter::new(descriptor), path, false));
    }
    // A FIFO stays non-blocking, as nobody shares this opening of it.
    let opened =
        OpenOptions::new().append(true).create(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path);
    let writer = match opened {
        Ok(file) => PatientWriter::new(file.into()),
        // Where it may not be read, the first reason is the better one.
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) && is_fifo(path) => {
            PatientWriter::awaiting_reader(path).map_err(|other| match other.kind() {
                ErrorKind::PermissionDenied => error,
                _ => other,
            })?
        }
        Err(error) => return Err(error),
    };
    let target = Target::new(writer, path, !is_system_name(path));
    if truncate && target.writer.is_file() {
        ftruncate(target.writer.as_fd(), 0)?;
    }
    Ok(target)
}

/// Waits until a FIFO has a reader, who has a writer as long as what this yields is kept. Nothing else is waited for: what is
/// no FIFO, or cannot be opened, is a matter of [`LogFile::open`].
pub(super) fn wait_for_reader(path: &Path) -> Option<File> {
    let is_waited_for = inherited::number(path).is_none() && is_fifo(path);
    is_waited_for.then(|| OpenOptions::new().append(true).open(path).ok()).flatten()
}

fn is_fifo(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

impl Target {
    fn new(writer: PatientWriter, path: &Path, is_ours: bool) -> Self {
        let is_seekable = lseek(writer.as_fd(), 0, Whence::SeekCur).is_ok();
        writer.name(path);
        Target { is_rotatable: is_ours && writer.is_file(), is_seekable, writer }
    }
}

fn is_system_name(path: &Path) -> bool {
    (path.starts_with("/dev") && !path.starts_with("/dev/shm")) || path.starts_with("/proc")
}

fn copies_in_directory(path: &Path) -> io::Result<Vec<u32>> {
    let Some(log) = path.file_name() else { return Ok(Vec::new()) };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut copies = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        copies.extend(copy_number(log.as_bytes(), entry?.file_name().as_bytes()));
    }
    Ok(copies)
}

/// `FILE.copy`, or `FILE` itself for 0.
fn numbered(path: &Path, copy: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if copy > 0 {
        name.push(format!(".{copy}"));
    }
    name.into()
}

#[cfg(test)]
mod tests;
