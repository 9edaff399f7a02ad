//! The daemon as the commands see it: calls with replies, and streams of bytes.
//!
//! The commands know neither XML nor sockets. [`Remote`](crate::remote::Remote) is the daemon at the other end
//! of a socket, the tests have one that follows a script.

use std::io::{self, Read};

use supervisor_protocol::xmlrpc::{Fault, FaultCode, Value};
use supervisor_sdk::rpc;

/// Which daemon to talk to, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// `http://host:port` or `unix:///path`, as the user wrote it: messages quote it.
    pub(crate) server_url: String,
    /// Sent only together with a password.
    pub(crate) username: Option<String>,
    /// Sent only together with a user name.
    pub(crate) password: Option<String>,
}

/// Something that answers like supervisord.
pub(crate) trait Daemon {
    /// Uses fresh connections to this target from now on.
    fn aim(&mut self, target: &Target);

    /// Calls a method, `supervisor.getPID` for instance, and waits for its reply however long it takes.
    ///
    /// # Errors
    /// A fault of the method, or whatever kept it from answering.
    fn call(&mut self, method: &str, params: Vec<Value>) -> Result<Value, CallError>;

    /// Prepares to follow a log as it grows: `/mainlogtail`, `/logtail/name/stdout`. Opening it may take its
    /// time, so it is left to whoever reads it.
    fn follow(&self, path: &str) -> Opening;
}

/// Opens a stream; gives what to read and how to end it.
pub(crate) type Opening = Box<dyn FnOnce() -> Result<(Box<dyn Read + Send>, Closer), CallError> + Send>;

/// Ends a stream that is being read elsewhere.
pub(crate) type Closer = Box<dyn FnOnce() + Send>;

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The method said no, or the server did not answer.
    #[error(transparent)]
    Rpc(#[from] rpc::Error),
    /// There is no such server.
    #[error(transparent)]
    Url(#[from] rpc::UnknownProtocol),
}

impl CallError {
    /// Which of Supervisor's faults this is, if it is one.
    pub(crate) fn fault(&self) -> Option<FaultCode> {
        match self {
            CallError::Rpc(error) => error.fault(),
            CallError::Url(_) => None,
        }
    }

    /// The fault, of whatever number.
    ///
    /// # Errors
    /// Itself, if it is none.
    pub(crate) fn into_fault(self) -> Result<Fault, CallError> {
        match self {
            CallError::Rpc(rpc::Error::Fault(fault)) => Ok(fault),
            other => Err(other),
        }
    }

    /// The HTTP status, if the server answered with another one than 200.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            CallError::Rpc(rpc::Error::Http { status, .. }) => Some(*status),
            _ => None,
        }
    }

    /// Which error of the system this is, if it is one.
    pub(crate) fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            CallError::Rpc(rpc::Error::Io(error)) => Some(error.kind()),
            _ => None,
        }
    }
}
