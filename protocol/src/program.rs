//! Where this program was found.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// The path by which this program was started, symbolic links not resolved (`cfg_cl30`). Usage texts print it, and the
/// search for a configuration file starts from it.
///
/// It is what the system was given, as a script is handed it for its own name: not the first word of the command line,
/// which for a program found through `PATH` is a bare word, and under some service managers any word.
pub fn path() -> PathBuf {
    // SAFETY: asks for a number.
    let address = unsafe { libc::getauxval(libc::AT_EXECFN) };
    if address == 0 {
        return std::env::args_os().next().unwrap_or_default().into();
    }
    // SAFETY: the kernel has put a C string there, beside the arguments, and it stays as long as the process.
    let text = unsafe { CStr::from_ptr(address as *const libc::c_char) };
    OsStr::from_bytes(text.to_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leads_to_this_program() {
        assert_eq!(path().canonicalize().unwrap(), std::env::current_exe().unwrap().canonicalize().unwrap());
    }
}
