//! The event bus: who wants to know of which kind of event.
//!
//! Whatever wants to know of a fact subscribes here; nobody calls a subscriber by name. A subscription to an
//! abstract kind is spread over its descendants when it is made, so publishing is one table look-up. A kind
//! that is named twice, by itself or through an ancestor, still delivers once (`ev_l12`).
//!
//! The bus draws the serial of an event when the first pool accepts it: events that no pool wants consume no
//! number (`ev_e05`), and waiters do not count as pools.

use std::sync::Arc;

use supervisor_protocol::event::{Event, EventKind};

use super::id::GroupId;
use super::pool::Occurrence;

/// The largest serial; the next one is 0.
const MAX_SERIAL: u64 = i64::MAX as u64;

/// Whoever is told of events. Pools come first, in the order in which they were activated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subscriber {
    /// A listener pool: queues the event.
    Pool(GroupId),
    /// The answers that wait for a process to reach a state.
    Waiters,
}

/// Kind → subscribers.
#[derive(Debug)]
pub(super) struct Bus {
    by_kind: Vec<Vec<Subscriber>>,
    next_serial: u64,
}

impl Bus {
    /// A bus without subscribers.
    pub(super) fn new(next_serial: u64) -> Self {
        Bus { by_kind: vec![Vec::new(); EventKind::ALL.len()], next_serial }
    }

    /// Adds a subscriber to these kinds and everything below them.
    pub(super) fn subscribe(&mut self, subscriber: Subscriber, kinds: &[EventKind]) {
        for kind in EventKind::ALL {
            if !kind.is_concrete() || !kinds.iter().any(|wanted| wanted.covers(*kind)) {
                continue;
            }
            let subscribers = &mut self.by_kind[*kind as usize];
            if let Err(at) = subscribers.binary_search(&subscriber) {
                subscribers.insert(at, subscriber);
            }
        }
    }

    /// Removes a subscriber from every kind.
    pub(super) fn unsubscribe(&mut self, subscriber: Subscriber) {
        for subscribers in &mut self.by_kind {
            subscribers.retain(|other| *other != subscriber);
        }
    }

    /// The subscriber number `at` of a kind.
    pub(super) fn subscriber(&self, kind: EventKind, at: usize) -> Option<Subscriber> {
        self.by_kind.get(kind as usize)?.get(at).copied()
    }

    /// Numbers and renders an event that a pool accepts.
    pub(super) fn number(&mut self, event: &Event) -> Arc<Occurrence> {
        let serial = self.next_serial;
        self.next_serial = if serial >= MAX_SERIAL { 0 } else { serial + 1 };
        Arc::new(Occurrence { serial, kind: event.kind(), payload: event.payload() })
    }

    /// The number the next accepted event gets.
    pub(super) fn next_serial(&self) -> u64 {
        self.next_serial
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscribers(bus: &Bus, kind: EventKind) -> Vec<Subscriber> {
        (0..).map_while(|at| bus.subscriber(kind, at)).collect()
    }

    #[test]
    fn overlapping_names_subscribe_once_and_pools_come_before_waiters() {
        let mut bus = Bus::new(0);
        let pool = |id| Subscriber::Pool(GroupId(id));
        bus.subscribe(Subscriber::Waiters, &[EventKind::ProcessState]);
        bus.subscribe(pool(1), &[EventKind::Event, EventKind::ProcessState, EventKind::ProcessStateExited]);
        bus.subscribe(pool(2), &[EventKind::Tick]);
        assert_eq!(subscribers(&bus, EventKind::ProcessStateExited), [pool(1), Subscriber::Waiters]);
        assert_eq!(subscribers(&bus, EventKind::Tick60), [pool(1), pool(2)]);
        bus.unsubscribe(pool(1));
        assert_eq!(subscribers(&bus, EventKind::Tick60), [pool(2)]);
        assert_eq!(subscribers(&bus, EventKind::ProcessStateExited), [Subscriber::Waiters]);
    }

    #[test]
    fn serials_wrap_to_zero() {
        let mut bus = Bus::new(MAX_SERIAL);
        assert_eq!(bus.number(&Event::SupervisorRunning).serial, MAX_SERIAL);
        assert_eq!(bus.number(&Event::SupervisorRunning).serial, 0);
        assert_eq!(bus.next_serial(), 1);
    }
}
