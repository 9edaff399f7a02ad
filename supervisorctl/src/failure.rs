//! Whatever a command did not expect, in one line.
//!
//! The line is part of the interface: scripts look for `refused connection` and `SHUTDOWN_STATE` in it, and
//! everything up to `: file:` is what Supervisor 4 prints, down to the names of Python's exception classes.
//! Where in the program it happened is of no use to anybody, so the end is constant. Contract: `ctl_c19`.

use std::fmt;
use std::io;

use supervisor_protocol::rpc::WrongShape;
use supervisor_sdk::http::HttpError;
use supervisor_sdk::rpc;

use crate::daemon::CallError;

/// Why a command was given up.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The daemon said no in a way the command does not handle, or did not answer.
    Call(CallError),
    /// The daemon answered something else than the method promises.
    Reply(WrongShape),
    /// A result code that does not belong to the action.
    UnknownResult {
        /// The code.
        code: i64,
        /// The process, as shown.
        name: String,
    },
    /// The input ended where an answer was needed.
    EndOfInput,
    /// The system refused something to this program itself.
    System(io::Error),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Failure::Call(error)
    }
}

impl From<WrongShape> for Failure {
    fn from(error: WrongShape) -> Self {
        Failure::Reply(error)
    }
}

/// The whole line: `error: <class 'ConnectionRefusedError'>, [Errno 111] Connection refused: file: …`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, text) = match self {
            Failure::Call(error) => class_and_text(error),
            Failure::Reply(error) => ("ValueError", error.to_string()),
            Failure::UnknownResult { code, name } => ("ValueError", format!("Unknown result code {code} for {name}")),
            Failure::EndOfInput => ("EOFError", "EOF when reading a line".to_owned()),
            Failure::System(error) => (system_class(error), supervisor_sdk::net::errno_text(error)),
        };
        write!(f, "error: <class '{class}'>, {text}: file: supervisorctl line: 0")
    }
}

/// What `tail -f` and `fg` tell on stderr when the log at a URL cannot be followed.
pub(crate) fn cannot_follow(url: &str, error: &CallError) -> String {
    match error.status() {
        Some(status) => format!("{url} Cannot read, status code {status}"),
        None => {
            let (class, text) = class_and_text(error);
            format!("{url} Cannot connect, error: <class '{class}'> ({text})")
        }
    }
}

/// Python's exception class for an error, and what `str()` of the exception gives.
fn class_and_text(error: &CallError) -> (&'static str, String) {
    let class = match error {
        CallError::Url(_) => "ValueError",
        CallError::Rpc(error) => match error {
            rpc::Error::Fault(_) => "xmlrpc.client.Fault",
            rpc::Error::Http { status, reason } => {
                // The host is not the daemon's: the original gives its transport a made-up URL.
                let text = format!("<ProtocolError for 127.0.0.1/RPC2: {status} {reason}>");
                return ("xmlrpc.client.ProtocolError", text);
            }
            rpc::Error::Closed => "http.client.RemoteDisconnected",
            // The standard library refuses such a path itself, in its own words.
            rpc::Error::Io(error) if error.kind() == io::ErrorKind::InvalidInput => {
                return ("OSError", "AF_UNIX path too long".to_owned());
            }
            rpc::Error::Io(error) => system_class(error),
            rpc::Error::Resolve(_) => "socket.gaierror",
            rpc::Error::NotHttp(error) => match error {
                HttpError::BadStatusLine(_) => "http.client.BadStatusLine",
                HttpError::UnknownProtocol(_) => "http.client.UnknownProtocol",
                HttpError::LineTooLong(_) => "http.client.LineTooLong",
                HttpError::NoResponse | HttpError::TooManyHeaders | HttpError::Io(_) => "http.client.HTTPException",
            },
            rpc::Error::Xml(_) => "xml.parsers.expat.ExpatError",
            rpc::Error::Result { .. } => "ValueError",
        },
    };
    (class, error.to_string())
}

fn system_class(error: &io::Error) -> &'static str {
    use io::ErrorKind::*;
    match error.kind() {
        ConnectionRefused => "ConnectionRefusedError",
        ConnectionReset => "ConnectionResetError",
        ConnectionAborted => "ConnectionAbortedError",
        BrokenPipe => "BrokenPipeError",
        NotFound => "FileNotFoundError",
        PermissionDenied => "PermissionError",
        NotADirectory => "NotADirectoryError",
        IsADirectory => "IsADirectoryError",
        TimedOut => "TimeoutError",
        Interrupted => "InterruptedError",
        WouldBlock => "BlockingIOError",
        UnexpectedEof => "http.client.IncompleteRead",
        _ => "OSError",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use supervisor_protocol::xmlrpc::{Fault, FaultCode, ParseError};
    use supervisor_sdk::net::ResolveError;

    #[test]
    fn each_cause_reads_as_in_python() {
        let system = |number| rpc::Error::Io(io::Error::from_raw_os_error(number));
        let resolve = ResolveError { code: -2, text: "Name or service not known".into() };
        for (error, expected) in [
            (system(111), "<class 'ConnectionRefusedError'>, [Errno 111] Connection refused"),
            (system(2), "<class 'FileNotFoundError'>, [Errno 2] No such file or directory"),
            (system(13), "<class 'PermissionError'>, [Errno 13] Permission denied"),
            (system(20), "<class 'NotADirectoryError'>, [Errno 20] Not a directory"),
            (system(104), "<class 'ConnectionResetError'>, [Errno 104] Connection reset by peer"),
            (system(113), "<class 'OSError'>, [Errno 113] No route to host"),
            (rpc::Error::Io(io::ErrorKind::InvalidInput.into()), "<class 'OSError'>, AF_UNIX path too long"),
            (resolve.into(), "<class 'socket.gaierror'>, [Errno -2] Name or service not known"),
            (
                rpc::Error::Http { status: 401, reason: "Unauthorized".into() },
                "<class 'xmlrpc.client.ProtocolError'>, <ProtocolError for 127.0.0.1/RPC2: 401 Unauthorized>",
            ),
            (
                Fault::from(FaultCode::ShutdownState).into(),
                "<class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE'>",
            ),
            (
                rpc::Error::Closed,
                "<class 'http.client.RemoteDisconnected'>, Remote end closed connection without response",
            ),
            (ParseError::NotUtf8.into(), "<class 'xml.parsers.expat.ExpatError'>, document is not valid UTF-8"),
        ] {
            let line = Failure::Call(error.into()).to_string();
            assert_eq!(line, format!("error: {expected}: file: supervisorctl line: 0"));
        }
    }

    #[test]
    fn causes_without_a_daemon() {
        for (failure, expected) in [
            (
                Failure::Call(rpc::UnknownProtocol("ftp://x".into()).into()),
                "<class 'ValueError'>, Unknown protocol for serverurl ftp://x",
            ),
            (
                Failure::UnknownResult { code: 30, name: "g:n".into() },
                "<class 'ValueError'>, Unknown result code 30 for g:n",
            ),
            (Failure::EndOfInput, "<class 'EOFError'>, EOF when reading a line"),
        ] {
            assert_eq!(failure.to_string(), format!("error: {expected}: file: supervisorctl line: 0"));
        }
    }

    #[test]
    fn logs_that_cannot_be_followed() {
        let missing = rpc::Error::Http { status: 404, reason: "Not Found".into() };
        assert_eq!(
            cannot_follow("u/logtail/x/stdout", &missing.into()),
            "u/logtail/x/stdout Cannot read, status code 404"
        );
        let refused = rpc::Error::Io(io::Error::from_raw_os_error(111));
        assert_eq!(
            cannot_follow("u/mainlogtail", &refused.into()),
            "u/mainlogtail Cannot connect, error: <class 'ConnectionRefusedError'> ([Errno 111] Connection refused)"
        );
    }
}
