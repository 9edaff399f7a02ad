//! The protocol loop: say READY, take an event, answer it.
//!
//! [`run`] does this on the real standard input and output, [`run_with`] on any reader and writer. The loop is
//! blocking and has one event in hand at a time, which is all the protocol allows. Four rules:
//!
//! * End of input is the normal end, wherever it falls: the daemon is gone, so [`run`] returns `Ok` and the
//!   program can exit with 0. A closed output means the same.
//! * Every event is answered, also one that this version cannot read: under Supervisor 4 a listener may get
//!   events it never subscribed to, and the same event twice.
//! * An answer's length counts bytes, while an event's `len` counts code points.
//! * `RESULT` and the next `READY` leave in one write.
//!
//! What the loop refuses to know: what events mean, and why a handler failed. Source:
//! <http://supervisord.org/events.html#event-listener-notification-protocol>, contract ids `ev_r03` to `ev_r05`.

use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};

use supervisor_protocol::event::{Event, ProcessRef};
use supervisor_protocol::listener::{self as wire, EnvelopeDecoder, EnvelopeError, EventError, Header, Received};

use crate::sys;

/// One event as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The header line: the event's name as sent, its serial numbers, the pool.
    pub header: Header,
    /// The payload as text.
    pub payload: String,
    /// The typed event; an error for a name that this version does not know and for a malformed payload.
    pub event: Result<Event, EventError>,
}

impl Delivery {
    /// The name on the wire, such as `PROCESS_STATE_EXITED`.
    pub fn name(&self) -> &str {
        &self.header.eventname
    }

    /// Whether this is a tick of any period, also of one that this version does not know.
    pub fn is_tick(&self) -> bool {
        self.name().starts_with("TICK")
    }

    /// The process this is about: its state, its output, what it communicated.
    pub fn process(&self) -> Option<&ProcessRef> {
        match self.event.as_ref().ok()? {
            Event::ProcessState { process, .. }
            | Event::ProcessCommunication { process, .. }
            | Event::ProcessLog { process, .. } => Some(process),
            Event::RemoteCommunication { .. }
            | Event::SupervisorRunning
            | Event::SupervisorStopping
            | Event::Tick { .. }
            | Event::GroupAdded { .. }
            | Event::GroupRemoved { .. } => None,
        }
    }

    /// The group this is about: that of the process, or the one that was added or removed.
    pub fn group(&self) -> Option<&str> {
        match self.event.as_ref().ok()? {
            Event::GroupAdded { group } | Event::GroupRemoved { group } => Some(group),
            _ => self.process().map(|process| &*process.group),
        }
    }
}

impl From<Received> for Delivery {
    fn from(received: Received) -> Delivery {
        let event = received.event();
        Delivery { header: received.header, payload: received.payload, event }
    }
}

/// The answer to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// `RESULT 2\nOK`: done, send the next one.
    Ok,
    /// `RESULT 4\nFAIL`: not done, send it again. Supervisor 4 does so at once and for ever.
    Fail,
    /// Any other body, for a pool with its own `result_handler`; the default one takes it for a failure.
    Body(Vec<u8>),
}

impl Reply {
    pub(crate) fn body(&self) -> &[u8] {
        match self {
            Reply::Ok => b"OK",
            Reply::Fail => b"FAIL",
            Reply::Body(body) => body,
        }
    }
}

/// Something that reacts to events. Closures that take `&Delivery` and return an [`IntoReply`] are listeners.
pub trait Listener {
    /// Reacts to one event. A panic ends the process, and the daemon sends the event to its successor.
    fn handle(&mut self, delivery: &Delivery) -> Reply;
}

impl<F, R> Listener for F
where
    F: FnMut(&Delivery) -> R,
    R: IntoReply,
{
    fn handle(&mut self, delivery: &Delivery) -> Reply {
        self(delivery).into_reply()
    }
}

/// What a handler may return.
pub trait IntoReply {
    /// The answer it stands for.
    fn into_reply(self) -> Reply;
}

impl IntoReply for Reply {
    fn into_reply(self) -> Reply {
        self
    }
}

/// Nothing to say is [`Reply::Ok`].
impl IntoReply for () {
    fn into_reply(self) -> Reply {
        Reply::Ok
    }
}

/// An error is written to standard error, where the daemon logs it, and becomes [`Reply::Fail`].
impl<T: IntoReply, E: Display> IntoReply for Result<T, E> {
    fn into_reply(self) -> Reply {
        match self {
            Ok(reply) => reply.into_reply(),
            Err(error) => {
                // A standard error that is closed leaves nobody to tell.
                let _ = writeln!(io::stderr(), "event failed: {error}");
                Reply::Fail
            }
        }
    }
}

/// Why a listener's loop ended early.
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    /// The input is not the event listener protocol. A program that is run by hand usually sees this.
    #[error("standard input does not carry events")]
    Protocol(#[from] EnvelopeError),
    /// Reading or writing failed.
    #[error("event channel failed")]
    Io(#[from] io::Error),
}

/// Runs a listener on the process's own standard input and output, until the daemon is gone.
///
/// The two channels are taken over first: from then on, standard output is standard error and standard input
/// is empty, for this process and for its children, so that prints of other code cannot corrupt the protocol.
/// Call it once per process.
///
/// # Errors
/// Input that is not the protocol, and failures of reading and writing other than their end.
pub fn run(listener: impl Listener) -> Result<(), ListenerError> {
    let (input, output) = sys::take_over_stdio()?;
    run_with(listener, input, output)
}

/// Runs a listener on any two channels, until the input ends.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    mut listener: impl Listener,
    mut reader: impl Read,
    mut writer: impl Write,
) -> Result<(), ListenerError> {
    let mut decoder = EnvelopeDecoder::new();
    let mut answer = wire::READY.to_vec();
    loop {
        match writer.write_all(&answer).and_then(|()| writer.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let Some(received) = next_event(&mut decoder, &mut reader)? else { return Ok(()) };
        let reply = listener.handle(&Delivery::from(received));
        answer = wire::result(reply.body());
        answer.extend_from_slice(wire::READY);
    }
}

/// Reads on until an event is complete; `None` at the end of input, also in the middle of an event.
fn next_event(decoder: &mut EnvelopeDecoder, reader: &mut impl Read) -> Result<Option<Received>, ListenerError> {
    let mut chunk = [0; 8192];
    loop {
        if let Some(received) = decoder.next_event()? {
            return Ok(Some(received));
        }
        let count = match reader.read(&mut chunk) {
            Ok(0) => return Ok(None),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // A socket as standard input reports its end like this.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        decoder.feed(chunk.get(..count).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Daemon;

    #[test]
    fn end_of_input_is_a_clean_end_wherever_it_falls() {
        let stream = b"ver:3.0 server:s serial:0 pool:p poolserial:0 eventname:TICK_5 len:6\nwhen:5";
        for end in 0..=stream.len() {
            let mut output = Vec::new();
            let mut seen = 0;
            run_with(|_: &Delivery| seen += 1, &stream[..end], &mut output).unwrap();
            let complete = end == stream.len();
            assert_eq!(seen, usize::from(complete), "cut at {end}");
            assert_eq!(output, if complete { &b"READY\nRESULT 2\nOKREADY\n"[..] } else { b"READY\n" });
        }
    }

    #[test]
    fn input_that_is_no_protocol_is_an_error() {
        let result = run_with(|_: &Delivery| {}, &b"hello there\n"[..], Vec::new());
        assert!(matches!(result, Err(ListenerError::Protocol(_))), "{result:?}");
    }

    #[test]
    fn a_closed_output_is_a_clean_end() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        run_with(|_: &Delivery| {}, &b""[..], Closed).unwrap();
    }

    #[test]
    fn results_count_bytes_and_errors_fail() {
        let mut output = Vec::new();
        let stream = "eventname:REMOTE_COMMUNICATION len:8\ntype:é\nxeventname:TICK_5 len:0\n";
        let mut bodies = vec!["né".to_owned(), "ok".to_owned()];
        let listener = |delivery: &Delivery| {
            if delivery.is_tick() { Err("no") } else { Ok(Reply::Body(bodies.remove(0).into_bytes())) }
        };
        run_with(listener, stream.as_bytes(), &mut output).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), "READY\nRESULT 3\nnéREADY\nRESULT 4\nFAILREADY\n");
    }

    #[test]
    fn unknown_events_and_duplicates_are_delivered_and_answered() {
        let mut daemon = Daemon::new();
        daemon.raw("NEW_THING", "späť:1\n");
        daemon.raw("PROCESS_STATE_EXITED", "nothing of use");
        daemon.event(&Event::SupervisorRunning);
        daemon.repeat();
        let mut seen = Vec::new();
        let replies =
            daemon.run(|delivery: &Delivery| seen.push((delivery.header.poolserial, delivery.event.is_ok()))).unwrap();
        assert_eq!(seen, [(0, false), (1, false), (2, true), (2, true)]);
        assert_eq!(replies, [Reply::Ok, Reply::Ok, Reply::Ok, Reply::Ok]);
    }
}
