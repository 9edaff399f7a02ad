//! The I/O around the pure cores.
//!
//! `owner.rs` is the heart: it owns the engine and all child descriptors, `effects.rs` carries out what the engine
//! asks for, `requests.rs` brings in what clients ask, `serve.rs` what comes out of pipes. Around it: `start.rs` brings
//! the daemon up in the documented order, `start_error.rs` says why it does not come up, `pidfile.rs` keeps a second one
//! away, `load.rs` reads configuration files, `preflight` finds out for `check.rs` what a start would meet, `spawn.rs`,
//! `child.rs` and `reaper.rs` deal with children, `fcgi.rs` with the sockets some of them share, `signals.rs`, `poll.rs`,
//! `unwatched.rs` and `clock.rs` with what wakes the owner, `activity.rs`, `logfile.rs`, `autolog.rs` and `syslog.rs`
//! with logs, `console.rs` with standard output, `patient.rs` and `inherited.rs` with descriptors that are somebody
//! else's, and `handle.rs` is all that HTTP sees of it.

pub mod activity;
pub mod autolog;
mod channel;
mod check;
mod child;
mod childlog;
mod childlogs;
pub mod clock;
mod console;
mod daemonize;
mod effects;
mod fcgi;
mod glob;
pub mod handle;
mod inherited;
pub mod load;
mod localtime;
pub mod logfile;
mod memo;
mod owner;
mod patient;
mod pidfile;
mod poll;
mod preflight;
mod privileges;
mod program;
mod reaper;
mod requests;
mod serve;
mod signals;
mod spawn;
pub mod start;
mod start_error;
pub mod syslog;
mod untold;
mod unwatched;
