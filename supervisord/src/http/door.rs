//! Accepts the connections of one server and runs each in a task of its own.
//!
//! hyper speaks HTTP/1 with keep-alive. An idle connection is never closed from here: the clients that Supervisor's
//! users have do not reconnect.
//!
//! **Lingering**: a reply may precede the end of a request (401, 413), and a socket closed with unread data resets the
//! connection under the reply. So after its last reply a connection is shut for writing and read for a moment.
//!
//! Contracts `ctl_h17` to `ctl_h19`, `ctl_h33` to `ctl_h35`, `ctl_h38`, `ctl_s6`.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::auth::Credentials;
use super::exchange::exchange;
use super::note::Note;
use super::site::{MAX_CONNECTIONS, MAX_HEADER_BYTES, OpenSite};
use super::transport::{Connection, Listener, Wire};

/// How long a connection lingers for the rest of a request that has been answered.
const LINGER: Duration = Duration::from_secs(1);
/// The pause after a failure to accept: no event tells when descriptors are free again.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What the connections of a server need, whatever socket they came through.
#[derive(Clone)]
pub(super) struct House {
    pub(super) section: String,
    pub(super) credentials: Option<Arc<Credentials>>,
    pub(super) site: OpenSite,
    /// Ends connections in the middle of a reply.
    pub(super) abort: CancellationToken,
    pub(super) tasks: TaskTracker,
}

/// A listening socket.
pub(super) struct Door {
    listener: Listener,
    house: House,
    stop: CancellationToken,
    /// The failure to accept has been told; the next one is not, until one succeeds.
    is_stuck: bool,
}

impl Door {
    pub(super) fn new(listener: Listener, house: House, stop: CancellationToken) -> Door {
        Door { listener, house, stop, is_stuck: false }
    }

    /// Lets connections in until told to stop; then those that have knocked already, unless everything closes.
    pub(super) async fn keep(mut self) {
        let stop = self.stop.clone();
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.let_in(&places) => {}
        }
        if !self.house.site.closing.is_cancelled() {
            // The runtime looks at its sockets between two turns of a task.
            tokio::task::yield_now().await;
            tokio::select! {
                biased;
                () = self.let_in(&places) => {}
                () = std::future::ready(()) => {}
            }
        }
    }

    async fn let_in(&mut self, places: &Arc<Semaphore>) {
        loop {
            // The semaphore is never closed.
            let place = Arc::clone(places).acquire_owned().await.ok();
            match self.listener.accept().await {
                Ok(connection) => self.admit(connection, place),
                Err(error) => self.pause_after(&error).await,
            }
        }
    }

    fn admit(&mut self, connection: Connection, place: Option<OwnedSemaphorePermit>) {
        self.is_stuck = false;
        let House { credentials, site, abort, .. } = self.house.clone();
        self.house.tasks.spawn(async move {
            tokio::select! {
                () = abort.cancelled() => {}
                () = converse(connection, site, credentials) => {}
            }
            drop(place);
        });
    }

    async fn pause_after(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, InvalidInput};
        // The client has left between connecting and being accepted: its own affair.
        if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | InvalidInput) {
            return;
        }
        if !std::mem::replace(&mut self.is_stuck, true) {
            let section = self.house.section.clone();
            self.house.site.note(Note::AcceptFailed { section, error: error.to_string() });
        }
        sleep(ACCEPT_PAUSE).await;
    }
}

/// Serves one connection to its end.
async fn converse(connection: Connection, site: OpenSite, credentials: Option<Arc<Credentials>>) {
    let connection = Arc::new(connection);
    let service = service_fn(|request| {
        let (site, connection, credentials) = (site.clone(), Arc::clone(&connection), credentials.clone());
        async move { exchange(&site, &connection, credentials.as_deref(), request).await }
    });
    let mut conversation = pin!(
        http1::Builder::new()
            .half_close(true)
            .title_case_headers(true)
            .header_read_timeout(None)
            .max_header_size(MAX_HEADER_BYTES)
            .max_buf_size(2 * MAX_HEADER_BYTES)
            .serve_connection(TokioIo::new(Wire::new(Arc::clone(&connection))), service)
    );
    tokio::select! {
        // Requests that have arrived are seen before the news that the server is closing.
        biased;
        // How it ended concerns only the client: broken requests have been answered by hyper, all but one kind, which it
        // leaves to servers that know HTTP/2.
        ended = conversation.as_mut() => {
            if ended.is_err_and(|error| error.is_parse_version_h2()) {
                connection.refuse();
            }
        }
        () = site.closing.cancelled() => {
            if !connection.is_receiving() {
                conversation.as_mut().graceful_shutdown();
                let _ = conversation.as_mut().await;
            }
            return;
        }
    }
    connection.finish();
    tokio::select! {
        () = site.closing.cancelled() => {}
        () = sleep(LINGER) => {}
        () = poll_fn(|cx| connection.poll_gone(cx)) => {}
    }
}
