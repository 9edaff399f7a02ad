//! Carrying out what clients ask.
//!
//! Every command but two passes the state gate first: a daemon that is stopping everything refuses it, before
//! it looks at names. What acts on processes opens a job; the rest is answered at once.

use supervisor_protocol::event::Event;
use supervisor_protocol::state::{ProcessState, SupervisorState};

use super::command::{Command, ConfigSnapshot, Refusal, Reply, Target, Ticket};
use super::id::ProcessId;
use super::jobs::{Goal, Item, Phase};
use super::message::Message;
use super::{After, Effect, Facts, Purpose, Supervisor, Turn};
use crate::config::diff;
use crate::config::model::LogTarget;

impl Supervisor {
    /// Answers a command, now or later.
    pub(super) fn command(&mut self, ticket: Ticket, command: Command, facts: Facts, turn: &mut Turn) {
        let gated = !matches!(command, Command::SendRemoteEvent { .. } | Command::TailPath(_));
        if gated && self.mood != SupervisorState::Running {
            return turn.answer(ticket, Err(Refusal::ShuttingDown));
        }
        let answer = match command {
            Command::Ping => Ok(Reply::Done),
            Command::State => Ok(Reply::State(self.mood)),
            Command::Identification => Ok(Reply::Text(self.identifier.clone())),
            Command::ProcessInfo(name) => match self.find_exact(&name).and_then(|id| self.processes.get(&id)) {
                Some(process) => Ok(Reply::Process(Box::new(process.snapshot(turn.now)))),
                None => Err(Refusal::BadName(name)),
            },
            Command::AllProcessInfo => {
                let mut all: Vec<_> = self.processes.values().map(|process| process.snapshot(turn.now)).collect();
                all.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
                Ok(Reply::Processes(all))
            }
            Command::AllConfigInfo => Ok(Reply::Configs(self.config_snapshots())),
            Command::Start { target, wait } => return self.start_command(ticket, target, wait, facts, turn),
            Command::Stop { target, wait } => return self.stop_command(ticket, target, wait, turn),
            Command::Signal { target, signal } => return self.signal_command(ticket, target, signal, turn),
            Command::SendStdin { name, data } => match self.writable(&name) {
                Ok(process) => return turn.effect(Effect::SendStdin(ticket, process, data)),
                Err(refusal) => Err(refusal),
            },
            Command::SendRemoteEvent { kind, data } => {
                self.publish(&Event::RemoteCommunication { kind, data }, turn);
                Ok(Reply::Done)
            }
            Command::ClearLogs(target) => match self.select(&target) {
                Some(processes) if target.is_many() == matches!(target, Target::All) => {
                    let many = target.is_many();
                    return turn.effect(Effect::ClearLogs { ticket, processes, many });
                }
                // The API clears one process or all of them, never a group.
                _ => Err(Refusal::BadName(target.as_typed().to_owned())),
            },
            Command::ClearMainLog => return turn.effect(Effect::ClearMainLog(ticket)),
            Command::MainLogPath | Command::TailPath(None) => return turn.effect(Effect::MainLogPath(ticket)),
            Command::LogPath { name, channel } | Command::TailPath(Some((name, channel))) => {
                match self.find_exact(&name).and_then(|id| self.processes.get(&id)) {
                    Some(process) => Ok(Reply::LogPath(process.log_path(channel))),
                    None => Err(Refusal::BadName(name)),
                }
            }
            Command::Reread => self.reread(facts),
            Command::AddGroup(name) => self.add_group(name, facts, turn),
            Command::RemoveGroup(name) => self.remove_group(name, turn),
            Command::Shutdown => {
                turn.answer(ticket, Ok(Reply::Done));
                return self.stop_everything(After::Exit, turn);
            }
            Command::Restart => match facts {
                // Stopping everything for a configuration that cannot be read would leave nothing running.
                Facts::Configuration(Err(reason)) => {
                    turn.log(Message::RestartRefused { reason: reason.clone() });
                    Err(Refusal::CantReread(reason))
                }
                Facts::Configuration(Ok(_)) | Facts::None | Facts::Programs(_) | Facts::Logs(_) => {
                    turn.answer(ticket, Ok(Reply::Done));
                    return self.stop_everything(After::Restart, turn);
                }
            },
        };
        turn.answer(ticket, answer);
    }

    /// Opens a job for the processes of `target` that `wanted` admits (all, if it names one process).
    fn open_job(
        &mut self,
        ticket: Ticket,
        target: &Target,
        wanted: impl Fn(ProcessState) -> bool,
        turn: &mut Turn,
    ) -> Option<Vec<Item>> {
        let Some(processes) = self.select(target) else {
            turn.answer(ticket, Err(Refusal::BadName(target.as_typed().to_owned())));
            return None;
        };
        let many = target.is_many();
        let items: Vec<Item> = processes
            .into_iter()
            .filter_map(|id| Some((id, self.processes.get(&id)?)))
            .filter(|(_, process)| !many || wanted(process.state()))
            .map(|(id, process)| Item {
                process: id,
                label: if many { process.namespec() } else { target.as_typed().to_owned() },
            })
            .collect();
        self.jobs.open(ticket, many, items.clone());
        Some(items)
    }

    fn start_command(&mut self, ticket: Ticket, target: Target, wait: bool, facts: Facts, turn: &mut Turn) {
        let Some(items) = self.open_job(ticket, &target, |state| !state.is_running(), turn) else { return };
        let mut programs = match facts {
            Facts::Programs(programs) => programs,
            Facts::None | Facts::Logs(_) | Facts::Configuration(_) => Default::default(),
        };
        for (index, Item { process, label }) in items.into_iter().enumerate() {
            let found = programs.remove(&process).unwrap_or(Ok(()));
            match found.and_then(|()| self.startable(process, label, turn)) {
                Ok(()) => {
                    self.jobs.wait(ticket, index, process, if wait { Goal::Running } else { Goal::Spawned });
                    self.start(process, turn);
                }
                Err(refusal) => self.settle_item(ticket, index, Err(refusal), Phase::Immediate, turn),
            }
        }
        self.job_issued(ticket, turn);
    }

    /// Whether a process may be started by a client now.
    fn startable(&self, id: ProcessId, label: String, turn: &mut Turn) -> Result<(), Refusal> {
        let Some(process) = self.processes.get(&id) else { return Err(Refusal::BadName(label)) };
        match process.state() {
            ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal => Ok(()),
            ProcessState::Starting | ProcessState::Running | ProcessState::Backoff => {
                Err(Refusal::AlreadyStarted(label))
            }
            ProcessState::Unknown => Err(Refusal::Failed(Some(format!("{label} is in an unknown process state")))),
            ProcessState::Stopping => {
                turn.log(Message::AlreadyRunning { name: process.name().clone() });
                Err(Refusal::AbnormalTermination(label))
            }
        }
    }

    fn stop_command(&mut self, ticket: Ticket, target: Target, wait: bool, turn: &mut Turn) {
        for id in self.select(&target).unwrap_or_default() {
            self.cancel_restart(id);
        }
        let Some(items) = self.open_job(ticket, &target, ProcessState::is_running, turn) else { return };
        for (index, Item { process: id, label }) in items.into_iter().enumerate() {
            let state = self.processes.get(&id).map(|process| process.state());
            if !state.is_some_and(ProcessState::is_running) {
                self.settle_item(ticket, index, Err(Refusal::NotRunning(label)), Phase::Immediate, turn);
                continue;
            }
            self.stop(id, turn);
            if self.processes.get(&id).is_some_and(|process| process.state().is_stopped()) {
                self.settle_item(ticket, index, Ok(()), Phase::Immediate, turn);
            } else {
                self.jobs.wait(ticket, index, id, if wait { Goal::Stopped } else { Goal::Signalled });
            }
        }
        self.job_issued(ticket, turn);
    }

    /// A restart that is held back does not come after a stop, although there is nothing to stop.
    fn cancel_restart(&mut self, id: ProcessId) {
        if self.processes.get(&id).is_some_and(|process| process.state() == ProcessState::Exited) {
            self.forget_timers(id);
        }
    }

    fn signal_command(&mut self, ticket: Ticket, target: Target, signal: Result<i32, String>, turn: &mut Turn) {
        let Some(items) = self.open_job(ticket, &target, ProcessState::is_signallable, turn) else { return };
        for (index, Item { process: id, label }) in items.into_iter().enumerate() {
            let process = self.processes.get(&id).filter(|process| process.state().is_signallable());
            match (&signal, process.and_then(|process| process.pid())) {
                (Err(typed), _) => {
                    let refusal = Refusal::BadSignal(typed.clone());
                    self.settle_item(ticket, index, Err(refusal), Phase::Immediate, turn);
                }
                (Ok(_), None) => {
                    self.settle_item(ticket, index, Err(Refusal::NotRunning(label)), Phase::Immediate, turn);
                }
                (&Ok(signal), Some(pid)) => {
                    self.kill(id, pid, signal, false, Purpose::Client { ticket, index, signal }, turn);
                }
            }
        }
        self.job_issued(ticket, turn);
    }

    /// The process of this name, if bytes can be sent to it.
    fn writable(&self, name: &str) -> Result<ProcessId, Refusal> {
        let id = self.find_exact(name).ok_or_else(|| Refusal::BadName(name.to_owned()))?;
        match self.processes.get(&id) {
            Some(process) if process.pid().is_some() && process.state() != ProcessState::Stopping => Ok(id),
            _ => Err(Refusal::NotRunning(name.to_owned())),
        }
    }

    fn reread(&mut self, facts: Facts) -> Result<Reply, Refusal> {
        match facts {
            Facts::Configuration(Ok(latest)) => {
                let active: Vec<_> = self.groups.values().map(|group| &group.config).collect();
                let reread = diff::diff(&active, &latest);
                self.latest.replace(latest);
                Ok(Reply::Reread(reread))
            }
            Facts::Configuration(Err(reason)) => Err(Refusal::CantReread(reason)),
            Facts::None | Facts::Programs(_) | Facts::Logs(_) => Err(Refusal::Failed(None)),
        }
    }

    fn add_group(&mut self, name: String, facts: Facts, turn: &mut Turn) -> Result<Reply, Refusal> {
        let Some(config) = self.latest_group(&name).cloned() else { return Err(Refusal::BadName(name)) };
        if self.group_named(&name).is_some() {
            return Err(Refusal::AlreadyAdded(name));
        }
        let logs = match facts {
            Facts::Logs(Ok(logs)) => logs,
            Facts::Logs(Err(reason)) => return Err(Refusal::Failed(Some(reason))),
            Facts::None | Facts::Programs(_) | Facts::Configuration(_) => Vec::new(),
        };
        self.activate(config, logs, turn);
        Ok(Reply::Done)
    }

    fn remove_group(&mut self, name: String, turn: &mut Turn) -> Result<Reply, Refusal> {
        let Some(id) = self.group_named(&name) else { return Err(Refusal::BadName(name)) };
        if self.unstopped(id) {
            return Err(Refusal::StillRunning(name));
        }
        self.deactivate(id, turn);
        Ok(Reply::Done)
    }

    /// The latest configuration, groups by (priority, name). An AUTO log shows the file that a process has, or would have
    /// again.
    fn config_snapshots(&self) -> Vec<ConfigSnapshot> {
        let snapshots =
            |group| ConfigSnapshot::of(group, self.group_named(&group.name).is_some()).map(|one| self.with_files(one));
        self.latest.groups().iter().flat_map(snapshots).collect()
    }

    fn with_files(&self, mut snapshot: ConfigSnapshot) -> ConfigSnapshot {
        let (group, name) = (&snapshot.group, &snapshot.process.name);
        let logs = match self.find(group, name).and_then(|id| self.process(id)) {
            Some(process) => process.auto_logs(),
            None => self.latest.logs_left(group, name).cloned().unwrap_or_default(),
        };
        let process = &mut snapshot.process;
        for (channel, path) in [(&mut process.stdout, logs.stdout), (&mut process.stderr, logs.stderr)] {
            if let (LogTarget::Auto, Some(path)) = (&channel.logfile, path) {
                channel.logfile = LogTarget::File(path);
            }
        }
        snapshot
    }
}
