//! The owner: one task that has the engine and every child descriptor, and puts everything that happens in order.
//!
//! A turn waits until something is ready (a signal, a deadline, a command, a pipe), then takes from each source in
//! that order what its budget allows, and after each single thing carries out every effect it had. Pipes get at
//! most so many reads, bytes and milliseconds a turn (`serve.rs`), so a flood of output delays a timer by a millisecond
//! or two and not by seconds. Nothing in a turn waits: no await, no lock, no blocking call but writes to log files.
//!
//! What always has something ready never has the owner wait, and only while it waits does the runtime look at sockets and
//! signals. So the owner yields to it after each stretch of work.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::activity::ActivityLog;
use super::channel::Step;
use super::child::{Child, READ_BYTES};
use super::childlogs::ChildLogs;
use super::clock;
use super::console::Console;
use super::fcgi::Sockets;
use super::handle::Request;
use super::load::Source;
use super::patient;
use super::poll::{Pipes, Token};
use super::reaper;
use super::signals::{Signalled, Signals};
use super::spawn::Launcher;
use super::syslog::Syslog;
use super::untold::Untold;
use super::unwatched::Unwatched;
use crate::config::model::{Config, GroupConfig};
use crate::engine::command::{Refusal, Reply, Ticket};
use crate::engine::message::Message;
use crate::engine::{After, Effect, Input, LogPaths, ProcessId, Supervisor};
use crate::http::{Note, Server};

/// At most this many commands, and as many notes, a turn.
const TURN_REQUESTS: usize = 32;

/// After so much work everyone else gets their turn.
const STRETCH: Duration = Duration::from_millis(1);

/// What the owner is given to work with.
pub(super) struct Setup {
    pub(super) config: Config,
    /// The groups to start with, and where their processes log.
    pub(super) groups: Vec<(GroupConfig, Vec<LogPaths>)>,
    pub(super) child_logs: ChildLogs,
    pub(super) sockets: Sockets,
    pub(super) activity: ActivityLog,
    pub(super) main_log: Option<PathBuf>,
    /// The environment the daemon was started with.
    pub(super) environment: BTreeMap<OsString, OsString>,
    /// For `SUPERVISOR_SERVER_URL`.
    pub(super) server_url: Option<String>,
    /// For reading the configuration again.
    pub(super) source: Rc<Source>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) notes: mpsc::Receiver<Note>,
    pub(super) next_serial: u64,
}

/// How the owner's work ended.
pub(super) struct Ending {
    pub(super) activity: ActivityLog,
    pub(super) after: After,
    pub(super) next_serial: u64,
}

/// See the module's documentation.
pub(super) struct Owner {
    pub(super) engine: Supervisor,
    pub(super) children: HashMap<ProcessId, Child>,
    pub(super) pipes: Pipes,
    pub(super) launcher: Launcher,
    pub(super) activity: ActivityLog,
    pub(super) syslog: Syslog,
    pub(super) console: Console,
    pub(super) tickets: HashMap<Ticket, oneshot::Sender<Result<Reply, Refusal>>>,
    pub(super) next_ticket: u64,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) requests_open: bool,
    pub(super) notes: mpsc::Receiver<Note>,
    pub(super) child_logs: ChildLogs,
    pub(super) sockets: Sockets,
    pub(super) effects: Vec<Effect>,
    /// Processes that the engine wants started.
    pub(super) due: VecDeque<ProcessId>,
    pub(super) steps: VecDeque<Step>,
    pub(super) buffer: Vec<u8>,
    pub(super) ready: Vec<Token>,
    /// Pipes that were ready but beyond the last turn's budget.
    pub(super) backlog: VecDeque<Token>,
    pub(super) unwatched: Unwatched,
    pub(super) untold: Untold,
    /// Log files of children about which a warning has been given.
    pub(super) unrotatable: BTreeSet<PathBuf>,
    pub(super) settings: Settings,
    pub(super) finished: Option<After>,
}

/// What stays the same, or changes only at a reread.
pub(super) struct Settings {
    pub(super) environment: BTreeMap<OsString, OsString>,
    pub(super) server_url: Option<String>,
    pub(super) main_log: Option<PathBuf>,
    pub(super) strip_ansi: bool,
    pub(super) close_below: Option<u32>,
    pub(super) source: Rc<Source>,
}

impl Settings {
    pub(super) fn adopt(&mut self, config: &Config) {
        self.strip_ansi = config.daemon.strip_ansi;
        self.close_below = close_below(config.daemon.minfds);
    }
}

/// Children get nothing the daemon inherited, unless `minfds` was set low to hand descriptors down.
fn close_below(minfds: i64) -> Option<u32> {
    (minfds < 1024).then(|| u32::try_from(minfds).unwrap_or(0))
}

/// Writes a line to the activity log.
pub(super) fn log(activity: &mut ActivityLog, message: &Message) {
    if activity.is_enabled(message.level()) {
        activity.log(message.level(), &message.to_string(), clock::wall());
    }
}

impl Owner {
    /// Takes over. To be called within the runtime.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub(super) fn new(setup: Setup) -> io::Result<Self> {
        let Setup {
            config,
            groups,
            child_logs,
            sockets,
            activity,
            main_log,
            environment,
            server_url,
            source,
            requests,
            notes,
            next_serial,
        } = setup;
        let settings = Settings {
            environment,
            server_url,
            main_log,
            strip_ansi: config.daemon.strip_ansi,
            close_below: close_below(config.daemon.minfds),
            source,
        };
        patient::unwatched();
        let mut owner = Owner {
            engine: Supervisor::new(config.daemon.identifier, config.groups, next_serial),
            children: HashMap::new(),
            pipes: Pipes::new()?,
            launcher: Launcher::new(),
            activity,
            syslog: Syslog::default(),
            console: Console::stdout(),
            tickets: HashMap::new(),
            next_ticket: 0,
            requests,
            requests_open: true,
            notes,
            child_logs,
            sockets,
            effects: Vec::new(),
            due: VecDeque::new(),
            steps: VecDeque::new(),
            buffer: vec![0; READ_BYTES],
            ready: Vec::new(),
            backlog: VecDeque::new(),
            unwatched: Unwatched::default(),
            untold: Untold::default(),
            unrotatable: BTreeSet::new(),
            settings,
            finished: None,
        };
        for (group, logs) in groups {
            owner.feed(Input::GroupActivated(group, logs));
        }
        Ok(owner)
    }

    /// Writes a line to the activity log.
    pub(super) fn log(&mut self, message: &Message) {
        log(&mut self.activity, message);
    }

    /// Works until everything is stopped on somebody's request.
    pub(super) async fn run(mut self, signals: &mut Signals, server: &mut Server) -> Ending {
        self.feed(Input::Started);
        self.start_due();
        self.unwatched.let_gather(&self.pipes);
        let sleep = tokio::time::sleep_until(tokio::time::Instant::now());
        tokio::pin!(sleep);
        let mut armed = None;
        let mut worked = Duration::ZERO;
        while self.finished.is_none() {
            let deadline = self.engine.next_deadline().into_iter().chain(self.untold.deadline()).min();
            if deadline != armed {
                armed = deadline;
                if let Some(deadline) = deadline {
                    sleep.as_mut().reset(clock::instant(deadline));
                }
            }
            let mut signalled = None;
            let mut request = None;
            if self.backlog.is_empty() && worked < STRETCH {
                tokio::select! {
                    biased;
                    signal = signals.next() => signalled = Some(signal),
                    () = sleep.as_mut(), if armed.is_some() => armed = None,
                    received = self.requests.recv(), if self.requests_open => match received {
                        Some(received) => request = Some(received),
                        None => self.requests_open = false,
                    },
                    Some(note) = self.notes.recv() => self.note(&note),
                    () = self.pipes.wait() => {}
                }
            } else {
                // More is known to be ready, or may be; everyone else gets their turn first.
                tokio::task::yield_now().await;
                worked = Duration::ZERO;
            }
            let began = clock::mono();
            self.turn(signals, server, signalled, request);
            worked += clock::mono().saturating_sub(began);
        }
        self.end_logs();
        Ending {
            activity: self.activity,
            after: self.finished.unwrap_or(After::Exit),
            next_serial: self.engine.next_serial(),
        }
    }

    /// One turn: every source once, each within its budget.
    fn turn(
        &mut self,
        signals: &mut Signals,
        server: &mut Server,
        signalled: Option<Signalled>,
        request: Option<Request>,
    ) {
        let mut signalled = signalled.or_else(|| signals.pending());
        while let Some(signal) = signalled {
            self.signalled(signal, server);
            self.start_due();
            signalled = signals.pending();
        }
        if self.engine.next_deadline().is_some_and(|deadline| deadline <= clock::mono()) {
            self.feed(Input::Deadline);
            self.start_due();
        }
        self.tell_untold();
        if let Some(request) = request {
            self.request(request);
        }
        for _ in 1..TURN_REQUESTS {
            match self.requests.try_recv() {
                Ok(request) => self.request(request),
                Err(_) => break,
            }
        }
        for _ in 0..TURN_REQUESTS {
            match self.notes.try_recv() {
                Ok(note) => self.note(&note),
                Err(_) => break,
            }
        }
        self.serve_pipes();
        self.take_steps();
        self.start_due();
        self.tell_lost();
        let pipes = &self.pipes;
        if patient::tend(|fd| pipes.add_outlet(fd), |fd| pipes.remove(fd), |fd| pipes.add_lookout(fd)) {
            self.backlog.extend(self.unwatched.uncongested());
        }
        if self.backlog.is_empty() {
            self.unwatched.let_gather(&self.pipes);
        }
    }

    /// Writes a line of the HTTP side to the activity log.
    fn note(&mut self, note: &Note) {
        self.activity.log(note.level(), &note.to_string(), clock::wall());
    }

    /// Carries out what came out of a pipe, in order.
    pub(super) fn take_steps(&mut self) {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Log(message) => self.log(&message),
                Step::Input(input) => self.feed(input),
            }
        }
    }

    fn signalled(&mut self, signal: Signalled, server: &mut Server) {
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
                // A cleaned /tmp takes sockets with it: they are made again.
                for restored in server.restore_socket_files() {
                    self.log(&Message::SocketRestored {
                        path: restored.path,
                        error: restored.result.err().map(|error| error.to_string()),
                    });
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
        match self.groups_for_restart() {
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
                    return self.log(&Message::WaitFailed { errno: errno as i32 });
                }
            }
        }
    }
}
