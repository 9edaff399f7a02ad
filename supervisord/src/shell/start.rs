//! Bringing the daemon up, in the documented order, and up again after a reload.
//!
//! Command line → configuration → privileges → limits → activity log → sockets → child logs, FastCGI sockets on trial →
//! fork → pid file → runtime. Everything up to the fork is told on the terminal when it fails: usage errors as two lines on stderr
//! and exit status 2. The sockets are taken, and the pid file is looked at, before anything of an earlier instance is touched, so a
//! daemon that is started twice by mistake does no harm (`cfg_cl17`). The runtime is built after the fork.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use nix::unistd::Uid;
use supervisor_protocol::{locale, outside, program};
use tokio::runtime::Runtime;

use super::activity::ActivityLog;
use super::check;
use super::childlogs::ChildLogs;
use super::daemonize::{self, Side};
use super::fcgi::{self, Sockets};
use super::handle::Handle;
use super::inherited;
use super::load::{self, Source, System};
use super::logfile::{self, LogFileError};
use super::owner::{Ending, Owner, Setup, log};
use super::patient;
use super::pidfile::{Identity, PidFile, Taken};
use super::privileges::{UserSwitch, raise_limits};
use super::signals::{self, Signals};
use super::start_error::{StartError, failure, unusable, usage};
use super::{clock, load::ROOT_SEARCH_WARNING};
use crate::cli::{self, Action};
use crate::config;
use crate::config::model::{Config, DaemonLog, GroupConfig};
use crate::engine::message::Message;
use crate::engine::{After, LogPaths};
use crate::http::{self, BoundServer, Note, Site};
use crate::output::rotation::RotationPolicy;

/// The daemon's version, as `-v`, RPC and the web page have it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How many lines of the HTTP side may wait for the owner.
const NOTES: usize = 1024;

/// Runs the daemon with this command line, program name included; yields its exit status.
pub fn run(args: Vec<OsString>) -> u8 {
    outside::use_charset(locale::charset(|name| std::env::var_os(name)));
    let prog = outside::text(&program::path()).into_owned();
    match start(&prog, args.into_iter().skip(1)) {
        Ok(status) => status,
        Err(error) => {
            // There is nowhere left to tell about a closed stderr.
            let hint = error.hint.map(|hint| format!("{hint}\n")).unwrap_or_default();
            let text = format!("Error: {}\nFor help, use {prog} -h\n{hint}", error.text);
            let _ = io::stderr().write_all(&outside::printed(&text));
            error.status
        }
    }
}

fn start(prog: &str, args: impl Iterator<Item = OsString>) -> Result<u8, StartError> {
    inherited::take_down();
    signals::survive_full_files();
    daemonize::open_standard_descriptors().map_err(failure)?;
    let system = System::look().map_err(failure)?;
    let (options, check) = match cli::parse(args, &system).map_err(usage)? {
        Action::Help => return print(&cli::help(prog)),
        Action::Version => return print(&format!("{VERSION}\n")),
        Action::Run(options) => (options, None),
        Action::Check(options, format) => (options, Some(format)),
    };
    if options.configuration.is_none() && Uid::current().is_root() {
        // A closed stderr is no reason not to start.
        let text = format!("{prog}: UserWarning: {ROOT_SEARCH_WARNING}\n");
        let _ = io::stderr().write_all(&outside::printed(&text));
    }
    let main = load::find(options.configuration.as_deref(), prog, &system);
    let source = main.map(|main| Source { main, overrides: options.overrides, system });
    match check {
        Some(format) => Ok(check::run(source, format)),
        None => Daemon::new(source.map_err(usage)?).run().map(|()| 0),
    }
}

fn print(text: &str) -> Result<u8, StartError> {
    // Whoever closed stdout does not want to read it.
    let _ = io::stdout().write_all(&outside::printed(text));
    Ok(0)
}

/// What outlives a reload.
struct Daemon {
    source: Rc<Source>,
    /// Built after the fork. Signals are handled as long as it lives.
    runtime: Option<(Runtime, Signals)>,
    pidfile: Option<PidFile>,
    /// The log of before, when everything is set up anew.
    log_before: Option<ActivityLog>,
    next_serial: u64,
}

/// How a daemon is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// At the start, with somebody at the terminal.
    First,
    /// After a reload.
    Again,
    /// After that has failed, with the configuration of before. It goes on with whatever it can have.
    Fallback,
}

/// A daemon that is set up but for the runtime.
struct Prepared {
    config: Config,
    activity: ActivityLog,
    servers: Vec<BoundServer>,
    child_logs: ChildLogs,
    sockets: Sockets,
    groups: Vec<(GroupConfig, Vec<LogPaths>)>,
}

impl Daemon {
    fn new(source: Source) -> Self {
        Daemon { source: Rc::new(source), runtime: None, pidfile: None, log_before: None, next_serial: 0 }
    }

    fn run(mut self) -> Result<(), StartError> {
        let mut prepared = self.prepare(self.source.load().map_err(unusable)?, Attempt::First)?;
        if !prepared.config.daemon.nodaemon && self.daemonize(&mut prepared)? == Side::Parent {
            // The sockets and their files are the daemon's now: nothing may be cleaned up here.
            std::mem::forget((prepared, self.pidfile.take()));
            return Ok(());
        }
        loop {
            let config = prepared.config.clone();
            // Nobody reads the terminal any more.
            match self.serve(prepared).inspect_err(|error| tell(&config, error))? {
                After::Exit => {
                    self.take_leave();
                    return Ok(());
                }
                After::Restart => {
                    prepared = self.prepare_again(&config).inspect_err(|_| self.take_leave())?;
                }
            }
        }
    }

    /// Gives the readers of logs a last chance, and tells of what they do not take.
    fn take_leave(&mut self) {
        let lost = patient::farewell();
        let Some(activity) = &mut self.log_before else { return };
        for (path, shortfall) in lost {
            log(activity, &Message::LogTrouble(LogFileError::of_loss(path, shortfall).to_string()));
        }
    }

    /// Sets everything up anew: with the configuration as it is now, or with that of before, if it is no longer fit
    /// to run on. The programs must run either way.
    fn prepare_again(&mut self, before: &Config) -> Result<Prepared, StartError> {
        let config = self.source.load().map_err(unusable);
        config.and_then(|config| self.prepare(config, Attempt::Again)).or_else(|error| {
            let fallback = self.prepare(before.clone(), Attempt::Fallback);
            let mut prepared = fallback.inspect_err(|error| tell(before, error))?;
            log(&mut prepared.activity, &Message::RestartFellBack { reason: error.text });
            Ok(prepared)
        })
    }

    /// Everything that can fail with a word on the terminal.
    fn prepare(&mut self, config: Config, attempt: Attempt) -> Result<Prepared, StartError> {
        let mut criticals = Vec::new();
        let mut infos = Vec::new();
        match attempt {
            // Who has become somebody cannot become somebody else.
            Attempt::Fallback => {}
            Attempt::First | Attempt::Again => infos.extend(self.become_user(&config)?),
        }
        if config.daemon.user.is_none() && Uid::current().is_root() {
            criticals.push(Message::RunningAsRoot);
        }
        if attempt == Attempt::First {
            let raised = raise_limits(config.daemon.minfds, config.daemon.minprocs)
                .map_err(|error| StartError::of_limit(&config, &error))?;
            infos.extend(raised.into_iter().map(|(limit, to)| Message::LimitRaised { limit, to }));
        }
        let is_taken = || PidFile::is_taken(&config.daemon.pidfile, self.identity(&config));
        let activity = match attempt {
            // Not made for a start that will hardly succeed: who has moved it away waits for the other daemon's.
            Attempt::First if !is_there(&config.daemon.logfile) && is_taken() => None,
            Attempt::First | Attempt::Again => Some(open_activity_log(&config, attempt)?),
            Attempt::Fallback => {
                Some(open_activity_log(&config, attempt).or_else(|error| self.log_before.take().ok_or(error))?)
            }
        };
        // Taken before a word is logged: the log may be that of a daemon that runs, and lives at these addresses.
        let servers = match http::bind(&config.servers) {
            Err(error) if attempt == Attempt::Fallback => {
                criticals.push(Message::RestartIncomplete { reason: error.to_string() });
                Vec::new()
            }
            bound => bound.map_err(|error| StartError::of_server(&config, &error))?,
        };
        let is_taken = |taken: Taken| usage(taken).because_of(&config, "supervisord", "pidfile");
        self.claim(&config)
            .or_else(|taken| if attempt == Attempt::Fallback { Ok(()) } else { Err(is_taken(taken)) })?;
        let mut activity = activity.map_or_else(|| open_activity_log(&config, attempt), Ok)?;
        let mut noted = config.notices.iter().map(Message::from).collect::<Vec<_>>();
        // Warnings come before what is merely told, as in Supervisor.
        noted.sort_by_key(|message| std::cmp::Reverse(message.level()));
        for message in criticals.into_iter().chain(noted).chain(infos) {
            log(&mut activity, &message);
        }
        if let (true, DaemonLog::File(path)) = (activity.is_limit_ignored(), &config.daemon.logfile) {
            log(&mut activity, &Message::RotationIgnored(path.clone()));
        }
        if let Some(interface) = config.refused_interfaces().next() {
            let namespace = interface.namespace.clone();
            let text = format!("[rpcinterface:{namespace}] {}", interface.flaw().unwrap_or_default());
            log(&mut activity, &Message::ConfigWarning(text));
            return Err(StartError::of_interface(&config, interface));
        }
        let mut child_logs = ChildLogs::new(&config);
        if !config.daemon.nocleanup {
            for warning in child_logs.clean() {
                log(&mut activity, &Message::ConfigWarning(warning.to_string()));
            }
        }
        let mut sockets = Sockets::default();
        let mut groups = Vec::with_capacity(config.groups.len());
        for group in &config.groups {
            let paths = match child_logs.paths(group) {
                Err(error) if attempt == Attempt::Fallback => {
                    log(&mut activity, &Message::RestartIncomplete { reason: error.to_string() });
                    vec![LogPaths::default(); group.processes.len()]
                }
                paths => paths.map_err(|error| StartError::of_auto_logs(&config, group, &error))?,
            };
            match sockets.try_out(group, &mut |message| log(&mut activity, &message)) {
                // A daemon that reloads has nobody to tell, and other programs to care for.
                Err(error) if attempt == Attempt::First && fcgi::is_needed(group) => {
                    let key = error.key();
                    let section = group.processes.first().map(|process| process.section.as_str()).unwrap_or_default();
                    return Err(failure(error).because_of(&config, section, key));
                }
                Err(error) => log(&mut activity, &Message::ConfigWarning(error.to_string())),
                Ok(()) => {}
            }
            groups.push((group.clone(), paths));
        }
        for server in &servers {
            for interface in &config.rpc_interfaces {
                let namespace = interface.namespace.clone();
                log(&mut activity, &Message::RpcInterfaceInitialized { namespace });
            }
            if server.is_open() {
                log(&mut activity, &Message::UnauthenticatedServer { section: server.section().to_owned() });
            }
        }
        Ok(Prepared { config, activity, servers, child_logs, sockets, groups })
    }

    /// Switches to the user of the configuration.
    fn become_user(&self, config: &Config) -> Result<Option<Message>, StartError> {
        let user = config::resolve_user(&config.daemon, &self.source.system).map_err(|error| unusable(error.into()))?;
        let Some(user) = user else { return Ok(None) };
        let refused = |text: String| usage(text).because_of(config, "supervisord", "user");
        if let Some(switch) = UserSwitch::to(user.uid).map_err(refused)? {
            switch.apply().map_err(|text| refused(text.to_owned()))?;
        }
        Ok(Some(Message::UidSet(user.uid)))
    }

    fn identity(&self, config: &Config) -> Identity {
        Identity::of(&self.source.main.path, &config.servers)
    }

    /// Makes sure that no other daemon has this configuration, now and later.
    fn claim(&mut self, config: &Config) -> Result<(), Taken> {
        let path = &config.daemon.pidfile;
        let identity = self.identity(config);
        if !self.pidfile.as_ref().is_some_and(|pidfile| pidfile.is_for(path, identity)) {
            // Only one at a time: with another identity this process would be in its own way.
            self.pidfile = None;
            self.pidfile = Some(PidFile::claim(path, identity)?);
        }
        Ok(())
    }

    fn daemonize(&self, prepared: &mut Prepared) -> Result<Side, StartError> {
        let side = daemonize::fork().map_err(failure)?;
        if side == Side::Daemon {
            let daemon = &prepared.config.daemon;
            for line in daemonize::detach(daemon.directory.as_deref(), daemon.umask) {
                log(&mut prepared.activity, &line);
            }
        }
        Ok(side)
    }

    /// Serves until everything is stopped.
    fn serve(&mut self, prepared: Prepared) -> Result<After, StartError> {
        let (runtime, signals) = match &mut self.runtime {
            Some(runtime) => runtime,
            None => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failure)?;
                let signals = runtime.block_on(async { Signals::install() }).map_err(failure)?;
                self.runtime.insert((runtime, signals))
            }
        };
        let Prepared { config, mut activity, servers, child_logs, sockets, groups } = prepared;
        match self.pidfile.as_mut().is_some_and(|pidfile| pidfile.write().is_ok()) {
            true => log(&mut activity, &Message::Started { pid: std::process::id() as i32 }),
            false => log(&mut activity, &Message::PidfileFailed(config.daemon.pidfile.clone())),
        }
        let (handle, requests) = Handle::channel();
        let (note_sender, notes) = tokio::sync::mpsc::channel::<Note>(NOTES);
        let threshold = config.daemon.loglevel;
        let site = Site {
            handle,
            namespaces: config.rpc_interfaces.iter().map(|interface| interface.namespace.clone()).collect(),
            version: VERSION.to_owned(),
            wall_clock: || UNIX_EPOCH + clock::wall(),
            log: Arc::new(move |note: Note| {
                if note.level() >= threshold {
                    // A client that makes more lines than the log takes loses lines, not the daemon its memory.
                    let _ = note_sender.try_send(note);
                }
            }),
        };
        let server_url = config.server_url();
        let setup = Setup {
            main_log: match &config.daemon.logfile {
                DaemonLog::File(path) => Some(path.clone()),
                DaemonLog::Syslog => None,
            },
            config,
            groups,
            child_logs,
            sockets,
            activity,
            environment: std::env::vars_os().collect(),
            server_url,
            source: self.source.clone(),
            requests,
            notes,
            next_serial: self.next_serial,
        };
        let ending = runtime.block_on(async {
            let owner = Owner::new(setup).map_err(failure)?;
            let mut server = http::serve(servers, site).map_err(failure)?;
            let ending = owner.run(signals, &mut server).await;
            server.close().await;
            Ok::<Ending, StartError>(ending)
        })?;
        self.next_serial = ending.next_serial;
        self.log_before = Some(ending.activity);
        Ok(ending.after)
    }
}

/// Says in the log why the daemon ends. If there is none, nobody can be told.
fn tell(config: &Config, error: &StartError) {
    if let Ok(mut activity) = open_activity_log(config, Attempt::Fallback) {
        log(&mut activity, &Message::CannotGoOn { reason: error.text.clone() });
    }
}

fn is_there(log: &DaemonLog) -> bool {
    match log {
        DaemonLog::File(path) => path.exists(),
        DaemonLog::Syslog => true,
    }
}

/// Opens the activity log; in the foreground it is echoed on stdout. If it is a FIFO, the first start waits for its reader, who may
/// be about to come; SIGTERM or SIGINT end that.
fn open_activity_log(config: &Config, attempt: Attempt) -> Result<ActivityLog, StartError> {
    let daemon = &config.daemon;
    let echo = match daemon.nodaemon && !daemon.silent {
        true => io::stdout().as_fd().try_clone_to_owned().ok(),
        false => None,
    };
    let _until_open = match &daemon.logfile {
        DaemonLog::File(path) if attempt == Attempt::First => logfile::wait_for_reader(path),
        DaemonLog::File(_) | DaemonLog::Syslog => None,
    };
    let policy = RotationPolicy::new(daemon.logfile_maxbytes, daemon.logfile_backups);
    ActivityLog::open(&daemon.logfile, policy, daemon.loglevel, echo)
        .map_err(|error| failure(error).because_of(config, "supervisord", "logfile"))
}
