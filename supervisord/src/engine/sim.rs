//! A simulated world around the engine.

/// A planted fault, for the simulation to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)]
pub(super) enum Fault {
    /// An event that goes back to the queue is lost.
    LostRequeue,
    /// A restart spawns twice.
    DoubleRestart,
    /// A pool skips numbers.
    GapInPoolserials,
    /// A client that waits is never answered.
    UnansweredWaiter,
    /// A listener gets a second event while it works on one.
    TwoInFlight,
}
