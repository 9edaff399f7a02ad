//! `[supervisord]`, merged with the command line. Contract 2.1.
//!
//! The file is read and checked completely even where the command line wins. Relative paths are fixed here,
//! once, against the directory in which the daemon was started.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::environment;
use super::super::error::ConfigError;
use super::super::model::{DaemonConfig, DaemonLog, LogLevel, Place};
use super::super::options::table::daemon as table;
use super::super::value::ValueError;
use super::Context;
use supervisor_protocol::ini::expand::{Scope, expand_again, texts};
use supervisor_protocol::ini::paths;

/// Values from the command line, checked. They win over the file, on every reread too.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)] // named after the option each overrides
pub struct Overrides {
    pub nodaemon: bool,
    pub silent: bool,
    pub nocleanup: bool,
    pub strip_ansi: bool,
    pub user: Option<String>,
    pub umask: Option<u32>,
    pub directory: Option<PathBuf>,
    /// An empty text counts as not given.
    pub logfile: Option<String>,
    pub logfile_maxbytes: Option<i64>,
    pub logfile_backups: Option<i64>,
    pub loglevel: Option<LogLevel>,
    /// An empty text counts as not given.
    pub pidfile: Option<String>,
    pub identifier: Option<String>,
    pub childlogdir: Option<PathBuf>,
    pub minfds: Option<i64>,
    pub minprocs: Option<i64>,
    /// `--ignore-plugins`: go on without RPC interfaces that are Python code.
    pub ignore_plugins: bool,
}

/// Reads the section.
pub(super) fn read(context: &Context<'_>, overrides: &Overrides) -> Result<DaemonConfig, ConfigError> {
    let section = context.reader("supervisord");
    let scope = Scope(&[&context.variables, &context.here_layer]);
    let minfds = section.get(&table::MINFDS, scope)?;
    let minprocs = section.get(&table::MINPROCS, scope)?;
    let directory = section.find(&table::DIRECTORY_, scope)?;
    let user = section.find(&table::USER_, scope)?;
    let umask = section.get(&table::UMASK, scope)?;
    let logfile = section.get(&table::LOGFILE, scope)?;
    let logfile_maxbytes = section.get(&table::LOGFILE_MAXBYTES, scope)?;
    let logfile_backups = section.get(&table::LOGFILE_BACKUPS, scope)?;
    let loglevel = section.get(&table::LOGLEVEL, scope)?;
    let pidfile = section.get(&table::PIDFILE, scope)?;
    let identifier = section.get(&table::IDENTIFIER, scope)?;
    let nodaemon = section.get(&table::NODAEMON, scope)?;
    let silent = section.get(&table::SILENT, scope)?;
    let childlogdir = section.find(&table::CHILDLOGDIR, scope)?;
    let nocleanup = section.get(&table::NOCLEANUP, scope)?;
    let strip_ansi = section.get(&table::STRIP_ANSI, scope)?;
    let environment = environment(context)?;

    let given = |path: &Option<String>| path.clone().filter(|path| !path.is_empty());
    let cwd = context.world.cwd();
    let pidfile = given(&overrides.pidfile).unwrap_or(pidfile);
    let logfile = match given(&overrides.logfile).unwrap_or(logfile) {
        word if word == "syslog" => DaemonLog::Syslog,
        path => DaemonLog::File(paths::absolute(cwd, &path)),
    };
    Ok(DaemonConfig {
        logfile,
        logfile_maxbytes: overrides.logfile_maxbytes.unwrap_or(logfile_maxbytes),
        logfile_backups: overrides.logfile_backups.unwrap_or(logfile_backups),
        loglevel: overrides.loglevel.unwrap_or(loglevel),
        pidfile: paths::absolute(cwd, &pidfile),
        umask: overrides.umask.unwrap_or(umask),
        nodaemon: overrides.nodaemon || nodaemon,
        silent: overrides.silent || silent,
        minfds: overrides.minfds.unwrap_or(minfds),
        minprocs: overrides.minprocs.unwrap_or(minprocs),
        nocleanup: overrides.nocleanup || nocleanup,
        childlogdir: overrides.childlogdir.clone().or(childlogdir),
        user_place: match (&overrides.user, &user) {
            (Some(_), _) => Some(Place::of_option("-u/--user")),
            (None, Some(_)) => Some(context.store.place("supervisord", table::USER_.entry.name)),
            (None, None) => None,
        },
        user: overrides.user.clone().or(user),
        directory: overrides.directory.clone().or(directory),
        strip_ansi: overrides.strip_ansi || strip_ansi,
        environment,
        identifier: overrides.identifier.clone().unwrap_or(identifier),
    })
}

/// Expanded twice, the second time tolerantly: a `%%` is a percent sign, and what only works through two passes
/// in Supervisor still works (Q18).
fn environment(context: &Context<'_>) -> Result<BTreeMap<String, String>, ConfigError> {
    let section = context.reader("supervisord");
    let entry = &table::ENVIRONMENT.entry;
    let node = texts([("host_node_name", context.host_node_name)]);
    let scope = Scope(&[&context.variables, &context.here_layer, &node]);
    let first = section.expanded(entry, scope).or_else(|_| {
        // The mistake is told as Supervisor does, whose first pass does not know the host name.
        section.or(section.expanded(entry, Scope(&[&context.variables, &context.here_layer])), || None)
    })?;
    let text = expand_again(first.unwrap_or_default(), scope);
    let parsed = environment::parse(&text).map_err(|error| section.error(entry, ValueError::from(error)));
    let parsed = section.or(parsed, Default::default)?;
    if parsed.is_cut {
        section.warn(entry.name, super::program::CUT_ENVIRONMENT);
    }
    Ok(parsed.pairs.into_iter().collect())
}
