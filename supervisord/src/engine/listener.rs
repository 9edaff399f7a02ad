//! The protocol session of one listener process.
//!
//! A session lives as long as the child: each spawn starts a new one in ACKNOWLEDGED. It turns the child's
//! stdout into [`Verdict`]s and remembers the event in flight (the limit is one per listener). Whether an
//! event may be sent also depends on the process (RUNNING), which is the pool's business.

use std::time::Duration;

use bytes::Bytes;
use supervisor_protocol::listener::{KEPT_BODY, Reply, ReplyDecoder};
use supervisor_protocol::state::ListenerState;

use super::handler;
use super::pool::Delivery;
use crate::config::model::ResultHandler;

/// One listener's side of the protocol.
#[derive(Debug)]
pub(super) struct Session {
    handler: ResultHandler,
    state: ListenerState,
    decoder: ReplyDecoder,
    in_flight: Option<InFlight>,
    /// When the last event was sent, on the monotonic clock.
    sent_at: Option<Duration>,
    /// A part of what it was sent waits until it reads.
    pub(super) is_unread: bool,
}

/// An event that a listener works on.
#[derive(Debug)]
pub(super) struct InFlight {
    /// The event.
    pub(super) delivery: Delivery,
    /// When it was sent, since the epoch.
    pub(super) since_wall: Duration,
}

/// What a listener does that was sent an event lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtWork {
    /// It is BUSY.
    OnAnEvent,
    /// It is ACKNOWLEDGED: it wants another one soon.
    BetweenEvents,
}

/// What a reply means. The state has changed already when a verdict is given.
#[derive(Debug)]
pub(super) enum Verdict {
    /// ACKNOWLEDGED → READY.
    Ready,
    /// BUSY → ACKNOWLEDGED, the event is done.
    Processed {
        /// What the result has for standard output.
        print: Option<Bytes>,
    },
    /// BUSY → ACKNOWLEDGED, the event must be delivered again.
    Rejected(Delivery),
    /// BUSY → UNKNOWN, the event must be delivered again.
    BadResultLine {
        /// The line, without its LF.
        line: Bytes,
        /// What was in flight.
        delivery: Delivery,
    },
    /// BUSY → UNKNOWN: the pool's handler can do nothing with the result. The event must be delivered again.
    Mishandled {
        /// What was in flight.
        delivery: Delivery,
        /// The beginning of the result.
        excerpt: Bytes,
    },
    /// → UNKNOWN with nothing in flight.
    Violation {
        /// The state it was in.
        from: ListenerState,
        /// The first of the offending bytes.
        excerpt: Bytes,
    },
}

impl Session {
    /// The session of a child that was just spawned, of a pool with this handler.
    pub(super) fn new(handler: ResultHandler) -> Self {
        let decoder = match handler {
            ResultHandler::Default => ReplyDecoder::new(),
            ResultHandler::SupervisorStdout => ReplyDecoder::keeping(handler::MAX_BODY),
        };
        Session {
            handler,
            state: ListenerState::Acknowledged,
            decoder,
            in_flight: None,
            sent_at: None,
            is_unread: false,
        }
    }

    /// Where the protocol stands.
    pub(super) fn state(&self) -> ListenerState {
        self.state
    }

    /// The event in flight.
    pub(super) fn in_flight(&self) -> Option<&InFlight> {
        self.in_flight.as_ref()
    }

    /// READY → BUSY. `now` is the time on the monotonic clock.
    pub(super) fn send(&mut self, in_flight: InFlight, now: Duration) {
        if self.handler == ResultHandler::SupervisorStdout {
            let payload = &in_flight.delivery.occurrence.payload;
            self.decoder.expect_echo(payload.code_points(), payload.as_bytes().len());
        }
        self.state = ListenerState::Busy;
        self.in_flight = Some(in_flight);
        self.sent_at = Some(now);
    }

    /// What it does about an event that it was sent at `since` or later; `None` if it was sent none or is done.
    pub(super) fn at_work(&self, since: Duration) -> Option<AtWork> {
        self.sent_at.filter(|at| *at >= since)?;
        match self.state {
            ListenerState::Busy => Some(AtWork::OnAnEvent),
            ListenerState::Acknowledged => Some(AtWork::BetweenEvents),
            ListenerState::Ready | ListenerState::Unknown => None,
        }
    }

    /// The listener's stdin is closed: the event was not sent after all and the state is as before (`ev_p20`).
    /// Nothing changes if nothing is in flight: it answered what it did not read to the end.
    pub(super) fn take_back(&mut self) -> Option<Delivery> {
        let in_flight = self.in_flight.take()?;
        self.state = ListenerState::Ready;
        Some(in_flight.delivery)
    }

    /// The child is gone: what was in flight, if anything.
    pub(super) fn into_in_flight(self) -> Option<Delivery> {
        self.in_flight.map(|in_flight| in_flight.delivery)
    }

    /// Adds bytes as they were read from the listener's stdout.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.decoder.feed(bytes);
    }

    /// The next thing the fed bytes mean, or `None` until more are fed.
    pub(super) fn next_verdict(&mut self) -> Option<Verdict> {
        let reply = self.decoder.next_reply(self.state)?;
        let ok = reply.is_ok();
        let verdict = match reply {
            Reply::Ready => {
                self.state = ListenerState::Ready;
                Verdict::Ready
            }
            Reply::Result { body, .. } => {
                self.state = ListenerState::Acknowledged;
                let delivery = self.in_flight.take()?.delivery;
                self.judge(ok, &body, delivery)
            }
            Reply::BadResultLine(line) => {
                self.state = ListenerState::Unknown;
                Verdict::BadResultLine { line, delivery: self.in_flight.take()?.delivery }
            }
            Reply::Violation(excerpt) => {
                let from = std::mem::replace(&mut self.state, ListenerState::Unknown);
                Verdict::Violation { from, excerpt }
            }
        };
        Some(verdict)
    }

    /// What the pool's handler makes of a result.
    fn judge(&mut self, ok: bool, body: &Bytes, delivery: Delivery) -> Verdict {
        match self.handler {
            ResultHandler::Default if ok => Verdict::Processed { print: None },
            ResultHandler::Default => Verdict::Rejected(delivery),
            ResultHandler::SupervisorStdout => match handler::line(body) {
                Some(line) => Verdict::Processed { print: Some(line) },
                None => {
                    self.state = ListenerState::Unknown;
                    Verdict::Mishandled { delivery, excerpt: body.slice(..body.len().min(KEPT_BODY)) }
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pool::Occurrence;
    use std::sync::Arc;
    use supervisor_protocol::event::EventKind;
    use supervisor_protocol::payload::Payload;

    fn in_flight() -> InFlight {
        let occurrence = Occurrence { serial: 0, kind: EventKind::Tick5, payload: Payload::new(String::new()) };
        let delivery = Delivery { occurrence: Arc::new(occurrence), poolserial: 0, rejections: 0 };
        InFlight { delivery, since_wall: Duration::ZERO }
    }

    #[test]
    fn a_result_and_ready_in_one_write_are_two_verdicts() {
        let mut session = Session::new(ResultHandler::Default);
        session.feed(b"READY\n");
        assert!(matches!(session.next_verdict(), Some(Verdict::Ready)));
        session.send(in_flight(), Duration::ZERO);
        session.feed(b"RESULT 2\nOKREADY\n");
        assert!(matches!(session.next_verdict(), Some(Verdict::Processed { print: None })));
        assert!(matches!(session.next_verdict(), Some(Verdict::Ready)));
        assert!(session.next_verdict().is_none());
        assert!(session.in_flight().is_none());
    }

    #[test]
    fn a_violation_is_absorbing() {
        let mut session = Session::new(ResultHandler::Default);
        session.feed(b"READY\nREADY\n");
        assert!(matches!(session.next_verdict(), Some(Verdict::Ready)));
        assert!(matches!(session.next_verdict(), Some(Verdict::Violation { from: ListenerState::Ready, .. })));
        session.feed(b"READY\n");
        assert!(session.next_verdict().is_none());
        assert_eq!(session.state(), ListenerState::Unknown);
    }

    #[test]
    fn an_event_that_could_not_be_written_is_taken_back() {
        let mut session = Session::new(ResultHandler::Default);
        session.feed(b"READY\n");
        session.next_verdict();
        session.send(in_flight(), Duration::ZERO);
        assert!(session.take_back().is_some());
        assert_eq!(session.state(), ListenerState::Ready);
        session.feed(b"READY\n");
        assert!(matches!(session.next_verdict(), Some(Verdict::Violation { .. })));
        assert!(session.take_back().is_none());
        assert_eq!(session.state(), ListenerState::Unknown);
    }
}
