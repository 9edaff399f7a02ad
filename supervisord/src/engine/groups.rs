//! Groups: activation, removal and order.
//!
//! A lower priority starts earlier and stops later. The groups a daemon starts with come sorted by (priority,
//! name); one that is added later goes behind those of its priority. Inside a group there are two orders:
//! *definition order* for automatic starts (`ev_e37`), and process priority for what clients ask for.

use std::collections::HashMap;
use std::sync::Arc;

use supervisor_protocol::event::{Event, ProcessRef};
use supervisor_protocol::state::SupervisorState;

use super::bus::Subscriber;
use super::command::Target;
use super::id::{GroupId, ProcessId};
use super::pool::Pool;
use super::process::{LogPaths, Process};
use super::timers::Timer;
use super::{Effect, Supervisor, Turn};
use crate::config::model::{GroupConfig, GroupKind};
use supervisor_protocol::name::Namespec;

/// An active group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: Arc<str>,
    pub(super) config: GroupConfig,
    /// Of which reading of the configuration it is.
    pub(super) reading: u64,
    /// In definition order.
    pub(super) members: Vec<ProcessId>,
    /// Of an event listener.
    pub(super) pool: Option<Pool>,
}

impl Supervisor {
    /// Activates a group: it is known, subscribed, announced, and started if the daemon runs already.
    pub(super) fn activate(&mut self, config: GroupConfig, logs: Vec<LogPaths>, turn: &mut Turn) {
        let id = GroupId(self.next_group);
        self.next_group += 1;
        let name: Arc<str> = config.name.as_str().into();
        let mut members = Vec::with_capacity(config.processes.len());
        let mut logs = logs.into_iter();
        for process in &config.processes {
            let process_id = ProcessId(self.next_process);
            self.next_process += 1;
            let logs = logs.next().unwrap_or_default();
            let process = Process::new(id, &name, process.clone(), logs);
            // Of two processes with one name in a group the last definition wins.
            if let Some(shadowed) = self.names.insert(process.reference.clone(), process_id) {
                self.processes.remove(&shadowed);
                members.retain(|member| *member != shadowed);
            }
            self.processes.insert(process_id, process);
            members.push(process_id);
        }
        let mut pool = None;
        if let GroupKind::EventListener(listener) = &config.kind {
            pool = Some(Pool::new(listener.buffer_size));
            self.bus.subscribe(Subscriber::Pool(id), &listener.events);
        }
        let priority = config.priority;
        let at = self
            .order
            .partition_point(|other| self.groups.get(other).is_some_and(|other| other.config.priority <= priority));
        self.order.insert(at, id);
        self.group_names.insert(name.clone(), id);
        let reading = self.latest.reading;
        self.groups.insert(id, Group { name: name.clone(), config, reading, members, pool });
        self.arm_ticks(turn.now);
        self.publish(&Event::GroupAdded { group: name }, turn);
        if self.started {
            self.autostart(id, turn);
        }
    }

    /// Forgets a group whose processes are all stopped.
    pub(super) fn deactivate(&mut self, id: GroupId, turn: &mut Turn) {
        // A pool does not see its own removal.
        self.bus.unsubscribe(Subscriber::Pool(id));
        self.timers.disarm(Timer::Retry(id));
        self.order.retain(|other| *other != id);
        let Some(group) = self.groups.remove(&id) else { return };
        self.group_names.remove(&group.name);
        let is_latest = group.reading == self.latest.reading;
        let mut logs = HashMap::new();
        for member in &group.members {
            if let Some(process) = self.processes.remove(member) {
                self.names.remove(&process.reference);
                // Its child, if it is UNKNOWN, is a stranger from now on.
                if let Some(pid) = process.pid() {
                    self.pids.remove(&pid);
                }
                if is_latest {
                    logs.insert(process.config.name.clone(), process.auto_logs());
                }
            }
            self.forget_timers(*member);
            turn.effect(Effect::Forget(*member));
        }
        if is_latest {
            self.latest.leave(&group.name, logs);
        }
        self.arm_ticks(turn.now);
        self.publish(&Event::GroupRemoved { group: group.name }, turn);
    }

    /// The daemon is set up: announce it and start what starts by itself, group by group.
    pub(super) fn start_everything(&mut self, turn: &mut Turn) {
        self.started = true;
        self.ticks.look(turn.now);
        self.publish(&Event::SupervisorRunning, turn);
        for group in self.order.clone() {
            self.autostart(group, turn);
        }
    }

    /// Starts the members of a group that have never been started and want to be, in definition order.
    fn autostart(&mut self, group: GroupId, turn: &mut Turn) {
        if self.mood != SupervisorState::Running {
            return;
        }
        let Some(group) = self.groups.get(&group) else { return };
        for member in group.members.clone() {
            let wanted = self.processes.get(&member).is_some_and(|process| process.config.autostart);
            if wanted {
                self.start(member, turn);
            }
        }
    }

    /// The active group of this name.
    pub(super) fn group_named(&self, name: &str) -> Option<GroupId> {
        self.group_names.get(name).copied()
    }

    /// A group's pool and name.
    pub(super) fn pool_mut(&mut self, group: GroupId) -> Option<(Arc<str>, &mut Pool)> {
        let group = self.groups.get_mut(&group)?;
        Some((group.name.clone(), group.pool.as_mut()?))
    }

    /// The members of a group by ascending process priority, equal ones in definition order.
    pub(super) fn members_by_priority(&self, group: GroupId) -> Vec<ProcessId> {
        let mut members = self.groups.get(&group).map(|group| group.members.clone()).unwrap_or_default();
        members.sort_by_key(|id| self.processes.get(id).map(|process| process.config.priority));
        members
    }

    /// The processes a command is for, in the order in which it acts on them; `None` if there is no such
    /// process or group.
    pub fn select(&self, target: &Target) -> Option<Vec<ProcessId>> {
        match target.namespec() {
            None => Some(self.order.iter().flat_map(|group| self.members_by_priority(*group)).collect()),
            Some(Namespec::Group(group)) => Some(self.members_by_priority(self.group_named(&group)?)),
            Some(Namespec::Process { group, process }) => self.find(&group, &process).map(|id| vec![id]),
        }
    }

    /// One process by its names.
    pub fn find(&self, group: &str, process: &str) -> Option<ProcessId> {
        self.names.get(&ProcessRef::new(process, group)).copied()
    }

    /// One process by the name a client typed; `None` for group forms too.
    pub fn find_exact(&self, name: &str) -> Option<ProcessId> {
        match Namespec::parse(name) {
            Namespec::Process { group, process } => self.find(&group, &process),
            Namespec::Group(_) => None,
        }
    }
}
