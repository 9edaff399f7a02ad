//! Simulated children: what they do with signals, and how listeners behave.

use std::collections::VecDeque;

use bytes::Bytes;

use super::rng::Rng;
use crate::engine::death::Death;
use crate::engine::id::ProcessId;

/// How a listener behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Temper {
    /// By the book.
    Good,
    /// Rejects every other event.
    Picky,
    /// Dies of events, sometimes after a complete answer.
    Mortal,
    /// Now and then writes what the protocol does not allow.
    Babbling,
    /// Does not answer.
    Hanging,
}

/// What a listener has let the daemon know, once everything that it wrote has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mind {
    /// It has not said READY since it was spawned or since its last answer.
    Silent,
    /// It waits for an event.
    Ready,
    /// It has an event.
    Busy,
    /// It has violated the protocol.
    Lost,
}

/// The listener part of a child.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) temper: Temper,
    pub(super) mind: Mind,
    /// What it wrote and nobody has read, and what is known when it has been.
    unread: Option<(VecDeque<u8>, Mind)>,
}

/// A child that was spawned and not reaped.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) process: ProcessId,
    /// It ends by nothing but SIGKILL.
    pub(super) stubborn: bool,
    /// It is dead and waits to be reaped.
    pub(super) dead: Option<Death>,
    pub(super) stdin_closed: bool,
    pub(super) listener: Option<Listener>,
}

impl Child {
    pub(super) fn new(process: ProcessId, listens: bool, rng: &mut Rng) -> Self {
        let tempers = [Temper::Good, Temper::Good, Temper::Picky, Temper::Mortal, Temper::Babbling, Temper::Hanging];
        Child {
            process,
            stubborn: rng.once_in(4),
            dead: None,
            stdin_closed: listens && rng.once_in(12),
            listener: listens.then(|| Listener { temper: *rng.pick(&tempers), mind: Mind::Silent, unread: None }),
        }
    }

    /// The auditor, of which the world itself makes sure that it is ready again after each event.
    pub(super) fn auditor(process: ProcessId) -> Self {
        let listener = Listener { temper: Temper::Good, mind: Mind::Ready, unread: None };
        Child { process, stubborn: false, dead: None, stdin_closed: false, listener: Some(listener) }
    }

    /// It receives a signal.
    pub(super) fn signalled(&mut self, signal: i32, rng: &mut Rng) {
        let fatal = signal == 9 || (!self.stubborn && !rng.once_in(8));
        if fatal && self.dead.is_none() {
            self.dead = Some(match rng.below(3) {
                0 if signal != 9 => Death::Code(0),
                1 if signal != 9 => Death::Code(1),
                _ => Death::Signal { signal, core: false },
            });
        }
    }

    /// It ends by itself.
    pub(super) fn dies(&mut self, rng: &mut Rng) {
        let deaths = [Death::Code(0), Death::Code(0), Death::Code(1), Death::Signal { signal: 11, core: true }];
        if self.dead.is_none() {
            self.dead = Some(*rng.pick(&deaths));
        }
    }
}

impl Listener {
    /// Does the next thing of its own accord: writes something, or dies of its event.
    pub(super) fn act(&mut self, rng: &mut Rng) -> Act {
        if self.unread.is_some() {
            return Act::Wrote;
        }
        let babbles = self.temper == Temper::Babbling && rng.once_in(4);
        let (words, mind): (&[u8], Mind) = match self.mind {
            Mind::Silent if babbles => (b"hello\n\n", Mind::Lost),
            Mind::Silent => (b"READY\n", Mind::Ready),
            Mind::Ready if babbles => (b"x", Mind::Lost),
            Mind::Busy if babbles => (*rng.pick(&[&b"READY\n"[..], b"OK\n", b"RESULT two\n"]), Mind::Lost),
            Mind::Busy => match self.temper {
                Temper::Hanging => return Act::Nothing,
                Temper::Mortal if rng.once_in(2) => return Act::Died,
                Temper::Picky if rng.once_in(2) => (b"RESULT 4\nFAIL", Mind::Silent),
                _ if rng.once_in(2) => (b"RESULT 2\nOK", Mind::Silent),
                _ => (b"RESULT 2\nOKREADY\n", Mind::Ready),
            },
            Mind::Ready | Mind::Lost => return Act::Nothing,
        };
        self.unread = Some((words.iter().copied().collect(), mind));
        Act::Wrote
    }

    /// The next chunk of what it wrote, as the daemon reads it.
    pub(super) fn read(&mut self, rng: &mut Rng) -> Option<Bytes> {
        let (bytes, mind) = self.unread.as_mut()?;
        let len = if rng.once_in(3) { 1 + rng.below(bytes.len() as u64) as usize } else { bytes.len() };
        let chunk = bytes.drain(..len).collect();
        if bytes.is_empty() {
            self.mind = *mind;
            self.unread = None;
        }
        Some(chunk)
    }
}

/// What a listener did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Nothing,
    /// There is something to read.
    Wrote,
    Died,
}
