//! Configuration: Python's ini dialect in, typed values out.
//!
//! Raw, then resolved: [`dialect`](self) reads the text, expansion and value parsers turn each option into a
//! value, and the schema builds the records of [`model`]. Nothing here opens a file, reads the environment
//! or asks for the time: `shell/load.rs` passes texts, environment and host name in.

pub mod model;
