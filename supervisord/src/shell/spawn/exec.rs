//! The child's side: from its birth to exec, or to the text on stderr that says why there is no program.
//!
//! Everything that allocates is made before ([`Prepared`]); the child makes only async-signal-safe calls.

use std::ffi::CString;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use supervisor_protocol::outside;

use super::{Plan, errno_name};
use crate::shell::privileges::UserSwitch;

/// Everything the child needs, in the form in which the system wants it.
pub(super) struct Prepared {
    file: CString,
    argv: Strings,
    environment: Strings,
    directory: Option<CString>,
    umask: Option<libc::mode_t>,
    user: Option<Result<UserSwitch, ()>>,
    /// What becomes descriptor 0, 1 and 2.
    fds: [RawFd; 3],
    close_below: Option<u32>,
    setuid_message: Vec<u8>,
    chdir_message: Vec<u8>,
    exec_message: Vec<u8>,
}

impl Prepared {
    pub(super) fn new(plan: &Plan, fds: [RawFd; 3]) -> Self {
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
            argv: plan.program.argv.iter().map(|word| c_string(outside::os(word).as_bytes())).collect(),
            environment: plan.environment.iter().map(|entry| c_string(entry.as_bytes())).collect(),
            chdir_message: plan
                .directory
                .map(|directory| {
                    format!("supervisor: couldn't chdir to {}: ", outside::shown(&outside::text(directory)))
                        .into_bytes()
                })
                .unwrap_or_default(),
            directory,
            umask: plan.umask,
            user,
            fds,
            close_below: plan.close_below,
            setuid_message: setuid_message.into_bytes(),
            exec_message: format!("supervisor: couldn't exec {}: ", outside::shown(argv0)).into_bytes(),
        }
    }

    pub(super) fn fds(&self) -> [RawFd; 3] {
        self.fds
    }

    /// Whether the way to exec has no step that may hang, and none as another user.
    pub(super) fn is_straight(&self) -> bool {
        self.directory.is_none() && self.user.is_none()
    }

    /// Whether the program gets no descriptor but its first three.
    pub(super) fn closes_all(&self) -> bool {
        self.close_below.is_none()
    }

    /// The child, from its birth to exec.
    ///
    /// # Safety
    /// To be called only in a fresh child with all signals blocked, on a copy of the table of descriptors.
    pub(super) unsafe fn run(&self, fds: [RawFd; 3]) -> ! {
        // SAFETY: async-signal-safe calls on descriptors, constants and prepared memory.
        unsafe {
            libc::setpgid(0, 0);
            for (target, source) in fds.into_iter().enumerate() {
                libc::dup2(source, target as RawFd);
            }
            close_from_3(self.close_below);
            default_signals();
            match &self.user {
                Some(Ok(switch)) if !switch.apply_in_child() => fail(2, &[&self.setuid_message]),
                Some(Err(())) => fail(2, &[&self.setuid_message]),
                Some(Ok(_)) | None => {}
            }
            if let Some(directory) = &self.directory
                && libc::chdir(directory.as_ptr()) != 0
            {
                fail(2, &[&self.chdir_message, errno_name(Errno::last_raw()).as_bytes(), b"\n"]);
            }
            if let Some(umask) = self.umask {
                libc::umask(umask);
            }
            libc::execve(self.file.as_ptr(), self.argv.as_ptr(), self.environment.as_ptr());
            self.cannot_exec(2)
        }
    }

    /// Ends the child for an error of the system on its way to exec.
    ///
    /// # Safety
    /// To be called only in a fresh child.
    pub(super) unsafe fn cannot_exec(&self, stderr: RawFd) -> ! {
        // SAFETY: as the caller promises.
        unsafe { fail(stderr, &[&self.exec_message, errno_name(Errno::last_raw()).as_bytes(), b"\n"]) }
    }
}

/// C strings and the array that execve wants, with NULL at its end.
struct Strings {
    pointers: Vec<*const libc::c_char>,
    /// What the pointers point to.
    _owned: Vec<CString>,
}

impl Strings {
    fn as_ptr(&self) -> *const *const libc::c_char {
        self.pointers.as_ptr()
    }
}

impl FromIterator<CString> for Strings {
    fn from_iter<I: IntoIterator<Item = CString>>(strings: I) -> Self {
        let owned: Vec<CString> = strings.into_iter().collect();
        // Moving a CString does not move its bytes.
        let pointers = owned.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect();
        Strings { pointers, _owned: owned }
    }
}

/// A C string; the system could not take more than what stands before a NUL anyway.
fn c_string(bytes: &[u8]) -> CString {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    CString::new(&bytes[..end]).unwrap_or_default()
}

/// Closes what the daemon itself inherited; its own descriptors are close-on-exec anyway.
///
/// # Safety
/// To be called only in a fresh child.
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
/// To be called only in a fresh child.
unsafe fn default_signals() {
    // SAFETY: signal and sigprocmask are async-signal-safe; a zeroed set is an empty one after sigemptyset.
    unsafe {
        // A Ctrl-Z meant for the daemon that reached the child too, before it left the daemon's group, is forgotten by
        // being ignored: nobody would continue it.
        for signal in [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU] {
            libc::signal(signal, libc::SIG_IGN);
        }
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
/// To be called only in a fresh child.
unsafe fn fail(stderr: RawFd, parts: &[&[u8]]) -> ! {
    let last: [&[u8]; 1] = [b"supervisor: child process was not spawned\n"];
    for part in parts.iter().chain(&last) {
        // SAFETY: the bytes are valid for the call; nothing can be done about a failing write.
        unsafe { libc::write(stderr, part.as_ptr().cast(), part.len()) };
    }
    // SAFETY: ends the child without running anything of the daemon's.
    unsafe { libc::_exit(127) }
}
