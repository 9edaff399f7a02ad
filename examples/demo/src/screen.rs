//! What the spectator reads: plain lines, a few colours on a terminal, none in a file or with `NO_COLOR`.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use crate::mailbox::Mail;
use crate::programs::{CRASH_AFTER, HOG_MB_PER_SECOND};
use crate::status::Row;

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";
const RED: &str = "31";

/// Stdout with manners. A reader that went away (`make demo | head`) does not stop the clean-up: write errors
/// are ignored here, and only here.
pub(crate) struct Screen {
    colours: bool,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colours: wanted && io::stdout().is_terminal() }
    }

    /// Says what is going to happen.
    pub(crate) fn opening(&self) {
        let crash_secs = CRASH_AFTER.as_secs();
        self.line("");
        self.line(&format!("  {}", self.paint(BOLD, "Supervisor: three failures, three listeners")));
        self.line("");
        self.line("  supervisord is about to start three programs. Each will go wrong in its own way:");
        self.line("");
        for (name, what) in [
            ("crash", format!("exits with status 1 after {crash_secs} seconds")),
            ("hog", format!("takes {HOG_MB_PER_SECOND} MB more memory every second")),
            ("web", "answers one HTTP request, then no more".to_owned()),
        ] {
            self.line(&format!("    {} {what}", self.paint(CYAN, &format!("{name:<10}"))));
        }
        self.line("");
        self.line("  and three event listeners, which it feeds with events over their stdin:");
        self.line("");
        for (name, what) in [
            ("crashmail", "on PROCESS_STATE_EXITED: mails when the exit was not expected"),
            ("memmon", "on TICK_5: restarts hog above 64 MB, and mails"),
            ("httpok", "on TICK_5: asks web for a page, restarts it after 1 s of silence, and mails"),
        ] {
            self.line(&format!("    {} {what}", self.paint(CYAN, &format!("{name:<10}"))));
        }
        self.line("");
        self.line("  It takes about fifteen seconds. Mail is appended to a file and shown here; none is sent.");
        self.line("  Ctrl-C stops everything and leaves nothing running.");
        self.line("");
    }

    /// One line about the demo itself.
    pub(crate) fn note(&self, since_start: Duration, text: &str) {
        let time = self.paint(DIM, &format!("{:6.1} s", since_start.as_secs_f64()));
        self.line(&format!("{time}  {text}"));
    }

    /// The status table, with a star before the rows that are new.
    pub(crate) fn table(&self, since_start: Duration, rows: &[Row], before: &[Row]) {
        self.note(since_start, &self.paint(DIM, "supervisorctl status"));
        for row in rows {
            let is_new = !before.iter().any(|old| row.says_the_same_as(old));
            let colour = match row.state.as_str() {
                "RUNNING" => GREEN,
                "STARTING" | "STOPPING" => YELLOW,
                _ => RED,
            };
            let line = row.line.replacen(&row.state, &self.paint(colour, &row.state), 1);
            self.line(&format!("        {} {line}", if is_new { "*" } else { " " }));
        }
        self.line("");
    }

    /// A mail, in full.
    pub(crate) fn mail(&self, since_start: Duration, mail: &Mail) {
        self.note(since_start, &self.paint(BOLD, &format!("mail from {}", mail.sender)));
        for line in mail.text.lines() {
            let text = if line.starts_with("Subject:") { self.paint(YELLOW, line) } else { line.to_owned() };
            self.line(&format!("          {} {text}", self.paint(DIM, "|")));
        }
        self.line("");
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn line(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    }
}
