//! The configuration last read, with its groups by name: an update asks for each of them.

use std::collections::HashMap;

use crate::config::model::GroupConfig;

/// Groups by (priority, name), and where each stands.
#[derive(Debug)]
pub(super) struct Latest {
    groups: Vec<GroupConfig>,
    places: HashMap<String, usize>,
}

impl Latest {
    pub(super) fn new(groups: Vec<GroupConfig>) -> Latest {
        let mut places = HashMap::with_capacity(groups.len());
        for (at, group) in groups.iter().enumerate() {
            // Of two groups with one name the first wins.
            places.entry(group.name.clone()).or_insert(at);
        }
        Latest { groups, places }
    }

    pub(super) fn groups(&self) -> &[GroupConfig] {
        &self.groups
    }

    pub(super) fn named(&self, name: &str) -> Option<&GroupConfig> {
        self.groups.get(*self.places.get(name)?)
    }
}
