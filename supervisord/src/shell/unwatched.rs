//! Channels that are read although the system does not tell that they are ready.

use super::clock;
use super::poll::{Pipes, Token};
use crate::engine::ProcessId;
use crate::output::pace::Rhythm;

/// Channels that have something at once, so many that some wait for a processor anyway.
const CROWD: usize = 8;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Unwatched {
    /// Read when the alarm of the pipes goes off: what hasty writers write gathers, or the system has no watch left.
    held: Vec<Token>,
    /// Read when the readers of their logs, who are far behind, have caught up.
    congested: Vec<Token>,
    is_alarm_set: bool,
    /// How many bytes held channels have yielded since then.
    gathered: usize,
    rhythm: Rhythm,
    is_crowded: bool,
}

impl Unwatched {
    /// Has a channel read when the alarm goes off.
    pub(super) fn hold(&mut self, token: Token) {
        self.held.push(token);
    }

    /// Has a channel read when the readers of logs have caught up.
    pub(super) fn wait_for_log(&mut self, token: Token) {
        self.congested.push(token);
    }

    /// A child is no more, and its channels with it.
    pub(super) fn forget(&mut self, child: ProcessId) {
        self.held.retain(|Token(id, _)| *id != child);
        self.congested.retain(|Token(id, _)| *id != child);
    }

    /// A held channel has yielded so many bytes.
    pub(super) fn count(&mut self, bytes: usize) {
        self.gathered += bytes;
    }

    /// So many channels have something at once.
    pub(super) fn at_once(&mut self, channels: usize) {
        self.is_crowded = channels >= CROWD;
    }

    pub(super) fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// The alarm has gone off: what is to be read now.
    pub(super) fn alarmed(&mut self) -> impl Iterator<Item = Token> {
        self.is_alarm_set = false;
        self.held.drain(..)
    }

    /// Readers of logs have caught up: what may be read now.
    pub(super) fn uncongested(&mut self) -> impl Iterator<Item = Token> {
        self.congested.drain(..)
    }

    /// Sets the alarm for what is held, if anything is. To be called when nothing is left to be read.
    pub(super) fn let_gather(&mut self, pipes: &Pipes) {
        if self.held.is_empty() {
            self.rhythm = Rhythm::default();
        } else if !self.is_alarm_set {
            self.is_alarm_set = true;
            let gathered = std::mem::take(&mut self.gathered);
            pipes.set_alarm(self.rhythm.next(self.held.len(), gathered, clock::mono()));
        }
    }
}
