//! The black-box rig: it starts a built `supervisord` on a configuration, talks to it from outside and reads what it
//! leaves behind.
//!
//! Nothing here links to the programs it tests. The XML-RPC client, the HTTP reader and the parser of event envelopes
//! are small and written a second time on purpose: a test that decodes with the code under test proves only that the
//! code agrees with itself. A set of programs is a directory ([`subject::Subject`]), so one and the same suite runs on
//! our binaries and on Supervisor 4.3.0.
//!
//! Every wait is a wait for a condition ([`wait::wait_until`]) with one guard against hanging. The rig refuses to know
//! how long anything takes.
//!
//! Failures are panics: this crate is only ever used by tests.
#![allow(clippy::unwrap_used, reason = "a rig of tests reports its own failures by panicking")]
#![allow(clippy::print_stderr, reason = "the logs of a failed daemon belong on the terminal")]

pub mod activity;
pub mod daemon;
pub mod differential;
pub mod envelope;
pub mod fake;
pub mod http;
pub mod ids;
pub mod proc;
pub mod redact;
pub mod run;
pub mod scenario;
pub mod setup;
pub mod skip;
pub mod smtp;
pub mod subject;
mod sweep;
pub mod wait;
pub mod xmlrpc;

pub use daemon::Daemon;
pub use envelope::Event;
pub use run::Ran;
pub use setup::Setup;
pub use subject::Subject;
pub use wait::wait_until;
pub use xmlrpc::{Fault, Value};
