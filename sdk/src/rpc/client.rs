//! The client: one kept connection, one call at a time.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use supervisor_protocol::outside::{self, shown};
use supervisor_protocol::xmlrpc::{MethodCall, Value, from_value, parse_response, render_call};

use super::socket::Socket;
use super::{Error, LogStream, ServerUrl, UnknownProtocol};
use crate::http::{Body, read_head};

/// The largest reply that is read, in bytes. Whole log files travel as one reply; nothing sane is larger.
const MAX_REPLY: u64 = 1 << 30;

/// A client of one daemon. See the [module](super) for what happens when the connection is lost.
#[derive(Debug)]
pub struct Client {
    url: ServerUrl,
    authorization: Option<String>,
    connection: Option<BufReader<Socket>>,
}

/// Why the environment does not lead to a daemon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// The process was not started by Supervisor, or the daemon has no server.
    #[error("SUPERVISOR_SERVER_URL is not set")]
    NoServerUrl,
    /// The variable holds something else.
    #[error(transparent)]
    UnknownProtocol(#[from] UnknownProtocol),
}

impl Client {
    /// A client; nothing is sent before the first call.
    ///
    /// With `credentials` (user and password, empty or not) every request carries `Authorization: Basic`.
    pub fn new(url: &ServerUrl, credentials: Option<(String, String)>) -> Client {
        let authorization =
            credentials.map(|(user, password)| format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        Client { url: url.clone(), authorization, connection: None }
    }

    /// The client of a listener, from `SUPERVISOR_SERVER_URL`, `SUPERVISOR_USERNAME` and
    /// `SUPERVISOR_PASSWORD`.
    ///
    /// Credentials are always sent, empty ones as `Og==`, like `childutils.getRPCInterface` does.
    ///
    /// # Errors
    /// The first variable is missing or no URL of a server.
    pub fn from_env() -> Result<Client, EnvError> {
        let text = |key| std::env::var_os(key).map(|value| outside::text(&value).into_owned());
        let url = text("SUPERVISOR_SERVER_URL").ok_or(EnvError::NoServerUrl)?;
        let user = text("SUPERVISOR_USERNAME").unwrap_or_default();
        let password = text("SUPERVISOR_PASSWORD").unwrap_or_default();
        Ok(Client::new(&ServerUrl::parse(&url)?, Some((shown(&user).into_owned(), shown(&password).into_owned()))))
    }

    /// Where the daemon is.
    pub fn url(&self) -> &ServerUrl {
        &self.url
    }

    /// Calls any method, such as `supervisor.getProcessInfo`.
    ///
    /// # Errors
    /// See [`Error`]. A fault leaves the connection in use; otherwise the next call makes a new one.
    pub fn call(&mut self, method: &str, params: impl Into<Vec<Value>>) -> Result<Value, Error> {
        let body = render_call(&MethodCall::new(method, params.into()));
        let request = self.request_text(&body);
        if self.is_connection_idle()
            && let Some(connection) = self.connection.take()
        {
            match self.exchange(connection, &request) {
                Err(error) if error.is_connection_lost() && only_reads(method) => {}
                outcome => return outcome,
            }
        }
        let connection = Socket::connect(&self.url)?;
        self.exchange(connection, &request)
    }

    /// Calls any method and reads its result: as a record, a list or a scalar, by the rules of
    /// [`from_value`].
    ///
    /// ```no_run
    /// # use supervisor_sdk::rpc::{Client, Error};
    /// # fn names(client: &mut Client) -> Result<Vec<String>, Error> {
    /// client.call_as("system.listMethods", [])
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Client::call`], and [`Error::Result`] if the result is of another shape.
    pub fn call_as<T: DeserializeOwned>(&mut self, method: &str, params: impl Into<Vec<Value>>) -> Result<T, Error> {
        let value = self.call(method, params)?;
        from_value(&value).map_err(|source| Error::Result { method: method.to_owned(), source })
    }

    /// Opens a stream of log text, such as `/logtail/group:name/stdout` or `/mainlogtail`, on a connection of
    /// its own. It ends when the daemon closes it.
    ///
    /// # Errors
    /// As [`Client::call`]; a log that does not exist is status 404.
    pub fn get_stream(&self, path: &str) -> Result<LogStream, Error> {
        let mut connection = Socket::connect(&self.url)?;
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: chunked\r\nAccept: */*\r\n\
             User-agent: Supervisor HTTP Client\r\n",
            self.url.host_header()
        );
        self.authorize(&mut request);
        connection.get_mut().write_all(request.as_bytes()).map_err(Error::Io)?;
        let head = read_head(&mut connection)?;
        if head.status != 200 {
            return Err(Error::Http { status: head.status, reason: head.reason });
        }
        LogStream::new(&head, connection)
    }

    /// Whether there is a kept connection that can take a request.
    pub(super) fn is_connection_idle(&mut self) -> bool {
        self.connection
            .as_mut()
            .is_some_and(|connection| connection.buffer().is_empty() && connection.get_mut().is_idle())
    }

    /// Sends one request and reads its reply; keeps the connection if it can be used again.
    fn exchange(&mut self, mut connection: BufReader<Socket>, request: &str) -> Result<Value, Error> {
        connection.get_mut().write_all(request.as_bytes()).map_err(Error::Io)?;
        let head = read_head(&mut connection)?;
        if head.status != 200 {
            return Err(Error::Http { status: head.status, reason: head.reason });
        }
        let mut reply = Vec::new();
        Body::new(&head, &mut connection).take(MAX_REPLY).read_to_end(&mut reply).map_err(Error::Io)?;
        let response = parse_response(&reply)?;
        if head.keeps_alive() {
            self.connection = Some(connection);
        }
        Ok(response?)
    }

    fn request_text(&self, body: &str) -> String {
        let mut request = format!(
            "POST /RPC2 HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: identity\r\nUser-Agent: supervisor-sdk/{}\r\n\
             Content-Type: text/xml\r\nAccept: text/xml\r\nContent-Length: {}\r\n",
            self.url.host_header(),
            env!("CARGO_PKG_VERSION"),
            body.len()
        );
        self.authorize(&mut request);
        request.push_str(body);
        request
    }

    /// Adds the last header, if any, and ends the header block.
    fn authorize(&self, request: &mut String) {
        if let Some(authorization) = &self.authorization {
            // Writing to a String cannot fail.
            let _ = write!(request, "Authorization: {authorization}\r\n");
        }
        request.push_str("\r\n");
    }
}

/// Whether a method changes nothing, so that it may be called twice.
fn only_reads(method: &str) -> bool {
    match method.split_once('.') {
        Some(("supervisor", name)) => ["get", "read", "tail"].iter().any(|start| name.starts_with(start)),
        Some(("system", name)) => name != "multicall",
        _ => false,
    }
}
