//! How a child comes to be.
//!
//! `fork` copies the daemon's page tables and its table of descriptors, both of which grow with every child there
//! is; the two thousandth start would cost several times the first. So where that is harmless the child borrows
//! them: it runs in the daemon's memory, on a stack of its own, while the daemon waits for its exec (what
//! `posix_spawn` does), and takes from the shared descriptors only the lowest few.
//!
//! **Where it is not harmless.** Until exec the daemon stands still, so nothing may happen there that can hang: a
//! `chdir` may, on a mount whose server is gone. Nor may a child of another user stand in root's memory, or be
//! stopped by that user while root waits. Such children are forked.

use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, clone};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::unistd::{Pid, dup3};

use super::exec::Prepared;

/// Enough for the few calls to exec, in a debug build too.
const STACK_BYTES: usize = 64 * 1024;

/// Makes children. One serves for all of them, one after the other.
#[derive(Debug)]
pub(in crate::shell) struct Launcher {
    stack: Box<[u8]>,
    seats: Option<Seats>,
}

/// Three low descriptors where the child's stdin, stdout and stderr are put before it is made, so that all above may
/// be left behind in one call, without being looked at one by one.
#[derive(Debug)]
struct Seats {
    /// What sits there between two starts.
    idle: OwnedFd,
    seats: [OwnedFd; 3],
}

impl Launcher {
    pub(in crate::shell) fn new() -> Self {
        Launcher { stack: vec![0; STACK_BYTES].into(), seats: Seats::take() }
    }

    /// Starts what was prepared.
    ///
    /// # Errors
    /// The errno of the fork.
    pub(super) fn launch(&mut self, prepared: &Prepared) -> Result<i32, Errno> {
        let signals = AllBlocked::new();
        let made = match prepared.is_straight() {
            true => self.borrow(prepared),
            false => fork(prepared),
        };
        drop(signals);
        made
    }

    /// The child runs in the daemon's memory, and the daemon waits, until exec.
    fn borrow(&mut self, prepared: &Prepared) -> Result<i32, Errno> {
        let mut seats = self.seats.as_mut().filter(|_| prepared.closes_all());
        let seated = seats.as_mut().and_then(|seats| seats.fill(prepared.fds()));
        let mut flags = CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK;
        flags.set(CloneFlags::CLONE_FILES, seated.is_some());
        let child = Box::new(|| {
            // SAFETY: this is the fresh child, see below; without seats its descriptors are a copy from the start.
            unsafe {
                if let Some(fds) = seated {
                    let above = fds.into_iter().max().unwrap_or(2) + 1;
                    if close_range(above as libc::c_uint, libc::CLOSE_RANGE_UNSHARE).is_err() {
                        prepared.cannot_exec(fds[2]);
                    }
                }
                prepared.run(seated.unwrap_or(prepared.fds()))
            }
        });
        // SAFETY: the child has a stack of its own, large enough and used by nobody else, as the daemon waits for exec
        // or exit. All signals are blocked, so no handler runs there. It makes only async-signal-safe calls on memory
        // that was prepared before, and writes to none but its stack and `errno`.
        let made = unsafe { clone(child, &mut self.stack, flags, Some(libc::SIGCHLD)) };
        if let Some(seats) = seats {
            seats.clear();
        }
        made.map(Pid::as_raw)
    }
}

/// A child that is a copy of the daemon.
fn fork(prepared: &Prepared) -> Result<i32, Errno> {
    // SAFETY: the process has one thread, so the child is a complete copy, with all signals blocked; it never returns
    // from here.
    unsafe {
        let pid = libc::fork();
        if pid == 0 {
            prepared.run(prepared.fds());
        }
        Errno::result(pid)
    }
}

impl Seats {
    /// `None` if there is no descriptor, or on a kernel without close_range (before 5.9), or where that is forbidden:
    /// then the child gets a copy of all descriptors, as with fork.
    fn take() -> Option<Self> {
        close_range(libc::c_uint::MAX, libc::CLOSE_RANGE_UNSHARE).ok()?;
        let idle = OwnedFd::from(File::open("/dev/null").ok()?);
        let seat = || idle.try_clone().ok();
        let seats = [seat()?, seat()?, seat()?];
        Some(Seats { idle, seats })
    }

    /// Puts what the child is to have into the seats.
    fn fill(&mut self, fds: [RawFd; 3]) -> Option<[RawFd; 3]> {
        for (seat, fd) in self.seats.iter_mut().zip(fds) {
            // SAFETY: the caller's descriptor is open during this call.
            dup3(unsafe { BorrowedFd::borrow_raw(fd) }, seat, OFlag::O_CLOEXEC).ok()?;
        }
        Some(self.seats.each_ref().map(AsRawFd::as_raw_fd))
    }

    /// Lets go of the child's ends: a pipe must end when the child does.
    fn clear(&mut self) {
        for seat in &mut self.seats {
            // It cannot fail: both descriptors are the daemon's, and nothing is allocated.
            let _ = dup3(&self.idle, seat, OFlag::O_CLOEXEC);
        }
    }
}

/// Closes all descriptors from `first` on.
fn close_range(first: libc::c_uint, flags: libc::c_uint) -> Result<(), Errno> {
    // SAFETY: used before there is anything to close, and in a fresh child.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, flags) };
    Errno::result(result).map(drop)
}

/// All signals are blocked while this lives: one that reaches the child before exec would run the daemon's handler
/// there and be lost.
struct AllBlocked(SigSet);

impl AllBlocked {
    fn new() -> Self {
        let mut before = SigSet::empty();
        // It cannot fail: both sets are valid.
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut before));
        AllBlocked(before)
    }
}

impl Drop for AllBlocked {
    fn drop(&mut self) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.0), None);
    }
}
