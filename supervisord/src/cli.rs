//! The command line of `supervisord`: one table, and what its words mean.
//!
//! The table feeds three things: the [`getopt`] parser, the text of `--help`, and the values that override the
//! configuration file. Checks come in Supervisor's order (contract 1.1): first all words are taken apart, then
//! positional words are refused, then options are handled from left to right, so that `-v -e bogus` prints the
//! version and `-e bogus -v` complains. Nothing here prints or exits.

use clap::{Arg, ArgAction, Command};
use supervisor_protocol::getopt::{self, GetoptError, Occurrence};
use supervisor_protocol::repr::{list_repr, str_repr};
use thiserror::Error;

use crate::config::value::{self, ValueError};
use crate::config::{Overrides, World};

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Print [`help`] and exit 0.
    Help,
    /// Print the version and exit 0.
    Version,
    /// Be the daemon.
    Run(Box<CliOptions>),
    /// Report all that is wrong with the configuration.
    Check(Box<CliOptions>, Format),
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A line for each problem.
    Text,
    /// One JSON object.
    Json,
}

/// The options of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CliOptions {
    /// `-c`: the configuration file; without it a search decides.
    pub configuration: Option<String>,
    /// Values that win over the file.
    pub overrides: Overrides,
}

/// A command line that is refused: the text after `Error: `, exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CliError {
    /// Unknown, ambiguous, repeated or misused options.
    #[error(transparent)]
    Getopt(#[from] GetoptError),
    /// An option that means nothing by itself.
    #[error("option --json needs --check")]
    JsonWithoutCheck,
    /// There is no use for other words.
    #[error("positional arguments are not supported: {}", list_repr(.0))]
    Positional(Vec<String>),
    /// A value of the wrong type.
    #[error("invalid value for {option} {}: {error}", str_repr(value))]
    Value {
        /// The option as it was spelled, a shortened long name in full.
        option: String,
        /// The value as given.
        value: String,
        /// What is wrong.
        error: ValueError,
    },
}

/// The options that Supervisor does not have. They are never shortened, so that every abbreviation keeps its meaning.
const OURS: &[&str] = &["check", "json", "ignore-plugins"];

/// The table of options.
pub fn table() -> Command {
    let value = |id: &'static str, name: &'static str, help: &'static str| {
        Arg::new(id).long(id).value_name(name).help(help).action(ArgAction::Set)
    };
    let flag = |id: &'static str, help: &'static str| Arg::new(id).long(id).help(help).action(ArgAction::SetTrue);
    Command::new("supervisord")
        .about("run a set of applications as daemons")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args([
            value("configuration", "FILENAME", "the configuration file; searched for if not given").short('c'),
            flag("nodaemon", "stay in the foreground, like 'nodaemon=true' in the file").short('n'),
            flag("silent", "write no log to stdout, like 'silent=true' in the file").short('s'),
            flag("help", "print this text and exit").short('h').short_alias('?'),
            flag("version", "print the version number and exit").short('v'),
            value("user", "USER", "become this user (a name or a numeric id)").short('u'),
            value("umask", "UMASK", "file mode mask of the daemon (default 022)").short('m'),
            value("directory", "DIRECTORY", "change to this directory when daemonizing").short('d'),
            value("logfile", "FILENAME", "use FILENAME as the activity log").short('l'),
            value("logfile_maxbytes", "BYTES", "rotate the activity log when it reaches BYTES").short('y'),
            value("logfile_backups", "NUM", "keep NUM rotated copies of the activity log").short('z'),
            value("loglevel", "LEVEL", "log from LEVEL up (critical,error,warn,info,debug,trace,blather)").short('e'),
            value("pidfile", "FILENAME", "write the process id of the daemon to FILENAME").short('j'),
            value("identifier", "STR", "the name of this instance").short('i'),
            value("childlogdir", "DIRECTORY", "directory of automatic child logs").short('q'),
            flag("nocleanup", "keep the automatic child logs of earlier runs").short('k'),
            value("minfds", "NUM", "file descriptors that must be available").short('a'),
            flag("strip_ansi", "remove terminal escape sequences from child logs").short('t'),
            // The second blank is Supervisor's; help texts are scraped.
            value("minprocs", "NUM ", "processes that must be available"),
            value("profile_options", "OPTIONS", "accepted for compatibility, without effect"),
            flag("check", "report all problems of the configuration and exit: 0 none, 1 warnings, 2 errors"),
            flag("json", "write the report of --check as JSON"),
            flag("ignore-plugins", "go on without RPC interfaces that are Python code"),
        ])
}

/// The text of `--help`, its final empty line included. `prog` is the path of the program.
pub fn help(prog: &str) -> String {
    let table = table();
    let about = table.get_about().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{} -- {about}.\n\nUsage: {prog} [options]\n\nOptions:\n", table.get_name());
    for option in table.get_arguments() {
        let short = option.get_short().map(|short| format!("-{short}/")).unwrap_or_default();
        let name = option.get_value_names().filter(|_| option.get_action().takes_values());
        let value = name.into_iter().flatten().map(|name| format!(" {name}")).collect::<String>();
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        text += &format!("{short}--{}{value} -- {help}\n", option.get_id());
    }
    text + "\n"
}

/// Reads a command line, without the program's name.
///
/// # Errors
/// [`CliError`], the first problem in the order above.
pub fn parse<W: Into<std::ffi::OsString>>(
    words: impl IntoIterator<Item = W>,
    world: &dyn World,
) -> Result<Action, CliError> {
    let parsed = getopt::parse_with_exact(&table(), OURS, words)?;
    if !parsed.positionals.is_empty() {
        return Err(CliError::Positional(parsed.positionals));
    }
    let mut options = Box::<CliOptions>::default();
    let mut repeats = getopt::Repeats::default();
    for occurrence in &parsed.occurrences {
        match occurrence.id.as_str() {
            "help" => return Ok(Action::Help),
            "version" => return Ok(Action::Version),
            _ => options.apply(occurrence, world)?,
        }
        repeats.admit(occurrence)?;
    }
    match (parsed.contains("check"), parsed.contains("json")) {
        (false, false) => Ok(Action::Run(options)),
        (false, true) => Err(CliError::JsonWithoutCheck),
        (true, false) => Ok(Action::Check(options, Format::Text)),
        (true, true) => Ok(Action::Check(options, Format::Json)),
    }
}

impl CliOptions {
    /// Takes one option over; its value is checked before its repetition.
    fn apply(&mut self, occurrence: &Occurrence, world: &dyn World) -> Result<(), CliError> {
        let text = occurrence.value.as_deref().unwrap_or_default();
        let values = &mut self.overrides;
        let result = match occurrence.id.as_str() {
            "configuration" => set(&mut self.configuration, value::text(text, world)),
            "nodaemon" => switch_on(&mut values.nodaemon),
            "silent" => switch_on(&mut values.silent),
            "nocleanup" => switch_on(&mut values.nocleanup),
            "strip_ansi" => switch_on(&mut values.strip_ansi),
            "ignore-plugins" => switch_on(&mut values.ignore_plugins),
            "user" => set(&mut values.user, value::text(text, world)),
            "umask" => set(&mut values.umask, value::octal(text, world)),
            "directory" => set(&mut values.directory, value::existing_directory(text, world)),
            "logfile" => set(&mut values.logfile, value::existing_dirpath(text, world)),
            "logfile_maxbytes" => set(&mut values.logfile_maxbytes, value::byte_size(text, world)),
            "logfile_backups" => set(&mut values.logfile_backups, value::int(text, world)),
            "loglevel" => set(&mut values.loglevel, value::level(text, world)),
            "pidfile" => set(&mut values.pidfile, value::existing_dirpath(text, world)),
            "identifier" => set(&mut values.identifier, value::text(text, world)),
            "childlogdir" => set(&mut values.childlogdir, value::existing_directory(text, world)),
            "minfds" => set(&mut values.minfds, value::int(text, world)),
            "minprocs" => set(&mut values.minprocs, value::int(text, world)),
            // What to do, not how; and a profiler of the Python interpreter, where there is nothing to profile.
            _ => Ok(()),
        };
        result.map_err(|error| CliError::Value { option: occurrence.spelled.clone(), value: text.to_owned(), error })
    }
}

fn set<T>(slot: &mut Option<T>, value: Result<T, ValueError>) -> Result<(), ValueError> {
    *slot = Some(value?);
    Ok(())
}

fn switch_on(slot: &mut bool) -> Result<(), ValueError> {
    *slot = true;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::config::fake::FakeWorld;

    use super::*;

    fn run(words: &[&str]) -> CliOptions {
        match parse(words, &FakeWorld) {
            Ok(Action::Run(options)) => *options,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    fn shown(words: &[&str]) -> String {
        match parse(words, &FakeWorld) {
            Ok(Action::Help) => "help".to_owned(),
            Ok(Action::Version) => "version".to_owned(),
            Ok(Action::Run(_)) => "run".to_owned(),
            Ok(Action::Check(_, format)) => format!("check {format:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn words_and_errors_cl01_to_cl07_cl28_cl29() {
        for (words, expected) in [
            (&[][..], "run"),
            (&["-v"], "version"),
            (&["--version"], "version"),
            (&["-h"], "help"),
            (&["-?"], "help"),
            (&["--help"], "help"),
            (&["-nst"], "run"),
            (&["-v", "-e", "bogus"], "version"),
            (&["-v", "-v"], "version"),
            (&["-e", "bogus", "-v"], "invalid value for -e 'bogus': bad logging level name 'bogus'"),
            (&["-v", "--bogus"], "option --bogus not recognized"),
            (&["-Z"], "option -Z not recognized"),
            (&["-c"], "option -c requires argument"),
            (&["--conf"], "option --configuration requires argument"),
            (&["--log", "x"], "option --log not a unique prefix"),
            (&["--silent=1"], "option --silent must not have an argument"),
            (&["-v", "foo"], "positional arguments are not supported: ['foo']"),
            (&["foo", "--bogus"], "positional arguments are not supported: ['foo', '--bogus']"),
            (&["-"], "positional arguments are not supported: ['-']"),
            (&["--", "-n"], "positional arguments are not supported: ['-n']"),
            (&["--nodae", "-n"], "conflicting command line option '-n'"),
            (&["-n", "--nodae"], "conflicting command line option '--nodaemon'"),
            (&["-e", "info", "-e", "bogus"], "invalid value for -e 'bogus': bad logging level name 'bogus'"),
            (&["-n", "-v", "-n"], "version"),
            (&["-m", "9"], "invalid value for -m '9': 9 can not be converted to an octal type"),
            (&["-d", "/none"], "invalid value for -d '/none': /none is not an existing directory"),
            (
                &["-l", "/none/x"],
                "invalid value for -l '/none/x': The directory named as part of the path /none/x does not exist",
            ),
            (&["-y", "1XB"], "invalid value for -y '1XB': invalid literal for int() with base 10: '1xb'"),
            (&["-z", "x"], "invalid value for -z 'x': invalid literal for int() with base 10: 'x'"),
            (&["-a", "it's"], "invalid value for -a \"it's\": invalid literal for int() with base 10: \"it's\""),
            (&["-q", "/none"], "invalid value for -q '/none': /none is not an existing directory"),
            (&["--minp", "x"], "invalid value for --minprocs 'x': invalid literal for int() with base 10: 'x'"),
            (&["--loglev=x"], "invalid value for --loglevel 'x': bad logging level name 'x'"),
            (&["--profile_options", "callers"], "run"),
            (&["--check"], "check Text"),
            (&["--json", "--check"], "check Json"),
            (&["--json"], "option --json needs --check"),
            (&["--ch"], "option --childlogdir requires argument"),
            (&["--i"], "option --identifier requires argument"),
            (&["--j"], "option --j not recognized"),
            (&["--check", "--check"], "conflicting command line option '--check'"),
            (&["--ignore-plugins"], "run"),
        ] {
            assert_eq!(shown(words), expected, "{words:?}");
        }
    }

    #[test]
    fn values() {
        let options =
            run(&["-nca.conf", "-l~/x.log", "-e", "WARN", "-y1KB", "-m", "077", "-u", "%(here)s", "--minfds=5"]);
        assert_eq!(options.configuration.as_deref(), Some("a.conf"));
        let values = options.overrides;
        assert!(values.nodaemon && !values.silent);
        assert_eq!(values.logfile.as_deref(), Some("/home/me/x.log"));
        assert_eq!(values.loglevel, Some(crate::config::model::LogLevel::Warn));
        assert_eq!((values.logfile_maxbytes, values.umask, values.minfds), (Some(1024), Some(0o77), Some(5)));
        assert_eq!(values.user.as_deref(), Some("%(here)s"));
    }

    #[test]
    fn help_lists_every_option_cl02() {
        let text = help("/usr/bin/supervisord");
        let start = "supervisord -- run a set of applications as daemons.\n\nUsage: /usr/bin/supervisord [options]\n\n\
                     Options:\n-c/--configuration FILENAME -- ";
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains("\n-l/--logfile FILENAME -- use FILENAME as"), "{text}");
        assert!(text.contains("\n--minprocs NUM  -- ") && text.contains("\n-k/--nocleanup -- "), "{text}");
        assert!(text.ends_with("Python code\n\n"));
        assert_eq!(text.lines().count(), 6 + 23);
    }
}
