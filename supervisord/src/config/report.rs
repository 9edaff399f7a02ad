//! What a check found: a list of problems, each with its place and the way to mend it.

use std::collections::{HashMap, HashSet};

use supervisor_protocol::ini::dialect::DialectError;

use super::error::{Cause, ConfigError};
use super::model::{Origin, Place};

/// Whether a start would fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// A start would succeed, but hardly as it was meant.
    Warning,
    /// A start would fail.
    Error,
}

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Option<Place>,
    /// What is wrong.
    pub text: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Problem {
    /// Where it is, and what to write instead: `FILE:LINE: [SECTION] KEY: HINT`, as far as either is known.
    pub fn advice(&self) -> Option<String> {
        advice(self.place.as_ref(), self.hint.clone())
    }
}

/// `FILE:LINE: [SECTION] KEY: HINT`, as far as either is known.
pub(super) fn advice(place: Option<&Place>, hint: Option<String>) -> Option<String> {
    match (place, hint) {
        (Some(place), Some(hint)) => Some(format!("{place}: {hint}")),
        (Some(place), None) => Some(place.to_string()),
        (None, hint) => hint,
    }
}

/// `FILE:LINE: [SECTION] KEY: TEXT; HINT`, a warning with `warning: ` before its text.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        // A text of several lines would be taken for several problems.
        f.write_str(&self.text.replace('\n', " "))?;
        self.hint.iter().try_for_each(|hint| write!(f, "; {hint}"))
    }
}

/// All problems, in the order of files and lines.
#[derive(Debug, Default)]
pub struct Report {
    problems: Vec<Problem>,
    /// One program may be in several groups.
    seen: HashSet<(Option<Place>, String)>,
}

impl Report {
    /// The problems found.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The same, to be had.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// How many problems have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }

    /// Notes what keeps a start from succeeding.
    pub fn error(&mut self, place: impl Into<Option<Place>>, text: impl Into<String>, hint: Option<String>) {
        self.add(Problem { severity: Severity::Error, place: place.into(), text: text.into(), hint });
    }

    /// Notes what a start puts up with.
    pub fn warn(&mut self, place: impl Into<Option<Place>>, text: impl Into<String>, hint: Option<String>) {
        self.add(Problem { severity: Severity::Warning, place: place.into(), text: text.into(), hint });
    }

    /// Notes a mistake of a configuration; each of the lines of a file that is no configuration at all.
    pub fn mistake(&mut self, error: &ConfigError) {
        let hint = error.hint();
        match error.cause() {
            Cause::Dialect(DialectError::Parsing { file, lines }) => {
                for (line, text) in lines {
                    let text = format!("neither a section nor an option: {}", text.trim());
                    self.error(in_file(file, *line), text, hint.clone());
                }
            }
            Cause::Dialect(DialectError::NoSectionHeaders { file, line, text }) => {
                let text = format!("text before any section: {}", text.trim());
                self.error(in_file(file, *line), text, Some("put a header such as [supervisord] above it".to_owned()));
            }
            cause => self.error(error.place().cloned(), cause.to_string(), hint),
        }
    }

    /// Brings the problems into the order of files and lines. What has no place concerns the whole, and comes first.
    pub(super) fn sort(&mut self, files: &[String]) {
        // Of a file that was read twice the first time counts.
        let order: HashMap<&str, usize> =
            files.iter().enumerate().rev().map(|(at, file)| (file.as_str(), at)).collect();
        self.problems.sort_by_key(|problem| {
            let origin = problem.place.as_ref().map(|place| &place.origin)?;
            Some((order.get(origin.file.as_str()), origin.line))
        });
    }

    /// Takes over the problems of another report, but none where something is wrong already.
    pub(super) fn append_elsewhere(&mut self, other: Report) {
        let wrong = self.wrong_places();
        let elsewhere = |problem: &Problem| problem.place.as_ref().is_none_or(|place| !wrong.contains(place));
        other.problems.into_iter().filter(elsewhere).for_each(|problem| self.add(problem));
    }

    /// Drops the warnings about what is wrong anyway.
    pub(super) fn drop_consequences(&mut self) {
        let wrong = self.wrong_places();
        self.problems.retain(|problem| {
            problem.severity == Severity::Error || problem.place.as_ref().is_none_or(|place| !wrong.contains(place))
        });
    }

    fn wrong_places(&self) -> HashSet<Place> {
        let places = |problem: &Problem| problem.place.clone().filter(|_| problem.severity == Severity::Error);
        self.problems.iter().filter_map(places).collect()
    }

    fn add(&mut self, problem: Problem) {
        if self.seen.insert((problem.place.clone(), problem.text.clone())) {
            self.problems.push(problem);
        }
    }
}

fn in_file(file: &str, line: usize) -> Place {
    Place { origin: Origin { file: file.to_owned(), line }, ..Place::default() }
}
