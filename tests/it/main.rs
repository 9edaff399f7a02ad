//! One integration binary: the contract's ids, the golden transcripts and the client matrix, all against the set of
//! programs in `SUPERVISOR_BIN_DIR`.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests report their own failures by panicking")]

mod clients;
mod config;
mod control;
mod events;
mod golden;
mod languages;
mod tidy;
