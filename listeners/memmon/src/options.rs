//! The command line, in superlance's dialect: getopt rules, sizes with two-letter suffixes, error texts.
//!
//! Pure: words in, a [`Request`] out. Contract ids `ev_s01` and `ev_s02`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};
use supervisor_protocol::getopt;
use supervisor_protocol::repr::str_repr;
use supervisor_protocol::text::int;
use supervisor_sdk::mail::SENDMAIL;

use crate::policy::Limits;

/// Everything the command line decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// Count the memory of descendants too.
    pub(crate) cumulative: bool,
    /// The limits.
    pub(crate) limits: Limits,
    /// Mail command, a shell line.
    pub(crate) sendmail: String,
    /// Where mail goes; none is sent without it.
    pub(crate) email: Option<String>,
    /// Restarts of processes that were up for longer (in seconds) are not mailed.
    pub(crate) uptime_limit: Option<i64>,
    /// A tag for subjects.
    pub(crate) name: Option<String>,
}

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Watch.
    Run(Options),
    /// `-h`: the usage text, exit status 0.
    Help,
    /// Unusable: this line, if any, then the usage text, exit status 255.
    Usage(Option<String>),
}

/// The table of options, from which the usage text is made.
pub(crate) fn table() -> Command {
    let option = |id: &'static str, short, value: &'static str, help: &'static str| {
        Arg::new(id).short(short).long(id).value_name(value).help(help)
    };
    Command::new("memmon")
        .about("A Supervisor event listener that restarts processes which use too much memory")
        .after_help(
            "Subscribe it to one TICK event. SIZE is in bytes, or with a suffix KB, MB or GB; TIME is in seconds, \
             or with a suffix s, m, h or d. -p and -g may be given several times.",
        )
        .override_usage("memmon [OPTIONS]")
        .disable_help_flag(true)
        .arg(
            Arg::new("cumulative")
                .short('c')
                .long("cumulative")
                .action(ArgAction::SetTrue)
                .help("Count the memory of a process together with that of all its descendants"),
        )
        .arg(option("program", 'p', "NAME=SIZE", "Limit of one process, named 'name' or 'group:name'"))
        .arg(option("group", 'g', "NAME=SIZE", "Limit of each process of a group"))
        .arg(option("any", 'a', "SIZE", "Limit of every process"))
        .arg(option("sendmail_program", 's', "COMMAND", "Command that sends the mail it reads on its input"))
        .arg(option("email", 'm', "ADDRESS", "Send mail about restarts to this address"))
        .arg(option("uptime", 'u', "TIME", "Send no mail about a process that was up for longer than this"))
        .arg(option("name", 'n', "TEXT", "Put this into subjects, to tell several memmons apart"))
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::SetTrue).help("Show this text"))
}

/// Reads the words after the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Request {
    let mut words = words.into_iter().peekable();
    if words.peek().is_none() {
        return Request::Usage(None);
    }
    let Ok(parsed) = getopt::parse(&table(), words) else { return Request::Usage(None) };
    let mut options = Options {
        cumulative: false,
        limits: Limits::default(),
        sendmail: SENDMAIL.to_owned(),
        email: None,
        uptime_limit: None,
        name: None,
    };
    for occurrence in &parsed.occurrences {
        let value = occurrence.value.clone().unwrap_or_default();
        let spelled = occurrence.spelled.as_str();
        match occurrence.id.as_str() {
            "help" => return Request::Help,
            "cumulative" => options.cumulative = true,
            "sendmail_program" => options.sendmail = value,
            "email" => options.email = Some(value),
            "name" => options.name = Some(value),
            id => {
                if let Err(line) = set_quantity(&mut options, id, spelled, &value) {
                    return Request::Usage(Some(line));
                }
            }
        }
    }
    Request::Run(options)
}

/// The options whose values are numbers.
fn set_quantity(options: &mut Options, id: &str, spelled: &str, value: &str) -> Result<(), String> {
    match id {
        "program" | "group" => {
            let (name, bytes) = name_and_size(spelled, value)?;
            let limits = if id == "group" { &mut options.limits.groups } else { &mut options.limits.programs };
            limits.insert(name, bytes);
        }
        "any" => options.limits.any = Some(size(spelled, value)?),
        _ => {
            let seconds = multiplied(value, &[("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]);
            let unusable = || format!("Unparseable value for time in {} for {spelled}", str_repr(value));
            options.uptime_limit = Some(seconds.ok_or_else(unusable)?);
        }
    }
    Ok(())
}

fn name_and_size(spelled: &str, value: &str) -> Result<(String, i64), String> {
    match value.split_once('=') {
        Some((name, bytes)) if !bytes.contains('=') => Ok((name.to_owned(), size(spelled, bytes)?)),
        _ => Err(format!("Unparseable value {} for {}", str_repr(value), str_repr(spelled))),
    }
}

fn size(spelled: &str, value: &str) -> Result<i64, String> {
    multiplied(value, &[("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30)])
        .ok_or_else(|| format!("Unparseable byte_size in {} for {}", str_repr(value), str_repr(spelled)))
}

/// A whole number with at most one of the suffixes, in any case. Numbers beyond 64 bits are the largest one.
fn multiplied(text: &str, suffixes: &[(&str, i64)]) -> Option<i64> {
    let text = text.to_lowercase();
    let with_suffix = suffixes.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)));
    let (number, factor) = with_suffix.unwrap_or((&text, 1));
    int(number, 10).map(|number| number.saturating_mul(factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Request {
        parse(words.iter().map(OsString::from))
    }

    fn run(words: &[&str]) -> Options {
        match of(words) {
            Request::Run(options) => options,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    fn complaint(words: &[&str]) -> String {
        match of(words) {
            Request::Usage(Some(line)) => line,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    #[test]
    fn options_mean_what_they_do_in_superlance() {
        let options =
            run(&["-cp", "foo=1MB", "--gro=g=2kb", "--any", "10", "-s", "cat", "-m", "me@x", "-u1m", "-n", "T"]);
        assert!(options.cumulative);
        assert_eq!(options.limits.programs, [("foo".to_owned(), 1 << 20)].into());
        assert_eq!(options.limits.groups, [("g".to_owned(), 2048)].into());
        assert_eq!(options.limits.any, Some(10));
        assert_eq!((options.sendmail.as_str(), options.email.as_deref()), ("cat", Some("me@x")));
        assert_eq!((options.uptime_limit, options.name.as_deref()), (Some(60), Some("T")));
        assert_eq!(run(&["-p", "foo=1"]).name, None);
        assert_eq!(run(&["--sendmail=x", "ignored"]).sendmail, "x");
        assert_eq!(run(&["-c"]).sendmail, "/usr/sbin/sendmail -t -i");
    }

    #[test]
    fn unusable_command_lines_show_the_usage() {
        assert_eq!(of(&[]), Request::Usage(None));
        assert_eq!(of(&["--groupname", "x=1"]), Request::Usage(None));
        assert_eq!(of(&["-p"]), Request::Usage(None));
        assert_eq!(of(&["-a", "1", "-h"]), Request::Help);
        assert_eq!(complaint(&["-p", "foo", "-h"]), "Unparseable value 'foo' for '-p'");
        assert_eq!(complaint(&["-g", "a=b=1"]), "Unparseable value 'a=b=1' for '-g'");
        assert_eq!(complaint(&["-a", "10XB"]), "Unparseable byte_size in '10XB' for '-a'");
        assert_eq!(complaint(&["--prog", "a=1TB"]), "Unparseable byte_size in '1TB' for '--program'");
        assert_eq!(complaint(&["-u", "1y"]), "Unparseable value for time in '1y' for -u");
        assert_eq!(complaint(&["--upt=1.5h"]), "Unparseable value for time in '1.5h' for --uptime");
    }

    #[test]
    fn sizes_are_integers_with_a_suffix() {
        for (text, bytes) in [("1", 1), ("1 KB", 1024), ("-1mb", -(1 << 20)), (" 1_0gB", 10 << 30), ("+0", 0)] {
            assert_eq!(size("-a", text), Ok(bytes), "{text}");
        }
        assert_eq!(size("-a", "99999999999999999999GB"), Ok(i64::MAX));
        for text in ["", "KB", "1K", "1B", "1.5MB", "0x10", "1__0", "_1", "1_", "--1", "- 1"] {
            assert!(size("-a", text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_usage_names_every_option() {
        let usage = table().render_help().to_string();
        for option in table().get_arguments() {
            let long = format!("--{}", option.get_long().unwrap());
            assert!(usage.contains(&long), "{long} in {usage}");
        }
        table().debug_assert();
    }
}
