//! Taking down where the options are written that a start may yet fail for.

use std::collections::BTreeMap;

use super::super::canonical::Store;
use super::super::options::{SectionTable, table};
use super::super::places::{Places, Written};
use super::daemon::Overrides;

/// The places of a configuration's options.
pub(super) fn places(store: &Store, overrides: &Overrides) -> Places {
    let written = |section: &str| {
        let place = |key: &str| Some((key.to_owned(), store.origin(section, key)?));
        let options = asked_for(store, section).into_iter().filter_map(place).collect();
        (section.to_owned(), Written { at: store.section_origin(section), options })
    };
    let sections = store.sections().filter(|section| is_asked_for(section)).map(written).collect();
    Places { sections, given: given(overrides) }
}

/// The options that are read in a section: not all that `DEFAULT` has, for there may be thousands of both.
fn asked_for<'a>(store: &'a Store, section: &str) -> Vec<&'a str> {
    match SectionTable::of(section) {
        Some(kind) if kind.header != table::rpc_interface::TABLE.header => kind.names().collect(),
        _ => store.keys(section),
    }
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
