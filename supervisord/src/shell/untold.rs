//! What is to be told of the logs of children, once its time has come.
//!
//! Of a log that loses output a line is written once a minute at most (see [`losses`](crate::output::losses)). The line
//! that is held back so must come though the program has fallen silent. So logs that have something untold are noted
//! here; the owner waits for the earliest of them as it waits for the deadlines of the engine.

use std::collections::BTreeSet;
use std::time::Duration;

use supervisor_protocol::event::Channel;

use super::childlog::ChildLog;
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
    pub(super) fn take(&mut self, now: Duration) -> BTreeSet<(ProcessId, Channel)> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return BTreeSet::new();
        }
        self.deadline = None;
        std::mem::take(&mut self.logs)
    }
}
