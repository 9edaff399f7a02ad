//! Writing to what somebody else reads, without ever hanging on them.
//!
//! Standard output, a FIFO or a terminal belongs to whoever reads it, and who may pause, or stop. Making it non-blocking
//! would change it for every process that shares it. So each piece that surely fits where the system sees room is
//! written only after a poll has found room.
//!
//! What finds no room waits in a [`backlog`] of up to 1 MiB, one for all writers that lead to the same place, so that
//! their order stays. It gets out as soon as there is room: the owner watches the places that have one ([`tend`]). A write
//! gets in as a whole or not at all, so nothing is torn.
//!
//! A child whose log leads to a place with a large backlog is not read meanwhile: it waits in its own pipe, and the daemon
//! does not. Other writers cannot be stopped so. When a backlog is full, they wait for the reader, and the daemon with
//! them. How long is kept in a purse. It holds 100 ms after each time that everything got
//! out; waiting empties it, and bytes that are taken fill it up again, so that 400 KB a second earn all the waiting. A
//! reader that has stopped costs 100 ms, once; what finds no room then is dropped at once.
//!
//! A FIFO that nobody has opened for reading yet is a place without room, for which nobody waits. Once it has a reader it is as
//! any other, also when that one goes away: then what is written is lost, until the FIFO is opened anew.
//!
//! Regular files always have room: they are written to as they are, with one `write(2)`.
//!
//! No poll tells how much a terminal takes, so it is opened anew, for this writer alone, and non-blocking.
//!
//! Two ways are left to make the daemon wait for a reader: a stranger that fills a pipe between poll and write (the
//! daemon's own writers take turns), and a terminal that may not be opened anew, being another user's.

mod backlog;
mod lookout;
mod outlet;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::stat::fstat;

use super::clock;
use backlog::Backlog;
use lookout::Awaited;
use outlet::Outlet;

/// What the purse holds at most.
const PATIENCE: Duration = Duration::from_millis(100);

/// Bytes a second at which a reader earns all the waiting it makes necessary.
const SLOWEST: u64 = 400_000;

/// How long the end of the daemon waits for its readers.
const FAREWELL: Duration = Duration::from_secs(1);

thread_local! {
    /// By device and inode. All writers are the owner's, and the owner has one thread.
    static PLACES: RefCell<HashMap<(u64, u64), Rc<Place>>> = RefCell::default();
    /// Some place has begun or ceased to have a backlog.
    static HAS_CHANGED: Cell<bool> = const { Cell::new(false) };
    /// Something of a backlog is lost, and whoever wrote it may be silent or gone.
    static HAS_LOST: Cell<bool> = const { Cell::new(false) };
}

/// Where writers lead to, and what waits to get there.
#[derive(Debug)]
struct Place {
    purse: Cell<Duration>,
    backlog: RefCell<Backlog>,
    /// The outlet that is watched for room.
    watched: RefCell<Option<Outlet>>,
    /// It is a FIFO that has no reader yet, as far as is known.
    awaited: RefCell<Option<Awaited>>,
    /// The log by whose name it is known.
    name: RefCell<Option<PathBuf>>,
}

impl Default for Place {
    fn default() -> Self {
        Place {
            purse: Cell::new(PATIENCE),
            backlog: RefCell::default(),
            watched: RefCell::default(),
            awaited: RefCell::default(),
            name: RefCell::default(),
        }
    }
}

/// Why bytes did not get out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// No room in time.
    Unread,
    /// What the system said.
    System(Errno),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Unread => f.write_str("nobody reads it"),
            Reason::System(errno) => f.write_str(errno.desc()),
        }
    }
}

impl From<Reason> for io::Error {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Unread => io::Error::new(io::ErrorKind::WouldBlock, reason.to_string()),
            Reason::System(errno) => errno.into(),
        }
    }
}

/// Bytes that are lost, of this write or of some before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shortfall {
    pub(super) lost_bytes: usize,
    pub(super) reason: Reason,
}

/// A descriptor that is written to; see the module's documentation.
#[derive(Debug)]
pub(super) struct PatientWriter {
    outlet: Outlet,
    place: Rc<Place>,
}

impl PatientWriter {
    /// Takes over a descriptor. Its flags stay as they are.
    pub(super) fn new(fd: OwnedFd) -> Self {
        let stat = fstat(&fd).ok();
        let outlet = Outlet::new(fd, stat);
        let place = match stat {
            Some(stat) if !outlet.is_file() => place((stat.st_dev, stat.st_ino)),
            _ => Rc::default(),
        };
        PatientWriter { outlet, place }
    }

    /// Opens a FIFO that nobody reads yet.
    ///
    /// # Errors
    /// It may not be read, or the system has no descriptor left; `ENXIO` if it cannot tell of a reader, its watches being
    /// used up.
    pub(super) fn awaiting_reader(path: &Path) -> io::Result<Self> {
        let writer = Self::new(lookout::open(path)?);
        let mut awaited = writer.place.awaited.borrow_mut();
        if awaited.is_none() {
            // What there are too many of is not what was asked for: there must be a reader first.
            *awaited = Some(Awaited::new(path).map_err(|_| Errno::ENXIO)?);
            HAS_CHANGED.set(true);
        }
        drop(awaited);
        Ok(writer)
    }

    /// To a duplicate of a descriptor.
    ///
    /// # Errors
    /// It cannot be duplicated.
    pub(super) fn duplicating(fd: impl AsFd) -> io::Result<Self> {
        fd.as_fd().try_clone_to_owned().map(Self::new)
    }

    /// Names the log, for what is said when the daemon ends.
    pub(super) fn name(&self, path: &Path) {
        self.place.name.borrow_mut().get_or_insert_with(|| path.to_owned());
    }

    /// What was lost of earlier writes, and is not told yet.
    pub(super) fn take_shortfall(&self) -> Option<Shortfall> {
        self.place.backlog.borrow_mut().take_shortfall()
    }

    /// Whether it is a regular file.
    pub(super) fn is_file(&self) -> bool {
        self.outlet.is_file()
    }

    /// Whether so much waits that its source had better wait, too. [`tend`] tells when this may have changed.
    pub(super) fn is_congested(&self) -> bool {
        self.place.backlog.borrow().is_congested()
    }

    /// Writes all of it, now or when there is room; unless too much waits for room already. An error of the system may
    /// come after a part.
    ///
    /// # Errors
    /// What will not get out, and why.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), Shortfall> {
        self.place.write(&self.outlet, bytes)
    }
}

impl AsFd for PatientWriter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.outlet.as_fd()
    }
}

impl Place {
    fn write(&self, outlet: &Outlet, bytes: &[u8]) -> Result<(), Shortfall> {
        self.flush();
        let has_reader = self.has_reader(outlet);
        let mut backlog = self.backlog.borrow_mut();
        let before = backlog.take_shortfall();
        let lost = |bytes: &[u8], reason| {
            let lost_bytes = bytes.len() + before.map_or(0, |before| before.lost_bytes);
            Err(Shortfall { lost_bytes, reason })
        };
        let mut rest = bytes;
        if backlog.is_empty() && has_reader {
            let (written, outcome) = outlet.write_now(bytes);
            self.earn(written);
            rest = bytes.get(written..).unwrap_or_default();
            if let Err(errno) = outcome {
                return lost(rest, Reason::System(errno));
            }
            if rest.is_empty() {
                self.purse.set(PATIENCE);
                return before.map_or(Ok(()), Err);
            }
        }
        while !backlog.has_room_for(rest.len()) {
            if has_reader && self.wait_for_room(outlet) {
                self.earn(backlog.flush());
            } else {
                return lost(rest, Reason::Unread);
            }
        }
        if backlog.is_empty() {
            HAS_CHANGED.set(true);
        }
        backlog.push(rest, outlet);
        before.map_or(Ok(()), Err)
    }

    /// Writes what there is room for.
    fn flush(&self) {
        let mut backlog = self.backlog.borrow_mut();
        if !backlog.outlet().is_some_and(|outlet| self.has_reader(outlet)) {
            return;
        }
        self.earn(backlog.flush());
        if backlog.has_shortfall() {
            HAS_LOST.set(true);
        }
        if backlog.is_empty() {
            self.purse.set(PATIENCE);
            HAS_CHANGED.set(true);
        }
    }

    /// Gives up what waits for a reader who cannot come any more, since the FIFO has no name left. To be called when nobody
    /// writes to it.
    fn give_up_if_removed(&self) {
        let mut backlog = self.backlog.borrow_mut();
        let is_removed = |outlet: &Outlet| {
            let is_awaited = self.awaited.borrow().is_some();
            is_awaited && fstat(outlet).is_ok_and(|stat| stat.st_nlink == 0) && !self.has_reader(outlet)
        };
        if backlog.outlet().is_some_and(is_removed) {
            backlog.fail();
            *self.awaited.borrow_mut() = None;
            self.purse.set(PATIENCE);
            HAS_CHANGED.set(true);
            HAS_LOST.set(true);
        }
    }

    /// `false` if it is a FIFO that still awaits its reader.
    fn has_reader(&self, outlet: &Outlet) -> bool {
        let mut awaited = self.awaited.borrow_mut();
        if awaited.is_some() && outlet.has_reader() {
            *awaited = None;
            HAS_CHANGED.set(true);
        }
        awaited.is_none()
    }

    fn earn(&self, bytes: usize) {
        let earned = Duration::from_nanos((bytes as u64).saturating_mul(1_000_000_000 / SLOWEST));
        self.purse.set(PATIENCE.min(self.purse.get().saturating_add(earned)));
    }

    /// Pays with what is in the purse; `false` if that is not enough.
    fn wait_for_room(&self, outlet: &Outlet) -> bool {
        let since = clock::mono();
        let has_room = outlet.wait(self.purse.get());
        let left = self.purse.get().saturating_sub(clock::mono().saturating_sub(since));
        self.purse.set(if has_room { left } else { Duration::ZERO });
        has_room
    }

    fn has_backlog(&self) -> bool {
        !self.backlog.borrow().is_empty()
    }
}

/// The place with this device and inode. Those that nobody writes to any more are forgotten, once they are as new.
fn place(key: (u64, u64)) -> Rc<Place> {
    PLACES.with_borrow_mut(|places| {
        places.retain(|_, place| {
            if Rc::strong_count(place) == 1 {
                place.give_up_if_removed();
            }
            let is_new = place.purse.get() == PATIENCE
                && !place.has_backlog()
                && !place.backlog.borrow().has_shortfall()
                && place.watched.borrow().is_none();
            Rc::strong_count(place) > 1 || !is_new
        });
        places.entry(key).or_default().clone()
    })
}

/// Has the places watched that have a backlog, and only these: calls `watch` for each that has begun to have one,
/// `unwatch` for each that has ceased. Whether there was any such change. What is ready when a reader comes who was awaited
/// goes to `look_out`, once.
pub(super) fn tend(
    watch: impl Fn(BorrowedFd<'_>),
    unwatch: impl Fn(BorrowedFd<'_>),
    look_out: impl Fn(BorrowedFd<'_>),
) -> bool {
    if !HAS_CHANGED.replace(false) {
        return false;
    }
    lookout::tend(look_out);
    PLACES.with_borrow(|places| {
        for place in places.values() {
            let mut watched = place.watched.borrow_mut();
            match (&*watched, place.backlog.borrow().outlet()) {
                (None, Some(outlet)) => {
                    watch(outlet.as_fd());
                    *watched = Some(outlet.clone());
                }
                (Some(outlet), None) => {
                    unwatch(outlet.as_fd());
                    *watched = None;
                }
                _ => {}
            }
        }
    });
    true
}

/// Nothing is watched any more, since the watcher is gone.
pub(super) fn unwatched() {
    PLACES.with_borrow(|places| places.values().for_each(|place| *place.watched.borrow_mut() = None));
    lookout::unwatched();
    HAS_CHANGED.set(true);
}

/// Some place has room again, or its reader.
pub(super) fn flush() {
    lookout::clear();
    PLACES.with_borrow(|places| places.values().for_each(|place| place.flush()));
}

/// Whether something that waited is lost, so that the logs are to be asked: `None` if not. What nobody has as a log any
/// more comes along, by the name of the log.
pub(super) fn lost() -> Option<Vec<(PathBuf, Shortfall)>> {
    if !HAS_LOST.replace(false) {
        return None;
    }
    PLACES.with_borrow(|places| {
        let forsaken = places.values().filter(|place| Rc::strong_count(place) == 1);
        let lost = |place: &Rc<Place>| {
            let shortfall = place.backlog.borrow_mut().take_shortfall()?;
            Some((place.name.borrow().clone()?, shortfall))
        };
        Some(forsaken.filter_map(lost).collect())
    })
}

/// The last chance to get out, for a second. What did not, by the name of the log.
pub(super) fn farewell() -> Vec<(PathBuf, Shortfall)> {
    let until = clock::mono() + FAREWELL;
    PLACES.with_borrow(|places| {
        for place in places.values() {
            while place.has_backlog() {
                let left = until.saturating_sub(clock::mono());
                let backlog = place.backlog.borrow();
                let has_room = backlog.outlet().is_some_and(|outlet| place.has_reader(outlet) && outlet.wait(left));
                drop(backlog);
                if !has_room {
                    break;
                }
                place.flush();
                // A terminal may seem to have room for ever.
                if left.is_zero() {
                    break;
                }
            }
        }
        let name = |place: &Place| place.name.borrow().clone();
        let lost = |place: &Rc<Place>| Some((name(place)?, place.backlog.borrow_mut().give_up()?));
        places.values().filter_map(lost).collect()
    })
}

#[cfg(test)]
mod tests;
