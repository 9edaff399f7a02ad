//! FIFOs that nobody reads yet.
//!
//! The system lets nobody open a FIFO for writing before somebody reads it: one is refused, or waits. So it is opened for
//! reading too, for a moment, which makes it one that is read. What is left then is a descriptor that can be written to as
//! soon as a reader comes. Since there is a writer now, the reader's own opening does not wait for one, and inotify tells
//! of it. (No poll does: the end of a FIFO that is written to is woken by what is read, not by who begins to read.)
//!
//! Both want the permission to read the FIFO.

use std::cell::{Cell, RefCell};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::rc::Rc;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

thread_local! {
    /// Made for the first FIFO that must wait, and kept.
    static LOOKOUT: RefCell<Option<Rc<Lookout>>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Lookout {
    inotify: Inotify,
    is_watched: Cell<bool>,
}

/// A FIFO whose next reader is told of, as long as this lives. One at a time for a FIFO: there is but one watch.
#[derive(Debug)]
pub(super) struct Awaited {
    lookout: Rc<Lookout>,
    watch: WatchDescriptor,
}

impl Awaited {
    /// Has the next reader told of.
    ///
    /// # Errors
    /// The system has no watch left, or the FIFO may not be read.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let lookout = LOOKOUT.with_borrow_mut(|lookout| match lookout {
            Some(lookout) => Ok(lookout.clone()),
            None => {
                let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
                io::Result::Ok(lookout.insert(Rc::new(Lookout { inotify, is_watched: Cell::new(false) })).clone())
            }
        })?;
        let watch = lookout.inotify.add_watch(path, AddWatchFlags::IN_OPEN)?;
        Ok(Awaited { lookout, watch })
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        // It is gone already if the FIFO is.
        let _ = self.lookout.inotify.rm_watch(self.watch);
    }
}

/// Opens a FIFO for writing that nobody reads.
///
/// # Errors
/// It may not be opened for reading.
pub(super) fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let _reader = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
    OpenOptions::new().write(true).custom_flags(flags).open(path).map(OwnedFd::from)
}

/// Has the readers that come watched for, if any are awaited.
pub(super) fn tend(watch: impl Fn(BorrowedFd<'_>)) {
    LOOKOUT.with_borrow(|lookout| {
        if let Some(lookout) = lookout
            && !lookout.is_watched.replace(true)
        {
            watch(lookout.inotify.as_fd());
        }
    });
}

/// Nothing is watched any more.
pub(super) fn unwatched() {
    LOOKOUT.with_borrow(|lookout| lookout.iter().for_each(|lookout| lookout.is_watched.set(false)));
}

/// Takes what was told, so that the next reader is told of. Who it was is seen by looking.
pub(super) fn clear() {
    LOOKOUT.with_borrow(
        |lookout| {
            while lookout.as_ref().is_some_and(|lookout| lookout.inotify.read_events().is_ok()) {}
        },
    );
}
