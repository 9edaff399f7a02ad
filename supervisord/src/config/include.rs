//! `[include] files`: further files, merged into the document pattern by pattern.
//!
//! The shell resolves a pattern into files; this module says which patterns, and what the log will say of them.
//! An `[include]` section in an included file is not followed. A file that cannot be read is skipped with a
//! warning (Supervisor skips it in silence). Contract 2.8.

use super::error::{Cause, ConfigError};
use super::findings::Findings;
use super::model::{Notice, Place};
use super::{Included, Inputs, options};
use supervisor_protocol::ini::document::Document;
use supervisor_protocol::ini::expand::{Scope, expand, texts, variables};
use supervisor_protocol::ini::{dialect, paths};
use supervisor_protocol::outside;
use supervisor_protocol::text::is_blank;

/// Reads the files that the main file includes, if it has an `[include]` section.
pub(super) fn read(document: &mut Document, inputs: &Inputs<'_>, findings: &Findings) -> Result<(), ConfigError> {
    if document.section("include").is_none() {
        return Ok(());
    }
    document.expand_here(inputs.here);
    let place = place(document);
    let patterns = match patterns(document, inputs) {
        Ok(patterns) => patterns,
        Err(error) => {
            findings.keep(error)?;
            Vec::new()
        }
    };
    let warn = |text: String| findings.notice(Notice { place: Some(place.clone()), ..Notice::warn(text) });
    for pattern in patterns {
        let matches = (inputs.include)(&pattern);
        if matches.is_empty() {
            warn(format!("No file matches via include \"{pattern}\""));
        }
        for Included { path, content } in matches {
            match content {
                Ok(bytes) => {
                    findings.notice(Notice::info(format!("Included extra file \"{path}\" during parsing")));
                    if let Err(error) = dialect::parse(document, &path, &bytes) {
                        findings.keep(ConfigError::from(error).at(Place::of_file(&path)))?;
                    }
                    let directory = paths::absolute(inputs.world.cwd(), paths::parent(&path));
                    document.expand_here(&outside::text(&directory));
                }
                Err(reason) => warn(format!("Could not read extra file \"{path}\", skipping it: {reason}")),
            }
        }
    }
    Ok(())
}

/// Where `files` is written, else where the section begins.
fn place(document: &Document) -> Place {
    let section = "include".to_owned();
    let Some(own) = document.section(&section) else { return Place::default() };
    let key = options::table::include::FILES.entry.name;
    match document.option(own, key) {
        Some(entry) => Place { origin: document.origin(entry.mark), section, key: key.to_owned() },
        None => Place { origin: document.origin(own.mark), section, key: String::new() },
    }
}

/// The patterns of `files`, made absolute.
fn patterns(document: &Document, inputs: &Inputs<'_>) -> Result<Vec<String>, ConfigError> {
    let key = options::table::include::FILES.entry.name;
    let entry = document.section("include").and_then(|section| document.option(section, key));
    let place = place(document);
    let Some(entry) = entry else { return Err(ConfigError::from(Cause::NoIncludeFiles).at(place)) };
    let environment = variables(inputs.environment.iter().map(|(name, value)| (name, value))).collect();
    let names = texts([("here", inputs.here), ("host_node_name", inputs.host_node_name)]);
    // The environment hides the other names, as it does in Supervisor; both kinds never meet.
    let files = expand(&entry.value, Scope(&[&names, &environment]), "include.files")
        .map_err(|error| ConfigError::from(Cause::from(error)).at(place))?;
    Ok(files
        .split(is_blank)
        .filter(|pattern| !pattern.is_empty())
        .map(|pattern| paths::join(inputs.here, pattern))
        .collect())
}
