//! Process communication: a child of Supervisor sends data to the event listeners.
//!
//! Between two tokens on its standard output or error a child writes whatever it likes; with
//! `stdout_capture_maxbytes` (or `stderr_…`) set, the daemon turns that into one PROCESS_COMMUNICATION event.
//! Each message is one write, so the writes of several threads or processes on one pipe do not mix as long as
//! a message fits the pipe's atomic size (4096 bytes on Linux). Source:
//! <http://supervisord.org/events.html#process-communication-event-type>.

use std::io::{self, Write};

use supervisor_protocol::comm::{BEGIN, END};

/// Sends one message on standard output.
///
/// # Errors
/// Those of writing.
pub fn stdout(message: &[u8]) -> io::Result<()> {
    send(message, &mut io::stdout().lock())
}

/// Sends one message on standard error.
///
/// # Errors
/// Those of writing.
pub fn stderr(message: &[u8]) -> io::Result<()> {
    send(message, &mut io::stderr().lock())
}

/// Sends one message on any channel: `<!--XSUPERVISOR:BEGIN-->message<!--XSUPERVISOR:END-->`, without LF.
///
/// A message that contains the end token is cut there by the daemon.
///
/// # Errors
/// Those of writing.
pub fn send(message: &[u8], channel: &mut impl Write) -> io::Result<()> {
    let mut whole = Vec::with_capacity(BEGIN.len() + message.len() + END.len());
    whole.extend_from_slice(BEGIN);
    whole.extend_from_slice(message);
    whole.extend_from_slice(END);
    channel.write_all(&whole)?;
    channel.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_write() {
        struct Writes(Vec<Vec<u8>>);
        impl Write for Writes {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.to_vec());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writes = Writes(Vec::new());
        send(b"the data\n", &mut writes).unwrap();
        assert_eq!(writes.0, [b"<!--XSUPERVISOR:BEGIN-->the data\n<!--XSUPERVISOR:END-->"]);
    }
}
