//! The event queue of one listener pool.
//!
//! First in, first out, bounded: when it is full the **oldest** event makes room, never the newest and never
//! one that is being put back (`ev_l05`, `ev_l06`). Events in flight are not in the queue (`ev_l07`). With
//! `buffer_size` set the bound is exactly that many events; unset it is [`DEFAULT_EVENTS`] events and
//! [`DEFAULT_BYTES`] of payload (`ev_l23`), because the original's ten are too few for the burst of a start.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use supervisor_protocol::event::EventKind;
use supervisor_protocol::payload::Payload;

use super::retry::Lines;

/// Events a queue holds when `buffer_size` is not set.
pub const DEFAULT_EVENTS: usize = 1024;

/// Payload bytes a queue holds when `buffer_size` is not set.
pub const DEFAULT_BYTES: usize = 1024 * 1024;

/// An event that at least one pool accepted: numbered, rendered, shared by all of them.
#[derive(Debug, PartialEq)]
pub(super) struct Occurrence {
    /// Global number.
    pub(super) serial: u64,
    /// Concrete kind.
    pub(super) kind: EventKind,
    /// Rendered once.
    pub(super) payload: Payload,
}

/// An event as one pool holds it. Redelivery keeps both numbers (`ev_p17`).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Delivery {
    /// What happened.
    pub(super) occurrence: Arc<Occurrence>,
    /// Number within the pool.
    pub(super) poolserial: u64,
    /// How often a listener has rejected it.
    pub(super) rejections: u32,
}

/// What a pool has done since it was created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolCounters {
    /// Events acknowledged with OK.
    pub delivered: u64,
    /// Results other than OK.
    pub rejected: u64,
    /// Events put back at the head, for whatever reason.
    pub requeued: u64,
    /// Events lost to a full buffer.
    pub dropped: u64,
}

/// The queue and numbers of one pool.
#[derive(Debug)]
pub(super) struct Pool {
    queue: VecDeque<Delivery>,
    payload_bytes: usize,
    max_events: usize,
    max_bytes: usize,
    next_poolserial: u64,
    /// Nothing is handed out before this time, because the event at the head was rejected too often.
    pub(super) resume_at: Option<Duration>,
    /// What is said of such rejections.
    pub(super) lines: Lines,
    /// For status and metrics.
    pub(super) counters: PoolCounters,
}

impl Pool {
    /// An empty queue; `buffer_size` as configured.
    pub(super) fn new(buffer_size: Option<usize>) -> Self {
        let (max_events, max_bytes) = match buffer_size {
            Some(events) => (events.max(1), usize::MAX),
            None => (DEFAULT_EVENTS, DEFAULT_BYTES),
        };
        Pool {
            queue: VecDeque::new(),
            payload_bytes: 0,
            max_events,
            max_bytes,
            next_poolserial: 0,
            resume_at: None,
            lines: Lines::default(),
            counters: PoolCounters::default(),
        }
    }

    /// Takes a new event at the tail; yields the events that made room.
    pub(super) fn accept(&mut self, occurrence: Arc<Occurrence>) -> Vec<Delivery> {
        let poolserial = self.next_poolserial;
        self.next_poolserial += 1;
        let dropped = self.make_room(occurrence.payload.as_bytes().len());
        self.payload_bytes += occurrence.payload.as_bytes().len();
        self.queue.push_back(Delivery { occurrence, poolserial, rejections: 0 });
        dropped
    }

    /// Puts an event back at the head; yields the events that made room.
    pub(super) fn put_back(&mut self, delivery: Delivery) -> Vec<Delivery> {
        self.counters.requeued += 1;
        let dropped = self.make_room(delivery.occurrence.payload.as_bytes().len());
        self.payload_bytes += delivery.occurrence.payload.as_bytes().len();
        self.queue.push_front(delivery);
        dropped
    }

    /// Takes the event at the head.
    pub(super) fn take(&mut self) -> Option<Delivery> {
        let delivery = self.queue.pop_front()?;
        self.payload_bytes -= delivery.occurrence.payload.as_bytes().len();
        Some(delivery)
    }

    /// How many events wait.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no event waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether taking `payload_bytes` more would cost an event.
    pub(super) fn is_full(&self, payload_bytes: usize) -> bool {
        self.queue.len() >= self.max_events || self.payload_bytes.saturating_add(payload_bytes) > self.max_bytes
    }

    /// The bound in events, as the log shows it.
    pub(super) fn max_events(&self) -> usize {
        self.max_events
    }

    /// The bound in payload bytes.
    #[cfg(test)]
    pub(super) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// The number that the next event gets, which is how many were accepted.
    #[cfg(test)]
    pub(super) fn next_poolserial(&self) -> u64 {
        self.next_poolserial
    }

    /// What waits, head first.
    #[cfg(test)]
    pub(super) fn queued(&self) -> impl Iterator<Item = &Delivery> {
        self.queue.iter()
    }

    /// Leaves a hole in the numbering, for the simulation to find.
    #[cfg(test)]
    pub(super) fn skip_poolserial(&mut self) {
        self.next_poolserial += 1;
    }

    fn make_room(&mut self, bytes: usize) -> Vec<Delivery> {
        let mut dropped = Vec::new();
        while self.is_full(bytes) {
            let Some(oldest) = self.take() else { break };
            self.counters.dropped += 1;
            dropped.push(oldest);
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurrence(serial: u64, bytes: usize) -> Arc<Occurrence> {
        Arc::new(Occurrence { serial, kind: EventKind::Tick5, payload: Payload::new("x".repeat(bytes)) })
    }

    fn serials(deliveries: &[Delivery]) -> Vec<u64> {
        deliveries.iter().map(|d| d.occurrence.serial).collect()
    }

    #[test]
    fn a_full_queue_drops_the_oldest() {
        let mut pool = Pool::new(Some(2));
        assert!(pool.accept(occurrence(0, 1)).is_empty());
        assert!(pool.accept(occurrence(1, 1)).is_empty());
        assert_eq!(serials(&pool.accept(occurrence(2, 1))), [0]);
        assert_eq!(pool.take().map(|d| (d.occurrence.serial, d.poolserial)), Some((1, 1)));
        assert_eq!(pool.counters.dropped, 1);
    }

    #[test]
    fn what_is_put_back_comes_first_and_is_never_the_victim() {
        let mut pool = Pool::new(Some(2));
        pool.accept(occurrence(0, 1));
        let first = pool.take().unwrap();
        pool.accept(occurrence(1, 1));
        pool.accept(occurrence(2, 1));
        assert_eq!(serials(&pool.put_back(first.clone())), [1]);
        assert_eq!(pool.take(), Some(first));
        assert_eq!(pool.take().map(|d| d.occurrence.serial), Some(2));
        assert!(pool.is_empty());
    }

    #[test]
    fn an_unset_size_is_bounded_in_events_and_in_bytes() {
        let mut pool = Pool::new(None);
        for serial in 0..DEFAULT_EVENTS as u64 {
            assert!(pool.accept(occurrence(serial, 10)).is_empty());
        }
        assert_eq!(serials(&pool.accept(occurrence(9999, 10))), [0]);

        let mut pool = Pool::new(None);
        pool.accept(occurrence(0, DEFAULT_BYTES - 1));
        assert_eq!(serials(&pool.accept(occurrence(1, 2))), [0]);
        // One event larger than the bound still gets in.
        assert_eq!(serials(&pool.accept(occurrence(2, 2 * DEFAULT_BYTES))), [1]);
        assert_eq!(pool.len(), 1);
        pool.take();
        assert_eq!(pool.payload_bytes, 0);
    }
}
