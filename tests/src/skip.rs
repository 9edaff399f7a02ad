//! What not every machine has. A test that needs it says loudly that it was skipped; where `CI=true` promises it, its
//! absence is an error.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The beginning of the line that makes `ids` count a test as skipped.
pub const MARK: &str = "SKIPPED: ";

/// Says that a test cannot run here. `promised`: CI sees to it that it can.
pub fn skip(promised: bool, reason: &str) {
    assert!(!(promised && in_ci()), "CI promises this: {reason}");
    eprintln!("{MARK}{reason}");
}

fn in_ci() -> bool {
    std::env::var("CI").as_deref() == Ok("true")
}

/// Whether this process may become another user.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// libfaketime, which gives a program another wall clock. Says so when it is not there.
pub fn faketime() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        sweep_faketime();
        let roots = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
        let dirs = roots.iter().flat_map(|root| std::fs::read_dir(root).into_iter().flatten().flatten());
        let mut places: Vec<PathBuf> = dirs.map(|entry| entry.path()).collect();
        places.extend(roots.map(PathBuf::from));
        places.iter().map(|place| place.join("faketime/libfaketimeMT.so.1")).find(|path| path.is_file())
    });
    if found.is_none() {
        skip(is_root(), "no libfaketime");
    }
    found.clone()
}

/// Removes what libfaketime has left in shared memory under the numbers of processes that are no more: it leaves something
/// for each that is killed, and ends a later process that gets the same number.
fn sweep_faketime() {
    for entry in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name
            .to_str()
            .and_then(|name| name.strip_prefix("faketime_shm_").or_else(|| name.strip_prefix("sem.faketime_sem_")))
        else {
            continue;
        };
        if !Path::new("/proc").join(pid).exists() {
            // Somebody else's, or swept by another test program just now.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
