//! The process life cycle, the event bus and the listener pools, as pure code.

pub mod command;
