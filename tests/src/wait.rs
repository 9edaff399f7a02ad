//! Waiting for conditions. The only place of the crate that reads a clock, and it reads it for the guard alone: no
//! result depends on when a condition came true.

use std::time::{Duration, Instant};

/// How long a condition may stay false before the test is given up.
pub const GUARD: Duration = Duration::from_secs(30);

/// How often a condition is looked at.
const PAUSE: Duration = Duration::from_millis(15);

/// A point in time after which waiting is pointless.
pub struct Deadline(Instant);

impl Deadline {
    /// The guard of a wait that begins now.
    #[expect(clippy::disallowed_methods, reason = "the clock module of the rig")]
    pub fn guard() -> Self {
        Self(Instant::now() + GUARD)
    }

    /// Whether the time is over.
    #[expect(clippy::disallowed_methods, reason = "the clock module of the rig")]
    pub fn has_passed(&self) -> bool {
        Instant::now() > self.0
    }
}

/// One breath between two looks at a condition.
pub fn pause() {
    std::thread::sleep(PAUSE);
}

/// Looks at `probe` until it yields something, and panics with `what` when the guard of 30 s is over.
pub fn wait_until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Deadline::guard();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(!deadline.has_passed(), "gave up waiting for {what}");
        pause();
    }
}
