//! How findings are printed: as TAP version 14, or as one line of JSON each.
//!
//! Pure: a finding in, text out. In TAP what went wrong stands in the YAML block below the line, so that any TAP
//! reader can count and any person can read. In JSON the last line is a summary.

use crate::check::{Check, Verdict};
use crate::json;

/// The format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// <https://testanything.org/tap-version-14-specification.html>
    Tap,
    /// One object a line.
    Json,
}

/// A report in the making: counts what it prints.
#[derive(Debug)]
pub(crate) struct Report {
    format: Format,
    done: usize,
    failed: usize,
}

impl Report {
    /// An empty report.
    pub(crate) fn new(format: Format) -> Report {
        Report { format, done: 0, failed: 0 }
    }

    /// What comes first, given how many checks will be made.
    pub(crate) fn start(&self, count: usize) -> String {
        match self.format {
            Format::Tap => format!("TAP version 14\n1..{count}\n"),
            Format::Json => String::new(),
        }
    }

    /// The lines for one check.
    pub(crate) fn finding(&mut self, check: &Check, verdict: &Verdict) -> String {
        self.done += 1;
        self.failed += usize::from(!verdict.is_pass());
        match self.format {
            Format::Tap => self.tap(check, verdict),
            Format::Json => line(check, verdict),
        }
    }

    /// What comes last.
    pub(crate) fn end(&self) -> String {
        let Report { format, done, failed } = self;
        match format {
            Format::Tap if *failed == 0 => format!("# all {done} checks passed\n"),
            Format::Tap => format!("# {failed} of {done} checks failed\n"),
            Format::Json => json::object(&[("checks", done.to_string()), ("failed", failed.to_string())]) + "\n",
        }
    }

    /// What comes last when the rest of the checks cannot be made.
    pub(crate) fn bail_out(&self, reason: &str) -> String {
        match self.format {
            Format::Tap => format!("Bail out! {}\n", reason.replace('\n', " ")),
            Format::Json => json::object(&[("bail_out", json::string(reason))]) + "\n",
        }
    }

    /// Whether no check failed.
    pub(crate) fn is_clean(&self) -> bool {
        self.failed == 0
    }

    fn tap(&self, check: &Check, verdict: &Verdict) -> String {
        let number = self.done;
        // A `#` would begin a directive.
        let proves = check.proves.replace('#', "\\#");
        match verdict {
            Verdict::Pass { note } => {
                let note = note.as_ref().map(|note| format!("# {note}\n")).unwrap_or_default();
                format!("ok {number} - {}: {proves}\n{note}", check.name)
            }
            Verdict::Fail { reason, stderr } => {
                let mut block = format!("  reason: {}\n", json::string(reason));
                if !check.contract.is_empty() {
                    block += &format!("  contract: {}\n", json::strings(check.contract));
                }
                if !stderr.is_empty() {
                    block += &format!("  stderr: {}\n", json::string(stderr));
                }
                format!("not ok {number} - {}: {proves}\n  ---\n{block}  ...\n", check.name)
            }
        }
    }
}

fn line(check: &Check, verdict: &Verdict) -> String {
    let mut members = vec![
        ("check", json::string(&check.name)),
        ("ok", verdict.is_pass().to_string()),
        ("proves", json::string(&check.proves)),
        ("contract", json::strings(check.contract)),
    ];
    match verdict {
        Verdict::Pass { note: None } => {}
        Verdict::Pass { note: Some(note) } => members.push(("note", json::string(note))),
        Verdict::Fail { reason, stderr } => {
            members.push(("reason", json::string(reason)));
            members.push(("stderr", json::string(stderr)));
        }
    }
    json::object(&members) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> [(Check, Verdict); 3] {
        let check = |name| Check::new(name, "does it", &["ev_p02"]);
        [
            (check("one"), Verdict::of(Ok(()))),
            (check("two"), Verdict::Pass { note: Some("answered FAIL".into()) }),
            (check("three"), Verdict::Fail { reason: "said \"no\"".into(), stderr: "oh\n".into() }),
        ]
    }

    fn printed(format: Format) -> String {
        let mut report = Report::new(format);
        let mut text = report.start(3);
        for (check, verdict) in &findings() {
            text += &report.finding(check, verdict);
        }
        assert!(!report.is_clean());
        text + &report.end()
    }

    #[test]
    fn tap_has_a_plan_a_line_for_each_check_and_a_block_for_each_failure() {
        assert_eq!(
            printed(Format::Tap),
            "TAP version 14\n1..3\nok 1 - one: does it\nok 2 - two: does it\n# answered FAIL\n\
             not ok 3 - three: does it\n  ---\n  reason: \"said \\\"no\\\"\"\n  contract: [\"ev_p02\"]\n  \
             stderr: \"oh\\n\"\n  ...\n# 1 of 3 checks failed\n"
        );
    }

    #[test]
    fn json_has_a_line_for_each_check_and_a_summary() {
        let text = printed(Format::Json);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], r#"{"check": "one", "ok": true, "proves": "does it", "contract": ["ev_p02"]}"#);
        assert!(lines[1].ends_with(r#""note": "answered FAIL"}"#));
        assert!(lines[2].ends_with(r#""reason": "said \"no\"", "stderr": "oh\n"}"#));
        assert_eq!(lines[3..], [r#"{"checks": 3, "failed": 1}"#]);
    }

    #[test]
    fn a_broken_run_says_why() {
        assert_eq!(Report::new(Format::Tap).bail_out("no\nfile"), "Bail out! no file\n");
        assert_eq!(Report::new(Format::Json).bail_out("no"), "{\"bail_out\": \"no\"}\n");
    }

    #[test]
    fn a_clean_report_says_so() {
        let mut report = Report::new(Format::Tap);
        let [(check, verdict), ..] = findings();
        report.finding(&check, &verdict);
        assert_eq!(report.end(), "# all 1 checks passed\n");
        assert!(report.is_clean());
    }
}
