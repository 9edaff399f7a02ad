//! Configuration files: Supervisor's ini dialect and the `%(name)s` expansion of its values.
//!
//! Every program of the project reads the same file, so the rules live here once: [`dialect`] turns text into
//! a [`document`], [`expand`] applies Python's `%` operator ([`mod@format`]) to a value, [`paths`] treats paths as
//! Python does. What sections and options mean is known to the programs. Nothing here opens a file.

pub mod decode;
pub mod dialect;
pub mod document;
pub mod expand;
pub mod format;
pub mod paths;
