//! What a start accepts and its author cannot have meant: sections and options that nothing reads, open doors,
//! commands and directories that are not there.

use std::collections::HashSet;

use supervisor_protocol::ini::document::{Document, Entry, Section};
use supervisor_protocol::outside;

use super::closest::closest;
use super::model::{Config, DaemonConfig, Place, ProcessConfig, ServerAddress, ServerConfig};
use super::options::{SECTIONS, SectionTable, table};
use super::report::Report;
use super::{World, resolve_user};

/// Sections and options that nothing reads.
pub(super) fn names(document: &Document, report: &mut Report) {
    for section in &document.sections {
        let Some(kind) = kind_of(&section.name) else {
            // Code of Supervisor's client, which takes any option.
            if !section.name.starts_with("ctlplugin:") {
                report.warn(at(document, section, None), "unknown section, which is ignored", meant(&section.name));
            }
            continue;
        };
        for entry in &section.entries {
            if !has_option(kind, &entry.key) && kind.header != table::rpc_interface::TABLE.header {
                let hint = meant_key(kind, &entry.key);
                report.warn(at(document, section, Some(entry)), "unknown option, which is ignored", hint);
            }
        }
    }
    for entry in &document.defaults.entries {
        if !SECTIONS.iter().any(|kind| has_option(kind, &entry.key)) {
            let known = SECTIONS.iter().flat_map(|kind| kind.options).map(|option| option.name);
            let hint = closest(&entry.key, known).map(|known| format!("did you mean {known}?"));
            report.warn(at(document, &document.defaults, Some(entry)), "an option that no section knows", hint);
        }
    }
    for section in document.sections.iter().filter(|section| section.name.starts_with("ctlplugin:")) {
        let what = "Python code, which supervisorctl does not load";
        report.warn(
            at(document, section, None),
            what,
            Some("remove the section, or keep it for another client".to_owned()),
        );
    }
}

fn at(document: &Document, section: &Section, entry: Option<&Entry>) -> Place {
    Place {
        origin: document.origin(entry.map_or(section.mark, |entry| entry.mark)),
        section: section.name.clone(),
        key: entry.map(|entry| entry.key.clone()).unwrap_or_default(),
    }
}

/// The kind of a section, by its header.
fn kind_of(header: &str) -> Option<&'static SectionTable> {
    SECTIONS.iter().find(|kind| match kind.header.split_once(':') {
        Some((word, _)) => header.split_once(':').is_some_and(|(own, _)| own == word),
        // Several servers of one kind differ in what follows.
        None if kind.header.ends_with("_http_server") => header.starts_with(kind.header),
        None => header == kind.header,
    })
}

fn has_option(kind: &SectionTable, key: &str) -> bool {
    options_of(kind).any(|name| name == key)
}

/// The options of a kind of section, those of the kind it is built on included.
fn options_of(kind: &SectionTable) -> impl Iterator<Item = &'static str> {
    let base = SECTIONS.iter().find(|other| Some(other.header) == kind.extends);
    kind.options.iter().chain(base.map(|base| base.options).unwrap_or_default()).map(|option| option.name)
}

/// The header that may have been meant.
fn meant(header: &str) -> Option<String> {
    let (word, name) = match header.split_once(':') {
        Some((word, name)) => (word, Some(name)),
        None => (header, None),
    };
    let words = SECTIONS.iter().map(|kind| kind.header.split(':').next().unwrap_or_default());
    let known = closest(&word.trim().to_lowercase(), words)?;
    let is_named =
        SECTIONS.iter().any(|kind| kind.header.strip_prefix(known).is_some_and(|rest| rest.starts_with(':')));
    Some(match (is_named, name) {
        (true, Some(name)) => format!("did you mean [{known}:{}]?", name.trim()),
        (true, None) => format!("did you mean [{known}:NAME]?"),
        (false, _) => format!("did you mean [{known}]?"),
    })
}

/// The option that may have been meant, or where this one belongs.
fn meant_key(kind: &SectionTable, key: &str) -> Option<String> {
    if let Some(other) = SECTIONS.iter().find(|other| has_option(other, key)) {
        return Some(format!("it belongs into a section [{}]", other.header));
    }
    closest(key, options_of(kind)).map(|known| format!("did you mean {known}?"))
}

/// What is odd about a configuration that makes sense, seen from this system.
pub(super) fn config(config: &Config, world: &dyn World, place: &dyn Fn(&str, &str) -> Place, report: &mut Report) {
    let daemon = &config.daemon;
    let uid = user(daemon, world, report);
    if let Err(text) = world.limits(daemon.minfds, daemon.minprocs) {
        report.error(place("supervisord", table::daemon::MINFDS.entry.name), text, None);
    }
    for server in &config.servers {
        if let (ServerAddress::Inet { host, .. }, None) = (&server.address, &server.credentials) {
            let what = format!("anybody who reaches {} may start and stop programs", shown(host));
            report.warn(place(&server.section, ""), what, Some("set username and password".to_owned()));
        }
    }
    interfaces(config, place, report);
    // What is wrong with one process of a section is wrong with all.
    let mut seen = HashSet::new();
    for process in config.groups.iter().flat_map(|group| &group.processes) {
        for Oddity { key, text, hint } in oddities(process, uid, world) {
            if seen.insert((&process.section, key)) {
                report.warn(place(&process.section, key), text, Some(hint.to_owned()));
            }
        }
    }
}

fn shown(host: &str) -> &str {
    if host.is_empty() { "any address of this machine" } else { host }
}

/// The user of the daemon, who must exist, and whom only root can become.
fn user(daemon: &DaemonConfig, world: &dyn World, report: &mut Report) -> u32 {
    let own = world.uid();
    match resolve_user(daemon, world) {
        Err(error) => {
            report.mistake(&error);
            own
        }
        Ok(Some(user)) if own != 0 && user.uid != own => {
            let what = format!("only root can become uid {}, and this is uid {own}", user.uid);
            let hint = Some("start supervisord as root, or as that user".to_owned());
            report.warn(daemon.user_place.clone(), what, hint);
            user.uid
        }
        Ok(user) => user.map_or(own, |user| user.uid),
    }
}

fn interfaces(config: &Config, place: &dyn Fn(&str, &str) -> Place, report: &mut Report) {
    let mut seen = HashSet::new();
    for interface in config.refused_interfaces() {
        if interface.is_module {
            let section = format!("rpcinterface:{}", interface.namespace);
            let hint = Some("write supervisor.rpcinterface:make_main_rpcinterface".to_owned());
            report.error(
                place(&section, table::rpc_interface::FACTORY.entry.name),
                "a module, which makes no interface",
                hint,
            );
        }
        for key in interface.extra.keys() {
            let place = place(&format!("rpcinterface:{}", interface.namespace), key);
            // One in [DEFAULT] is in all of them.
            if seen.insert(place.origin.clone()) {
                let hint = Some("remove it: with it no server opens".to_owned());
                report.error(place, "an option that the interface does not take", hint);
            }
        }
    }
    let is_missing = !config.rpc_interfaces.iter().any(|interface| interface.namespace == "supervisor");
    if let (Some(ServerConfig { section, .. }), true) = (config.servers.first(), is_missing) {
        let what = "clients such as supervisorctl find no methods here, for want of [rpcinterface:supervisor]";
        let hint =
            "add that section, with supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface";
        report.warn(place(section, ""), what, Some(hint.to_owned()));
    }
}

/// What would keep a process from being started.
struct Oddity {
    key: &'static str,
    text: String,
    hint: &'static str,
}

fn oddities(process: &ProcessConfig, uid: u32, world: &dyn World) -> Vec<Oddity> {
    let mut found = Vec::new();
    if let Some(directory) = process.directory.as_deref().filter(|directory| !world.is_directory(directory)) {
        let text = format!("{} is no directory", outside::text(directory));
        found.push(Oddity { key: "directory", text, hint: "make it, or name one that exists" });
    }
    if let Err(text) = world.command(process) {
        found.push(Oddity { key: "command", text, hint: "correct the path, or install the program" });
    }
    if let Some(own) = process.uid.filter(|own| uid != 0 && *own != uid) {
        let text = format!("only a daemon that is root can start it as uid {own}, and it will be uid {uid}");
        found.push(Oddity { key: "user", text, hint: "remove user, or run the daemon as root" });
    }
    found
}
