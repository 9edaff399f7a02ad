//! Running one program to its end.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::wait::{Deadline, pause};

/// What a program left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The exit code, or minus the signal.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs a command with `input` on its stdin until it ends. Its output goes through files in `dir`, so that no pipe can
/// fill up. A program that outlives the guard is killed and the test fails.
pub fn run(mut command: Command, input: &str, dir: &Path) -> Ran {
    use std::os::unix::process::ExitStatusExt as _;
    let capture = tempfile::tempdir_in(dir).expect("a directory for output");
    let (out, err) = (capture.path().join("out"), capture.path().join("err"));
    command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap()).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    // A program that ends without reading leaves a broken pipe: its business.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let deadline = Deadline::guard();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if deadline.has_passed() {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{command:?} does not end; output so far: {:?}", read(&out));
        }
        pause();
    };
    let code = status.code().unwrap_or_else(|| -status.signal().unwrap_or(0));
    Ran { code, out: read(&out), err: read(&err) }
}

/// A file as text; nothing when it is not there.
pub fn read(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
