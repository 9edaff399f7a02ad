//! The I/O around the pure cores.

pub mod activity;
pub mod autolog;
pub mod handle;
mod localtime;
pub mod logfile;
pub mod syslog;
