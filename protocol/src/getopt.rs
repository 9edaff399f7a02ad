//! The one command line front of every program: Python's `getopt` rules over a table of options.
//!
//! Scripts call these programs the way `getopt` let them: `-nc/etc/s.conf`, `--conf=x`, `--nodae`, options
//! up to the first word that is none, and they compare four error texts. clap cannot be taught that: it
//! offers a command's own `-h` and `-V`, mixes options with positional words (an action such as
//! `tail -100 web` would be read as options), ends its errors and exit codes its own way, reads an attached
//! value without its leading `=`, and after parsing has forgotten how and in which order options were
//! spelled, while `-v -e bogus` prints a version and `-e bogus -v` is an error about `-e`.
//!
//! So the work is shared. A [`clap::Command`] is the table: which options there are, their other spellings,
//! whether they take a value, and what the manual says of them. [`parse`] walks the words; the program then
//! handles [`Parsed::occurrences`] from left to right. Nothing here knows what an option means, prints, or
//! exits.
//!
//! ```
//! use clap::{Arg, ArgAction, Command};
//! use supervisor_protocol::getopt::parse;
//! let table = Command::new("prog")
//!     .arg(Arg::new("configuration").short('c').long("configuration"))
//!     .arg(Arg::new("nodaemon").short('n').long("nodaemon").action(ArgAction::SetTrue));
//! let parsed = parse(&table, ["-nca.conf", "--nodae", "status", "-c"])?;
//! let spelled: Vec<&str> = parsed.occurrences.iter().map(|occurrence| occurrence.spelled.as_str()).collect();
//! assert_eq!(spelled, ["-n", "-c", "--nodaemon"]);
//! assert_eq!(parsed.value("configuration"), Some("a.conf"));
//! assert_eq!(parsed.positionals, ["status", "-c"]);
//! # Ok::<(), supervisor_protocol::getopt::GetoptError>(())
//! ```

use std::ffi::OsString;

use clap::{Arg, Command};

use crate::outside;
use crate::repr::str_repr;

/// A command line taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// The options, in the order given.
    pub occurrences: Vec<Occurrence>,
    /// The first word that is no option and all that follow; after a `--`, all that follow it.
    pub positionals: Vec<String>,
}

/// One option as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The id of the [`clap::Arg`] it belongs to.
    pub id: String,
    /// The spelling that messages show: `-c` as given, a long one in full (`--conf` is `--configuration`).
    pub spelled: String,
    /// The value; none for a flag. Bytes that are no text are kept, as [`outside`] has it.
    pub value: Option<String>,
}

/// A command line that the table does not allow. The texts are Python's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GetoptError {
    /// No such option; a long one as given.
    #[error("option {0} not recognized")]
    NotRecognized(String),
    /// The value is missing; a long option in full.
    #[error("option {0} requires argument")]
    RequiresArgument(String),
    /// A shortened option that could mean several; as given.
    #[error("option {0} not a unique prefix")]
    NotUniquePrefix(String),
    /// A flag with `=value`; in full.
    #[error("option {0} must not have an argument")]
    MustNotHaveArgument(String),
    /// An option that was given before, in whatever spelling.
    #[error("conflicting command line option {}", str_repr(.0))]
    Conflicting(String),
}

impl Parsed {
    /// The last value given for an option.
    pub fn value(&self, id: &str) -> Option<&str> {
        self.all(id).last().and_then(|occurrence| occurrence.value.as_deref())
    }

    /// Whether an option was given.
    pub fn contains(&self, id: &str) -> bool {
        self.all(id).next().is_some()
    }

    /// Each time an option was given.
    pub fn all<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Occurrence> {
        self.occurrences.iter().filter(move |occurrence| occurrence.id == id)
    }
}

/// Takes a command line apart, without the program's name.
///
/// Positional arguments of the table are for the manual only; all words after the options are returned.
///
/// # Errors
///
/// The first option that is unknown, ambiguous, lacks its value or has one it must not have.
pub fn parse<W: Into<OsString>>(table: &Command, words: impl IntoIterator<Item = W>) -> Result<Parsed, GetoptError> {
    parse_with_exact(table, &[], words)
}

/// As [`parse`], where the options with the ids in `exact` are never shortened.
///
/// So an option that Supervisor does not have leaves all abbreviations of those that it has unambiguous.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with_exact<W: Into<OsString>>(
    table: &Command,
    exact: &[&str],
    words: impl IntoIterator<Item = W>,
) -> Result<Parsed, GetoptError> {
    let mut words = words.into_iter().map(|word| outside::text(&word.into()).into_owned());
    let mut parsed = Parsed::default();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if let Some(long) = word.strip_prefix("--") {
            parsed.occurrences.push(parse_long(table, exact, long, &mut words)?);
        } else if let Some(shorts) = word.strip_prefix('-').filter(|shorts| !shorts.is_empty()) {
            parse_shorts(table, shorts, &mut words, &mut parsed.occurrences)?;
        } else {
            parsed.positionals.push(word);
            break;
        }
    }
    parsed.positionals.extend(words);
    Ok(parsed)
}

/// Refuses options given twice, short and long spellings counting as one.
///
/// `except` names the options that may repeat. A program that acts on options from left to right, so that
/// what comes first is reported first, asks [`Repeats`] instead.
///
/// # Errors
///
/// [`GetoptError::Conflicting`] with the spelling of the first repetition.
pub fn reject_repeats(parsed: &Parsed, except: &[&str]) -> Result<(), GetoptError> {
    let mut repeats = Repeats::default();
    let checked = parsed.occurrences.iter().filter(|occurrence| !except.contains(&occurrence.id.as_str()));
    checked.into_iter().try_for_each(|occurrence| repeats.admit(occurrence))
}

/// Remembers which options have been seen.
#[derive(Debug, Default)]
pub struct Repeats<'a> {
    seen: Vec<&'a str>,
}

impl<'a> Repeats<'a> {
    /// Notes an option.
    ///
    /// # Errors
    ///
    /// [`GetoptError::Conflicting`] if it was noted before.
    pub fn admit(&mut self, occurrence: &'a Occurrence) -> Result<(), GetoptError> {
        if self.seen.contains(&occurrence.id.as_str()) {
            return Err(GetoptError::Conflicting(occurrence.spelled.clone()));
        }
        self.seen.push(&occurrence.id);
        Ok(())
    }
}

fn parse_long(
    table: &Command,
    exact: &[&str],
    word: &str,
    words: &mut impl Iterator<Item = String>,
) -> Result<Occurrence, GetoptError> {
    let (name, attached) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word, None),
    };
    let (arg, full) = find_long(table, exact, name)?;
    let spelled = format!("--{full}");
    let value = match (takes_value(arg), attached) {
        (true, Some(value)) => Some(value),
        (true, None) => Some(words.next().ok_or_else(|| GetoptError::RequiresArgument(spelled.clone()))?),
        (false, Some(_)) => return Err(GetoptError::MustNotHaveArgument(spelled)),
        (false, None) => None,
    };
    Ok(Occurrence { id: arg.get_id().to_string(), spelled, value })
}

/// The option with this long name, else the only one with a name that begins so, and the name in full.
///
/// Two names of one option do not make a prefix ambiguous; the first one is then meant.
fn find_long<'a>(table: &'a Command, exact: &[&str], name: &str) -> Result<(&'a Arg, &'a str), GetoptError> {
    let may_be_short = |arg: &Arg| !exact.contains(&arg.get_id().as_str());
    let mut possible = longs(table).filter(|(arg, long)| long.starts_with(name) && may_be_short(arg));
    if let Some(exact) = longs(table).find(|(_, long)| *long == name) {
        return Ok(exact);
    }
    let Some(first) = possible.next() else { return Err(GetoptError::NotRecognized(format!("--{name}"))) };
    if possible.any(|(arg, _)| arg.get_id() != first.0.get_id()) {
        return Err(GetoptError::NotUniquePrefix(format!("--{name}")));
    }
    Ok(first)
}

fn parse_shorts(
    table: &Command,
    bundle: &str,
    words: &mut impl Iterator<Item = String>,
    occurrences: &mut Vec<Occurrence>,
) -> Result<(), GetoptError> {
    let mut rest = bundle.chars();
    while let Some(short) = rest.next() {
        let spelled = format!("-{short}");
        let arg = table.get_arguments().find(|arg| has_short(arg, short));
        let Some(arg) = arg else { return Err(GetoptError::NotRecognized(spelled)) };
        let id = arg.get_id().to_string();
        if !takes_value(arg) {
            occurrences.push(Occurrence { id, spelled, value: None });
            continue;
        }
        // The rest of the bundle is the value, else the next word.
        let value = match rest.as_str() {
            "" => words.next().ok_or_else(|| GetoptError::RequiresArgument(spelled.clone()))?,
            attached => attached.to_owned(),
        };
        occurrences.push(Occurrence { id, spelled, value: Some(value) });
        break;
    }
    Ok(())
}

fn longs(table: &Command) -> impl Iterator<Item = (&Arg, &str)> {
    table.get_arguments().flat_map(|arg| {
        let aliases = arg.get_all_aliases().unwrap_or_default();
        arg.get_long().into_iter().chain(aliases).map(move |long| (arg, long))
    })
}

fn has_short(arg: &Arg, short: char) -> bool {
    arg.get_short() == Some(short) || arg.get_all_short_aliases().unwrap_or_default().contains(&short)
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

#[cfg(test)]
mod tests {
    use clap::ArgAction;

    use super::*;

    fn table() -> Command {
        Command::new("prog")
            .disable_help_flag(true)
            .arg(Arg::new("configuration").short('c').long("configuration").help("config file"))
            .arg(Arg::new("silent").short('s').long("silent").action(ArgAction::SetTrue))
            .arg(Arg::new("nodaemon").short('n').long("nodaemon").action(ArgAction::SetTrue))
            .arg(Arg::new("help").short('h').short_alias('?').long("help").action(ArgAction::SetTrue))
            .arg(Arg::new("logfile").short('l').long("logfile"))
            .arg(Arg::new("logfile_maxbytes").short('y').long("logfile_maxbytes"))
            .arg(Arg::new("loglevel").short('e').long("loglevel"))
            .arg(Arg::new("history_file").short('r').long("history_file").alias("history-file"))
            .arg(Arg::new("minprocs").long("minprocs"))
            .arg(Arg::new("action").action(ArgAction::Append))
    }

    /// `spelled[=value]` for each option, then `|` and the positional words.
    fn shown(words: &[&str]) -> String {
        match parse(&table(), words) {
            Ok(parsed) => {
                let options = parsed.occurrences.iter().map(|occurrence| match &occurrence.value {
                    Some(value) => format!("{}={value}", occurrence.spelled),
                    None => occurrence.spelled.clone(),
                });
                let words: Vec<String> = options.chain(["|".to_owned()]).chain(parsed.positionals.clone()).collect();
                words.join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn options_in_every_form() {
        for (words, expected) in [
            (&[][..], "|"),
            (&["-c", "f"], "-c=f |"),
            (&["-cf"], "-c=f |"),
            (&["-c=f"], "-c==f |"),
            (&["-c", ""], "-c= |"),
            (&["-c", "-n"], "-c=-n |"),
            (&["-c", "--"], "-c=-- |"),
            (&["-nsc", "f"], "-n -s -c=f |"),
            (&["-nscf", "-n"], "-n -s -c=f -n |"),
            (&["-cns"], "-c=ns |"),
            (&["--configuration", "f"], "--configuration=f |"),
            (&["--configuration=f"], "--configuration=f |"),
            (&["--configuration="], "--configuration= |"),
            (&["--configuration=a=b"], "--configuration=a=b |"),
            (&["--conf", "f"], "--configuration=f |"),
            (&["--c=f"], "--configuration=f |"),
            (&["--nodae"], "--nodaemon |"),
            (&["--logfile", "f"], "--logfile=f |"),
            (&["--logfile_", "1"], "--logfile_maxbytes=1 |"),
            (&["--logl", "info"], "--loglevel=info |"),
            (&["-?h"], "-? -h |"),
            (&["--hi", "f"], "--history_file=f |"),
            (&["--history=f"], "--history_file=f |"),
            (&["--history_file=f"], "--history_file=f |"),
            (&["--history-file=f"], "--history-file=f |"),
            (&["-lé"], "-l=é |"),
        ] {
            assert_eq!(shown(words), expected, "{words:?}");
        }
    }

    #[test]
    fn an_exact_option_makes_no_prefix_ambiguous() {
        let table = table().arg(Arg::new("confine").long("confine").action(ArgAction::SetTrue));
        let spelled = |exact: &[&str], word: &str| match parse_with_exact(&table, exact, [word, "f"]) {
            Ok(parsed) => parsed.occurrences.first().map(|occurrence| occurrence.spelled.clone()).unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        assert_eq!(spelled(&[], "--conf"), "option --conf not a unique prefix");
        assert_eq!(spelled(&["confine"], "--conf"), "--configuration");
        assert_eq!(spelled(&["confine"], "--confi"), "--configuration");
        assert_eq!(spelled(&["confine"], "--confin"), "option --confin not recognized");
        assert_eq!(spelled(&["confine"], "--confine"), "--confine");
    }

    #[test]
    fn options_end_at_the_first_other_word() {
        for (words, expected) in [
            (&["status", "-n"][..], "| status -n"),
            (&["-n", "tail", "-100", "web"], "-n | tail -100 web"),
            (&["--", "-n"], "| -n"),
            (&["-n", "--", "--", "x"], "-n | -- x"),
            (&["-", "-n"], "| - -n"),
            (&["", "-n"], "|  -n"),
            (&["foo", "--"], "| foo --"),
        ] {
            assert_eq!(shown(words), expected, "{words:?}");
        }
    }

    #[test]
    fn error_texts() {
        for (words, expected) in [
            (&["--bogus"][..], "option --bogus not recognized"),
            (&["--bogus=1"], "option --bogus not recognized"),
            (&["--silentx"], "option --silentx not recognized"),
            (&["--action"], "option --action not recognized"),
            (&["-Z"], "option -Z not recognized"),
            (&["-nZ"], "option -Z not recognized"),
            (&["-é"], "option -é not recognized"),
            (&["-c"], "option -c requires argument"),
            (&["-nc"], "option -c requires argument"),
            (&["--configuration"], "option --configuration requires argument"),
            (&["--conf"], "option --configuration requires argument"),
            (&["--log"], "option --log not a unique prefix"),
            (&["--log=x"], "option --log not a unique prefix"),
            (&["--h"], "option --h not a unique prefix"),
            (&["--=x"], "option -- not a unique prefix"),
            (&["--silent=1"], "option --silent must not have an argument"),
            (&["--sil=1"], "option --silent must not have an argument"),
            (&["--silent="], "option --silent must not have an argument"),
            (&["-v"], "option -v not recognized"),
            (&["--version"], "option --version not recognized"),
        ] {
            assert_eq!(shown(words), expected, "{words:?}");
        }
    }

    #[test]
    fn repeats_are_found_across_spellings() {
        let repeat = |words: &[&str]| {
            let parsed = parse(&table(), words).unwrap();
            reject_repeats(&parsed, &["help"]).map_err(|error| error.to_string())
        };
        assert_eq!(repeat(&["-n", "-s", "-h", "-?", "--help", "-c", "a"]), Ok(()));
        assert_eq!(repeat(&["-n", "-n"]), Err("conflicting command line option '-n'".to_owned()));
        assert_eq!(repeat(&["-n", "--nodae"]), Err("conflicting command line option '--nodaemon'".to_owned()));
        assert_eq!(repeat(&["-ca", "-n", "-cb", "-n"]), Err("conflicting command line option '-c'".to_owned()));
        assert_eq!(
            repeat(&["--history_file=a", "--history-file=b"]),
            Err("conflicting command line option '--history-file'".to_owned())
        );
    }

    #[test]
    fn lookups() {
        let parsed = parse(&table(), ["-ca", "-n", "-cb"].map(OsString::from)).unwrap();
        assert_eq!(parsed.value("configuration"), Some("b"));
        assert_eq!(parsed.all("configuration").count(), 2);
        assert_eq!((parsed.value("nodaemon"), parsed.contains("nodaemon")), (None, true));
        assert!(!parsed.contains("silent"));
    }
}
