//! What the reading accepts and its author cannot have meant: sections and options that nothing reads, open doors,
//! and what a start or a program would fail with on this system.

mod daemon;
mod names;
mod programs;
mod servers;
#[cfg(test)]
mod tests;

use super::World;
use super::model::{Config, Place};
use super::preflight::Preflight;
use super::report::Report;

pub(super) use names::names;

/// How much is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// All there is to report.
    Check,
    /// What would keep a daemon that runs from being set up anew. Of programs, of which there may be thousands, only what
    /// is the daemon's affair.
    Restart,
}

/// A configuration that makes sense, seen from this system.
struct View<'a> {
    purpose: Purpose,
    config: &'a Config,
    world: &'a dyn World,
    ahead: &'a dyn Preflight,
    place: &'a dyn Fn(&str, &str) -> Place,
    /// The user of the daemon. It becomes that user first of all, so whatever else it does it does as that user.
    uid: u32,
}

/// Reports what is odd about a configuration, and what would fail.
pub(super) fn config(
    config: &Config,
    purpose: Purpose,
    (world, ahead): (&dyn World, &dyn Preflight),
    place: &dyn Fn(&str, &str) -> Place,
    report: &mut Report,
) {
    let uid = daemon::user(&config.daemon, (world, ahead), report);
    let view = View { purpose, config, world, ahead, place, uid };
    daemon::lint(&view, report);
    servers::lint(&view, report);
    programs::lint(&view, report);
}
