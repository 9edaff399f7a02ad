//! Sections to records: every rule about what a configuration must and may say.
//!
//! One module per kind of section; this one fixes the order in which they are read, which decides the mistake
//! that is reported: the daemon, RPC interfaces, groups, programs, listeners, FastCGI programs, servers
//! (contract section 2, `se23`). Unknown sections and options are ignored.
//!
//! Where Supervisor accepts something odd without a word, so does this schema, with a warning for the log: a
//! file that starts today must start, and mean the same.

pub(super) mod daemon;
mod fcgi;
mod group;
mod listener;
mod places;
mod program;
mod reader;
mod rpcinterface;
mod servers;
mod spec;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::canonical::Store;
use super::error::{Cause, ConfigError};
use super::findings::Findings;
use super::model::{Config, GroupConfig, Origin, Place, ProcessConfig};
use super::{Inputs, World};
use reader::Reader;
use supervisor_protocol::ini::expand::{Layer, texts, variables};

/// What the sections share.
struct Context<'a> {
    store: &'a Store,
    findings: &'a Findings,
    world: &'a dyn World,
    here: &'a str,
    host_node_name: &'a str,
    /// `ENV_x` of the daemon's environment, overlaid by its `environment=`.
    variables: Layer,
    /// `here`
    here_layer: Layer,
    /// The daemon's `environment=`.
    environment: Arc<BTreeMap<String, String>>,
}

impl<'a> Context<'a> {
    fn reader<'r>(&'r self, section: &'r str) -> Reader<'r> {
        let own = self.store.section(section);
        Reader { store: self.store, world: self.world, section, own, findings: self.findings }
    }
}

/// Builds the configuration from everything that was written.
/// The notices in it are still empty.
pub(super) fn read(store: &Store, inputs: &Inputs<'_>, findings: &Findings) -> Result<Config, ConfigError> {
    if !store.has("supervisord") {
        let main = store.document().files.first().map(String::as_str).unwrap_or_default();
        findings.keep(ConfigError::from(Cause::NoDaemonSection).at(Place::of_file(main)))?;
    }
    let mut context = Context {
        store,
        findings,
        world: inputs.world,
        here: inputs.here,
        host_node_name: inputs.host_node_name,
        variables: variables(inputs.environment.iter().map(|(name, value)| (name, value))).collect(),
        here_layer: texts([("here", inputs.here)]),
        environment: Arc::default(),
    };
    let daemon = daemon::read(&context, inputs.overrides)?;
    context.variables.extend(variables(&daemon.environment));
    context.environment = Arc::new(daemon.environment.clone());
    let rpc_interfaces = rpcinterface::read(&context, inputs.overrides.ignore_plugins)?;
    let groups = read_groups(&context)?;
    let servers = servers::read(&context)?;
    let places = places::places(store, inputs.overrides);
    Ok(Config { daemon, servers, rpc_interfaces, groups, notices: Vec::new(), places })
}

/// Every group, sorted by priority and name.
fn read_groups(context: &Context<'_>) -> Result<Vec<GroupConfig>, ConfigError> {
    let sections: Vec<&str> = context.store.sections().collect();
    let of_kind = |kind: &'static str| sections.iter().copied().filter(move |section| section.starts_with(kind));
    let mut members = HashSet::new();
    let mut groups = Vec::new();
    let mut take = |group: Result<GroupConfig, ConfigError>| match group {
        Ok(group) => {
            groups.push(group);
            Ok(())
        }
        Err(error) => context.findings.keep(error),
    };
    for section in of_kind("group:") {
        take(group::read(context, section, &mut members))?;
    }
    for section in of_kind("program:").filter(|section| !members.contains(*section)) {
        take(program::read(context, section))?;
    }
    for section in of_kind("eventlistener:") {
        take(listener::read(context, section))?;
    }
    for section in of_kind("fcgi-program:").filter(|section| !members.contains(*section)) {
        take(fcgi::read(context, section))?;
    }
    groups.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    for group in &mut groups {
        drop_duplicate_processes(context, group);
    }
    Ok(drop_duplicate_groups(context, groups))
}

/// Of two groups with one name the first in order runs, as in Supervisor, and a warning names both (Q14).
fn drop_duplicate_groups(context: &Context<'_>, groups: Vec<GroupConfig>) -> Vec<GroupConfig> {
    let mut firsts: HashMap<&str, &Origin> = HashMap::with_capacity(groups.len());
    let mut repeated = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        if let Some(first) = firsts.get(group.name.as_str()) {
            repeated.push((at, *first));
        } else {
            firsts.insert(&group.name, &group.origin);
        }
    }
    if repeated.is_empty() {
        return groups;
    }
    let store = context.store;
    let headers: HashMap<Origin, &str> =
        store.sections().map(|section| (store.section_origin(section), section)).collect();
    let header_at = |origin: &Origin| headers.get(origin).copied().unwrap_or_default();
    let mut dropped = HashSet::with_capacity(repeated.len());
    for (at, first) in repeated {
        let Some(group) = groups.get(at) else { continue };
        let (name, first) = (&group.name, header_at(first));
        context
            .reader(header_at(&group.origin))
            .warn("", &format!("a group named {name} is already defined by [{first}], so this section is ignored"));
        dropped.insert(at);
    }
    let kept = groups.into_iter().enumerate().filter(|(at, _)| !dropped.contains(at));
    kept.map(|(_, group)| group).collect()
}

/// Of two processes with one name the last definition counts, at the place of the first, and a warning names
/// both (Q14).
fn drop_duplicate_processes(context: &Context<'_>, group: &mut GroupConfig) {
    if group.processes.len() < 2 {
        return;
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<ProcessConfig> = Vec::with_capacity(group.processes.len());
    for process in group.processes.drain(..) {
        let Some(first) = seen.get(&process.name).and_then(|&at| kept.get_mut(at)) else {
            seen.insert(process.name.clone(), kept.len());
            kept.push(process);
            continue;
        };
        context.reader(&process.section).warn(
            "",
            &format!(
                "a process named {} of group {} is already defined by [{}], so only this definition is used",
                process.name, group.name, first.section
            ),
        );
        *first = process;
    }
    group.processes = kept;
}

#[cfg(test)]
mod tests;
