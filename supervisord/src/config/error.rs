//! The one error of reading a configuration.
//!
//! Its `Display` is exactly what stands after `Error: ` on the terminal or after `CANT_REREAD: ` in a fault.
//! Scripts and tests compare these texts, so where a mistake stands (file, line, option) is not part of the
//! text; it is kept beside it, in [`ConfigError::place`].

use std::fmt;

use supervisor_protocol::repr::str_repr;
use thiserror::Error;

use super::model::Place;
use super::value::ValueError;
use supervisor_protocol::ini::dialect::DialectError;
use supervisor_protocol::ini::expand::ExpandError;

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    cause: Cause,
    place: Option<Place>,
    /// Section and file of a program-like section, which its errors name.
    suffix: Option<(String, String)>,
    /// The hint, where the cause no longer has what it is made from.
    hint: Option<String>,
}

/// What Linux lets `kernel.pid_max` be.
pub(super) const MAX_PROCESSES: i64 = 4_194_304;

/// What is wrong. Each message is the contract's, section 2 and 3.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)] // each variant is its message
pub enum Cause {
    #[error(transparent)]
    Dialect(#[from] DialectError),
    #[error(transparent)]
    Expand(#[from] ExpandError),
    #[error(transparent)]
    Value(#[from] ValueError),
    #[error("cannot load the canonical form of the configuration: {0}")]
    Canonical(String),
    #[error(".ini file does not include supervisord section")]
    NoDaemonSection,
    #[error(".ini file has [include] section, but no files setting")]
    NoIncludeFiles,
    #[error("section [{section}] does not specify a supervisor.rpcinterface_factory")]
    NoFactory { section: String },
    #[error("{spec} cannot be resolved within [{section}]")]
    Unresolvable { spec: String, section: String },
    #[error("[{section}] names unknown program or fcgi-program {name}")]
    UnknownMember { section: String, name: String },
    #[error("[{section}] name {name} is ambiguous (exists as program and fcgi-program)")]
    AmbiguousMember { section: String, name: String },
    #[error("program section {section} does not specify a command")]
    NoCommand { section: String },
    #[error("%(process_num) must be present within process_name when numprocs > 1")]
    NoProcessNum,
    #[error("numprocs is {0}, and no system runs more than {MAX_PROCESSES} processes")]
    TooManyProcesses(i64),
    #[error("Cannot set stopasgroup=true and killasgroup=false")]
    StopButNotKillGroup,
    #[error("[{section}] section sets invalid buffer_size ({size})")]
    BufferSize { section: String, size: String },
    #[error("[{section}] section requires an \"events\" line")]
    NoEvents { section: String },
    #[error("Unknown event type {name} in [{section}] events")]
    UnknownEvent { name: String, section: String },
    #[error(
        "[{section}] section sets redirect_stderr=true but this is not allowed because it will interfere with the eventlistener protocol"
    )]
    RedirectedListener { section: String },
    #[error("[{section}] section requires a \"socket\" line")]
    NoSocket { section: String },
    #[error("{problem} in [{section}] socket")]
    Socket { problem: SocketProblem, section: String },
    #[error("section [{section}] has no port value")]
    NoPort { section: String },
    #[error("section [{section}] has no file value")]
    NoFile { section: String },
    #[error(
        "Section [{section}] contains incomplete authentication: If a username or a password is specified, both the username and password must be specified"
    )]
    HalfAuthentication { section: String },
}

/// What is wrong with a FastCGI socket.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum SocketProblem {
    #[error("Unix socket path {0} is not an absolute path")]
    Relative(String),
    #[error("Bad socket format {0}")]
    Format(String),
    #[error("socket_owner and socket_mode params should only be used with a Unix domain socket")]
    NotUnix,
    #[error(transparent)]
    Port(#[from] ValueError),
}

impl ConfigError {
    /// What is wrong, without the section that program-like sections add.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }

    /// Where it is written, if it is about something that was written.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    pub(super) fn at(mut self, place: Place) -> Self {
        self.0.place.get_or_insert(place);
        self
    }

    /// The same, fit to be kept with thousands like it: environment variables that could have been named are counted,
    /// for there may be dozens, in each of many errors.
    pub(super) fn condensed(mut self) -> Self {
        let hint = self.hint();
        if let Cause::Expand(ExpandError::UnknownName { available, .. }) = &mut self.0.cause {
            let all = available.len();
            available.retain(|name| !name.starts_with("ENV_"));
            match all - available.len() {
                0 => {}
                1 => available.push("ENV_NAME for the one environment variable".to_owned()),
                count => available.push(format!("ENV_NAME for each of {count} environment variables")),
            }
            available.shrink_to_fit();
            self.0.hint = hint;
        }
        self
    }

    /// The hint of before it was condensed.
    pub(super) fn kept_hint(&self) -> Option<&String> {
        self.0.hint.as_ref()
    }

    /// Adds ` in section 'program:x' (file: 'PATH')`.
    pub(super) fn in_section(mut self, section: &str, file: &str) -> Self {
        self.0.suffix = Some((section.to_owned(), file.to_owned()));
        self
    }
}

impl<C: Into<Cause>> From<C> for ConfigError {
    fn from(cause: C) -> Self {
        ConfigError(Box::new(Inner { cause: cause.into(), place: None, suffix: None, hint: None }))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.cause.fmt(f)?;
        match &self.0.suffix {
            Some((section, file)) => write!(f, " in section {} (file: {})", str_repr(section), str_repr(file)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0.cause)
    }
}
