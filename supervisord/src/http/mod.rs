//! The control surface: XML-RPC, log streams and the web page, over TCP and unix sockets.
//!
//! ```text
//! bind ──► server ──► door ──► exchange ──► router ──► rpc      calls → commands → replies
//! (std     (begin,    (accept,  (auth, body,           logtail  a log file as an endless body
//! sockets)  end)       hyper)    headers)              page     status page and its actions
//!                                                      assets   style sheet and images
//! ```
//!
//! This folder knows nothing of the engine but [`Command`](crate::engine::command::Command)s and their answers, asked
//! through a [`Handle`](crate::shell::handle::Handle). Log files are read here, by the path that the daemon names;
//! no path comes from a client. What is worth a line in the activity log leaves as a [`Note`].
//!
//! An idle connection costs a descriptor and no time: nothing here ticks unless a log stream is open or a request
//! has arrived in part.

mod assets;
pub mod auth;
pub mod bind;
mod bind_error;
mod describe;
mod door;
mod exchange;
mod form;
mod logtail;
mod note;
pub mod origin;
mod page;
mod question;
mod reply;
mod router;
mod rpc;
pub mod server;
mod site;
mod socket_file;
mod stream;
mod transport;

#[cfg(test)]
mod tests;

pub use bind::{BoundServer, bind, is_literal, resolve, try_address};
pub use bind_error::{BindError, Reason, ServerError};
pub use describe::process_info;
pub use note::Note;
pub use server::{Restored, Server, serve};
pub use site::Site;
pub(crate) use socket_file::MAX_PATH_BYTES;
