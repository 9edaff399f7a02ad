//! Scenarios of the engine: inputs in, effects out, in virtual time.
//!
//! [`world::World`] plays the shell: it carries out effects by scripted results and remembers what a person
//! would see: log lines, signals, deliveries, answers. Each test names the contract lines it covers.

mod commands;
pub(crate) mod config;
mod lifecycle;
mod order;
mod pools;
mod protocol;
mod requests;
mod shutdown;
mod stopping;
mod ticks;
pub(super) mod world;
