//! The kit as a daemon: plays events at a listener in any language, and judges what it says.
//!
//! `script` has the checks as data and `session` the judgement, both pure; `events` makes what is sent. `play` is
//! the process and its pipes, `stub` the XML-RPC server that some listeners want.

mod events;
mod play;
mod script;
mod session;
mod stub;

use std::io;
use std::time::Duration;

use crate::check::{Check, Verdict};

/// All checks of a listener, in order.
pub(crate) fn checks() -> Vec<Check> {
    script::cases().into_iter().map(|case| case.check).collect()
}

/// Makes the checks that are `wanted`, one after the other, and tells of each.
///
/// # Errors
/// The command cannot be started at all, and failures of the system.
pub(crate) fn run(
    command: &[String],
    patience: Duration,
    wanted: impl Fn(&Check) -> bool,
    mut tell: impl FnMut(&Check, &Verdict) -> io::Result<()>,
) -> io::Result<()> {
    let dir = tempfile::tempdir()?;
    let socket = dir.path().join("supervisor.sock");
    stub::serve(&socket)?;
    let environment = [
        ("SUPERVISOR_ENABLED", "1".to_owned()),
        ("SUPERVISOR_PROCESS_NAME", events::POOL.to_owned()),
        ("SUPERVISOR_GROUP_NAME", events::POOL.to_owned()),
        ("SUPERVISOR_SERVER_URL", format!("unix://{}", socket.display())),
    ];
    for case in script::cases().iter().filter(|case| wanted(&case.check)) {
        tell(&case.check, &play::play(case, command, &environment, patience)?)?;
    }
    Ok(())
}
