//! `make demo`: the whole system at work in a quarter of a minute.
//!
//! One executable plays every part that is not Supervisor itself. Called plainly it is the **director**: it
//! writes a configuration, starts supervisord, shows what happens and cleans up ([`director`]). The
//! configuration calls the same executable again as the three [`programs`] that go wrong and as the sendmail
//! stand-in ([`mailbox`]). The daemon, the three listeners and supervisorctl are the built programs, found
//! beside this executable or in `SUPERVISOR_BIN_DIR`.
//!
//! It needs no root, no network, no interpreter. Everything it makes lies in one directory under the target
//! directory, and no process outlives it, however it ends: see [`leash`].

mod director;
mod leash;
mod mailbox;
mod port;
mod programs;
mod screen;
mod status;
mod story;

use std::io::{self, Write};
use std::process::ExitCode;

const USAGE: &str = "\
usage: demo [--once]

  --once   end as soon as all three failures have been seen and dealt with: status 0 then,
           1 with the reason if that takes more than two minutes

SUPERVISOR_BIN_DIR names the directory of supervisord, supervisorctl, crashmail, memmon and
httpok; without it they are looked for beside this program. NO_COLOR switches colours off.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        [] => director::run(director::Until::Interrupted),
        ["--once"] => director::run(director::Until::AllSeen),
        ["-h" | "--help"] => {
            return match io::stdout().write_all(USAGE.as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
        ["leash", program, rest @ ..] => leash::exec(program, rest),
        ["crash"] => programs::crash(),
        ["hog"] => programs::hog(),
        ["web", port] => programs::web(port),
        ["mail"] => mailbox::receive(),
        _ => {
            complain(USAGE);
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("demo: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Writes to stderr. Nobody is left to be told when that fails.
fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
