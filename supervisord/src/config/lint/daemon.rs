//! The daemon's user, limits, and log.

use super::super::model::DaemonConfig;
use super::super::preflight::{Preflight, Refusal};
use super::super::report::Report;
use super::super::{World, remedy, resolve_user};
use super::View;

/// The user of the daemon, who must exist, and whom only root can become.
pub(super) fn user(daemon: &DaemonConfig, (world, ahead): (&dyn World, &dyn Preflight), report: &mut Report) -> u32 {
    match resolve_user(daemon, world) {
        Err(error) => {
            report.mistake(&error);
            world.uid()
        }
        Ok(None) => world.uid(),
        Ok(Some(user)) => {
            if let Err(text) = ahead.become_user(user.uid) {
                report.error(daemon.user_place.clone(), text, Some(remedy::of("user").to_owned()));
            }
            user.uid
        }
    }
}

/// What the daemon takes for itself.
pub(super) fn lint(view: &View<'_>, report: &mut Report) {
    let daemon = &view.config.daemon;
    let limits = view.ahead.limits(daemon, view.uid);
    let log = view.ahead.activity_log(daemon, view.uid).map_err(|text| Refusal { key: "logfile", text });
    for Refusal { key, text } in [limits, log].into_iter().filter_map(Result::err) {
        report.error((view.place)("supervisord", key), text, Some(remedy::of(key).to_owned()));
    }
}
