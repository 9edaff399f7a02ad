//! `supervisord --check`: everything that is wrong or odd about a configuration, at once.
//!
//! The reading is that of a start, with one difference: mistakes are collected (`findings`). What a start
//! would accept without a word is the affair of `lint`.

use super::findings::Findings;
use super::model::LogLevel;
use super::report::Report;
use super::{Inputs, SourceFile, gather, lint, schema};

/// Reads a complete configuration and reports what is to be mended.
pub fn check(main: SourceFile<'_>, inputs: &Inputs<'_>) -> Report {
    let mut report = Report::default();
    let findings = Findings::collecting();
    let mut files = Vec::new();
    match gather(main, inputs, &findings) {
        Err(error) => report.mistake(&error),
        Ok(store) => {
            files.clone_from(&store.document().files);
            lint::names(store.document(), &mut report);
            let config = schema::read(&store, inputs, &findings);
            let place = |section: &str, key: &str| store.place(section, key);
            match config {
                Err(error) => report.mistake(&error),
                Ok(config) => lint::config(&config, inputs.world, &place, &mut report),
            }
        }
    }
    let (notices, mistakes) = findings.into_parts();
    for error in &mistakes {
        report.mistake(error);
    }
    for notice in notices.into_iter().filter(|notice| notice.level > LogLevel::Info) {
        let prefix = notice.place.as_ref().map(|place| format!("For [{}], ", place.section)).unwrap_or_default();
        let text = notice.text.strip_prefix(&prefix).unwrap_or(&notice.text);
        report.warn(notice.place.clone(), text, None);
    }
    report.drop_consequences();
    report.sort(&files);
    report
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
