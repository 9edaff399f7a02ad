//! What a listener leaves unread.
//!
//! An event that does not fit into the pipe to a listener waits in the daemon. A listener takes it at once or a little
//! later; one that is stuck, or that answers without reading, never does. After [`PATIENCE`] the log has a line, one
//! until the pipe takes everything again.

use std::time::Duration;

use super::id::ProcessId;
use super::message::Message;
use super::timers::Timer;
use super::{Supervisor, Turn};

/// How long an event may lie unread before the log says so.
const PATIENCE: Duration = Duration::from_secs(5);

impl Supervisor {
    /// A part of what a listener was sent waits for room in its standard input.
    pub(super) fn left_unread(&mut self, id: ProcessId, turn: &mut Turn) {
        let Some(session) = self.processes.get_mut(&id).and_then(|process| process.session.as_mut()) else { return };
        if !std::mem::replace(&mut session.is_unread, true) {
            self.timers.arm(Timer::Unread(id), turn.now.mono + PATIENCE);
        }
    }

    /// A listener has taken all that waited.
    pub(super) fn nothing_unread(&mut self, id: ProcessId) {
        let Some(session) = self.processes.get_mut(&id).and_then(|process| process.session.as_mut()) else { return };
        session.is_unread = false;
        self.timers.disarm(Timer::Unread(id));
    }

    /// The patience with a listener is over.
    pub(super) fn tell_of_unread(&self, id: ProcessId, turn: &mut Turn) {
        let Some(name) = self.process(id).map(|process| process.name().clone()) else { return };
        turn.log(Message::Unread { name, seconds: PATIENCE.as_secs() });
    }
}
