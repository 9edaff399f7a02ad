//! The person at the terminal, as the commands see them: typed lines, secrets, and Ctrl-C.

use crate::happening::{Happenings, Mailbox};

/// Where answers and interrupts come from.
pub(crate) trait Console {
    /// The next line of input without its end; none once the input has ended.
    fn line(&mut self) -> Option<String>;

    /// Waits for a line or for a happening, whichever is first.
    fn line_or_happening(&mut self, happenings: &mut Happenings) -> Typed;

    /// Asks for something that must not be seen; none once the input has ended.
    fn secret(&mut self, prompt: &str) -> Option<String>;

    /// Posts Ctrl-C here from now on, for as long as anybody takes it.
    fn forward_interrupts(&mut self, mailbox: Mailbox);
}

/// What [`Console::line_or_happening`] saw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line, without its end.
    Line(String),
    /// The end of the input.
    End,
    /// Nothing typed, but the bell rang: there is a happening to take.
    Nothing,
}
