//! The event listener protocol: what goes to a listener's stdin and what comes from its stdout.
//!
//! ```text
//! listener -> READY\n
//! daemon   -> ver:3.0 server:S serial:N pool:P poolserial:N eventname:E len:N\n<payload>
//! listener -> RESULT 2\nOK                      (no newline after the body)
//! listener -> READY\n
//! ```
//!
//! Both decoders are incremental: every split of the stream gives the same result. Source:
//! <http://supervisord.org/events.html#event-listener-notification-protocol>, contract series `ev_p`.

mod envelope;
mod reply;

pub use envelope::{Envelope, EnvelopeDecoder, EnvelopeError, EventError, Header, HeaderError, Received};
pub use reply::{KEPT_BODY, MAX_RESULT_LINE, Reply, ReplyDecoder};

/// What a listener writes when it wants an event.
pub const READY: &[u8] = b"READY\n";

/// A result as a listener writes it: `RESULT <bytes>\n<body>`.
///
/// ```
/// assert_eq!(supervisor_protocol::listener::result(b"OK"), b"RESULT 2\nOK");
/// ```
pub fn result(body: &[u8]) -> Vec<u8> {
    let mut out = format!("RESULT {}\n", body.len()).into_bytes();
    out.extend_from_slice(body);
    out
}
