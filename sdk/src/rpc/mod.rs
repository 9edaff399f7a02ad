//! A blocking client for the daemon's control interface: XML-RPC over HTTP/1.1, on a unix or TCP socket.
//!
//! ```no_run
//! use supervisor_sdk::rpc::{Client, ServerUrl};
//! let mut client = Client::new(&ServerUrl::parse("unix:///run/supervisor.sock")?, None);
//! for process in client.get_all_process_info()? {
//!     println!("{}:{} {}", process.group, process.name, process.state);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A listener uses [`Client::from_env`]. One connection is kept and used for one call after the other. There
//! is no timeout: a `startProcess` answers when the process has started, whenever that is.
//!
//! # When the connection is lost
//!
//! A kept connection may be closed by the other end while it is idle. That is noticed before a call is sent,
//! and the call simply takes a new connection. If the end comes after that and before the first byte of the
//! reply, nobody knows whether the daemon acted on the call: calls that only read (`supervisor.get…`,
//! `read…`, `tail…`, and `system.…` except `multicall`) are then sent once more on a new connection, all
//! others fail with an error for which [`Error::is_connection_lost`] is true. For starting and stopping there
//! are [`Client::ensure_started`] and [`Client::ensure_stopped`], which find out and go on.
//!
//! Source: <http://supervisord.org/api.html>; contract id `ev_r09`.

mod client;
mod ensure;
mod methods;
mod socket;
mod stream;
#[cfg(test)]
mod tests;
mod url;

use std::io;

use supervisor_protocol::rpc::WrongShape;
use supervisor_protocol::xmlrpc::{Fault, FaultCode, ParseError};

use crate::http::HttpError;
use crate::net::{ResolveError, errno_text};

pub use client::{Client, EnvError};
pub use stream::{Closer, LogStream};
pub use url::{ServerUrl, UnknownProtocol};

/// Why a call has no result.
///
/// Displayed in the words the original's messages quote: `<Fault 70: 'NOT_RUNNING: g:n'>`,
/// `[Errno 111] Connection refused`, `Remote end closed connection without response`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The daemon refused; the connection is fine.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A status other than 200.
    #[error("{status} {reason}")]
    Http {
        /// Such as 401.
        status: u16,
        /// Such as `Unauthorized`; possibly empty.
        reason: String,
    },
    /// The connection was closed before the first byte of a reply.
    #[error("Remote end closed connection without response")]
    Closed,
    /// Connecting, writing or reading failed.
    #[error("{}", errno_text(.0))]
    Io(#[source] io::Error),
    /// The host has no address.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The reply is not HTTP.
    #[error("{0}")]
    NotHttp(#[source] HttpError),
    /// The reply is not XML-RPC.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// The result is not what the method is known to return.
    #[error("unexpected result of {method}")]
    Result {
        /// The method.
        method: String,
        /// What was there instead.
        #[source]
        source: WrongShape,
    },
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Error {
        match error {
            HttpError::NoResponse => Error::Closed,
            HttpError::Io(error) => Error::Io(error),
            other => Error::NotHttp(other),
        }
    }
}

impl Error {
    /// Whether the daemon could not be reached or went away, so that it is unknown whether it acted.
    pub fn is_connection_lost(&self) -> bool {
        matches!(self, Error::Closed | Error::Io(_))
    }

    /// Which of Supervisor's faults this is.
    pub fn fault(&self) -> Option<FaultCode> {
        match self {
            Error::Fault(fault) => fault.known(),
            _ => None,
        }
    }
}
