//! What all connections share: the way to the daemon, and what is told about it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::note::Note;
use crate::engine::command::{Command, Refusal, Reply};
use crate::shell::handle::Handle;

/// Largest header block of a request, in bytes (then 431).
pub(super) const MAX_HEADER_BYTES: usize = 64 * 1024;
/// Largest body of a request, in bytes (then 413).
pub(super) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// Connections of one server at a time; more wait to be accepted.
pub(super) const MAX_CONNECTIONS: usize = 1024;
/// From a request's first byte to its last.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Most bytes of a log that one call returns.
pub(super) const MAX_LOG_BYTES: u64 = 64 * 1024 * 1024;

/// What the servers serve.
#[derive(Clone)]
pub struct Site {
    /// The way to the daemon.
    pub handle: Handle,
    /// The namespaces of the `[rpcinterface:x]` sections, e.g. `supervisor`; each serves the main interface.
    pub namespaces: Vec<String>,
    /// What `getSupervisorVersion` answers and the page's footer shows.
    pub version: String,
    /// The wall clock.
    pub wall_clock: fn() -> SystemTime,
    /// Takes what is worth a line of the activity log. Called on the daemon's only thread: must not block.
    pub log: Arc<dyn Fn(Note) + Send + Sync>,
}

/// A site and the news that it is closing.
#[derive(Clone)]
pub(super) struct OpenSite {
    site: Arc<Site>,
    pub(super) closing: CancellationToken,
}

/// The daemon is exiting or opening anew: the request gets no answer, its connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server is closing")]
pub(super) struct Closing;

impl OpenSite {
    pub(super) fn new(site: Site, closing: CancellationToken) -> OpenSite {
        OpenSite { site: Arc::new(site), closing }
    }

    /// Asks the daemon and waits for its answer, but no longer than the site is open.
    ///
    /// # Cancel safety
    /// Giving up leaves the action to run its course.
    pub(super) async fn ask(&self, command: Command) -> Result<Result<Reply, Refusal>, Closing> {
        tokio::select! {
            // An answer that is there is delivered, even while closing (`shutdown` is answered, then carried out).
            biased;
            answer = self.site.handle.request(command) => answer.map_err(|_| Closing),
            () = self.closing.cancelled() => Err(Closing),
        }
    }

    pub(super) fn note(&self, note: Note) {
        (self.site.log)(note);
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.site.wall_clock)()
    }
}

impl std::ops::Deref for OpenSite {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}
