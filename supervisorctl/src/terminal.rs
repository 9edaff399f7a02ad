//! The real console: standard input and the controlling terminal.
//!
//! Lines are read from the descriptor without the standard library's buffer, because `fg` polls it: a line
//! that sits in a hidden buffer would not show.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use supervisor_protocol::outside::typed;

use crate::console::{Console, Typed};
use crate::echo::{restore_echo, silence};
use crate::happening::{Happenings, Mailbox};
use crate::interrupts::Interrupts;

/// Standard input and the controlling terminal.
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    /// Read, but not yet taken.
    buffer: Vec<u8>,
    interrupts: Interrupts,
}

impl Terminal {
    /// Makes Ctrl-C end the shell, not by the signal.
    pub(crate) fn watch_interrupts(&mut self) {
        self.interrupts.watch();
    }

    /// The first line in the buffer.
    fn buffered_line(&mut self) -> Option<String> {
        let end = self.buffer.iter().position(|&byte| byte == b'\n')?;
        let line: Vec<u8> = self.buffer.drain(..=end).collect();
        Some(typed(line.strip_suffix(b"\n").unwrap_or(&line)))
    }

    /// Reads once; whether there may be more. An unreadable input counts as ended.
    fn fill(&mut self) -> bool {
        let mut bytes = [0; 4096];
        loop {
            match nix::unistd::read(io::stdin(), &mut bytes) {
                Err(Errno::EINTR) => {}
                Ok(0) | Err(_) => return false,
                Ok(count) => {
                    self.buffer.extend_from_slice(bytes.get(..count).unwrap_or_default());
                    return true;
                }
            }
        }
    }

    /// What is left at the end of the input: a last line without an end, or nothing.
    fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.buffer);
        (!rest.is_empty()).then(|| typed(&rest))
    }
}

impl Console for Terminal {
    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.buffered_line() {
                return Some(line);
            }
            if !self.fill() {
                return self.rest();
            }
        }
    }

    fn line_or_happening(&mut self, happenings: &mut Happenings) -> Typed {
        loop {
            if let Some(line) = self.buffered_line() {
                return Typed::Line(line);
            }
            let stdin = io::stdin();
            let (input_ready, bell_rang) = match happenings.bell() {
                Some(bell) => wait_for_either(stdin.as_fd(), bell),
                None => (true, false),
            };
            if bell_rang {
                return Typed::Nothing;
            }
            if input_ready && !self.fill() {
                return self.rest().map_or(Typed::End, Typed::Line);
            }
        }
    }

    fn secret(&mut self, prompt: &str) -> Option<String> {
        match silence(prompt) {
            Ok(mut terminal) => {
                let line = read_line(&mut terminal);
                restore_echo();
                // Nothing depends on this line end being seen.
                let _ = terminal.write_all(b"\n");
                line
            }
            // No terminal to ask in secret: whoever feeds the input knows what is in it.
            Err(_) => {
                let _ = io::stderr().write_all(prompt.as_bytes());
                self.line()
            }
        }
    }

    fn forward_interrupts(&mut self, mailbox: Mailbox) {
        self.interrupts.forward(mailbox);
    }
}

/// Waits until one of two descriptors can be read, and tells which can. A failure counts as input, whose
/// reader will meet it.
fn wait_for_either(input: BorrowedFd<'_>, bell: BorrowedFd<'_>) -> (bool, bool) {
    let mut fds = [PollFd::new(input, PollFlags::POLLIN), PollFd::new(bell, PollFlags::POLLIN)];
    loop {
        match poll(&mut fds, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Err(_) => return (true, false),
            Ok(_) => return fds.map(|fd| fd.any().unwrap_or(true)).into(),
        }
    }
}

/// A line of a terminal, which gives one line to a read.
fn read_line(terminal: &mut File) -> Option<String> {
    let mut bytes = [0; 4096];
    let count = terminal.read(&mut bytes).ok().filter(|&count| count > 0)?;
    let line = bytes.get(..count).unwrap_or_default();
    Some(typed(line.strip_suffix(b"\n").unwrap_or(line)))
}
