//! The command line: options, then the words of one command.
//!
//! Options are handled from left to right, so that `-h -s x` helps and `-s x -h` complains. Contract:
//! `ctl_c1`, `ctl_c2`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};
use supervisor_protocol::getopt::{GetoptError, Repeats, parse};
use supervisor_protocol::repr::str_repr;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    /// The usage text.
    Help,
    /// A command, or the shell.
    Run(Arguments),
}

/// The command line of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The configuration file; an empty name means none at all.
    pub(crate) configuration: Option<String>,
    pub(crate) server_url: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) history_file: Option<String>,
    /// `-i` was given.
    pub(crate) interactive: bool,
    /// The command; without one, a shell is wanted.
    pub(crate) words: Vec<String>,
}

/// A command line that cannot be used; displayed after `Error: `.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UsageError {
    #[error(transparent)]
    Getopt(#[from] GetoptError),
    #[error("invalid value for {spelled} {}: value {} is not a URL", str_repr(value), str_repr(value))]
    NotUrl { spelled: String, value: String },
}

/// Reads the words after the program's name.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Invocation, UsageError> {
    let parsed = parse(&table(), words)?;
    let mut arguments = Arguments::default();
    let mut repeats = Repeats::default();
    for occurrence in &parsed.occurrences {
        let value = occurrence.value.clone();
        let slot = match occurrence.id.as_str() {
            "help" => return Ok(Invocation::Help),
            "interactive" => {
                arguments.interactive = true;
                repeats.admit(occurrence)?;
                continue;
            }
            "configuration" => &mut arguments.configuration,
            "serverurl" => {
                if let Some(value) = value.clone().filter(|value| !is_url(value)) {
                    return Err(UsageError::NotUrl { spelled: occurrence.spelled.clone(), value });
                }
                &mut arguments.server_url
            }
            "username" => &mut arguments.username,
            "password" => &mut arguments.password,
            _ => &mut arguments.history_file,
        };
        repeats.admit(occurrence)?;
        *slot = value;
    }
    arguments.words = parsed.positionals;
    Ok(Invocation::Run(arguments))
}

/// The options. `--help` does not print this table but [`usage`], whose bytes are the contract's.
fn table() -> Command {
    let option = |name: &'static str, short: char| Arg::new(name).short(short).long(name);
    Command::new("supervisorctl")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(option("configuration", 'c').value_name("FILENAME").help("configuration file (searched if not given)"))
        .arg(option("help", 'h').short_alias('?').action(ArgAction::SetTrue).help("print usage and exit"))
        .arg(option("interactive", 'i').action(ArgAction::SetTrue).help("ask for credentials and confirmation"))
        .arg(option("serverurl", 's').value_name("URL").help("where supervisord listens: http:// or unix://"))
        .arg(option("username", 'u').value_name("USERNAME").help("user name to log in with"))
        .arg(option("password", 'p').value_name("PASSWORD").help("password to log in with"))
        .arg(
            option("history_file", 'r')
                .alias("history-file")
                .value_name("FILENAME")
                .help("keep the shell's history in this file"),
        )
}

/// A scheme, and something after it.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let (place, _) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    is_scheme && !place.strip_prefix("//").unwrap_or(place).is_empty()
}

/// The usage text, with the program's path in it. One empty line ends it.
pub(crate) fn usage(program: &str) -> String {
    format!(
        "\
supervisorctl -- control applications run by supervisord from the cmd line.

Usage: {program} [options] [action [arguments]]

Options:
-c/--configuration FILENAME -- configuration file path (searches if not given)
-h/--help -- print usage message and exit
-i/--interactive -- start an interactive shell after executing commands
-s/--serverurl URL -- URL on which supervisord server is listening
     (default \"http://localhost:9001\").
-u/--username USERNAME -- username to use for authentication with server
-p/--password PASSWORD -- password to use for authentication with server
-r/--history-file -- keep a readline history (if readline is available)

action [arguments] -- see below

Actions are commands like \"tail\" or \"stop\".  If -i is specified or no action is
specified on the command line, a \"shell\" interpreting actions typed
interactively is started.  Use the action \"help\" to find out about available
actions.

"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &[&str]) -> Result<Invocation, String> {
        read(words.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn options_and_words() {
        let some = |text: &str| Some(text.to_owned());
        let words =
            ["-c", "f", "-sunix:///s", "--user", "me", "--password=", "-i", "--history", "h", "tail", "-5", "x"];
        let arguments = Arguments {
            configuration: some("f"),
            server_url: some("unix:///s"),
            username: some("me"),
            password: some(""),
            history_file: some("h"),
            interactive: true,
            words: ["tail", "-5", "x"].map(str::to_owned).to_vec(),
        };
        assert_eq!(read_words(&words), Ok(Invocation::Run(arguments)));
        assert_eq!(read_words(&[]), Ok(Invocation::Run(Arguments::default())));
        for help in ["-h", "-?", "--help", "--he"] {
            assert_eq!(read_words(&[help, "-s", "x"]), Ok(Invocation::Help));
        }
    }

    #[test]
    fn complaints() {
        for (words, expected) in [
            (&["-x"][..], "option -x not recognized"),
            (&["-h", "-x"], "option -x not recognized"),
            (&["-v"], "option -v not recognized"),
            (&["-c"], "option -c requires argument"),
            (&["--foo"], "option --foo not recognized"),
            (&["--h"], "option --h not a unique prefix"),
            (&["--serverurl"], "option --serverurl requires argument"),
            (&["--help=x"], "option --help must not have an argument"),
            (&["-s", "http://x", "-s", "http://y"], "conflicting command line option '-s'"),
            (&["-i", "--inter"], "conflicting command line option '--interactive'"),
            (&["-s", "foo", "-h"], "invalid value for -s 'foo': value 'foo' is not a URL"),
            (&["-s", ""], "invalid value for -s '': value '' is not a URL"),
            (&["--server", "http://"], "invalid value for --serverurl 'http://': value 'http://' is not a URL"),
        ] {
            assert_eq!(read_words(words), Err(expected.to_owned()), "{words:?}");
        }
    }

    #[test]
    fn urls_need_a_scheme_and_something_after_it() {
        for url in ["http://h:1", "unix:///s", "unix://rel", "ftp://x", "x:y", "HTTP://x"] {
            assert!(is_url(url), "{url}");
        }
        for text in ["", "foo", ":x", "//x", "http:", "http://?q", "1x:y", "a b:c", "/x:y"] {
            assert!(!is_url(text), "{text}");
        }
    }
}
