//! Random clients: every command, with names that exist and names that do not.

use supervisor_protocol::event::Channel;

use super::config::AUDITOR;
use super::world::{Outcome, Simulation};
use crate::engine::command::{Command, Refusal, Reply, Target, Ticket};
use crate::engine::{Facts, Input};

impl Simulation {
    /// Some client asks for something.
    pub(super) fn client_asks(&mut self) -> Outcome {
        let group = self.rng.pick(&self.groups[1..]).clone();
        let process = format!("{}:{}", group.name, self.rng.pick(&group.processes).name);
        let target = match self.rng.below(16) {
            0 => Target::All,
            1 => Target::Name("nobody".to_owned()),
            2 | 3 => Target::Group(group.name.clone()),
            4 | 5 => Target::Name(format!("{}:*", group.name)),
            _ => Target::Name(process.clone()),
        };
        let wait = !self.rng.once_in(3);
        let command = match self.rng.below(40) {
            0..10 => return self.start(target, wait),
            10..16 => Command::Stop { target, wait },
            16..20 => {
                let signal = self.rng.pick(&[Ok(1), Ok(9), Ok(10), Err("FOO".to_owned())]).clone();
                Command::Signal { target, signal }
            }
            20..24 => Command::AddGroup(group.name),
            24..28 => return self.remove(group.name, &process),
            28..34 => Command::SendRemoteEvent { kind: "t".to_owned(), data: "x".repeat(self.rng.below(50) as usize) },
            34 => Command::SendStdin { name: process, data: "x".into() },
            35 => Command::ClearLogs(target),
            36 => self
                .rng
                .pick(&[Command::ClearMainLog, Command::MainLogPath, Command::TailPath(None), Command::State])
                .clone(),
            37 => self.rng.pick(&[Command::Ping, Command::Identification, Command::AllConfigInfo]).clone(),
            38 => self.rng.pick(&[Command::AllProcessInfo, Command::ProcessInfo(process)]).clone(),
            _ if self.rng.once_in(8) => return self.end(),
            _ => Command::LogPath { name: process, channel: Channel::Stderr },
        };
        self.ask(command, Facts::None)
    }

    /// Brings the auditor back if something has stopped it.
    pub(super) fn revive_auditor(&mut self) -> Outcome {
        self.start(Target::Name(AUDITOR.to_owned()), false)
    }

    fn start(&mut self, target: Target, wait: bool) -> Outcome {
        let processes = self.engine.select(&target).unwrap_or_default();
        let missing = self.rng.pick_any(processes).filter(|_| self.rng.once_in(10));
        let programs = missing.map(|id| (id, Err(Refusal::NoFile("no".to_owned())))).into_iter().collect();
        self.ask(Command::Start { target, wait }, Facts::Programs(programs))
    }

    /// Removes a group, mostly after it was told to stop.
    fn remove(&mut self, group: String, process: &str) -> Outcome {
        if self.rng.once_in(2) {
            self.ask(Command::Stop { target: Target::Group(group.clone()), wait: true }, Facts::None)?;
        }
        if self.rng.once_in(2) {
            self.ask(Command::Stop { target: Target::Name(process.to_owned()), wait: false }, Facts::None)?;
        }
        self.removals.insert(self.last_ticket + 1, group.clone());
        self.ask(Command::RemoveGroup(group), Facts::None)
    }

    /// A client ends the daemon, or tries to.
    fn end(&mut self) -> Outcome {
        let command = match self.rng.below(3) {
            0 => Command::Shutdown,
            1 => Command::Restart,
            _ => return self.ask(Command::Restart, Facts::Configuration(Err("broken".to_owned()))),
        };
        self.start_due()?;
        self.checker.stop_begins();
        self.ask(command, Facts::None)
    }

    fn ask(&mut self, command: Command, facts: Facts) -> Outcome {
        self.last_ticket += 1;
        self.checker.asked(self.last_ticket);
        self.input(Input::Command(Ticket(self.last_ticket), command, facts))
    }

    /// The engine has answered.
    pub(super) fn answered(&mut self, ticket: Ticket, answer: &Result<Reply, Refusal>) {
        if let (Some(group), Ok(_)) = (self.removals.remove(&ticket.0), answer) {
            self.checker.forget_group(&group);
        }
    }
}
