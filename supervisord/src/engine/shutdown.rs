//! Stopping everything: strictly one group after another, from the highest priority number to the lowest.
//!
//! SUPERVISOR_STATE_CHANGE_STOPPING is announced once, before any process is signalled. The next group is
//! touched only when the previous one is fully stopped; groups that are stopped already cost nothing. Listener
//! pools come last by default, and while programs stop, ready listeners keep receiving events.
//!
//! When the turn of a pool comes, it is given up to [`DRAIN_LIMIT`] (for all pools together) to finish events
//! that it was sent *since the stop began*, so that the end of the last program reaches an idle listener
//! (`ev_l21`). A listener that was busy before may stay so for ever and is not waited for (`ev_l22`).

use std::sync::Arc;
use std::time::Duration;

use supervisor_protocol::event::Event;
use supervisor_protocol::state::{ProcessState, SupervisorState};

use super::groups::Group;
use super::id::GroupId;
use super::listener::AtWork;
use super::message::Message;
use super::process::Life;
use super::timers::Timer;
use super::{After, Effect, Purpose, Supervisor, Turn};

/// How long pools may drain, all together.
pub(super) const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// Time between two `waiting for … to die`.
const REPORT_INTERVAL: Duration = Duration::from_secs(3);

/// A stop of everything that is under way.
#[derive(Debug)]
pub(super) struct Shutdown {
    /// Groups that are not yet stopped, by ascending priority; the last one is being stopped.
    queue: Vec<GroupId>,
    /// The last group of the queue has been told to stop.
    told: bool,
    /// When the stop began.
    since: Duration,
    /// When draining ends, once a pool was waited for.
    drain_until: Option<Duration>,
    /// When the next report is due.
    report_at: Option<Duration>,
    /// The shell has been told.
    finished: bool,
}

impl Supervisor {
    /// Begins to stop everything, or changes what follows when it is stopped.
    pub(super) fn stop_everything(&mut self, after: After, turn: &mut Turn) {
        self.mood = match (self.mood, after) {
            (_, After::Exit) | (SupervisorState::Shutdown, _) => SupervisorState::Shutdown,
            (_, After::Restart) => SupervisorState::Restarting,
        };
        if let Some(shutdown) = &mut self.shutdown {
            // If all is stopped already, the shell is told once more what follows: it may be something else now.
            shutdown.finished = false;
            return;
        }
        let queue = self.order.clone();
        // A pool that is the first to be stopped gets no event of it (`ev_l26`).
        self.held = queue.last().copied();
        self.shutdown = Some(Shutdown {
            queue,
            told: false,
            since: turn.now.mono,
            drain_until: None,
            report_at: None,
            finished: false,
        });
        self.publish(&Event::SupervisorStopping, turn);
    }

    /// Takes the next steps of a stop that is under way. Called after every input.
    pub(super) fn continue_shutdown(&mut self, turn: &mut Turn) {
        let Some(mut shutdown) = self.shutdown.take() else { return };
        if !shutdown.finished {
            self.advance(&mut shutdown, turn);
        }
        self.shutdown = Some(shutdown);
    }

    fn advance(&mut self, shutdown: &mut Shutdown, turn: &mut Turn) {
        while let Some(group) = shutdown.queue.last().copied() {
            if !shutdown.told {
                if self.is_draining(group, shutdown, turn) {
                    break;
                }
                shutdown.told = true;
                self.held = Some(group);
                self.stop_group(group, turn);
            }
            if self.unstopped(group) {
                break;
            }
            shutdown.queue.pop();
            shutdown.told = false;
        }
        if shutdown.queue.is_empty() {
            shutdown.finished = true;
            let after = match self.mood {
                SupervisorState::Restarting => After::Restart,
                SupervisorState::Fatal | SupervisorState::Running | SupervisorState::Shutdown => After::Exit,
            };
            self.timers.disarm(Timer::ShutdownReport);
            self.timers.disarm(Timer::Drain);
            turn.effect(Effect::Finished(after));
            return;
        }
        self.report(shutdown, turn);
    }

    /// Whether a pool still works on events that it was sent since the stop began, within the limit. One that is
    /// between two events counts while there is a next one.
    fn is_draining(&mut self, group: GroupId, shutdown: &mut Shutdown, turn: &mut Turn) -> bool {
        let Some(Group { members, pool: Some(pool), .. }) = self.groups.get(&group) else { return false };
        let busy = members.iter().filter_map(|id| self.processes.get(id)).any(|process| {
            process.state() == ProcessState::Running
                && match process.session.as_ref().and_then(|session| session.at_work(shutdown.since)) {
                    Some(AtWork::OnAnEvent) => true,
                    Some(AtWork::BetweenEvents) => !pool.is_empty(),
                    None => false,
                }
        });
        if !busy {
            return false;
        }
        let until = *shutdown.drain_until.get_or_insert(turn.now.mono + DRAIN_LIMIT);
        if turn.now.mono >= until {
            return false;
        }
        self.timers.arm(Timer::Drain, until);
        true
    }

    /// Stops the processes of a group at once, by descending priority.
    fn stop_group(&mut self, group: GroupId, turn: &mut Turn) {
        for id in self.members_by_priority(group).into_iter().rev() {
            let Some(process) = self.processes.get(&id) else { continue };
            match *process.life() {
                Life::Backoff => self.abandon(id, turn),
                Life::Starting { .. } | Life::Running { .. } => self.stop(id, turn),
                // It cannot be waited for, but it should not survive either.
                Life::Unknown { pid } => {
                    let group = process.config.killasgroup;
                    self.kill(id, pid, 9, group, Purpose::Kill, turn);
                }
                Life::Stopped | Life::Stopping { .. } | Life::Exited | Life::Fatal => {}
            }
        }
    }

    /// Says which processes are still waited for, at first and then every few seconds.
    fn report(&mut self, shutdown: &mut Shutdown, turn: &mut Turn) {
        if shutdown.report_at.is_some_and(|at| turn.now.mono < at) {
            return;
        }
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut states = Vec::new();
        for group in self.groups.values() {
            for process in group.members.iter().filter_map(|id| self.processes.get(id)) {
                if !process.state().is_stopped() {
                    names.push(process.name().clone());
                    states.push(Message::StateWhileDying { name: process.name().clone(), state: process.state() });
                }
            }
        }
        turn.log(Message::WaitingToDie(names));
        for state in states {
            turn.log(state);
        }
        let at = turn.now.mono + REPORT_INTERVAL;
        shutdown.report_at = Some(at);
        self.timers.arm(Timer::ShutdownReport, at);
    }

    /// Whether a process of the group is in another state than STOPPED, EXITED, FATAL or UNKNOWN.
    pub(super) fn unstopped(&self, group: GroupId) -> bool {
        self.groups.get(&group).is_some_and(|group| {
            group.members.iter().filter_map(|id| self.processes.get(id)).any(|process| !process.state().is_stopped())
        })
    }
}
