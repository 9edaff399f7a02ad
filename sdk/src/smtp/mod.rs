//! Mail by SMTP, for listeners on machines without a sendmail command.
//!
//! One call, [`send`], makes one connection, delivers one message and closes: EHLO, then STARTTLS and AUTH if
//! asked for, MAIL, RCPT for each recipient, DATA, QUIT. `mime.rs` writes the message, `dialogue.rs` talks.
//! Everything is blocking, and the whole of it takes no longer than its caller allows: the dialogue runs in a
//! thread of its own, which a server that never ends it may keep, but not the listener.
//!
//! The certificate behind STARTTLS is not checked, as in superlance: this keeps passwords from listeners on
//! the wire, not from someone in between. Errors display as Python's `smtplib` words them, because listeners
//! log them (`ev_s19`, `ev_s25`). Refused knowledge: queues, retries, delivery reports.

mod dialogue;
mod mime;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use supervisor_protocol::repr::{bytes_repr, str_repr};
use supervisor_protocol::text::int;

use crate::localtime;
use crate::net::{ResolveError, errno_text};

/// How long a delivery may take unless the caller says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// The port of SMTP.
pub const PORT: u16 = 25;

/// Where and how mail is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// Port, usually [`PORT`].
    pub port: u16,
    /// Whether to encrypt by STARTTLS. A server without it is then an error.
    pub starttls: bool,
    /// User and password, if the server wants them. A server without AUTH is then an error.
    pub login: Option<Login>,
}

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Passwords do not belong into logs.
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Server {
    /// Reads `HOST` or `HOST:PORT`; a text with several colons is an IPv6 address. No TLS, no login.
    ///
    /// # Errors
    /// No host, or a port that is no number.
    pub fn parse(text: &str) -> Result<Server, SmtpError> {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => {
                (host, int(port, 10).and_then(|port| port.try_into().ok()).ok_or(SmtpError::Port)?)
            }
            _ => (text, PORT),
        };
        if host.is_empty() {
            return Err(SmtpError::NoHost);
        }
        Ok(Server { host: host.to_owned(), port, starttls: false, login: None })
    }
}

/// A message of plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The sender, as `ADDRESS` or `NAME <ADDRESS>`.
    pub from: String,
    /// The recipients, likewise.
    pub to: Vec<String>,
    /// The subject; no header if absent.
    pub subject: Option<String>,
    /// The text, its lines separated by LF.
    pub body: String,
}

/// Why a message was not delivered, in the words of `smtplib`.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The name of the server is empty.
    #[error("please run connect() first")]
    NoHost,
    /// The port is no number.
    #[error("nonnumeric port")]
    Port,
    /// The server's name has no address.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// Connecting, writing or reading failed.
    #[error("{}", errno_text(.0))]
    Io(#[source] io::Error),
    /// It took longer than it was allowed to.
    #[error("timed out")]
    TimedOut,
    /// The server closed the connection in the middle.
    #[error("Connection unexpectedly closed")]
    Closed,
    /// STARTTLS was wanted.
    #[error("STARTTLS extension not supported by server.")]
    NoStartTls,
    /// A login was wanted, and the server offers neither PLAIN nor LOGIN.
    #[error("SMTP AUTH extension not supported by server.")]
    NoAuth,
    /// The server refused a command, or the message.
    #[error("({code}, {})", bytes_repr(.text.as_bytes()))]
    Refused {
        /// The status code.
        code: u16,
        /// What the server said.
        text: String,
    },
    /// The server refused the sender.
    #[error("({code}, {}, {})", bytes_repr(.text.as_bytes()), str_repr(.sender))]
    SenderRefused {
        /// The status code.
        code: u16,
        /// What the server said.
        text: String,
        /// The sender as it was given.
        sender: String,
    },
    /// The server refused every recipient.
    #[error("{{{}}}", table(.0))]
    RecipientsRefused(Vec<RefusedRecipient>),
    /// Anything else that went wrong between the two, such as TLS.
    #[error("{0}")]
    Other(String),
}

/// A recipient that the server did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecipient {
    /// The recipient as it was given.
    pub address: String,
    /// The status code.
    pub code: u16,
    /// What the server said.
    pub text: String,
}

/// The refusals as Python prints a dictionary.
fn table(refused: &[RefusedRecipient]) -> String {
    let entry = |refused: &RefusedRecipient| {
        let RefusedRecipient { address, code, text } = refused;
        format!("{}: ({code}, {})", str_repr(address), bytes_repr(text.as_bytes()))
    };
    refused.iter().map(entry).collect::<Vec<_>>().join(", ")
}

/// Delivers one message, within `timeout`.
///
/// If the server takes some of the recipients, the message goes to those and nothing is said (`ev_s25`). After
/// [`SmtpError::TimedOut`] nobody knows whether it was delivered; the thread that waits for the server ends
/// when the server does, or after `timeout` for each of its answers.
///
/// # Errors
/// See [`SmtpError`].
pub fn send(server: &Server, message: &Message, timeout: Duration) -> Result<(), SmtpError> {
    let host = dialogue::own_host();
    let text = mime::render(message, localtime::now(), &host);
    let (server, message) = (server.clone(), message.clone());
    let (report, outcome) = mpsc::channel();
    let deliver = move || {
        // Nobody listens any more if it took too long.
        let _ = report.send(dialogue::deliver(&server, &message, &text, &host, timeout));
    };
    thread::Builder::new().name("smtp".to_owned()).spawn(deliver).map_err(SmtpError::Io)?;
    match outcome.recv_timeout(timeout) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => Err(SmtpError::TimedOut),
        Err(RecvTimeoutError::Disconnected) => Err(SmtpError::Other("mail thread ended early".to_owned())),
    }
}
