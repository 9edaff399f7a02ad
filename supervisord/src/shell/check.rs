//! `supervisord --check`: the report on standard output, and the exit status.

use std::io::{self, Write};

use serde::Serialize;

use super::load::{LoadError, Source};
use crate::cli::Format;
use crate::config::report::{Problem, Report, Severity};
use supervisor_protocol::outside;

/// Exit status when there are warnings only.
const EXIT_WARNINGS: u8 = 1;

/// Exit status when there are errors.
const EXIT_ERRORS: u8 = 2;

/// The whole report, as machines read it.
#[derive(Serialize)]
struct Json<'a> {
    /// The configuration file, as it was given or found.
    file: &'a str,
    errors: usize,
    warnings: usize,
    problems: Vec<JsonProblem<'a>>,
}

/// One problem. What is not known is `null`.
#[derive(Serialize)]
struct JsonProblem<'a> {
    severity: &'static str,
    file: Option<&'a str>,
    line: Option<usize>,
    section: Option<&'a str>,
    key: Option<&'a str>,
    message: &'a str,
    hint: Option<&'a str>,
}

/// Checks a configuration, writes the report, and yields the exit status: 0 clean, 1 warnings, 2 errors.
pub(super) fn run(source: Result<Source, LoadError>, format: Format) -> u8 {
    let (name, report) = match source {
        Ok(source) => {
            let report = source.check().unwrap_or_else(|error| unreadable(&error));
            (source.main.name, report)
        }
        Err(error) => (String::new(), unreadable(&error)),
    };
    let text = match format {
        Format::Text => outside::printed(&text(&name, &report)).into_owned(),
        Format::Json => outside::shown(&json(&name, &report)).into_owned().into_bytes(),
    };
    // Whoever closed stdout reads the exit status.
    let _ = io::stdout().write_all(&text);
    match (report.count(Severity::Error), report.count(Severity::Warning)) {
        (0, 0) => 0,
        (0, _) => EXIT_WARNINGS,
        _ => EXIT_ERRORS,
    }
}

fn unreadable(error: &LoadError) -> Report {
    let mut report = Report::default();
    report.error(None, error.to_string(), None);
    report
}

fn text(name: &str, report: &Report) -> String {
    let mut text: String = report.problems().iter().map(|problem| printable(&problem.to_string()) + "\n").collect();
    text += &match (report.count(Severity::Error), report.count(Severity::Warning)) {
        (0, 0) => format!("{name}: no problems\n"),
        (errors, warnings) => format!("{}, {}\n", counted(errors, "error"), counted(warnings, "warning")),
    };
    text
}

/// A line that does nothing to a terminal, whatever a file has for names.
fn printable(line: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    line.chars().map(shown).collect()
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn json(name: &str, report: &Report) -> String {
    let report = Json {
        file: name,
        errors: report.count(Severity::Error),
        warnings: report.count(Severity::Warning),
        problems: report.problems().iter().map(json_problem).collect(),
    };
    // Texts and numbers can always be written.
    serde_json::to_string(&report).unwrap_or_default() + "\n"
}

fn json_problem(problem: &Problem) -> JsonProblem<'_> {
    let place = problem.place.as_ref();
    JsonProblem {
        severity: match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        file: place.map(|place| place.origin.file.as_str()).filter(|file| !file.is_empty()),
        line: place.map(|place| place.origin.line).filter(|&line| line > 0),
        section: place.map(|place| place.section.as_str()).filter(|section| !section.is_empty()),
        key: place.map(|place| place.key.as_str()).filter(|key| !key.is_empty()),
        message: &problem.text,
        hint: problem.hint.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::model::{Origin, Place};

    use super::*;

    fn report() -> Report {
        let mut report = Report::default();
        let origin = Origin { file: "s.conf".to_owned(), line: 3 };
        let place = Place { origin, section: "program:x".to_owned(), key: "comand".to_owned() };
        report.warn(place, "unknown \"option\"", Some("did you mean command?".to_owned()));
        report.error(None, "two\nlines", None);
        report
    }

    #[test]
    fn a_line_for_each_problem_and_one_for_their_number() {
        let expected = "s.conf:3: [program:x] comand: warning: unknown \"option\"; did you mean command?\n\
                        two lines\n1 error, 1 warning\n";
        assert_eq!(text("s.conf", &report()), expected);
        assert_eq!(text("s.conf", &Report::default()), "s.conf: no problems\n");
        let mut report = Report::default();
        report.error(None, "a\x1b[2Jb é", None);
        assert_eq!(text("s.conf", &report), "a\\u{1b}[2Jb é\n1 error, 0 warnings\n");
    }

    #[test]
    fn json_has_what_is_known() {
        let expected = r#"{"file":"s.conf","errors":1,"warnings":1,"problems":[{"severity":"warning","file":"s.conf","line":3,"section":"program:x","key":"comand","message":"unknown \"option\"","hint":"did you mean command?"},{"severity":"error","file":null,"line":null,"section":null,"key":null,"message":"two\nlines","hint":null}]}"#;
        assert_eq!(json("s.conf", &report()), format!("{expected}\n"));
    }
}
