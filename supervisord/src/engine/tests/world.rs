//! The world around the engine, for tests: a shell whose children are a table and whose clock is a number.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use supervisor_protocol::event::{Event, EventKind, StateChange};
use supervisor_protocol::listener::{EnvelopeDecoder, Received};
use supervisor_protocol::name;
use supervisor_protocol::state::ProcessState;

use super::config::{pool, secs};
use crate::config::model::GroupConfig;
use crate::engine::command::{Command, Refusal, Reply, Target, TaskOutcome, Ticket};
use crate::engine::death::Death;
use crate::engine::id::ProcessId;
use crate::engine::{After, Effect, Facts, Input, Now, Supervisor};

/// The listener that [`World::watched`] adds: it answers each event at once.
const WATCHER: &str = "watcher";

/// What it gets: everything but ticks.
const WATCHED: [EventKind; 6] = [
    EventKind::ProcessState,
    EventKind::ProcessCommunication,
    EventKind::ProcessLog,
    EventKind::RemoteCommunication,
    EventKind::SupervisorStateChange,
    EventKind::ProcessGroup,
];

/// Where the wall clock of a world starts: on a boundary of every tick period.
pub(in crate::engine) const EPOCH: Duration = Duration::from_secs(1_800_000_000);

pub(in crate::engine) const TERM: i32 = 15;
pub(in crate::engine) const EPERM: i32 = 1;
pub(in crate::engine) const ESRCH: i32 = 3;

/// A shell around an engine. Everything it remembers is taken by the method that shows it.
pub(in crate::engine) struct World {
    pub(in crate::engine) engine: Supervisor,
    now: Now,
    last_pid: i32,
    last_ticket: u64,
    spawn_errors: BTreeMap<String, VecDeque<String>>,
    signal_errors: BTreeMap<String, VecDeque<i32>>,
    closed: BTreeSet<String>,
    decoders: BTreeMap<ProcessId, EnvelopeDecoder>,
    watched: bool,
    lines: Vec<String>,
    signals: Vec<String>,
    deliveries: Vec<(String, Received)>,
    events: Vec<String>,
    answers: BTreeMap<u64, Result<Reply, Refusal>>,
    pub(in crate::engine) other: Vec<Effect>,
    finished: Vec<After>,
}

impl World {
    /// An engine in which nothing has happened; `latest` is the configuration it can add groups from.
    pub(in crate::engine) fn new(latest: Vec<GroupConfig>, next_serial: u64) -> Self {
        World {
            engine: Supervisor::new("supervisor".to_owned(), latest, next_serial),
            now: Now { mono: secs(100), wall: EPOCH },
            last_pid: 0,
            last_ticket: 0,
            spawn_errors: BTreeMap::new(),
            signal_errors: BTreeMap::new(),
            closed: BTreeSet::new(),
            decoders: BTreeMap::new(),
            watched: false,
            lines: Vec::new(),
            signals: Vec::new(),
            deliveries: Vec::new(),
            events: Vec::new(),
            answers: BTreeMap::new(),
            other: Vec::new(),
            finished: Vec::new(),
        }
    }

    /// A daemon that has started with these groups, given in start order.
    pub(in crate::engine) fn started(groups: Vec<GroupConfig>) -> Self {
        let mut world = World::new(groups.clone(), 0);
        world.start_with(groups);
        world
    }

    /// The same with a listener that gets every event but ticks; see [`World::events`].
    pub(in crate::engine) fn watched(mut groups: Vec<GroupConfig>) -> Self {
        let watcher = GroupConfig { priority: -9, ..pool(WATCHER, &WATCHED, None) };
        groups.insert(0, watcher);
        let mut world = World::new(groups.clone(), 0);
        world.watched = true;
        world.start_with(groups);
        world
    }

    fn start_with(&mut self, groups: Vec<GroupConfig>) {
        for group in groups {
            self.input(Input::GroupActivated(group, Vec::new()));
        }
        self.input(Input::Started);
    }

    /// The next spawns of this process fail with these texts.
    pub(in crate::engine) fn spawns_fail(&mut self, process: &str, errors: &[&str]) {
        self.spawn_errors.entry(process.to_owned()).or_default().extend(errors.iter().map(|text| (*text).to_owned()));
    }

    /// The next signals to this process fail with these errnos.
    pub(in crate::engine) fn signals_fail(&mut self, process: &str, errors: &[i32]) {
        self.signal_errors.entry(process.to_owned()).or_default().extend(errors);
    }

    /// From now on this listener's stdin is closed.
    pub(in crate::engine) fn close_stdin(&mut self, process: &str) {
        self.closed.insert(process.to_owned());
    }

    /// Hands in an input and carries out everything that follows from it, in order.
    pub(in crate::engine) fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.engine.handle(self.now, input, &mut effects);
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            for input in self.carry_out(effect) {
                let mut more = Vec::new();
                self.engine.handle(self.now, input, &mut more);
                effects.extend(more);
            }
        }
        if let Some(at) = self.engine.next_deadline() {
            assert!(at > self.now.mono, "a deadline at {at:?} is left over at {:?}", self.now.mono);
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Vec<Input> {
        match effect {
            Effect::Log(message) => {
                self.lines.push(format!("{} {message}", message.level().code()));
                Vec::new()
            }
            Effect::Spawn(id) => {
                let name = self.name(id);
                if let Some(error) = self.spawn_errors.get_mut(&name).and_then(VecDeque::pop_front) {
                    return vec![Input::Spawned(id, Err(error))];
                }
                self.last_pid += 1;
                self.decoders.insert(id, EnvelopeDecoder::new());
                let mut inputs = vec![Input::Spawned(id, Ok(self.last_pid))];
                if self.watched && name == WATCHER {
                    inputs.push(Input::ListenerOutput(id, Bytes::from_static(b"READY\n")));
                }
                inputs
            }
            Effect::Signal { process, pid, signal, group, purpose } => {
                let name = self.name(process);
                assert_eq!(self.engine.process_of_pid(pid), Some(process));
                self.signals.push(format!("{name} {signal}{}", if group { " group" } else { "" }));
                let error = self.signal_errors.get_mut(&name).and_then(VecDeque::pop_front);
                vec![Input::Signalled(process, purpose, error.map_or(Ok(()), Err))]
            }
            Effect::Deliver { process: id, bytes, sent } => {
                let name = self.name(id);
                if self.closed.contains(&name) {
                    return vec![Input::StdinClosed(id)];
                }
                self.lines.push(format!("{} {sent}", sent.level().code()));
                let decoder = self.decoders.entry(id).or_default();
                decoder.feed(&bytes);
                let received = decoder.next_event().unwrap().expect("a delivery is one whole event");
                assert!(decoder.is_between_events());
                if self.watched && name == WATCHER {
                    self.events.push(told(&received));
                    return vec![Input::ListenerOutput(id, Bytes::from_static(b"RESULT 2\nOKREADY\n"))];
                }
                self.deliveries.push((name, received));
                Vec::new()
            }
            Effect::Answer(ticket, answer) => {
                assert_eq!(self.answers.insert(ticket.0, answer), None, "{ticket:?} was answered twice");
                Vec::new()
            }
            Effect::Finished(after) => {
                self.finished.push(after);
                Vec::new()
            }
            Effect::Print(_)
            | Effect::SendStdin(..)
            | Effect::ClearLogs { .. }
            | Effect::ClearMainLog(_)
            | Effect::MainLogPath(_)
            | Effect::Forget(_) => {
                self.other.push(effect);
                Vec::new()
            }
        }
    }

    /// Lets time pass, acting on each deadline when it comes.
    pub(in crate::engine) fn advance(&mut self, by: Duration) {
        let end = self.now.mono + by;
        while let Some(at) = self.engine.next_deadline().filter(|at| *at <= end) {
            self.set_time(at.max(self.now.mono));
            self.input(Input::Deadline);
        }
        self.set_time(end);
    }

    /// Lets time pass while nobody looks.
    pub(in crate::engine) fn sleep(&mut self, by: Duration) {
        self.set_time(self.now.mono + by);
    }

    /// Sets the wall clock back.
    pub(in crate::engine) fn set_back(&mut self, by: Duration) {
        self.now.wall -= by;
    }

    fn set_time(&mut self, mono: Duration) {
        self.now.wall += mono - self.now.mono;
        self.now.mono = mono;
    }

    /// The child of a process ends with a code.
    pub(in crate::engine) fn exits(&mut self, process: &str, code: i32) {
        self.dies(process, Death::Code(code));
    }

    /// The child of a process ends.
    pub(in crate::engine) fn dies(&mut self, process: &str, death: Death) {
        let id = self.id(process);
        let pid = self.engine.process(id).and_then(|process| process.pid()).expect("it runs");
        self.input(Input::Exited(pid, death));
    }

    /// A listener writes to its stdout.
    pub(in crate::engine) fn says(&mut self, process: &str, bytes: &[u8]) {
        let id = self.id(process);
        self.input(Input::ListenerOutput(id, Bytes::copy_from_slice(bytes)));
    }

    /// Emits a REMOTE_COMMUNICATION event with this data, to have one more event.
    pub(in crate::engine) fn emit(&mut self, data: &str) {
        self.ask(Command::SendRemoteEvent { kind: "t".to_owned(), data: data.to_owned() });
    }

    /// Sends a command; the number is for [`World::answer`].
    pub(in crate::engine) fn ask(&mut self, command: Command) -> u64 {
        self.ask_with(command, Facts::None)
    }

    /// Sends a command with what was looked up for it.
    pub(in crate::engine) fn ask_with(&mut self, command: Command, facts: Facts) -> u64 {
        self.last_ticket += 1;
        self.input(Input::Command(Ticket(self.last_ticket), command, facts));
        self.last_ticket
    }

    pub(in crate::engine) fn start(&mut self, target: &str, wait: bool) -> u64 {
        self.ask(Command::Start { target: target_of(target), wait })
    }

    pub(in crate::engine) fn stop(&mut self, target: &str, wait: bool) -> u64 {
        self.ask(Command::Stop { target: target_of(target), wait })
    }

    pub(in crate::engine) fn signal(&mut self, target: &str, signal: i32) -> u64 {
        self.ask(Command::Signal { target: target_of(target), signal: Ok(signal) })
    }

    /// The answer to a command, if it has come.
    pub(in crate::engine) fn answer(&mut self, ticket: u64) -> Option<Result<Reply, Refusal>> {
        self.answers.remove(&ticket)
    }

    /// The answer to a command for many processes, one text per process.
    pub(in crate::engine) fn outcomes(&mut self, ticket: u64) -> Vec<String> {
        match self.answer(ticket) {
            Some(Ok(Reply::Tasks(tasks))) => tasks.iter().map(outcome).collect(),
            other => panic!("not an answer for many processes: {other:?}"),
        }
    }

    /// The log lines since the last look, with their levels; those of the watcher are left out.
    pub(in crate::engine) fn lines(&mut self) -> Vec<String> {
        let mut lines = std::mem::take(&mut self.lines);
        lines.retain(|line| !self.watched || !line.contains(WATCHER));
        lines
    }

    /// The events since the last look as the watcher got them; those about itself are left out.
    pub(in crate::engine) fn events(&mut self) -> Vec<String> {
        let mut events = std::mem::take(&mut self.events);
        events.retain(|event| !event.contains(WATCHER));
        events
    }

    /// The signals since the last look: `NAME NUMBER`, and `group` for the whole process group.
    pub(in crate::engine) fn signals(&mut self) -> Vec<String> {
        std::mem::take(&mut self.signals)
    }

    /// The deliveries since the last look: `LISTENER SERIAL/POOLSERIAL what`.
    pub(in crate::engine) fn deliveries(&mut self) -> Vec<String> {
        std::mem::take(&mut self.deliveries)
            .iter()
            .map(|(name, received)| {
                let header = &received.header;
                format!("{name} {}/{} {}", header.serial, header.poolserial, told(received))
            })
            .collect()
    }

    /// The effects since the last look that nothing else here shows.
    pub(in crate::engine) fn other_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.other)
    }

    /// Every end of a stop of everything.
    pub(in crate::engine) fn finished(&self) -> &[After] {
        &self.finished
    }

    pub(in crate::engine) fn state(&self, process: &str) -> ProcessState {
        self.engine.process(self.id(process)).expect("it exists").state()
    }

    pub(in crate::engine) fn id(&self, process: &str) -> ProcessId {
        self.engine.find_exact(process).expect("it exists")
    }

    fn name(&self, id: ProcessId) -> String {
        self.engine.process(id).expect("effects name existing processes").namespec()
    }
}

fn target_of(text: &str) -> Target {
    if text == "all" { Target::All } else { Target::Name(text.to_owned()) }
}

/// `group:process OK` or what was refused.
fn outcome(task: &TaskOutcome) -> String {
    let name = name::join(&task.group, &task.name);
    match &task.result {
        Ok(()) => format!("{name} OK"),
        Err(refusal) => format!("{name} {refusal:?}"),
    }
}

/// An event in a few words: `x STOPPED->STARTING tries:0`, or name and payload.
fn told(received: &Received) -> String {
    match received.event() {
        Ok(Event::ProcessState { process, from, change }) => {
            let extra = match change {
                StateChange::Starting { tries } | StateChange::Backoff { tries } => format!(" tries:{tries}"),
                StateChange::Running { pid } | StateChange::Stopping { pid } | StateChange::Stopped { pid } => {
                    format!(" pid:{pid}")
                }
                StateChange::Exited { expected, pid } => format!(" expected:{} pid:{pid}", u8::from(expected)),
                StateChange::Fatal | StateChange::Unknown => String::new(),
            };
            format!("{} {from}->{}{extra}", name::join(&process.group, &process.process), change.state())
        }
        Ok(Event::RemoteCommunication { data, .. }) => data,
        _ => format!("{} {}", received.header.eventname, received.payload).trim_end().to_owned(),
    }
}
