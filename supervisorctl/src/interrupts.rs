//! Ctrl-C.
//!
//! A command given on the command line dies of SIGINT like any program, until it follows a log: then Ctrl-C
//! ends the following. In the shell Ctrl-C ends the following or else the shell, with an empty line and exit
//! code 0, even in the middle of a command (which the daemon carries out nevertheless).
//!
//! No signal handler is involved. SIGINT is blocked and a thread waits for it, so that it may do ordinary
//! things: post to a mailbox, or end the program.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

use crate::echo::restore_echo;
use crate::exit;
use crate::happening::{Happening, Mailbox};

/// Who hears of Ctrl-C.
#[derive(Debug, Default)]
pub(crate) struct Interrupts {
    recipient: Arc<Mutex<Option<Mailbox>>>,
    is_watching: bool,
}

impl Interrupts {
    /// Takes SIGINT over from the system. To be called before other threads are started, which inherit the
    /// block.
    pub(crate) fn watch(&mut self) {
        if self.is_watching {
            return;
        }
        let signals = SigSet::from(Signal::SIGINT);
        // Without the block, Ctrl-C does what it does to any program.
        if signals.thread_block().is_err() {
            return;
        }
        self.is_watching = true;
        let recipient = Arc::clone(&self.recipient);
        thread::spawn(move || {
            while signals.wait().is_ok() {
                let recipient = recipient.lock().unwrap_or_else(PoisonError::into_inner).clone();
                // A mailbox that nobody looks into any more is none.
                if recipient.is_none_or(|mailbox| mailbox.post(Happening::Interrupted).is_err()) {
                    leave();
                }
            }
        });
    }

    /// Posts Ctrl-C here for as long as anybody takes it.
    pub(crate) fn forward(&mut self, mailbox: Mailbox) {
        self.watch();
        *self.recipient.lock().unwrap_or_else(PoisonError::into_inner) = Some(mailbox);
    }
}

/// Ends the shell from outside.
fn leave() -> ! {
    restore_echo();
    // The program ends whether or not the line can be written.
    let _ = io::stdout().write_all(b"\n").and_then(|()| io::stdout().flush());
    std::process::exit(exit::SUCCESS.into());
}
