//! The life of a unix socket's file: how it appears, whom it replaces, when it goes.
//!
//! A new socket is bound under the temporary name `PATH.PID`, gets its mode and owner there, and only then starts to
//! listen and is linked to its final name: at no instant can anybody connect through looser permissions. Linking (not
//! renaming) lets the system decide between two daemons that start at once; where a file system has no hard links the
//! name is moved instead.
//!
//! If the name is taken, a connection tells whether somebody lives there. If not, whatever lies there is replaced, a
//! regular file too (people `touch` it in advance); a directory never.
//!
//! The file is removed on drop if it is still the same inode: a successor's socket stays.
//!
//! Source: Supervisor's `http.py`, `supervisor_af_unix_http_server`; contracts `ctl_h3`, `ctl_h5` to `ctl_h8`, `ctl_s3`.

use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind as bind_socket, connect, listen};
use nix::sys::socket::{getsockopt, socket, sockopt};
use nix::unistd::Uid;
use supervisor_protocol::outside;

use super::bind_error::{BACKLOG, BindError, Reason};

/// Longest path that fits a socket address.
pub(crate) const MAX_PATH_BYTES: usize = 107;
/// How often a name that is taken again at once is tried.
const ATTEMPTS: u32 = 20;

/// Wanted uid and gid; `None`: unchanged.
type Owner = (Option<u32>, Option<u32>);

/// The file of a listening unix socket; removed on drop.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    chmod: u32,
    chown: Owner,
    /// (device, inode) of what we put there.
    identity: (u64, u64),
}

impl SocketFile {
    /// Its final name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Listens at the same path once more, after the file has vanished.
    pub(super) fn make_again(&self) -> Result<(UnixListener, SocketFile), BindError> {
        bind(&self.path, self.chmod, self.chown)
    }

    /// Whether its name still leads to it.
    pub(super) fn is_in_place(&self) -> bool {
        identity(&self.path).is_ok_and(|found| found == self.identity)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_in_place() {
            // Nobody is left to tell, and the next start replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes the temporary name, whatever happens.
struct Temporary<'a>(&'a Path);

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // It is gone already if it was moved.
        let _ = fs::remove_file(self.0);
    }
}

/// Listens at `path`, which becomes a socket of exactly mode `chmod`, but for the set-user and set-group bits, owned by
/// `chown`.
pub(super) fn bind(path: &Path, chmod: u32, chown: Owner) -> Result<(UnixListener, SocketFile), BindError> {
    let temporary = temporary_name(path);
    if temporary.as_os_str().len() > MAX_PATH_BYTES {
        return Err(BindError::Socket(Reason::PathTooLong));
    }
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let descriptor = new_socket()?;
    bind_socket(descriptor.as_raw_fd(), &UnixAddr::new(&temporary)?)?;
    let _temporary = Temporary(&temporary);

    fs::set_permissions(&temporary, fs::Permissions::from_mode(chmod))?;
    give_away(&temporary, path, chown)?;
    let identity = identity(&temporary)?;
    listen(&descriptor, Backlog::new(BACKLOG)?)?;
    put_in_place(&temporary, path)?;
    Ok((UnixListener::from(descriptor), SocketFile { path: path.to_owned(), chmod, chown, identity }))
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}

fn new_socket() -> nix::Result<OwnedFd> {
    socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

fn give_away(temporary: &Path, path: &Path, (uid, gid): Owner) -> Result<(), BindError> {
    // Also where nothing is to change: the call takes the set-user and set-group bits away, as ever.
    match lchown(temporary, uid, gid) {
        Err(error) if error.raw_os_error() == Some(Errno::EPERM as i32) => {
            Err(BindError::not_permitted(path, (uid, gid), Uid::effective()))
        }
        other => Ok(other?),
    }
}

/// Gives the socket its final name, once that is free.
fn put_in_place(temporary: &Path, path: &Path) -> Result<(), BindError> {
    for _ in 0..ATTEMPTS {
        match fs::hard_link(temporary, path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => clear_the_way(path)?,
            Err(error) => match Errno::from_raw(error.raw_os_error().unwrap_or(0)) {
                // A file system without hard links.
                Errno::EPERM | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EMLINK => {
                    clear_the_way(path)?;
                    return Ok(fs::rename(temporary, path)?);
                }
                errno => return Err(errno.into()),
            },
        }
    }
    Err(BindError::Socket(Reason::Errno(Errno::EEXIST)))
}

/// Removes what lies at `path`, unless it is alive.
fn clear_the_way(path: &Path) -> Result<(), BindError> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if kind.is_dir() {
        return Err(BindError::Socket(Reason::Errno(Errno::EISDIR)));
    }
    if (kind.is_socket() || kind.is_symlink()) && is_alive(path)? {
        return Err(BindError::InUse);
    }
    // Should stderr be closed, the start goes on all the same.
    let text = format!("Unlinking stale socket {}\n", outside::text(path));
    let _ = io::stderr().write_all(&outside::printed(&text));
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Whether somebody listens at `path`. Never waits: a full backlog is a sign of life too.
fn is_alive(path: &Path) -> Result<bool, BindError> {
    let probe = new_socket()?;
    match connect(probe.as_raw_fd(), &UnixAddr::new(path)?) {
        Ok(()) | Err(Errno::EAGAIN | Errno::EINPROGRESS) => {
            // `SO_ERROR` is what a connection in progress ended with.
            Ok(getsockopt(&probe, sockopt::SocketError)? == 0)
        }
        // Another user's socket that we may not even knock at is not ours to replace.
        Err(errno @ Errno::EACCES) => Err(errno.into()),
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    const UNCHANGED: Owner = (None, None);

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("readable");
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn mode_is_exact_and_the_temporary_name_goes() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("s");
        for (mode, expected) in
            [(0o700, 0o700), (0o777, 0o777), (0o600, 0o600), (0o000, 0o000), (0o7777, 0o1777), (0o4711, 0o711)]
        {
            let bound = bind(&path, mode, UNCHANGED).expect("bound");
            assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, expected);
            assert_eq!(names(directory.path()), ["s"]);
            drop(bound);
            assert_eq!(names(directory.path()), [""; 0]);
        }
    }

    #[test]
    fn what_the_dead_left_is_replaced() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("s");
        let dead: [&dyn Fn(); 4] = [
            &|| drop(UnixListener::bind(&path).expect("bound")),
            &|| fs::write(&path, "touched in advance").expect("written"),
            &|| std::os::unix::fs::symlink("/nonexistent/socket", &path).expect("linked"),
            &|| fs::write(temporary_name(&path), "left by an earlier pid").expect("written"),
        ];
        for leave in dead {
            leave();
            let bound = bind(&path, 0o700, UNCHANGED).expect("replaced");
            UnixStream::connect(&path).expect("listening");
            drop(bound);
        }
    }

    #[test]
    fn the_living_and_directories_are_not_replaced() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("s");
        let alive = bind(&path, 0o700, UNCHANGED).expect("bound");
        assert_eq!(bind(&path, 0o700, UNCHANGED).expect_err("alive"), BindError::InUse);
        UnixStream::connect(&path).expect("still listening");
        drop(alive);

        fs::create_dir(&path).expect("created");
        let error = bind(&path, 0o700, UNCHANGED).expect_err("directory");
        assert_eq!(error.to_string(), "Cannot open an HTTP server: socket.error reported errno.EISDIR (21)");
        assert_eq!(names(directory.path()), ["s"]);
    }

    #[test]
    fn impossible_paths() {
        let directory = tempfile::tempdir().expect("tempdir");
        let prefix = "Cannot open an HTTP server: socket.error reported ";
        let missing = bind(&directory.path().join("no/s"), 0o700, UNCHANGED).expect_err("no parent");
        assert_eq!(missing.to_string(), format!("{prefix}errno.ENOENT (2)"));
        let long = bind(&directory.path().join("x".repeat(100)), 0o700, UNCHANGED).expect_err("too long");
        assert_eq!(long.to_string(), format!("{prefix}AF_UNIX path too long"));
    }

    #[test]
    fn a_successors_socket_stays() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("s");
        let (listener, file) = bind(&path, 0o700, UNCHANGED).expect("bound");
        drop(listener);
        let successor = bind(&path, 0o700, UNCHANGED).expect("the first is dead");
        assert!(!file.is_in_place());
        drop(file);
        UnixStream::connect(&path).expect("still there");
        drop(successor);
        assert!(!path.exists());
    }

    #[test]
    fn a_refused_owner_is_explained() {
        let error = BindError::Chown { path: "/run/s.sock".into(), uid: 0, gid: -1, user: "nobody".into() };
        assert_eq!(
            error.to_string(),
            "Not permitted to chown /run/s.sock to uid/gid (0, -1); adjust \"sockchown\" value in config file or on \
             command line to values that the current user (nobody) can successfully chown"
        );
    }
}
