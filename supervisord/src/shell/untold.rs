//! What is to be told of the logs of children, once its time has come.
//!
//! Of a log that loses output a line is written once a minute at most (see [`losses`](crate::output::losses)). The line
//! that is held back so must come though the program has fallen silent. So logs that have something untold are noted
//! here; the owner waits for the earliest of them as it waits for the deadlines of the engine.

use std::collections::BTreeSet;
use std::time::Duration;

use supervisor_protocol::event::Channel;

use super::child::Child;
use super::childlog::ChildLog;
use super::clock;
use super::owner::Owner;
use crate::engine::ProcessId;

/// Logs that have something untold.
#[derive(Debug, Default)]
pub(super) struct Untold {
    logs: BTreeSet<(ProcessId, Channel)>,
    /// When the first of them is due; `None` if there are none.
    deadline: Option<Duration>,
}

impl Untold {
    /// When there is something to tell.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// To be called when a log was written, or was to be.
    pub(super) fn note(&mut self, id: ProcessId, channel: Channel, log: &ChildLog) {
        if let Some(deadline) = log.deadline() {
            self.logs.insert((id, channel));
            self.deadline = Some(self.deadline.map_or(deadline, |first| first.min(deadline)));
        }
    }

    /// The logs that may have something to tell, if it is time for one of them. They are noted no longer.
    fn take(&mut self, now: Duration) -> BTreeSet<(ProcessId, Channel)> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return BTreeSet::new();
        }
        self.deadline = None;
        std::mem::take(&mut self.logs)
    }
}

impl Owner {
    /// Tells what is due.
    pub(super) fn tell_untold(&mut self) {
        if self.untold.deadline().is_none() {
            return;
        }
        let now = clock::now().mono;
        for (id, channel) in self.untold.take(now) {
            // Of a child that has died everything is told.
            let Some(log) = self.children.get_mut(&id).and_then(|child| child.log(channel)) else { continue };
            let line = log.due(now);
            self.untold.note(id, channel, log);
            if let Some(line) = line {
                self.log(&line);
            }
        }
    }

    /// A process is no more. Its child, if it is one that cannot be stopped, is a stranger from now on.
    pub(super) fn forget(&mut self, id: ProcessId) {
        if let Some(mut child) = self.children.remove(&id) {
            child.end_logs().for_each(|line| self.log(&line));
        }
    }

    /// The daemon ends: what is untold of logs that are still open.
    pub(super) fn end_logs(&mut self) {
        let lines: Vec<_> = self.children.values_mut().flat_map(Child::end_logs).collect();
        lines.iter().for_each(|line| self.log(line));
    }
}
