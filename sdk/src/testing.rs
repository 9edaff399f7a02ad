//! A daemon for tests: gives a listener its events and collects its answers, in memory.
//!
//! ```
//! use supervisor_sdk::testing::Daemon;
//! use supervisor_sdk::{Delivery, Event, Reply, TickPeriod};
//!
//! let mut daemon = Daemon::new();
//! daemon.event(&Event::Tick { period: TickPeriod::Seconds5, when: 1795344880 });
//! let replies = daemon.run(|delivery: &Delivery| assert_eq!(delivery.payload, "when:1795344880"))?;
//! assert_eq!(replies, [Reply::Ok]);
//! # Ok::<(), supervisor_sdk::testing::Violation>(())
//! ```
//!
//! It is as strict as the daemon: an event is given only after READY, what the listener writes is read in the
//! state the daemon would be in, and a violation ends the test with an error. [`Daemon::run_program`] plays
//! with anything that reads and writes, such as a loop of one's own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};

use bytes::BytesMut;
use supervisor_protocol::event::Event;
use supervisor_protocol::listener::{self as wire, ReplyDecoder};
use supervisor_protocol::state::ListenerState;

use crate::listener::{Listener, Reply, run_with};

/// The events a listener will be given.
#[derive(Debug, Default)]
pub struct Daemon {
    events: VecDeque<Vec<u8>>,
    last: Vec<u8>,
    serial: u64,
    /// How many bytes one read of the listener yields at most; 0 for any number.
    split: usize,
}

/// What a listener did wrong.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// It wrote bytes that its state does not allow.
    #[error("listener in state {state} wrote {excerpt:?}")]
    Output {
        /// The state it was in.
        state: ListenerState,
        /// What it wrote; an excerpt.
        excerpt: String,
    },
    /// Its loop failed.
    #[error("listener failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Daemon {
    /// A daemon without events: the listener says READY and sees the end of its input.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event, with the next serial number.
    pub fn event(&mut self, event: &Event) -> &mut Self {
        let payload = event.payload();
        let mut out = BytesMut::new();
        wire::Envelope {
            server: "supervisor",
            serial: self.serial,
            pool: "test",
            poolserial: self.serial,
            kind: event.kind(),
            payload: &payload,
        }
        .encode(&mut out);
        self.push(out.to_vec())
    }

    /// Adds an event by its name and payload text, known ones or not.
    pub fn raw(&mut self, name: &str, payload: &str) -> &mut Self {
        let (serial, len) = (self.serial, payload.chars().count());
        let head = format!("ver:3.0 server:supervisor serial:{serial} pool:test poolserial:{serial}");
        self.push(format!("{head} eventname:{name} len:{len}\n{payload}").into_bytes())
    }

    /// Adds the last event once more with the same numbers, as a redelivery.
    pub fn repeat(&mut self) -> &mut Self {
        self.events.push_back(self.last.clone());
        self
    }

    /// Lets one read of the listener yield `bytes` bytes at most.
    pub fn split_reads(&mut self, bytes: usize) -> &mut Self {
        self.split = bytes;
        self
    }

    fn push(&mut self, wire: Vec<u8>) -> &mut Self {
        self.last.clone_from(&wire);
        self.events.push_back(wire);
        self.serial += 1;
        self
    }

    /// Runs a listener through all events; its answers, in order.
    ///
    /// # Errors
    /// The first violation of the protocol.
    pub fn run(&mut self, listener: impl Listener) -> Result<Vec<Reply>, Violation> {
        self.run_program(|input, output| run_with(listener, input, output))
    }

    /// Runs any program that reads events from its first argument and answers on its second.
    ///
    /// # Errors
    /// The first violation of the protocol, or the program's own error.
    pub fn run_program<E>(
        &mut self,
        program: impl FnOnce(Input<'_, '_>, Output<'_, '_>) -> Result<(), E>,
    ) -> Result<Vec<Reply>, Violation>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let session = RefCell::new(Session {
            daemon: self,
            decoder: ReplyDecoder::new(),
            state: ListenerState::Acknowledged,
            input: VecDeque::new(),
            replies: Vec::new(),
            violation: None,
        });
        let result = program(Input(&session), Output(&session));
        let session = session.into_inner();
        match (session.violation, result) {
            (Some(violation), _) => Err(violation),
            (None, Err(error)) => Err(Violation::Failed(error.into())),
            (None, Ok(())) => Ok(session.replies),
        }
    }
}

/// The daemon's side of one listener process.
struct Session<'d> {
    daemon: &'d mut Daemon,
    decoder: ReplyDecoder,
    state: ListenerState,
    input: VecDeque<u8>,
    replies: Vec<Reply>,
    violation: Option<Violation>,
}

impl Session<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() && self.state == ListenerState::Ready {
            match self.daemon.events.pop_front() {
                None => return Ok(0),
                Some(event) => {
                    self.input.extend(event);
                    self.state = ListenerState::Busy;
                }
            }
        }
        if self.input.is_empty() {
            // Under the daemon this would wait for ever.
            return Err(io::Error::other(format!("listener reads in state {} and would get nothing", self.state)));
        }
        let limit = if self.daemon.split == 0 { buffer.len() } else { self.daemon.split.min(buffer.len()) };
        self.input.read(buffer.get_mut(..limit).unwrap_or_default())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.decoder.feed(bytes);
        while let Some(reply) = self.decoder.next_reply(self.state) {
            self.state = match reply {
                wire::Reply::Ready => ListenerState::Ready,
                wire::Reply::Result { body, .. } => {
                    self.replies.push(match &body[..] {
                        b"OK" => Reply::Ok,
                        b"FAIL" => Reply::Fail,
                        other => Reply::Body(other.to_vec()),
                    });
                    ListenerState::Acknowledged
                }
                wire::Reply::BadResultLine(excerpt) | wire::Reply::Violation(excerpt) => {
                    let excerpt = String::from_utf8_lossy(&excerpt).into_owned();
                    self.violation.get_or_insert(Violation::Output { state: self.state, excerpt });
                    self.state = ListenerState::Unknown;
                    return Err(io::Error::other("protocol violation"));
                }
            };
        }
        Ok(())
    }
}

/// A listener's standard input.
pub struct Input<'s, 'd>(&'s RefCell<Session<'d>>);

/// A listener's standard output.
pub struct Output<'s, 'd>(&'s RefCell<Session<'d>>);

impl Read for Input<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

impl Write for Output<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Delivery;
    use supervisor_protocol::event::{Channel, ProcessRef, TickPeriod};

    fn sample() -> Vec<Event> {
        vec![
            Event::SupervisorRunning,
            Event::ProcessLog {
                process: ProcessRef::new("uñi", "g"),
                pid: 7,
                channel: Channel::Stderr,
                data: "héllo €\nline2\n".into(),
            },
            Event::Tick { period: TickPeriod::Seconds60, when: 60 },
        ]
    }

    #[test]
    fn a_listener_sees_every_event_whatever_the_split() {
        for split in [0, 1, 2, 3, 7, 64] {
            let mut daemon = Daemon::new();
            daemon.split_reads(split);
            for event in sample() {
                daemon.event(&event);
            }
            let mut seen = Vec::new();
            let replies = daemon.run(|delivery: &Delivery| seen.push(delivery.event.clone().unwrap())).unwrap();
            assert_eq!(seen, sample());
            assert_eq!(replies.len(), 3);
        }
    }

    #[test]
    fn a_violation_is_told() {
        let mut daemon = Daemon::new();
        daemon.event(&Event::SupervisorRunning);
        let result = daemon.run_program(|mut input, mut output| {
            output.write_all(b"READY\n")?;
            let _ = input.read(&mut [0; 1000])?;
            output.write_all(b"RESULT 2\nOK\nREADY\n")
        });
        let Err(Violation::Output { state, excerpt }) = result else { panic!("{result:?}") };
        assert_eq!((state, excerpt.as_str()), (ListenerState::Acknowledged, "\nREADY\n"));
    }

    #[test]
    fn a_listener_that_forgets_ready_would_hang() {
        let mut daemon = Daemon::new();
        daemon.event(&Event::SupervisorRunning);
        let result = daemon.run_program(|mut input, _| input.read(&mut [0; 10]).map(drop));
        assert!(matches!(result, Err(Violation::Failed(_))), "{result:?}");
    }
}
