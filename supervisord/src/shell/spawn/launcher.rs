//! How a child comes to be.
//!
//! `fork` copies the daemon's page tables and its table of descriptors, both of which grow with every child there
//! is; the two thousandth start would cost several times the first. So a daemon that has many lets the child borrow
//! them: it runs in the daemon's memory, on a stack of its own, while the daemon waits for its exec (what
//! `posix_spawn` does), and takes from the shared descriptors only the lowest few.
//!
//! **What is forked all the same.** Until exec the daemon stands still. That is why a daemon with few children forks:
//! the copy costs less than the wait. Nothing may happen there that can hang: a `chdir` may, on a mount whose server is
//! gone. (So may the exec itself, but on such a mount looking for the command hangs before.) Nor may a child of another
//! user stand in root's memory, or be stopped by that user while root waits.

use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, clone};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::unistd::{Pid, dup3};

use super::exec::Prepared;
use super::stack::Stack;

/// From so many children on a copy of the daemon costs more than to wait for an exec.
const MANY: usize = 256;

/// Makes children. One serves for all of them, one after the other.
#[derive(Debug)]
pub(in crate::shell) struct Launcher {
    many: usize,
    /// `None` where children cannot borrow.
    loan: Option<Loan>,
}

/// What a child needs that borrows.
#[derive(Debug)]
struct Loan {
    stack: Stack,
    /// Three low descriptors where the child's stdin, stdout and stderr are put before it is made, so that all above
    /// may be left behind in one call, without being looked at one by one.
    seats: [OwnedFd; 3],
    /// What sits there between two starts.
    idle: OwnedFd,
}

impl Launcher {
    pub(in crate::shell) fn new() -> Self {
        Launcher::for_many(MANY)
    }

    /// One that takes so many children for many.
    pub(super) fn for_many(many: usize) -> Self {
        Launcher { many, loan: Loan::new() }
    }

    /// Starts what was prepared, beside so many children.
    ///
    /// # Errors
    /// The errno of the fork.
    pub(super) fn launch(&mut self, prepared: &Prepared, children: usize) -> Result<i32, Errno> {
        let _signals = AllBlocked::new();
        let may_borrow = children >= self.many && prepared.is_straight() && prepared.closes_all();
        match self.loan.as_mut().filter(|_| may_borrow).and_then(|loan| loan.launch(prepared)) {
            // Emulators and sandboxes know less than the kernel does.
            Some(Err(Errno::EINVAL | Errno::ENOSYS | Errno::EPERM)) => self.loan = None,
            Some(made) => return made,
            None => {}
        }
        fork(prepared)
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

impl Loan {
    /// `None` if there is no descriptor or no memory, or on a kernel without close_range (before 5.9), or where that is
    /// forbidden.
    fn new() -> Option<Self> {
        close_range(libc::c_uint::MAX, libc::CLOSE_RANGE_UNSHARE).ok()?;
        let idle = OwnedFd::from(File::open("/dev/null").ok()?);
        let seat = || idle.try_clone().ok();
        let seats = [seat()?, seat()?, seat()?];
        Some(Loan { stack: Stack::new().ok()?, seats, idle })
    }

    /// The child runs in the daemon's memory, and the daemon waits, until exec. `None` if its descriptors could not be
    /// seated.
    fn launch(&mut self, prepared: &Prepared) -> Option<Result<i32, Errno>> {
        let fds = self.fill(prepared.fds());
        let made = fds.map(|fds| self.clone(prepared, fds));
        self.clear();
        made
    }

    fn clone(&mut self, prepared: &Prepared, fds: [RawFd; 3]) -> Result<i32, Errno> {
        let flags = CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK | CloneFlags::CLONE_FILES;
        let above = fds.into_iter().max().unwrap_or(2) + 1;
        let child = Box::new(|| {
            // SAFETY: this is the fresh child, see below.
            unsafe {
                // The first thing it does is to take a copy of the lowest descriptors, and to share none any more.
                if close_range(above as libc::c_uint, libc::CLOSE_RANGE_UNSHARE).is_err() {
                    prepared.cannot_exec(fds[2]);
                }
                prepared.run(fds)
            }
        });
        // SAFETY: the child has a stack of its own, large enough and used by nobody else, as the daemon waits for exec
        // or exit. All signals are blocked, so no handler runs there. It makes only async-signal-safe calls on memory
        // that was prepared before, and writes to none but its stack and `errno`.
        unsafe { clone(child, self.stack.memory(), flags, Some(libc::SIGCHLD)) }.map(Pid::as_raw)
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
