//! The command line, in superlance's dialect.
//!
//! Pure: words in, a [`Request`] out. Contract ids `ev_s01`, `ev_s02` and `ev_s16`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};
use supervisor_protocol::getopt;

/// Everything the command line decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    /// Report only these processes, `name` or `group:name`; empty for all.
    pub(crate) programs: Vec<String>,
    /// Report every process, whatever `programs` says.
    pub(crate) any: bool,
    /// Put before the subject.
    pub(crate) optional_header: Option<String>,
    /// Mail command, a shell line; the usual one if not given.
    pub(crate) sendmail: Option<String>,
    /// Where mail goes.
    pub(crate) email: Option<String>,
}

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Watch.
    Run(Options),
    /// `-h`: the usage text, exit status 0.
    Help,
    /// Unusable: the usage text, exit status 255.
    Usage,
}

/// The table of options, from which the usage text is made.
pub(crate) fn table() -> Command {
    let option = |id: &'static str, short, value: &'static str, help: &'static str| {
        Arg::new(id).short(short).long(id).value_name(value).help(help)
    };
    let flag = |id: &'static str, short, help: &'static str| {
        Arg::new(id).short(short).long(id).action(ArgAction::SetTrue).help(help)
    };
    Command::new("crashmail")
        .about("A Supervisor event listener that sends mail when a process exits unexpectedly")
        .after_help(
            "Subscribe it to PROCESS_STATE_EXITED. Without -m and -s nothing is sent, and crashes are only logged. \
             -p may be given several times.",
        )
        .override_usage("crashmail [OPTIONS]")
        .disable_help_flag(true)
        .arg(option("program", 'p', "NAME", "Report only this process, 'name' or 'group:name'"))
        .arg(flag("any", 'a', "Report every process, whatever -p says"))
        .arg(option("optionalheader", 'o', "TEXT", "Begin the subject with this text and a colon"))
        .arg(option("sendmail_program", 's', "COMMAND", "Command that sends the mail it reads on its input"))
        .arg(option("email", 'm', "ADDRESS", "Send mail to this address"))
        .arg(flag("help", 'h', "Show this text"))
}

/// Reads the words after the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Request {
    let Ok(parsed) = getopt::parse(&table(), words) else { return Request::Usage };
    let mut options = Options::default();
    for occurrence in parsed.occurrences {
        let value = occurrence.value;
        match occurrence.id.as_str() {
            "help" => return Request::Help,
            "program" => options.programs.extend(value),
            "any" => options.any = true,
            // An empty header is as good as none.
            "optionalheader" => options.optional_header = value.filter(|text| !text.is_empty()),
            "sendmail_program" => options.sendmail = value,
            _ => options.email = value,
        }
    }
    Request::Run(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Request {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn options_mean_what_they_do_in_superlance() {
        let words = ["-p", "a", "--program=g:b", "-a", "-o", "HOST", "--sendmail", "cat", "-mme@x", "ignored"];
        let expected = Options {
            programs: vec!["a".into(), "g:b".into()],
            any: true,
            optional_header: Some("HOST".into()),
            sendmail: Some("cat".into()),
            email: Some("me@x".into()),
        };
        assert_eq!(of(&words), Request::Run(expected));
        assert_eq!(of(&[]), Request::Run(Options::default()));
        assert_eq!(of(&["-o", ""]), Request::Run(Options::default()));
    }

    #[test]
    fn unusable_command_lines_show_the_usage() {
        assert_eq!(of(&["-x"]), Request::Usage);
        assert_eq!(of(&["-m"]), Request::Usage);
        assert_eq!(of(&["--help"]), Request::Help);
        table().debug_assert();
    }
}
