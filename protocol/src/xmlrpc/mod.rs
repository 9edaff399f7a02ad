//! XML-RPC as Supervisor speaks it: calls, responses and faults, between bytes and values.
//!
//! Reading is lenient, because clients in a dozen languages have grown around one forgiving server: untyped
//! values are strings, `<params>` may be missing, wrappers may be left out. The rules live in one fold over
//! the document's elements, in `decode.rs`. Writing is exact: `encode.rs` produces the byte layout of
//! Python's `xmlrpc.client.dumps`, which transcripts and some clients' regular expressions depend on, and it
//! always produces well-formed XML, whatever a process has written to its log.
//!
//! Both sides use these types: the daemon reads calls and writes responses, clients do the reverse. Nothing
//! here knows a method ([`rpc`](crate::rpc) does) or HTTP (a [`ParseError`] is a status 400 to the server).
//!
//! Rust types become values and values Rust types through serde: [`to_value`] and [`from_value`]. `ser.rs`
//! tells what `None` and enums turn into, `de.rs` where reading is lenient and where it is not.
//!
//! Three limits hold for every document: it is UTF-8 whatever its declaration says, it has no `DOCTYPE`, so
//! no entity can expand, and it is not deeper than [`MAX_DEPTH`] arrays or structs.
//!
//! ```
//! use supervisor_protocol::xmlrpc::{parse_call, render_response};
//! let call = parse_call(b"<methodCall><methodName>supervisor.getPID</methodName></methodCall>")?;
//! assert_eq!((call.method.as_str(), call.params.len()), ("supervisor.getPID", 0));
//! assert!(render_response(&Ok(42.into())).contains("<value><int>42</int></value>"));
//! # Ok::<(), supervisor_protocol::xmlrpc::ParseError>(())
//! ```

mod base64;
mod call;
mod de;
mod decode;
mod encode;
mod fault;
mod response;
mod ser;
mod value;

pub use call::{MethodCall, parse_call, render_call};
pub use de::{WrongShape, from_value};
pub use decode::{MAX_DEPTH, ParseError};
pub use fault::{Fault, FaultCode};
pub use response::{MethodResponse, parse_response, render_response};
pub use ser::{Unrepresentable, to_value};
pub use value::Value;

#[cfg(test)]
mod tests;
