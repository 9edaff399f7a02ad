//! The kit as listeners: plays good and bad ones at any supervisord, and judges what the daemon made of it.
//!
//! A **scene** is one daemon with one configuration, all of whose listeners are this program in its `--play` mode
//! (`actor`). What they are to do reaches them as events, over the very bus that is tested: a client sends a
//! REMOTE_COMMUNICATION whose type names a pool and whose data is a script (`ops`). What they saw they write to
//! transcripts; together with the daemon's activity log these are what is judged.
//!
//! Tables and judgements are pure. `stage` has the processes, the client and the waiting. Scenes run at the same
//! time, each with its own directory; within a scene all pools act at the same time, too.

pub(crate) mod actor;
mod config;
mod hostile;
mod log;
mod ops;
mod pools;
mod replies;
mod shutdown;
mod stage;
mod transcript;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::check::{Check, Verdict};
use stage::Setting;

/// What a scene found: one result for each of its checks, by name. A reason tells why a check does not hold.
type Findings = Vec<(String, Result<(), String>)>;

/// One daemon, and the checks that are made on it.
struct Scene {
    checks: fn() -> Vec<Check>,
    /// Plays the scene. An error means that it could not be played to its end, and fails what has no result.
    play: fn(&Setting, &mut Findings) -> Result<(), String>,
}

const SCENES: &[Scene] = &[
    Scene { checks: replies::checks, play: replies::play },
    Scene { checks: pools::checks, play: pools::play },
    Scene { checks: shutdown::checks, play: shutdown::play },
    Scene { checks: hostile::checks, play: hostile::play },
    Scene { checks: config::checks, play: config::play },
];

/// All checks of a daemon, in order.
pub(crate) fn checks() -> Vec<Check> {
    SCENES.iter().flat_map(|scene| (scene.checks)()).collect()
}

/// Plays the scenes with checks that are `wanted`, and tells of each wanted check, in order.
///
/// # Errors
/// The daemon is no program, and failures of the system.
pub(crate) fn run(
    daemon: &Path,
    patience: Duration,
    wanted: impl Fn(&Check) -> bool,
    mut tell: impl FnMut(&Check, &Verdict) -> io::Result<()>,
) -> io::Result<()> {
    let setting = Setting::new(daemon, patience)?;
    thread::scope(|scope| {
        let scenes: Vec<_> = SCENES.iter().map(|scene| (scene, (scene.checks)())).collect();
        let played: Vec<_> = scenes
            .into_iter()
            .filter(|(_, checks)| checks.iter().any(&wanted))
            .map(|(scene, checks)| {
                let setting = &setting;
                let play = move || {
                    let mut findings = Findings::new();
                    let outcome = (scene.play)(setting, &mut findings);
                    (findings, outcome)
                };
                (checks, scope.spawn(play))
            })
            .collect();
        for (checks, scene) in played {
            let (findings, outcome) = scene.join().map_err(|_| io::Error::other("a scene panicked"))?;
            let mut findings: HashMap<String, Result<(), String>> = findings.into_iter().collect();
            for check in checks.iter().filter(|check| wanted(check)) {
                let result = findings.remove(&check.name).unwrap_or_else(|| {
                    Err(outcome.clone().err().unwrap_or_else(|| "the scene made no such check".to_owned()))
                });
                tell(check, &Verdict::of(result))?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_each_check_has_its_contract() {
        let checks = checks();
        let names: BTreeSet<&str> = checks.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names.len(), checks.len());
        for check in &checks {
            assert!(!check.contract.is_empty(), "{}", check.name);
        }
    }
}
