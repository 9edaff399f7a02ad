//! The I/O around the pure cores.

pub mod handle;
