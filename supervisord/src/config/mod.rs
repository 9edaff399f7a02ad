//! Configuration: Python's ini dialect in, typed values out.
//!
//! Raw, then resolved:
//!
//! 1. `dialect` reads each file into one `document`, which remembers where everything was written;
//!    `include` adds the files that an `[include]` section names.
//! 2. `canonical` has `rust-ini` read the values of each section that have anything to interpret, from text without
//!    ambiguities.
//! 3. `schema` reads the store through the table in [`options`]: each text is expanded (`expand`), parsed by its
//!    [type](value), and put into the records of [`model`], in the order that decides which mistake is reported.
//!
//! Nothing here opens a file, reads the environment or asks for the time: the shell passes texts, environment
//! and host name in, and a [`World`] that answers questions about users and directories (a check has a [`preflight`] too,
//! which knows what a start would meet). So the same text with the same inputs always gives the same configuration, and
//! [`diff`] can compare two of them.

mod canonical;
pub mod check;
mod closest;
pub mod diff;
mod environment;
mod error;
#[cfg(test)]
pub(crate) mod fake;
mod findings;
mod hint;
mod include;
mod lint;
pub mod model;
pub mod options;
pub mod places;
pub mod preflight;
pub mod remedy;
pub mod report;
mod schema;
mod shlex;
pub mod signals;
pub mod value;

use std::path::Path;

pub use environment::EnvironmentError;
pub use error::{Cause, ConfigError, SocketProblem};
pub use schema::daemon::Overrides;
pub use shlex::ShlexError;

use canonical::Store;
use findings::Findings;
use model::{Config, DaemonConfig, Place};
use supervisor_protocol::ini::dialect;
use supervisor_protocol::ini::document::Document;

/// A user of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Home directory.
    pub home: String,
}

/// What only the running system knows.
pub trait World {
    /// Whether a path (relative to [`World::cwd`]) leads to a directory.
    fn is_directory(&self, path: &Path) -> bool;
    /// Looks a user up by name.
    fn user_by_name(&self, name: &str) -> Option<User>;
    /// Looks a user up by id.
    fn user_by_id(&self, uid: u32) -> Option<User>;
    /// The id of a group.
    fn group_by_name(&self, name: &str) -> Option<u32>;
    /// Whether there is a group with this id.
    fn has_group(&self, gid: u32) -> bool;
    /// What `~` stands for: `$HOME`, else the home directory of the current user.
    fn home(&self) -> Option<String>;
    /// The current directory.
    fn cwd(&self) -> &Path;
    /// The real user id of the daemon.
    fn uid(&self) -> u32;
}

/// The main file.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'a> {
    /// Its path as the user gave it, or as the search found it; shown in messages.
    pub name: &'a str,
    /// Its content.
    pub bytes: &'a [u8],
}

/// A file that matches an include pattern.
#[derive(Debug, Clone)]
pub struct Included {
    /// Its path, in the form that the pattern gave it.
    pub path: String,
    /// Its content, or why there is none.
    pub content: Result<Vec<u8>, String>,
}

/// Everything a configuration depends on besides its files.
pub struct Inputs<'a> {
    /// The environment of the daemon, for `%(ENV_x)s`.
    pub environment: &'a [(String, String)],
    /// Values from the command line.
    pub overrides: &'a Overrides,
    /// Absolute directory of the main file, `%(here)s`.
    pub here: &'a str,
    /// `%(host_node_name)s`
    pub host_node_name: &'a str,
    /// Users and directories.
    pub world: &'a dyn World,
    /// Reads all files that match an absolute pattern, sorted by path.
    pub include: &'a dyn Fn(&str) -> Vec<Included>,
}

/// Reads a complete configuration.
///
/// # Errors
/// The first mistake, in the order of evaluation of contract section 2. `Display` of the error is the text that
/// users see.
pub fn read(main: SourceFile<'_>, inputs: &Inputs<'_>) -> Result<Config, ConfigError> {
    let findings = Findings::strict();
    let store = gather(main, inputs, &findings)?;
    let config = schema::read(&store, inputs, &findings)?;
    let (notices, _) = findings.into_parts();
    Ok(Config { notices, ..config })
}

/// Everything that is written, from all files.
fn gather(main: SourceFile<'_>, inputs: &Inputs<'_>, findings: &Findings) -> Result<Store, ConfigError> {
    let mut document = Document::new();
    if let Err(error) = dialect::parse(&mut document, main.name, main.bytes) {
        findings.keep(ConfigError::from(error).at(Place::of_file(main.name)))?;
    }
    include::read(&mut document, inputs, findings)?;
    Ok(Store::new(document).map_err(Cause::Canonical)?)
}

/// Resolves `user=` of the daemon: a start step of its own, which a reread does not take.
///
/// # Errors
/// `Invalid user name NAME` or `Invalid user id N`.
pub fn resolve_user(daemon: &DaemonConfig, world: &dyn World) -> Result<Option<User>, ConfigError> {
    let Some(name) = &daemon.user else { return Ok(None) };
    let user = value::user(name, world)
        .and_then(|uid| world.user_by_id(uid).ok_or_else(|| value::ValueError::UserId(name.clone())));
    user.map(Some).map_err(|error| match &daemon.user_place {
        Some(place) => ConfigError::from(error).at(place.clone()),
        None => error.into(),
    })
}
