//! How fast a program that exits at once may be restarted.
//!
//! The original restarts from EXITED as fast as its loop turns: about once a second when idle. Restarting at
//! once, as this daemon does, would let a program with `startsecs=0` that exits at once spin. So each process
//! has a bucket of ten restarts, refilled at ten a second (`cfg_sm25`); a program that lives 100 ms or longer
//! never notices.

use std::time::Duration;

/// Restarts that may follow each other at once.
const BURST: u32 = 10;

/// Time in which one restart is earned back.
const INTERVAL: Duration = Duration::from_millis(100);

/// At most one warning in this time.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// The restart bucket of one process, kept as the time at which it will be full again.
#[derive(Debug, Clone, Default)]
pub(super) struct Throttle {
    full_at: Duration,
    warned_at: Option<Duration>,
}

impl Throttle {
    /// Takes a restart now.
    ///
    /// # Errors
    /// The bucket is empty: the time at which the next restart may be taken.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let full_at = self.full_at.max(now) + INTERVAL;
        let limit = now + INTERVAL * BURST;
        if full_at > limit {
            return Err(now + (full_at - limit));
        }
        self.full_at = full_at;
        Ok(())
    }

    /// Whether a warning is due now; asking counts as giving it.
    pub(super) fn should_warn(&mut self, now: Duration) -> bool {
        let due = self.warned_at.is_none_or(|at| now >= at + WARN_INTERVAL);
        if due {
            self.warned_at = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_at_once_then_ten_a_second() {
        let mut throttle = Throttle::default();
        let start = Duration::from_secs(1000);
        for _ in 0..10 {
            assert_eq!(throttle.take(start), Ok(()));
        }
        let next = throttle.take(start).unwrap_err();
        assert_eq!(next, start + INTERVAL);
        assert_eq!(throttle.take(next), Ok(()));
        assert_eq!(throttle.take(next), Err(next + INTERVAL));
    }

    #[test]
    fn a_program_that_lives_100_ms_never_waits() {
        let mut throttle = Throttle::default();
        let mut now = Duration::from_secs(5);
        for _ in 0..1000 {
            assert_eq!(throttle.take(now), Ok(()));
            now += INTERVAL;
        }
    }

    #[test]
    fn one_warning_a_minute() {
        let mut throttle = Throttle::default();
        let at = Duration::from_secs;
        assert!(throttle.should_warn(at(1)));
        assert!(!throttle.should_warn(at(60)));
        assert!(throttle.should_warn(at(61)));
    }
}
