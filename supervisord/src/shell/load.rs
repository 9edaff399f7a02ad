//! Configuration files and the system they are read on: the I/O around [`config`].
//!
//! Finding the main file, reading it and the files it includes, and answering the questions of a
//! [`World`]: users, groups, directories. Which file to read is decided once, at start, and
//! kept as an absolute path, so that a daemon that has changed its directory still finds it (contract Q8).

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Group, Uid};
use thiserror::Error;

use super::glob::glob;
use super::memo::Memo;
use super::preflight::Scout;
use crate::config::model::Config;
use crate::config::report::{Problem, Report};
use crate::config::{self, ConfigError, Included, Inputs, Overrides, SourceFile, User, World};
use supervisor_protocol::ini::paths;
use supervisor_protocol::outside;

/// Written to stderr when root lets the program search for its configuration.
pub const ROOT_SEARCH_WARNING: &str = "Supervisord is running as root and it is searching for its configuration \
    file in default locations (including its current working directory); you probably want to specify a \"-c\" \
    argument specifying an absolute path to a configuration file for improved security.";

/// No configuration. The texts stand after `Error: `, contract 1.2.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The search found nothing.
    #[error(
        "No config file found at default paths ({}); use the -c option to specify a config file at a different path",
        .0.join(", ")
    )]
    NotFoundByDefault(Vec<String>),
    /// The file is not there.
    #[error("could not find config file {0}")]
    NotFound(String),
    /// The file is there and cannot be read.
    #[error("could not read config file {0}")]
    Unreadable(String),
    /// It makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It asks for an interface that cannot be made, of this namespace.
    #[error("Could not make {0} rpc interface")]
    RpcInterface(String),
    /// It makes sense, and no daemon can be set up with it on this system.
    #[error("{}", .0.text)]
    Unfit(Box<Problem>),
}

impl LoadError {
    /// Where it is, and how to mend it.
    pub fn advice(&self) -> Option<String> {
        match self {
            LoadError::Config(error) => error.advice(),
            LoadError::Unfit(problem) => problem.advice(),
            LoadError::NotFoundByDefault(_)
            | LoadError::NotFound(_)
            | LoadError::Unreadable(_)
            | LoadError::RpcInterface(_) => None,
        }
    }
}

/// The main file, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MainFile {
    /// Its path as given or found; shown in messages.
    pub name: String,
    /// The same, absolute.
    pub path: PathBuf,
}

/// Decides which file to read: the one given with `-c`, else the first that exists.
///
/// # Errors
/// [`LoadError::NotFoundByDefault`]; a file that was given may turn out to be missing only in [`Source::load`].
pub fn find(given: Option<&str>, prog: &str, system: &System) -> Result<MainFile, LoadError> {
    let name = match given {
        Some(name) => name.to_owned(),
        None => {
            let paths = paths::search_paths(prog);
            match paths.iter().find(|path| system.cwd.join(outside::path(path)).exists()) {
                Some(path) => path.clone(),
                None => return Err(LoadError::NotFoundByDefault(paths.into())),
            }
        }
    };
    let path = system.cwd.join(outside::path(&name));
    Ok(MainFile { name, path })
}

/// All that a configuration is made from; each reading starts from the same.
#[derive(Debug)]
pub struct Source {
    /// Where it is written.
    pub main: MainFile,
    /// What the command line has decided.
    pub overrides: Overrides,
    /// Where the daemon was started.
    pub system: System,
}

impl Source {
    /// Reads the main file and all it includes.
    ///
    /// # Errors
    /// A missing or unreadable main file, or the first mistake in the configuration.
    pub fn load(&self) -> Result<Config, LoadError> {
        self.with_inputs(|file, inputs| Ok(config::read(file, inputs)?))?
    }

    /// Reads the same for a daemon that is to start anew with it, which it should not begin with what it cannot end.
    ///
    /// # Errors
    /// As [`load`](Self::load); what no daemon can be set up with, as far as that can be foreseen.
    pub fn load_usable(&self) -> Result<Config, LoadError> {
        let config = self.load()?;
        if let Some(interface) = config.refused_interfaces().next() {
            return Err(LoadError::RpcInterface(interface.namespace.clone()));
        }
        match config::check::obstacle(&config, &self.system, &Scout::of_a_daemon()) {
            Some(problem) => Err(LoadError::Unfit(Box::new(problem))),
            None => Ok(config),
        }
    }

    /// Reads the same, and reports all that is wrong with it.
    ///
    /// # Errors
    /// A missing or unreadable main file.
    pub fn check(&self) -> Result<Report, LoadError> {
        self.with_inputs(|file, inputs| config::check::check(file, inputs, &Scout::default()))
    }

    fn with_inputs<T>(&self, read: impl FnOnce(SourceFile<'_>, &Inputs<'_>) -> T) -> Result<T, LoadError> {
        let Source { main, overrides, system } = self;
        if main.name.is_empty() || !main.path.exists() {
            return Err(LoadError::NotFound(main.name.clone()));
        }
        let bytes = fs::read(&main.path).map_err(|_| LoadError::Unreadable(main.name.clone()))?;
        let directory = main.path.parent().unwrap_or(Path::new("/"));
        let inputs = Inputs {
            environment: &system.environment,
            overrides,
            here: &paths::normal(&outside::text(directory)),
            host_node_name: &system.host_node_name,
            world: &Memo::new(system),
            include: &read_all,
        };
        Ok(read(SourceFile { name: &main.name, bytes: &bytes }, &inputs))
    }
}

/// Reads a file that must not keep the daemon waiting, as a pipe without a writer would, nor be without an end. A
/// directory keeps the error of reading one.
fn read_regular(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Err("not a regular file".to_owned());
    }
    fs::read(path).map_err(|error| error.to_string())
}

/// Reads all files that match a pattern.
fn read_all(pattern: &str) -> Vec<Included> {
    glob(pattern)
        .into_iter()
        .map(|path| Included { path: outside::text(&path).into_owned(), content: read_regular(&path) })
        .collect()
}

/// The running system, as far as a configuration may depend on it; taken down once, at start.
#[derive(Debug, Clone)]
pub struct System {
    /// The environment of the daemon.
    pub environment: Vec<(String, String)>,
    /// Node name of the machine.
    pub host_node_name: String,
    /// The directory in which the daemon was started.
    pub cwd: PathBuf,
}

impl System {
    /// Looks around.
    ///
    /// # Errors
    /// If the current directory cannot be told, because it was removed for example.
    pub fn look() -> std::io::Result<Self> {
        let text = |text: std::ffi::OsString| outside::text(&text).into_owned();
        Ok(System {
            environment: std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
            host_node_name: nix::unistd::gethostname().map(text).unwrap_or_default(),
            cwd: std::env::current_dir()?,
        })
    }
}

fn can_be_a_name(name: &str) -> bool {
    name.len() <= paths::MAX_ACCOUNT_NAME
}

fn user(user: nix::unistd::User) -> User {
    User { uid: user.uid.as_raw(), gid: user.gid.as_raw(), home: outside::text(&user.dir).into_owned() }
}

impl World for System {
    fn is_directory(&self, path: &Path) -> bool {
        // An empty path is no directory, though joining it names one.
        !path.as_os_str().is_empty() && self.cwd.join(path).is_dir()
    }

    fn user_by_name(&self, name: &str) -> Option<User> {
        let found = can_be_a_name(name).then(|| nix::unistd::User::from_name(name));
        found?.ok().flatten().map(user)
    }

    fn user_by_id(&self, uid: u32) -> Option<User> {
        nix::unistd::User::from_uid(Uid::from_raw(uid)).ok().flatten().map(user)
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        let found = can_be_a_name(name).then(|| Group::from_name(name));
        found?.ok().flatten().map(|group| group.gid.as_raw())
    }

    fn has_group(&self, gid: u32) -> bool {
        Group::from_gid(Gid::from_raw(gid)).is_ok_and(|group| group.is_some())
    }

    fn home(&self) -> Option<String> {
        let variable = self.environment.iter().find(|(name, _)| name == "HOME").map(|(_, value)| value.clone());
        variable.or_else(|| self.user_by_id(self.uid()).map(|user| user.home))
    }

    fn cwd(&self) -> &Path {
        &self.cwd
    }

    fn uid(&self) -> u32 {
        Uid::current().as_raw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(cwd: &Path) -> System {
        System {
            environment: vec![("HOME".to_owned(), "/h/".to_owned())],
            host_node_name: "node".to_owned(),
            cwd: cwd.to_owned(),
        }
    }

    #[test]
    fn nothing_is_found_cl10() {
        let error = LoadError::NotFoundByDefault(paths::search_paths("bin/x").into()).to_string();
        assert_eq!(
            error,
            "No config file found at default paths (etc/supervisord.conf, supervisord.conf, supervisord.conf, \
             etc/supervisord.conf, /etc/supervisord.conf, /etc/supervisor/supervisord.conf); use the -c option to \
             specify a config file at a different path"
        );
    }

    #[test]
    fn files_are_found_and_read_cl12() {
        let directory = tempfile::tempdir().unwrap();
        let system = system(directory.path());
        let overrides = Overrides::default();
        let source = |main: MainFile| Source { main, overrides: overrides.clone(), system: system.clone() };
        let load_named = |name: &str| {
            let main = find(Some(name), "x", &system).unwrap();
            source(main).load().map_err(|error| error.to_string())
        };
        assert_eq!(load_named("none.conf"), Err("could not find config file none.conf".to_owned()));
        assert_eq!(load_named(""), Err("could not find config file ".to_owned()));
        fs::create_dir(directory.path().join("conf.d")).unwrap();
        assert_eq!(load_named("conf.d"), Err("could not read config file conf.d".to_owned()));

        let main = "[supervisord]\nidentifier=%(here)s\n[include]\nfiles=conf.d/*.ini none*\n";
        fs::write(directory.path().join("supervisord.conf"), main).unwrap();
        fs::write(directory.path().join("conf.d/b.ini"), "[program:b]\ncommand=%(here)s/b\n").unwrap();
        fs::write(directory.path().join("conf.d/a.ini"), "[program:a]\ncommand=%(here)s/a\n").unwrap();
        fs::create_dir(directory.path().join("conf.d/c.ini")).unwrap();
        let found = find(None, "/nowhere/bin/supervisord", &system).unwrap();
        assert_eq!(found.name, "supervisord.conf");
        let config = source(found).load().unwrap();
        let here = directory.path().display().to_string();
        assert_eq!(config.daemon.identifier, here);
        let commands: Vec<&str> = config.groups.iter().map(|group| group.processes[0].command.as_str()).collect();
        assert_eq!(commands, [format!("{here}/conf.d/a"), format!("{here}/conf.d/b")]);
        assert_eq!(config.groups[0].origin.file, format!("{here}/conf.d/a.ini"));
        let notices: Vec<_> = config.notices.iter().map(|notice| (notice.level, notice.text.as_str())).collect();
        assert_eq!(notices.len(), 4);
        use crate::config::model::LogLevel::{Info, Warn};
        assert_eq!(notices[0], (Info, format!("Included extra file \"{here}/conf.d/a.ini\" during parsing").as_str()));
        assert!(notices[2].0 == Warn && notices[2].1.contains("conf.d/c.ini\", skipping it"));
        assert_eq!(notices[3], (Warn, format!("No file matches via include \"{here}/none*\"").as_str()));
        let place = config.notices[3].place.as_ref().map(ToString::to_string);
        assert_eq!(place.as_deref(), Some("supervisord.conf:4: [include] files"));
    }

    #[test]
    fn the_system_answers() {
        let system = system(Path::new("/"));
        assert!(system.is_directory(Path::new("tmp")) && !system.is_directory(Path::new("nowhere")));
        assert!(!system.is_directory(Path::new("")));
        assert_eq!(system.user_by_name("root").map(|user| user.uid), Some(0));
        assert_eq!(system.user_by_id(0).map(|user| user.gid), Some(0));
        assert_eq!(system.user_by_name("no such user"), None);
        let endless = "n".repeat(10_000_000);
        assert_eq!((system.user_by_name(&endless), system.group_by_name(&endless)), (None, None));
        assert_eq!(system.group_by_name("root"), Some(0));
        assert!(system.has_group(0));
        assert_eq!(system.home().as_deref(), Some("/h/"));
    }
}
