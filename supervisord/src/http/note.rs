//! What the HTTP side has to say in the activity log.
//!
//! Never a body, a parameter or a credential: requests carry what is typed into programs.

use std::fmt::{self, Write};

use crate::config::model::LogLevel;

/// One line; [`level`](Note::level) says where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A call is about to be carried out; the method's full name.
    MethodCalled(String),
    /// It was.
    MethodReturned(String),
    /// It was refused.
    MethodFault {
        /// Full name.
        method: String,
        /// Fault code.
        code: i64,
        /// Fault string.
        text: String,
    },
    /// A request body that is no method call.
    BadCall {
        /// Its length.
        body_bytes: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A request was answered.
    Access {
        /// `127.0.0.1:40000`, or `localhost:0` for a unix socket.
        peer: String,
        /// When, `22/Nov/2026:10:53:31 +0000`.
        time: String,
        /// `GET / HTTP/1.1`
        request: String,
        /// Status code.
        status: u16,
        /// Length of the body; `None` for a stream.
        body_bytes: Option<u64>,
    },
    /// A connection cannot be accepted (no descriptors left); tried again in a second.
    AcceptFailed {
        /// The server's section.
        section: String,
        /// Why.
        error: String,
    },
}

impl Note {
    /// The level of the line.
    pub fn level(&self) -> LogLevel {
        match self {
            Note::AcceptFailed { .. } | Note::BadCall { .. } => LogLevel::Error,
            // Upstream logs every line of its HTTP server that contains this word as an error.
            Note::Access { request, .. } if request.to_ascii_lowercase().contains("error") => LogLevel::Error,
            Note::MethodCalled(_) | Note::MethodReturned(_) | Note::MethodFault { .. } | Note::Access { .. } => {
                LogLevel::Trace
            }
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::MethodCalled(method) => write!(f, "XML-RPC method called: {}()", OneLine(method)),
            Note::MethodReturned(method) => write!(f, "XML-RPC method {}() returned successfully", OneLine(method)),
            Note::MethodFault { method, code, text } => {
                write!(f, "XML-RPC method {}() returned fault: [{code}] {}", OneLine(method), OneLine(text))
            }
            Note::BadCall { body_bytes, reason } => {
                write!(f, "XML-RPC request data ({body_bytes} bytes) is invalid: {reason}")
            }
            Note::Access { peer, time, request, status, body_bytes } => {
                write!(f, "{peer} - - [{time}] \"{request}\" {status} ")?;
                match body_bytes {
                    Some(bytes) => write!(f, "{bytes}"),
                    None => f.write_str("-"),
                }
            }
            Note::AcceptFailed { section, error } => {
                write!(f, "Server '{section}' cannot accept a connection: {error}")
            }
        }
    }
}

/// A text of a client's making, so that it cannot forge lines or fill the log.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 200;
        for character in self.0.chars().take(MAX_CHARS) {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        f.write_str(if self.0.chars().nth(MAX_CHARS).is_some() { "…" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_levels() {
        let access = |request: &str| Note::Access {
            peer: "localhost:0".into(),
            time: "22/Nov/2026:10:53:31 +0000".into(),
            request: request.into(),
            status: 400,
            body_bytes: Some(136),
        };
        for (note, level, text) in [
            (
                access("OPTIONS / HTTP/1.1"),
                LogLevel::Trace,
                "localhost:0 - - [22/Nov/2026:10:53:31 +0000] \"OPTIONS / HTTP/1.1\" 400 136",
            ),
            (
                access("GET /Error HTTP/1.1"),
                LogLevel::Error,
                "localhost:0 - - [22/Nov/2026:10:53:31 +0000] \"GET /Error HTTP/1.1\" 400 136",
            ),
            (
                Note::MethodFault { method: "a.b".into(), code: 10, text: "BAD_NAME: nope".into() },
                LogLevel::Trace,
                "XML-RPC method a.b() returned fault: [10] BAD_NAME: nope",
            ),
            (
                Note::MethodCalled(format!("a\n{}", "b".repeat(300))),
                LogLevel::Trace,
                &format!("XML-RPC method called: a\\n{}…()", "b".repeat(198)),
            ),
        ] {
            assert_eq!((note.level(), note.to_string().as_str()), (level, text));
        }
    }
}
