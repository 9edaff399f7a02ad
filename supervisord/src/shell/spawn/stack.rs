//! The stack of a child that runs in the daemon's memory.

use std::num::NonZeroUsize;
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// Enough for the few calls to exec, in a debug build too. (The compiler unwraps it, and would refuse a zero.)
const STACK_BYTES: NonZeroUsize = NonZeroUsize::new(64 * 1024).unwrap();

/// Below it: who runs over the end dies of it, and does not write into something else. A multiple of any page size.
const GUARD_BYTES: usize = 64 * 1024;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Stack {
    base: NonNull<libc::c_void>,
}

impl Stack {
    /// # Errors
    /// The system has no memory.
    pub(super) fn new() -> Result<Self, Errno> {
        let all = STACK_BYTES.saturating_add(GUARD_BYTES);
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: new memory, at a place of the kernel's choice.
        let base = unsafe { mmap_anonymous(None, all, access, MapFlags::MAP_PRIVATE | MapFlags::MAP_STACK)? };
        let stack = Stack { base };
        // SAFETY: the lowest part of what was just mapped.
        unsafe { mprotect(base, GUARD_BYTES, ProtFlags::PROT_NONE)? };
        Ok(stack)
    }

    /// The memory above the guard.
    pub(super) fn memory(&mut self) -> &mut [u8] {
        // SAFETY: mapped until the drop, zeroed by the kernel, above the guard, and borrowed from nobody else.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr().cast::<u8>().add(GUARD_BYTES), STACK_BYTES.get()) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: what was mapped, which nobody can use any more.
        let _ = unsafe { munmap(self.base, STACK_BYTES.get() + GUARD_BYTES) };
    }
}
