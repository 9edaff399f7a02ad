//! The command line, in superlance's dialect.
//!
//! Pure: words in, a [`Request`] out. Contract ids `ev_s01`, `ev_s02` and `ev_s10`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};
use supervisor_protocol::getopt;
use supervisor_protocol::text::{int, int_error};
use supervisor_sdk::mail::SENDMAIL;

/// Everything the command line decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// Names given by `-p`, in order.
    pub(crate) programs: Vec<String>,
    /// Restart every running process instead.
    pub(crate) any: bool,
    /// Seconds that one socket operation may take.
    pub(crate) timeout: i64,
    /// Accepted status codes.
    pub(crate) statuses: Vec<i64>,
    /// What the body must contain; an empty text is in every body.
    pub(crate) in_body: String,
    /// Mail command, a shell line.
    pub(crate) sendmail: String,
    /// Where mail goes; none is sent without it.
    pub(crate) email: Option<String>,
    /// The core dump command; two words are added to it.
    pub(crate) gcore: String,
    /// Where core dumps go; none are made without it.
    pub(crate) core_dir: Option<String>,
    /// Check even if no monitored process runs.
    pub(crate) eager: bool,
    /// A tag for subjects.
    pub(crate) name: Option<String>,
    /// An https server must have a valid certificate. Ours.
    pub(crate) verify: bool,
    /// What to get.
    pub(crate) url: String,
}

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Watch.
    Run(Box<Options>),
    /// `-h`: the usage text, exit status 0.
    Help,
    /// Unusable: the usage text, exit status 255.
    Usage,
    /// A number that is none: this line on standard error, exit status 1.
    BadNumber(String),
}

/// The table of options, from which the usage text is made.
pub(crate) fn table() -> Command {
    let option = |id: &'static str, short, value: &'static str, help: &'static str| {
        Arg::new(id).short(short).long(id).value_name(value).help(help)
    };
    let flag = |id: &'static str, short, help: &'static str| {
        Arg::new(id).short(short).long(id).action(ArgAction::SetTrue).help(help)
    };
    Command::new("httpok")
        .about("A Supervisor event listener that restarts processes when a URL does not answer as it should")
        .after_help("Subscribe it to one TICK event. -p and -c may be given several times.")
        .override_usage("httpok [OPTIONS] URL")
        .disable_help_flag(true)
        .arg(option("program", 'p', "NAME", "Restart this process, 'name' or 'group:name', if it is RUNNING"))
        .arg(flag("any", 'a', "Restart every RUNNING process, whatever -p says"))
        .arg(option("timeout", 't', "SECONDS", "How long to wait for the server each time [default: 10]"))
        .arg(option("code", 'c', "STATUS", "Accept this status code [default: 200]"))
        .arg(option("body", 'b', "TEXT", "The body must contain this text"))
        .arg(option("sendmail_program", 's', "COMMAND", "Command that sends the mail it reads on its input"))
        .arg(option("email", 'm', "ADDRESS", "Send mail about restarts to this address"))
        .arg(option("gcore", 'g', "COMMAND", "Core dump command, given a file and a pid [default: /usr/bin/gcore -o]"))
        .arg(option("coredir", 'd', "DIRECTORY", "Dump core of a process here before it is restarted"))
        .arg(flag("eager", 'e', "Check even if no process to restart is RUNNING (the default)"))
        .arg(flag("not-eager", 'E', "Check only if a process to restart is RUNNING"))
        .arg(option("name", 'n', "TEXT", "Put this into subjects, to tell several httpoks apart"))
        .arg(
            Arg::new("verify")
                .long("verify")
                .action(ArgAction::SetTrue)
                .help("An https server must have a certificate that this system trusts"),
        )
        .arg(flag("help", 'h', "Show this text"))
        .arg(Arg::new("URL").help("The http or https URL to get"))
}

/// Reads the words after the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Request {
    let Ok(parsed) = getopt::parse(&table(), words) else { return Request::Usage };
    if parsed.contains("help") {
        return Request::Help;
    }
    let [url] = parsed.positionals.as_slice() else { return Request::Usage };
    let mut options = Options {
        programs: Vec::new(),
        any: false,
        timeout: 10,
        statuses: Vec::new(),
        in_body: String::new(),
        sendmail: SENDMAIL.to_owned(),
        email: None,
        gcore: "/usr/bin/gcore -o".to_owned(),
        core_dir: None,
        eager: true,
        name: None,
        verify: false,
        url: url.clone(),
    };
    for occurrence in &parsed.occurrences {
        let value = occurrence.value.clone().unwrap_or_default();
        match occurrence.id.as_str() {
            "program" => options.programs.push(value),
            "any" => options.any = true,
            "body" => options.in_body = value,
            "sendmail_program" => options.sendmail = value,
            "email" => options.email = Some(value),
            "gcore" => options.gcore = value,
            "coredir" => options.core_dir = Some(value),
            "eager" => options.eager = true,
            "not-eager" => options.eager = false,
            "verify" => options.verify = true,
            "name" => options.name = Some(value),
            id => match (int(&value, 10), id) {
                (Some(seconds), "timeout") => options.timeout = seconds,
                (Some(status), _) => options.statuses.push(status),
                (None, _) => {
                    return Request::BadNumber(int_error(&value));
                }
            },
        }
    }
    if options.statuses.is_empty() {
        options.statuses.push(200);
    }
    Request::Run(Box::new(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Request {
        parse(words.iter().map(OsString::from))
    }

    fn run(words: &[&str]) -> Options {
        match of(words) {
            Request::Run(options) => *options,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    #[test]
    fn options_mean_what_they_do_in_superlance() {
        let options = run(&["-p", "a", "--prog=g:b", "-aE", "-t", "5", "-c204", "-c", " 30２ ", "-b", "x", "http://h"]);
        assert_eq!(options.programs, ["a", "g:b"]);
        assert!(options.any && !options.eager);
        assert_eq!((options.timeout, options.statuses, options.in_body.as_str()), (5, vec![204, 302], "x"));
        let options = run(&["-E", "-e", "-s", "cat", "-m", "me@x", "-g", "dump", "-d", "/tmp", "-n", "T", "http://h"]);
        assert!(options.eager);
        assert_eq!((options.sendmail.as_str(), options.email.as_deref()), ("cat", Some("me@x")));
        assert_eq!((options.gcore.as_str(), options.core_dir.as_deref()), ("dump", Some("/tmp")));
        let options = run(&["http://h"]);
        assert_eq!((options.timeout, options.statuses, options.url.as_str()), (10, vec![200], "http://h"));
        assert_eq!(options.gcore, "/usr/bin/gcore -o");
        assert!(!options.verify && run(&["--verify", "https://h"]).verify);
    }

    #[test]
    fn unusable_command_lines_end_as_in_superlance() {
        assert_eq!(of(&[]), Request::Usage);
        assert_eq!(of(&["http://a", "http://b"]), Request::Usage);
        assert_eq!(of(&["-x", "http://a"]), Request::Usage);
        assert_eq!(of(&["-h"]), Request::Help);
        assert_eq!(of(&["-t", "abc"]), Request::Usage);
        let bad = Request::BadNumber("invalid literal for int() with base 10: 'abc'".into());
        assert_eq!(of(&["-t", "abc", "http://a"]), bad);
        assert_eq!(of(&["-c", "abc", "http://a"]), bad);
        table().debug_assert();
    }
}
