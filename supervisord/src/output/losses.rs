//! When to tell that output of a child is lost, and that nothing is lost any more.
//!
//! A full disk may lose a piece at every read, or every other one. That it begins is told at once, then once a minute at
//! most how much was lost since; that the log is written again is told likewise, at once and once a minute at most. So
//! a disk that is full every other moment makes two lines a minute. What is told late is told all the same: when its
//! minute is over, though nothing more is written, or when the log ends.

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
        let is_due = now >= self.due_at();
        if is_due {
            self.told_at = Some(now);
        }
        is_due
    }

    /// When it may be told next; that may have been long ago.
    fn due_at(&self) -> Duration {
        self.told_at.map_or(Duration::ZERO, |told_at| told_at.saturating_add(INTERVAL))
    }
}

/// What is to be told of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// So many bytes are lost, since what was told last.
    Lost(u64),
    /// It is written again; so many bytes were lost that nothing was told of.
    WrittenAgain(u64),
}

/// Whether a log is written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Condition {
    #[default]
    Sound,
    Broken,
}

/// The bytes that one log has lost, and what was told of it.
#[derive(Debug, Default)]
pub struct Losses {
    untold: u64,
    /// What the last write has shown.
    is: Condition,
    /// What the last line has said.
    told: Condition,
    loss: Reminder,
    recovery: Reminder,
}

impl Losses {
    /// Some bytes are lost. What to tell now (monotonic time).
    pub fn lost(&mut self, bytes: u64, now: Duration) -> Option<Report> {
        self.untold = self.untold.saturating_add(bytes);
        self.is = Condition::Broken;
        self.due(now)
    }

    /// Something was written. What to tell now; the time is only asked where something is untold.
    pub fn written(&mut self, now: impl FnOnce() -> Duration) -> Option<Report> {
        self.is = Condition::Sound;
        if self.has_untold() { self.due(now()) } else { None }
    }

    /// What to tell now, though nothing has happened.
    pub fn due(&mut self, now: Duration) -> Option<Report> {
        if !self.has_untold() {
            return None;
        }
        let reminder = match self.is {
            Condition::Broken => &mut self.loss,
            Condition::Sound => &mut self.recovery,
        };
        if reminder.is_due(now) { self.end() } else { None }
    }

    /// When [`due`](Self::due) has something to tell; `None` if everything is told.
    pub fn deadline(&self) -> Option<Duration> {
        let reminder = match self.is {
            Condition::Broken => &self.loss,
            Condition::Sound => &self.recovery,
        };
        self.has_untold().then(|| reminder.due_at())
    }

    /// The log ends: what is untold, whatever the time.
    pub fn end(&mut self) -> Option<Report> {
        if !self.has_untold() {
            return None;
        }
        let bytes = std::mem::take(&mut self.untold);
        self.told = self.is;
        Some(match self.is {
            Condition::Broken => Report::Lost(bytes),
            Condition::Sound => Report::WrittenAgain(bytes),
        })
    }

    fn has_untold(&self) -> bool {
        self.untold > 0 || self.told != self.is
    }
}

#[cfg(test)]
mod tests {
    use super::Report::{Lost, WrittenAgain};
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_steady_loss_is_told_once_a_minute_with_its_total() {
        let mut losses = Losses::default();
        let told: Vec<(u64, Report)> =
            (0..150).filter_map(|at| losses.lost(10, seconds(at)).map(|report| (at, report))).collect();
        assert_eq!(told, [(0, Lost(10)), (60, Lost(600)), (120, Lost(600))]);
        assert_eq!(losses.written(|| seconds(150)), Some(WrittenAgain(290)), "at once");
        assert_eq!(losses.written(|| unreachable!("nothing is untold")), None);
        assert_eq!((losses.deadline(), losses.end()), (None, None));
    }

    #[test]
    fn a_log_that_is_sound_says_nothing() {
        let mut losses = Losses::default();
        assert_eq!(losses.written(|| unreachable!("nothing is untold")), None);
        assert_eq!((losses.deadline(), losses.due(seconds(1)), losses.end()), (None, None, None));
    }

    #[test]
    fn what_comes_too_early_is_told_when_its_minute_is_over() {
        let mut losses = Losses::default();
        assert_eq!(losses.lost(1, seconds(5)), Some(Lost(1)));
        assert_eq!(losses.deadline(), None);
        assert_eq!(losses.lost(2, seconds(6)), None);
        assert_eq!(losses.lost(3, seconds(7)), None);
        assert_eq!(losses.deadline(), Some(seconds(65)));
        assert_eq!(losses.due(seconds(64)), None);
        assert_eq!(losses.due(seconds(65)), Some(Lost(5)));
        assert_eq!(losses.deadline(), None);
    }

    #[test]
    fn one_loss_that_was_told_still_has_its_end_told() {
        let mut losses = Losses::default();
        assert_eq!(losses.lost(4, seconds(0)), Some(Lost(4)));
        assert_eq!(losses.written(|| seconds(5)), Some(WrittenAgain(0)));
    }

    #[test]
    fn a_loss_that_comes_and_goes_makes_two_lines_a_minute() {
        let mut losses = Losses::default();
        let mut told = Vec::new();
        for at in 0..100 {
            told.extend(losses.lost(1, seconds(at)).map(|report| (at, report)));
            told.extend(losses.written(|| seconds(at)).map(|report| (at, report)));
        }
        assert_eq!(told, [(0, Lost(1)), (0, WrittenAgain(0)), (60, Lost(60)), (60, WrittenAgain(0))]);
        // It has ceased: what was lost since is told once.
        assert_eq!(losses.deadline(), Some(seconds(120)));
        assert_eq!(losses.due(seconds(120)), Some(WrittenAgain(39)));
        assert_eq!(losses.deadline(), None);
    }

    #[test]
    fn whatever_is_untold_at_the_end_is_told_then() {
        let mut losses = Losses::default();
        for _ in 0..20 {
            losses.lost(50_000, seconds(0));
        }
        assert_eq!(losses.end(), Some(Lost(950_000)));
        assert_eq!(losses.end(), None);
        losses.written(|| seconds(1));
        losses.lost(1, seconds(2));
        losses.written(|| seconds(3));
        assert_eq!(losses.end(), Some(WrittenAgain(1)));
    }

    #[test]
    fn every_lost_byte_is_told_once() {
        // Losses and successes in every order of seven, half a minute apart.
        for pattern in 0..1_u32 << 7 {
            let mut losses = Losses::default();
            let mut told = Vec::new();
            for step in 0..7_u32 {
                let now = seconds(u64::from(step) * 30);
                told.extend(match pattern >> step & 1 {
                    1 => losses.lost(1, now),
                    _ => losses.written(|| now),
                });
            }
            told.extend(losses.end());
            let bytes = |report: &Report| match report {
                Lost(bytes) | WrittenAgain(bytes) => *bytes,
            };
            let bytes: u64 = told.iter().map(bytes).sum();
            assert_eq!(bytes, u64::from(pattern.count_ones()), "{pattern:07b}: {told:?}");
            let is_broken_last = pattern >> 6 == 1;
            assert!(
                told.last().is_none_or(|last| matches!(last, Lost(_)) == is_broken_last),
                "{pattern:07b}: {told:?}"
            );
        }
    }
}
