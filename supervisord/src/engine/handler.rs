//! The one result handler that is built in beside the default: `supervisor_stdout:event_handler`.
//!
//! PyPI's supervisor-stdout is a listener that gives each PROCESS_LOG payload back as its result, and a handler inside
//! the daemon that shows the text on the daemon's standard output, where a container's log driver reads it. Python
//! cannot be loaded here, so the handler is this function; what listens may be the package's own program.
//!
//! A result is shown as `PROCESS CHANNEL | TEXT`, the text as it came: it may hold several lines, and a text that does
//! not end in LF gets none. A result of any other shape is what an exception is to the original: the event caused an
//! error.

use bytes::{Bytes, BytesMut};

/// How much of a result is kept, and so shown.
pub(super) const MAX_BODY: usize = 1024 * 1024;

/// What a result has for standard output; `None` if it is no PROCESS_LOG payload.
pub(super) fn line(body: &[u8]) -> Option<Bytes> {
    let at = body.iter().position(|&byte| byte == b'\n')?;
    let (head, text) = (&body[..at], &body[at + 1..]);
    let (mut process, mut channel) = (None, None);
    for token in head.split(|byte| byte.is_ascii_whitespace() || *byte == 0x0b).filter(|token| !token.is_empty()) {
        let mut parts = token.split(|&byte| byte == b':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(b"processname"), Some(value), None) => process = Some(value),
            (Some(b"channel"), Some(value), None) => channel = Some(value),
            (Some(_), Some(_), None) => {}
            _ => return None,
        }
    }
    let mut line = BytesMut::with_capacity(at + text.len());
    line.extend_from_slice(process?);
    line.extend_from_slice(b" ");
    line.extend_from_slice(channel?);
    line.extend_from_slice(b" | ");
    line.extend_from_slice(text);
    Some(line.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_payload_is_shown_as_it_came() {
        for (body, shown) in [
            ("processname:web groupname:g pid:7 channel:stdout\nhello\n", "web stdout | hello\n"),
            ("channel:stderr processname:web\none\ntwo\n", "web stderr | one\ntwo\n"),
            ("processname:w\u{e9}b channel:stdout\nno line end", "w\u{e9}b stdout | no line end"),
            ("processname: channel:\n", "  | "),
        ] {
            assert_eq!(line(body.as_bytes()).as_deref(), Some(shown.as_bytes()), "{body}");
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        for body in [
            "",
            "OK",
            "processname:web channel:stdout",
            "processname:web groupname:g pid:7\ndata",
            "processname:a:b channel:stdout\ndata",
            "when:5\n",
            "free text\ndata",
        ] {
            assert_eq!(line(body.as_bytes()), None, "{body}");
        }
    }
}
