//! The only place that reads the clocks.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::engine::Now;

/// The instant from which monotonic time is counted.
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
    *ORIGIN.get_or_init(Instant::now)
}

/// The time on both clocks.
pub fn now() -> Now {
    Now { mono: mono(), wall: wall() }
}

/// Time on the monotonic clock, as in [`now`].
pub(super) fn mono() -> Duration {
    origin().elapsed()
}

/// Time since the epoch; zero if the wall clock stands before it.
pub fn wall() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A monotonic time as tokio's timers want it; one that the clock cannot hold is a century ahead.
pub(super) fn instant(mono: Duration) -> tokio::time::Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    tokio::time::Instant::from_std(origin().checked_add(mono).unwrap_or_else(|| origin() + CENTURY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::Seconds;

    #[test]
    fn no_deadline_runs_over() {
        let latest = instant(now().mono + Seconds(i64::MAX).duration());
        assert!(latest > instant(Duration::from_secs(1)));
        assert!(instant(Duration::MAX) > instant(Duration::from_secs(1)));
    }
}
