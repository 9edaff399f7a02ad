//! What a reread found: which groups are new, gone, or defined differently.
//!
//! Definitions are compared by their values after expansion, so a change of `[supervisord] environment` changes
//! every group, while moving a section to another file changes none. Processes are compared in order, events of
//! a listener pool as a set. Unlike Supervisor 4.3, which overlooks them, a log file that becomes `AUTO` and the
//! mode, owner and backlog of a FastCGI socket count (contract 7.4, Q32).

use std::collections::{BTreeSet, HashMap};

use super::model::{FastCgiConfig, GroupConfig, GroupKind, PoolConfig, ProcessConfig};

/// The names of groups, by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reread {
    /// Configured, not running; in the order of the new configuration.
    pub added: Vec<String>,
    /// In both, with unequal definitions; in the order of the new configuration.
    pub changed: Vec<String>,
    /// Running, not configured any more; in the order of the running groups.
    pub removed: Vec<String>,
}

/// Compares running groups with a new configuration.
pub fn diff(active: &[&GroupConfig], pending: &[GroupConfig]) -> Reread {
    let running: HashMap<&str, &GroupConfig> = active.iter().map(|&group| (group.name.as_str(), group)).collect();
    let configured: BTreeSet<&str> = pending.iter().map(|group| group.name.as_str()).collect();
    let mut reread = Reread::default();
    for group in pending {
        match running.get(group.name.as_str()) {
            None => reread.added.push(group.name.clone()),
            Some(old) if !is_same_group(old, group) => reread.changed.push(group.name.clone()),
            Some(_) => {}
        }
    }
    let gone = active.iter().filter(|group| !configured.contains(group.name.as_str()));
    reread.removed = gone.map(|group| group.name.clone()).collect();
    reread
}

/// Whether two definitions mean the same. Where they are written does not matter.
fn is_same_group(old: &GroupConfig, new: &GroupConfig) -> bool {
    // Every field is named, so that a new one has to be thought about here.
    let GroupConfig { name, priority, kind, processes, origin: _ } = old;
    *name == new.name
        && *priority == new.priority
        && is_same_kind(kind, &new.kind)
        && processes.len() == new.processes.len()
        && processes.iter().zip(&new.processes).all(|(old, new)| is_same_process(old, new))
}

fn is_same_kind(old: &GroupKind, new: &GroupKind) -> bool {
    match (old, new) {
        (GroupKind::Programs, GroupKind::Programs) => true,
        (GroupKind::EventListener(old), GroupKind::EventListener(new)) => is_same_pool(old, new),
        (GroupKind::FastCgi(old), GroupKind::FastCgi(new)) => is_same_socket(old, new),
        (GroupKind::Programs | GroupKind::EventListener(_) | GroupKind::FastCgi(_), _) => false,
    }
}

fn is_same_pool(old: &PoolConfig, new: &PoolConfig) -> bool {
    let PoolConfig { events, buffer_size, result_handler } = old;
    let events: BTreeSet<_> = events.iter().collect();
    *buffer_size == new.buffer_size && *result_handler == new.result_handler && events == new.events.iter().collect()
}

fn is_same_socket(old: &FastCgiConfig, new: &FastCgiConfig) -> bool {
    old == new
}

/// All options after expansion; the spelling of the section's header is none of them.
fn is_same_process(old: &ProcessConfig, new: &ProcessConfig) -> bool {
    old == new || (old.section != new.section && *old == ProcessConfig { section: old.section.clone(), ..new.clone() })
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
