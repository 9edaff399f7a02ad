//! A simulated world around the engine: random programs, listeners and clients under a seed, in virtual time.
//!
//! A run builds a random configuration, lets [`world::Simulation`] play the shell against it and asks
//! [`checker::Checker`] after every turn whether what must always hold still does. A run is a function of its
//! seed. A failure names the seed and tells the last turns; `SIM_SEED=n` plays that one run again, `SIM_RUNS=n`
//! sets how many are played.
//!
//! That the checker sees anything at all is proven by planted faults: with each [`Fault`] in place, the runs
//! that the tests make by default must find a violation.

mod checker;
mod child;
mod clients;
mod config;
mod rng;
mod world;

use world::Simulation;

/// Runs that a test makes unless `SIM_RUNS` says otherwise.
const RUNS: u64 = 1000;

/// A planted fault, for the simulation to find. Each is asked for at one place of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value:?}")))
}

/// Plays the run again that failed, this time with a record of it.
fn tell(seed: u64, fault: Option<Fault>, violation: &str) -> ! {
    let mut again = Simulation::new(seed, fault);
    again.record();
    let same = again.run();
    let record = again.recorded().join("\n");
    panic!("{record}\n\n{violation}\nreplay with SIM_SEED={seed} (second time: {same:?})");
}

#[test]
fn nothing_is_violated_whatever_happens() {
    let seeds = match setting("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("SIM_RUNS").unwrap_or(RUNS),
    };
    for seed in seeds {
        if let Err(violation) = Simulation::new(seed, None).run() {
            tell(seed, None, &violation);
        }
    }
}

#[test]
fn runs_are_functions_of_their_seeds() {
    let record = |seed| {
        let mut simulation = Simulation::new(seed, None);
        simulation.record();
        simulation.run().map(|()| simulation.recorded())
    };
    assert_eq!(record(7), record(7));
    assert_ne!(record(7), record(8));
}

/// How many runs find a fault, and what they call it.
fn is_found(fault: Fault, word: &str) {
    let mut found = (0..RUNS).filter_map(|seed| Simulation::new(seed, Some(fault)).run().err());
    let told: Vec<String> = found.by_ref().take(3).collect();
    assert!(!told.is_empty(), "{fault:?} was not found in {RUNS} runs");
    assert!(told.iter().any(|violation| violation.contains(word)), "{fault:?} was only told as {told:?}");
}

#[test]
fn a_lost_requeue_is_found() {
    is_found(Fault::LostRequeue, "lost");
}

#[test]
fn a_double_restart_is_found() {
    is_found(Fault::DoubleRestart, "second child");
}

#[test]
fn a_gap_in_poolserials_is_found() {
    is_found(Fault::GapInPoolserials, "poolserial");
}

#[test]
fn an_unanswered_waiter_is_found() {
    is_found(Fault::UnansweredWaiter, "never answered");
}

#[test]
fn two_events_in_flight_are_found() {
    is_found(Fault::TwoInFlight, "not ready for");
}
