//! When to tell that output of a child is lost.
//!
//! A full disk may lose a piece at every read, or every other one. It is told at once when it begins, then once a
//! minute at most, each time with the number of bytes lost since; what was lost last is told when writing works again.

use std::time::Duration;

/// The time between two lines about one log.
const INTERVAL: Duration = Duration::from_secs(60);

/// Something that is told once a minute at most.
#[derive(Debug, Default)]
pub struct Reminder {
    told_at: Option<Duration>,
}

impl Reminder {
    /// Whether to tell it now (monotonic time).
    pub fn is_due(&mut self, now: Duration) -> bool {
        let is_due = self.told_at.is_none_or(|told_at| now.saturating_sub(told_at) >= INTERVAL);
        if is_due {
            self.told_at = Some(now);
        }
        is_due
    }
}

/// The bytes that one log has lost.
#[derive(Debug, Default)]
pub struct Losses {
    untold: u64,
    reminder: Reminder,
}

impl Losses {
    /// Some bytes are lost. The number of bytes to tell, if it is time to.
    pub fn lost(&mut self, bytes: u64, now: Duration) -> Option<u64> {
        self.untold = self.untold.saturating_add(bytes);
        self.tell(now)
    }

    /// Something was written. The number of bytes to tell, if it is time to; the time is only asked where something
    /// is untold.
    pub fn written(&mut self, now: impl FnOnce() -> Duration) -> Option<u64> {
        if self.untold > 0 { self.tell(now()) } else { None }
    }

    fn tell(&mut self, now: Duration) -> Option<u64> {
        self.reminder.is_due(now).then(|| std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_steady_loss_is_told_once_a_minute_with_its_total() {
        let mut losses = Losses::default();
        let told: Vec<(u64, u64)> =
            (0..150).filter_map(|at| losses.lost(10, seconds(at)).map(|bytes| (at, bytes))).collect();
        assert_eq!(told, [(0, 10), (60, 600), (120, 600)]);
        assert_eq!(losses.written(|| seconds(150)), None, "not yet");
        assert_eq!(losses.written(|| seconds(180)), Some(290));
        assert_eq!(losses.written(|| unreachable!("nothing is untold")), None);
    }

    #[test]
    fn a_loss_that_comes_and_goes_is_told_as_often() {
        let mut losses = Losses::default();
        let mut told = Vec::new();
        for at in 0..100 {
            told.extend(losses.lost(1, seconds(at)));
            told.extend(losses.written(|| seconds(at)));
        }
        assert_eq!(told, [1, 60]);
    }
}
