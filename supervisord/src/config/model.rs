//! The resolved configuration: what the daemon runs on.
//!
//! Plain data. Every value has been expanded, parsed and checked; nothing refers to the text any more except
//! the [`Origin`] of each section, which error messages and warnings show.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use supervisor_protocol::event::EventKind;
use supervisor_protocol::outside;

use super::places::Places;
pub use super::places::{Origin, Place};

/// A complete configuration, after expansion and validation.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The `[supervisord]` section, merged with the command line.
    pub daemon: DaemonConfig,
    /// `[inet_http_server*]` then `[unix_http_server*]`, each in file order: the order in which they open.
    pub servers: Vec<ServerConfig>,
    /// `[rpcinterface:x]` sections, in file order.
    pub rpc_interfaces: Vec<RpcInterfaceConfig>,
    /// Every process group, sorted by (priority, name).
    pub groups: Vec<GroupConfig>,
    /// Lines for the activity log that came up while reading (include files, deprecations), in order.
    pub notices: Vec<Notice>,
    /// Where it is written.
    pub places: Places,
}

impl Config {
    /// What children find in `SUPERVISOR_SERVER_URL` by default: the first unix server as `unix://PATH`, else the
    /// last inet server as `http://HOST:PORT`, else nothing.
    pub fn server_url(&self) -> Option<String> {
        let unix = self.servers.iter().find_map(|server| match &server.address {
            ServerAddress::Unix { path, .. } => Some(format!("unix://{}", outside::text(path))),
            ServerAddress::Inet { .. } => None,
        });
        let inet = || {
            self.servers.iter().rev().find_map(|server| match &server.address {
                ServerAddress::Inet { host, port } if host.is_empty() => Some(format!("http://localhost:{port}")),
                ServerAddress::Inet { host, port } if host.contains(':') && !host.starts_with('[') => {
                    Some(format!("http://[{host}]:{port}"))
                }
                ServerAddress::Inet { host, port } => Some(format!("http://{host}:{port}")),
                ServerAddress::Unix { .. } => None,
            })
        };
        unix.or_else(inet)
    }

    /// The interfaces that the daemon cannot make. Supervisor makes each once per server, so without a server its
    /// mistakes stay unnoticed.
    pub fn refused_interfaces(&self) -> impl Iterator<Item = &RpcInterfaceConfig> {
        self.rpc_interfaces.iter().filter(|interface| interface.flaw().is_some() && !self.servers.is_empty())
    }
}

/// A message that arose before the activity log was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Info, Warn or Critical.
    pub level: LogLevel,
    /// The line of the log.
    pub text: String,
    /// What it is about.
    pub place: Option<Place>,
}

impl Notice {
    /// A line at WARN.
    pub fn warn(text: impl Into<String>) -> Self {
        Notice { level: LogLevel::Warn, text: text.into(), place: None }
    }

    /// A line at INFO.
    pub fn info(text: impl Into<String>) -> Self {
        Notice { level: LogLevel::Info, text: text.into(), place: None }
    }
}

/// `[supervisord]`: see <http://supervisord.org/configuration.html#supervisord-section-settings>.
#[derive(Debug, Clone, PartialEq)]
pub struct DaemonConfig {
    /// Activity log.
    pub logfile: DaemonLog,
    /// Rotation threshold of the activity log in bytes; 0 or less: never.
    pub logfile_maxbytes: i64,
    /// Rotated copies kept.
    pub logfile_backups: i64,
    /// Threshold of the activity log.
    pub loglevel: LogLevel,
    /// Absolute path of the pid file.
    pub pidfile: PathBuf,
    /// Applied when daemonizing only.
    pub umask: u32,
    /// Stay in the foreground.
    pub nodaemon: bool,
    /// No echo of the activity log on stdout.
    pub silent: bool,
    /// Wanted soft limit of file descriptors.
    pub minfds: i64,
    /// Wanted soft limit of processes.
    pub minprocs: i64,
    /// Keep old AUTO child logs.
    pub nocleanup: bool,
    /// Directory of AUTO child logs; `None`: the temporary directory of the environment.
    pub childlogdir: Option<PathBuf>,
    /// User to switch to, as written.
    pub user: Option<String>,
    /// Where the user is written, if it is.
    pub user_place: Option<Place>,
    /// Directory to change to when daemonizing.
    pub directory: Option<PathBuf>,
    /// Remove ANSI escape sequences from child output.
    pub strip_ansi: bool,
    /// Added to every child's environment.
    pub environment: BTreeMap<String, String>,
    /// Instance name (`server:` in event headers).
    pub identifier: String,
}

/// Where the activity log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DaemonLog {
    /// An absolute path.
    File(PathBuf),
    /// `logfile=syslog`.
    Syslog,
}

/// Levels of the activity log, by Supervisor's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// `blather`, BLAT, 3
    Blather = 3,
    /// `trace`, TRAC, 5
    Trace = 5,
    /// `debug`, DEBG, 10
    Debug = 10,
    /// `info`, INFO, 20
    Info = 20,
    /// `warn`, WARN, 30
    Warn = 30,
    /// `error`, ERRO, 40
    Error = 40,
    /// `critical`, CRIT, 50
    Critical = 50,
}

impl LogLevel {
    /// The four letters that a log line carries.
    pub fn code(self) -> &'static str {
        match self {
            LogLevel::Blather => "BLAT",
            LogLevel::Trace => "TRAC",
            LogLevel::Debug => "DEBG",
            LogLevel::Info => "INFO",
            LogLevel::Warn => "WARN",
            LogLevel::Error => "ERRO",
            LogLevel::Critical => "CRIT",
        }
    }
}

/// One HTTP server.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerConfig {
    /// The section name as written, e.g. `unix_http_server` or `inet_http_server:second`.
    pub section: String,
    /// Where it listens.
    pub address: ServerAddress,
    /// `(username, password)`; the password in clear or as `{SHA}` and 40 hex digits. `None`: open.
    pub credentials: Option<(String, String)>,
}

/// Where an HTTP server listens.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerAddress {
    /// `host` is lower-cased; empty means all IPv4 interfaces.
    Inet {
        /// Host name or address, possibly empty.
        host: String,
        /// 1..=65535
        port: u16,
    },
    /// A unix socket.
    Unix {
        /// Absolute, normalised.
        path: PathBuf,
        /// Mode of the final socket file.
        chmod: u32,
        /// `(uid, gid)`, `None` where unchanged.
        chown: (Option<u32>, Option<u32>),
    },
}

/// `[rpcinterface:x]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcInterfaceConfig {
    /// The text after `rpcinterface:`, the namespace of its methods.
    pub namespace: String,
    /// It is to be made by a module, which makes nothing.
    pub is_module: bool,
    /// Extra keys, which the main factory does not accept.
    pub extra: BTreeMap<String, String>,
}

impl RpcInterfaceConfig {
    /// Why it cannot be made.
    pub fn flaw(&self) -> Option<String> {
        if self.is_module {
            return Some("names a module where a factory is wanted".to_owned());
        }
        let keys: Vec<&str> = self.extra.keys().map(String::as_str).collect();
        (!keys.is_empty()).then(|| format!("takes no further keys, but has {}", keys.join(", ")))
    }
}

/// What a process group is.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupConfig {
    /// Group name.
    pub name: String,
    /// Lower starts first and stops last.
    pub priority: i64,
    /// What kind of section made it.
    pub kind: GroupKind,
    /// Members in definition order: (priority, name as text) for program-like sections, the order of
    /// `programs=` for `[group:x]`.
    pub processes: Vec<ProcessConfig>,
    /// The section that defines it.
    pub origin: Origin,
}

/// The kinds of process group.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupKind {
    /// `[program:x]` by itself, or `[group:x]`.
    Programs,
    /// `[eventlistener:x]`.
    EventListener(PoolConfig),
    /// `[fcgi-program:x]`.
    FastCgi(FastCgiConfig),
}

/// The pool part of an `[eventlistener:x]` section.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolConfig {
    /// Subscribed kinds, without duplicates; abstract ones stand for their descendants.
    pub events: Vec<EventKind>,
    /// `buffer_size` if it was written; unset means a larger, byte-bounded buffer.
    pub buffer_size: Option<usize>,
    /// What judges a result.
    pub result_handler: ResultHandler,
}

/// `result_handler=`: what is done with the body of a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResultHandler {
    /// `supervisor.dispatchers:default_handler`: `OK` is done, anything else a rejection.
    #[default]
    Default,
    /// `supervisor_stdout:event_handler`: the body is a PROCESS_LOG payload, to be shown on standard output.
    SupervisorStdout,
}

/// The socket of an `[fcgi-program:x]`.
#[derive(Debug, Clone, PartialEq)]
pub struct FastCgiConfig {
    /// `tcp://host:port` or `unix:///path`, normalised.
    pub url: String,
    /// Listen backlog, `None`: the system's maximum.
    pub backlog: Option<u16>,
    /// `(uid, gid)` of a unix socket.
    pub owner: Option<(u32, Option<u32>)>,
    /// Mode of a unix socket.
    pub mode: u32,
}

/// One process of a group, everything expanded.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessConfig {
    /// Process name within its group.
    pub name: String,
    /// The section it came from, e.g. `program:web`.
    pub section: String,
    /// As written; split into words at each spawn.
    pub command: String,
    /// Lower starts first and stops last within API group operations.
    pub priority: i64,
    /// Start with the daemon.
    pub autostart: bool,
    /// Restart after an exit from RUNNING.
    pub autorestart: AutoRestart,
    /// Time it must stay up to count as started. Zero: at once.
    pub startsecs: Seconds,
    /// Failed starts before FATAL, beyond the first. Negative acts like a smaller number.
    pub startretries: i64,
    /// Exit codes that count as expected.
    pub exitcodes: Vec<i32>,
    /// Signal number sent to stop it.
    pub stopsignal: i32,
    /// Time between the stop signal and SIGKILL. Zero: at once.
    pub stopwaitsecs: Seconds,
    /// The stop signal goes to the process group.
    pub stopasgroup: bool,
    /// SIGKILL goes to the process group.
    pub killasgroup: bool,
    /// User to run as.
    pub uid: Option<u32>,
    /// File mode mask of the child; `None`: inherited.
    pub umask: Option<u32>,
    /// Working directory of the child; `None`: inherited.
    pub directory: Option<PathBuf>,
    /// `[supervisord] environment` overlaid by the section's own. Processes with the same variables share it.
    pub environment: Arc<BTreeMap<String, String>>,
    /// What children find in `SUPERVISOR_SERVER_URL`.
    pub serverurl: ServerUrl,
    /// The child's stderr is its stdout.
    pub redirect_stderr: bool,
    /// Standard output.
    pub stdout: ChannelConfig,
    /// Standard error.
    pub stderr: ChannelConfig,
    /// The shared socket of an `[fcgi-program:x]` that is a member of a `[group:x]`: its processes in that group
    /// share it. `None` in a group that [`GroupKind::FastCgi`] gives a socket as a whole.
    pub fcgi: Option<FastCgiConfig>,
}

/// A number of seconds as it was written. Negative ones are allowed and act like zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub i64);

impl Seconds {
    /// The time to wait. More than a century is a century: no clock runs over.
    pub fn duration(self) -> Duration {
        const CENTURY: u64 = 100 * 365 * 24 * 60 * 60;
        Duration::from_secs(u64::try_from(self.0).unwrap_or(0).min(CENTURY))
    }
}

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// `autorestart=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoRestart {
    /// `false`
    Never,
    /// `true`
    Always,
    /// Only when the exit code is not among `exitcodes`.
    Unexpected,
}

/// `serverurl=` of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerUrl {
    /// `AUTO` or unset: the daemon's first unix server, else its last inet server.
    Auto,
    /// As written; empty means that the variable is not set.
    Explicit(String),
}

/// What happens to one output channel of a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelConfig {
    /// Its log file.
    pub logfile: LogTarget,
    /// Rotation threshold in bytes; 0 or less: never.
    pub logfile_maxbytes: i64,
    /// Rotated copies kept.
    pub logfile_backups: i64,
    /// Limit of the capture buffer in bytes; 0: no capture mode.
    pub capture_maxbytes: i64,
    /// Emit PROCESS_LOG events.
    pub events_enabled: bool,
    /// Copy to syslog too.
    pub syslog: bool,
}

/// A child log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// A generated name in `childlogdir`.
    Auto,
    /// No file.
    None,
    /// No file either, from an empty value: clients see it as the empty path it is.
    Empty,
    /// A path; relative ones are relative to the daemon's working directory.
    File(PathBuf),
}
