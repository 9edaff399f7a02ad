//! The echo of the terminal, which is off while a password is typed.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

/// The terminal whose echo is off, with its former settings, for whoever ends the program meanwhile.
static SILENCED: Mutex<Option<(File, Termios)>> = Mutex::new(None);

/// Opens the terminal, prompts, and turns its echo off.
pub(crate) fn silence(prompt: &str) -> io::Result<File> {
    let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let settings = tcgetattr(&terminal)?;
    let mut silent = settings.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    terminal.write_all(prompt.as_bytes())?;
    *silenced() = Some((terminal.try_clone()?, settings));
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &silent)?;
    Ok(terminal)
}

/// Turns the echo on again if it is off.
pub(crate) fn restore_echo() {
    if let Some((terminal, settings)) = silenced().take() {
        // There is nobody to tell, and nothing else to try.
        let _ = tcsetattr(&terminal, SetArg::TCSAFLUSH, &settings);
    }
}

/// The lock guards no invariant that a panic could break.
fn silenced() -> MutexGuard<'static, Option<(File, Termios)>> {
    SILENCED.lock().unwrap_or_else(PoisonError::into_inner)
}
