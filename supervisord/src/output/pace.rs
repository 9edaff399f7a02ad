//! How soon a channel is read again.
//!
//! A program that writes without pause, a line at a time, would be read a line or two at a time: a wake-up, a read, a
//! write to its log and an event for each. Instead, what it writes gathers in its pipe for [a while](Rhythm) before the
//! next read. Only a channel that has shown such haste is held; a line that comes alone is taken at once, and so is the
//! end of file.

use std::time::Duration;

/// How long output gathers in a pipe at least. The fastest writers fill one (64 KiB) in about this time.
const SHORTEST: Duration = Duration::from_micros(200);

/// And at most: many writers share a processor, and fill theirs slowly.
const LONGEST: Duration = Duration::from_micros(1600);

/// Two reads of less than this, one close upon the other, show haste.
const LITTLE: usize = 16 * 1024;

/// A read of so much has nearly emptied a full pipe: gathering longer would make the writer wait.
const ENOUGH: usize = 48 * 1024;

/// What is to be done about a channel after a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is read when there is something, as before.
    Watch,
    /// It is no longer watched, but read after [a while](Rhythm).
    Hold,
    /// The same once more.
    HoldOn,
    /// It is watched again.
    Release,
}

/// The pace of one channel.
#[derive(Debug, Default)]
pub struct Pace {
    /// When something was last read from it (monotonic time).
    read_at: Option<Duration>,
    is_held: bool,
}

impl Pace {
    /// A read has yielded so many bytes.
    pub fn after(&mut self, bytes: usize, now: Duration) -> Next {
        let before = self.read_at;
        if bytes > 0 {
            self.read_at = Some(now);
        }
        match (self.is_held, bytes) {
            (true, 0 | ENOUGH..) => {
                self.is_held = false;
                Next::Release
            }
            (true, _) => Next::HoldOn,
            (false, 1..LITTLE) if before.is_some_and(|before| now.saturating_sub(before) < SHORTEST) => {
                self.is_held = true;
                Next::Hold
            }
            (false, _) => Next::Watch,
        }
    }
}

/// How long the held channels, all together, gather.
#[derive(Debug)]
pub struct Rhythm {
    interval: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        Rhythm { interval: SHORTEST }
    }
}

impl Rhythm {
    /// The next time of gathering, after reads of which the largest had so many bytes: longer when all were small,
    /// shorter when one was large.
    pub fn next(&mut self, largest: usize) -> Duration {
        self.interval = match largest {
            ..LITTLE => (self.interval * 2).min(LONGEST),
            LITTLE..ENOUGH => self.interval,
            ENOUGH.. => (self.interval / 2).max(SHORTEST),
        };
        self.interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows each read, given by its time in microseconds and its bytes.
    fn paced(reads: &[(u64, usize)]) -> Vec<Next> {
        let mut pace = Pace::default();
        reads.iter().map(|&(at, bytes)| pace.after(bytes, Duration::from_micros(at))).collect()
    }

    #[test]
    fn lines_that_come_alone_are_never_held() {
        assert_eq!(paced(&[(0, 100), (200, 100), (1000, 100), (1300, 100)]), [Next::Watch; 4]);
    }

    #[test]
    fn a_hasty_channel_is_held_until_it_pauses() {
        use Next::{Hold, HoldOn, Release, Watch};
        let reads = [(0, 100), (20, 100), (220, 20_000), (500, 9_000), (720, 0), (900, 100), (950, 100)];
        assert_eq!(paced(&reads), [Watch, Hold, HoldOn, HoldOn, Release, Watch, Hold]);
    }

    #[test]
    fn full_pipes_need_no_gathering() {
        assert_eq!(paced(&[(0, 65_536), (10, 65_536), (20, 65_536)]), [Next::Watch; 3]);
        assert_eq!(paced(&[(0, 10), (10, 10), (210, 65_536)])[2], Next::Release);
    }

    #[test]
    fn the_rhythm_follows_the_writers() {
        let mut rhythm = Rhythm::default();
        let micros: Vec<u128> = [100, 0, 2000, 5000, 20_000, 65_536, 65_536, 65_536, 65_536]
            .map(|largest| rhythm.next(largest).as_micros())
            .into();
        assert_eq!(micros, [400, 800, 1600, 1600, 1600, 800, 400, 200, 200]);
    }
}
