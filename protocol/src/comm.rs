//! The tokens of process communication, between which a child's output is captured.
//!
//! They are recognised exactly, per channel, and only where `*_capture_maxbytes` is not zero. Source:
//! <http://supervisord.org/events.html#process-communication-event-type>.

/// Starts a capture.
pub const BEGIN: &[u8] = b"<!--XSUPERVISOR:BEGIN-->";

/// Ends a capture.
pub const END: &[u8] = b"<!--XSUPERVISOR:END-->";
