//! Where the options are written that may still fail a start once all is read: those of the daemon, of its servers and
//! interfaces, and of FastCGI programs. Programs, of which there may be thousands, are left out.

use std::collections::BTreeMap;

use super::canonical::Store;
use super::model::{Origin, Place};
use super::schema::daemon::Overrides;

/// The places of a configuration's options.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Places {
    sections: BTreeMap<String, Written>,
    /// Options of the daemon that the command line decided: the key, and how the option is spelled.
    given: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Clone, PartialEq)]
struct Written {
    at: Origin,
    options: BTreeMap<String, Origin>,
}

impl Places {
    pub(super) fn new(store: &Store, overrides: &Overrides) -> Self {
        let written = |section: &str| {
            let of = |key: &str| (key.to_owned(), store.place(section, key).origin);
            let options = store.keys(section).into_iter().map(of).collect();
            (section.to_owned(), Written { at: store.section_origin(section), options })
        };
        let sections = store.sections().filter(|section| is_asked_for(section)).map(written).collect();
        Places { sections, given: given(overrides) }
    }

    /// Where an option was written, else where its section begins; `None` for a section that is not kept.
    pub fn find(&self, section: &str, key: &str) -> Option<Place> {
        if let Some(option) = self.given.get(key).filter(|_| section == DAEMON) {
            return Some(Place::of_option(option));
        }
        let Written { at, options } = self.sections.get(section)?;
        let section = section.to_owned();
        Some(match options.get(key) {
            Some(origin) => Place { origin: origin.clone(), section, key: key.to_owned() },
            None => Place { origin: at.clone(), section, key: String::new() },
        })
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
