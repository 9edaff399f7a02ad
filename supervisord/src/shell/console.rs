//! The daemon's standard output, for what a pool's result handler shows there.
//!
//! A result that standard output does not take is dropped, and counted; that is said once a minute at most. How long
//! it may wait is decided in `patient.rs`.

use std::io;

use nix::errno::Errno;

use super::clock;
use super::patient::{PatientWriter, Reason};
use crate::engine::message::Message;
use crate::output::losses::Reminder;

/// Standard output, and what became of it.
#[derive(Debug)]
pub(super) struct Console {
    /// `None`: it cannot even be duplicated.
    writer: Option<PatientWriter>,
    lost: u64,
    reminder: Reminder,
}

impl Console {
    /// The standard output of this process.
    pub(super) fn stdout() -> Self {
        Self::on(PatientWriter::duplicating(io::stdout()).ok())
    }

    fn on(writer: Option<PatientWriter>) -> Self {
        Console { writer, lost: 0, reminder: Reminder::default() }
    }

    /// Writes a result, or drops it; what there is to say about that.
    pub(super) fn print(&mut self, bytes: &[u8]) -> Option<Message> {
        let reason = match &self.writer {
            None => Reason::System(Errno::EBADF),
            Some(writer) => writer.write(bytes).err()?.reason,
        };
        self.lost = self.lost.saturating_add(1);
        let is_due = self.reminder.is_due(clock::mono());
        is_due.then(|| Message::StdoutStuck { lost: self.lost, error: reason.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_stops_is_told_of_once() {
        let (_reader, writer) = nix::unistd::pipe().unwrap();
        let mut console = Console::on(Some(PatientWriter::new(writer)));
        let trouble = loop {
            if let Some(trouble) = console.print(&[b'x'; 1000]) {
                break trouble;
            }
        };
        assert_eq!(trouble, Message::StdoutStuck { lost: 1, error: "nobody reads it".to_owned() });
        assert_eq!(console.print(&[b'x'; 1000]), None);
        assert_eq!(console.lost, 2);
    }

    #[test]
    fn a_reader_that_went_away_is_told_of() {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        drop(reader);
        let mut console = Console::on(Some(PatientWriter::new(writer)));
        let broken = Message::StdoutStuck { lost: 1, error: Errno::EPIPE.desc().to_owned() };
        assert_eq!(console.print(b"x\n"), Some(broken));
    }
}
