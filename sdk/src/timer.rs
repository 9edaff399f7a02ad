//! A clock made of tick events.
//!
//! The daemon ticks every 5, 60 and 3600 seconds, and a listener that blocks on its input has no other clock.
//! [`Every`] counts the time between the ticks it is shown, whichever of them the pool subscribes to, so that
//! a listener can do something every ten minutes. It reads the time a tick carries, not a clock of its own, so
//! tests need none, and ticks that were merged or lost while the listener was busy still count.

use std::time::Duration;

use supervisor_protocol::event::Event;

use crate::listener::Delivery;

/// Says at which ticks a period is over.
///
/// ```
/// use std::time::Duration;
/// use supervisor_sdk::testing::Daemon;
/// use supervisor_sdk::timer::Every;
/// use supervisor_sdk::{Delivery, Event, TickPeriod};
///
/// let mut daemon = Daemon::new();
/// for minute in 1..=25 {
///     daemon.event(&Event::Tick { period: TickPeriod::Seconds60, when: minute * 60 });
/// }
/// let mut every = Every::new(Duration::from_secs(600));
/// let mut count = 0;
/// daemon.run(|delivery: &Delivery| {
///     if every.is_due(delivery) {
///         count += 1;
///     }
/// })?;
/// assert_eq!(count, 2);
/// # Ok::<(), supervisor_sdk::testing::Violation>(())
/// ```
#[derive(Debug, Clone)]
pub struct Every {
    /// In seconds.
    period: u64,
    /// When the current period began, in seconds since 1970.
    start: Option<u64>,
    /// The pool's number of the last tick, and what was said about it.
    last: Option<(u64, bool)>,
}

impl Every {
    /// A timer whose first period begins one tick before the first tick it is shown.
    ///
    /// Fractions of a second are cut. A period shorter than the ticks is over at each of them.
    pub fn new(period: Duration) -> Every {
        Every { period: period.as_secs(), start: None, last: None }
    }

    /// Whether this is a tick at which a period is over. If several are, that counts once.
    ///
    /// A tick that is delivered again, because its listener failed on it, gets the same answer again. When the
    /// daemon's clock was set back, a new period begins.
    pub fn is_due(&mut self, delivery: &Delivery) -> bool {
        let Ok(Event::Tick { period, when }) = delivery.event else { return false };
        let serial = delivery.header.poolserial;
        if let Some((last, answer)) = self.last
            && last == serial
        {
            return answer;
        }
        let before = when.saturating_sub(period.seconds());
        let start = self.start.filter(|start| *start <= when).unwrap_or(before);
        let passed = when - start;
        let is_due = passed > 0 && passed >= self.period;
        // Whole periods only, so that the phase stays.
        self.start = Some(if is_due { when - passed.checked_rem(self.period).unwrap_or(0) } else { start });
        self.last = Some((serial, is_due));
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Daemon;
    use supervisor_protocol::event::TickPeriod::{self, Seconds5, Seconds60};

    /// The times of the ticks at which a timer of `seconds` is due.
    fn due(seconds: u64, ticks: &[(TickPeriod, u64)]) -> Vec<u64> {
        let mut daemon = Daemon::new();
        for (period, when) in ticks {
            daemon.event(&Event::Tick { period: *period, when: *when });
        }
        let mut every = Every::new(Duration::from_secs(seconds));
        let mut seen = Vec::new();
        let listener = |delivery: &Delivery| {
            if every.is_due(delivery)
                && let Ok(Event::Tick { when, .. }) = delivery.event
            {
                seen.push(when);
            }
        };
        daemon.run(listener).unwrap();
        seen
    }

    fn fives(times: impl IntoIterator<Item = u64>) -> Vec<(TickPeriod, u64)> {
        times.into_iter().map(|when| (Seconds5, when)).collect()
    }

    #[test]
    fn periods_are_counted_in_ticks() {
        assert_eq!(due(15, &fives((100..=150).step_by(5))), [110, 125, 140]);
        assert_eq!(due(0, &fives([5, 10, 15])), [5, 10, 15]);
        assert_eq!(due(3, &fives([5, 10, 15])), [5, 10, 15]);
    }

    #[test]
    fn two_kinds_of_ticks_do_not_count_twice() {
        let mut ticks = fives((65..=120).step_by(5));
        ticks.push((Seconds60, 120));
        assert_eq!(due(60, &ticks), [120]);
        assert_eq!(due(5, &ticks).iter().filter(|when| **when == 120).count(), 1);
    }

    #[test]
    fn lost_ticks_keep_the_phase_and_a_clock_set_back_starts_anew() {
        assert_eq!(due(10, &fives([5, 10, 35, 40, 45, 50])), [10, 35, 40, 50]);
        assert_eq!(due(10, &fives([1000, 5, 10, 15])), [10]);
    }

    #[test]
    fn a_tick_that_comes_again_gets_the_same_answer() {
        let mut daemon = Daemon::new();
        daemon.event(&Event::Tick { period: Seconds5, when: 5 }).repeat();
        daemon.event(&Event::Tick { period: Seconds5, when: 10 }).repeat();
        daemon.raw("TICK_7", "when:70");
        let mut every = Every::new(Duration::from_secs(10));
        let mut answers = Vec::new();
        daemon.run(|delivery: &Delivery| answers.push(every.is_due(delivery))).unwrap();
        assert_eq!(answers, [false, false, true, true, false]);
    }
}
