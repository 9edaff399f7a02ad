//! The engine: process life cycle, event bus and listener pools, as one pure state machine.
//!
//! **The single-mutation law.** [`Supervisor::handle`] takes one [`Input`] and the time, changes the state and
//! appends [`Effect`]s. The shell carries out every effect, in order, before it hands in the next input that
//! came from outside; an effect that has a result (a spawn, a signal) leads to an input of its own, which is
//! handled right after it. So there is one total order of everything that happens: the order of `handle`.
//!
//! **Invariants of absence.** No clock, no file, no descriptor, no task, no lock. What the engine must know of
//! the world (does the program exist, what did `kill` return) is a field of an input.
//!
//! | file | what it holds |
//! |---|---|
//! | `id.rs`, `process.rs`, `death.rs`, `lifecycle.rs` | one process: its states, and what leads from one to another |
//! | `groups.rs`, `shutdown.rs` | groups, their order, and stopping everything in the reverse of it |
//! | `bus.rs`, `pool.rs`, `listener.rs`, `dispatch.rs` | events: who gets them, queues, protocol sessions, delivery |
//! | `handler.rs` | what is made of a listener's result |
//! | `command.rs`, `control.rs`, `jobs.rs` | what clients ask, how it is answered, and answers that have to wait |
//! | `timers.rs`, `ticks.rs`, `throttle.rs`, `retry.rs` | time |
//! | `message.rs` | every line of the activity log |

mod bus;
pub mod command;
mod control;
mod death;
mod dispatch;
mod groups;
mod handler;
mod id;
mod jobs;
mod latest;
mod lifecycle;
mod listener;
pub mod message;
mod pool;
mod process;
mod retry;
mod shutdown;
#[cfg(test)]
mod sim;
#[cfg(test)]
pub(crate) mod tests;
mod throttle;
mod ticks;
mod timers;
mod unread;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use supervisor_protocol::event::{Channel, Event, EventKind, ProcessRef};
use supervisor_protocol::state::SupervisorState;

pub use death::Death;
pub use id::{GroupId, ProcessId};
pub use pool::{DEFAULT_BYTES, DEFAULT_EVENTS, PoolCounters};
pub use process::{LogPaths, Process};

use crate::config::model::{GroupConfig, GroupKind, ResultHandler};
use bus::{Bus, Subscriber};
use command::{Command, Refusal, Reply, Ticket};
use groups::Group;
use jobs::Jobs;
use latest::Latest;
use message::Message;
use shutdown::Shutdown;
use ticks::Ticks;
use timers::Timers;

/// The time of an input, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Monotonic, from any origin: intervals are measured on it, so steps of the wall clock change nothing.
    pub mono: Duration,
    /// Since the epoch: only reported, never compared.
    pub wall: Duration,
}

/// What can happen to the engine.
#[derive(Debug)]
pub enum Input {
    /// A group of the configuration the daemon starts with, with the log files of its processes, in order.
    GroupActivated(GroupConfig, Vec<LogPaths>),
    /// Everything is set up: programs may be started.
    Started,
    /// The result of [`Effect::Spawn`].
    Spawned(ProcessId, Result<i32, String>),
    /// A child was reaped; what its pipes held has been handed in before.
    Exited(i32, Death),
    /// The result of [`Effect::Signal`]; the error is an errno.
    Signalled(ProcessId, Purpose, Result<(), i32>),
    /// A chunk of output of a process with PROCESS_LOG events.
    Logged(ProcessId, Channel, Bytes),
    /// Output captured between the tokens of process communication.
    Captured(ProcessId, Channel, Bytes),
    /// A chunk of a listener's stdout.
    ListenerOutput(ProcessId, Bytes),
    /// [`Effect::Deliver`] found the listener's stdin closed.
    StdinClosed(ProcessId),
    /// A part of what [`Effect::Deliver`] wrote waits until the listener reads.
    LeftUnread(ProcessId),
    /// Nothing waits any more until this process reads.
    NothingUnread(ProcessId),
    /// A client's request, with what the engine must know of the world to answer it.
    Command(Ticket, Command, Facts),
    /// TERM, INT or QUIT (or, with `After::Restart`, HUP) was received.
    StopEverything(After),
    /// Time has passed [`Supervisor::next_deadline`].
    Deadline,
}

/// What the shell looked up for a command.
#[derive(Debug)]
pub enum Facts {
    /// Nothing is needed.
    None,
    /// For `Start`: whether each program can be executed.
    Programs(BTreeMap<ProcessId, Result<(), Refusal>>),
    /// For `AddGroup`: the log files of its processes, or why the group cannot be had.
    Logs(Result<Vec<LogPaths>, String>),
    /// For `Reread` and `Restart`: the configuration as it is now, or why it cannot be read.
    Configuration(Result<Vec<GroupConfig>, String>),
}

/// Why a signal is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The first signal of a stop.
    Stop,
    /// SIGKILL, because the first was not enough.
    Kill,
    /// A client asked for this signal.
    Client {
        /// Who asked.
        ticket: Ticket,
        /// Which of the processes of that request this is.
        index: usize,
        /// The signal.
        signal: i32,
    },
}

/// What follows when everything is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// The daemon exits.
    Exit,
    /// The daemon reads its configuration and starts again, in the same OS process.
    Restart,
}

/// What the shell must do. To be carried out in order.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Write a line to the activity log.
    Log(Message),
    /// Start the program; hand in [`Input::Spawned`].
    Spawn(ProcessId),
    /// Send a signal to the child, or to its process group; hand in [`Input::Signalled`].
    Signal {
        /// Whose child.
        process: ProcessId,
        /// The child.
        pid: i32,
        /// The signal's number.
        signal: i32,
        /// To the whole process group.
        group: bool,
        /// To be handed back.
        purpose: Purpose,
    },
    /// Write an event to a listener's stdin. If that is closed: [`Input::StdinClosed`].
    Deliver {
        /// The listener.
        process: ProcessId,
        /// The event.
        bytes: Bytes,
        /// The line for the activity log, if it was written.
        sent: Message,
    },
    /// Write to the daemon's own standard output.
    Print(Bytes),
    /// Queue bytes for a process's stdin and answer the client.
    SendStdin(Ticket, ProcessId, Bytes),
    /// Clear the log files of these processes and answer the client, per process if it asked for many.
    ClearLogs {
        /// Who asked.
        ticket: Ticket,
        /// Whose logs.
        processes: Vec<ProcessId>,
        /// One outcome per process.
        many: bool,
    },
    /// Clear the activity log and answer the client.
    ClearMainLog(Ticket),
    /// Tell the client where the activity log is.
    MainLogPath(Ticket),
    /// Answer a client.
    Answer(Ticket, Result<Reply, Refusal>),
    /// A group is gone: forget what belongs to this process.
    Forget(ProcessId),
    /// Everything is stopped.
    Finished(After),
}

/// Effects of one input, and its time.
pub(in crate::engine) struct Turn<'a> {
    now: Now,
    effects: &'a mut Vec<Effect>,
}

impl Turn<'_> {
    fn log(&mut self, message: Message) {
        self.effects.push(Effect::Log(message));
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn answer(&mut self, ticket: Ticket, answer: Result<Reply, Refusal>) {
        self.effects.push(Effect::Answer(ticket, answer));
    }
}

/// Everything the daemon knows of its groups, processes, pools and pending answers.
#[derive(Debug)]
pub struct Supervisor {
    identifier: String,
    mood: SupervisorState,
    /// The configuration last read: what `addProcessGroup` and `getAllConfigInfo` see.
    latest: Latest,
    groups: BTreeMap<GroupId, Group>,
    /// The active groups by name.
    group_names: HashMap<Arc<str>, GroupId>,
    /// Ascending priority, stable in activation order.
    order: Vec<GroupId>,
    processes: BTreeMap<ProcessId, Process>,
    names: HashMap<ProcessRef, ProcessId>,
    pids: HashMap<i32, ProcessId>,
    next_group: u32,
    next_process: u32,
    bus: Bus,
    jobs: Jobs,
    timers: Timers,
    ticks: Ticks,
    shutdown: Option<Shutdown>,
    /// The group that is being stopped by a shutdown: its pool hands out nothing.
    held: Option<GroupId>,
    started: bool,
    /// Spawns that were asked for and have no result yet.
    spawning: usize,
    /// Children that were made while others were still to be.
    born: Vec<(ProcessId, i32)>,
    /// Pools that may have something to hand out at the end of the turn.
    stirred: Vec<GroupId>,
    #[cfg(test)]
    fault: Option<sim::Fault>,
}

impl Supervisor {
    /// An engine without groups. `latest` is the configuration it will be started with, `next_serial` the
    /// number of the next event (it continues over a reload).
    pub fn new(identifier: String, latest: Vec<GroupConfig>, next_serial: u64) -> Self {
        let mut bus = Bus::new(next_serial);
        bus.subscribe(Subscriber::Waiters, &[EventKind::ProcessState]);
        Supervisor {
            identifier,
            mood: SupervisorState::Running,
            latest: Latest::new(latest, 0),
            groups: BTreeMap::new(),
            group_names: HashMap::new(),
            order: Vec::new(),
            processes: BTreeMap::new(),
            names: HashMap::new(),
            pids: HashMap::new(),
            next_group: 0,
            next_process: 0,
            bus,
            jobs: Jobs::default(),
            timers: Timers::default(),
            ticks: Ticks::default(),
            shutdown: None,
            held: None,
            started: false,
            spawning: 0,
            born: Vec::new(),
            stirred: Vec::new(),
            #[cfg(test)]
            fault: None,
        }
    }

    /// Takes one input and appends what must be done about it.
    pub fn handle(&mut self, now: Now, input: Input, effects: &mut Vec<Effect>) {
        let mut turn = Turn { now, effects };
        let turn = &mut turn;
        match input {
            Input::GroupActivated(config, logs) => {
                // Of two groups with one name the first wins.
                if self.group_named(&config.name).is_none() {
                    self.activate(config, logs, turn);
                }
            }
            Input::Started => self.start_everything(turn),
            Input::Spawned(process, result) => {
                self.spawning = self.spawning.saturating_sub(1);
                match result {
                    Ok(pid) => self.spawned(process, pid, turn),
                    Err(error) => self.spawn_failed(process, error, turn),
                }
                if self.spawning == 0 {
                    self.all_born(turn);
                }
            }
            Input::Exited(pid, death) => self.exited(pid, death, turn),
            Input::Signalled(process, purpose, result) => self.signalled(process, purpose, result, turn),
            Input::Logged(process, channel, data) => self.logged(process, channel, data, turn),
            Input::Captured(process, channel, data) => self.captured(process, channel, data, turn),
            Input::ListenerOutput(process, data) => self.listener_output(process, &data, turn),
            Input::StdinClosed(process) => self.stdin_closed(process, turn),
            Input::LeftUnread(process) => self.left_unread(process, turn),
            Input::NothingUnread(process) => self.nothing_unread(process),
            Input::Command(ticket, command, facts) => self.command(ticket, command, facts, turn),
            Input::StopEverything(after) => self.stop_everything(after, turn),
            Input::Deadline => {}
        }
        self.pass_deadlines(turn);
        self.hand_out(turn);
        self.continue_shutdown(turn);
        self.hand_out(turn);
    }

    /// When [`Input::Deadline`] is due, on the monotonic clock. Always after the time of the last input, once
    /// every [`Effect::Spawn`] and [`Effect::Signal`] has its result.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// The daemon's state.
    pub fn mood(&self) -> SupervisorState {
        self.mood
    }

    /// Takes the settings that a reread changes at once (`cfg_rr07`).
    pub fn set_identifier(&mut self, identifier: String) {
        self.identifier = identifier;
    }

    /// The number the next event will get.
    pub fn next_serial(&self) -> u64 {
        self.bus.next_serial()
    }

    /// A process by its id.
    pub fn process(&self, process: ProcessId) -> Option<&Process> {
        self.processes.get(&process)
    }

    /// The process whose child has this pid.
    pub fn process_of_pid(&self, pid: i32) -> Option<ProcessId> {
        self.pids.get(&pid).copied()
    }

    /// Whether this process speaks the listener protocol on its stdout.
    pub fn is_listener(&self, process: ProcessId) -> bool {
        self.result_handler(process).is_some()
    }

    /// The group of a process.
    pub fn group_of(&self, process: ProcessId) -> Option<&GroupConfig> {
        Some(&self.groups.get(&self.process(process)?.group)?.config)
    }

    /// What judges the results of this process, if it is a listener.
    fn result_handler(&self, process: ProcessId) -> Option<ResultHandler> {
        match &self.group_of(process)?.kind {
            GroupKind::EventListener(pool) => Some(pool.result_handler),
            GroupKind::Programs | GroupKind::FastCgi(_) => None,
        }
    }

    /// The active groups, by ascending priority.
    pub fn active_groups(&self) -> impl Iterator<Item = &GroupConfig> {
        self.order.iter().filter_map(|id| self.groups.get(id)).map(|group| &group.config)
    }

    /// Every process: groups by ascending priority, members in definition order.
    pub fn all_processes(&self) -> impl Iterator<Item = (ProcessId, &Process)> {
        self.order
            .iter()
            .filter_map(|id| self.groups.get(id))
            .flat_map(|group| &group.members)
            .filter_map(|id| Some((*id, self.processes.get(id)?)))
    }

    /// A group of the latest configuration.
    pub fn latest_group(&self, name: &str) -> Option<&GroupConfig> {
        self.latest.named(name)
    }

    /// Whether a group of this name is active.
    pub fn is_active(&self, name: &str) -> bool {
        self.group_named(name).is_some()
    }

    /// Per pool: its name, how many events wait, and what it has done.
    pub fn pools(&self) -> impl Iterator<Item = (&str, usize, PoolCounters)> {
        self.order
            .iter()
            .filter_map(|id| self.groups.get(id))
            .filter_map(|group| group.pool.as_ref().map(|pool| (&*group.name, pool.len(), pool.counters)))
    }

    /// Makes an event known to whoever subscribed to its kind, in the order of subscription.
    fn publish(&mut self, event: &Event, turn: &mut Turn) {
        let kind = event.kind();
        let mut occurrence = None;
        for at in 0.. {
            let Some(subscriber) = self.bus.subscriber(kind, at) else { break };
            match subscriber {
                Subscriber::Pool(pool) => {
                    let occurrence = occurrence.get_or_insert_with(|| self.bus.number(event)).clone();
                    self.accept(pool, occurrence, turn);
                }
                Subscriber::Waiters => self.settle(event, turn),
            }
        }
    }
}
