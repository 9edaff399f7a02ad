//! The running servers: when they begin, how they end.
//!
//! Every server has an accept task, every connection a task of its own (`door.rs`).
//!
//! **Closing** ends everything at once, but delivers what has been answered: idle connections close, log streams end,
//! requests that wait for the daemon are dropped without a reply, and replies already made have a second to leave.
//!
//! Contracts `ctl_h8`, `ctl_h36`, `ctl_h43`, `ctl_h44`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bind::{BoundServer, BoundSocket};
use super::bind_error::BindError;
use super::door::{Door, House};
use super::site::{OpenSite, Site};
use super::socket_file::SocketFile;
use super::transport::Listener;

/// How long replies may take to leave when the servers close.
const FLUSH: Duration = Duration::from_secs(1);

/// The running servers. Close them with [`Server::close`]; dropping ends them too, without flushing.
pub struct Server {
    closing: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
    unix: Vec<UnixServer>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}

/// What it takes to open a unix server again.
struct UnixServer {
    file: SocketFile,
    house: House,
    /// Ends the accept task.
    stop: CancellationToken,
}

/// A unix server whose file had vanished.
#[derive(Debug)]
pub struct Restored {
    /// The socket's path.
    pub path: PathBuf,
    /// Whether it is there again.
    pub result: Result<(), BindError>,
}

/// Starts to answer on bound sockets. Must be called within the runtime.
///
/// # Errors
/// The runtime cannot watch a socket.
pub fn serve(bound: Vec<BoundServer>, site: Site) -> io::Result<Server> {
    let mut server = Server {
        closing: CancellationToken::new(),
        abort: CancellationToken::new(),
        tasks: TaskTracker::new(),
        unix: Vec::new(),
    };
    let site = OpenSite::new(site, server.closing.clone());
    for BoundServer { section, credentials, socket } in bound {
        let house = House {
            section,
            credentials: credentials.map(Arc::new),
            site: site.clone(),
            abort: server.abort.clone(),
            tasks: server.tasks.clone(),
        };
        match socket {
            BoundSocket::Inet(listener) => {
                let listener = Listener::Inet(tokio::net::TcpListener::from_std(listener)?);
                server.tasks.spawn(Door::new(listener, house, server.closing.clone()).keep());
            }
            BoundSocket::Unix(listener, file) => server.unix.push(open(listener, file, house, &server.closing)?),
        }
    }
    Ok(server)
}

fn open(
    listener: std::os::unix::net::UnixListener,
    file: SocketFile,
    house: House,
    closing: &CancellationToken,
) -> io::Result<UnixServer> {
    let stop = closing.child_token();
    let listener = Listener::Unix(tokio::net::UnixListener::from_std(listener)?);
    house.tasks.spawn(Door::new(listener, house.clone(), stop.clone()).keep());
    Ok(UnixServer { file, house, stop })
}

impl Server {
    /// Makes the socket files again that have vanished, by a cleaned `/tmp` for instance. Connections that exist are
    /// not touched. Returns what was missing; usually nothing.
    pub fn restore_socket_files(&mut self) -> Vec<Restored> {
        let missing = self.unix.iter_mut().filter(|server| !server.file.is_in_place());
        missing
            .map(|server| {
                let path = server.file.path().to_owned();
                let result = server.file.make_again().and_then(|(listener, file)| {
                    let next = open(listener, file, server.house.clone(), &self.closing)?;
                    let last = std::mem::replace(server, next);
                    last.stop.cancel();
                    Ok(())
                });
                Restored { path, result }
            })
            .collect()
    }

    /// Ends every connection at once, stops listening and removes the socket files. Replies already given still
    /// leave, for at most a second.
    ///
    /// # Cancel safety
    /// Dropping the future aborts what is left.
    pub async fn close(self) {
        self.closing.cancel();
        self.tasks.close();
        // Whoever does not read in time is cut off.
        if timeout(FLUSH, self.tasks.wait()).await.is_err() {
            self.abort.cancel();
            self.tasks.wait().await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.cancel();
        self.abort.cancel();
    }
}
