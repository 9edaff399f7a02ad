//! The pid file, and one daemon for one configuration.
//!
//! A daemon holds a lock on its pid file, on the one byte that stands for its configuration file and the addresses of its
//! servers. A second daemon of the same is thus refused before it touches anything of the first one's; addresses alone
//! cannot tell it where there is no server, or where a socket's file has been removed. Daemons of several configurations,
//! or of one that gives each its own port, may share a pid file, as careless as that is: their bytes differ.
//!
//! The lock is taken before the fork and kept over reloads. It belongs to the open file, so the system lifts it however
//! the daemon ends. Where a file cannot be locked, or is none (`pidfile=/dev/null` in containers), the daemon goes
//! without.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::stat::{Mode, umask};
use sha1::{Digest as _, Sha1};
use supervisor_protocol::outside;

use crate::config::model::{ServerAddress, ServerConfig};

/// How often a file may vanish while it is claimed.
const TRIES: usize = 100;

/// What two daemons must have in common to be in each other's way: the byte that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(i64);

impl Identity {
    /// Of a configuration file, under whatever name, and servers.
    pub(super) fn of(configuration: &Path, servers: &[ServerConfig]) -> Self {
        let path = configuration.canonicalize().unwrap_or_else(|_| configuration.to_owned());
        // Two containers may have files of the same name.
        let device = fs::metadata(&path).map(|metadata| metadata.dev()).unwrap_or_default();
        let mut digest = Sha1::new().chain_update(device.to_ne_bytes()).chain_update(path.as_os_str().as_bytes());
        for server in servers {
            let address = match &server.address {
                ServerAddress::Unix { path, .. } => [b"\0", path.as_os_str().as_bytes()].concat(),
                ServerAddress::Inet { host, port } => format!("\0{host}\0{port}").into_bytes(),
            };
            digest.update(address);
        }
        // 56 bits, so that it is no negative offset.
        Identity(digest.finalize().iter().take(7).fold(0, |start, byte| start << 8 | i64::from(*byte)))
    }

    fn lock(self) -> libc::flock {
        libc::flock {
            l_type: libc::F_WRLCK as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: self.0,
            l_len: 1,
            l_pid: 0,
        }
    }
}

/// A daemon runs that has the same configuration, addresses and pid file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Another supervisord is running on this configuration, with the pid file {} ({contents}). Shut it down first, or \
     give this one a pidfile of its own", outside::text(.path)
)]
pub(super) struct Taken {
    path: PathBuf,
    contents: String,
}

/// The pid file of this process; removed on drop.
#[derive(Debug)]
pub(super) struct PidFile {
    path: PathBuf,
    identity: Identity,
    /// `None`: it is no file, or cannot be opened.
    file: Option<File>,
    /// It was not there before.
    is_new: bool,
    is_written: bool,
}

impl PidFile {
    /// Claims the file, and leaves it as it is.
    ///
    /// # Errors
    /// [`Taken`]
    pub(super) fn claim(path: &Path, identity: Identity) -> Result<Self, Taken> {
        let claimed = |file, is_new| PidFile { path: path.to_owned(), identity, file, is_new, is_written: false };
        for _ in 0..TRIES {
            let is_new = match fs::metadata(path) {
                Ok(metadata) if !metadata.is_file() => return Ok(claimed(None, false)),
                found => found.is_err(),
            };
            let opened = options().read(true).write(true).create(true).truncate(false).open(path);
            let Ok(file) = opened else { return Ok(claimed(None, false)) };
            match fcntl(file.as_fd(), FcntlArg::F_OFD_SETLK(&identity.lock())) {
                Err(Errno::EAGAIN | Errno::EACCES) => {
                    let contents = match io::read_to_string(file) {
                        Ok(pid) if !pid.trim().is_empty() => format!("which names pid {}", pid.trim()),
                        _ => "which names no pid yet".to_owned(),
                    };
                    return Err(Taken { path: path.to_owned(), contents });
                }
                // A daemon that ended just now may have taken the file away.
                _ if leads_to(path, &file) => return Ok(claimed(Some(file), is_new)),
                _ => {}
            }
        }
        Ok(claimed(None, false))
    }

    /// Whether somebody else has claimed the file, which is not made to find out.
    pub(super) fn is_taken(path: &Path, identity: Identity) -> bool {
        let file = options().read(true).open(path).ok();
        let Some(file) = file.filter(|file| file.metadata().is_ok_and(|metadata| metadata.is_file())) else {
            return false;
        };
        let mut lock = identity.lock();
        let asked = fcntl(file.as_fd(), FcntlArg::F_OFD_GETLK(&mut lock));
        asked.is_ok() && lock.l_type != libc::F_UNLCK as libc::c_short
    }

    /// Whether it is the one for these.
    pub(super) fn is_for(&self, path: &Path, identity: Identity) -> bool {
        self.path == path && self.identity == identity
    }

    /// Writes the pid, as `PID\n`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let text = format!("{}\n", std::process::id());
        match &self.file {
            Some(file) if leads_to(&self.path, file) => {
                if self.is_new {
                    // As if it were made only now: a daemon has a umask of its own since.
                    let own = umask(Mode::empty());
                    umask(own);
                    file.set_permissions(fs::Permissions::from_mode(0o666 & !own.bits()))?;
                }
                file.set_len(0)?;
                file.write_all_at(text.as_bytes(), 0)?;
            }
            _ => options().write(true).create(true).truncate(true).open(&self.path)?.write_all(text.as_bytes())?,
        }
        self.is_written = true;
        Ok(())
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // A device is never removed; of a symbolic link to a file the link is, as in Supervisor.
        if (self.is_written || self.is_new) && fs::metadata(&self.path).is_ok_and(|metadata| metadata.is_file()) {
            // Nobody is left to be told that it stays.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// How a pid file is opened: it may be a FIFO or a terminal, which must neither block nor become the controlling one.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options
}

/// Whether a path is that of an open file.
fn leads_to(path: &Path, file: &File) -> bool {
    let [named, open] = [fs::metadata(path), file.metadata()].map(|found| found.map(|at| (at.dev(), at.ino())).ok());
    named.is_some() && named == open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unix(path: &str) -> ServerConfig {
        ServerConfig {
            section: "unix_http_server".to_owned(),
            address: ServerAddress::Unix { path: path.into(), chmod: 0o700, chown: (None, None) },
            credentials: None,
        }
    }

    #[test]
    fn a_claim_is_for_one_configuration_its_addresses_and_one_pid_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("one.conf"), "").unwrap();
        std::os::unix::fs::symlink(path("one.conf"), path("link.conf")).unwrap();
        let one = Identity::of(&path("one.conf"), &[]);
        let claim = |identity| PidFile::claim(&path("pid"), identity);
        assert!(!PidFile::is_taken(&path("pid"), one) && !path("pid").exists());
        let mut first = claim(one).unwrap();
        assert!(PidFile::is_taken(&path("pid"), one));
        assert!(!PidFile::is_taken(&path("pid"), Identity::of(&path("other.conf"), &[])));
        assert!(claim(one).unwrap_err().to_string().contains("which names no pid yet"));
        first.write().unwrap();
        let text = format!("{}\n", std::process::id());
        assert_eq!(fs::read_to_string(path("pid")).unwrap(), text);
        let refusal = claim(Identity::of(&path("link.conf"), &[])).unwrap_err().to_string();
        assert!(refusal.contains(&format!("pid (which names pid {})", text.trim())), "{refusal}");

        for other in [Identity::of(&path("other.conf"), &[]), Identity::of(&path("one.conf"), &[unix("/s")])] {
            let mut second = claim(other).unwrap();
            assert!(claim(other).is_err());
            // It ends before it has written.
            second.is_new = false;
        }
        drop(PidFile::claim(&path("pid2"), one).unwrap());
        assert!(!path("pid2").exists() && path("pid").exists());
        drop(first);
        assert!(!path("pid").exists());
        fs::write(path("pid"), "12\n").unwrap();
        drop(claim(one).unwrap());
        assert_eq!(fs::read_to_string(path("pid")).unwrap(), "12\n", "of a daemon that was killed");
    }

    #[test]
    fn what_is_no_file_is_claimed_by_nobody_and_stays() {
        let identity = Identity::of(Path::new("/x.conf"), &[]);
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).unwrap();
        for path in [Path::new("/dev/null"), &fifo] {
            let (mut one, mut other) =
                (PidFile::claim(path, identity).unwrap(), PidFile::claim(path, identity).unwrap());
            assert_eq!(
                (one.write().is_ok(), other.write().is_ok()),
                (path != fifo, path != fifo),
                "nobody reads a FIFO"
            );
            drop((one, other));
            assert!(path.exists());
        }
        let mut nowhere = PidFile::claim(&directory.path().join("none/pid"), identity).unwrap();
        assert!(nowhere.write().is_err());
    }

    #[test]
    fn a_file_that_was_taken_away_is_made_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pid");
        let mut pidfile = PidFile::claim(&path, Identity(1)).unwrap();
        pidfile.write().unwrap();
        fs::remove_file(&path).unwrap();
        pidfile.write().unwrap();
        assert!(path.exists());
    }
}
