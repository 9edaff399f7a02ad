//! Delivery: from a pool's queue to a listener, and from a listener's words back to the queue.
//!
//! A pool hands out at the end of each turn in which it took an event or a listener became ready for one, never
//! at a poll; so the log tells what happened before it tells who was sent it. Within a turn it hands out only to
//! save an event from a full queue. The head of the queue goes to the first process, in configuration order,
//! that is RUNNING and READY (`ev_l08`).
//! What a listener rejects, dies on or answers wrongly goes back to the head of the queue of the pool **that
//! owns the process** and to no other (`ev_l11`).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use supervisor_protocol::event::{Channel, Event};
use supervisor_protocol::listener::Envelope;
use supervisor_protocol::state::{ListenerState, ProcessState};

use super::groups::Group;
use super::id::{GroupId, ProcessId};
use super::listener::{InFlight, Session, Verdict};
use super::message::Message;
use super::pool::{Delivery, Occurrence};
use super::retry;
use super::timers::Timer;
use super::{Effect, Supervisor, Turn};

impl Supervisor {
    /// A pool takes an event.
    pub(super) fn accept(&mut self, group: GroupId, occurrence: Arc<Occurrence>, turn: &mut Turn) {
        let Some((_, pool)) = self.pool_mut(group) else { return };
        if pool.is_full(occurrence.payload.as_bytes().len()) {
            self.dispatch(group, turn);
        }
        let Some((name, pool)) = self.pool_mut(group) else { return };
        for lost in pool.accept(occurrence) {
            turn.log(Message::Overflow { pool: name.clone(), serial: lost.occurrence.serial });
        }
        #[cfg(test)]
        if self.fault == Some(super::sim::Fault::GapInPoolserials)
            && let Some((_, pool)) = self.pool_mut(group)
        {
            pool.skip_poolserial();
        }
        self.stir(group);
    }

    /// Lets a pool hand out at the end of the turn.
    pub(super) fn stir(&mut self, group: GroupId) {
        if !self.stirred.contains(&group) {
            self.stirred.push(group);
        }
    }

    /// The end of a turn: what can be delivered is.
    pub(super) fn hand_out(&mut self, turn: &mut Turn) {
        for group in std::mem::take(&mut self.stirred) {
            self.dispatch(group, turn);
        }
    }

    /// Hands out events while there is one and a listener for it.
    fn dispatch(&mut self, group: GroupId, turn: &mut Turn) {
        self.dispatch_after(group, None, turn);
    }

    /// Hands out events to the members after `skip_to` (to all, if `None`).
    fn dispatch_after(&mut self, group: GroupId, skip_to: Option<ProcessId>, turn: &mut Turn) {
        if self.held == Some(group) {
            return;
        }
        let Some(Group { name, members, pool: Some(pool), .. }) = self.groups.get_mut(&group) else { return };
        if pool.resume_at.is_some_and(|at| turn.now.mono < at) {
            return;
        }
        let mut skipping = skip_to;
        for id in members.iter() {
            if skipping.is_some() {
                skipping = skipping.filter(|skip| skip != id);
                continue;
            }
            if pool.is_empty() {
                return;
            }
            let Some(process) = self.processes.get_mut(id) else { continue };
            if process.state() != ProcessState::Running {
                continue;
            }
            let listener = process.name().clone();
            let Some(session) = process.session.as_mut() else { continue };
            #[cfg(test)]
            let ready = session.state() == ListenerState::Ready
                || (self.fault == Some(super::sim::Fault::TwoInFlight) && session.state() == ListenerState::Busy);
            #[cfg(not(test))]
            let ready = session.state() == ListenerState::Ready;
            if !ready {
                continue;
            }
            let Some(delivery) = pool.take() else { return };
            let mut bytes = BytesMut::new();
            Envelope {
                server: &self.identifier,
                serial: delivery.occurrence.serial,
                pool: name,
                poolserial: delivery.poolserial,
                kind: delivery.occurrence.kind,
                payload: &delivery.occurrence.payload,
            }
            .encode(&mut bytes);
            let sent = Message::EventSent { serial: delivery.occurrence.serial, name: listener };
            turn.effect(Effect::Deliver { process: *id, bytes: bytes.freeze(), sent });
            session.send(InFlight { delivery, since_wall: turn.now.wall }, turn.now.mono);
        }
    }

    /// A listener wrote to its stdout. It is parsed in every process state (`ev_p29`).
    pub(super) fn listener_output(&mut self, id: ProcessId, bytes: &[u8], turn: &mut Turn) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        let group = process.group;
        if let Some(session) = process.session.as_mut() {
            session.feed(bytes);
        }
        // The whole chunk is understood before anything is sent: what follows READY in it is a violation.
        while let Some((name, verdict)) = self.next_verdict(id) {
            let changed = |from, to| Message::ListenerState { name: name.clone(), from, to };
            match verdict {
                Verdict::Ready => turn.log(changed(ListenerState::Acknowledged, ListenerState::Ready)),
                Verdict::Processed { print } => {
                    if let Some(bytes) = print {
                        turn.effect(Effect::Print(bytes));
                    }
                    turn.log(Message::EventProcessed { name: name.clone() });
                    turn.log(changed(ListenerState::Busy, ListenerState::Acknowledged));
                    if let Some((_, pool)) = self.pool_mut(group) {
                        pool.counters.delivered += 1;
                    }
                }
                Verdict::Rejected(delivery) => self.rejected(group, &name, delivery, turn),
                Verdict::BadResultLine { line, delivery } => {
                    turn.log(Message::BadResultLine { name: name.clone(), line });
                    turn.log(changed(ListenerState::Busy, ListenerState::Unknown));
                    turn.log(Message::ListenerUnknown { name: name.clone() });
                    self.put_back(group, delivery, turn);
                }
                Verdict::Mishandled { delivery, excerpt } => {
                    turn.log(Message::EventError { name: name.clone() });
                    turn.log(changed(ListenerState::Busy, ListenerState::Unknown));
                    turn.log(Message::ListenerUnknown { name: name.clone() });
                    turn.log(Message::NotPrintable { name: name.clone(), excerpt });
                    self.put_back(group, delivery, turn);
                }
                Verdict::Violation { from, excerpt } => {
                    turn.log(changed(from, ListenerState::Unknown));
                    turn.log(Message::ListenerUnknown { name: name.clone() });
                    turn.log(Message::Offence { name: name.clone(), state: from, excerpt });
                }
            }
        }
        self.stir(group);
    }

    /// A listener does not want an event now: it goes back, and after many times the pool waits a little.
    fn rejected(&mut self, group: GroupId, name: &Arc<str>, mut delivery: Delivery, turn: &mut Turn) {
        delivery.rejections = delivery.rejections.saturating_add(1);
        let wait = retry::wait(delivery.rejections);
        let Some((_, pool)) = self.pool_mut(group) else { return };
        pool.counters.rejected += 1;
        match wait {
            None => turn.log(Message::EventRejected { name: name.clone() }),
            Some(wait) => {
                let at = turn.now.mono + wait;
                pool.resume_at = Some(at);
                if let Some(count) = pool.lines.count(turn.now.mono) {
                    let serial = delivery.occurrence.serial;
                    turn.log(Message::EventRejectedAgain { name: name.clone(), serial, count });
                }
                self.timers.arm(Timer::Retry(group), at);
            }
        }
        turn.log(Message::ListenerState {
            name: name.clone(),
            from: ListenerState::Busy,
            to: ListenerState::Acknowledged,
        });
        self.put_back(group, delivery, turn);
    }

    /// A listener has closed its stdin: the event goes back, the next process of the pool is tried, and this
    /// one stays READY (`ev_p20`).
    pub(super) fn stdin_closed(&mut self, id: ProcessId, turn: &mut Turn) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        let (group, name) = (process.group, process.name().clone());
        let Some(delivery) = process.session.as_mut().and_then(|session| session.take_back()) else { return };
        turn.log(Message::Epipe { serial: delivery.occurrence.serial, name });
        self.put_back(group, delivery, turn);
        self.dispatch_after(group, Some(id), turn);
    }

    /// The child of a listener is gone: what it worked on is delivered again (`ev_p17`).
    pub(super) fn end_session(&mut self, id: ProcessId, session: Option<Session>, turn: &mut Turn) {
        let Some(group) = self.processes.get(&id).map(|process| process.group) else { return };
        self.timers.disarm(Timer::Unread(id));
        if let Some(delivery) = session.and_then(Session::into_in_flight) {
            self.put_back(group, delivery, turn);
            self.stir(group);
        }
    }

    /// Puts an event back at the head of its pool's queue.
    fn put_back(&mut self, group: GroupId, delivery: Delivery, turn: &mut Turn) {
        #[cfg(test)]
        if self.fault == Some(super::sim::Fault::LostRequeue) {
            return;
        }
        let Some((name, pool)) = self.pool_mut(group) else { return };
        turn.log(Message::Rebuffering {
            serial: delivery.occurrence.serial,
            pool: name.clone(),
            size: pool.len(),
            max: pool.max_events(),
        });
        for lost in pool.put_back(delivery) {
            turn.log(Message::Overflow { pool: name.clone(), serial: lost.occurrence.serial });
        }
    }

    /// A process with PROCESS_LOG events wrote something.
    pub(super) fn logged(&mut self, id: ProcessId, channel: Channel, data: Bytes, turn: &mut Turn) {
        let Some((process, pid)) = self.processes.get(&id).map(|p| (p.reference.clone(), p.pid().unwrap_or(0))) else {
            return;
        };
        self.publish(&Event::ProcessLog { process, pid, channel, data }, turn);
    }

    /// A process said something between the tokens of process communication.
    pub(super) fn captured(&mut self, id: ProcessId, channel: Channel, data: Bytes, turn: &mut Turn) {
        let Some((process, pid)) = self.processes.get(&id).map(|p| (p.reference.clone(), p.pid().unwrap_or(0))) else {
            return;
        };
        let name = process.process.clone();
        self.publish(&Event::ProcessCommunication { process, pid, channel, data }, turn);
        turn.log(Message::CommEvent { name, channel });
    }

    fn next_verdict(&mut self, id: ProcessId) -> Option<(Arc<str>, Verdict)> {
        let process = self.processes.get_mut(&id)?;
        let verdict = process.session.as_mut()?.next_verdict()?;
        Some((process.name().clone(), verdict))
    }
}
