//! The one place where this program reads a clock. Time is only ever used to give up.

use std::time::{Duration, Instant};

/// How long one look at something that cannot be waited for is delayed: a file, a process's end.
pub(crate) const TURN: Duration = Duration::from_millis(10);

/// A moment to give up at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// So much time from now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
    pub(crate) fn after(patience: Duration) -> Deadline {
        Deadline(Instant::now() + patience)
    }

    /// The time that is left; zero when it has passed.
    #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it is time to give up.
    pub(crate) fn has_passed(self) -> bool {
        self.left().is_zero()
    }
}

/// Asks again and again until the answer is yes; false if it never was. For conditions nobody announces.
pub(crate) fn wait_until(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Deadline::after(patience);
    loop {
        if condition() {
            return true;
        }
        if deadline.has_passed() {
            return false;
        }
        std::thread::sleep(TURN);
    }
}
