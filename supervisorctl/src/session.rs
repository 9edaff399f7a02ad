//! One sitting with a daemon: what the commands share.
//!
//! The session holds the daemon, the person at the terminal, both outputs and the exit code. It owns what is
//! the same for every command: the version check, the generic error line, the login after a refused request.
//! What the commands do is not known here.

use std::fmt::Display;

use supervisor_protocol::outside::shown;
use supervisor_protocol::rpc::{API_VERSION, WrongShape};
use supervisor_protocol::xmlrpc::{FaultCode, Value};

use crate::console::Console;
use crate::daemon::{CallError, Daemon, Target};
use crate::exit;
use crate::failure::{Failure, cannot_follow};
use crate::output::Output;

const NO_NAMESPACE: &str = "Sorry, supervisord responded but did not recognize the supervisor namespace \
    commands that supervisorctl uses to control it.  Please check that the [rpcinterface:supervisor] section \
    is enabled in the configuration file (see sample.conf).";

/// The state shared by the commands of a run.
pub(crate) struct Session<'a> {
    pub(crate) daemon: &'a mut dyn Daemon,
    pub(crate) console: &'a mut dyn Console,
    /// Standard output: all messages, errors included.
    pub(crate) out: Output<'a>,
    /// Standard error: only problems with followed logs.
    pub(crate) err: Output<'a>,
    pub(crate) target: Target,
    /// There is somebody to ask: for credentials, for confirmation.
    pub(crate) interactive: bool,
    /// That of the last complaint.
    pub(crate) exit_code: u8,
}

impl Session<'_> {
    /// Runs a command, again with other credentials as long as the daemon refuses those at hand.
    pub(crate) fn run_logged_in(
        &mut self,
        run: fn(&mut Session<'_>, &str) -> Result<(), Failure>,
        argument: &str,
    ) -> Result<(), Failure> {
        loop {
            self.daemon.aim(&self.target);
            let result = run(self, argument);
            if !matches!(&result, Err(Failure::Call(error)) if error.status() == Some(401)) {
                return result;
            }
            self.out.line("Server requires authentication");
            if !self.interactive {
                return result;
            }
            self.target.username = Some(self.ask("Username:")?);
            self.target.password = Some(self.console.secret("Password:").ok_or(Failure::EndOfInput)?);
            self.out.line("");
        }
    }

    /// Calls a method and waits for its reply.
    pub(crate) fn call(&mut self, method: &str, params: impl IntoIterator<Item = Value>) -> Result<Value, CallError> {
        self.daemon.call(method, params.into_iter().collect())
    }

    /// The version check that most commands begin with. `false`: the daemon is unusable, which has been
    /// told, and the command is over.
    ///
    /// # Errors
    /// Problems that have no line of their own here.
    pub(crate) fn is_up(&mut self) -> Result<bool, Failure> {
        let error = match self.call("supervisor.getVersion", []) {
            Ok(version) if version.as_str() == Some(API_VERSION) => return Ok(true),
            Ok(version) => {
                self.complain(
                    exit::WRONG_VERSION,
                    format_args!(
                        "Sorry, this version of supervisorctl expects to talk to a server with API version \
                         {API_VERSION}, but the remote version is {version}."
                    ),
                );
                return Ok(false);
            }
            Err(error) => error,
        };
        if error.fault() == Some(FaultCode::UnknownMethod) {
            self.complain(exit::UNIMPLEMENTED, NO_NAMESPACE);
            return Ok(false);
        }
        match self.unreachable(&error) {
            Some((code, what)) => {
                self.complain(code, what);
                Ok(false)
            }
            None => Err(error.into()),
        }
    }

    /// The two ways in which there is no daemon at the server's address, with code and words.
    pub(crate) fn unreachable(&self, error: &CallError) -> Option<(u8, String)> {
        let url = shown(&self.target.server_url);
        match error.io_kind()? {
            std::io::ErrorKind::ConnectionRefused => Some((exit::REFUSED, format!("{url} refused connection"))),
            std::io::ErrorKind::NotFound => Some((exit::NOT_RUNNING, format!("{url} no such file"))),
            _ => None,
        }
    }

    /// Writes a line about something wrong and sets the exit code.
    pub(crate) fn complain(&mut self, code: u8, line: impl Display) {
        self.out.line(line);
        self.exit_code = code;
    }

    /// Tells that a log cannot be followed.
    pub(crate) fn report_unfollowed(&mut self, path: &str, error: &CallError) {
        let url = format!("{}{path}", shown(&self.target.server_url));
        self.err.line(cannot_follow(&url, error));
    }

    /// Complains about the arguments and explains the command.
    pub(crate) fn refuse(&mut self, code: u8, complaint: &str, help: &str) -> Result<(), Failure> {
        self.complain(code, complaint);
        self.out.line(help);
        Ok(())
    }

    /// Asks for a line.
    ///
    /// # Errors
    /// The input has ended.
    pub(crate) fn ask(&mut self, prompt: &str) -> Result<String, Failure> {
        self.out.text(prompt);
        self.console.line().ok_or(Failure::EndOfInput)
    }

    /// Asks before something drastic, if there is somebody to ask. The prompt ends in ` y/N? `.
    ///
    /// # Errors
    /// The input has ended.
    pub(crate) fn is_confirmed(&mut self, prompt: &str) -> Result<bool, Failure> {
        if !self.interactive {
            return Ok(true);
        }
        Ok(self.ask(prompt)?.starts_with(['y', 'Y']))
    }
}

/// A reply that is an array whose elements are all of one shape.
///
/// # Errors
/// It is not.
pub(crate) fn list<T>(reply: &Value, element: fn(&Value) -> Result<T, WrongShape>) -> Result<Vec<T>, WrongShape> {
    let elements = reply.as_array().ok_or_else(|| WrongShape::new(&"an array", reply))?;
    elements.iter().map(element).collect()
}
