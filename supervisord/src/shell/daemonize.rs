//! Becoming a daemon.
//!
//! One fork. What can go wrong before it is told on the terminal; afterwards the standard descriptors lead to
//! `/dev/null`. The order is the original's: directory, descriptors, session, umask.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use crate::engine::message::Message;

/// Which side of the fork this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The process that was started; it has nothing left to do.
    Parent,
    /// The daemon.
    Daemon,
}

/// Forks. To be called while the process has one thread and no runtime.
///
/// # Errors
/// The system has no room for another process.
pub(super) fn fork() -> io::Result<Side> {
    // SAFETY: the process has one thread, so the child is a complete copy.
    match unsafe { libc::fork() } {
        0 => Ok(Side::Daemon),
        pid if pid > 0 => Ok(Side::Parent),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What the daemon does after the fork; yields the lines for the activity log.
pub(super) fn detach(directory: Option<&Path>, umask: u32) -> Vec<Message> {
    let mut lines = vec![Message::Daemonizing];
    if let Some(directory) = directory {
        lines.push(match std::env::set_current_dir(directory) {
            Ok(()) => Message::DirectorySet(directory.to_owned()),
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(0);
                let text = nix::errno::Errno::from_raw(errno).desc();
                Message::DirectoryFailed { directory: directory.to_owned(), error: format!("[Errno {errno}] {text}") }
            }
        });
    }
    if let Ok(null) = OpenOptions::new().read(true).write(true).open("/dev/null") {
        for fd in 0..3 {
            // SAFETY: dup2 between two open descriptors.
            unsafe { libc::dup2(null.as_raw_fd(), fd) };
        }
    }
    // SAFETY: two calls without memory; setsid cannot fail, as a freshly forked child leads no group.
    unsafe {
        libc::setsid();
        libc::umask(umask);
    }
    lines
}

/// Makes sure that descriptors 0 to 2 are open, so that no pipe or socket ever gets one of these numbers.
pub(super) fn open_standard_descriptors() -> io::Result<()> {
    loop {
        let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
        if null.as_raw_fd() > 2 {
            return Ok(());
        }
        std::mem::forget(null);
    }
}
