//! Fork and exec.
//!
//! Own code instead of a library because the contract asks for it: failures between fork and exec are told by
//! the child, as text on its stderr and exit status 127, and the order of its preparations is observable
//! (`cfg_ce07`). Everything that allocates (arguments, environment, messages) is made before the fork; between
//! fork and exec the child makes only async-signal-safe calls.
//!
//! **The race this avoids.** A signal that reaches the child before exec would run the daemon's handler there
//! and be lost. So all signals are blocked around the fork, and the child sets every disposition to its default
//! and only then unblocks: a TERM that comes at once after the fork ends the child, as it should.

use std::ffi::{CString, OsString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;

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
pub(super) fn spawn(plan: &Plan) -> Result<Spawned, SpawnError> {
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
    let pid = fork_and_exec(&prepared).map_err(SpawnError::Fork)?;
    Ok(Spawned { pid, stdin, stdout, stderr })
}

fn set_nonblocking(fd: RawFd) -> Result<(), Errno> {
    // SAFETY: fcntl on a descriptor that the caller owns; no memory is involved.
    Errno::result(unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) }).map(drop)
}

/// Everything the child needs, in the form in which the system wants it.
struct Prepared {
    file: CString,
    argv: Vec<CString>,
    environment: Vec<CString>,
    directory: Option<CString>,
    umask: Option<libc::mode_t>,
    user: Option<Result<UserSwitch, ()>>,
    fds: [RawFd; 3],
    close_below: Option<u32>,
    setuid_message: Vec<u8>,
    chdir_message: Vec<u8>,
    exec_message: Vec<u8>,
}

impl Prepared {
    fn new(plan: &Plan, fds: [RawFd; 3]) -> Self {
        let user = plan.user.as_ref().map(|(_, switch)| switch.clone().map_err(|_| ()));
        let setuid_message = match &plan.user {
            Some((uid, Err(reason))) => format!("supervisor: couldn't setuid to {uid}: {reason}\n"),
            Some((uid, Ok(_))) => {
                format!("supervisor: couldn't setuid to {uid}: Can't drop privilege as nonroot user\n")
            }
            None => String::new(),
        };
        let directory = plan.directory.map(|directory| c_string(directory.as_os_str().as_bytes()));
        let argv0 = plan.program.argv.first().map(String::as_str).unwrap_or_default();
        Prepared {
            file: c_string(plan.program.file.as_os_str().as_bytes()),
            argv: plan.program.argv.iter().map(|word| c_string(word.as_bytes())).collect(),
            environment: plan.environment.iter().map(|entry| c_string(entry.as_bytes())).collect(),
            chdir_message: plan
                .directory
                .map(|directory| format!("supervisor: couldn't chdir to {}: ", directory.display()).into_bytes())
                .unwrap_or_default(),
            directory,
            umask: plan.umask,
            user,
            fds,
            close_below: plan.close_below,
            setuid_message: setuid_message.into_bytes(),
            exec_message: format!("supervisor: couldn't exec {argv0}: ").into_bytes(),
        }
    }
}

/// A C string; the system could not take more than what stands before a NUL anyway.
fn c_string(bytes: &[u8]) -> CString {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    CString::new(&bytes[..end]).unwrap_or_default()
}

fn fork_and_exec(prepared: &Prepared) -> Result<i32, i32> {
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let argv = pointers(&prepared.argv);
    let environment = pointers(&prepared.environment);
    // SAFETY: the signal sets are plain data that sigfillset and sigprocmask initialise. The process has one
    // thread, so the child is a complete copy; until exec it makes only async-signal-safe calls, on memory that
    // was prepared before, and it never returns from here.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &all, &mut before);
        let pid = libc::fork();
        if pid == 0 {
            in_child(prepared, &argv, &environment);
        }
        let errno = Errno::last_raw();
        libc::sigprocmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        if pid < 0 { Err(errno) } else { Ok(pid) }
    }
}

/// The child, from fork to exec.
///
/// # Safety
/// To be called only in a freshly forked child. `argv` and `environment` are NULL-terminated arrays of C
/// strings.
unsafe fn in_child(prepared: &Prepared, argv: &[*const libc::c_char], environment: &[*const libc::c_char]) -> ! {
    // SAFETY: async-signal-safe calls on descriptors, constants and prepared memory.
    unsafe {
        libc::setpgid(0, 0);
        for (target, source) in prepared.fds.iter().enumerate() {
            libc::dup2(*source, target as RawFd);
        }
        close_from_3(prepared.close_below);
        default_signals();
        match &prepared.user {
            Some(Ok(switch)) if !switch.apply_in_child() => fail(&[&prepared.setuid_message]),
            Some(Err(())) => fail(&[&prepared.setuid_message]),
            Some(Ok(_)) | None => {}
        }
        if let Some(directory) = &prepared.directory
            && libc::chdir(directory.as_ptr()) != 0
        {
            fail(&[&prepared.chdir_message, errno_name(Errno::last_raw()).as_bytes(), b"\n"]);
        }
        if let Some(umask) = prepared.umask {
            libc::umask(umask);
        }
        libc::execve(prepared.file.as_ptr(), argv.as_ptr(), environment.as_ptr());
        fail(&[&prepared.exec_message, errno_name(Errno::last_raw()).as_bytes(), b"\n"]);
    }
}

/// Closes what the daemon itself inherited; its own descriptors are close-on-exec anyway.
///
/// # Safety
/// To be called only in a freshly forked child.
unsafe fn close_from_3(below: Option<u32>) {
    let last = below.map_or(u32::MAX, |below| below.saturating_sub(1));
    if last < 3 {
        return;
    }
    // SAFETY: closing descriptors in a child that will execute another program or exit.
    unsafe {
        if libc::syscall(libc::SYS_close_range, 3 as libc::c_uint, last as libc::c_uint, 0 as libc::c_uint) == 0 {
            return;
        }
        // A kernel without close_range (before 5.9).
        let limit = libc::sysconf(libc::_SC_OPEN_MAX).clamp(3, 1 << 20) as u32;
        for fd in 3..=last.min(limit) {
            libc::close(fd as RawFd);
        }
    }
}

/// Every disposition to its default, then nothing blocked.
///
/// # Safety
/// To be called only in a freshly forked child.
unsafe fn default_signals() {
    // SAFETY: signal and sigprocmask are async-signal-safe; a zeroed set is an empty one after sigemptyset.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
    }
}

/// Tells on stderr why there is no program, and ends.
///
/// # Safety
/// To be called only in a freshly forked child.
unsafe fn fail(parts: &[&[u8]]) -> ! {
    let last: [&[u8]; 1] = [b"supervisor: child process was not spawned\n"];
    for part in parts.iter().chain(&last) {
        // SAFETY: the bytes are valid for the call; nothing can be done about a failing write.
        unsafe { libc::write(2, part.as_ptr().cast(), part.len()) };
    }
    // SAFETY: ends the child without running anything of the daemon's.
    unsafe { libc::_exit(127) }
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
    let mut all: std::collections::BTreeMap<Vec<u8>, Vec<u8>> =
        inherited.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect();
    for (name, value) in supervisor {
        all.insert(name.as_bytes().to_vec(), value.as_bytes().to_vec());
    }
    for (name, value) in section {
        all.insert(name.clone().into_bytes(), value.clone().into_bytes());
    }
    all.into_iter().map(|(name, value)| OsString::from_vec([name, value].join(&b'='))).collect()
}

/// The errno of an I/O error.
pub(super) fn errno_of(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}
