//! The owner: one task that has the engine and every child descriptor, and puts everything that happens in order.
//!
//! A turn waits until something is ready (a signal, a deadline, a command, a pipe), then takes from each source in
//! that order what its budget allows, and after each single thing carries out every effect it had. Pipes get at
//! most [`TURN_READS`] reads or [`TURN_BYTES`] a turn, so a flood of output delays a timer by a millisecond or two
//! and not by seconds. Nothing in a turn waits: no await, no lock, no blocking call but writes to log files.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use nix::sys::signal::Signal;
use supervisor_protocol::name::Namespec;
use supervisor_protocol::state::ProcessState;
use tokio::sync::{mpsc, oneshot};

use super::activity::ActivityLog;
use super::child::{Child, Context, Logs, READ_BYTES, Step};
use super::clock;
use super::handle::Request;
use super::logfile::unlink_log;
use super::poll::{Pipe, Pipes, Token};
use super::privileges::UserSwitch;
use super::signals::{Signalled, Signals};
use super::spawn::{self, Plan, SpawnError, Spawned};
use super::syslog::Syslog;
use super::{program, reaper};
use crate::config::model::{Config, GroupConfig, LogLevel, LogTarget, ProcessConfig, ServerUrl};
use crate::engine::command::{Command, Refusal, Reply, Target, TaskOutcome, Ticket};
use crate::engine::message::Message;
use crate::engine::{After, Effect, Facts, Input, LogPaths, Now, ProcessId, Supervisor};

/// At most this many reads of child output a turn.
const TURN_READS: usize = 128;

/// At most this many bytes of child output a turn.
const TURN_BYTES: usize = 1024 * 1024;

/// At most this many commands a turn.
const TURN_REQUESTS: usize = 32;

/// Reads the configuration again, as a start would.
pub(super) type Reload = Box<dyn Fn() -> Result<Config, String>>;

/// Makes an AUTO log file: directory settings, process name, channel → path.
pub(super) type AutoLog = Box<dyn Fn(&str, &'static str) -> io::Result<PathBuf>>;

/// What the owner is given to work with.
pub(super) struct Setup {
    pub(super) config: Config,
    pub(super) activity: ActivityLog,
    pub(super) main_log: Option<PathBuf>,
    /// The environment the daemon was started with.
    pub(super) environment: BTreeMap<OsString, OsString>,
    /// For `SUPERVISOR_SERVER_URL`.
    pub(super) server_url: Option<String>,
    pub(super) reload: Reload,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) next_serial: u64,
}

/// How the owner's work ended.
pub(super) struct Ending {
    pub(super) after: After,
    pub(super) next_serial: u64,
    pub(super) activity: ActivityLog,
}

/// See the module's documentation.
pub(super) struct Owner {
    engine: Supervisor,
    children: HashMap<ProcessId, Child>,
    pipes: Pipes,
    activity: ActivityLog,
    syslog: Syslog,
    tickets: HashMap<Ticket, oneshot::Sender<Result<Reply, Refusal>>>,
    next_ticket: u64,
    requests: mpsc::Receiver<Request>,
    requests_open: bool,
    effects: Vec<Effect>,
    steps: VecDeque<Step>,
    buffer: Vec<u8>,
    ready: Vec<Token>,
    /// Pipes that were ready but beyond the last turn's budget.
    backlog: VecDeque<Token>,
    settings: Settings,
    finished: Option<After>,
}

/// What stays the same, or changes only at a reread.
struct Settings {
    environment: BTreeMap<OsString, OsString>,
    server_url: Option<String>,
    main_log: Option<PathBuf>,
    strip_ansi: bool,
    close_below: Option<u32>,
    identifier: String,
    childlogdir: PathBuf,
    reload: Reload,
    /// AUTO log files of the configuration last read: chosen once, kept over remove and add.
    auto_logs: HashMap<(String, String, &'static str), PathBuf>,
}

impl Settings {
    fn adopt(&mut self, config: &Config) {
        self.strip_ansi = config.daemon.strip_ansi;
        self.close_below = close_below(config.daemon.minfds);
        self.identifier.clone_from(&config.daemon.identifier);
        self.childlogdir = child_log_directory(config);
    }
}

/// Children get nothing the daemon inherited, unless `minfds` was set low to hand descriptors down.
fn close_below(minfds: i64) -> Option<u32> {
    (minfds < 1024).then(|| u32::try_from(minfds).unwrap_or(0))
}

/// The directory of AUTO child logs.
pub(super) fn child_log_directory(config: &Config) -> PathBuf {
    config
        .daemon
        .childlogdir
        .clone()
        .or_else(|| super::autolog::default_directory(|name| std::env::var_os(name)))
        .unwrap_or_else(std::env::temp_dir)
}

impl Owner {
    /// Takes over. To be called within the runtime.
    ///
    /// # Errors
    /// The system has no descriptor left, or an AUTO log file cannot be made.
    pub(super) fn new(setup: Setup) -> io::Result<Self> {
        let Setup { config, activity, main_log, environment, server_url, reload, requests, next_serial } = setup;
        let settings = Settings {
            environment,
            server_url,
            main_log,
            strip_ansi: config.daemon.strip_ansi,
            close_below: close_below(config.daemon.minfds),
            identifier: config.daemon.identifier.clone(),
            childlogdir: child_log_directory(&config),
            reload,
            auto_logs: HashMap::new(),
        };
        let mut owner = Owner {
            engine: Supervisor::new(config.daemon.identifier.clone(), config.groups.clone(), next_serial),
            children: HashMap::new(),
            pipes: Pipes::new()?,
            activity,
            syslog: Syslog::default(),
            tickets: HashMap::new(),
            next_ticket: 0,
            requests,
            requests_open: true,
            effects: Vec::new(),
            steps: VecDeque::new(),
            buffer: vec![0; READ_BYTES],
            ready: Vec::new(),
            backlog: VecDeque::new(),
            settings,
            finished: None,
        };
        for group in config.groups {
            let logs = owner.log_paths(&group)?;
            owner.feed(Input::GroupActivated(group, logs));
        }
        Ok(owner)
    }

    /// Writes a line to the activity log.
    pub(super) fn log(&mut self, message: &Message) {
        if self.activity.is_enabled(message.level()) {
            self.activity.log(message.level(), &message.to_string(), clock::wall());
        }
    }

    /// Works until everything is stopped on somebody's request.
    pub(super) async fn run(mut self, signals: &mut Signals) -> Ending {
        self.feed(Input::Started);
        let sleep = tokio::time::sleep_until(tokio::time::Instant::now());
        tokio::pin!(sleep);
        let mut armed = None;
        while self.finished.is_none() {
            let deadline = self.engine.next_deadline();
            if deadline != armed {
                armed = deadline;
                if let Some(deadline) = deadline {
                    sleep.as_mut().reset(clock::instant(deadline));
                }
            }
            let mut signalled = None;
            let mut request = None;
            if self.backlog.is_empty() {
                tokio::select! {
                    biased;
                    signal = signals.next() => signalled = Some(signal),
                    () = sleep.as_mut(), if armed.is_some() => armed = None,
                    received = self.requests.recv(), if self.requests_open => match received {
                        Some(received) => request = Some(received),
                        None => self.requests_open = false,
                    },
                    () = self.pipes.wait() => {}
                }
            } else {
                // More is known to be ready; everyone else gets their turn first.
                tokio::task::yield_now().await;
            }
            self.turn(signals, signalled, request);
        }
        Ending {
            after: self.finished.unwrap_or(After::Exit),
            next_serial: self.engine.next_serial(),
            activity: self.activity,
        }
    }

    /// One turn: every source once, each within its budget.
    fn turn(&mut self, signals: &mut Signals, signalled: Option<Signalled>, request: Option<Request>) {
        let mut signalled = signalled.or_else(|| signals.pending());
        while let Some(signal) = signalled {
            self.signalled(signal);
            signalled = signals.pending();
        }
        if self.engine.next_deadline().is_some_and(|deadline| deadline <= clock::now().mono) {
            self.feed(Input::Deadline);
        }
        if let Some(request) = request {
            self.request(request);
        }
        for _ in 1..TURN_REQUESTS {
            match self.requests.try_recv() {
                Ok(request) => self.request(request),
                Err(_) => break,
            }
        }
        self.serve_pipes();
    }

    /// Serves ready pipes within the turn's budget; what is left over is remembered.
    fn serve_pipes(&mut self) {
        if self.backlog.is_empty() {
            let mut ready = std::mem::take(&mut self.ready);
            self.pipes.ready(&mut ready);
            self.backlog.extend(ready.drain(..));
            self.ready = ready;
        }
        let mut bytes = 0;
        for _ in 0..TURN_READS {
            if bytes >= TURN_BYTES {
                break;
            }
            let Some(Token(id, pipe)) = self.backlog.pop_front() else { break };
            bytes += self.serve(id, pipe);
        }
    }

    fn serve(&mut self, id: ProcessId, pipe: Pipe) -> usize {
        let mut context = Context {
            strip_ansi: self.settings.strip_ansi,
            echo: self.activity.is_enabled(LogLevel::Debug),
            state: self.engine.process(id).map_or(ProcessState::Stopped, |process| process.state()),
            wall: clock::wall(),
            syslog: &mut self.syslog,
            steps: &mut self.steps,
        };
        let Some(child) = self.children.get_mut(&id) else { return 0 };
        let count = match pipe {
            Pipe::Stdin => {
                child.writable(&self.pipes, &mut context);
                0
            }
            Pipe::Output(channel) => child.read(channel, &mut self.buffer, &self.pipes, &mut context),
        };
        self.take_steps();
        count
    }

    /// Carries out what came out of a pipe, in order.
    fn take_steps(&mut self) {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Log(message) => self.log(&message),
                Step::Input(input) => self.feed(input),
            }
        }
    }

    /// Hands one input to the engine and carries out every effect, including those of the inputs that effects
    /// lead to.
    fn feed(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        let mut effects = std::mem::take(&mut self.effects);
        while let Some(input) = inputs.pop_front() {
            self.engine.handle(clock::now(), input, &mut effects);
            for effect in effects.drain(..) {
                inputs.extend(self.carry_out(effect));
            }
        }
        self.effects = effects;
    }

    /// Carries out one effect; what it leads to.
    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Log(message) => self.log(&message),
            Effect::Spawn(id) => return Some(Input::Spawned(id, self.spawn(id))),
            Effect::Signal { process, pid, signal, group, purpose } => {
                let target = if group { -pid } else { pid };
                // SAFETY: kill takes two numbers. The pid is that of a child that has not been reaped.
                let result = match unsafe { libc::kill(target, signal) } {
                    0 => Ok(()),
                    _ => Err(nix::errno::Errno::last_raw()),
                };
                return Some(Input::Signalled(process, purpose, result));
            }
            Effect::Deliver(id, bytes) => {
                let sent = self.send(id, bytes);
                return sent.err().map(|_| Input::StdinClosed(id));
            }
            Effect::SendStdin(ticket, id, bytes) => {
                let answer = match self.send(id, bytes) {
                    Ok(()) => Ok(Reply::Done),
                    Err(nix::errno::Errno::ENOBUFS) => Err(Refusal::Failed(None)),
                    Err(_) => Err(Refusal::NoStdin(self.namespec(id))),
                };
                self.answer(ticket, answer);
            }
            Effect::ClearLogs { ticket, processes, many } => {
                let outcomes: Vec<_> = processes.into_iter().filter_map(|id| self.clear_logs(id)).collect();
                let answer = match many {
                    true => Ok(Reply::Tasks(outcomes)),
                    false => outcomes.into_iter().try_for_each(|outcome| outcome.result).map(|()| Reply::Done),
                };
                self.answer(ticket, answer);
            }
            Effect::ClearMainLog(ticket) => {
                let answer = self.clear_main_log();
                self.answer(ticket, answer);
            }
            Effect::MainLogPath(ticket) => {
                let path = self.settings.main_log.clone();
                self.answer(ticket, Ok(Reply::LogPath(path)));
            }
            Effect::Answer(ticket, answer) => self.answer(ticket, answer),
            Effect::Forget(id) => {
                self.children.remove(&id);
            }
            Effect::Finished(after) => self.finished = Some(after),
        }
        None
    }

    fn send(&mut self, id: ProcessId, bytes: Bytes) -> Result<(), nix::errno::Errno> {
        let mut context = Context {
            strip_ansi: self.settings.strip_ansi,
            echo: false,
            state: self.engine.process(id).map_or(ProcessState::Stopped, |process| process.state()),
            wall: clock::wall(),
            syslog: &mut self.syslog,
            steps: &mut self.steps,
        };
        let child = self.children.get_mut(&id).ok_or(nix::errno::Errno::EPIPE)?;
        child.send(bytes, &self.pipes, &mut context)
    }

    fn answer(&mut self, ticket: Ticket, answer: Result<Reply, Refusal>) {
        if let Some(waiting) = self.tickets.remove(&ticket) {
            // The client may have gone; what it asked for is done all the same.
            let _ = waiting.send(answer);
        }
    }

    /// Starts a child.
    fn spawn(&mut self, id: ProcessId) -> Result<i32, String> {
        let Some(process) = self.engine.process(id) else { return Err("no such process".to_owned()) };
        let (config, paths, group) =
            (process.config().clone(), process.logs().clone(), process.reference().group.clone());
        let program = program::resolve(&config, &self.settings.environment).map_err(|error| error.to_string())?;
        let logs = Logs::open(&config, &paths).map_err(|errno| SpawnError::Channels(errno).text(&config.name))?;
        let plan = Plan {
            program: &program,
            environment: self.child_environment(&config, &group),
            directory: config.directory.as_deref(),
            umask: config.umask,
            user: config.uid.and_then(|uid| match UserSwitch::to(uid) {
                Ok(None) => None,
                Ok(Some(switch)) => Some((uid, Ok(switch))),
                Err(reason) => Some((uid, Err(reason))),
            }),
            redirect_stderr: config.redirect_stderr,
            close_below: self.settings.close_below,
        };
        let spawned: Spawned = spawn::spawn(&plan).map_err(|error| error.text(&config.name))?;
        let pid = spawned.pid;
        match Child::new(id, &config, self.engine.is_listener(id), spawned, logs, &self.pipes) {
            Ok(child) => {
                self.children.insert(id, child);
            }
            Err(error) => self.log(&Message::LogTrouble(format!(
                "cannot watch the output of {}, its pipes are closed: {error}",
                config.name
            ))),
        }
        Ok(pid)
    }

    fn child_environment(&self, config: &ProcessConfig, group: &str) -> Vec<OsString> {
        let url = match &config.serverurl {
            ServerUrl::Auto => self.settings.server_url.as_deref().unwrap_or_default(),
            ServerUrl::Explicit(url) => url,
        };
        let mut own = vec![
            ("SUPERVISOR_ENABLED", "1"),
            ("SUPERVISOR_PROCESS_NAME", config.name.as_str()),
            ("SUPERVISOR_GROUP_NAME", group),
        ];
        if !url.is_empty() {
            own.push(("SUPERVISOR_SERVER_URL", url));
        }
        spawn::environment(&self.settings.environment, &own, &config.environment)
    }

    fn signalled(&mut self, signal: Signalled) {
        match signal {
            Signalled::Child => {
                self.log(&Message::ChildQuit);
                self.reap();
            }
            Signalled::Exit(signal) => {
                self.log(&Message::ExitRequest { signal });
                self.feed(Input::StopEverything(After::Exit));
            }
            Signalled::Restart => self.restart_requested(),
            Signalled::Reopen => {
                self.log(&Message::ReopenRequest);
                self.log(&Message::Reopening);
                let mut troubles: Vec<_> = self.activity.reopen().err().into_iter().collect();
                troubles.extend(self.children.values_mut().flat_map(Child::reopen_logs));
                for trouble in troubles {
                    self.log(&Message::LogTrouble(trouble.to_string()));
                }
            }
        }
    }

    /// SIGHUP. The configuration is read before anything is stopped.
    fn restart_requested(&mut self) {
        use supervisor_protocol::state::SupervisorState;
        if self.engine.mood() == SupervisorState::Shutdown {
            return self.log(&Message::RestartRequestIgnored);
        }
        self.log(&Message::RestartRequest);
        match (self.settings.reload)() {
            Ok(_) => self.feed(Input::StopEverything(After::Restart)),
            Err(reason) => self.log(&Message::RestartRefused { reason }),
        }
    }

    /// Collects every dead child, each after what its pipes still held.
    fn reap(&mut self) {
        loop {
            match reaper::reap() {
                Ok(None) => return,
                Ok(Some((pid, death))) => {
                    if let Some(id) = self.engine.process_of_pid(pid) {
                        self.drain(id);
                    }
                    self.feed(Input::Exited(pid, death));
                }
                Err(errno) => {
                    let errno = errno as i32;
                    let text = format!("waitpid error {errno}; a process may not be cleaned up properly");
                    return self.log(&Message::LogTrouble(text));
                }
            }
        }
    }

    /// Takes what a dead child's pipes hold, and closes them.
    fn drain(&mut self, id: ProcessId) {
        let Some(child) = self.children.remove(&id) else { return };
        let mut context = Context {
            strip_ansi: self.settings.strip_ansi,
            echo: self.activity.is_enabled(LogLevel::Debug),
            state: self.engine.process(id).map_or(ProcessState::Stopped, |process| process.state()),
            wall: clock::wall(),
            syslog: &mut self.syslog,
            steps: &mut self.steps,
        };
        child.drain(&mut self.buffer, &self.pipes, &mut context);
        self.take_steps();
    }

    /// A client's command: what the engine must know of the world is looked up first.
    fn request(&mut self, request: Request) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let facts = self.facts(&request.command);
        self.tickets.insert(ticket, request.answer);
        self.feed(Input::Command(ticket, request.command, facts));
    }

    fn facts(&mut self, command: &Command) -> Facts {
        match command {
            Command::Start { target, .. } => {
                let processes = self.engine.select(target).unwrap_or_default();
                let look_up = |id: ProcessId| {
                    let config = self.engine.process(id)?.config();
                    let found = program::resolve(config, &self.settings.environment);
                    Some((id, found.map(drop).map_err(Refusal::from)))
                };
                Facts::Programs(processes.into_iter().filter_map(look_up).collect())
            }
            Command::Reread | Command::Restart => Facts::Configuration(self.reread(command)),
            Command::AddGroup(name) => match self.engine.latest_group(name).cloned() {
                Some(group) if self.engine.active_groups().all(|active| active.name != *name) => {
                    Facts::Logs(self.log_paths(&group).map_err(|error| error.to_string()))
                }
                _ => Facts::None,
            },
            _ => Facts::None,
        }
    }

    /// Reads the configuration. A reread also takes over what changes at once (`cfg_rr07`).
    fn reread(&mut self, command: &Command) -> Result<Vec<GroupConfig>, String> {
        use supervisor_protocol::state::SupervisorState;
        if self.engine.mood() != SupervisorState::Running {
            return Err(String::new());
        }
        let config = (self.settings.reload)()?;
        if matches!(command, Command::Reread) {
            self.settings.adopt(&config);
            self.engine.set_identifier(config.daemon.identifier);
            let active: Vec<String> = self.engine.active_groups().map(|group| group.name.clone()).collect();
            self.settings.auto_logs.retain(|(group, _, _), _| active.contains(group));
        }
        Ok(config.groups)
    }

    /// Where the processes of a group log: AUTO files are made now, before a program ever starts.
    fn log_paths(&mut self, group: &GroupConfig) -> io::Result<Vec<LogPaths>> {
        let mut paths = Vec::with_capacity(group.processes.len());
        for process in &group.processes {
            let stdout = self.log_path(&group.name, &process.name, "stdout", &process.stdout.logfile)?;
            let stderr = match process.redirect_stderr {
                true => None,
                false => self.log_path(&group.name, &process.name, "stderr", &process.stderr.logfile)?,
            };
            paths.push(LogPaths { stdout, stderr });
        }
        Ok(paths)
    }

    fn log_path(
        &mut self,
        group: &str,
        process: &str,
        channel: &'static str,
        target: &LogTarget,
    ) -> io::Result<Option<PathBuf>> {
        let key = match target {
            LogTarget::None => return Ok(None),
            LogTarget::File(path) => return Ok(Some(path.clone())),
            LogTarget::Auto => (group.to_owned(), process.to_owned(), channel),
        };
        if let Some(path) = self.settings.auto_logs.get(&key) {
            return Ok(Some(path.clone()));
        }
        let Settings { childlogdir, identifier, .. } = &self.settings;
        let path = super::autolog::create(childlogdir, process, channel, identifier)?;
        self.settings.auto_logs.insert(key, path.clone());
        Ok(Some(path))
    }

    /// Clears the logs of one process, running or not.
    fn clear_logs(&mut self, id: ProcessId) -> Option<TaskOutcome> {
        let process = self.engine.process(id)?;
        let reference = process.reference().clone();
        let paths = process.logs().clone();
        let troubles: Vec<String> = match self.children.get_mut(&id) {
            Some(child) => child.clear_logs().into_iter().map(|error| error.to_string()).collect(),
            None => [paths.stdout, paths.stderr]
                .into_iter()
                .flatten()
                .filter_map(|path| unlink_log(&path).err())
                .map(|error| error.to_string())
                .collect(),
        };
        let result = match troubles.is_empty() {
            true => Ok(()),
            false => Err(Refusal::Failed(Some(self.namespec(id)))),
        };
        for trouble in troubles {
            self.log(&Message::LogTrouble(trouble));
        }
        Some(TaskOutcome { name: reference.process, group: reference.group, result })
    }

    fn clear_main_log(&mut self) -> Result<Reply, Refusal> {
        let exists = self.settings.main_log.as_ref().is_some_and(|path| path.exists());
        if !exists {
            return Err(Refusal::NoLog(None));
        }
        match self.activity.clear(clock::wall()) {
            Ok(()) => Ok(Reply::Done),
            Err(error) => Err(Refusal::Failed(Some(error.to_string()))),
        }
    }

    fn namespec(&self, id: ProcessId) -> String {
        self.engine.process(id).map(|process| process.namespec()).unwrap_or_default()
    }
}
