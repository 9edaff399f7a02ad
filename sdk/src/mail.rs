//! Mail through a command such as `/usr/sbin/sendmail -t -i`.
//!
//! The command is a line for `sh -c`; it gets header and body on its standard input and is waited for. Two
//! things differ from superlance on purpose: what the command prints goes to standard error, so that it
//! cannot corrupt the listener protocol (`ev_s17`), and a command that does not end is killed after a while,
//! with everything else in its process group, because a listener that waits for ever gets no more events.
//! How the command exits is reported and nothing more: what to do about it is the caller's affair.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::sys;

/// The command that is used when no other is given.
pub const SENDMAIL: &str = "/usr/sbin/sendmail -t -i";

/// How long a command may take unless the caller says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// The text of a mail, as the command gets it: `To: ADDR\nSubject: SUBJ\n\nBODY`, without a final LF.
///
/// Line breaks in address and subject are left as they are, as in the original.
pub fn text(to: &str, subject: &str, body: &str) -> String {
    format!("To: {to}\nSubject: {subject}\n\n{body}")
}

/// Why a mail command did not end by itself.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It could not be started or waited for.
    #[error("failed to run mail command {command:?}")]
    Run {
        /// The command.
        command: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It took too long and was killed.
    #[error("mail command {command:?} was killed after {} seconds", after.as_secs_f32())]
    TimedOut {
        /// The command.
        command: String,
        /// The time it was given.
        after: Duration,
    },
}

/// Runs a mail command with `text` on its standard input; how it exited.
///
/// A command that does not read its input is no error: a shell line is free not to.
///
/// # Errors
/// The shell could not be started, or the command did not end within `timeout`.
pub fn send(command: &str, text: &str, timeout: Duration) -> Result<ExitStatus, MailError> {
    let failed = |source| MailError::Run { command: command.to_owned(), source };
    let log = io::stderr().as_fd().try_clone_to_owned().map_err(failed)?;
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(log)
        .process_group(0)
        .spawn()
        .map_err(failed)?;

    // Detached, because a background process of the command may hold the pipe without ever reading it.
    if let Some(mut stdin) = child.stdin.take() {
        let text = text.to_owned();
        let write = move || {
            // The other end may be closed already; see above.
            let _ = stdin.write_all(text.as_bytes());
        };
        thread::Builder::new().spawn(write).map_err(failed)?;
    }

    let pid = child.id();
    let (ended, end) = mpsc::channel();
    let wait = move || {
        // The receiver lives until the thread is joined.
        let _ = ended.send(sys::wait_until_ended(pid));
    };
    let waiter = thread::Builder::new().spawn(wait).map_err(failed)?;
    let outcome = end.recv_timeout(timeout);
    if outcome.is_err() {
        sys::kill_group(pid);
    }
    // Only the wait below reaps, so the number above was still the child's.
    let _ = waiter.join();
    let status = child.wait().map_err(failed)?;
    match outcome {
        Ok(Ok(())) => Ok(status),
        Ok(Err(source)) => Err(failed(source)),
        Err(_) => Err(MailError::TimedOut { command: command.to_owned(), after: timeout }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_has_two_headers_and_no_final_newline() {
        assert_eq!(text("a@b", "it's down", "line 1\nline 2"), "To: a@b\nSubject: it's down\n\nline 1\nline 2");
    }

    #[test]
    fn the_command_is_a_shell_line_and_reads_the_text() {
        let path = std::env::temp_dir().join(format!("sdk-mail-{}", std::process::id()));
        let status = send(&format!("cat > '{}'; exit 3", path.display()), "hällo", TIMEOUT).unwrap();
        assert_eq!(status.code(), Some(3));
        let written = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(written, "hällo");
    }

    #[test]
    fn a_command_that_reads_nothing_is_fine() {
        let long = "x".repeat(1 << 20);
        assert!(send("exit 0", &long, TIMEOUT).unwrap().success());
    }

    #[test]
    fn a_command_that_does_not_end_is_killed_with_its_children() {
        let result = send("sleep 600 | cat", "text", Duration::from_millis(50));
        assert!(matches!(result, Err(MailError::TimedOut { .. })), "{result:?}");
    }
}
