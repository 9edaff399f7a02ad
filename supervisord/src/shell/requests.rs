//! Commands of clients on their way into the engine: what it must know of the world is looked up first.

use supervisor_protocol::state::SupervisorState;

use super::fcgi;
use super::handle::Request;
use super::owner::{Owner, log};
use super::program;
use crate::config::model::GroupConfig;
use crate::engine::command::{Command, Refusal, Ticket};
use crate::engine::message::Message;
use crate::engine::{Facts, Input, LogPaths, ProcessId};

impl Owner {
    /// A client's command: what the engine must know of the world is looked up first.
    pub(super) fn request(&mut self, request: Request) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let facts = self.facts(&request.command);
        self.tickets.insert(ticket, request.answer);
        self.feed(Input::Command(ticket, request.command, facts));
        self.start_due();
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
            // The engine refuses either before it asks what the configuration says.
            Command::Reread | Command::Restart if self.engine.mood() != SupervisorState::Running => Facts::None,
            Command::Reread => Facts::Configuration(self.reread()),
            Command::Restart => Facts::Configuration(self.groups_for_restart()),
            Command::AddGroup(name) => match self.engine.latest_group(name).cloned() {
                Some(group) if !self.engine.is_active(name) => Facts::Logs(self.group_facts(&group)),
                _ => Facts::None,
            },
            _ => Facts::None,
        }
    }

    /// The log files of a group that is about to be added, once its sockets have been tried out.
    fn group_facts(&mut self, group: &GroupConfig) -> Result<Vec<LogPaths>, String> {
        let logs = self.child_logs.paths(group).map_err(|error| error.to_string())?;
        match self.sockets.try_out(group, &mut |message| log(&mut self.activity, &message)) {
            Err(error) if fcgi::is_needed(group) => return Err(error.to_string()),
            Err(error) => self.log(&Message::ConfigWarning(error.to_string())),
            Ok(()) => {}
        }
        Ok(logs)
    }

    /// Reads the configuration, and takes over what changes at once (`cfg_rr07`).
    fn reread(&mut self) -> Result<Vec<GroupConfig>, String> {
        let config = self.settings.source.load().map_err(|error| error.to_string())?;
        self.settings.adopt(&config);
        self.child_logs.reread(&config);
        self.engine.set_identifier(config.daemon.identifier);
        Ok(config.groups)
    }

    /// Reads the configuration to see whether a daemon could be set up with it.
    pub(super) fn groups_for_restart(&self) -> Result<Vec<GroupConfig>, String> {
        let config = self.settings.source.load_usable().map_err(|error| match error.advice() {
            Some(advice) => format!("{error} ({advice})"),
            None => error.to_string(),
        })?;
        Ok(config.groups)
    }
}
