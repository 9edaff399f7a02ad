//! Listeners that see some events only; everything else is answered OK for them.
//!
//! A pool's `events=` already filters, but Supervisor 4 can deliver events that were not subscribed to and
//! the same event twice, and one pool may serve several purposes.

use crate::listener::{Delivery, Listener, Reply};
use supervisor_protocol::event::EventKind;

/// Passes events of `kind` and its descendants.
///
/// ```
/// use supervisor_sdk::{Delivery, EventKind, filter::only};
/// let listener = only(EventKind::Tick, |delivery: &Delivery| eprintln!("{}", delivery.payload));
/// # let _ = listener;
/// ```
pub fn only<L: Listener>(kind: EventKind, listener: L) -> Only<L> {
    Only { kind, listener }
}

/// See [`only`].
#[derive(Debug)]
pub struct Only<L> {
    kind: EventKind,
    listener: L,
}

impl<L: Listener> Listener for Only<L> {
    fn handle(&mut self, delivery: &Delivery) -> Reply {
        match &delivery.event {
            Ok(event) if self.kind.covers(event.kind()) => self.listener.handle(delivery),
            _ => Reply::Ok,
        }
    }
}

/// Passes an event that was answered OK only once, though it be delivered again.
///
/// An event is the same if the pool and both serial numbers are those of the last one that was answered OK;
/// that covers what Supervisor 4 does when subscriptions overlap.
pub fn distinct<L: Listener>(listener: L) -> Distinct<L> {
    Distinct { done: None, listener }
}

/// See [`distinct`].
#[derive(Debug)]
pub struct Distinct<L> {
    done: Option<(String, u64, u64)>,
    listener: L,
}

impl<L: Listener> Listener for Distinct<L> {
    fn handle(&mut self, delivery: &Delivery) -> Reply {
        let header = &delivery.header;
        let is_done = self.done.as_ref().is_some_and(|(pool, serial, poolserial)| {
            *pool == header.pool && *serial == header.serial && *poolserial == header.poolserial
        });
        if is_done {
            return Reply::Ok;
        }
        let reply = self.listener.handle(delivery);
        if reply == Reply::Ok {
            self.done = Some((header.pool.clone(), header.serial, header.poolserial));
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Daemon;
    use supervisor_protocol::event::{Event, TickPeriod};

    #[test]
    fn only_the_kind_passes() {
        let mut daemon = Daemon::new();
        daemon.event(&Event::SupervisorRunning);
        daemon.event(&Event::Tick { period: TickPeriod::Seconds5, when: 5 });
        daemon.raw("TICK_7", "when:7");
        let mut seen = Vec::new();
        let replies =
            daemon.run(only(EventKind::Tick, |delivery: &Delivery| seen.push(delivery.payload.clone()))).unwrap();
        assert_eq!(seen, ["when:5"]);
        assert_eq!(replies.len(), 3);
    }

    #[test]
    fn a_redelivery_passes_only_after_a_failure() {
        let mut daemon = Daemon::new();
        daemon.event(&Event::SupervisorRunning).repeat().repeat();
        daemon.event(&Event::SupervisorStopping);
        let mut answers = vec![Reply::Fail, Reply::Ok, Reply::Ok];
        let replies = daemon.run(distinct(|_: &Delivery| answers.remove(0))).unwrap();
        assert_eq!(replies, [Reply::Fail, Reply::Ok, Reply::Ok, Reply::Ok]);
        assert!(answers.is_empty());
    }
}
