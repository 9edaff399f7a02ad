//! The command line, in superlance's dialect.
//!
//! Pure: words in, a [`Request`] out. Contract ids `ev_s01`, `ev_s02` and `ev_s16`. The options for SMTP are
//! ours; none of them begins with a letter of another, so that every shortened option still means what it did.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};
use supervisor_protocol::getopt;
use supervisor_sdk::smtp::Server;

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
    /// Send mail by SMTP instead of a command.
    pub(crate) relay: Option<Relay>,
}

/// How mail goes by SMTP; [`Options::email`] is then given, and no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relay {
    /// The server, without a login.
    pub(crate) server: Server,
    /// The sender.
    pub(crate) from: String,
    /// Whom to log in as; the password is not a matter of the command line.
    pub(crate) user: Option<String>,
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
             -p may be given several times. --relay needs -m and --from; the password of --user is taken from \
             SMTP_PASSWORD in the environment.",
        )
        .override_usage("crashmail [OPTIONS]")
        .disable_help_flag(true)
        .arg(option("program", 'p', "NAME", "Report only this process, 'name' or 'group:name'"))
        .arg(flag("any", 'a', "Report every process, whatever -p says"))
        .arg(option("optionalheader", 'o', "TEXT", "Begin the subject with this text and a colon"))
        .arg(option("sendmail_program", 's', "COMMAND", "Command that sends the mail it reads on its input"))
        .arg(option("email", 'm', "ADDRESS", "Send mail to this address"))
        .arg(Arg::new("relay").long("relay").value_name("HOST[:PORT]").help("Send mail by SMTP, through this server"))
        .arg(Arg::new("from").long("from").value_name("ADDRESS").help("Send mail by SMTP from this address"))
        .arg(Arg::new("user").long("user").value_name("NAME").help("Log in to the SMTP server as this user"))
        .arg(Arg::new("tls").long("tls").action(ArgAction::SetTrue).help("Encrypt the SMTP connection by STARTTLS"))
        .arg(flag("help", 'h', "Show this text"))
}

/// Reads the words after the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Request {
    let Ok(parsed) = getopt::parse(&table(), words) else { return Request::Usage };
    let mut options = Options::default();
    let (mut host, mut from, mut user, mut tls) = (None, None, None, false);
    for occurrence in parsed.occurrences {
        let value = occurrence.value;
        match occurrence.id.as_str() {
            "help" => return Request::Help,
            "program" => options.programs.extend(value),
            "any" => options.any = true,
            // An empty header is as good as none.
            "optionalheader" => options.optional_header = value.filter(|text| !text.is_empty()),
            "sendmail_program" => options.sendmail = value,
            "email" => options.email = value,
            "relay" => host = value,
            "from" => from = value,
            "user" => user = value,
            _ => tls = true,
        }
    }
    options.relay = match (host, from) {
        (None, None) if user.is_none() && !tls => None,
        (Some(host), Some(from)) if options.email.is_some() && options.sendmail.is_none() => {
            let Ok(server) = Server::parse(&host) else { return Request::Usage };
            Some(Relay { server: Server { starttls: tls, ..server }, from, user })
        }
        _ => return Request::Usage,
    };
    Request::Run(Box::new(options))
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
            relay: None,
        };
        assert_eq!(of(&words), Request::Run(Box::new(expected)));
        assert_eq!(of(&[]), Request::Run(Box::default()));
        assert_eq!(of(&["-o", ""]), Request::Run(Box::default()));
    }

    #[test]
    fn smtp_needs_a_server_a_sender_and_a_recipient() {
        let Request::Run(options) = of(&["-m", "me@x", "--relay", "mail:587", "--from", "it@x", "--user=bob", "--tls"])
        else {
            panic!("refused");
        };
        let server = Server { host: "mail".into(), port: 587, starttls: true, login: None };
        assert_eq!(options.relay, Some(Relay { server, from: "it@x".into(), user: Some("bob".into()) }));
        for words in [
            &["--relay", "mail", "--from", "it@x"][..],
            &["--relay", "mail", "-m", "me@x"],
            &["--relay", "mail:x", "--from", "it@x", "-m", "me@x"],
            &["--relay", "mail", "--from", "it@x", "-m", "me@x", "-s", "cat"],
            &["--tls", "-m", "me@x"],
            &["--user", "bob"],
            &["--from", "it@x"],
        ] {
            assert_eq!(of(words), Request::Usage, "{words:?}");
        }
    }

    #[test]
    fn shortened_options_mean_what_they_did() {
        let words = ["--p=a", "--a", "--o=H", "--s=cat", "--e=me@x"];
        let Request::Run(options) = of(&words) else { panic!("refused") };
        assert_eq!((options.programs.as_slice(), options.any), (&["a".to_owned()][..], true));
        assert_eq!(of(&["--h"]), Request::Help);
    }

    #[test]
    fn unusable_command_lines_show_the_usage() {
        assert_eq!(of(&["-x"]), Request::Usage);
        assert_eq!(of(&["-m"]), Request::Usage);
        assert_eq!(of(&["--help"]), Request::Help);
        table().debug_assert();
    }
}
