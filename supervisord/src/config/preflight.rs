//! What a start would meet with, asked beforehand.

use core::net::SocketAddr;
use std::path::Path;

use super::model::{DaemonConfig, FastCgiConfig, ProcessConfig};

/// A step that would fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The option that is to blame.
    pub key: &'static str,
    /// What a start would say.
    pub text: String,
}

/// Looks ahead on the running system, and leaves it as it is.
///
/// Steps are asked about for the user who takes them. Each answer is an error only where the step would fail for
/// certain; what cannot be told, and what is only taken at the moment (an address at which somebody listens), is none.
/// The errors have the text that a start would show.
pub trait Preflight {
    /// Becoming the daemon's user.
    ///
    /// # Errors
    /// Only root can become somebody else.
    fn become_user(&self, uid: u32) -> Result<(), String>;
    /// So many open files and processes.
    ///
    /// # Errors
    /// A hard limit is in the way.
    fn limits(&self, daemon: &DaemonConfig, uid: u32) -> Result<(), Refusal>;
    /// Opening the activity log.
    ///
    /// # Errors
    /// It is a directory, or not that user's to write.
    fn activity_log(&self, daemon: &DaemonConfig, uid: u32) -> Result<(), String>;
    /// The address of an inet server; `None` where nobody is to be asked about its host.
    ///
    /// # Errors
    /// There is no such host.
    fn address(&self, host: &str, port: u16) -> Result<Option<SocketAddr>, String>;
    /// Listening there.
    ///
    /// # Errors
    /// It is no address of this machine, or a port of root's.
    fn inet_server(&self, address: SocketAddr, uid: u32) -> Result<(), String>;
    /// Listening at a path, with a socket that is given to `chown`.
    ///
    /// # Errors
    /// It cannot be made there, or not be given away.
    fn unix_server(&self, path: &Path, chown: (Option<u32>, Option<u32>), uid: u32) -> Result<(), Refusal>;
    /// Making the AUTO log of a process.
    ///
    /// # Errors
    /// Its directory is not that user's to write, or its name no name of a file.
    fn auto_log(&self, daemon: &DaemonConfig, process: &str, uid: u32) -> Result<(), String>;
    /// Making the socket of FastCGI programs.
    ///
    /// # Errors
    /// As of servers.
    fn fcgi_socket(&self, socket: &FastCgiConfig, uid: u32) -> Result<(), Refusal>;
    /// Opening the log of a process.
    ///
    /// # Errors
    /// As of the activity log.
    fn child_log(&self, process: &str, path: &Path, uid: u32) -> Result<(), String>;
    /// Entering the directory of a process.
    ///
    /// # Errors
    /// It is not that user's to enter.
    fn directory(&self, path: &Path, uid: u32) -> Result<(), String>;
    /// Executing the command of a process, by a daemon of one user, as another; the directory is the daemon's.
    ///
    /// # Errors
    /// It is not there, or not theirs to execute.
    fn command(&self, process: &ProcessConfig, cwd: &Path, daemon: u32, uid: u32) -> Result<(), String>;
}
