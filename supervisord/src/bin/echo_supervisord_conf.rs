//! `echo_supervisord_conf`: prints a sample configuration. Words after its name mean nothing, as in Supervisor.

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match io::stdout().write_all(supervisord::config::options::sample::sample().as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // Into a closed pipe, or onto a full disk: the status is all that can be said.
        Err(_) => ExitCode::FAILURE,
    }
}
