//! fatalmailbatch: a listener that mails about programs that could not be started, several at a time, after superlance.
//!
//! See the library: this is one of its flavours.

use std::process::ExitCode;

use mailbatch::Flavour;

fn main() -> ExitCode {
    mailbatch::run(Flavour::FatalMail)
}
