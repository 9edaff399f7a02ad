//! crashmailbatch: a listener that mails about unexpected exits, several at a time, after superlance.
//!
//! See the library: this is one of its flavours.

use std::process::ExitCode;

use mailbatch::Flavour;

fn main() -> ExitCode {
    mailbatch::run(Flavour::CrashMail)
}
