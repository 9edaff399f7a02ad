//! The settings of a run: command line, then `[supervisorctl]` of the configuration file, then defaults.
//!
//! The file is the daemon's, in the same dialect, but only the one file and only two kinds of section of it are
//! looked at: `[include]` is not followed, and no environment variable stands in for an option. Contract:
//! `ctl_c3`, `ctl_c4`, `ctl_c30`.

use std::collections::BTreeMap;
use std::path::Path;

use supervisor_protocol::ini::dialect::{self, DialectError};
use supervisor_protocol::ini::document::{Document, Section};
use supervisor_protocol::ini::expand::{ExpandError, Layer, Scope, expand, texts, variables};
use supervisor_protocol::ini::paths;
use supervisor_protocol::outside;

use crate::cli::Arguments;
use crate::daemon::Target;

const SECTION: &str = "supervisorctl";
const DEFAULT_SERVER_URL: &str = "http://localhost:9001";
const DEFAULT_PROMPT: &str = "supervisor";

/// What a run is done with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) target: Target,
    /// The shell's prompt, without the `> ` after it.
    pub(crate) prompt: String,
    /// Where the shell's history is kept, absolute; nowhere by default.
    pub(crate) history_file: Option<String>,
    /// For standard error, before anything is done.
    pub(crate) warnings: Vec<String>,
}

/// A configuration that cannot be used; displayed after `Error: `.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("could not find config file {0}")]
    NotFound(String),
    #[error("could not read config file {0}")]
    Unreadable(String),
    #[error(".ini file does not include supervisorctl section")]
    NoSection,
    #[error(transparent)]
    Dialect(#[from] DialectError),
    #[error(transparent)]
    Expand(#[from] ExpandError),
}

/// What the values of a file may refer to.
struct Surroundings<'a> {
    /// The directory of the file, absolute.
    here: &'a str,
    variables: &'a BTreeMap<String, String>,
    working_directory: &'a Path,
    /// The home of a user, or of this one.
    home: fn(Option<&str>) -> Option<String>,
}

/// What a file says.
#[derive(Debug, Default, PartialEq, Eq)]
struct FileSettings {
    server_url: Option<String>,
    username: Option<String>,
    password: Option<String>,
    prompt: Option<String>,
    history_file: Option<String>,
    warnings: Vec<String>,
}

/// Finds and reads the configuration file and puts the command line on top.
///
/// # Errors
/// The file that was asked for is not there, or what was found cannot be used. To find none is fine.
pub(crate) fn load(arguments: &Arguments, program: &Path) -> Result<Settings, ConfigError> {
    let file = match arguments.configuration.as_deref() {
        Some("") => None,
        Some(name) => Some(name.to_owned()),
        None => {
            let mut paths = paths::search_paths(&outside::text(program)).into_iter();
            paths.find(|path| outside::path(path).exists())
        }
    };
    let from_file = match file {
        Some(name) => read(&name)?,
        None => FileSettings::default(),
    };
    Ok(resolve(arguments, from_file))
}

fn read(name: &str) -> Result<FileSettings, ConfigError> {
    let path = outside::path(name);
    if !path.exists() {
        return Err(ConfigError::NotFound(name.to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|_| ConfigError::Unreadable(name.to_owned()))?;
    let working_directory = std::env::current_dir().unwrap_or_default();
    let absolute = paths::absolute(&working_directory, &paths::expand_user(name, home));
    let absolute = outside::text(&absolute);
    let text = |text: std::ffi::OsString| outside::text(&text).into_owned();
    let surroundings = Surroundings {
        here: paths::parent(&absolute),
        variables: &std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
        working_directory: &working_directory,
        home,
    };
    interpret(name, &bytes, &surroundings)
}

/// The home of a user as the system knows it; for this user, first as the environment says.
fn home(user: Option<&str>) -> Option<String> {
    use nix::unistd::{Uid, User};
    let from_environment = || std::env::var_os("HOME").map(|home| outside::text(&home).into_owned());
    let from_system = |user: Option<User>| user.map(|user| outside::text(&user.dir).into_owned());
    match user {
        None => from_environment().or_else(|| from_system(User::from_uid(Uid::current()).ok()?)),
        Some(name) => from_system(User::from_name(name).ok()?),
    }
}

/// Reads the bytes of a file.
fn interpret(name: &str, bytes: &[u8], surroundings: &Surroundings<'_>) -> Result<FileSettings, ConfigError> {
    let mut document = Document::new();
    dialect::parse(&mut document, name, bytes)?;
    let section = document.section(SECTION).ok_or(ConfigError::NoSection)?;
    let environment: Layer = variables(surroundings.variables).collect();
    let here = texts([("here", surroundings.here)]);
    let with_here = Scope(&[&environment, &here]);
    let without_here = Scope(&[&environment]);
    let value = |key: &str, scope| option(&document, section, key, scope);
    Ok(FileSettings {
        server_url: value("serverurl", with_here)?.map(|url| absolute_url(url, surroundings)),
        history_file: value("history_file", with_here)?
            .filter(|name| !name.is_empty())
            .map(|name| absolute_path(&name, surroundings)),
        prompt: value("prompt", without_here)?,
        username: value("username", without_here)?,
        password: value("password", without_here)?,
        warnings: document.sections.iter().filter_map(plugin_warning).collect(),
    })
}

fn option(document: &Document, section: &Section, key: &str, scope: Scope<'_>) -> Result<Option<String>, ExpandError> {
    let entry = document.option(section, key);
    entry.map(|entry| expand(&entry.value, scope, format_args!("{SECTION}.{key}")).map(Into::into)).transpose()
}

/// Makes the path of a `unix://` URL absolute.
fn absolute_url(url: String, surroundings: &Surroundings<'_>) -> String {
    match url.strip_prefix("unix://") {
        Some(path) => format!("unix://{}", absolute_path(path, surroundings)),
        None => url,
    }
}

fn absolute_path(path: &str, surroundings: &Surroundings<'_>) -> String {
    let path = paths::expand_user(path, surroundings.home);
    outside::text(&paths::absolute(surroundings.working_directory, &path)).into_owned()
}

/// Plugins are Python code. Only their extra commands are lost, so the rest goes on.
fn plugin_warning(section: &Section) -> Option<String> {
    let is_plugin = section.name.starts_with("ctlplugin:");
    is_plugin.then(|| format!("Warning: [{}] is ignored, plugins of supervisorctl are not supported", section.name))
}

fn resolve(arguments: &Arguments, file: FileSettings) -> Settings {
    let or = |argument: &Option<String>, value: Option<String>| argument.clone().or(value);
    Settings {
        target: Target {
            server_url: or(&arguments.server_url, file.server_url).unwrap_or_else(|| DEFAULT_SERVER_URL.to_owned()),
            username: or(&arguments.username, file.username),
            password: or(&arguments.password, file.password),
        },
        history_file: or(&arguments.history_file, file.history_file),
        prompt: file.prompt.unwrap_or_else(|| DEFAULT_PROMPT.to_owned()),
        warnings: file.warnings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreted(text: &str) -> Result<FileSettings, String> {
        let variables = BTreeMap::from([("X".to_owned(), "x%y".to_owned())]);
        let surroundings = Surroundings {
            here: "/etc/s",
            variables: &variables,
            working_directory: Path::new("/cwd"),
            home: |user| user.is_none().then(|| "/home/me".to_owned()),
        };
        interpret("f", text.as_bytes(), &surroundings).map_err(|error| error.to_string())
    }

    fn server_url(value: &str) -> Result<Option<String>, String> {
        interpreted(&format!("[supervisorctl]\nserverurl = {value}\n")).map(|settings| settings.server_url)
    }

    #[test]
    fn the_servers_url_is_expanded_and_made_absolute() {
        for (value, expected) in [
            ("http://h:1", "http://h:1"),
            ("unix:///run/../s ; comment", "unix:///s"),
            ("unix://%(here)s/s", "unix:///etc/s/s"),
            ("unix://rel/./s", "unix:///cwd/rel/s"),
            ("unix://~/s", "unix:///home/me/s"),
            ("http://%(ENV_X)s", "http://x%y"),
            ("ftp://~", "ftp://~"),
            ("", ""),
        ] {
            assert_eq!(server_url(value), Ok(Some(expected.to_owned())), "{value}");
        }
    }

    #[test]
    fn other_options_and_sections() {
        let text = "[DEFAULT]\nprompt=p%%\n[program:x]\ncommand=%(nope)s\n[supervisorctl]\nUsername: me\npassword=\n\
                    history_file=~/h\n";
        let expected = FileSettings {
            username: Some("me".into()),
            password: Some(String::new()),
            prompt: Some("p%".into()),
            history_file: Some("/home/me/h".into()),
            ..FileSettings::default()
        };
        assert_eq!(interpreted(text), Ok(expected));
        let warnings = interpreted("[supervisorctl]\n[ctlplugin:x]\nsupervisor.ctl_factory = a:b\n").unwrap().warnings;
        assert_eq!(warnings, ["Warning: [ctlplugin:x] is ignored, plugins of supervisorctl are not supported"]);
    }

    #[test]
    fn complaints() {
        for (text, expected) in [
            ("[supervisord]\n", ".ini file does not include supervisorctl section"),
            ("x=1\n", "File contains no section headers.\nfile: 'f', line: 1\n'x=1\\n'"),
            (
                "[supervisorctl]\nserverurl=%(ENV_Y)s\n",
                "Format string '%(ENV_Y)s' for 'supervisorctl.serverurl' contains names ('ENV_Y') which cannot be \
                 expanded. Available names: ENV_X, here",
            ),
            (
                "[supervisorctl]\nprompt=%(here)s\n",
                "Format string '%(here)s' for 'supervisorctl.prompt' contains names ('here') which cannot be \
                 expanded. Available names: ENV_X",
            ),
        ] {
            assert_eq!(interpreted(text), Err(expected.to_owned()));
        }
    }

    #[test]
    fn the_command_line_wins() {
        let text = |text: &str| Some(text.to_owned());
        let arguments = Arguments { password: text("cli"), ..Arguments::default() };
        let file = FileSettings { username: text("file"), password: text("file"), ..FileSettings::default() };
        let settings = resolve(&arguments, file);
        assert_eq!(
            settings.target,
            Target { server_url: DEFAULT_SERVER_URL.into(), username: text("file"), password: text("cli") }
        );
        assert_eq!(settings.prompt, "supervisor");
    }
}
