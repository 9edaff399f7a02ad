//! One daemon for one configuration.
//!
//! A daemon that runs holds a lock on its pid file, on the one byte that stands for its configuration file. A second
//! daemon with the same configuration and the same pid file is thus refused before it touches anything of the first
//! one's; addresses cannot tell it, where there is no server. Daemons of several configurations may share a pid file, as
//! careless as that is: their bytes differ.
//!
//! The lock belongs to the open file: it survives the fork, and the system lifts it however the daemon ends. Where a
//! file cannot be opened or locked, the daemon goes without one.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use sha1::{Digest, Sha1};

/// Whether a daemon runs with this configuration file and this pid file.
///
/// # Errors
/// The text for the terminal.
pub(super) fn check(configuration: &Path, pidfile: &Path) -> Result<(), String> {
    let Ok(file) = File::open(pidfile) else { return Ok(()) };
    let mut lock = byte_of(configuration);
    let asked = fcntl(file.as_fd(), FcntlArg::F_OFD_GETLK(&mut lock));
    if asked.is_err() || i32::from(lock.l_type) == libc::F_UNLCK {
        return Ok(());
    }
    let holder = io::read_to_string(file).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let holder = holder.map(|pid| format!(" with pid {pid}")).unwrap_or_default();
    Err(format!(
        "Another supervisord{holder} is running on {}. Shut it down first, or give this one a pidfile of its own \
         (it is {})",
        configuration.display(),
        pidfile.display()
    ))
}

/// Marks an open pid file as that of a daemon with this configuration.
pub(super) fn stake(configuration: &Path, pidfile: &File) {
    // Where there are no locks, addresses still keep most daemons apart.
    let _ = fcntl(pidfile.as_fd(), FcntlArg::F_OFD_SETLK(&byte_of(configuration)));
}

/// The byte that stands for a configuration file, under whatever name. It need not exist in the pid file.
fn byte_of(configuration: &Path) -> libc::flock {
    let path = configuration.canonicalize().unwrap_or_else(|_| configuration.to_owned());
    let digest = Sha1::digest(path.as_os_str().as_bytes());
    // 56 bits, so that it is no negative offset.
    let start = digest.iter().take(7).fold(0, |start, byte| start << 8 | i64::from(*byte));
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: 1,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_for_one_configuration_and_one_pid_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let (one, other) = (path("one.conf"), path("other.conf"));
        assert_eq!(check(&one, &path("pid")), Ok(()), "no file");
        std::fs::write(path("pid"), "12\n").unwrap();
        assert_eq!(check(&one, &path("pid")), Ok(()), "the file of a daemon that was killed");

        let file = File::options().append(true).open(path("pid")).unwrap();
        stake(&one, &file);
        let refusal = check(&one, &path("pid")).unwrap_err();
        assert!(refusal.starts_with(&format!("Another supervisord with pid 12 is running on {}.", one.display())));
        assert_eq!(check(&other, &path("pid")), Ok(()));
        std::fs::write(path("pid2"), "").unwrap();
        assert_eq!(check(&one, &path("pid2")), Ok(()));
        // The second of two that share the file has a claim as well.
        let second = File::options().append(true).open(path("pid")).unwrap();
        stake(&other, &second);
        assert!(check(&other, &path("pid")).is_err());
        std::os::unix::fs::symlink(&one, path("link")).unwrap();
        std::fs::write(&one, "").unwrap();
        stake(&one, &file);
        assert!(check(&path("link"), &path("pid")).is_err(), "another name of the file");
        drop(file);
        assert_eq!(check(&one, &path("pid")), Ok(()));
    }
}
