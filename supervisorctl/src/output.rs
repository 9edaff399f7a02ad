//! The one writer of a run: where lines go, and what happens when nobody reads them any more.
//!
//! Commands would have nothing better to do with a write error than to pass it up, past actions that the
//! user has asked for. So writing never fails here: the first error is kept, later text is dropped, and the
//! program looks at it once at the end. A closed pipe (`supervisorctl status | head -1`) is no error at all.

use std::fmt::Display;
use std::io::{self, Write};

use supervisor_protocol::outside;

/// A writer of lines that remembers its first error.
pub(crate) struct Output<'a> {
    writer: Box<dyn Write + 'a>,
    error: Option<io::Error>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(writer: impl Write + 'a) -> Self {
        Output { writer: Box::new(writer), error: None }
    }

    /// Writes a line, shown at once.
    pub(crate) fn line(&mut self, text: impl Display) {
        self.bytes(&outside::encoded(format!("{text}\n").as_bytes()));
    }

    /// Writes text without a line end, shown at once: a prompt or a table.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(&outside::encoded(text.as_bytes()));
    }

    /// Writes bytes as they are, shown at once.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if self.error.is_none() {
            self.error = self.writer.write_all(bytes).and_then(|()| self.writer.flush()).err();
        }
    }

    /// Nothing written from now on reaches anybody.
    pub(crate) fn is_closed(&self) -> bool {
        self.error.is_some()
    }

    /// The error that stopped the output, unless the reader just went away.
    ///
    /// # Errors
    /// The first write error other than a broken pipe: a full disk, for instance.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.error {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is() {
        for (kind, ok) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
            let mut output = Output::new(Failing(kind));
            assert!(!output.is_closed());
            output.line("lost");
            assert!(output.is_closed());
            assert_eq!(output.finish().is_ok(), ok);
        }
    }
}
