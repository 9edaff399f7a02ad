//! The daemon itself: `version`, `shutdown`, `reload`, and `open` for another one.

use supervisor_protocol::xmlrpc::FaultCode;

use super::status::status;
use crate::exit;
use crate::failure::Failure;
use crate::session::Session;

/// `version`: the release the daemon says it is.
pub(super) fn version(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !argument.is_empty() {
        return session.refuse(exit::GENERIC, "Error: version accepts no arguments", super::help::VERSION);
    }
    if session.is_up()? {
        let version = session.call("supervisor.getSupervisorVersion", [])?;
        session.out.line(version);
    }
    Ok(())
}

/// `shutdown`: asks the daemon to end. One that ends already fulfils the wish.
pub(super) fn shutdown(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !argument.is_empty() {
        return session.refuse(exit::GENERIC, "Error: shutdown accepts no arguments", super::help::SHUTDOWN);
    }
    if !session.is_confirmed("Really shut the remote supervisord process down y/N? ")? {
        return Ok(());
    }
    match session.call("supervisor.shutdown", []) {
        Ok(_) => session.out.line("Shut down"),
        Err(error) if error.fault() == Some(FaultCode::ShutdownState) => {
            session.out.line("ERROR: already shutting down");
        }
        Err(error) => {
            let Some((_, what)) = session.unreachable(&error) else { return Err(error.into()) };
            session.complain(exit::GENERIC, format_args!("ERROR: {what} (already shut down?)"));
        }
    }
    Ok(())
}

/// `reload`: asks the daemon to stop everything, read its configuration and start over.
pub(super) fn reload(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if !argument.is_empty() {
        return session.refuse(exit::GENERIC, "Error: reload accepts no arguments", super::help::RELOAD);
    }
    if !session.is_confirmed("Really restart the remote supervisord process y/N? ")? {
        return Ok(());
    }
    match session.call("supervisor.restart", []) {
        Ok(_) => session.out.line("Restarted supervisord"),
        Err(error) if error.fault() == Some(FaultCode::ShutdownState) => {
            session.complain(exit::GENERIC, "ERROR: already shutting down");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// `open url`: talks to another daemon from now on, and shows its status. What the status finds does not
/// change the exit code.
pub(super) fn open(session: &mut Session<'_>, url: &str) -> Result<(), Failure> {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("http" | "unix")) {
        session.complain(exit::GENERIC, "ERROR: url must be http:// or unix://");
        return Ok(());
    }
    session.target.server_url = url.to_owned();
    session.daemon.aim(&session.target);
    let exit_code = session.exit_code;
    status(session, "")?;
    session.exit_code = exit_code;
    Ok(())
}
