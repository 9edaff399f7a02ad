//! The dialogue with the server, by lettre's connection.
//!
//! lettre frames commands and replies, speaks TLS and AUTH. Its own `send` gives up when one recipient is
//! refused; here the message goes to the others (`ev_s25`), so the commands are sent one by one. Its errors
//! are put into the words of `smtplib`.

use std::error::Error as _;
use std::fs;
use std::io::{self, ErrorKind};
use std::time::Duration;

use lettre::transport::smtp::Error as LettreError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::Data;
use lettre::transport::smtp::extension::{ClientId, Extension};

use super::mime::address;
use super::{Login, Message, RefusedRecipient, Server, SmtpError};
use crate::net::resolve;

/// What this machine calls itself towards servers: its name if that has a dot, else an address literal.
pub(super) fn own_host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.contains('.') { name.to_owned() } else { "[127.0.0.1]".to_owned() }
}

/// One connection, one message. `timeout` is for each answer of the server.
pub(super) fn deliver(
    server: &Server,
    message: &Message,
    text: &str,
    host: &str,
    timeout: Duration,
) -> Result<(), SmtpError> {
    let addresses = resolve(&server.host, server.port)?;
    let hello = ClientId::Domain(host.to_owned());
    let mut connection = SmtpConnection::connect(&addresses[..], Some(timeout), &hello, None, None).map_err(reason)?;
    let outcome = converse(&mut connection, server, &hello, message, text);
    if !connection.has_broken() {
        // The message is delivered or refused by now, whatever comes of a farewell.
        let _ = connection.quit();
    }
    outcome
}

fn converse(
    connection: &mut SmtpConnection,
    server: &Server,
    hello: &ClientId,
    message: &Message,
    text: &str,
) -> Result<(), SmtpError> {
    if server.starttls {
        encrypt(connection, &server.host, hello)?;
    }
    if let Some(login) = &server.login {
        log_in(connection, login)?;
    }
    let sender = address(&message.from);
    connection.command(line("MAIL FROM", sender)?).map_err(|error| match reason(error) {
        SmtpError::Refused { code, text } => SmtpError::SenderRefused { code, text, sender: message.from.clone() },
        other => other,
    })?;
    let mut refused = Vec::new();
    for recipient in &message.to {
        match connection.command(line("RCPT TO", address(recipient))?).map_err(reason) {
            Ok(_) => {}
            Err(SmtpError::Refused { code, text }) => {
                refused.push(RefusedRecipient { address: recipient.clone(), code, text });
            }
            Err(other) => return Err(other),
        }
    }
    if refused.len() == message.to.len() {
        return Err(SmtpError::RecipientsRefused(refused));
    }
    connection.command(Data).map_err(reason)?;
    connection.message(text.as_bytes()).map_err(reason)?;
    Ok(())
}

/// `VERB:<ADDRESS>`. The address may be one that lettre's own type would refuse, such as `root`.
fn line(verb: &str, address: &str) -> Result<String, SmtpError> {
    if address.contains(['\r', '\n']) {
        return Err(SmtpError::Other("command and arguments contain prohibited newline characters".to_owned()));
    }
    Ok(format!("{verb}:<{address}>\r\n"))
}

fn encrypt(connection: &mut SmtpConnection, host: &str, hello: &ClientId) -> Result<(), SmtpError> {
    if !connection.server_info().supports_feature(Extension::StartTls) {
        return Err(SmtpError::NoStartTls);
    }
    // Neither chain nor name is checked, so no store of authorities is read.
    let parameters = TlsParameters::builder(host.to_owned())
        .certificate_store(CertificateStore::None)
        .dangerous_accept_invalid_certs(true)
        .dangerous_accept_invalid_hostnames(true)
        .build()
        .map_err(reason)?;
    connection.starttls(&parameters, hello).map_err(reason)
}

/// Tries each way that both sides know, until one succeeds.
fn log_in(connection: &mut SmtpConnection, login: &Login) -> Result<(), SmtpError> {
    let credentials = Credentials::new(login.user.clone(), login.password.clone());
    let mut outcome = Err(SmtpError::NoAuth);
    for mechanism in [Mechanism::Plain, Mechanism::Login] {
        if connection.has_broken() || !connection.server_info().supports_auth_mechanism(mechanism) {
            continue;
        }
        match connection.auth(&[mechanism], &credentials) {
            Ok(_) => return Ok(()),
            Err(error) => outcome = Err(reason(error)),
        }
    }
    outcome
}

/// An error of lettre's in the words of `smtplib`.
fn reason(error: LettreError) -> SmtpError {
    let source = error.source();
    let text = source.map(ToString::to_string).unwrap_or_default();
    if let Some(code) = error.status() {
        return SmtpError::Refused { code: code.into(), text };
    }
    match source.and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(error) => match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => SmtpError::TimedOut,
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => SmtpError::Closed,
            kind => SmtpError::Io(match error.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => io::Error::new(kind, error.to_string()),
            }),
        },
        // lettre's word for an end of input.
        None if error.is_response() && text == "incomplete response" => SmtpError::Closed,
        None => SmtpError::Other(error.to_string()),
    }
}
