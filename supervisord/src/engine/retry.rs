//! How soon a rejected event is delivered again.
//!
//! A listener that answers FAIL while its backend is away relies on getting the event again, for ever and in
//! order. The original does so at once, thousands of times a second, with a line in the log each time. Here the
//! first [`AT_ONCE`] rejections of an event are as in the original; after that the pool waits before it hands out
//! again, from a millisecond doubling to a second, and the log has one line a second with a count.

use std::time::Duration;

/// Rejections of one event that are followed by a delivery at once.
const AT_ONCE: u32 = 10;

/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// At most one line in this time, once a pool has to wait.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait after the rejection number `count` of an event (1 is the first).
pub(super) fn wait(count: u32) -> Option<Duration> {
    let step = count.checked_sub(AT_ONCE + 1)?;
    Some(Duration::from_millis(1u64 << step.min(10)).min(MAX_WAIT))
}

/// Which rejections of a pool are worth a line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lines {
    last: Option<Duration>,
    unsaid: u32,
}

impl Lines {
    /// A rejection after which the pool waits; how many to report now, this one included, or `None` to stay
    /// silent.
    pub(super) fn count(&mut self, now: Duration) -> Option<u32> {
        self.unsaid += 1;
        if self.last.is_some_and(|last| now < last + LINE_INTERVAL) {
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_at_once_then_a_millisecond_doubling_to_a_second() {
        assert_eq!(wait(1), None);
        assert_eq!(wait(10), None);
        assert_eq!(wait(11), Some(Duration::from_millis(1)));
        assert_eq!(wait(12), Some(Duration::from_millis(2)));
        assert_eq!(wait(20), Some(Duration::from_millis(512)));
        assert_eq!(wait(21), Some(MAX_WAIT));
        assert_eq!(wait(u32::MAX), Some(MAX_WAIT));
    }

    #[test]
    fn one_line_a_second_tells_how_many() {
        let mut lines = Lines::default();
        let at = Duration::from_millis;
        assert_eq!(lines.count(at(0)), Some(1));
        assert_eq!(lines.count(at(10)), None);
        assert_eq!(lines.count(at(999)), None);
        assert_eq!(lines.count(at(1000)), Some(3));
    }
}
