//! Carrying out what the engine asks for.
//!
//! Effects are carried out in order, all of them before the next input from outside is looked at; what an effect
//! leads to (a signal's result) goes back into the engine right away. Only starts wait a little, for they take longest:
//! all children that have died are reaped, and listeners told, before the next is made.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::fd::AsRawFd as _;

use bytes::Bytes;
use nix::errno::Errno;
use supervisor_protocol::state::ProcessState;

use super::channel::{Context, Step};
use super::child::Child;
use super::childlog::Logs;
use super::clock;
use super::fcgi;
use super::logfile::unlink_log;
use super::owner::{Owner, log};
use super::privileges::UserSwitch;
use super::program;
use super::serve::Parts;
use super::spawn::{self, Plan, SpawnError};
use crate::config::model::{ProcessConfig, ServerUrl};
use crate::engine::command::{Refusal, Reply, TaskOutcome, Ticket};
use crate::engine::message::{ChannelKind, Message};
use crate::engine::{Effect, Input, ProcessId};

/// Whether an effect is the line that says that a child is no more, or could not be made.
fn tells_of_an_end(effect: &Effect) -> bool {
    use Message::{Exited, ExitedFromUnknown, SpawnError, Stopped};
    matches!(effect, Effect::Log(SpawnError(_) | Exited { .. } | Stopped { .. } | ExitedFromUnknown { .. }))
}

impl Owner {
    /// Hands one input to the engine and carries out every effect, including those of the inputs that effects
    /// lead to. What is to be started is only noted.
    pub(super) fn feed(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        let mut effects = std::mem::take(&mut self.effects);
        while let Some(input) = inputs.pop_front() {
            let mut gone = self.gone_with(&input);
            self.engine.handle(clock::now(), input, &mut effects);
            for effect in effects.drain(..) {
                let is_told = tells_of_an_end(&effect);
                inputs.extend(self.carry_out(effect));
                if is_told {
                    // Before anything else, be it the end of all tries or the next one, for which it is made anew.
                    self.let_go_of_socket(gone.take());
                }
            }
            self.let_go_of_socket(gone);
        }
        self.effects = effects;
    }

    /// Starts what is due. To be called before anything is handed in that may change what is to be started.
    pub(super) fn start_due(&mut self) {
        while let Some(id) = self.due.pop_front() {
            let result = self.spawn(id);
            self.feed(Input::Spawned(id, result));
        }
    }

    /// The process whose child an input says to be no more, or never to have been.
    fn gone_with(&self, input: &Input) -> Option<ProcessId> {
        match input {
            Input::Exited(pid, _) => self.engine.process_of_pid(*pid),
            Input::Spawned(id, Err(_)) => Some(*id),
            _ => None,
        }
    }

    fn let_go_of_socket(&mut self, id: Option<ProcessId>) {
        if let Some(closing) = id.and_then(|id| self.sockets.let_go(id)) {
            self.log(&closing);
        }
    }

    /// Carries out one effect; what it leads to.
    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Log(message) => self.log(&message),
            Effect::Spawn(id) => self.due.push_back(id),
            Effect::Signal { process, pid, signal, group, purpose } => {
                let target = if group { -pid } else { pid };
                // SAFETY: kill takes two numbers. The pid is that of a child that has not been reaped.
                let result = match unsafe { libc::kill(target, signal) } {
                    0 => Ok(()),
                    _ => Err(Errno::last_raw()),
                };
                return Some(Input::Signalled(process, purpose, result));
            }
            Effect::Deliver { process, bytes, sent } => match self.send(process, bytes) {
                Ok(()) => {
                    self.log(&sent);
                    let is_behind = self.children.get(&process).is_some_and(Child::is_behind);
                    return is_behind.then_some(Input::LeftUnread(process));
                }
                Err(_) => return Some(Input::StdinClosed(process)),
            },
            Effect::Print(bytes) => {
                if let Some(trouble) = self.console.print(&bytes) {
                    self.log(&trouble);
                }
            }
            Effect::SendStdin(ticket, id, bytes) => {
                let answer = match self.send(id, bytes) {
                    Ok(()) => Ok(Reply::Done),
                    Err(Errno::ENOBUFS) => Err(Refusal::Failed(None)),
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
                self.forget(id);
                self.let_go_of_socket(Some(id));
            }
            Effect::Finished(after) => self.finished = Some(after),
        }
        None
    }

    fn send(&mut self, id: ProcessId, bytes: Bytes) -> Result<(), Errno> {
        // Of its own: the steps of a read that led here are being carried out.
        let mut steps = VecDeque::new();
        let Parts { children, pipes, context, .. } = self.parts(id);
        let child = children.get_mut(&id).ok_or(Errno::EPIPE)?;
        let sent = child.send(bytes, pipes, &mut Context { steps: &mut steps, ..context });
        for step in steps {
            match step {
                Step::Log(message) => self.log(&message),
                Step::Input(_) => debug_assert!(false, "sending makes no facts"),
            }
        }
        sent
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
        if let Some(active) = self.engine.group_of(id) {
            match self.sockets.hold(id, active, &config, &mut |message| log(&mut self.activity, &message)) {
                Err(error) if fcgi::is_needed(active) => return Err(error.to_string()),
                Err(error) => log(&mut self.activity, &Message::ConfigWarning(error.to_string())),
                Ok(()) => {}
            }
        }
        let program = program::resolve(&config, &self.settings.environment).map_err(|error| error.to_string())?;
        let logs = Logs::open(&config, &paths).map_err(|errno| SpawnError::Channels(errno).text(&config.name))?;
        for path in logs.unrotatable() {
            if self.unrotatable.insert(path.to_owned()) {
                log(&mut self.activity, &Message::RotationIgnored(path.to_owned()));
            }
        }
        let plan = Plan {
            program: &program,
            stdin: self.sockets.of(id),
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
            children: self.children.len(),
        };
        let spawned = spawn::spawn(&plan, &mut self.launcher).map_err(|error| error.text(&config.name))?;
        let pid = spawned.pid;
        if let Some(socket) = self.sockets.of(id) {
            // It has no pipe to write to.
            let (fd, name) = (socket.as_raw_fd(), config.name.as_str().into());
            let state = ProcessState::Starting;
            log(&mut self.activity, &Message::ChannelClosed { fd, kind: ChannelKind::Input, name, state });
        }
        let child = Child::new(id, &config, self.engine.is_listener(id), spawned, logs, &self.pipes);
        if child.unwatched().map(|token| self.unwatched.hold(token)).count() > 0 {
            self.log(&Message::OutputUnwatched(config.name.as_str().into()));
        }
        self.children.insert(id, child);
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
