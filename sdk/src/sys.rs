//! The crate's only unsafe code: thin wrappers of calls that the standard library does not offer.
//!
//! Each function does one thing and decides nothing. Descriptors and child processes are involved, so each
//! block states why its call cannot break what the rest of the program relies on.

use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Moves the protocol's channels away from descriptors 0 and 1.
///
/// Returns what was standard input and standard output, as close-on-exec files. Afterwards descriptor 0 reads
/// nothing and descriptor 1 is standard error, here and in every child, so that neither a stray `println!`
/// nor a command that reads its input can disturb the protocol.
pub(crate) fn take_over_stdio() -> io::Result<(File, File)> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    // Without /dev/null (a bare chroot) the input stays where it is: less guarded, but working.
    if let Ok(null) = OpenOptions::new().read(true).open("/dev/null") {
        redirect(&null, libc::STDIN_FILENO)?;
    }
    redirect(&io::stderr(), libc::STDOUT_FILENO)?;
    Ok((input, output))
}

fn redirect(source: &impl AsFd, target: libc::c_int) -> io::Result<()> {
    // SAFETY: the source is open for the length of the borrow, and the target is 0 or 1, which nobody owns as
    // an `OwnedFd`: the standard library only borrows them. The call touches no memory.
    let result = unsafe { libc::dup2(source.as_fd().as_raw_fd(), target) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A moment, taken apart.
pub(crate) struct Broken {
    /// The fields of C's `struct tm`, as it counts them.
    pub(crate) tm: libc::tm,
    /// Abbreviation of the zone, such as `CET`.
    pub(crate) zone: String,
}

/// Local time by the C library: the zone is that of `TZ` or of the system.
pub(crate) fn local_time(epoch_seconds: i64) -> Broken {
    unsafe extern "C" {
        // POSIX; the libc crate does not bind it for Linux.
        safe fn tzset();
    }
    // localtime_r need not read TZ by itself.
    tzset();
    let seconds: libc::time_t = epoch_seconds;
    // SAFETY: a `tm` of zeros is a valid value (numbers and a null pointer).
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for the call. A failure (a year beyond i32) leaves the zeros in place.
    unsafe { libc::localtime_r(&raw const seconds, &raw mut tm) };
    let zone = if tm.tm_zone.is_null() {
        String::new()
    } else {
        // SAFETY: the C library points tm_zone at a static, terminated string that lives until the next tzset,
        // and it is copied right here.
        unsafe { CStr::from_ptr(tm.tm_zone) }.to_string_lossy().into_owned()
    };
    Broken { tm, zone }
}

/// Universal time, with an empty zone.
pub(crate) fn universal_time(epoch_seconds: i64) -> Broken {
    let seconds: libc::time_t = epoch_seconds;
    // SAFETY: a `tm` of zeros is a valid value (numbers and a null pointer).
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for the call. A failure (a year beyond i32) leaves the zeros in place.
    unsafe { libc::gmtime_r(&raw const seconds, &raw mut tm) };
    Broken { tm, zone: String::new() }
}

/// Waits until a child has ended, without reaping it: its pid stays reserved until `Child::wait`.
#[cfg(feature = "mail")]
pub(crate) fn wait_until_ended(pid: u32) -> io::Result<()> {
    loop {
        // SAFETY: zeros are a valid `siginfo_t`, which the call fills in; the pointer is valid for the call.
        let result = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(libc::P_PID, pid, &raw mut info, libc::WEXITED | libc::WNOWAIT)
        };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Kills a child that leads its own process group, and everything else in the group.
///
/// Only for a child that was not reaped yet, so that its number cannot mean another group.
#[cfg(feature = "mail")]
pub(crate) fn kill_group(leader: u32) {
    if let Ok(leader) = libc::pid_t::try_from(leader)
        && leader > 1
    {
        // SAFETY: a plain system call with numbers. That the group may be gone already is fine.
        unsafe { libc::kill(-leader, libc::SIGKILL) };
    }
}
