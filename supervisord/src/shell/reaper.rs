//! The one place that waits for children.
//!
//! SIGCHLD says only that something died; `waitpid` for any child, without waiting, until there is none left
//! says what. Children this daemon did not start (it may be pid 1) are collected too.

use nix::errno::Errno;

use crate::engine::Death;

/// The next dead child.
///
/// # Errors
/// `waitpid` failed otherwise than for lack of children; nothing more can be collected now.
pub(super) fn reap() -> Result<Option<(i32, Death)>, Errno> {
    loop {
        let mut status = 0;
        // SAFETY: waitpid writes one int. It is called raw because a status that is neither an exit nor a
        // signal must still be told.
        let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) };
        match pid {
            0 => return Ok(None),
            pid if pid > 0 => return Ok(Some((pid, death(status)))),
            _ => match Errno::last() {
                Errno::ECHILD => return Ok(None),
                Errno::EINTR => {}
                other => return Err(other),
            },
        }
    }
}

fn death(status: i32) -> Death {
    if libc::WIFEXITED(status) {
        Death::Code(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        Death::Signal { signal: libc::WTERMSIG(status), core: libc::WCOREDUMP(status) }
    } else {
        Death::Other(status)
    }
}
