//! `supervisord`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(supervisord::shell::start::run(std::env::args_os().collect()))
}
