//! Nothing outlives the demo.
//!
//! Linux can send a process a signal when its parent dies (`PR_SET_PDEATHSIG`), and the wish survives `exec`.
//! So the director does not start supervisord directly but this executable as `demo leash supervisord ...`,
//! which asks for SIGTERM and becomes the daemon: even a director killed with SIGKILL leaves a daemon that stops its
//! children in order and ends. The three programs ask for SIGKILL, should somebody kill the daemon that hard;
//! listeners see the end of their input in that case and end by themselves.
//!
//! The kernel watches the *thread* that forked. The director forks on its main thread only.

use std::os::unix::process::{CommandExt, parent_id};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

/// Asks for `signal` when the parent dies. A parent that died before the asking is noticed as well.
///
/// # Errors
/// The kernel refuses, or the parent is gone already.
pub(crate) fn hold(signal: Signal) -> Result<()> {
    let parent = parent_id();
    set_pdeathsig(signal).context("failed to tie the process to its parent")?;
    if parent_id() != parent {
        bail!("the parent is gone");
    }
    Ok(())
}

/// Becomes `program`, which will get SIGTERM when the director dies. Returns only to report a failure.
pub(crate) fn exec(program: &str, arguments: &[&str]) -> Result<()> {
    hold(Signal::SIGTERM)?;
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("failed to execute {program}"))
}
