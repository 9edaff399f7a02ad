//! The I/O around the pure parts: files, descriptors, signals and clocks.

pub mod activity;
pub mod autolog;
mod localtime;
pub mod logfile;
pub mod syslog;
