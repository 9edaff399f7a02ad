//! The shell: one command line after the other.
//!
//! It begins with the status, then prompts until `exit`, `quit` or the end of the input. Nothing that goes
//! wrong in a command ends it, and its exit code is 0. Contract: `ctl_c22`.

use crate::commands::run_line;
use crate::session::Session;

/// Shows the status, then carries out lines of the console until it is told to leave.
pub(crate) fn run(session: &mut Session<'_>, prompt: &str) {
    let prompt = format!("{prompt}> ");
    let mut flow = run_line(session, "status");
    while flow.is_continue() && !session.out.is_closed() {
        session.out.text(&prompt);
        // The end of the input is a command of its own.
        let line = session.console.line().unwrap_or_else(|| "EOF".to_owned());
        flow = run_line(session, &line);
    }
}
