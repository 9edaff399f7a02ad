//! The supervisor daemon as a library; `main.rs` is a thin shell around it. Two small companions in `bin/` share it.
//!
//! * [`cli`] arguments → overrides and actions (pure);
//! * [`config`] text → typed configuration (pure);
//! * [`engine`] the process life cycle, the event bus and the listener pools (pure);
//! * [`output`] what happens to bytes that children write (pure);
//! * [`shell`] the I/O around them: one task owns the engine and every child descriptor;
//! * [`http`] the control surface: XML-RPC, log streams, the web page;
//! * [`pidproxy`] what that companion decides (pure).

pub mod cli;
pub mod config;
pub mod engine;
pub mod http;
pub mod output;
pub mod pidproxy;
pub mod shell;
