//! The shell, played at random.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use supervisor_protocol::event::Channel;
use supervisor_protocol::listener::EnvelopeDecoder;

use super::Fault;
use super::checker::Checker;
use super::child::{Act, Child, Mind};
use super::config::{self, AUDITOR};
use super::rng::Rng;
use crate::config::model::GroupConfig;
use crate::engine::death::Death;
use crate::engine::id::ProcessId;
use crate::engine::tests::world::{EPERM, ESRCH};
use crate::engine::{After, Effect, Input, Now, Supervisor};

/// Random things that happen in a run before everything is stopped.
const STEPS: u64 = 150;

/// Steps in which a stop of everything must come to its end.
const PATIENCE: u32 = 5000;

/// Lines that a record keeps.
const RECORDED: usize = 120;

pub(super) type Outcome = Result<(), String>;

/// One run.
#[derive(Debug)]
pub(super) struct Simulation {
    pub(super) rng: Rng,
    fault: Option<Fault>,
    pub(super) engine: Supervisor,
    pub(super) checker: Checker,
    now: Now,
    pub(super) groups: Vec<GroupConfig>,
    /// By pid; dead ones until they are reaped.
    children: BTreeMap<i32, Child>,
    last_pid: i32,
    /// Processes that the engine wants started.
    due: VecDeque<ProcessId>,
    pub(super) last_ticket: u64,
    /// Removals that are not answered yet.
    pub(super) removals: BTreeMap<u64, String>,
    after: Option<After>,
    /// The last turns; `None` while nobody wants to know.
    record: Option<RefCell<VecDeque<String>>>,
}

impl Simulation {
    pub(super) fn new(seed: u64, fault: Option<Fault>) -> Self {
        let mut rng = Rng::new(seed);
        let groups = config::random(&mut rng);
        let wall = Duration::from_millis(1_800_000_000_000 + rng.below(10_000));
        Simulation {
            rng,
            fault,
            engine: Supervisor::new("supervisor".to_owned(), groups.clone(), 0),
            checker: Checker::default(),
            now: Now { mono: Duration::from_secs(1000), wall },
            groups,
            children: BTreeMap::new(),
            last_pid: 0,
            due: VecDeque::new(),
            last_ticket: 0,
            removals: BTreeMap::new(),
            after: None,
            record: None,
        }
    }

    /// Keeps a record of the last turns.
    pub(super) fn record(&mut self) {
        self.record = Some(RefCell::default());
    }

    pub(super) fn recorded(&mut self) -> Vec<String> {
        self.record.take().unwrap_or_default().into_inner().into()
    }

    /// Plays the run; the error is the first violation.
    pub(super) fn run(&mut self) -> Outcome {
        for life in 0.. {
            self.boot()?;
            for _ in 0..STEPS {
                if self.checker.is_finished() {
                    break;
                }
                self.step()?;
            }
            self.wind_down()?;
            self.checker.no_command_is_open()?;
            if life > 0 || self.after != Some(After::Restart) {
                break;
            }
            let next_serial = self.engine.next_serial();
            self.checker.reborn(next_serial)?;
            self.engine = Supervisor::new("supervisor".to_owned(), self.groups.clone(), next_serial);
        }
        Ok(())
    }

    fn boot(&mut self) -> Outcome {
        self.engine.fault = self.fault;
        for group in self.groups.clone() {
            self.input(Input::GroupActivated(group, Vec::new()))?;
        }
        self.input(Input::Started)
    }

    /// Stops everything and waits for the end.
    fn wind_down(&mut self) -> Outcome {
        if !self.checker.is_stopping() {
            let after = if self.rng.once_in(4) { After::Restart } else { After::Exit };
            self.stop_everything(after)?;
        }
        let mut patience = PATIENCE;
        while !self.checker.is_finished() {
            patience = patience.checked_sub(1).ok_or("the stop does not come to its end")?;
            if self.rng.once_in(2) && self.reap()? {
                continue;
            }
            if self.rng.once_in(2) && self.listener_acts()? {
                continue;
            }
            match self.engine.next_deadline() {
                Some(at) => {
                    self.set_time(at);
                    self.input(Input::Deadline)?;
                }
                None if self.children.values().any(|child| child.dead.is_some()) => {}
                None => return Err("the stop waits for nothing".to_owned()),
            }
        }
        for child in self.children.values_mut() {
            child.dies(&mut self.rng);
        }
        while self.reap()? {}
        self.set_time(self.now.mono + Duration::from_secs(100));
        self.input(Input::Deadline)
    }

    /// One random thing happens.
    fn step(&mut self) -> Outcome {
        match self.rng.below(100) {
            0..20 => self.time_passes(),
            20..50 => self.listener_acts().map(drop),
            50..60 => {
                let auditor = self.engine.find_exact(AUDITOR);
                let spare_auditor = !self.rng.once_in(10);
                let alive = self
                    .children
                    .values_mut()
                    .filter(|child| child.dead.is_none() && !(spare_auditor && Some(child.process) == auditor));
                if let Some(child) = self.rng.pick_any(alive) {
                    child.dies(&mut self.rng);
                }
                Ok(())
            }
            60..72 => self.reap().map(drop),
            72..90 => self.client_asks(),
            90..95 => self.child_writes(),
            95 => match self.children.values().find(|child| child.stdin_closed).map(|child| child.process) {
                // A report about something that was written long ago.
                Some(process) => self.input(Input::StdinClosed(process)),
                None => self.input(Input::Exited(1_000_000, Death::Code(0))),
            },
            96 => {
                let by = Duration::from_millis(self.rng.below(20_000));
                self.now.wall = if self.rng.once_in(2) { self.now.wall + by } else { self.now.wall - by };
                Ok(())
            }
            97 if self.rng.once_in(4) => {
                let after = *self.rng.pick(&[After::Exit, After::Restart]);
                self.stop_everything(after)
            }
            _ => self.revive_auditor(),
        }
    }

    fn stop_everything(&mut self, after: After) -> Outcome {
        self.start_due()?;
        self.checker.stop_begins();
        self.input(Input::StopEverything(after))
    }

    fn time_passes(&mut self) -> Outcome {
        let some_time = Duration::from_millis(self.rng.below(3_000));
        let deadline = self.engine.next_deadline().filter(|_| !self.rng.once_in(4));
        self.set_time(deadline.unwrap_or(self.now.mono + some_time));
        // Whoever comes first after a deadline has passed: the timer or something else.
        if self.rng.once_in(4) { Ok(()) } else { self.input(Input::Deadline) }
    }

    fn set_time(&mut self, mono: Duration) {
        let mono = mono.max(self.now.mono);
        self.now.wall += mono - self.now.mono;
        self.now.mono = mono;
    }

    /// Some listener writes, or dies of its event; false if none can.
    fn listener_acts(&mut self) -> Result<bool, String> {
        let able = self.children.values_mut().filter(|child| child.dead.is_none() && child.listener.is_some());
        let Some(child) = self.rng.pick_any(able) else { return Ok(false) };
        let Some(listener) = &mut child.listener else { return Ok(false) };
        match listener.act(&mut self.rng) {
            Act::Nothing => Ok(false),
            Act::Died => {
                child.dies(&mut self.rng);
                Ok(true)
            }
            Act::Wrote => {
                let process = child.process;
                if let Some(chunk) = listener.read(&mut self.rng) {
                    self.input(Input::ListenerOutput(process, chunk))?;
                }
                Ok(true)
            }
        }
    }

    /// Some dead child is reaped, after its last words were read; false if there is none.
    fn reap(&mut self) -> Result<bool, String> {
        let dead = self.children.iter().filter(|(_, child)| child.dead.is_some()).map(|(pid, _)| *pid);
        let Some(pid) = self.rng.pick_any(dead) else { return Ok(false) };
        while let Some(chunk) =
            self.children.get_mut(&pid).and_then(|child| child.listener.as_mut()?.read(&mut self.rng))
        {
            let process = self.children[&pid].process;
            self.input(Input::ListenerOutput(process, chunk))?;
        }
        let Some(death) = self.children.remove(&pid).and_then(|child| child.dead) else { return Ok(false) };
        self.input(Input::Exited(pid, death))?;
        Ok(true)
    }

    fn child_writes(&mut self) -> Outcome {
        let Some(process) = self.rng.pick_any(self.children.values().map(|child| child.process)) else { return Ok(()) };
        let data = Bytes::from(vec![b'x'; self.rng.below(100) as usize]);
        let channel = *self.rng.pick(&[Channel::Stdout, Channel::Stderr]);
        if self.rng.once_in(2) {
            self.input(Input::Logged(process, channel, data))
        } else {
            self.input(Input::Captured(process, channel, data))
        }
    }

    /// Hands in an input and carries out everything that follows from it. Of what is to be started, some may wait until
    /// other children are reaped and read.
    pub(super) fn input(&mut self, input: Input) -> Outcome {
        let changes_course = matches!(input, Input::Command(..) | Input::StopEverything(_));
        if changes_course {
            self.start_due()?;
        }
        self.take_in(input)?;
        while !self.rng.once_in(3) && self.start_next()? {}
        if self.due.is_empty() { self.checker.drained(&self.engine, self.now.mono) } else { Ok(()) }
    }

    /// Starts all that is due.
    pub(super) fn start_due(&mut self) -> Outcome {
        while self.start_next()? {}
        Ok(())
    }

    /// Starts what is due next; false if nothing is.
    fn start_next(&mut self) -> Result<bool, String> {
        let Some(id) = self.due.pop_front() else { return Ok(false) };
        for input in self.spawn(id)? {
            self.take_in(input)?;
        }
        Ok(true)
    }

    fn take_in(&mut self, input: Input) -> Outcome {
        let mut effects = VecDeque::new();
        self.turn(input, &mut effects)?;
        while let Some(effect) = effects.pop_front() {
            for input in self.carry_out(effect)? {
                self.turn(input, &mut effects)?;
            }
        }
        Ok(())
    }

    fn turn(&mut self, input: Input, effects: &mut VecDeque<Effect>) -> Outcome {
        self.note(|| format!("{:?} {input:?}", self.now.mono));
        let mut new = Vec::new();
        self.engine.handle(self.now, input, &mut new);
        for effect in new {
            self.note(|| format!("    {effect:?}"));
            self.checker.emitted(&effect, &self.engine)?;
            if let Effect::Answer(ticket, answer) = &effect {
                self.answered(*ticket, answer);
            }
            effects.push_back(effect);
        }
        let children = &self.children;
        self.checker.turned(&self.engine, |id| {
            !children.values().any(|child| child.process == id && child.dead.is_none() && !child.stdin_closed)
        })
    }

    /// What a shell does; the inputs that result.
    fn carry_out(&mut self, effect: Effect) -> Result<Vec<Input>, String> {
        Ok(match effect {
            Effect::Spawn(id) => {
                self.due.push_back(id);
                Vec::new()
            }
            Effect::Signal { process, pid, signal, purpose, .. } => {
                let result = match self.children.get_mut(&pid) {
                    Some(child) if child.process == process => match child.dead {
                        Some(_) if self.rng.once_in(2) => Err(ESRCH),
                        Some(_) => Ok(()),
                        None if self.rng.once_in(30) => Err(EPERM),
                        None => {
                            child.signalled(signal, &mut self.rng);
                            Ok(())
                        }
                    },
                    _ => return Err(format!("{process:?} is signalled as {pid}, which it is not")),
                };
                vec![Input::Signalled(process, purpose, result)]
            }
            Effect::Deliver { process, bytes, .. } => self.deliver(process, &bytes)?,
            Effect::SendStdin(ticket, ..)
            | Effect::ClearLogs { ticket, .. }
            | Effect::ClearMainLog(ticket)
            | Effect::MainLogPath(ticket) => {
                self.checker.answered(ticket.0)?;
                Vec::new()
            }
            Effect::Finished(after) => {
                self.after = Some(after);
                Vec::new()
            }
            Effect::Log(_) | Effect::Print(_) | Effect::Answer(..) | Effect::Forget(_) => Vec::new(),
        })
    }

    fn spawn(&mut self, id: ProcessId) -> Result<Vec<Input>, String> {
        if self.children.values().any(|child| child.process == id) {
            return Err(format!("{id:?} gets a second child"));
        }
        let is_auditor = self.engine.find_exact(AUDITOR) == Some(id);
        if !is_auditor && self.rng.once_in(10) {
            return Ok(vec![Input::Spawned(id, Err("no".to_owned()))]);
        }
        self.last_pid += 1;
        let spawned = Input::Spawned(id, Ok(self.last_pid));
        if is_auditor {
            self.children.insert(self.last_pid, Child::auditor(id));
            return Ok(vec![spawned, Input::ListenerOutput(id, Bytes::from_static(b"READY\n"))]);
        }
        let child = Child::new(id, self.engine.is_listener(id), &mut self.rng);
        self.children.insert(self.last_pid, child);
        Ok(vec![spawned])
    }

    fn deliver(&mut self, id: ProcessId, bytes: &Bytes) -> Result<Vec<Input>, String> {
        let child = self.children.values_mut().find(|child| child.process == id);
        let Some((child, listener)) = child.and_then(|child| {
            let listener = child.listener.as_mut()?;
            Some(((child.dead, child.stdin_closed), listener))
        }) else {
            return Err(format!("{id:?} gets an event without a child that listens"));
        };
        if listener.mind != Mind::Ready {
            return Err(format!("{id:?} is not ready for an event, it is {:?}", listener.mind));
        }
        let (dead, stdin_closed) = child;
        let is_auditor = self.engine.find_exact(AUDITOR) == Some(id);
        if stdin_closed || dead.is_some() && (is_auditor || self.rng.once_in(2)) {
            return Ok(vec![Input::StdinClosed(id)]);
        }
        if !is_auditor {
            listener.mind = Mind::Busy;
            return Ok(Vec::new());
        }
        let mut decoder = EnvelopeDecoder::new();
        decoder.feed(bytes);
        if let Ok(Some(received)) = decoder.next_event() {
            self.checker.told(&received)?;
        }
        Ok(vec![Input::ListenerOutput(id, Bytes::from_static(b"RESULT 2\nOKREADY\n"))])
    }

    fn note(&self, line: impl FnOnce() -> String) {
        let Some(record) = &self.record else { return };
        let mut record = record.borrow_mut();
        let mut line = line();
        line.truncate(line.floor_char_boundary(300));
        record.push_back(line);
        if record.len() > RECORDED {
            record.pop_front();
        }
    }
}
