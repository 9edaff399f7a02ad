//! supervisorctl: the command line client of supervisord.
//!
//! [`cli`] and [`config`] say which daemon to talk to; [`session`] runs one command or, without one, the
//! [`shell`]; [`commands`] call the daemon and have their replies turned into text by [`render`]. Whatever has
//! an effect outside stands behind two traits: [`daemon`], with [`remote`] as the real one, and [`console`],
//! with [`terminal`]. Errors go to standard output, as scripts expect; standard error is for a wrong command
//! line or configuration, and for logs that cannot be followed.

mod cli;
mod commands;
mod config;
mod console;
mod daemon;
mod echo;
mod exit;
mod failure;
#[cfg(test)]
mod fake;
mod happening;
mod interrupts;
mod output;
mod remote;
mod render;
mod session;
mod shell;
mod terminal;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use supervisor_protocol::outside::{self, printed, shown};
use supervisor_protocol::{locale, program};

use crate::cli::{Arguments, Invocation};
use crate::config::Settings;
use crate::output::Output;
use crate::remote::Remote;
use crate::session::Session;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let (mut out, mut err) = (Output::new(io::stdout()), Output::new(io::stderr()));
    outside::use_charset(locale::charset(|name| std::env::var_os(name)));
    let program = program::path();
    let arguments = match cli::read(std::env::args_os().skip(1)) {
        Ok(Invocation::Help) => {
            out.bytes(&printed(&cli::usage(&outside::text(&program))));
            return finish(out, &mut err, exit::SUCCESS);
        }
        Ok(Invocation::Run(arguments)) => arguments,
        Err(error) => return refuse(&mut err, &error, &program),
    };
    let settings = match config::load(&arguments, &program) {
        Ok(settings) => settings,
        Err(error) => return refuse(&mut err, &error, &program),
    };
    for warning in &settings.warnings {
        err.line(shown(warning));
    }
    run(&arguments, settings, out, err)
}

/// Runs the command, or the shell if there is none.
fn run(arguments: &Arguments, settings: Settings, out: Output<'_>, err: Output<'_>) -> ExitCode {
    let wants_shell = arguments.words.is_empty();
    let (mut remote, mut terminal) = (Remote::default(), Terminal::default());
    if wants_shell {
        terminal.watch_interrupts();
    }
    let mut session = Session {
        daemon: &mut remote,
        console: &mut terminal,
        out,
        err,
        target: settings.target,
        interactive: arguments.interactive || wants_shell,
        exit_code: exit::SUCCESS,
    };
    if wants_shell {
        shell::run(&mut session, &shown(&settings.prompt));
        session.exit_code = exit::SUCCESS;
    } else {
        // A single command is a single line, whatever its flow.
        let _ = commands::run_line(&mut session, &shown(&arguments.words.join(" ")));
    }
    let Session { out, mut err, exit_code, .. } = session;
    finish(out, &mut err, exit_code)
}

/// Ends with a code, or with what kept the output from being written.
fn finish(out: Output<'_>, err: &mut Output<'_>, code: u8) -> ExitCode {
    if let Err(error) = out.finish() {
        err.line(format_args!("Error: cannot write to standard output: {error}"));
        return exit::GENERIC.into();
    }
    code.into()
}

/// Ends over a wrong command line or configuration.
fn refuse(err: &mut Output<'_>, error: &dyn std::error::Error, program: &Path) -> ExitCode {
    err.bytes(&printed(&format!("Error: {error}\nFor help, use {} -h\n", outside::text(program))));
    exit::INVALID_ARGUMENTS.into()
}
