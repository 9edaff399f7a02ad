//! The commands: one table with name, help text and function of each, and how a line becomes a command.
//!
//! A command gets the [`Session`] and its argument text. It writes its lines, sets the exit code where
//! something is wrong, and returns `Err` only for what it has no line for: the session shows that as the
//! generic error line. The files follow what the commands are about: [`status`] asks, [`act`] acts on
//! processes, [`groups`] changes which are configured, [`daemon`] is about the daemon itself, [`logs`] and
//! [`foreground`] show output, [`help`] has the texts.

mod act;
mod daemon;
mod foreground;
mod groups;
mod help;
mod logs;
mod status;

use std::ops::ControlFlow;

use crate::exit;
use crate::failure::Failure;
use crate::render;
use crate::session::Session;

/// Whether the shell goes on after a command.
pub(crate) type Flow = ControlFlow<()>;

/// One command.
pub(crate) struct Command {
    /// The word that is typed.
    pub(crate) name: &'static str,
    /// The text of `help <name>`, also shown after a usage error; without the last line end.
    pub(crate) help: &'static str,
    /// Carries it out; the text is what follows the name, without blanks around it.
    pub(crate) run: fn(&mut Session<'_>, &str) -> Result<(), Failure>,
}

/// Every command, in the order of the help list. `exit`, `quit` and `EOF` leave the shell as well.
pub(crate) const COMMANDS: &[Command] = &[
    Command { name: "add", help: help::ADD, run: groups::add },
    Command { name: "avail", help: help::AVAIL, run: groups::avail },
    Command { name: "clear", help: help::CLEAR, run: act::clear },
    Command { name: "exit", help: help::EXIT, run: empty_line },
    Command { name: "fg", help: help::FG, run: foreground::fg },
    Command { name: "maintail", help: help::MAINTAIL, run: logs::maintail },
    Command { name: "open", help: help::OPEN, run: daemon::open },
    Command { name: "pid", help: help::PID, run: status::pid },
    Command { name: "quit", help: help::QUIT, run: empty_line },
    Command { name: "reload", help: help::RELOAD, run: daemon::reload },
    Command { name: "remove", help: help::REMOVE, run: groups::remove },
    Command { name: "reread", help: help::REREAD, run: groups::reread },
    Command { name: "restart", help: help::RESTART, run: act::restart },
    Command { name: "shutdown", help: help::SHUTDOWN, run: daemon::shutdown },
    Command { name: "signal", help: help::SIGNAL, run: act::signal },
    Command { name: "start", help: help::START, run: act::start },
    Command { name: "status", help: help::STATUS, run: status::status },
    Command { name: "stop", help: help::STOP, run: act::stop },
    Command { name: "tail", help: help::TAIL, run: logs::tail },
    Command { name: "update", help: help::UPDATE, run: groups::update },
    Command { name: "version", help: help::VERSION, run: daemon::version },
];

/// The commands that are understood but not listed.
const UNLISTED: &[Command] =
    &[Command { name: "help", help: help::HELP, run: explain }, Command { name: "EOF", help: "", run: empty_line }];

/// A command line taken apart.
enum Line<'a> {
    /// Nothing to do.
    Empty,
    /// A command and its argument.
    Command(&'static Command, &'a str),
    /// No such command.
    Unknown,
}

/// Takes a line apart: the command word is the longest run of letters, digits and `_` at its start, so
/// `tail-5 x` is `tail` with `-5 x`. `?` means `help`.
fn parse(line: &str) -> Line<'_> {
    let line = line.trim();
    if line.is_empty() {
        return Line::Empty;
    }
    let (word, argument) = match line.strip_prefix('?') {
        Some(rest) => ("help", rest),
        None => line.split_at(line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(line.len())),
    };
    match COMMANDS.iter().chain(UNLISTED).find(|command| command.name == word) {
        Some(command) => Line::Command(command, argument.trim()),
        None => Line::Unknown,
    }
}

impl Command {
    /// Whether the shell ends after it.
    pub(crate) fn flow(&self) -> Flow {
        match self.name {
            "exit" | "quit" | "EOF" => Flow::Break(()),
            _ => Flow::Continue(()),
        }
    }
}

/// `help` lists the commands, `help <command>` explains one.
fn explain(session: &mut Session<'_>, topic: &str) -> Result<(), Failure> {
    if topic.is_empty() {
        let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        session.out.text(&render::topics("default commands (type help <topic>):", &names));
    } else if topic == "help" {
        session.out.line(help::HELP);
    } else if let Some(command) = COMMANDS.iter().find(|command| command.name == topic) {
        session.out.line(command.help);
    } else {
        session.out.line(format_args!("*** No help on {topic}"));
    }
    Ok(())
}

/// Carries out one command line. Whatever happens has been told when this returns; the result says whether to
/// read another one.
pub(crate) fn run_line(session: &mut Session<'_>, line: &str) -> Flow {
    match parse(line) {
        Line::Empty => Flow::Continue(()),
        Line::Unknown => {
            session.complain(exit::GENERIC, format_args!("*** Unknown syntax: {}", line.trim()));
            Flow::Continue(())
        }
        Line::Command(command, argument) => {
            if let Err(failure) = session.run_logged_in(command.run, argument) {
                session.complain(exit::GENERIC, failure);
            }
            command.flow()
        }
    }
}

fn empty_line(session: &mut Session<'_>, _argument: &str) -> Result<(), Failure> {
    session.out.line("");
    Ok(())
}

#[cfg(test)]
mod tests;
