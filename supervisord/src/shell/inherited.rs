//! The descriptors that the daemon was started with, and the paths that name them.
//!
//! `/dev/stdout` as a log means: where my standard output goes. To open the path is something else. It fails for
//! sockets and for pipes and terminals of other users, and makes of a regular file a second offset, whose bytes
//! overwrite those of the first. So a log with such a name is a duplicate of the descriptor, which shares its offset
//! and its flags, and those are left alone.
//!
//! Only what was open at the start can be meant. A number beyond 2 that was not is now either unused or one of the
//! daemon's own descriptors, a child's pipe perhaps: it is refused. What was open is taken down first of all.
//!
//! The note is kept for the whole process, as are the descriptors: nobody closes them.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::OnceLock;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

static BEYOND_STANDARD: OnceLock<BTreeSet<RawFd>> = OnceLock::new();

/// Takes down what is open, before anything else is opened.
pub(super) fn take_down() {
    // Without /proc there are no such paths either, beyond those of the first three.
    let open = open_descriptors().unwrap_or_default();
    // Only the first note counts: a later one would have the daemon's own.
    let _ = BEYOND_STANDARD.set(open);
}

fn open_descriptors() -> io::Result<BTreeSet<RawFd>> {
    let directory = Path::new("/proc/self/fd");
    let own = std::fs::canonicalize(directory)?;
    let mut open = BTreeSet::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        // The descriptor of this very reading.
        if std::fs::read_link(entry.path()).is_ok_and(|target| target == own) {
            continue;
        }
        open.extend(entry.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()).filter(|&fd| fd > 2));
    }
    Ok(open)
}

/// The number of the own descriptor that a path names: `/dev/stdout`, `/dev/stderr`, `/dev/fd/N`, `/proc/self/fd/N`.
pub(super) fn number(path: &Path) -> Option<RawFd> {
    match path {
        _ if path == Path::new("/dev/stdout") => return Some(1),
        _ if path == Path::new("/dev/stderr") => return Some(2),
        _ => {}
    }
    let name = ["/dev/fd", "/proc/self/fd"].iter().find_map(|directory| path.strip_prefix(directory).ok())?;
    let name = name.to_str().filter(|name| name.as_bytes().iter().all(u8::is_ascii_digit))?;
    let is_canonical = name == "0" || !name.starts_with('0');
    name.parse().ok().filter(|_| is_canonical && !path.as_os_str().as_bytes().ends_with(b"/"))
}

/// A duplicate of the descriptor that a path names; `None` if it names none, or one that is not open for writing.
///
/// # Errors
/// `EBADF`: it was not open at the start. `EMFILE`: there are too many.
pub(super) fn duplicate(path: &Path) -> io::Result<Option<OwnedFd>> {
    let Some(number) = number(path) else { return Ok(None) };
    if number > 2 && !BEYOND_STANDARD.get().is_some_and(|open| open.contains(&number)) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the standard descriptors are open in every process of this program, the others were at its start; the
    // daemon closes only what it has opened itself.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    let mode = OFlag::from_bits_retain(fcntl(descriptor, FcntlArg::F_GETFL)?);
    if mode.contains(OFlag::O_PATH) || mode & OFlag::O_ACCMODE == OFlag::O_RDONLY {
        return Ok(None);
    }
    descriptor.try_clone_to_owned().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_name_descriptors() {
        for (path, expected) in [
            ("/dev/stdout", Some(1)),
            ("/dev//stdout", Some(1)),
            ("/dev/./stderr", Some(2)),
            ("/dev/fd/0", Some(0)),
            ("/dev/fd/1", Some(1)),
            ("/proc/self/fd/12", Some(12)),
            ("/proc/self//./fd/12", Some(12)),
            ("/proc/self/fd", None),
            ("/dev/fd/", None),
            ("/dev/fd/1/", None),
            ("/dev/fd/01", None),
            ("/dev/fd/+1", None),
            ("/dev/fd/1x", None),
            ("/dev/fd/1/2", None),
            ("/dev/fd/99999999999", None),
            ("/dev/stdout.log", None),
            ("dev/stdout", None),
            ("/dev/null", None),
        ] {
            assert_eq!(number(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn what_was_not_there_at_the_start_is_refused() {
        // Nothing has been taken down in a test, so this stands for a descriptor of the daemon's own.
        let own = std::io::pipe().unwrap().1;
        let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&own));
        assert_eq!(duplicate(Path::new(&path)).unwrap_err().raw_os_error(), Some(libc::EBADF));
    }

    #[test]
    fn what_is_open_is_found() {
        let (reader, writer) = std::io::pipe().unwrap();
        let open = open_descriptors().unwrap();
        for fd in [std::os::fd::AsRawFd::as_raw_fd(&reader), std::os::fd::AsRawFd::as_raw_fd(&writer)] {
            assert!(open.contains(&fd));
        }
        assert!(!open.contains(&1));
    }
}
