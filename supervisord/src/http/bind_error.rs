//! Why a server's address cannot be taken.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use nix::errno::Errno;
use nix::unistd::{Uid, User};
use supervisor_protocol::outside;

use crate::config::model::ServerConfig;

/// How many connections may wait to be accepted.
pub(super) const BACKLOG: i32 = 1024;

/// Why a server cannot be opened. The texts are those that follow `Error: ` on stderr (exit status 2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// Somebody listens there, or a live server answers at the socket's path.
    #[error(
        "Another program is already listening on a port that one of our HTTP servers is configured to use.  \
         Shut this program down first before starting supervisord."
    )]
    InUse,
    /// The system refused.
    #[error("Cannot open an HTTP server: socket.error reported {0}")]
    Socket(Reason),
    /// The user that runs the daemon may not give the socket file away.
    #[error(
        "Not permitted to chown {} to uid/gid ({uid}, {gid}); adjust \"sockchown\" value in config file or on command \
         line to values that the current user ({user}) can successfully chown",
        outside::text(path)
    )]
    Chown {
        /// The socket file.
        path: PathBuf,
        /// Wanted owner, -1: unchanged.
        uid: i64,
        /// Wanted group, -1: unchanged.
        gid: i64,
        /// Name of the current user.
        user: String,
    },
}

impl BindError {
    /// A user may not give the socket at a path to this owner.
    pub(crate) fn not_permitted(path: &Path, (uid, gid): (Option<u32>, Option<u32>), current: Uid) -> Self {
        let number = |id: Option<u32>| id.map_or(-1, i64::from);
        let user = User::from_uid(current).ok().flatten().map_or_else(|| current.to_string(), |user| user.name);
        BindError::Chown { path: path.to_owned(), uid: number(uid), gid: number(gid), user }
    }
}

/// The server that cannot be opened, and why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct ServerError<'a> {
    /// Its configuration.
    pub server: &'a ServerConfig,
    /// The reason.
    pub error: BindError,
}

/// What a socket error reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// `errno.EADDRNOTAVAIL (99)`
    Errno(Errno),
    /// `-2`: the resolver knows no such host.
    UnknownHost,
    /// The temporary name `PATH.PID` is longer than 107 bytes.
    PathTooLong,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Errno(errno) => write!(f, "errno.{errno:?} ({})", *errno as i32),
            Reason::UnknownHost => f.write_str("-2"),
            Reason::PathTooLong => f.write_str("AF_UNIX path too long"),
        }
    }
}

impl From<Errno> for BindError {
    fn from(errno: Errno) -> BindError {
        match errno {
            Errno::EADDRINUSE => BindError::InUse,
            other => BindError::Socket(Reason::Errno(other)),
        }
    }
}

impl From<io::Error> for BindError {
    fn from(error: io::Error) -> BindError {
        Errno::from_raw(error.raw_os_error().unwrap_or(0)).into()
    }
}
