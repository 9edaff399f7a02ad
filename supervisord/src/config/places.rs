//! Where things are written: sections and options, in files or on the command line.

use std::collections::BTreeMap;

pub use supervisor_protocol::ini::document::Origin;

/// Where something is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// File and line.
    pub origin: Origin,
    /// Section name; empty when the file as a whole is meant.
    pub section: String,
    /// Option name; empty when the section as a whole is meant.
    pub key: String,
}

impl Place {
    /// A file as a whole.
    pub fn of_file(file: &str) -> Self {
        Place { origin: Origin { file: file.to_owned(), line: 0 }, ..Place::default() }
    }

    /// An option of the command line, `-u/--user`: of no file and no section.
    pub fn of_option(spelled: &str) -> Self {
        Place { key: spelled.to_owned(), ..Place::default() }
    }
}

/// `FILE:LINE: [SECTION] KEY`, as far as it is known, or `command line: OPTION`.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.origin.file)?;
        if self.origin.line > 0 {
            write!(f, ":{}", self.origin.line)?;
        }
        match (self.section.as_str(), self.key.as_str()) {
            ("", "") => Ok(()),
            ("", option) => write!(f, "command line: {option}"),
            (section, "") => write!(f, ": [{section}]"),
            (section, key) => write!(f, ": [{section}] {key}"),
        }
    }
}

/// The places of the options that may still fail a start once all is read: those of the daemon, of its servers and
/// interfaces, and of FastCGI programs. Programs, of which there may be thousands, are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Places {
    pub(super) sections: BTreeMap<String, Written>,
    /// Options of the daemon that the command line decided: the key, and how the option is spelled.
    pub(super) given: BTreeMap<&'static str, &'static str>,
}

/// A section, and the options that hold in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    pub(super) at: Origin,
    pub(super) options: BTreeMap<String, Origin>,
}

impl Places {
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
