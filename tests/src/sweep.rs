//! Ending what a test leaves behind.
//!
//! Everything a test starts inherits the variable [`MARK`] and works in the test's directory or below it. One of the two
//! is enough: a program may empty its environment or go elsewhere. Nothing else on the machine has either.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The variable that marks everything a test daemon starts; its value is the daemon's directory.
pub(crate) const MARK: &str = "SUPERVISOR_TESTS_DIR";

/// Kills whatever belongs to this directory, whose path has to be canonical, as the kernel tells paths.
pub(crate) fn sweep(dir: &Path) {
    let mark = [MARK.as_bytes(), b"=", dir.as_os_str().as_bytes()].concat();
    let Ok(processes) = fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        if pid != std::process::id().cast_signed() && belongs(&process.path(), &mark, dir) {
            // It may be gone already.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

fn belongs(process: &Path, mark: &[u8], dir: &Path) -> bool {
    let environ = fs::read(process.join("environ")).unwrap_or_default();
    environ.split(|byte| *byte == 0).any(|entry| entry == mark)
        || fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::Setup;
    use crate::setup::prepare;
    use crate::wait::wait_until;

    /// Leaves a sleeper behind that has only what `script` lets it have, and sweeps.
    fn is_swept(script: &str) {
        let setup = Setup::new();
        let mut command = Command::new("sh");
        command.args(["-c", script]).stderr(Stdio::null());
        prepare(&mut command, setup.dir.path(), &[]);
        let said = command.output().expect("a shell").stdout;
        let pid = String::from_utf8(said).expect("a number").trim().to_owned();
        // Of one that is dead and not yet collected the command line is empty.
        let command_line = || fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        wait_until("the sleeper", || command_line().starts_with(b"sleep").then_some(()));
        drop(setup);
        wait_until("its end", || command_line().is_empty().then_some(()));
    }

    #[test]
    fn a_process_that_has_gone_elsewhere() {
        is_swept("cd /; sleep 3600 >/dev/null & echo $!");
    }

    #[test]
    fn a_process_without_environment() {
        is_swept("mkdir below; cd below; env -i sleep 3600 >/dev/null & echo $!");
    }
}
