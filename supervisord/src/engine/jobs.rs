//! Answers that have to wait: for a spawn, for RUNNING, for the end of a stop.
//!
//! A job belongs to one client request and covers one process or many. Each process of it has an *item* that
//! is settled exactly once; when the last one is, the client is answered. Items that are settled while the
//! request itself is carried out (refusals, spawn errors, requests that do not wait) are reported first, in
//! processing order; the others follow in the order in which they come true, those of one turn in processing
//! order again (`ctl_x27`).
//!
//! Waiting items are a subscriber of the event bus: a state change settles them, nothing polls.

use std::collections::BTreeMap;

use supervisor_protocol::event::Event;
use supervisor_protocol::state::ProcessState;

use super::command::{Refusal, Reply, TaskOutcome, Ticket};
use super::id::ProcessId;
use super::message::Message;
use super::timers::Timer;
use super::{Purpose, Supervisor, Turn};
use std::time::Duration;

/// Time between two `waiting for NAME to stop`.
const REPORT_INTERVAL: Duration = Duration::from_secs(2);

/// When an item was settled, relative to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Phase {
    /// While it was carried out.
    Immediate,
    /// Afterwards.
    #[default]
    Later,
}

/// What an item waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// The child exists.
    Spawned,
    /// RUNNING.
    Running,
    /// The stop signal was sent.
    Signalled,
    /// A stopped state.
    Stopped,
}

/// One process of a job.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) process: ProcessId,
    /// What refusals quote: as typed for one process, the joined name for many.
    pub(super) label: String,
}

/// A request that is being carried out.
#[derive(Debug)]
struct Job {
    many: bool,
    items: Vec<Item>,
    open: usize,
    /// The request itself has been carried out; only waiting is left.
    issued: bool,
    immediate: Vec<(usize, TaskOutcome)>,
    /// With the time of the turn, by which they are sorted.
    later: Vec<(Duration, usize, TaskOutcome)>,
}

#[derive(Debug, Clone, Copy)]
struct Waiter {
    ticket: Ticket,
    index: usize,
    goal: Goal,
}

/// Every request that is not answered yet.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    jobs: BTreeMap<Ticket, Job>,
    waiting: BTreeMap<ProcessId, Vec<Waiter>>,
    /// How items count that are settled right now.
    pub(super) phase: Phase,
}

impl Jobs {
    /// Opens a job with these items.
    pub(super) fn open(&mut self, ticket: Ticket, many: bool, items: Vec<Item>) {
        let open = items.len();
        self.jobs.insert(ticket, Job { many, items, open, issued: false, immediate: Vec::new(), later: Vec::new() });
    }

    /// Lets an item wait.
    pub(super) fn wait(&mut self, ticket: Ticket, index: usize, process: ProcessId, goal: Goal) {
        self.waiting.entry(process).or_default().push(Waiter { ticket, index, goal });
    }

    /// Takes the waiters of a process for which `verdict` has an answer.
    fn take_settled(
        &mut self,
        process: ProcessId,
        verdict: impl Fn(Goal, &str) -> Option<Result<(), Refusal>>,
    ) -> Vec<(Ticket, usize, Result<(), Refusal>)> {
        let Some(waiters) = self.waiting.get_mut(&process) else { return Vec::new() };
        let mut settled = Vec::new();
        let jobs = &self.jobs;
        waiters.retain(|waiter| {
            let Some(item) = jobs.get(&waiter.ticket).and_then(|job| job.items.get(waiter.index)) else { return false };
            match verdict(waiter.goal, &item.label) {
                Some(result) => {
                    settled.push((waiter.ticket, waiter.index, result));
                    false
                }
                None => true,
            }
        });
        if waiters.is_empty() {
            self.waiting.remove(&process);
        }
        settled
    }

    fn is_waited_for(&self, process: ProcessId, goal: Goal) -> bool {
        self.waiting.get(&process).is_some_and(|waiters| waiters.iter().any(|waiter| waiter.goal == goal))
    }
}

impl Supervisor {
    /// Settles one item of a job; answers the client if it was the last.
    pub(super) fn settle_item(
        &mut self,
        ticket: Ticket,
        index: usize,
        result: Result<(), Refusal>,
        phase: Phase,
        turn: &mut Turn,
    ) {
        let Some(job) = self.jobs.jobs.get_mut(&ticket) else { return };
        let Some(item) = job.items.get(index) else { return };
        let Some(process) = self.processes.get(&item.process) else { return };
        let reference = process.reference();
        let outcome = TaskOutcome { name: reference.process.clone(), group: reference.group.clone(), result };
        match phase {
            Phase::Immediate => job.immediate.push((index, outcome)),
            Phase::Later => job.later.push((turn.now.mono, index, outcome)),
        }
        job.open -= 1;
        self.answer_if_settled(ticket, turn);
    }

    /// The request itself has been carried out.
    pub(super) fn job_issued(&mut self, ticket: Ticket, turn: &mut Turn) {
        if let Some(job) = self.jobs.jobs.get_mut(&ticket) {
            job.issued = true;
        }
        self.answer_if_settled(ticket, turn);
    }

    fn answer_if_settled(&mut self, ticket: Ticket, turn: &mut Turn) {
        if !self.jobs.jobs.get(&ticket).is_some_and(|job| job.issued && job.open == 0) {
            return;
        }
        let Some(mut job) = self.jobs.jobs.remove(&ticket) else { return };
        #[cfg(test)]
        if self.fault == Some(super::sim::Fault::UnansweredWaiter) && !job.later.is_empty() {
            return;
        }
        job.immediate.sort_by_key(|(index, _)| *index);
        let mut outcomes: Vec<TaskOutcome> = job.immediate.into_iter().map(|(_, outcome)| outcome).collect();
        job.later.sort_by_key(|(settled, index, _)| (*settled, *index));
        outcomes.extend(job.later.into_iter().map(|(_, _, outcome)| outcome));
        let answer = if job.many {
            Ok(Reply::Tasks(outcomes))
        } else {
            outcomes.pop().map_or(Ok(()), |outcome| outcome.result).map(|()| Reply::Done)
        };
        turn.answer(ticket, answer);
    }

    fn settle_all(&mut self, settled: Vec<(Ticket, usize, Result<(), Refusal>)>, phase: Phase, turn: &mut Turn) {
        for (ticket, index, result) in settled {
            self.settle_item(ticket, index, result, phase, turn);
        }
    }

    /// A process changed its state: settles what waited for that.
    pub(super) fn settle(&mut self, event: &Event, turn: &mut Turn) {
        if self.jobs.waiting.is_empty() {
            return;
        }
        let Event::ProcessState { process, change, .. } = event else { return };
        let Some(&id) = self.names.get(process) else { return };
        let state = change.state();
        let settled = self.jobs.take_settled(id, |goal, label| match goal {
            Goal::Spawned | Goal::Running => match state {
                ProcessState::Starting => None,
                ProcessState::Running => Some(Ok(())),
                ProcessState::Backoff => Some(Err(Refusal::SpawnError(label.to_owned()))),
                ProcessState::Stopped
                | ProcessState::Stopping
                | ProcessState::Exited
                | ProcessState::Fatal
                | ProcessState::Unknown => Some(Err(Refusal::AbnormalTermination(label.to_owned()))),
            },
            // The result of the signal settles these.
            Goal::Signalled => None,
            Goal::Stopped => state.is_stopped().then_some(Ok(())),
        });
        let phase = self.jobs.phase;
        self.settle_all(settled, phase, turn);
    }

    /// The child exists: enough for those who do not wait, and for programs without startsecs.
    pub(super) fn settle_spawn(&mut self, id: ProcessId, counts_as_running: bool, turn: &mut Turn) {
        let settled = self.jobs.take_settled(id, |goal, _| match goal {
            Goal::Spawned => Some(Ok(())),
            Goal::Running => counts_as_running.then_some(Ok(())),
            Goal::Signalled | Goal::Stopped => None,
        });
        self.settle_all(settled, Phase::Immediate, turn);
    }

    /// A signal was sent, or refused by the system.
    pub(super) fn settle_signal(
        &mut self,
        id: ProcessId,
        purpose: Purpose,
        result: Result<(), Refusal>,
        turn: &mut Turn,
    ) {
        match purpose {
            Purpose::Client { ticket, index, signal: _ } => {
                self.settle_item(ticket, index, result, Phase::Immediate, turn);
            }
            Purpose::Stop | Purpose::Kill => {
                let settled = self.jobs.take_settled(id, |goal, _| match (goal, &result) {
                    (Goal::Signalled, result) => Some(result.clone()),
                    (Goal::Stopped, Err(refusal)) if purpose == Purpose::Stop => Some(Err(refusal.clone())),
                    (Goal::Stopped | Goal::Spawned | Goal::Running, _) => None,
                });
                self.settle_all(settled, Phase::Immediate, turn);
                self.report_stopping(id, turn);
            }
        }
    }

    /// Says that a client waits for a stop, at first and then every few seconds.
    pub(super) fn report_stopping(&mut self, id: ProcessId, turn: &mut Turn) {
        let Some(process) = self.processes.get(&id) else { return };
        if process.state() != ProcessState::Stopping
            || !self.jobs.is_waited_for(id, Goal::Stopped)
            || self.timers.is_armed(Timer::StopReport(id))
        {
            return;
        }
        turn.log(Message::WaitingToStop { name: process.name().clone() });
        self.timers.arm(Timer::StopReport(id), turn.now.mono + REPORT_INTERVAL);
    }
}
