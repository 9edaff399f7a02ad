//! Taking down where the options are written that a start may yet fail for.

use std::collections::BTreeMap;

use super::super::canonical::Store;
use super::super::places::{Places, Written};
use super::daemon::Overrides;
use supervisor_protocol::ini::document::{Origin, Section};

/// The places of a configuration's options.
pub(super) fn places(store: &Store, overrides: &Overrides) -> Places {
    let document = store.document();
    let options = |section: &Section| -> BTreeMap<String, Origin> {
        section.entries.iter().map(|entry| (entry.key.clone(), document.origin(entry.mark))).collect()
    };
    let written = |section: &Section| {
        (section.name.clone(), Written { at: document.origin(section.mark), options: options(section) })
    };
    let sections = document.sections.iter().filter(|section| is_asked_for(&section.name)).map(written).collect();
    Places { sections, defaults: options(&document.defaults), given: given(overrides) }
}

const DAEMON: &str = "supervisord";

fn is_asked_for(section: &str) -> bool {
    let kinds = ["inet_http_server", "unix_http_server", "rpcinterface:", "fcgi-program:"];
    section == DAEMON || kinds.iter().any(|kind| section.starts_with(kind))
}

fn given(overrides: &Overrides) -> BTreeMap<&'static str, &'static str> {
    // An empty path counts as not given.
    let is_path = |path: &Option<String>| path.as_ref().is_some_and(|path| !path.is_empty());
    let all = [
        ("user", "-u/--user", overrides.user.is_some()),
        ("logfile", "-l/--logfile", is_path(&overrides.logfile)),
        ("pidfile", "-j/--pidfile", is_path(&overrides.pidfile)),
        ("identifier", "-i/--identifier", overrides.identifier.is_some()),
        ("childlogdir", "-q/--childlogdir", overrides.childlogdir.is_some()),
        ("minfds", "-a/--minfds", overrides.minfds.is_some()),
        ("minprocs", "--minprocs", overrides.minprocs.is_some()),
    ];
    all.into_iter().filter(|(_, _, is_given)| *is_given).map(|(key, option, _)| (key, option)).collect()
}
