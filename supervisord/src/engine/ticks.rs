//! TICK events: one at each boundary of wall-clock time that is a multiple of its period.
//!
//! The first look only remembers where time stands, so no tick comes at start. A boundary that was missed is
//! not made up for, and a clock set back gives a tick too (`ev_e29`, `cfg_rr01`).

use std::time::Duration;

use supervisor_protocol::event::{Event, TickPeriod};

use super::Now;

/// Where time stood at the last look, per period.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    slices: Option<[u64; 3]>,
}

impl Ticks {
    /// Remembers where time stands.
    pub(super) fn look(&mut self, now: Now) {
        self.slices = Some(Self::slices_at(now));
    }

    /// The ticks due at `now`, shortest period first.
    pub(super) fn due(&mut self, now: Now) -> impl Iterator<Item = Event> + use<> {
        let current = Self::slices_at(now);
        let last = self.slices.replace(current).unwrap_or(current);
        TickPeriod::ALL
            .into_iter()
            .zip(current.into_iter().zip(last))
            .filter(|(_, (when, last))| when != last)
            .map(|(period, (when, _))| Event::Tick { period, when })
    }

    fn slices_at(now: Now) -> [u64; 3] {
        let wall = now.wall.as_secs();
        TickPeriod::ALL.map(|period| wall - wall % period.seconds())
    }

    /// When, on the monotonic clock, the next boundary of the shortest period comes.
    pub(super) fn next(now: Now) -> Duration {
        let period = Duration::from_secs(TickPeriod::Seconds5.seconds());
        let into = Duration::from_nanos((now.wall.as_nanos() % period.as_nanos()) as u64);
        now.mono + (period - into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall_millis: u64) -> Now {
        Now { mono: Duration::from_secs(77), wall: Duration::from_millis(wall_millis) }
    }

    #[test]
    fn boundaries_tick_once_in_order_and_without_catching_up() {
        let mut ticks = Ticks::default();
        let mut due = |millis| ticks.due(at(millis)).collect::<Vec<_>>();
        let tick = |period, when| Event::Tick { period, when };
        assert_eq!(due(7_199_000_000), []);
        assert_eq!(due(7_199_004_999), []);
        assert_eq!(due(7_199_005_000), [tick(TickPeriod::Seconds5, 7_199_005)]);
        assert_eq!(due(7_199_005_100), []);
        assert_eq!(
            due(7_200_000_000),
            [
                tick(TickPeriod::Seconds5, 7_200_000),
                tick(TickPeriod::Seconds60, 7_200_000),
                tick(TickPeriod::Seconds3600, 7_200_000)
            ]
        );
        assert_eq!(due(7_200_021_000), [tick(TickPeriod::Seconds5, 7_200_020)]);
        assert_eq!(due(7_200_016_000), [tick(TickPeriod::Seconds5, 7_200_015)]);
    }

    #[test]
    fn the_next_boundary_is_known_on_the_monotonic_clock() {
        assert_eq!(Ticks::next(at(1_003_000)), Duration::from_secs(77 + 2));
        assert_eq!(Ticks::next(at(1_005_000)), Duration::from_secs(77 + 5));
    }
}
