//! What a start would meet with on this system, found out without a trace: for `--check`, and before a restart.
//!
//! Nothing is opened that a start would open. Permissions are looked at, names are looked up, and of an address of
//! this machine another port is asked for. So a daemon that runs with the same configuration notices nothing, and is no
//! reason for an error.

mod access;
mod person;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::net::{SocketAddr, SocketAddrV4};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::AccessFlags;
use supervisor_protocol::outside;

use access::{append, create, enter, may};
use person::{Capability, Person};

use super::autolog;
use super::fcgi::{self, Problem, SocketError};
use super::inherited;
use super::logfile::LogFileError;
use super::privileges::{TooLow, UserSwitch, foresee_limits, raise_limits};
use super::program::{self, CommandError};
use super::spawn::{SpawnError, errno_name};
use crate::config::model::{DaemonConfig, DaemonLog, FastCgiConfig, ProcessConfig};
use crate::config::preflight::{Preflight, Refusal};
use crate::http::{self, BindError, Reason};

/// Looks ahead.
#[derive(Debug, Default)]
pub(super) struct Scout {
    people: RefCell<HashMap<u32, Option<Person>>>,
    /// The addresses of FastCGI hosts, which many processes may share; `None`: they are not known.
    hosts: RefCell<HashMap<String, Option<SocketAddrV4>>>,
    /// It asks for a daemon that runs. That one keeps its limits when it is set up anew, and has no time to wait for an
    /// answer about a host.
    is_daemon: bool,
}

impl Scout {
    /// For a daemon that is to be set up anew.
    pub(super) fn of_a_daemon() -> Self {
        Scout { is_daemon: true, ..Scout::default() }
    }

    fn person(&self, uid: u32) -> Option<Person> {
        self.people.borrow_mut().entry(uid).or_insert_with(|| Person::with_id(uid)).clone()
    }

    /// Asks about somebody, if that can be answered.
    fn ask(&self, uid: u32, question: impl FnOnce(&Person) -> access::Answer) -> access::Answer {
        self.person(uid).map_or(Ok(()), |person| question(&person))
    }

    fn can_append(&self, path: &Path, uid: u32) -> access::Answer {
        match inherited::number(path) {
            // A duplicate of a descriptor, for which no permission is asked.
            Some(_) => Ok(()),
            None => self.ask(uid, |person| append(person, path)),
        }
    }

    /// The address of a FastCGI socket; `None` where nobody is to be asked.
    fn address_of(&self, host_and_port: &str) -> Result<Option<SocketAddrV4>, Problem> {
        let is_literal = host_and_port.parse::<SocketAddrV4>().is_ok();
        if self.is_daemon && !is_literal {
            return Ok(None);
        }
        let mut hosts = self.hosts.borrow_mut();
        let found = hosts.entry(host_and_port.to_owned()).or_insert_with(|| fcgi::resolve(host_and_port).ok());
        found.map(Some).ok_or(Problem::Host)
    }

    fn foresee_socket(&self, socket: &FastCgiConfig, person: &Person) -> Result<(), Problem> {
        if let Some(path) = socket.url.strip_prefix("unix://") {
            let path = outside::path(path);
            if path.as_os_str().len() > http::MAX_PATH_BYTES {
                return Err(Problem::PathTooLong);
            }
            not_a_directory(&path)?;
            create(person, &path)?;
            return match socket.owner {
                Some((uid, gid)) if person.cannot_give_to(Some(uid), gid, group_of_directory(&path)) => {
                    Err(Problem::Owner(Errno::EPERM))
                }
                _ => Ok(()),
            };
        }
        let Some(host_and_port) = socket.url.strip_prefix("tcp://") else { return Ok(()) };
        let Some(address) = self.address_of(host_and_port)? else { return Ok(()) };
        match fcgi::tcp_socket(SocketAddrV4::new(*address.ip(), 0)) {
            Err(Problem::System(errno)) if is_not_ours(errno) => Err(Problem::System(errno)),
            Ok(_) | Err(_) => Ok(port(person, address.port())?),
        }
    }
}

impl Preflight for Scout {
    fn become_user(&self, uid: u32) -> Result<(), String> {
        UserSwitch::to(uid).map(drop)
    }

    fn limits(&self, daemon: &DaemonConfig, uid: u32) -> Result<(), Refusal> {
        let outcome = match self.person(uid) {
            _ if self.is_daemon => Ok(()),
            // Who asks ends soon, so what is raised here does not matter.
            Some(Person { is_me: true, .. }) => raise_limits(daemon.minfds, daemon.minprocs).map(drop),
            Some(_) => foresee_limits(daemon.minfds, daemon.minprocs),
            None => Ok(()),
        };
        outcome.map_err(|error: TooLow| Refusal { key: error.option, text: error.to_string() })
    }

    fn activity_log(&self, daemon: &DaemonConfig, uid: u32) -> Result<(), String> {
        let DaemonLog::File(path) = &daemon.logfile else { return Ok(()) };
        self.can_append(path, uid)
            .map_err(|errno| LogFileError::Open { path: path.clone(), source: errno.into() }.to_string())
    }

    fn address(&self, host: &str, port: u16) -> Result<Option<SocketAddr>, String> {
        if self.is_daemon && !http::is_literal(host) {
            return Ok(None);
        }
        http::resolve(host, port).map(Some).map_err(|error| error.to_string())
    }

    fn inet_server(&self, address: SocketAddr, uid: u32) -> Result<(), String> {
        let refused = |error: BindError| Err(error.to_string());
        match http::try_address(address) {
            Err(error @ BindError::Socket(Reason::Errno(errno))) if is_not_ours(errno) => return refused(error),
            // In use for now, or another port than the one that this process may have.
            Ok(()) | Err(_) => {}
        }
        self.ask(uid, |person| port(person, address.port())).or_else(|errno| refused(errno.into()))
    }

    fn unix_server(&self, path: &Path, chown: (Option<u32>, Option<u32>), uid: u32) -> Result<(), Refusal> {
        // The name that it is made under has the process id of the daemon, of one digit at least.
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".1");
        let refusal = |error: BindError| Refusal {
            key: if matches!(error, BindError::Chown { .. }) { "chown" } else { "file" },
            text: error.to_string(),
        };
        if temporary.len() > http::MAX_PATH_BYTES {
            return Err(refusal(BindError::Socket(Reason::PathTooLong)));
        }
        self.ask(uid, |person| create(person, Path::new(&temporary))).map_err(|errno| refusal(errno.into()))?;
        let group = group_of_directory(path);
        if self.person(uid).is_some_and(|person| person.cannot_give_to(chown.0, chown.1, group)) {
            let error = BindError::not_permitted(path, chown, nix::unistd::Uid::from_raw(uid));
            return Err(refusal(error));
        }
        not_a_directory(path).map_err(|errno| refusal(errno.into()))
    }

    fn auto_log(&self, daemon: &DaemonConfig, process: &str, uid: u32) -> Result<(), String> {
        let Some(person) = self.person(uid) else { return Ok(()) };
        let any = |directory: &Path| create(&person, &directory.join("x"));
        let directory: PathBuf = match &daemon.childlogdir {
            Some(directory) => directory.clone(),
            None => autolog::candidates(|name| std::env::var_os(name))
                .find(|directory| any(directory).is_ok())
                .unwrap_or_else(std::env::temp_dir),
        };
        let path = autolog::example(&directory, process, "stdout", &daemon.identifier);
        create(&person, &path).map_err(|errno| autolog::refusal(&directory, process, &errno.into()))
    }

    fn fcgi_socket(&self, socket: &FastCgiConfig, uid: u32) -> Result<(), Refusal> {
        let Some(person) = self.person(uid) else { return Ok(()) };
        self.foresee_socket(socket, &person).map_err(|problem| {
            let error = SocketError { url: socket.url.clone(), problem };
            Refusal { key: error.key(), text: error.to_string() }
        })
    }

    fn child_log(&self, process: &str, path: &Path, uid: u32) -> Result<(), String> {
        self.can_append(path, uid).map_err(|errno| SpawnError::Channels(errno as i32).text(process))
    }

    fn directory(&self, path: &Path, uid: u32) -> Result<(), String> {
        self.ask(uid, |person| enter(person, path))
            .map_err(|errno| format!("couldn't chdir to {}: {}", outside::text(path), errno_name(errno as i32)))
    }

    fn command(&self, process: &ProcessConfig, cwd: &Path, daemon: u32, uid: u32) -> Result<(), String> {
        let environment = std::env::vars_os().collect();
        let program = program::resolve_in(cwd, process, &environment).map_err(|error| error.to_string())?;
        let file = cwd.join(process.directory.as_deref().unwrap_or(Path::new(""))).join(&program.file);
        let word = program.argv.first().cloned().unwrap_or_default();
        // What a search would find for another user may be something else.
        if word.contains('/') {
            let refused = |error: fn(String) -> CommandError| error(word.clone()).to_string();
            self.ask(daemon, |person| may(person, &file, AccessFlags::F_OK))
                .map_err(|_| refused(CommandError::NotFound))?;
            self.ask(daemon, |person| may(person, &file, AccessFlags::X_OK))
                .map_err(|_| refused(CommandError::NoPermission))?;
        }
        if uid == daemon {
            return Ok(());
        }
        self.ask(uid, |person| may(person, &file, AccessFlags::X_OK))
            .map_err(|errno| format!("couldn't exec {word}: {}", errno_name(errno as i32)))
    }
}

/// What is left at a path makes way, unless it is a directory.
fn not_a_directory(path: &Path) -> access::Answer {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(Errno::EISDIR),
        _ => Ok(()),
    }
}

/// Whether somebody may have a port.
fn port(person: &Person, port: u16) -> access::Answer {
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let first = first.ok().and_then(|text| text.trim().parse::<u16>().ok()).unwrap_or(0);
    match port < first && person.lacks(Capability::BindService) {
        true => Err(Errno::EACCES),
        false => Ok(()),
    }
}

/// The group that a file may have that is made at a path.
fn group_of_directory(path: &Path) -> Option<u32> {
    fs::metadata(path.parent()?).ok().map(|metadata| metadata.gid())
}

/// Whether an address is certainly none of this machine's.
fn is_not_ours(errno: Errno) -> bool {
    matches!(errno, Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT)
}
