//! `pidproxy PIDFILE COMMAND [ARGUMENT...]`: stands in the foreground for a daemon that does not.
//!
//! It sleeps until a signal comes. SIGCHLD may be the end of the command, the others are passed on to the process
//! that the pid file names. Handlers are in place before the command starts, so none is lost; they are handlers and
//! not blocked signals, so the command begins with default dispositions whatever `pidproxy` inherited.
//!
//! Exit status: 0 when the command is gone, whatever its own was, or could not be started, or after TERM, INT or
//! QUIT; 1 for a command line that is too short, or when a signal could not be sent.

use std::future::poll_fn;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::task::{Context, Poll};

use nix::sys::signal::{Signal, kill};
use supervisor_protocol::outside::{self, printed};
use supervisor_protocol::program;
use supervisord::pidproxy::{FORWARDED, Invocation, is_last, target, usage};
use tokio::signal::unix::{self, SignalKind};

/// The signals that came, each at most once however often it did.
struct Signals(Vec<(Signal, unix::Signal)>);

impl Signals {
    /// # Errors
    /// No handler could be installed.
    fn new() -> io::Result<Self> {
        let listen = |signal: Signal| Ok((signal, unix::signal(SignalKind::from_raw(signal as i32))?));
        FORWARDED.into_iter().chain([Signal::SIGCHLD]).map(listen).collect::<io::Result<_>>().map(Signals)
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Signal> {
        let mut ready = self.0.iter_mut().filter_map(|(signal, arrivals)| match arrivals.poll_recv(context) {
            Poll::Ready(_) => Some(*signal),
            Poll::Pending => None,
        });
        ready.next().map_or(Poll::Pending, Poll::Ready)
    }

    /// # Cancel safety
    /// Nothing is taken before it is returned.
    async fn next(&mut self) -> Signal {
        poll_fn(|context| self.poll_next(context)).await
    }
}

fn main() -> ExitCode {
    let Some(invocation) = Invocation::parse(std::env::args_os().skip(1)) else {
        say(&printed(&usage(&outside::text(&program::path()))));
        return ExitCode::FAILURE;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    match runtime.and_then(|runtime| runtime.block_on(proxy(&invocation))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Runs the command and passes signals on until it is gone.
///
/// # Errors
/// Signals cannot be received, or one could not be sent.
async fn proxy(invocation: &Invocation) -> io::Result<()> {
    let mut signals = Signals::new()?;
    let program = invocation.program(&std::env::current_dir().unwrap_or_default());
    let mut child = match Command::new(program).arg0(&invocation.command).args(&invocation.arguments).spawn() {
        Ok(child) => child,
        Err(error) => {
            // As if it had come and gone, which is what the original takes it for.
            complain(&format!("cannot run {}: {error}", invocation.command.display()));
            return Ok(());
        }
    };
    loop {
        match signals.next().await {
            Signal::SIGCHLD => {
                // An error means that somebody else took its status: it is gone as well.
                if !matches!(child.try_wait(), Ok(None)) {
                    return Ok(());
                }
            }
            signal => {
                let Some(process) = std::fs::read(&invocation.pid_file).ok().as_deref().and_then(target) else {
                    let path = invocation.pid_file.as_bytes();
                    say(&[b"Can't read child pidfile ", path, b"!\n"].concat());
                    continue;
                };
                kill(process, signal)
                    .map_err(|error| io::Error::other(format!("cannot send {signal} to {process}: {error}")))?;
                if is_last(signal) {
                    return Ok(());
                }
            }
        }
    }
}

fn say(text: &[u8]) {
    // Whoever closed stdout does not want to read it.
    let _ = io::stdout().write_all(text);
}

fn complain(error: &dyn std::fmt::Display) {
    // There is nowhere else to tell.
    let _ = writeln!(io::stderr(), "pidproxy: {error}");
}
