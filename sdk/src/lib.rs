//! Event listeners for Supervisor, and a client for its control interface.
//!
//! An event listener is a program that Supervisor starts and feeds with events: a process died, a minute
//! passed, a child printed something between two tokens. It says `READY` on its standard output, reads one
//! event from its standard input, answers `RESULT 2\nOK`, and so on. [`run`] does all of that; what remains
//! is the reaction:
//!
//! ```no_run
//! use supervisor_sdk::{Delivery, Event, StateChange};
//!
//! fn main() -> Result<(), supervisor_sdk::ListenerError> {
//!     supervisor_sdk::run(|delivery: &Delivery| match &delivery.event {
//!         Ok(Event::ProcessState { process, change: StateChange::Exited { expected: false, pid }, .. }) => {
//!             eprintln!("{} (pid {pid}) died", process.process);
//!         }
//!         _ => {}
//!     })
//! }
//! ```
//!
//! ```ini
//! [eventlistener:deaths]
//! command=/usr/local/bin/deaths
//! events=PROCESS_STATE_EXITED
//! ```
//!
//! The pieces:
//!
//! * [`Listener`], [`run`] and [`run_with`]: the protocol loop, over the real channels or any others;
//! * [`filter`]: a listener that sees some events only, by kind, process or group;
//! * [`timer`]: every ten minutes, say, counted in tick events;
//! * [`testing`]: plays the daemon at a listener, in memory;
//! * [`pcomm`]: the other direction, from any child of Supervisor to the listeners;
//! * [`rpc`] (feature `rpc`): a blocking XML-RPC client over unix and TCP sockets, and the small [`http`]
//!   reader and [`net`] resolver below it;
//! * [`mail`] (feature `mail`): mail through a sendmail-like command;
#![cfg_attr(feature = "tokio", doc = "* [`run_async`] (feature `tokio`): the loop as a future;")]
#![cfg_attr(not(feature = "tokio"), doc = "* `run_async` (feature `tokio`): the loop as a future;")]
#![cfg_attr(feature = "smtp", doc = "* [`smtp`] (feature `smtp`): mail by SMTP, with STARTTLS and AUTH;")]
#![cfg_attr(not(feature = "smtp"), doc = "* `smtp` (feature `smtp`): mail by SMTP, with STARTTLS and AUTH;")]
//! * [`localtime`]: the formats of time that mails and messages use.
//!
//! Everything works under Supervisor 4 as well as under this project's daemon. Everything blocks, except
//! `run_async`; there are no threads but those that watch over a mail on its way.

#[cfg(feature = "tokio")]
mod asynchronous;
pub mod filter;
#[cfg(feature = "rpc")]
pub mod http;
mod listener;
pub mod localtime;
#[cfg(feature = "mail")]
pub mod mail;
#[cfg(any(feature = "rpc", feature = "smtp"))]
pub mod net;
pub mod pcomm;
#[cfg(feature = "rpc")]
pub mod rpc;
#[cfg(feature = "smtp")]
pub mod smtp;
mod sys;
pub mod testing;
pub mod timer;

#[cfg(feature = "tokio")]
pub use asynchronous::{run_async, run_async_with};
pub use listener::{Delivery, IntoReply, Listener, ListenerError, Reply, run, run_with};
pub use supervisor_protocol::event::{Channel, Event, EventKind, ProcessRef, StateChange, TickPeriod};
pub use supervisor_protocol::listener::{EventError, Header};
pub use supervisor_protocol::state::ProcessState;

/// The examples of the guide, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/writing-a-listener.md")]
struct WritingAListener;
