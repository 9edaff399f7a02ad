//! What must hold after every turn, whatever happened.
//!
//! The checker keeps its own books from what leaves the engine (log lines, deliveries, answers) and compares
//! them with the state of the engine. A violation is a sentence.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use supervisor_protocol::event::Event;
use supervisor_protocol::listener::{EnvelopeDecoder, Received};
use supervisor_protocol::name;
use supervisor_protocol::state::{ListenerState, ProcessState};

use super::config::AUDITOR;
use crate::engine::groups::Group;
use crate::engine::id::{GroupId, ProcessId};
use crate::engine::message::Message;
use crate::engine::pool::Pool;
use crate::engine::{Effect, Supervisor};

/// The books of one pool.
#[derive(Debug, Default)]
struct Books {
    processed: u64,
    dropped: u64,
    /// The poolserial that must be delivered or dropped next, of those that never were.
    next_first: u64,
    /// The serial of the last of them.
    last_serial: Option<u64>,
    /// Poolserial → serial of everything that was delivered.
    delivered: BTreeMap<u64, u64>,
    done: BTreeSet<u64>,
    in_flight: BTreeMap<ProcessId, u64>,
}

/// Everything that is remembered between turns.
#[derive(Debug, Default)]
pub(super) struct Checker {
    books: BTreeMap<String, Books>,
    /// Last known state by namespec, as the events told it.
    states: BTreeMap<String, ProcessState>,
    next_serial: u64,
    open: BTreeSet<u64>,
    stopping: bool,
    finished: u32,
}

impl Checker {
    /// A new life of the daemon, which continues with this serial.
    pub(super) fn reborn(&mut self, next_serial: u64) -> Result<(), String> {
        self.no_command_is_open()?;
        *self = Checker { next_serial, ..Checker::default() };
        Ok(())
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished > 0
    }

    /// From now on nothing may be started.
    pub(super) fn stop_begins(&mut self) {
        self.stopping = true;
    }

    /// A command is sent.
    pub(super) fn asked(&mut self, ticket: u64) {
        self.open.insert(ticket);
    }

    /// A command is answered, by the engine or by the shell for it.
    pub(super) fn answered(&mut self, ticket: u64) -> Result<(), String> {
        if self.open.remove(&ticket) { Ok(()) } else { Err(format!("command {ticket} was answered twice")) }
    }

    /// A group and everything about it is gone.
    pub(super) fn forget_group(&mut self, group: &str) {
        self.books.remove(group);
    }

    pub(super) fn no_command_is_open(&self) -> Result<(), String> {
        match self.open.first() {
            None => Ok(()),
            Some(ticket) => Err(format!("command {ticket} was never answered")),
        }
    }

    /// An effect leaves the engine.
    pub(super) fn emitted(&mut self, effect: &Effect, engine: &Supervisor) -> Result<(), String> {
        match effect {
            Effect::Spawn(id) if self.stopping => Err(format!("{id:?} is started although everything stops")),
            Effect::Spawn(id) => match engine.process(*id).map(|process| process.state()) {
                Some(ProcessState::Starting) => Ok(()),
                state => Err(format!("{id:?} is spawned in {state:?}")),
            },
            Effect::Deliver { process: id, bytes, .. } => {
                let mut decoder = EnvelopeDecoder::new();
                decoder.feed(bytes);
                match decoder.next_event() {
                    Ok(Some(received)) if decoder.is_between_events() => self.delivered(*id, &received, engine),
                    other => Err(format!("{id:?} was sent {other:?}")),
                }
            }
            Effect::Log(Message::EventProcessed { name }) => {
                let books = self.books.values_mut().find_map(|books| {
                    let at = books.in_flight.keys().find(|id| engine.process(**id).is_some_and(|p| p.name() == name));
                    at.copied().map(|id| (id, books))
                });
                let Some((id, books)) = books else { return Err(format!("{name} has processed nothing")) };
                books.processed += 1;
                books.done.extend(books.in_flight.remove(&id));
                Ok(())
            }
            Effect::Log(Message::Rebuffering { serial, pool, .. }) => {
                let books = self.books.entry(pool.to_string()).or_default();
                let was = books.in_flight.len();
                let delivered = &books.delivered;
                books.in_flight.retain(|_, poolserial| delivered.get(poolserial) != Some(serial));
                if books.in_flight.len() + 1 == was {
                    Ok(())
                } else {
                    Err(format!("event {serial} goes back to {pool}, but was not in flight there"))
                }
            }
            Effect::Log(Message::Overflow { pool, serial }) => {
                self.books.entry(pool.to_string()).or_default().overflowed(pool, *serial)
            }
            Effect::Log(Message::IllegalTransition { .. }) => Err(format!("{effect:?}")),
            Effect::Answer(ticket, _) => self.answered(ticket.0),
            Effect::Finished(_) => {
                self.finished += 1;
                if self.finished == 1 && self.stopping { Ok(()) } else { Err("finished out of turn".to_owned()) }
            }
            _ => Ok(()),
        }
    }

    fn delivered(&mut self, id: ProcessId, received: &Received, engine: &Supervisor) -> Result<(), String> {
        let header = &received.header;
        let Some(process) = engine.process(id) else { return Err(format!("{id:?} does not exist")) };
        let name = process.name();
        // A stop may follow in the same turn.
        if !matches!(process.state(), ProcessState::Running | ProcessState::Stopping) {
            return Err(format!("{name} is {} and gets an event", process.state()));
        }
        let books = self.books.entry(header.pool.clone()).or_default();
        if let Some(other) = books.in_flight.insert(id, header.poolserial) {
            return Err(format!("{name} is not ready for {}, it works on {other}", header.poolserial));
        }
        if books.done.contains(&header.poolserial) {
            return Err(format!("{name} gets {} again, which was processed", header.poolserial));
        }
        if header.poolserial < books.next_first {
            return match books.delivered.get(&header.poolserial) {
                Some(serial) if *serial == header.serial => Ok(()),
                other => Err(format!("event {} comes again as {}, it was {other:?}", header.poolserial, header.serial)),
            };
        }
        books.delivered.insert(header.poolserial, header.serial);
        books.leaves_for_the_first_time(&header.pool, Some(header.poolserial), header.serial)
    }

    /// The auditor has received an event.
    pub(super) fn told(&mut self, received: &Received) -> Result<(), String> {
        match received.event() {
            Ok(Event::ProcessState { process, from, change }) => {
                let name = name::join(&process.group, &process.process);
                let known = self.states.get(&name).copied().unwrap_or(ProcessState::Stopped);
                if known != from {
                    return Err(format!("{name} was {known}, now it left {from} for {}", change.state()));
                }
                if !is_published(from, change.state()) {
                    return Err(format!("{name} went from {from} to {}", change.state()));
                }
                self.states.insert(name, change.state());
                Ok(())
            }
            Ok(Event::GroupRemoved { group }) => {
                self.states.retain(|name, _| name.split(':').next() != Some(&*group));
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{received:?}: {error}")),
        }
    }

    /// A turn is over; `is_deaf` tells who cannot be delivered to.
    pub(super) fn turned(&mut self, engine: &Supervisor, is_deaf: impl Fn(ProcessId) -> bool) -> Result<(), String> {
        if engine.next_serial() < self.next_serial {
            return Err(format!("the serial fell from {} to {}", self.next_serial, engine.next_serial()));
        }
        self.next_serial = engine.next_serial();
        for (id, group) in &engine.groups {
            if let Some(pool) = &group.pool {
                self.pool_balances(engine, *id, group, pool, &is_deaf)?;
            }
        }
        Ok(())
    }

    fn pool_balances(
        &self,
        engine: &Supervisor,
        id: GroupId,
        group: &Group,
        pool: &Pool,
        is_deaf: impl Fn(ProcessId) -> bool,
    ) -> Result<(), String> {
        let name = &group.name;
        let none = Books::default();
        let books = self.books.get(&**name).unwrap_or(&none);
        let mut expected = books.next_first;
        for delivery in pool.queued().filter(|delivery| !books.delivered.contains_key(&delivery.poolserial)) {
            if delivery.poolserial != expected {
                return Err(format!("{name} holds poolserial {}, not {expected}", delivery.poolserial));
            }
            expected += 1;
        }
        if expected != pool.next_poolserial() {
            return Err(format!("{name} has skipped poolserials from {expected} to {}", pool.next_poolserial()));
        }
        let members = || group.members.iter().filter_map(|id| Some((*id, engine.process(*id)?)));
        let in_flight = members().filter(|(_, p)| p.session.as_ref().is_some_and(|s| s.in_flight().is_some())).count();
        let (waiting, accounted) = (pool.len() as u64, books.processed + books.dropped);
        if pool.next_poolserial() != accounted + waiting + in_flight as u64 {
            return Err(format!(
                "{name} has lost an event: {} accepted, {} processed, {} dropped, {waiting} waiting, {in_flight} in flight",
                pool.next_poolserial(),
                books.processed,
                books.dropped
            ));
        }
        let bytes: usize = pool.queued().map(|delivery| delivery.occurrence.payload.as_bytes().len()).sum();
        if pool.len() > pool.max_events() || (pool.len() > 1 && bytes > pool.max_bytes()) {
            return Err(format!("{name} holds {waiting} events of {bytes} bytes"));
        }
        for (member, process) in members() {
            let Some(session) = &process.session else { continue };
            if process.pid().is_none() {
                return Err(format!("{} has no child but a session", process.name()));
            }
            let ready = process.state() == ProcessState::Running && session.state() == ListenerState::Ready;
            if ready && !pool.is_empty() && engine.held != Some(id) && !is_deaf(member) {
                return Err(format!("{} is ready while {waiting} events wait", process.name()));
            }
        }
        Ok(())
    }

    /// Everything that follows from an input has been carried out.
    pub(super) fn drained(&self, engine: &Supervisor, now: Duration) -> Result<(), String> {
        if let Some(at) = engine.next_deadline().filter(|at| *at <= now) {
            return Err(format!("the deadline of {at:?} is left over at {now:?}"));
        }
        let everything_was_told = self.books.get(AUDITOR).is_some_and(|books| {
            books.in_flight.is_empty() && engine.pools().any(|(name, waiting, _)| name == AUDITOR && waiting == 0)
        });
        if !everything_was_told {
            return Ok(());
        }
        for (_, process) in engine.all_processes() {
            let told = self.states.get(&process.namespec()).copied().unwrap_or(ProcessState::Stopped);
            if told != process.state() {
                return Err(format!("{} is {}, but events said {told}", process.namespec(), process.state()));
            }
        }
        Ok(())
    }
}

impl Books {
    fn overflowed(&mut self, pool: &str, serial: u64) -> Result<(), String> {
        self.dropped += 1;
        match self.delivered.iter().find(|(_, delivered)| **delivered == serial).map(|(poolserial, _)| *poolserial) {
            None => self.leaves_for_the_first_time(pool, None, serial),
            Some(poolserial) if self.in_flight.values().any(|other| *other == poolserial) => {
                Err(format!("{pool} drops event {serial}, which is in flight"))
            }
            Some(_) => Ok(()),
        }
    }

    /// Events leave the queue in the order in which they came.
    fn leaves_for_the_first_time(&mut self, pool: &str, poolserial: Option<u64>, serial: u64) -> Result<(), String> {
        if let Some(poolserial) = poolserial.filter(|poolserial| *poolserial != self.next_first) {
            return Err(format!("{pool} delivers poolserial {poolserial}, not {}", self.next_first));
        }
        if let Some(last) = self.last_serial.filter(|last| *last >= serial) {
            return Err(format!("{pool} lets event {serial} go after event {last}"));
        }
        self.next_first += 1;
        self.last_serial = Some(serial);
        Ok(())
    }
}

/// The published state diagram, and the way out of UNKNOWN. Written down a second time on purpose.
fn is_published(from: ProcessState, to: ProcessState) -> bool {
    use ProcessState::*;
    match from {
        Stopped | Exited | Fatal => to == Starting,
        Starting => matches!(to, Running | Backoff | Stopping | Unknown),
        Running => matches!(to, Stopping | Exited | Unknown),
        Backoff => matches!(to, Starting | Stopped | Fatal),
        Stopping => matches!(to, Stopped | Unknown),
        Unknown => to == Exited,
    }
}
