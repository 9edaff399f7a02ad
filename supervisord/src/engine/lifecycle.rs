//! What leads from one process state to another.
//!
//! The order within a transition is part of the contract: the state change and its event come first, then the
//! line in the activity log, except for the lines that announce an action (`spawnerr:`, `killing …`), which
//! precede it. A restart is tried in the same turn in which the exit was seen.

use std::time::Duration;

use supervisor_protocol::event::StateChange;
use supervisor_protocol::state::{ProcessState, SupervisorState};

use super::death::Death;
use super::id::ProcessId;
use super::jobs::Phase;
use super::listener::Session;
use super::message::Message;
use super::process::Life;
use super::timers::Timer;
use super::{Effect, Purpose, Supervisor, Turn};
use crate::config::model::AutoRestart;
use crate::engine::command::Refusal;

/// The reason clients see when a program ended before `startsecs` had passed.
const TOO_QUICK: &str = "Exited too quickly (process log may have details)";

const SIGKILL: i32 = 9;
const ESRCH: i32 = 3;

impl Supervisor {
    /// Starts a program: STARTING is announced before the command is even looked up.
    pub(super) fn start(&mut self, id: ProcessId, turn: &mut Turn) {
        if self.mood != SupervisorState::Running {
            return;
        }
        let Some(process) = self.processes.get_mut(&id) else { return };
        process.spawnerr.clear();
        process.exitstatus = 0;
        process.started = turn.now.wall;
        let tries = process.backoff;
        let life = Life::Starting { pid: None, since: turn.now.mono };
        self.timers.disarm(Timer::Process(id));
        if self.change(id, life, StateChange::Starting { tries }, turn) {
            self.spawning += 1;
            turn.effect(Effect::Spawn(id));
        }
    }

    /// The child exists.
    pub(super) fn spawned(&mut self, id: ProcessId, pid: i32, turn: &mut Turn) {
        let handler = self.result_handler(id);
        let Some(process) = self.processes.get_mut(&id) else { return };
        if process.state() != ProcessState::Starting {
            return;
        }
        process.set_child(pid, turn.now);
        process.session = handler.map(Session::new);
        let startsecs = process.config.startsecs.duration();
        let name = process.name().clone();
        self.pids.insert(pid, id);
        turn.log(Message::Spawned { name, pid });
        self.settle_spawn(id, startsecs.is_zero(), turn);
        self.born.push((id, pid));
    }

    /// Every child that was to be made has been: from here on `startsecs` are counted, for all of them, so that those with
    /// the same succeed together, in definition order (`ev_e37`).
    pub(super) fn all_born(&mut self, turn: &mut Turn) {
        for (id, pid) in std::mem::take(&mut self.born) {
            let Some(process) = self.processes.get_mut(&id) else { continue };
            if process.state() == ProcessState::Starting && process.pid() == Some(pid) {
                process.set_child(pid, turn.now);
                let startsecs = process.config.startsecs.duration();
                self.timers.arm(Timer::Process(id), turn.now.mono + startsecs);
            }
        }
    }

    /// The child could not be made.
    pub(super) fn spawn_failed(&mut self, id: ProcessId, error: String, turn: &mut Turn) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        process.spawnerr.clone_from(&error);
        turn.log(Message::SpawnError(error));
        self.back_off(id, Phase::Immediate, turn);
        self.give_up_if_exhausted(id, turn);
    }

    /// A child was reaped.
    pub(super) fn exited(&mut self, pid: i32, death: Death, turn: &mut Turn) {
        let Some(id) = self.pids.remove(&pid) else {
            turn.log(Message::ReapedUnknown { pid, death });
            return;
        };
        let now = turn.now;
        let Some(process) = self.processes.get_mut(&id) else { return };
        process.ended = now.wall;
        process.exitstatus = death.code();
        let name = process.name().clone();
        let expected = process.expects(death);
        let life = process.life().clone();
        // Nothing is sent to the dead: the session ends before anybody hears of it.
        let session = process.session.take();
        self.forget_timers(id);
        match life {
            Life::Stopping { .. } => {
                self.change(id, Life::Stopped, StateChange::Stopped { pid }, turn);
                turn.log(Message::Stopped { name, death, expected });
            }
            Life::Starting { since, .. } if now.mono < since + self.startsecs(id) => {
                if let Some(process) = self.processes.get_mut(&id) {
                    process.exitstatus = 0;
                    process.spawnerr = TOO_QUICK.to_owned();
                }
                self.back_off(id, Phase::Later, turn);
                turn.log(Message::Exited { name, death, expected: false });
                self.give_up_if_exhausted(id, turn);
            }
            Life::Starting { .. } | Life::Running { .. } => {
                if matches!(life, Life::Starting { .. }) {
                    // It was up for long enough; only the clock had not been looked at.
                    self.change(id, Life::Running { pid }, StateChange::Running { pid }, turn);
                }
                if let Some(process) = self.processes.get_mut(&id) {
                    process.backoff = 0;
                    if !expected {
                        process.spawnerr = format!("Bad exit code {}", death.code());
                    }
                }
                self.change(id, Life::Exited, StateChange::Exited { expected, pid }, turn);
                turn.log(Message::Exited { name, death, expected });
            }
            Life::Unknown { .. } => {
                if let Some(process) = self.processes.get_mut(&id) {
                    process.backoff = 0;
                }
                self.change(id, Life::Exited, StateChange::Exited { expected: false, pid }, turn);
                turn.log(Message::ExitedFromUnknown { name, death });
                // Somebody may have wanted it to stop: it is left as it is.
                self.end_session(id, session, turn);
                return;
            }
            // No child can belong to these states.
            Life::Stopped | Life::Backoff | Life::Exited | Life::Fatal => {}
        }
        self.end_session(id, session, turn);
        self.restart_by_policy(id, expected, turn);
        #[cfg(test)]
        if self.fault == Some(super::sim::Fault::DoubleRestart)
            && self.processes.get(&id).is_some_and(|process| process.state() == ProcessState::Starting)
        {
            turn.effect(Effect::Spawn(id));
        }
    }

    /// A process that exited starts again if its policy says so and its bucket allows it.
    fn restart_by_policy(&mut self, id: ProcessId, expected: bool, turn: &mut Turn) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        if process.state() != ProcessState::Exited || self.mood != SupervisorState::Running {
            return;
        }
        let wanted = match process.config.autorestart {
            AutoRestart::Never => false,
            AutoRestart::Always => true,
            AutoRestart::Unexpected => !expected,
        };
        if !wanted {
            return;
        }
        match process.throttle.take(turn.now.mono) {
            Ok(()) => self.start(id, turn),
            Err(at) => {
                if process.throttle.should_warn(turn.now.mono) {
                    turn.log(Message::RestartsHeldBack { name: process.name().clone() });
                }
                self.timers.arm(Timer::Process(id), at);
            }
        }
    }

    /// What a process's state waited for has come.
    pub(super) fn process_deadline(&mut self, id: ProcessId, turn: &mut Turn) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        match *process.life() {
            Life::Starting { pid: Some(pid), .. } => {
                process.backoff = 0;
                let (group, name, startsecs) = (process.group, process.name().clone(), process.config.startsecs);
                self.change(id, Life::Running { pid }, StateChange::Running { pid }, turn);
                turn.log(Message::EnteredRunning { name, startsecs });
                self.stir(group);
            }
            Life::Backoff => self.start(id, turn),
            Life::Exited => match process.throttle.take(turn.now.mono) {
                Ok(()) => self.start(id, turn),
                Err(at) => self.timers.arm(Timer::Process(id), at),
            },
            Life::Stopping { pid } => {
                turn.log(Message::KillingHard { name: process.name().clone(), pid });
                let config = process.config.clone();
                self.kill(id, pid, SIGKILL, config.killasgroup, Purpose::Kill, turn);
                self.timers.arm(Timer::Process(id), turn.now.mono + kill_interval(config.stopwaitsecs.duration()));
            }
            Life::Starting { pid: None, .. }
            | Life::Stopped
            | Life::Running { .. }
            | Life::Fatal
            | Life::Unknown { .. } => {}
        }
    }

    /// Stops one process that is RUNNING, STARTING or BACKOFF.
    pub(super) fn stop(&mut self, id: ProcessId, turn: &mut Turn) {
        let Some(process) = self.processes.get(&id) else { return };
        let (name, config) = (process.name().clone(), process.config.clone());
        match *process.life() {
            Life::Backoff => {
                turn.log(Message::KilledInBackoff { name });
                self.timers.disarm(Timer::Process(id));
                self.change(id, Life::Stopped, StateChange::Stopped { pid: 0 }, turn);
            }
            Life::Starting { pid: Some(pid), .. } | Life::Running { pid } => {
                let (signal, group) = (config.stopsignal, config.stopasgroup);
                turn.log(Message::Killing { name, pid, group, signal });
                self.timers.arm(Timer::Process(id), turn.now.mono + config.stopwaitsecs.duration());
                self.change(id, Life::Stopping { pid }, StateChange::Stopping { pid }, turn);
                turn.effect(Effect::Signal { process: id, pid, signal, group, purpose: Purpose::Stop });
            }
            Life::Starting { pid: None, .. }
            | Life::Stopped
            | Life::Stopping { .. }
            | Life::Exited
            | Life::Fatal
            | Life::Unknown { .. } => {}
        }
    }

    /// A process in BACKOFF will not be tried any more, because everything is being stopped.
    pub(super) fn abandon(&mut self, id: ProcessId, turn: &mut Turn) {
        if let Some(process) = self.processes.get_mut(&id) {
            process.backoff = 0;
        }
        self.timers.disarm(Timer::Process(id));
        self.change(id, Life::Fatal, StateChange::Fatal, turn);
    }

    /// Sends a signal that is not the first of a stop.
    pub(super) fn kill(
        &mut self,
        id: ProcessId,
        pid: i32,
        signal: i32,
        group: bool,
        purpose: Purpose,
        turn: &mut Turn,
    ) {
        let Some(process) = self.processes.get(&id) else { return };
        let name = process.name().clone();
        turn.log(match purpose {
            Purpose::Client { .. } => Message::Sending { name, pid, signal },
            Purpose::Stop | Purpose::Kill => Message::Killing { name, pid, group, signal },
        });
        turn.effect(Effect::Signal { process: id, pid, signal, group, purpose });
    }

    /// What `kill` returned.
    pub(super) fn signalled(&mut self, id: ProcessId, purpose: Purpose, result: Result<(), i32>, turn: &mut Turn) {
        let Some(process) = self.processes.get(&id) else { return };
        let (name, pid) = (process.name().clone(), process.pid().unwrap_or(0));
        let sending = matches!(purpose, Purpose::Client { .. });
        let Err(errno) = result else { return self.settle_signal(id, purpose, Ok(()), turn) };
        let error = os_error(errno);
        if errno == ESRCH {
            turn.log(Message::JustExited { name, pid, sending, error });
            return self.settle_signal(id, purpose, Ok(()), turn);
        }
        let problem = Message::UnknownProblem { name, pid, sending, error };
        let text = problem.to_string();
        self.timers.disarm(Timer::Process(id));
        turn.log(problem);
        // Who asked learns why; whoever else waits learns of the state that follows.
        self.settle_signal(id, purpose, Err(Refusal::Failed(Some(text))), turn);
        if process_is_signallable(self, id) {
            self.change(id, Life::Unknown { pid }, StateChange::Unknown, turn);
        }
    }

    /// STARTING → BACKOFF, with the next try in as many seconds as there were failures.
    fn back_off(&mut self, id: ProcessId, phase: Phase, turn: &mut Turn) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        process.backoff = process.backoff.saturating_add(1);
        let tries = process.backoff;
        self.timers.arm(Timer::Process(id), turn.now.mono + Duration::from_secs(tries.into()));
        self.jobs.phase = phase;
        self.change(id, Life::Backoff, StateChange::Backoff { tries }, turn);
        self.jobs.phase = Phase::Later;
    }

    /// BACKOFF → FATAL when the retries are used up.
    fn give_up_if_exhausted(&mut self, id: ProcessId, turn: &mut Turn) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        if i64::from(process.backoff) <= process.config.startretries {
            return;
        }
        let name = process.name().clone();
        self.abandon(id, turn);
        turn.log(Message::GaveUp { name });
    }

    /// Moves a process and tells the bus; false, with a line in the log, if there is no such edge.
    fn change(&mut self, id: ProcessId, life: Life, change: StateChange, turn: &mut Turn) -> bool {
        let Some(process) = self.processes.get_mut(&id) else { return false };
        match process.enter(life, change) {
            Ok(event) => {
                self.publish(&event, turn);
                true
            }
            Err(illegal) => {
                let name = process.name().clone();
                turn.log(Message::IllegalTransition { name, from: illegal.from, to: illegal.to });
                false
            }
        }
    }

    fn startsecs(&self, id: ProcessId) -> Duration {
        self.processes.get(&id).map(|process| process.config.startsecs.duration()).unwrap_or_default()
    }

    /// A removed process has no deadlines.
    pub(super) fn forget_timers(&mut self, id: ProcessId) {
        self.timers.disarm(Timer::Process(id));
        self.timers.disarm(Timer::StopReport(id));
        self.timers.disarm(Timer::Unread(id));
    }
}

fn process_is_signallable(supervisor: &Supervisor, id: ProcessId) -> bool {
    supervisor.process(id).is_some_and(|process| process.state().is_signallable())
}

/// SIGKILL is repeated every `stopwaitsecs`; with zero that would be a busy loop, so a second then.
fn kill_interval(stopwaitsecs: Duration) -> Duration {
    if stopwaitsecs.is_zero() { Duration::from_secs(1) } else { stopwaitsecs }
}

/// An errno as Python prints it: `[Errno 3] No such process`.
fn os_error(errno: i32) -> String {
    format!("[Errno {errno}] {}", nix::errno::Errno::from_raw(errno).desc())
}
