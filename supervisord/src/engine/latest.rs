//! The configuration last read, with its groups by name: an update asks for each of them.

use std::collections::HashMap;

use super::process::LogPaths;
use crate::config::model::GroupConfig;

/// Groups by (priority, name), and where each stands.
#[derive(Debug)]
pub(super) struct Latest {
    groups: Vec<GroupConfig>,
    places: HashMap<String, usize>,
    /// Which reading of the configuration this is.
    pub(super) reading: u64,
    /// By group and process, the AUTO logs of groups that were added of this reading and removed again. Whoever adds such
    /// a group once more gives it the same files.
    left: HashMap<String, HashMap<String, LogPaths>>,
}

impl Latest {
    pub(super) fn new(groups: Vec<GroupConfig>, reading: u64) -> Latest {
        let mut places = HashMap::with_capacity(groups.len());
        for (at, group) in groups.iter().enumerate() {
            // Of two groups with one name the first wins.
            places.entry(group.name.clone()).or_insert(at);
        }
        Latest { groups, places, reading, left: HashMap::new() }
    }

    /// Takes the place of this one.
    pub(super) fn replace(&mut self, groups: Vec<GroupConfig>) {
        *self = Latest::new(groups, self.reading + 1);
    }

    /// A group of this reading is removed.
    pub(super) fn leave(&mut self, group: &str, logs: HashMap<String, LogPaths>) {
        self.left.insert(group.to_owned(), logs);
    }

    /// The AUTO logs of a process whose group was removed.
    pub(super) fn logs_left(&self, group: &str, process: &str) -> Option<&LogPaths> {
        self.left.get(group)?.get(process)
    }

    pub(super) fn groups(&self) -> &[GroupConfig] {
        &self.groups
    }

    pub(super) fn named(&self, name: &str) -> Option<&GroupConfig> {
        self.groups.get(*self.places.get(name)?)
    }
}
