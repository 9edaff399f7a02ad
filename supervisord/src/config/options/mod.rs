//! The option table: every option's name, default, type and help line, once.
//!
//! [`table`] lists the options of each kind of section. The schema reads a value only through its table entry,
//! so a default or a type stands nowhere else. [`sample`] and the tables of `docs/configuration.md` are made from
//! [`SECTIONS`].

pub mod sample;
pub mod table;

use super::World;
use super::value::ValueError;

/// A type of value: what documentation calls it, and how its text is read.
#[derive(Debug)]
pub struct Parser<T> {
    /// The word for the type, e.g. `byte size`.
    pub kind: &'static str,
    /// Reads an expanded text.
    pub parse: fn(&str, &dyn World) -> Result<T, ValueError>,
}

impl<T> Clone for Parser<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Parser<T> {}

/// What an option's value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It acts as its help line says.
    Effective,
    /// It is read and checked, and that is all.
    Accepted,
}

/// What can be said of an option without knowing its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The key, in lower case.
    pub name: &'static str,
    /// What it is when it is not written; `None`: nothing, or the section is refused.
    pub default: Option<&'static str>,
    /// The type's word.
    pub kind: &'static str,
    /// One sentence for a reader of the manual.
    pub help: &'static str,
    /// Whether it acts.
    pub status: Status,
    /// A value for a sample, where the default would not be one.
    pub example: Option<&'static str>,
}

/// An option with a default.
#[derive(Debug, Clone, Copy)]
pub struct Setting<T> {
    /// Its line in the table.
    pub entry: Entry,
    /// The text that stands for an option that is not written; never expanded.
    pub default: &'static str,
    /// Its type.
    pub parser: Parser<T>,
}

/// An option that may be absent.
#[derive(Debug, Clone, Copy)]
pub struct Optional<T> {
    /// Its line in the table.
    pub entry: Entry,
    /// Its type.
    pub parser: Parser<T>,
}

/// An option with a default.
pub const fn setting<T>(
    name: &'static str,
    parser: Parser<T>,
    default: &'static str,
    help: &'static str,
) -> Setting<T> {
    let status = Status::Effective;
    let entry = Entry { name, default: Some(default), kind: parser.kind, help, status, example: None };
    Setting { entry, default, parser }
}

/// An option that may be absent, with a value for a sample.
pub const fn optional<T>(
    name: &'static str,
    parser: Parser<T>,
    example: &'static str,
    help: &'static str,
) -> Optional<T> {
    let (status, example) = (Status::Effective, Some(example));
    Optional { entry: Entry { name, default: None, kind: parser.kind, help, status, example }, parser }
}

impl<T> Setting<T> {
    /// The same option, with a value for a sample.
    pub const fn example(self, example: &'static str) -> Self {
        Setting { entry: Entry { example: Some(example), ..self.entry }, ..self }
    }

    /// The same option, read and checked without effect.
    pub const fn accepted(self) -> Self {
        Setting { entry: Entry { status: Status::Accepted, ..self.entry }, ..self }
    }
}

impl<T> Optional<T> {
    /// The same option, read and checked without effect.
    pub const fn accepted(self) -> Self {
        Optional { entry: Entry { status: Status::Accepted, ..self.entry }, ..self }
    }
}

/// One kind of section.
#[derive(Debug, Clone, Copy)]
pub struct SectionTable {
    /// How its header is written, e.g. `program:NAME`.
    pub header: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Its options, in the order in which they are listed; for sections built on another kind, only its own.
    pub options: &'static [&'static Entry],
    /// The kind of section whose options it has too.
    pub extends: Option<&'static str>,
}

impl SectionTable {
    /// The kind of a section, by its header.
    pub(super) fn of(header: &str) -> Option<&'static SectionTable> {
        SECTIONS.iter().find(|kind| match kind.header.split_once(':') {
            Some((word, _)) => header.split_once(':').is_some_and(|(own, _)| own == word),
            // Several servers of one kind differ in what follows.
            None if kind.header.ends_with("_http_server") => header.starts_with(kind.header),
            None => header == kind.header,
        })
    }

    /// The names of its options, those of the kind it is built on included.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let base = SECTIONS.iter().find(|other| Some(other.header) == self.extends);
        self.options.iter().chain(base.map(|base| base.options).unwrap_or_default()).map(|option| option.name)
    }
}

/// Every kind of section of the file, that of the client included.
pub const SECTIONS: &[SectionTable] = &[
    table::daemon::TABLE,
    table::program::TABLE,
    table::group::TABLE,
    table::fcgi::TABLE,
    table::listener::TABLE,
    table::unix_server::TABLE,
    table::inet_server::TABLE,
    table::rpc_interface::TABLE,
    table::include::TABLE,
    table::client::TABLE,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::fake::FakeWorld;
    use super::*;

    #[test]
    fn the_table_is_complete_and_well_formed() {
        let headers: Vec<&str> = SECTIONS.iter().map(|section| section.header).collect();
        for section in SECTIONS {
            assert!(section.extends.is_none_or(|kind| headers.contains(&kind)), "{}", section.header);
            let names: BTreeSet<&str> = section.options.iter().map(|option| option.name).collect();
            assert_eq!(names.len(), section.options.len(), "a name twice in {}", section.header);
            for option in section.options {
                assert_eq!(option.name, option.name.to_lowercase());
                assert!(option.help.ends_with('.') && !option.kind.is_empty(), "{}", option.name);
            }
        }
        let counts: Vec<usize> = SECTIONS.iter().map(|section| section.options.len()).collect();
        assert_eq!(counts, [17, 32, 2, 4, 5, 5, 3, 1, 1, 5]);
    }

    #[test]
    fn defaults_of_the_daemon_se01() {
        let world = FakeWorld;
        assert_eq!((table::daemon::MINFDS.parser.parse)(table::daemon::MINFDS.default, &world), Ok(1024));
        assert_eq!(table::daemon::LOGFILE_MAXBYTES.entry.default, Some("50MB"));
        assert_eq!(table::daemon::UMASK.entry.default, Some("022"));
    }
}
