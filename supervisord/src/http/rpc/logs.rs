//! Reads ranges of log files for the methods that return them as text.
//!
//! Reading goes on in pieces between which the daemon gets its turn, and stops at a limit without a fault. Bytes that
//! are no UTF-8 become U+FFFD. Source: Supervisor's `readFile` and `tailFile`; contracts `ctl_x32` to `ctl_x34`, `ctl_h41`.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use supervisor_protocol::outside;
use supervisor_protocol::rpc::TailResult;
use supervisor_protocol::xmlrpc::{Fault, FaultCode};

use crate::http::site::MAX_LOG_BYTES;
use crate::output::tail::{read_range, tail_range};

/// Bytes read in one go.
const PIECE_BYTES: u64 = 1024 * 1024;

/// The text of `readLog` and `readProcess*Log`; `path` is `None` if there is no log.
///
/// # Errors
/// Fault 20 (no log, no file), 3 (offset and length contradict each other), 30 (it cannot be read).
pub(super) async fn read(path: Option<PathBuf>, offset: i64, length: i64) -> Result<String, Fault> {
    let path = path.ok_or(FaultCode::NoFile)?;
    let no_file = || Fault::new(FaultCode::NoFile, Some(&outside::shown_path(&path)));
    if !path.exists() {
        return Err(no_file());
    }
    read_range_of(&path, offset, length).await
}

/// A range of a file that exists. See [`read`].
pub(in crate::http) async fn read_range_of(path: &Path, offset: i64, length: i64) -> Result<String, Fault> {
    // Contradictions are told before the file is looked into.
    read_range(offset, length, 0).map_err(|_| FaultCode::BadArguments)?;
    let (file, size) = open(path).map_err(|_| FaultCode::Failed)?;
    let range = read_range(offset, length, size).map_err(|_| FaultCode::BadArguments)?;
    Ok(text(&file, range).await.map_err(|_| FaultCode::Failed)?)
}

/// The answer of `tailProcess*Log`. Nothing is an error: no log is an empty one, and what cannot be read leaves the
/// offset where it was.
pub(super) async fn tail(path: Option<PathBuf>, offset: i64, length: i64) -> TailResult {
    let Some(path) = path.filter(|path| path.exists()) else { return TailResult::default() };
    let unreadable = TailResult { size: offset, ..TailResult::default() };
    let Ok((file, size)) = open(&path) else { return unreadable };
    let tail = tail_range(offset, length, size);
    match text(&file, tail.range).await {
        Ok(text) => TailResult {
            text,
            size: i64::try_from(tail.next_offset).unwrap_or(i64::MAX),
            overflow: tail.has_overflowed,
        },
        Err(_) => unreadable,
    }
}

/// Opens a file without waiting, and tells its size.
///
/// # Errors
/// It is no file, or one that has no positions (a pipe, a terminal).
fn open(path: &Path) -> io::Result<(File, u64)> {
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let size = file.seek(SeekFrom::End(0))?;
    Ok((file, size))
}

async fn text(file: &File, range: Range<u64>) -> io::Result<String> {
    let end = range.end.min(range.start.saturating_add(MAX_LOG_BYTES));
    let mut bytes = Vec::new();
    let mut position = range.start;
    while position < end {
        let filled = bytes.len();
        let wanted = (end - position).min(PIECE_BYTES);
        bytes.resize(filled + usize::try_from(wanted).unwrap_or(0), 0);
        let count = file.read_at(bytes.get_mut(filled..).unwrap_or_default(), position)?;
        bytes.truncate(filled + count);
        if count == 0 {
            break; // It has become shorter.
        }
        position += count as u64;
        tokio::task::yield_now().await;
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    fn code(result: Result<String, Fault>) -> String {
        result.expect_err("a fault").string
    }

    #[test]
    fn ranges_and_their_faults_in_order() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("log");
        let read = |path: &Path, offset, length| run(read(Some(path.to_owned()), offset, length));
        assert_eq!(code(run(super::read(None, -1, 1))), "NO_FILE");
        assert_eq!(code(read(&path, -1, 1)), format!("NO_FILE: {}", path.display()));
        fs::write(&path, "plain stderr\n").expect("written");
        assert_eq!(read(&path, -7, 0), Ok("stderr\n".into()));
        assert_eq!(read(&path, 2, 3), Ok("ain".into()));
        assert_eq!(read(&path, 99, 3), Ok("".into()));
        assert_eq!(code(read(&path, -1, 1)), "BAD_ARGUMENTS");
        assert_eq!(code(read(directory.path(), 0, 0)), "FAILED");
        let pipe = directory.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("made");
        assert_eq!(code(read(&pipe, 0, 0)), "FAILED");
    }

    #[test]
    fn odd_bytes_are_text_all_the_same() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("log");
        fs::write(&path, b"\xc3\xa9\xff\x1b").expect("written");
        assert_eq!(run(read_range_of(&path, 1, 0)), Ok("\u{fffd}\u{fffd}\u{1b}".into()));
    }

    #[test]
    fn large_logs_are_cut_at_the_limit() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("log");
        let size = MAX_LOG_BYTES + PIECE_BYTES;
        File::create(&path).expect("created").set_len(size).expect("sparse");
        assert_eq!(run(read_range_of(&path, 0, 0)).map(|text| text.len() as u64), Ok(MAX_LOG_BYTES));
        assert_eq!(run(read_range_of(&path, -5, 0)).map(|text| text.len()), Ok(5));
    }

    #[test]
    fn tailing_never_fails() {
        let directory = tempfile::tempdir().expect("tempdir");
        let path = directory.path().join("log");
        assert_eq!(run(tail(None, 7, 5)), TailResult::default());
        assert_eq!(run(tail(Some(path.clone()), 7, 5)), TailResult::default());
        assert_eq!(run(tail(Some(directory.path().into()), 7, 5)), TailResult { size: 7, ..TailResult::default() });
        fs::write(&path, "plain stderr\n").expect("written");
        let expected = TailResult { text: "derr\n".into(), size: 13, overflow: true };
        assert_eq!(run(tail(Some(path), 0, 5)), expected);
    }
}
