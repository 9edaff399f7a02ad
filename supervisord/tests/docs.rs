//! The tables of options in `docs/configuration.md` are those of the code. `UPDATE_DOCS=1` writes them.

#![allow(clippy::unwrap_used)] // what tests share is test code too

use std::fmt::Write;
use std::path::Path;

use supervisord::config::options::{Entry, SECTIONS, SectionTable, Status};

const END: &str = "<!-- end -->\n";

/// The line above a table.
fn marker(section: &SectionTable) -> String {
    format!("<!-- options of [{}] -->\n", section.header)
}

fn table(section: &SectionTable) -> String {
    let mut text = "| option | type | default | |\n|---|---|---|---|\n".to_owned();
    for entry in section.options {
        let Entry { name, kind, help, .. } = entry;
        let default = entry.default.filter(|default| !default.is_empty());
        let default = default.map(|default| format!(" `{default}`")).unwrap_or_default();
        let accepted = if entry.status == Status::Accepted { " Accepted, without effect." } else { "" };
        writeln!(text, "| `{name}` | {kind} |{default} | {help}{accepted} |").unwrap();
    }
    text
}

/// The page with each table as the code has it.
fn regenerated(page: &str) -> String {
    SECTIONS.iter().fold(page.to_owned(), |page, section| {
        let marker = marker(section);
        let (before, rest) = page.split_once(&marker).unwrap_or_else(|| panic!("the page lacks {marker}"));
        let (_, after) = rest.split_once(END).unwrap_or_else(|| panic!("the table after {marker} has no end"));
        format!("{before}{marker}{}{END}{after}", table(section))
    })
}

#[test]
fn the_reference_page_has_the_tables_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let expected = regenerated(&page);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, expected).unwrap();
        return;
    }
    let difference = page.lines().zip(expected.lines()).find(|(is, should)| is != should);
    assert!(page == expected, "docs/configuration.md is out of date, UPDATE_DOCS=1 writes it: {difference:?}");
}
