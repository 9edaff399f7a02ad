//! A small world for the tests of this folder: two users, one group, a few directories.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use super::model::{DaemonConfig, DaemonLog, FastCgiConfig, ProcessConfig};
use super::preflight::{Preflight, Refusal};
use super::{User, World};

/// `/`, `/tmp`, `/etc` and `/home/me` exist; `root` and `www` (33:34, home `/var/www`) are users, `staff` (50) is a
/// group; the daemon runs as uid 1000 in `/cwd`.
pub(crate) struct FakeWorld;

impl World for FakeWorld {
    fn is_directory(&self, path: &Path) -> bool {
        ["/", "/tmp", "/etc", "/home/me"].iter().any(|&known| path == Path::new(known))
    }

    fn user_by_name(&self, name: &str) -> Option<User> {
        match name {
            "root" => Some(User { uid: 0, gid: 0, home: "/root".to_owned() }),
            "www" => Some(User { uid: 33, gid: 34, home: "/var/www".to_owned() }),
            _ => None,
        }
    }

    fn user_by_id(&self, uid: u32) -> Option<User> {
        ["root", "www"].into_iter().filter_map(|name| self.user_by_name(name)).find(|user| user.uid == uid)
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        (name == "staff").then_some(50)
    }

    fn has_group(&self, gid: u32) -> bool {
        gid == 50
    }

    fn home(&self) -> Option<String> {
        Some("/home/me".to_owned())
    }

    fn cwd(&self) -> &Path {
        Path::new("/cwd")
    }

    fn uid(&self) -> u32 {
        1000
    }
}

/// The same system ahead: whatever lies below `/etc` is root's, `/tmp` and `/cwd` are directories, the only command is
/// `cat`, 4096 files may be open and 4096 processes run, all hosts but `nowhere` are known, and 192.0.2.1 is another's.
pub(crate) struct FakeAhead {
    /// Whether root looks.
    pub(crate) is_root: bool,
}

fn file(path: &Path, uid: u32) -> Result<(), String> {
    match path {
        _ if path.starts_with("/cwd/unix:") => Err("no such directory".to_owned()),
        _ if uid != 0 && path.starts_with("/etc") => Err(format!("{uid} may not write {}", path.display())),
        _ if ["/tmp", "/cwd"].iter().any(|known| path == Path::new(known)) => {
            Err(format!("{} is a directory", path.display()))
        }
        _ => Ok(()),
    }
}

fn refused(key: &'static str, text: impl Into<String>) -> Result<(), Refusal> {
    Err(Refusal { key, text: text.into() })
}

impl Preflight for FakeAhead {
    fn become_user(&self, uid: u32) -> Result<(), String> {
        if self.is_root || uid == 1000 { Ok(()) } else { Err("Can't drop privilege as nonroot user".to_owned()) }
    }

    fn limits(&self, daemon: &DaemonConfig, uid: u32) -> Result<(), Refusal> {
        match (daemon.minfds > 4096 && uid != 0, daemon.minprocs > 4096 && uid != 0) {
            (true, _) => refused("minfds", "only 4096 file descriptors"),
            (false, true) => refused("minprocs", "only 4096 processes"),
            (false, false) => Ok(()),
        }
    }

    fn activity_log(&self, daemon: &DaemonConfig, uid: u32) -> Result<(), String> {
        match &daemon.logfile {
            DaemonLog::File(path) => file(path, uid),
            DaemonLog::Syslog => Ok(()),
        }
    }

    fn address(&self, host: &str, port: u16) -> Result<Option<SocketAddr>, String> {
        let ip = match host {
            "nowhere" | "http://localhost" => return Err("no such host".to_owned()),
            "unasked" => return Ok(None),
            "" | "*" => Ipv4Addr::UNSPECIFIED.into(),
            "localhost" => Ipv4Addr::LOCALHOST.into(),
            other => other.trim_matches(['[', ']']).parse::<IpAddr>().unwrap(),
        };
        Ok(Some((ip, port).into()))
    }

    fn inet_server(&self, address: SocketAddr, uid: u32) -> Result<(), String> {
        match address.port() < 1024 && uid != 0 {
            true => Err("a port of root's".to_owned()),
            false if address.ip() == IpAddr::from([192, 0, 2, 1]) => Err("not ours".to_owned()),
            false => Ok(()),
        }
    }

    fn unix_server(&self, path: &Path, chown: (Option<u32>, Option<u32>), uid: u32) -> Result<(), Refusal> {
        file(path, uid).map_err(|text| Refusal { key: "file", text })?;
        if chown.0.is_some_and(|owner| uid != 0 && owner != uid) { refused("chown", "not yours") } else { Ok(()) }
    }

    fn auto_log(&self, daemon: &DaemonConfig, process: &str, uid: u32) -> Result<(), String> {
        match daemon.childlogdir.as_deref() {
            _ if daemon.identifier.contains('/') || process.len() + daemon.identifier.len() > 200 => {
                Err(format!("no log for {process}"))
            }
            Some(directory) if uid == 33 && directory == Path::new("/home/me") => Err(format!("no log for {process}")),
            _ => Ok(()),
        }
    }

    fn fcgi_socket(&self, socket: &FastCgiConfig, uid: u32) -> Result<(), Refusal> {
        match socket.url.split_once("://") {
            Some(("unix", path)) => file(Path::new(path), uid).map_err(|text| Refusal { key: "socket", text })?,
            Some((_, address)) if address.starts_with("nowhere:") => return refused("socket", "no such host"),
            _ => {}
        }
        match socket.owner {
            Some((owner, _)) if uid != 0 && owner != uid => refused("socket_owner", "not yours"),
            _ => Ok(()),
        }
    }

    fn child_log(&self, process: &str, path: &Path, uid: u32) -> Result<(), String> {
        file(path, uid).map_err(|text| format!("{process}: {text}"))
    }

    fn directory(&self, path: &Path, uid: u32) -> Result<(), String> {
        if path == Path::new("/home/me") && uid == 33 { Err("33 may not enter it".to_owned()) } else { Ok(()) }
    }

    fn command(&self, process: &ProcessConfig, cwd: &Path, daemon: u32, uid: u32) -> Result<(), String> {
        match process.command.as_str() {
            "cat" => Ok(()),
            "where" => Err(format!("in {}", cwd.display())),
            "mine" if uid == 33 => Err(format!("{daemon} starts it, and {uid} may not execute it")),
            "mine" => Ok(()),
            other => Err(format!("can't find command '{other}'")),
        }
    }
}
