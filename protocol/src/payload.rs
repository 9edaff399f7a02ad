//! The body text of each event: rendered by the daemon, parsed by listeners.
//!
//! A payload is text. Its length on the wire is counted in Unicode code points, not bytes, because that is
//! what the original sends and what its listeners read (`ev_e07`); [`Payload`] therefore carries both. Data
//! of PROCESS_LOG and PROCESS_COMMUNICATION that is not UTF-8 is written as a Python bytes literal
//! (`ev_e16`). Key order and the presence of a final LF differ from event to event and are part of the
//! contract: see <http://supervisord.org/events.html#event-types>.

use bytes::Bytes;

use crate::event::{Channel, Event, EventKind, ProcessRef, StateChange, TickPeriod};
use crate::outside::shown;
use crate::repr::decode_or_repr;
use crate::state::ProcessState;

/// A rendered payload, shared by all subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    bytes: Bytes,
    code_points: usize,
}

impl Payload {
    /// A payload of this text.
    pub fn new(text: String) -> Self {
        let code_points = text.chars().count();
        Payload { bytes: Bytes::from(text), code_points }
    }

    /// The UTF-8 bytes that follow the header line.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The value of `len:`, in code points.
    pub fn code_points(&self) -> usize {
        self.code_points
    }
}

impl Event {
    /// The payload as it goes to listeners.
    ///
    /// Shapes: `processname:cat groupname:cat from_state:STOPPED tries:0`,
    /// `processname:cat groupname:cat pid:17700 channel:stdout\nhello\n`, `when:1795344880`, `groupname:cat\n`.
    pub fn payload(&self) -> Payload {
        let names = |process: &ProcessRef| {
            format!("processname:{} groupname:{}", shown(&process.process), shown(&process.group))
        };
        Payload::new(match self {
            Event::ProcessState { process, from, change } => {
                let head = format!("{} from_state:{from}", names(process));
                match *change {
                    StateChange::Starting { tries } | StateChange::Backoff { tries } => format!("{head} tries:{tries}"),
                    StateChange::Running { pid } | StateChange::Stopping { pid } | StateChange::Stopped { pid } => {
                        format!("{head} pid:{pid}")
                    }
                    StateChange::Exited { expected, pid } => {
                        format!("{head} expected:{} pid:{pid}", u8::from(expected))
                    }
                    StateChange::Fatal | StateChange::Unknown => head,
                }
            }
            Event::ProcessCommunication { process, pid, channel: _, data } => {
                let data = decode_or_repr(data);
                format!("{} pid:{pid}\n{data}", names(process))
            }
            Event::ProcessLog { process, pid, channel, data } => {
                let data = decode_or_repr(data);
                format!("{} pid:{pid} channel:{channel}\n{data}", names(process))
            }
            Event::RemoteCommunication { kind, data } => format!("type:{kind}\n{data}"),
            Event::SupervisorRunning | Event::SupervisorStopping => String::new(),
            Event::Tick { period: _, when } => format!("when:{when}"),
            Event::GroupAdded { group } | Event::GroupRemoved { group } => format!("groupname:{}\n", shown(group)),
        })
    }

    /// Reads an event back from its name and payload text.
    ///
    /// Lenient where the daemon's text is ambiguous: a token is split at its first colon, and the data of
    /// REMOTE_COMMUNICATION starts after the first LF. Data that the daemon could not decode stays the
    /// `Undecodable: …` text.
    ///
    /// # Errors
    /// An abstract kind, a missing or malformed field; the message says which.
    pub fn parse(kind: EventKind, payload: &str) -> Result<Event, PayloadError> {
        let (head, data) = match payload.split_once('\n') {
            Some((head, data)) => (head, data),
            None => (payload, ""),
        };
        let fields = Fields { kind, head };
        let channel = match kind {
            EventKind::ProcessLogStderr | EventKind::ProcessCommunicationStderr => Channel::Stderr,
            _ => Channel::Stdout,
        };
        let data = || Bytes::copy_from_slice(data.as_bytes());
        let state = |change| {
            let from = fields.text("from_state")?;
            let from = ProcessState::from_name(from).ok_or_else(|| fields.malformed("from_state"))?;
            Ok(Event::ProcessState { process: fields.process()?, from, change })
        };
        match kind {
            EventKind::ProcessStateStarting => state(StateChange::Starting { tries: fields.number("tries")? }),
            EventKind::ProcessStateBackoff => state(StateChange::Backoff { tries: fields.number("tries")? }),
            EventKind::ProcessStateRunning => state(StateChange::Running { pid: fields.number("pid")? }),
            EventKind::ProcessStateStopping => state(StateChange::Stopping { pid: fields.number("pid")? }),
            EventKind::ProcessStateStopped => state(StateChange::Stopped { pid: fields.number("pid")? }),
            EventKind::ProcessStateExited => state(StateChange::Exited {
                expected: fields.number::<i64>("expected")? != 0,
                pid: fields.number("pid")?,
            }),
            EventKind::ProcessStateFatal => state(StateChange::Fatal),
            EventKind::ProcessStateUnknown => state(StateChange::Unknown),
            EventKind::ProcessCommunicationStdout | EventKind::ProcessCommunicationStderr => {
                Ok(Event::ProcessCommunication {
                    process: fields.process()?,
                    pid: fields.number("pid")?,
                    channel,
                    data: data(),
                })
            }
            EventKind::ProcessLogStdout | EventKind::ProcessLogStderr => {
                Ok(Event::ProcessLog { process: fields.process()?, pid: fields.number("pid")?, channel, data: data() })
            }
            EventKind::RemoteCommunication => {
                let (kind, data) = payload
                    .strip_prefix("type:")
                    .and_then(|rest| rest.split_once('\n'))
                    .ok_or_else(|| fields.malformed("type"))?;
                Ok(Event::RemoteCommunication { kind: kind.to_owned(), data: data.to_owned() })
            }
            EventKind::SupervisorStateChangeRunning => Ok(Event::SupervisorRunning),
            EventKind::SupervisorStateChangeStopping => Ok(Event::SupervisorStopping),
            EventKind::Tick5 => Ok(Event::Tick { period: TickPeriod::Seconds5, when: fields.number("when")? }),
            EventKind::Tick60 => Ok(Event::Tick { period: TickPeriod::Seconds60, when: fields.number("when")? }),
            EventKind::Tick3600 => Ok(Event::Tick { period: TickPeriod::Seconds3600, when: fields.number("when")? }),
            EventKind::ProcessGroupAdded => Ok(Event::GroupAdded { group: fields.text("groupname")?.into() }),
            EventKind::ProcessGroupRemoved => Ok(Event::GroupRemoved { group: fields.text("groupname")?.into() }),
            EventKind::Event
            | EventKind::ProcessState
            | EventKind::ProcessCommunication
            | EventKind::ProcessLog
            | EventKind::SupervisorStateChange
            | EventKind::Tick
            | EventKind::ProcessGroup => Err(PayloadError::Abstract(kind)),
        }
    }
}

/// Why a payload could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Abstract kinds have no payload.
    #[error("{0} is an abstract event type and has no payload")]
    Abstract(EventKind),
    /// A field that the kind requires is not there.
    #[error("payload of {kind} lacks {field:?}")]
    Missing {
        /// The kind of event.
        kind: EventKind,
        /// The field.
        field: &'static str,
    },
    /// A field has a value that cannot be read.
    #[error("payload of {kind} has a malformed {field:?}")]
    Malformed {
        /// The kind of event.
        kind: EventKind,
        /// The field.
        field: &'static str,
    },
}

/// The `key:value` tokens of a payload's first line.
struct Fields<'a> {
    kind: EventKind,
    head: &'a str,
}

impl<'a> Fields<'a> {
    fn text(&self, field: &'static str) -> Result<&'a str, PayloadError> {
        self.head
            .split_ascii_whitespace()
            .filter_map(|token| token.split_once(':'))
            .find_map(|(key, value)| (key == field).then_some(value))
            .ok_or(PayloadError::Missing { kind: self.kind, field })
    }

    fn number<T: std::str::FromStr>(&self, field: &'static str) -> Result<T, PayloadError> {
        self.text(field)?.parse().map_err(|_| self.malformed(field))
    }

    fn process(&self) -> Result<ProcessRef, PayloadError> {
        Ok(ProcessRef::new(self.text("processname")?, self.text("groupname")?))
    }

    fn malformed(&self, field: &'static str) -> PayloadError {
        PayloadError::Malformed { kind: self.kind, field }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<(Event, &'static str, usize)> {
        let state =
            |name: &str, from, change| Event::ProcessState { process: ProcessRef::new(name, name), from, change };
        vec![
            (
                state("cat", ProcessState::Stopped, StateChange::Starting { tries: 0 }),
                "processname:cat groupname:cat from_state:STOPPED tries:0",
                56,
            ),
            (
                state("quick", ProcessState::Starting, StateChange::Backoff { tries: 1 }),
                "processname:quick groupname:quick from_state:STARTING tries:1",
                61,
            ),
            (
                state("cat", ProcessState::Starting, StateChange::Running { pid: 17700 }),
                "processname:cat groupname:cat from_state:STARTING pid:17700",
                59,
            ),
            (
                state("p1", ProcessState::Running, StateChange::Stopping { pid: 17781 }),
                "processname:p1 groupname:p1 from_state:RUNNING pid:17781",
                56,
            ),
            (
                state("bo", ProcessState::Backoff, StateChange::Stopped { pid: 0 }),
                "processname:bo groupname:bo from_state:BACKOFF pid:0",
                52,
            ),
            (
                state("unexp", ProcessState::Running, StateChange::Exited { expected: false, pid: 17703 }),
                "processname:unexp groupname:unexp from_state:RUNNING expected:0 pid:17703",
                73,
            ),
            (
                state("expected", ProcessState::Running, StateChange::Exited { expected: true, pid: 17701 }),
                "processname:expected groupname:expected from_state:RUNNING expected:1 pid:17701",
                79,
            ),
            (
                state("quick", ProcessState::Backoff, StateChange::Fatal),
                "processname:quick groupname:quick from_state:BACKOFF",
                52,
            ),
            (
                state("victim", ProcessState::Stopping, StateChange::Unknown),
                "processname:victim groupname:victim from_state:STOPPING",
                55,
            ),
            (
                Event::ProcessLog {
                    process: ProcessRef::new("cat", "cat"),
                    pid: 17700,
                    channel: Channel::Stdout,
                    data: Bytes::from_static(b"hello to cat\n"),
                },
                "processname:cat groupname:cat pid:17700 channel:stdout\nhello to cat\n",
                68,
            ),
            (
                Event::ProcessCommunication {
                    process: ProcessRef::new("comm", "comm"),
                    pid: 17785,
                    channel: Channel::Stderr,
                    data: Bytes::from_static(b"err data\nline2\n"),
                },
                "processname:comm groupname:comm pid:17785\nerr data\nline2\n",
                57,
            ),
            (
                Event::RemoteCommunication { kind: "t2".into(), data: "héllo €\nline2\n".into() },
                "type:t2\nhéllo €\nline2\n",
                22,
            ),
            (Event::RemoteCommunication { kind: "".into(), data: "".into() }, "type:\n", 6),
            (Event::SupervisorRunning, "", 0),
            (Event::SupervisorStopping, "", 0),
            (Event::Tick { period: TickPeriod::Seconds60, when: 1795344900 }, "when:1795344900", 15),
            (Event::GroupAdded { group: "cat".into() }, "groupname:cat\n", 14),
            (Event::GroupRemoved { group: "pooln".into() }, "groupname:pooln\n", 16),
        ]
    }

    #[test]
    fn payloads_are_rendered_as_captured_and_parsed_back() {
        for (event, text, len) in samples() {
            let payload = event.payload();
            assert_eq!(std::str::from_utf8(payload.as_bytes()), Ok(text));
            assert_eq!(payload.code_points(), len, "{text}");
            assert_eq!(Event::parse(event.kind(), text), Ok(event));
        }
    }

    #[test]
    fn undecodable_data_becomes_a_bytes_literal() {
        let event = Event::ProcessLog {
            process: ProcessRef::new("p", "g"),
            pid: 1,
            channel: Channel::Stderr,
            data: Bytes::from_static(b"\xff\xfe bin"),
        };
        let payload = event.payload();
        assert_eq!(
            payload.as_bytes(),
            b"processname:p groupname:g pid:1 channel:stderr\nUndecodable: b'\\xff\\xfe bin'"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(
            Event::parse(EventKind::ProcessStateExited, "processname:p groupname:g from_state:RUNNING pid:1"),
            Err(PayloadError::Missing { kind: EventKind::ProcessStateExited, field: "expected" })
        );
        assert_eq!(
            Event::parse(EventKind::Tick5, "when:soon"),
            Err(PayloadError::Malformed { kind: EventKind::Tick5, field: "when" })
        );
        assert_eq!(Event::parse(EventKind::Tick, "when:5"), Err(PayloadError::Abstract(EventKind::Tick)));
    }
}
