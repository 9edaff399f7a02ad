//! The I/O around the pure cores.
//!
//! `owner.rs` is the heart: it owns the engine and all child descriptors. Around it: `start.rs` brings the daemon
//! up in the documented order, `load.rs` reads configuration files, `spawn.rs`, `child.rs` and `reaper.rs` deal
//! with children, `signals.rs`, `poll.rs` and `clock.rs` with what wakes the owner, `activity.rs`, `logfile.rs`,
//! `autolog.rs` and `syslog.rs` with logs, and `handle.rs` is all that HTTP sees of it.

pub mod activity;
pub mod autolog;
mod child;
pub mod clock;
pub mod handle;
mod localtime;
pub mod logfile;
mod owner;
mod poll;
mod privileges;
mod program;
mod reaper;
mod signals;
mod spawn;
pub mod syslog;
