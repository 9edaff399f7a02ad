//! The events that listeners are given: one of each kind, and some with awkward payloads. Pure.

use bytes::{Bytes, BytesMut};
use supervisor_protocol::event::{Channel, Event, EventKind, ProcessRef, StateChange, TickPeriod};
use supervisor_protocol::listener::Envelope;
use supervisor_protocol::state::ProcessState;

/// The pool that the listener under test belongs to, which is also its process name.
pub(crate) const POOL: &str = "check";

/// One event of each concrete kind, as a daemon sends them for a program `web`, in the order of the published
/// hierarchy.
pub(crate) fn of_each_kind() -> Vec<Event> {
    let events = EventKind::ALL.iter().filter_map(|kind| sample(*kind));
    events.collect()
}

/// An event of this kind; none for an abstract one.
fn sample(kind: EventKind) -> Option<Event> {
    use EventKind as K;
    use ProcessState::*;
    let web = || ProcessRef::new("web", "web");
    let state = |from, change| Some(Event::ProcessState { process: web(), from, change });
    let pid = 2766;
    let log = |channel| {
        let data = Bytes::from_static(b"GET / 200\nGET /favicon.ico 404\n");
        Some(Event::ProcessLog { process: web(), pid, channel, data })
    };
    let communication = |channel| {
        let data = Bytes::from_static(b"job 17 done");
        Some(Event::ProcessCommunication { process: web(), pid, channel, data })
    };
    let tick = |period, when| Some(Event::Tick { period, when });
    match kind {
        K::ProcessStateStopped => state(Stopping, StateChange::Stopped { pid }),
        K::ProcessStateExited => state(Running, StateChange::Exited { expected: false, pid }),
        K::ProcessStateStarting => state(Stopped, StateChange::Starting { tries: 0 }),
        K::ProcessStateBackoff => state(Starting, StateChange::Backoff { tries: 1 }),
        K::ProcessStateStopping => state(Running, StateChange::Stopping { pid }),
        K::ProcessStateRunning => state(Starting, StateChange::Running { pid }),
        K::ProcessStateFatal => state(Backoff, StateChange::Fatal),
        K::ProcessStateUnknown => state(Stopping, StateChange::Unknown),
        K::ProcessCommunicationStdout => communication(Channel::Stdout),
        K::ProcessCommunicationStderr => communication(Channel::Stderr),
        K::ProcessLogStdout => log(Channel::Stdout),
        K::ProcessLogStderr => log(Channel::Stderr),
        K::RemoteCommunication => Some(remote("deploy", "version 5\n")),
        K::SupervisorStateChangeRunning => Some(Event::SupervisorRunning),
        K::SupervisorStateChangeStopping => Some(Event::SupervisorStopping),
        K::Tick5 => tick(TickPeriod::Seconds5, 1_795_344_880),
        K::Tick60 => tick(TickPeriod::Seconds60, 1_795_344_900),
        K::Tick3600 => tick(TickPeriod::Seconds3600, 1_795_348_800),
        K::ProcessGroupAdded => Some(Event::GroupAdded { group: "web".into() }),
        K::ProcessGroupRemoved => Some(Event::GroupRemoved { group: "web".into() }),
        K::Event
        | K::ProcessState
        | K::ProcessCommunication
        | K::ProcessLog
        | K::SupervisorStateChange
        | K::Tick
        | K::ProcessGroup => None,
    }
}

/// A REMOTE_COMMUNICATION event, whose payload `type:KIND\nDATA` may be any text.
pub(crate) fn remote(kind: &str, data: &str) -> Event {
    Event::RemoteCommunication { kind: kind.to_owned(), data: data.to_owned() }
}

/// An unexpected exit of a program with this name.
pub(crate) fn exited(name: &str) -> Event {
    Event::ProcessState {
        process: ProcessRef::new(name, name),
        from: ProcessState::Running,
        change: StateChange::Exited { expected: false, pid: 2766 },
    }
}

/// An event as it lies on the pipe. One number serves as serial and poolserial.
pub(crate) fn wire(event: &Event, serial: u64) -> Vec<u8> {
    let payload = event.payload();
    let mut out = BytesMut::new();
    let kind = event.kind();
    Envelope { server: "supervisor", serial, pool: POOL, poolserial: serial, kind, payload: &payload }.encode(&mut out);
    out.to_vec()
}

/// An event that this version of the protocol does not have. `extra` goes behind the seven tokens of the header.
pub(crate) fn foreign(name: &str, extra: &str, payload: &str, serial: u64) -> Vec<u8> {
    let len = payload.chars().count();
    format!(
        "ver:3.0 server:supervisor serial:{serial} pool:{POOL} poolserial:{serial} eventname:{name} \
         len:{len}{extra}\n{payload}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_event_of_each_concrete_kind() {
        let kinds: Vec<EventKind> = of_each_kind().iter().map(Event::kind).collect();
        let concrete: Vec<EventKind> = EventKind::ALL.iter().copied().filter(|kind| kind.is_concrete()).collect();
        assert_eq!(kinds, concrete);
    }

    #[test]
    fn a_foreign_event_counts_code_points() {
        assert_eq!(
            String::from_utf8(foreign("X", " bytelen:3", "é!", 7)).unwrap(),
            "ver:3.0 server:supervisor serial:7 pool:check poolserial:7 eventname:X len:2 bytelen:3\né!"
        );
    }
}
