//! The listening sockets that FastCGI programs share.
//!
//! Nothing here speaks FastCGI. A socket is made before the first process of its program is spawned, becomes
//! descriptor 0 of each of them, and is closed when the last one has died. In between it stays open whoever dies, so
//! connections wait in its queue while a process is restarted. Who holds a socket is counted by process: one hold
//! from before a spawn is tried until it has failed or its child was reaped (`cfg_fc02`, `cfg_fc03`).
//!
//! When a group is added each of its sockets is opened and closed again, so that one that cannot be made is known
//! early. The only wait in here is the look-up of a host name, and it belongs to that trial: later openings use the
//! address that was found.
//!
//! As the original does, a unix socket replaces whatever file is at its path, and leaves its own behind when it is
//! closed: the next one replaces it (`cfg_fc05`). IPv4 only.
//!
//! Source: Supervisor's `socket_manager.py`, `datatypes.py`; contract section 5 of the configuration reference.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::{SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::socket::sockopt::ReuseAddr;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, UnixAddr, bind, listen};
use nix::sys::socket::{setsockopt, socket};
use supervisor_protocol::outside;

use crate::config::model::{FastCgiConfig, GroupConfig, GroupKind, ProcessConfig};
use crate::engine::ProcessId;
use crate::engine::message::Message;
use crate::http::MAX_PATH_BYTES;

/// Why a socket cannot be made. The text is what `spawnerr` and the terminal show.
#[derive(Debug, thiserror::Error)]
#[error("Could not create FastCGI socket {url}: {problem}")]
pub(super) struct SocketError {
    pub(super) url: String,
    pub(super) problem: Problem,
}

impl SocketError {
    /// The option that is to blame.
    pub(super) fn key(&self) -> &'static str {
        match self.problem {
            Problem::Owner(_) => "socket_owner",
            Problem::System(_) | Problem::Host | Problem::PathTooLong | Problem::Mode(_) => "socket",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("[Errno {}] {}", *.0 as i32, .0.desc())]
    System(Errno),
    #[error("no IPv4 address of this name is known")]
    Host,
    #[error("AF_UNIX path too long")]
    PathTooLong,
    #[error("Could not change permissions of socket file: [Errno {}] {}", *.0 as i32, .0.desc())]
    Mode(Errno),
    #[error("Could not change ownership of socket file: [Errno {}] {}", *.0 as i32, .0.desc())]
    Owner(Errno),
}

impl From<Errno> for Problem {
    fn from(errno: Errno) -> Problem {
        Problem::System(errno)
    }
}

/// What makes two processes share a socket: they come from one section, as it was when it gave this address. The
/// section may have been instantiated in several groups.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    section: String,
    url: String,
}

/// The sockets that are open, and who holds them.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    open: HashMap<Key, OwnedFd>,
    holds: HashMap<ProcessId, Key>,
    /// Addresses of the host names in URLs, as the last trial found them.
    addresses: HashMap<String, SocketAddrV4>,
}

impl Sockets {
    /// Opens and closes the sockets of a group that is about to be added, except those that are in use.
    ///
    /// # Errors
    /// The first socket that cannot be made; what to do about it is [`is_needed`]'s to say.
    pub(super) fn try_out(&mut self, group: &GroupConfig, say: &mut dyn FnMut(Message)) -> Result<(), SocketError> {
        let mut tried = Vec::new();
        for process in &group.processes {
            let Some((key, config)) = socket_of(group, process) else { continue };
            if tried.contains(&key) || self.open.contains_key(&key) {
                continue;
            }
            say(Message::CreatingSocket { url: config.url.clone() });
            self.addresses.remove(&config.url);
            drop(self.make(config)?);
            say(Message::ClosingSocket { url: config.url.clone() });
            tried.push(key);
        }
        Ok(())
    }

    /// Holds the socket of a process that is about to be spawned, and makes it if nobody else does; an ordinary program
    /// has none. It is held until [`let_go`](Self::let_go), also if the spawn fails.
    ///
    /// # Errors
    /// It cannot be made; nothing is held then. Whether it can do without is [`is_needed`]'s to say.
    pub(super) fn hold(
        &mut self,
        process: ProcessId,
        group: &GroupConfig,
        config: &ProcessConfig,
        say: &mut dyn FnMut(Message),
    ) -> Result<(), SocketError> {
        let Some((key, config)) = socket_of(group, config) else { return Ok(()) };
        if !self.open.contains_key(&key) {
            say(Message::CreatingSocket { url: config.url.clone() });
            let socket = self.make(config)?;
            self.open.insert(key.clone(), socket);
        }
        self.holds.insert(process, key);
        Ok(())
    }

    /// The socket that a process holds.
    pub(super) fn of(&self, process: ProcessId) -> Option<BorrowedFd<'_>> {
        Some(self.open.get(self.holds.get(&process)?)?.as_fd())
    }

    /// A process was reaped, or its spawn has failed. The line to log if that closed the socket.
    pub(super) fn let_go(&mut self, process: ProcessId) -> Option<Message> {
        let key = self.holds.remove(&process)?;
        if self.holds.values().any(|held| *held == key) {
            return None;
        }
        self.open.remove(&key)?;
        Some(Message::ClosingSocket { url: key.url })
    }

    fn make(&mut self, config: &FastCgiConfig) -> Result<OwnedFd, SocketError> {
        let made = match (config.url.strip_prefix("unix://"), config.url.strip_prefix("tcp://")) {
            (Some(path), _) => unix_socket(&outside::path(path), config),
            (None, Some(host_and_port)) => self.address(&config.url, host_and_port).and_then(tcp_socket),
            (None, None) => Err(Problem::System(Errno::EAFNOSUPPORT)),
        };
        let listening = made.and_then(|socket| {
            listen(&socket, backlog(config)).map_err(Problem::System)?;
            Ok(socket)
        });
        listening.map_err(|problem| SocketError { url: config.url.clone(), problem })
    }

    fn address(&mut self, url: &str, host_and_port: &str) -> Result<SocketAddrV4, Problem> {
        if let Some(known) = self.addresses.get(url) {
            return Ok(*known);
        }
        let address = resolve(host_and_port)?;
        self.addresses.insert(url.to_owned(), address);
        Ok(address)
    }
}

/// The address of a host and port.
pub(super) fn resolve(host_and_port: &str) -> Result<SocketAddrV4, Problem> {
    let mut found = host_and_port.to_socket_addrs().map_err(|_| Problem::Host)?;
    let v4 = found.find_map(|address| match address {
        SocketAddr::V4(address) => Some(address),
        SocketAddr::V6(_) => None,
    });
    v4.ok_or(Problem::Host)
}

/// Whether a group that cannot have its socket must not be added at all, nor its processes be spawned. Programs that are
/// members of a `[group:x]` run without a socket in the original, so they do here if theirs cannot be made.
pub(super) fn is_needed(group: &GroupConfig) -> bool {
    matches!(group.kind, GroupKind::FastCgi(_))
}

/// The socket of a process: that of its whole group, or its own as a member of a `[group:x]`.
fn socket_of<'a>(group: &'a GroupConfig, process: &'a ProcessConfig) -> Option<(Key, &'a FastCgiConfig)> {
    let config = match (&process.fcgi, &group.kind) {
        (Some(own), _) => own,
        (None, GroupKind::FastCgi(shared)) => shared,
        (None, GroupKind::Programs | GroupKind::EventListener(_)) => return None,
    };
    Some((Key { section: process.section.clone(), url: config.url.clone() }, config))
}

/// What was asked for; the system cuts it to what it allows.
fn backlog(config: &FastCgiConfig) -> Backlog {
    let wanted = config.backlog.map(|backlog| Backlog::new(i32::from(backlog)));
    wanted.map_or(Backlog::MAXCONN, |wanted| wanted.unwrap_or(Backlog::MAXALLOWABLE))
}

/// Blocking, because that is what programs expect of a socket they are given.
fn new_socket(family: AddressFamily) -> nix::Result<OwnedFd> {
    socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)
}

/// A socket at an address; it does not listen yet.
pub(super) fn tcp_socket(address: SocketAddrV4) -> Result<OwnedFd, Problem> {
    let socket = new_socket(AddressFamily::Inet)?;
    setsockopt(&socket, ReuseAddr, &true)?;
    bind(socket.as_raw_fd(), &SockaddrIn::from(address))?;
    Ok(socket)
}

fn unix_socket(path: &Path, config: &FastCgiConfig) -> Result<OwnedFd, Problem> {
    if path.as_os_str().len() > MAX_PATH_BYTES {
        return Err(Problem::PathTooLong);
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Problem::System(errno(&error))),
        _ => {}
    }
    let socket = new_socket(AddressFamily::Unix)?;
    bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    // Nobody can connect yet: it does not listen.
    let owned = match config.owner {
        Some((uid, gid)) => chown(path, Some(uid), gid).map_err(|error| Problem::Owner(errno(&error))),
        None => Ok(()),
    };
    let mode = || fs::set_permissions(path, fs::Permissions::from_mode(config.mode));
    owned.and_then(|()| mode().map_err(|error| Problem::Mode(errno(&error)))).inspect_err(|_| {
        // It would stand in nobody's way: the next attempt replaces it.
        let _ = fs::remove_file(path);
    })?;
    Ok(socket)
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}

#[cfg(test)]
mod tests;
