//! Ordered deadlines.
//!
//! A timer is named by what it is for and armed at most once: arming it again moves it. Deadlines that fall
//! together come out in the order of their names, so processes that are due at once are served in definition
//! order, whatever order they were started in (`ev_e37`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use supervisor_protocol::event::EventKind;

use super::id::{GroupId, ProcessId};
use super::ticks::Ticks;
use super::{Now, Supervisor, Turn};

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The next thing a process's state waits for: startsecs, a retry, SIGKILL, a held-back restart.
    Process(ProcessId),
    /// The next `waiting for NAME to stop`.
    StopReport(ProcessId),
    /// A pool hands out again, after an event that was rejected too often.
    Retry(GroupId),
    /// The end of the patience with a listener that does not read.
    Unread(ProcessId),
    /// The next tick boundary.
    Tick,
    /// The next `waiting for A, B to die`.
    ShutdownReport,
    /// The end of the time that listeners have to drain their pools at shutdown.
    Drain,
}

/// A set of armed timers. Times are on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Duration, Timer)>,
    by_name: BTreeMap<Timer, Duration>,
}

impl Timers {
    /// Arms `timer` for `at`, instead of any earlier setting.
    pub(super) fn arm(&mut self, timer: Timer, at: Duration) {
        self.disarm(timer);
        self.by_name.insert(timer, at);
        self.by_time.insert((at, timer));
    }

    /// Forgets `timer`.
    pub(super) fn disarm(&mut self, timer: Timer) {
        if let Some(at) = self.by_name.remove(&timer) {
            self.by_time.remove(&(at, timer));
        }
    }

    /// Whether `timer` is armed.
    pub(super) fn is_armed(&self, timer: Timer) -> bool {
        self.by_name.contains_key(&timer)
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Duration> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes the earliest timer that is due at `now`.
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<Timer> {
        let &(at, timer) = self.by_time.first()?;
        if at > now {
            return None;
        }
        self.disarm(timer);
        Some(timer)
    }
}

impl Supervisor {
    /// Acts on every timer that is due. None is while a spawn has no result yet, so that processes with
    /// `startsecs=0` that are started together become RUNNING together, in definition order (`ev_e37`).
    pub(super) fn pass_deadlines(&mut self, turn: &mut Turn) {
        if self.spawning > 0 {
            return;
        }
        while let Some(timer) = self.timers.pop_due(turn.now.mono) {
            match timer {
                Timer::Process(process) => self.process_deadline(process, turn),
                Timer::StopReport(process) => self.report_stopping(process, turn),
                Timer::Tick => {
                    self.timers.arm(Timer::Tick, Ticks::next(turn.now));
                    for tick in self.ticks.due(turn.now) {
                        self.publish(&tick, turn);
                    }
                }
                Timer::Retry(group) => self.stir(group),
                Timer::Unread(process) => self.tell_of_unread(process, turn),
                Timer::ShutdownReport | Timer::Drain => {}
            }
        }
    }

    /// Ticks cost a wake-up every five seconds, so they run only while a pool wants them.
    pub(super) fn arm_ticks(&mut self, now: Now) {
        let wanted = [EventKind::Tick5, EventKind::Tick60, EventKind::Tick3600]
            .iter()
            .any(|kind| self.bus.subscriber(*kind, 0).is_some());
        if !wanted {
            self.timers.disarm(Timer::Tick);
            return;
        }
        if !self.timers.is_armed(Timer::Tick) {
            // Boundaries that passed while nobody listened are not news.
            self.ticks.look(now);
            self.timers.arm(Timer::Tick, Ticks::next(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_come_out_by_time_then_by_name() {
        let at = Duration::from_secs;
        let process = |id| Timer::Process(ProcessId(id));
        let mut timers = Timers::default();
        timers.arm(process(2), at(1));
        timers.arm(process(1), at(1));
        timers.arm(Timer::Tick, at(5));
        timers.arm(process(3), at(2));
        timers.arm(process(3), at(9));
        assert_eq!(timers.next(), Some(at(1)));
        assert_eq!(timers.pop_due(at(5)), Some(process(1)));
        assert_eq!(timers.pop_due(at(5)), Some(process(2)));
        assert_eq!(timers.pop_due(at(5)), Some(Timer::Tick));
        assert_eq!(timers.pop_due(at(5)), None);
        assert!(timers.is_armed(process(3)));
        timers.disarm(process(3));
        assert_eq!(timers.next(), None);
    }
}
