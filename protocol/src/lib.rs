//! Supervisor's contract as values: bytes in, values out, no I/O.
//!
//! Everything that crosses a boundary of the system is defined here once, so that the daemon, its clients,
//! the listener SDK and every test share it:
//!
//! * [`event`] what can happen, and [`payload`] how each event is written for a listener;
//! * [`listener`] the two directions of the event listener protocol, as incremental decoders;
//! * [`comm`] the tokens of process communication (capture mode);
//! * [`state`] and [`name`] the states and names that users see;
//! * [`xmlrpc`] calls, responses and faults, and [`rpc`] the methods and records they carry;
//! * `getopt` the command lines, and `program` the path by which a program was started;
//! * [`outside`] text from the system and back, with the bytes that are none;
//! * [`repr`] CPython's way to print a string, which many of Supervisor's messages use, [`text`] its way to read one,
//!   and [`digits`] the digits it knows.
//!
//! The source for all of it is the behaviour of Supervisor 4.3 (<http://supervisord.org>).

#[cfg(feature = "codec")]
pub mod codec;
pub mod comm;
pub mod digits;
pub mod event;
#[cfg(feature = "getopt")]
pub mod getopt;
#[cfg(feature = "ini")]
pub mod ini;
pub mod listener;
#[cfg(feature = "locale")]
pub mod locale;
pub mod name;
pub mod outside;
pub mod payload;
mod printable;
#[cfg(feature = "getopt")]
pub mod program;
pub mod repr;
pub mod rpc;
pub mod state;
pub mod text;
pub mod xmlrpc;
