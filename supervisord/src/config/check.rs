//! `supervisord --check`: everything that is wrong or odd about a configuration, at once.
//!
//! The reading is that of a start, with one difference: mistakes are collected (`findings`). What a start
//! would accept without a word is the affair of `lint`.

use super::error::{Cause, ConfigError};
use super::findings::Findings;
use super::lint::Purpose;
use super::model::{Config, LogLevel, Place};
use super::preflight::Preflight;
use super::report::{Problem, Report, Severity};
use super::{Inputs, SourceFile, World, gather, lint, schema};
use supervisor_protocol::ini::dialect::DialectError;

/// Reads a complete configuration and reports what is to be mended.
pub fn check(main: SourceFile<'_>, inputs: &Inputs<'_>, ahead: &dyn Preflight) -> Report {
    let mut report = Report::default();
    let mut odd = Report::default();
    let findings = Findings::collecting();
    let mut files = Vec::new();
    match gather(main, inputs, &findings) {
        Err(error) => report.mistake(&error.condensed()),
        Ok(store) => {
            files.clone_from(&store.document().files);
            lint::names(store.document(), &mut report);
            let config = schema::read(&store, inputs, &findings);
            match config {
                Err(error) => report.mistake(&error.condensed()),
                Ok(config) => {
                    let place = |section: &str, key: &str| {
                        config.places.find(section, key).unwrap_or_else(|| store.place(section, key))
                    };
                    lint::config(&config, Purpose::Check, (inputs.world, ahead), &place, &mut odd);
                }
            }
        }
    }
    let (notices, mistakes) = findings.into_parts();
    let is_cut_short = mistakes.iter().any(breaks_off);
    // Where a file was not read to its end, nobody knows.
    let is_known = |error: &&ConfigError| !is_cut_short || *error.cause() != Cause::NoDaemonSection;
    for error in mistakes.iter().filter(is_known) {
        report.mistake(error);
    }
    for notice in notices.into_iter().filter(|notice| notice.level > LogLevel::Info) {
        let prefix = notice.place.as_ref().map(|place| format!("For [{}], ", place.section)).unwrap_or_default();
        let text = notice.text.strip_prefix(&prefix).unwrap_or(&notice.text);
        report.warn(notice.place.clone(), text, None);
    }
    // A value that makes no sense is replaced by the default, about which there is nothing to say.
    report.append_elsewhere(odd);
    report.drop_consequences();
    report.sort(&files);
    report
}

/// What would keep a daemon from being set up with a configuration that makes sense, the first that would.
pub fn obstacle(config: &Config, world: &dyn World, ahead: &dyn Preflight) -> Option<Problem> {
    let place = |section: &str, key: &str| {
        // Of a program it is known where its group is written.
        let group = || config.groups.iter().find(|group| group.processes.iter().any(|own| own.section == section));
        let of_group = || Place {
            origin: group().map(|group| group.origin.clone()).unwrap_or_default(),
            section: section.to_owned(),
            key: key.to_owned(),
        };
        config.places.find(section, key).unwrap_or_else(of_group)
    };
    let mut report = Report::default();
    lint::config(config, Purpose::Restart, (world, ahead), &place, &mut report);
    report.into_problems().into_iter().find(|problem| problem.severity == Severity::Error)
}

/// Whether a mistake ended the reading of its file.
fn breaks_off(error: &ConfigError) -> bool {
    use DialectError::{NoSectionHeaders, Undecodable};
    matches!(error.cause(), Cause::Dialect(NoSectionHeaders { .. } | Undecodable(_)))
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
