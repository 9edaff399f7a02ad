//! What somebody may do with a path, found out without doing it.
//!
//! Of the present user the system is asked. Of another, whom root will become, the mode bits of the file and of every
//! directory on the way tell; where something else may have a say (access lists, network and user-space file systems),
//! nothing is refused.

use std::ffi::CString;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, faccessat};

use super::person::Person;

/// Longest name in a directory.
const NAME_BYTES: usize = 255;

/// File systems that decide by themselves: NFS, FUSE, SMB, CIFS, SMB2, 9P, AFS, Ceph.
const OPAQUE: [u32; 8] = [0x6969, 0x6573_5546, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997, 0x5346_414f, 0x00c3_6400];

/// An error of the system that is certain.
pub(super) type Answer = Result<(), Errno>;

/// Whether a path can be reached, and what is there be used so.
pub(super) fn may(person: &Person, path: &Path, how: AccessFlags) -> Answer {
    match faccessat(AT_FDCWD, path, how, AtFlags::AT_EACCESS) {
        Err(errno) if person.is_me => Err(errno).or_else(only_certain),
        // True of everybody.
        Err(errno @ (Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP | Errno::ENAMETOOLONG | Errno::EROFS)) => Err(errno),
        // Root itself is bound by permissions, so the way there may not be known.
        _ if person.is_me => Ok(()),
        _ => by_mode(person, path, how),
    }
}

fn only_certain(errno: Errno) -> Answer {
    match errno {
        Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP | Errno::ENAMETOOLONG | Errno::EROFS | Errno::EACCES => {
            Err(errno)
        }
        _ => Ok(()),
    }
}

fn by_mode(person: &Person, path: &Path, how: AccessFlags) -> Answer {
    if person.uid == 0 {
        return Ok(());
    }
    // Links are followed; the directories that they themselves are in are left out.
    let Ok(real) = fs::canonicalize(path) else { return Ok(()) };
    let way = real.ancestors().skip(1).map(|directory| (directory, AccessFlags::X_OK));
    for (place, how) in way.chain([(real.as_path(), how)]) {
        let Ok(metadata) = fs::metadata(place) else { return Ok(()) };
        if !grants(&metadata, person, how) && is_plain(place) {
            return Err(Errno::EACCES);
        }
    }
    Ok(())
}

/// Whether the mode bits let somebody use a file so.
fn grants(metadata: &Metadata, person: &Person, how: AccessFlags) -> bool {
    let class = match (metadata.uid() == person.uid, person.is_in(metadata.gid())) {
        (true, _) => metadata.mode() >> 6,
        (false, true) => metadata.mode() >> 3,
        (false, false) => metadata.mode(),
    };
    // `R_OK`, `W_OK` and `X_OK` are the bits of a mode.
    let wanted = u32::try_from(how.bits()).unwrap_or(0);
    class & wanted == wanted
}

/// Whether the mode bits of a file are all there is to say about it.
fn is_plain(path: &Path) -> bool {
    let Ok(name) = CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: a path and a name that end with NUL; of the value only the length is asked.
    let length = unsafe { libc::getxattr(name.as_ptr(), c"system.posix_acl_access".as_ptr(), std::ptr::null_mut(), 0) };
    let has_list = length >= 0 || !matches!(Errno::last(), Errno::ENODATA | Errno::EOPNOTSUPP);
    // The numbers are of 32 bits, whatever the type of the field.
    let kind = nix::sys::statfs::statfs(path).map(|found| found.filesystem_type().0 as u32);
    !has_list && kind.is_ok_and(|kind| !OPAQUE.contains(&kind))
}

/// Whether a directory can be entered.
pub(super) fn enter(person: &Person, directory: &Path) -> Answer {
    may(person, directory, AccessFlags::F_OK)?;
    match fs::metadata(directory) {
        Ok(metadata) if !metadata.is_dir() => Err(Errno::ENOTDIR),
        _ => may(person, directory, AccessFlags::X_OK),
    }
}

/// Whether a file that is not there can be made.
pub(super) fn create(person: &Person, path: &Path) -> Answer {
    let directory = path.parent().unwrap_or(Path::new("/"));
    enter(person, directory)?;
    if path.file_name().is_some_and(|name| name.len() > NAME_BYTES) {
        return Err(Errno::ENAMETOOLONG);
    }
    may(person, directory, AccessFlags::W_OK)
}

/// Whether a file can be opened for appending, and be made where there is none.
pub(super) fn append(person: &Person, path: &Path) -> Answer {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => may(person, path, AccessFlags::F_OK).and(Err(Errno::EISDIR)),
        Ok(metadata) if metadata.is_file() => may(person, path, AccessFlags::W_OK),
        // Pipes and devices have their own ways.
        Ok(_) => Ok(()),
        // A link that leads nowhere may lead to where a file can be made.
        Err(_) if fs::symlink_metadata(path).is_ok() => Ok(()),
        Err(_) => create(person, path),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn me() -> Person {
        Person::with_id(nix::unistd::Uid::effective().as_raw()).unwrap()
    }

    /// Somebody who owns nothing.
    fn stranger() -> Person {
        Person { uid: 4_000_000, gid: 4_000_000, groups: Vec::new(), is_me: false }
    }

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_fails_for_everybody() {
        let directory = tempfile::tempdir().unwrap();
        mode(directory.path(), 0o755);
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        for person in [me(), stranger()] {
            assert_eq!(create(&person, &directory.path().join("no/x")), Err(Errno::ENOENT));
            assert_eq!(create(&person, &file.join("x")), Err(Errno::ENOTDIR));
            assert_eq!(create(&person, &directory.path().join("x".repeat(256))), Err(Errno::ENAMETOOLONG));
            assert_eq!(append(&person, directory.path()), Err(Errno::EISDIR));
            assert_eq!(enter(&person, &file), Err(Errno::ENOTDIR));
        }
        assert_eq!(create(&me(), &directory.path().join("x".repeat(255))), Ok(()));
        assert_eq!(append(&me(), &file), Ok(()));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn bits_of_the_file_and_of_the_way() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        mode(directory.path(), 0o777);
        mode(&file, 0o622);
        let stranger = stranger();
        assert_eq!(append(&stranger, &file), Ok(()));
        assert_eq!(create(&stranger, &directory.path().join("new")), Ok(()));
        assert_eq!(may(&stranger, &file, AccessFlags::R_OK), Err(Errno::EACCES));
        mode(directory.path(), 0o755);
        assert_eq!(create(&stranger, &directory.path().join("new")), Err(Errno::EACCES));
        assert_eq!(append(&stranger, &file), Ok(()), "a file that is there needs no leave of its directory");
        mode(directory.path(), 0o700);
        assert_eq!(append(&stranger, &file), Err(Errno::EACCES));
        let owner = Person { uid: fs::metadata(&file).unwrap().uid(), ..stranger };
        assert_eq!(append(&owner, &file), Ok(()));
    }

    #[test]
    fn the_first_class_that_fits_decides() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let metadata = file.as_file().metadata().unwrap();
        let mut person = Person { gid: metadata.gid(), ..stranger() };
        mode(file.path(), 0o606);
        assert!(!grants(&file.as_file().metadata().unwrap(), &person, AccessFlags::W_OK), "others are not the group");
        person.uid = metadata.uid();
        mode(file.path(), 0o066);
        assert!(!grants(&file.as_file().metadata().unwrap(), &person, AccessFlags::W_OK), "nor the owner");
    }
}
