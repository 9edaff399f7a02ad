//! Listeners that see some events only; everything else is answered OK for them.
//!
//! A pool's `events=` already filters by kind, but not by process or group, Supervisor 4 can deliver events that
//! were not subscribed to and the same event twice, and one pool may serve several purposes. Filters nest:
//!
//! ```
//! use supervisor_sdk::filter::{in_group, only};
//! use supervisor_sdk::{Delivery, EventKind};
//! let listener = only(
//!     EventKind::ProcessState,
//!     in_group("web", |delivery: &Delivery| eprintln!("{} {}", delivery.name(), delivery.payload)),
//! );
//! # let _ = listener;
//! ```

use crate::listener::{Delivery, Listener, Reply};
use supervisor_protocol::event::EventKind;

/// Passes the events for which `is_wanted` says so.
pub fn when<P, L>(is_wanted: P, listener: L) -> When<P, L>
where
    P: FnMut(&Delivery) -> bool,
    L: Listener,
{
    When { is_wanted, listener }
}

/// See [`when`].
#[derive(Debug)]
pub struct When<P, L> {
    is_wanted: P,
    listener: L,
}

impl<P, L> Listener for When<P, L>
where
    P: FnMut(&Delivery) -> bool,
    L: Listener,
{
    fn handle(&mut self, delivery: &Delivery) -> Reply {
        if (self.is_wanted)(delivery) { self.listener.handle(delivery) } else { Reply::Ok }
    }
}

/// Passes events of `kind` and its descendants.
pub fn only(kind: EventKind, listener: impl Listener) -> impl Listener {
    when(move |delivery| delivery.event.as_ref().is_ok_and(|event| kind.covers(event.kind())), listener)
}

/// Passes events about one process: `NAME` in any group, or `GROUP:NAME`. `GROUP:*` is every process of a group.
pub fn of_process(name: &str, listener: impl Listener) -> impl Listener {
    let (group, name) = match name.split_once(':') {
        Some((group, name)) => (Some(group.to_owned()), name.to_owned()),
        None => (None, name.to_owned()),
    };
    let is_meant = move |delivery: &Delivery| {
        delivery.process().is_some_and(|process| {
            let is_all = group.is_some() && name == "*";
            (is_all || *process.process == *name) && group.as_ref().is_none_or(|group| *process.group == **group)
        })
    };
    when(is_meant, listener)
}

/// Passes events about a group: about its processes, and that it was added or removed.
pub fn in_group(group: &str, listener: impl Listener) -> impl Listener {
    let group = group.to_owned();
    when(move |delivery| delivery.group() == Some(&group), listener)
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
    use supervisor_protocol::event::{Event, ProcessRef, StateChange, TickPeriod};
    use supervisor_protocol::state::ProcessState;

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

    /// The payloads a filter lets pass, of events about `g:a`, `h:a`, `g:b`, a tick and group `g`.
    fn passed(filter: impl FnOnce(&mut dyn FnMut(&Delivery)) -> Vec<Reply>) -> Vec<String> {
        let mut seen = Vec::new();
        let replies = filter(&mut |delivery: &Delivery| seen.push(delivery.payload.trim_end().to_owned()));
        assert_eq!(replies, vec![Reply::Ok; 5]);
        seen
    }

    fn daemon() -> Daemon {
        let mut daemon = Daemon::new();
        for (name, group) in [("a", "g"), ("a", "h"), ("b", "g")] {
            daemon.event(&Event::ProcessState {
                process: ProcessRef::new(name, group),
                from: ProcessState::Starting,
                change: StateChange::Fatal,
            });
        }
        daemon.event(&Event::Tick { period: TickPeriod::Seconds5, when: 5 });
        daemon.event(&Event::GroupAdded { group: "g".into() });
        daemon
    }

    #[test]
    fn processes_and_groups_are_told_apart() {
        let state = |name: &str, group: &str| format!("processname:{name} groupname:{group} from_state:STARTING");
        let of =
            |name: &str| passed(|see| daemon().run(of_process(name, |delivery: &Delivery| see(delivery))).unwrap());
        assert_eq!(of("a"), [state("a", "g"), state("a", "h")]);
        assert_eq!(of("h:a"), [state("a", "h")]);
        assert_eq!(of("g:*"), [state("a", "g"), state("b", "g")]);
        assert_eq!(of("*"), Vec::<String>::new());
        let group = passed(|see| daemon().run(in_group("g", |delivery: &Delivery| see(delivery))).unwrap());
        assert_eq!(group, [state("a", "g"), state("b", "g"), "groupname:g".to_owned()]);
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
