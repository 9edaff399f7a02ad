//! Making a child: its pipes, its environment, and the two sides of its birth.
//!
//! Own code instead of a library because the contract asks for it: failures between fork and exec are told by
//! the child, as text on its stderr and exit status 127, and the order of its preparations is observable
//! (`cfg_ce07`). [`exec`] is what the child does, [`launcher`] how it comes to be.
//!
//! **The race this avoids.** A signal that reaches the child before exec would run the daemon's handler there
//! and be lost. So all signals are blocked around the fork, and the child sets every disposition to its default
//! and only then unblocks: a TERM that comes at once after the fork ends the child, as it should.

mod exec;
mod launcher;
mod stack;

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use supervisor_protocol::outside;

use exec::Prepared;
pub(super) use launcher::Launcher;

use super::privileges::UserSwitch;
use super::program::Program;

/// What a child is started with.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) program: &'a Program,
    /// What the child finds as descriptor 0; without it a pipe is made.
    pub(super) stdin: Option<BorrowedFd<'a>>,
    /// `NAME=value`, complete.
    pub(super) environment: Vec<OsString>,
    pub(super) directory: Option<&'a Path>,
    pub(super) umask: Option<u32>,
    /// How to become another user, or why that is impossible.
    pub(super) user: Option<(u32, Result<UserSwitch, String>)>,
    /// stderr goes where stdout goes.
    pub(super) redirect_stderr: bool,
    /// Inherited descriptors from 3 up to here are closed in the child.
    pub(super) close_below: Option<u32>,
    /// How many children there are already.
    pub(super) children: usize,
}

/// A child that exists, with the daemon's ends of its pipes, all non-blocking and close-on-exec.
#[derive(Debug)]
pub(super) struct Spawned {
    pub(super) pid: i32,
    /// `None` if the child was given another stdin than a pipe.
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: Option<OwnedFd>,
}

/// Why there is no child; the texts are those of `spawnerr`, to which the process name is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpawnError {
    /// Pipes or log files could not be opened.
    Channels(i32),
    /// The fork failed.
    Fork(i32),
}

impl SpawnError {
    /// The text of `spawnerr`.
    pub(super) fn text(self, name: &str) -> String {
        match self {
            SpawnError::Channels(libc::EMFILE) => format!("too many open files to spawn '{name}'"),
            SpawnError::Channels(errno) => {
                format!("unknown error making dispatchers for '{name}': {}", errno_name(errno))
            }
            SpawnError::Fork(libc::EAGAIN) => format!("Too many processes in process table to spawn '{name}'"),
            SpawnError::Fork(errno) => format!("unknown error during fork for '{name}': {}", errno_name(errno)),
        }
    }
}

/// Starts a child.
///
/// # Errors
/// Pipes could not be made, or the fork failed. Nothing is left open then.
pub(super) fn spawn(plan: &Plan, launcher: &mut Launcher) -> Result<Spawned, SpawnError> {
    let pipe = || pipe2(OFlag::O_CLOEXEC).map_err(|errno| SpawnError::Channels(errno as i32));
    let (stdin_source, _child_stdin, stdin) = match plan.stdin {
        Some(given) => (given.as_raw_fd(), None, None),
        None => {
            let (read, write) = pipe()?;
            (read.as_raw_fd(), Some(read), Some(write))
        }
    };
    let (stdout, child_stdout) = pipe()?;
    let (stderr, child_stderr) = match plan.redirect_stderr {
        true => (None, None),
        false => {
            let (read, write) = pipe()?;
            (Some(read), Some(write))
        }
    };
    for fd in stdin.iter().chain([&stdout]).chain(&stderr) {
        set_nonblocking(fd.as_raw_fd()).map_err(|errno| SpawnError::Channels(errno as i32))?;
    }
    let stderr_source = child_stderr.as_ref().unwrap_or(&child_stdout);
    let prepared = Prepared::new(plan, [stdin_source, child_stdout.as_raw_fd(), stderr_source.as_raw_fd()]);
    let pid = launcher.launch(&prepared, plan.children).map_err(|errno| SpawnError::Fork(errno as i32))?;
    Ok(Spawned { pid, stdin, stdout, stderr })
}

fn set_nonblocking(fd: RawFd) -> Result<(), Errno> {
    // SAFETY: fcntl on a descriptor that the caller owns; no memory is involved.
    Errno::result(unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) }).map(drop)
}

/// The symbolic name of an errno, without allocating.
pub(super) fn errno_name(errno: i32) -> &'static str {
    match errno {
        libc::EPERM => "EPERM",
        libc::ENOENT => "ENOENT",
        libc::EINTR => "EINTR",
        libc::EIO => "EIO",
        libc::ENXIO => "ENXIO",
        libc::E2BIG => "E2BIG",
        libc::ENOEXEC => "ENOEXEC",
        libc::EBADF => "EBADF",
        libc::EAGAIN => "EAGAIN",
        libc::ENOMEM => "ENOMEM",
        libc::EACCES => "EACCES",
        libc::EFAULT => "EFAULT",
        libc::EBUSY => "EBUSY",
        libc::EEXIST => "EEXIST",
        libc::ENODEV => "ENODEV",
        libc::ENOTDIR => "ENOTDIR",
        libc::EISDIR => "EISDIR",
        libc::EINVAL => "EINVAL",
        libc::ENFILE => "ENFILE",
        libc::EMFILE => "EMFILE",
        libc::ETXTBSY => "ETXTBSY",
        libc::EFBIG => "EFBIG",
        libc::ENOSPC => "ENOSPC",
        libc::EROFS => "EROFS",
        libc::EPIPE => "EPIPE",
        libc::ENAMETOOLONG => "ENAMETOOLONG",
        libc::ENOSYS => "ENOSYS",
        libc::ELOOP => "ELOOP",
        libc::ELIBBAD => "ELIBBAD",
        libc::EUSERS => "EUSERS",
        libc::EDQUOT => "EDQUOT",
        libc::ESTALE => "ESTALE",
        libc::EOVERFLOW => "EOVERFLOW",
        _ => "unknown errno",
    }
}

/// The daemon's environment with what every child gets and what the section adds, in that order.
pub(super) fn environment(
    inherited: &std::collections::BTreeMap<OsString, OsString>,
    supervisor: &[(&str, &str)],
    section: &std::collections::BTreeMap<String, String>,
) -> Vec<OsString> {
    let bytes = |text: &str| outside::os(text).as_bytes().to_vec();
    let mut all: std::collections::BTreeMap<Vec<u8>, Vec<u8>> =
        inherited.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect();
    for (name, value) in supervisor {
        all.insert(bytes(name), bytes(value));
    }
    for (name, value) in section {
        all.insert(bytes(name), bytes(value));
    }
    all.into_iter().map(|(name, value)| OsString::from_vec([name, value].join(&b'='))).collect()
}

/// The errno of an I/O error.
pub(super) fn errno_of(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

#[cfg(test)]
mod tests;
