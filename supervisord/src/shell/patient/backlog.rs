//! What waits for room at one place.

use std::collections::VecDeque;

use super::outlet::Outlet;
use super::{Reason, Shortfall};

/// How many bytes may wait. A single write may be larger.
pub(super) const LIMIT: usize = 1024 * 1024;

/// From so many bytes on, those whose output adds to it are not read.
const CONGESTED: usize = LIMIT / 4;

#[derive(Debug, Default)]
pub(super) struct Backlog {
    bytes: VecDeque<u8>,
    /// By which the bytes get out; `None` if there are none.
    outlet: Option<Outlet>,
    /// What was lost when nobody was there to be told.
    shortfall: Option<Shortfall>,
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether so many bytes more may wait.
    pub(super) fn has_room_for(&self, count: usize) -> bool {
        self.is_empty() || self.bytes.len() + count <= LIMIT
    }

    pub(super) fn is_congested(&self) -> bool {
        self.bytes.len() >= CONGESTED
    }

    pub(super) fn push(&mut self, bytes: &[u8], outlet: &Outlet) {
        self.bytes.extend(bytes);
        self.outlet.get_or_insert_with(|| outlet.clone());
    }

    pub(super) fn outlet(&self) -> Option<&Outlet> {
        self.outlet.as_ref()
    }

    /// Writes what there is room for, and says how much that was. What an error leaves is lost.
    pub(super) fn flush(&mut self) -> usize {
        let mut total = 0;
        while let Some(outlet) = self.outlet.clone() {
            let (written, outcome) = outlet.write_now(self.bytes.as_slices().0);
            self.bytes.drain(..written);
            total += written;
            if let Err(errno) = outcome {
                let lost_bytes = self.bytes.len() + self.shortfall.map_or(0, |before| before.lost_bytes);
                self.shortfall = Some(Shortfall { lost_bytes, reason: Reason::System(errno) });
                self.bytes.clear();
            }
            if self.bytes.is_empty() {
                // A flood may have made it large.
                *self = Backlog { shortfall: self.shortfall, ..Backlog::default() };
            } else if written == 0 {
                break;
            }
        }
        total
    }

    /// Whether something is to be told.
    pub(super) fn has_shortfall(&self) -> bool {
        self.shortfall.is_some()
    }

    /// What waits is lost, and is to be told.
    pub(super) fn fail(&mut self) {
        self.shortfall = self.give_up();
    }

    /// What gets out no more is lost.
    pub(super) fn give_up(&mut self) -> Option<Shortfall> {
        let before = self.shortfall.take();
        let after = Shortfall { lost_bytes: self.bytes.len(), reason: Reason::Unread };
        *self = Backlog::default();
        match before {
            Some(Shortfall { lost_bytes, reason }) => {
                Some(Shortfall { lost_bytes: lost_bytes + after.lost_bytes, reason })
            }
            None => Some(after).filter(|after| after.lost_bytes > 0),
        }
    }

    /// What is to be told.
    pub(super) fn take_shortfall(&mut self) -> Option<Shortfall> {
        self.shortfall.take()
    }
}
