//! How soon a channel is read again.
//!
//! A program that writes without pause, a line at a time, would be read a line or two at a time: a wake-up, a read, a
//! write to its log and an event for each. And while its pipe is watched, each of its writes has the kernel look for
//! somebody to wake. Instead, what it writes gathers in its pipe, unwatched, for [a while](Rhythm) before the next read.
//! Only a channel that has shown such haste is held; a line that comes alone is taken at once.

use std::time::Duration;

/// What is to gather in a pipe, of the 64 KiB that it holds: enough for one read to be worth it, and little enough for
/// writers to find room, and their pages still in the processor's cache, until the daemon gets its turn.
const GOAL: usize = 8 * 1024;

/// What is written in whole pages gathered before it was written.
const PAGE: usize = 4096;

/// Two reads of less than this, one close upon the other, show haste.
const LITTLE: usize = 8 * 1024;

/// So many of them in a row do. A few lines at a time are everyone's habit.
const HASTY_READS: u8 = 8;

/// How close.
const CLOSE: Duration = Duration::from_micros(200);

/// A read of so much has nearly emptied a full pipe.
const FULL: usize = 48 * 1024;

/// A hasty writer may pause so long, for others have the processor, before its haste is forgotten.
const PATIENCE: Duration = Duration::from_millis(8);

/// How long output gathers at least: for less it is not worth waiting.
const SHORTEST: Duration = Duration::from_micros(150);

/// And at most: a line among them is late by no more.
const LONGEST: Duration = Duration::from_micros(1600);

/// And where nothing comes: what is left then are channels for which the system has no watch.
const IDLEST: Duration = Duration::from_millis(50);

/// What is to be done about a channel after a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is watched, and read when there is something.
    Watch,
    /// It is not watched, but read after [a while](Rhythm).
    Hold,
}

/// The pace of one channel.
#[derive(Debug, Default)]
pub struct Pace {
    /// When something was last read from it (monotonic time).
    read_at: Option<Duration>,
    /// How many reads in a row were of little, and close upon the one before.
    hasty_reads: u8,
    is_held: bool,
}

impl Pace {
    /// A read has yielded so many bytes. It is crowded where many channels have something at once: a full pipe shows one of
    /// many writers of lines who share the processors then, and nobody waits for it while others write. Where few
    /// are, it shows one who outruns the daemon, and is not to wait for it.
    pub fn after(&mut self, bytes: usize, now: Duration, is_crowded: bool) -> Next {
        let since = self.read_at.map_or(Duration::MAX, |read_at| now.saturating_sub(read_at));
        if bytes > 0 {
            self.read_at = Some(now);
        }
        let is_hasty = (1..LITTLE).contains(&bytes) && since < CLOSE;
        self.hasty_reads = if is_hasty { self.hasty_reads.saturating_add(1) } else { 0 };
        self.is_held = match bytes {
            0 => self.is_held && since < PATIENCE,
            _ if bytes.is_multiple_of(PAGE) => false,
            FULL.. => is_crowded,
            _ => self.is_held || self.hasty_reads >= HASTY_READS,
        };
        if self.is_held { Next::Hold } else { Next::Watch }
    }
}

/// How long the held channels, all together, gather: until each has what is worth a read, by what came last time.
#[derive(Debug, Default)]
pub struct Rhythm {
    /// What was chosen last, and when.
    last: Option<(Duration, Duration)>,
    /// For how long nothing has come.
    quiet: Duration,
}

impl Rhythm {
    /// The next time of gathering, if so many held channels have yielded so many bytes since the last.
    pub fn next(&mut self, channels: usize, bytes: usize, now: Duration) -> Duration {
        let (interval, wanted) = match self.last {
            None => (SHORTEST, SHORTEST),
            Some((interval, at)) => {
                let elapsed = now.saturating_sub(at);
                self.quiet = if bytes == 0 { self.quiet + elapsed } else { Duration::ZERO };
                let target = (channels * GOAL) as f64;
                let wanted = elapsed.as_secs_f64() * target / bytes.max(1) as f64;
                (interval, Duration::from_secs_f64(wanted.min(1.0)))
            }
        };
        let longest = if self.quiet > PATIENCE { IDLEST } else { LONGEST };
        // Not all at once: little may have come because others had the processor.
        let next = wanted.min(interval * 2).clamp(SHORTEST, longest);
        self.last = Some((next, now));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows each read, given by its time in microseconds and its bytes.
    fn paced(is_crowded: bool, reads: &[(u64, usize)]) -> Vec<Next> {
        let mut pace = Pace::default();
        reads.iter().map(|&(at, bytes)| pace.after(bytes, Duration::from_micros(at), is_crowded)).collect()
    }

    /// The intervals, in microseconds, when so many bytes come in each of the last.
    fn intervals(channels: usize, gathered: impl Fn(u128) -> usize, count: usize) -> Vec<u128> {
        let (mut rhythm, mut now, mut last) = (Rhythm::default(), Duration::ZERO, 0);
        let mut next = || {
            let interval = rhythm.next(channels, gathered(last), now);
            now += interval;
            last = interval.as_micros();
            last
        };
        (0..count).map(|_| next()).collect()
    }

    /// As many hasty reads as it takes, and one to begin with.
    fn haste() -> Vec<(u64, usize)> {
        (0..=u64::from(HASTY_READS)).map(|at| (at * 20, 100)).collect()
    }

    /// What follows these reads, after haste.
    fn paced_after_haste(is_crowded: bool, reads: &[(u64, usize)]) -> Vec<Next> {
        let all = paced(is_crowded, &[&haste(), reads].concat());
        all[haste().len() - 1..].to_vec()
    }

    #[test]
    fn a_few_lines_are_never_held() {
        let mut reads = haste();
        reads.pop();
        reads.extend([(1_000, 100), (1_020, 100), (9_000, 100)]);
        assert!(paced(true, &reads).iter().all(|next| *next == Next::Watch));
    }

    #[test]
    fn a_hasty_channel_is_held_until_it_pauses() {
        use Next::{Hold, Watch};
        let reads = [(400, 9_001), (800, 0), (1_200, 90), (9_000, 0), (9_300, 0), (9_400, 100)];
        assert_eq!(paced_after_haste(false, &reads), [Hold, Hold, Hold, Hold, Hold, Watch, Watch]);
    }

    #[test]
    fn one_who_outruns_the_daemon_is_watched_and_many_who_share_a_processor_are_not() {
        use Next::{Hold, Watch};
        assert_eq!(paced_after_haste(false, &[(400, 64_000), (410, 64_000)]), [Hold, Watch, Watch]);
        assert_eq!(paced_after_haste(true, &[(400, 64_000), (410, 64_000)]), [Hold, Hold, Hold]);
        assert_eq!(paced(true, &[(0, 64_000)]), [Hold]);
    }

    #[test]
    fn whole_pages_are_not_lines() {
        use Next::{Hold, Watch};
        assert_eq!(paced(true, &[(0, 65_536), (10, 4_096), (20, 8_192)]), [Watch; 3]);
        assert_eq!(paced_after_haste(true, &[(400, 65_536)]), [Hold, Watch]);
    }

    #[test]
    fn what_is_worth_a_read_gathers() {
        // One writer of 32 bytes a microsecond, and twenty who write 512 together.
        assert_eq!(intervals(1, |micros| 32 * micros as usize, 4), [150, 256, 256, 256]);
        assert_eq!(intervals(20, |micros| 512 * micros as usize, 4), [150, 300, 320, 320]);
        // Nothing comes, or so much that each pipe is full however short the interval.
        assert_eq!(intervals(1, |_| 0, 6), [150, 300, 600, 1200, 1600, 1600]);
        let idle = intervals(1, |_| 0, 16);
        assert_eq!(idle[7..13], [1600, 3200, 6400, 12_800, 25_600, 50_000]);
        assert_eq!(intervals(3, |_| 3 * 65_536, 3), [150, 150, 150]);
    }
}
