//! Sections and options that nothing reads.

use supervisor_protocol::ini::document::{Document, Entry, Section};

use super::super::closest::closest;
use super::super::model::Place;
use super::super::options::{SECTIONS, SectionTable, table};
use super::super::report::Report;

/// Reports the sections and options that are not in the table.
pub(in super::super) fn names(document: &Document, report: &mut Report) {
    for section in &document.sections {
        let Some(kind) = SectionTable::of(&section.name) else {
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

fn has_option(kind: &SectionTable, key: &str) -> bool {
    kind.names().any(|name| name == key)
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
    closest(key, kind.names()).map(|known| format!("did you mean {known}?"))
}
