//! How to mend what only shows when a start is tried: a sentence for each option whose value may be sound and yet fail.
//!
//! `--check` shows them, and a start that has failed.

use supervisor_protocol::outside;

use super::model::{DaemonConfig, GroupConfig, ProcessConfig, RpcInterfaceConfig, ServerAddress, ServerConfig};

/// Longest name of a file.
const NAME_BYTES: usize = 255;

/// What to do where somebody listens at a server's address, which may be another server of the same configuration.
pub const TAKEN: &str = "give this server an address of its own, or stop the program that listens there";

/// What to write instead of the value of an option.
pub fn of(key: &str) -> &'static str {
    match key {
        "user" => "start supervisord as root, or as that user",
        "minfds" => "lower it, or raise the hard limit of open files before supervisord starts",
        "minprocs" => "lower it, or raise the hard limit of processes before supervisord starts",
        "logfile" | "stdout_logfile" | "stderr_logfile" => "name a file that the daemon's user may write",
        "pidfile" => "name another pid file, or stop the daemon that has this one",
        "identifier" => "write a short name without slashes: it is part of the names of AUTO logs",
        "process_name" => "write a shorter name: it is part of the names of AUTO logs",
        "childlogdir" => "name a directory in which the daemon's user may make files",
        "port" => {
            "write an address of this machine and a free port, such as 127.0.0.1:9001; those below 1024 are root's"
        }
        "file" => "write a path of at most 99 bytes in a directory in which the daemon's user may make files",
        "chown" => "name a user and a group that the daemon may give the socket to, or start it as root",
        "socket" => {
            "write unix:// and a path where the daemon's user may make files, or tcp:// and an address of this machine"
        }
        "socket_owner" => "name a user and a group that the daemon may give the socket to, or keep it root",
        "directory" => "name a directory that the program's user may enter",
        "command" => "name a program that its user may execute",
        _ => "write another value",
    }
}

/// The option that decides where a server listens, and what to write there.
pub fn of_server(server: &ServerConfig) -> (&'static str, String) {
    match &server.address {
        ServerAddress::Inet { host, port } => match host.rsplit_once("://") {
            Some((scheme, host)) => ("port", format!("write {host}:{port}, without {scheme}://")),
            None => ("port", of("port").to_owned()),
        },
        ServerAddress::Unix { path, .. } => match outside::text(path).split_once("/unix:/") {
            Some((_, path)) => ("file", format!("write /{path}, without unix://")),
            None => ("file", of("file").to_owned()),
        },
    }
}

/// The option that keeps an interface from being made, and what to do about it.
pub fn of_interface(interface: &RpcInterfaceConfig) -> (&str, &'static str) {
    match interface.extra.keys().next() {
        Some(key) if !interface.is_module => (key, "remove it: with it no server opens"),
        _ => ("supervisor.rpcinterface_factory", "write supervisor.rpcinterface:make_main_rpcinterface"),
    }
}

/// Section and option that are to blame if a group's AUTO logs cannot be made.
pub fn of_auto_logs<'a>(daemon: &DaemonConfig, group: &'a GroupConfig) -> (&'a str, &'static str) {
    let blames = group.processes.iter().map(|process| of_auto_log(daemon, process));
    blames.max_by_key(|(section, _)| *section != DAEMON).unwrap_or((DAEMON, "childlogdir"))
}

/// The same of one process.
pub(super) fn of_auto_log<'a>(daemon: &DaemonConfig, process: &'a ProcessConfig) -> (&'a str, &'static str) {
    let identifier = &daemon.identifier;
    // What AUTO names add: `-stdout---`, `-`, eight letters, `.log`.
    let is_long = process.name.len() + identifier.len() + "-stdout----12345678.log".len() > NAME_BYTES;
    match (identifier.contains('/'), is_long) {
        (true, _) => (DAEMON, "identifier"),
        (false, true) if identifier.len() > process.name.len() => (DAEMON, "identifier"),
        (false, true) => (&process.section, "process_name"),
        (false, false) => (DAEMON, "childlogdir"),
    }
}

const DAEMON: &str = "supervisord";
