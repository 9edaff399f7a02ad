//! Which files children log to.
//!
//! A configured path is used as it is. An AUTO file gets its name when its group is first added, and is made
//! then, before the program ever starts; restarts append to it, and `remove` followed by `add` finds it again. After
//! a reread a group that is added gets new files (`cfg_al01`, `cfg_al07`).

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use super::autolog;
use crate::config::model::{Config, GroupConfig, LogTarget};
use crate::engine::LogPaths;

/// Group, process, channel.
type Key = (String, String, &'static str);

/// The AUTO files of the configuration last read, and how to make more.
#[derive(Debug)]
pub(super) struct ChildLogs {
    directory: PathBuf,
    identifier: String,
    auto: HashMap<Key, PathBuf>,
}

impl ChildLogs {
    /// For the configuration the daemon starts with.
    pub(super) fn new(config: &Config) -> Self {
        ChildLogs { directory: directory(config), identifier: config.daemon.identifier.clone(), auto: HashMap::new() }
    }

    /// The configuration was read again. Processes that exist keep their files.
    pub(super) fn reread(&mut self, config: &Config) {
        self.directory = directory(config);
        self.identifier.clone_from(&config.daemon.identifier);
        self.auto.clear();
    }

    /// Removes what earlier runs left behind.
    pub(super) fn clean(&self) -> Vec<autolog::CleanupWarning> {
        autolog::clean(&self.directory, &self.identifier)
    }

    /// The log files of a group's processes, in order. AUTO files exist afterwards.
    ///
    /// # Errors
    /// An AUTO file cannot be made.
    pub(super) fn paths(&mut self, group: &GroupConfig) -> io::Result<Vec<LogPaths>> {
        let mut paths = Vec::with_capacity(group.processes.len());
        for process in &group.processes {
            let stdout = self.path(&group.name, &process.name, "stdout", &process.stdout.logfile)?;
            let stderr = match process.redirect_stderr {
                true => None,
                false => self.path(&group.name, &process.name, "stderr", &process.stderr.logfile)?,
            };
            paths.push(LogPaths { stdout, stderr });
        }
        Ok(paths)
    }

    fn path(
        &mut self,
        group: &str,
        process: &str,
        channel: &'static str,
        target: &LogTarget,
    ) -> io::Result<Option<PathBuf>> {
        let key = match target {
            LogTarget::None | LogTarget::Empty => return Ok(None),
            LogTarget::File(path) => return Ok(Some(path.clone())),
            LogTarget::Auto => (group.to_owned(), process.to_owned(), channel),
        };
        if let Some(path) = self.auto.get(&key) {
            return Ok(Some(path.clone()));
        }
        let path = autolog::create(&self.directory, process, channel, &self.identifier)
            .map_err(|error| io::Error::new(error.kind(), autolog::refusal(&self.directory, process, &error)))?;
        self.auto.insert(key, path.clone());
        Ok(Some(path))
    }
}

/// `childlogdir`, else the temporary directory of the environment.
fn directory(config: &Config) -> PathBuf {
    config
        .daemon
        .childlogdir
        .clone()
        .or_else(|| autolog::default_directory(|name| std::env::var_os(name)))
        .unwrap_or_else(std::env::temp_dir)
}
