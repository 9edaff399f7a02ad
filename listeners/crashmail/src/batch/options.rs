//! The command line of the batch listeners: the table, and what it means.
//!
//! Pure: words in, a [`Request`] out. Contract ids `ev_s01`, `ev_s19` and `ev_s22`.

use std::ffi::OsString;
use std::fmt::Write as _;

use supervisor_protocol::repr::str_repr;
use supervisor_protocol::text::float;
use supervisor_sdk::smtp::{Login, Message, Server, SmtpError};

use crate::batch::Flavour;
use crate::optparse::{self, Given, Opt, OptError};

/// How much of a mail's text is written to the log, in code points.
const DIGEST: usize = 76;

/// Everything the command line decides.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    /// Recipients.
    pub(crate) to: Vec<String>,
    /// Sender.
    pub(crate) from: String,
    /// Minutes between mails.
    pub(crate) interval: f64,
    /// Subject; no header without one or if it is empty.
    pub(crate) subject: Option<String>,
    /// The event that drives the clock.
    pub(crate) tick_event: String,
    /// `HOST` or `HOST:PORT`, read when mail is sent.
    pub(crate) host: String,
    /// Empty for no login.
    pub(crate) user: String,
    /// Empty for no login.
    pub(crate) password: String,
    /// Encrypt, if there is a login.
    pub(crate) tls: bool,
}

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    /// Collect and mail.
    Run(Options),
    /// `-h`: the help, exit status 0.
    Help,
    /// Sender or recipients are missing: the help, exit status 1.
    Incomplete,
    /// Unusable: the error, exit status 2.
    Bad(OptError),
}

/// The options by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Id {
    Help,
    Interval,
    To,
    From,
    Subject,
    Host,
    Tick,
    User,
    Password,
    Tls,
}

const fn opt(id: Id, short: char, long: &'static str, value: &'static str, help: &'static str) -> Opt<Id> {
    Opt { id, short: Some(short), long, value: Some(value), help }
}

const TABLE: [Opt<Id>; 10] = [
    opt(Id::To, 't', "toEmail", "ADDRESSES", "Send mail to these addresses, separated by commas (required)"),
    opt(Id::From, 'f', "fromEmail", "ADDRESS", "Send mail from this address (required)"),
    opt(Id::Interval, 'i', "interval", "MINUTES", "Send what was collected once in this time [default: 1]"),
    opt(Id::Subject, 's', "subject", "TEXT", "Subject of the mails"),
    opt(Id::Tick, 'e', "tickEvent", "NAME", "The tick event that drives the clock [default: TICK_60]"),
    opt(Id::Host, 'H', "smtpHost", "HOST[:PORT]", "The SMTP server [default: localhost]"),
    opt(Id::User, 'u', "userName", "NAME", "Log in as this user, with the password of -p"),
    opt(Id::Password, 'p', "password", "TEXT", "Log in with this password"),
    Opt { id: Id::Tls, short: None, long: "tls", value: None, help: "Encrypt the connection before logging in" },
    Opt { id: Id::Help, short: Some('h'), long: "help", value: None, help: "Show this text" },
];

/// The help text.
pub(crate) fn help(flavour: Flavour) -> String {
    let purpose = match flavour {
        Flavour::CrashMail => "mails about processes that exit unexpectedly",
        Flavour::FatalMail => "mails about processes that cannot be started",
        Flavour::CrashSms => "mails short messages about processes that exit unexpectedly",
    };
    let events = match flavour {
        Flavour::FatalMail => "PROCESS_STATE_FATAL",
        Flavour::CrashMail | Flavour::CrashSms => "PROCESS_STATE_EXITED",
    };
    let mut text =
        format!("Usage: {} [options]\n\nA Supervisor event listener that {purpose}\n\nOptions:\n", flavour.name());
    for opt in &TABLE {
        let short = opt.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
        let names = format!("{short}--{} {}", opt.long, opt.value.unwrap_or_default());
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {names:<30}{}", opt.help);
    }
    let _ = writeln!(text, "\nSubscribe it to {events} and to one TICK event.");
    text
}

/// Why the words are not read to their end.
enum Stop {
    Help,
    Bad(OptError),
}

impl From<OptError> for Stop {
    fn from(error: OptError) -> Stop {
        Stop::Bad(error)
    }
}

/// Reads the words after the program's name.
pub(crate) fn parse(flavour: Flavour, words: impl IntoIterator<Item = OsString>) -> Request {
    let mut to = String::new();
    let mut options = Options {
        to: Vec::new(),
        from: String::new(),
        interval: 1.0,
        subject: flavour.subject().map(str::to_owned),
        tick_event: "TICK_60".to_owned(),
        host: "localhost".to_owned(),
        user: String::new(),
        password: String::new(),
        tls: false,
    };
    let outcome = optparse::parse(&TABLE, words, |Given { id, spelled, value }| {
        match id {
            Id::Help => return Err(Stop::Help),
            Id::Interval => {
                let no_float = || OptError::NoFloat { spelled, value: str_repr(&value) };
                options.interval = float(&value).ok_or_else(no_float)?;
            }
            Id::To => to = value,
            Id::From => options.from = value,
            Id::Subject => options.subject = Some(value),
            Id::Host => options.host = value,
            Id::Tick => options.tick_event = value,
            Id::User => options.user = value,
            Id::Password => options.password = value,
            Id::Tls => options.tls = true,
        }
        Ok(())
    });
    match outcome {
        Err(Stop::Help) => return Request::Help,
        Err(Stop::Bad(error)) => return Request::Bad(error),
        Ok(()) if to.is_empty() || options.from.is_empty() => return Request::Incomplete,
        Ok(()) => {}
    }
    options.to = to.split(',').map(|address| address.trim().to_owned()).collect();
    Request::Run(options)
}

impl Options {
    /// The server, with a login if user and password are given, and with TLS only then.
    ///
    /// # Errors
    /// The text of `-H` is no server.
    pub(crate) fn server(&self) -> Result<Server, SmtpError> {
        let login = (!self.user.is_empty() && !self.password.is_empty())
            .then(|| Login { user: self.user.clone(), password: self.password.clone() });
        Ok(Server { starttls: self.tls && login.is_some(), login, ..Server::parse(&self.host)? })
    }

    /// The mail with this text.
    pub(crate) fn message(&self, body: &str) -> Message {
        let subject = self.subject.clone().filter(|subject| !subject.is_empty());
        Message { from: self.from.clone(), to: self.to.clone(), subject, body: body.to_owned() }
    }

    /// What the log keeps of a mail, whether it could be sent or not.
    pub(crate) fn digest(&self, body: &str) -> String {
        let (to, from) = (self.to.join(", "), &self.from);
        let subject = self.subject.as_deref().unwrap_or("None");
        let (text, dots) = match body.char_indices().nth(DIGEST) {
            Some((end, _)) => (body.get(..end).unwrap_or(body), "..."),
            None => (body, ""),
        };
        format!("Sending notification email:\nTo: {to}\nFrom: {from}\nSubject: {subject}\nBody:\n{text}{dots}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(flavour: Flavour, words: &[&str]) -> Request {
        parse(flavour, words.iter().map(OsString::from))
    }

    fn run(flavour: Flavour, words: &[&str]) -> Options {
        match of(flavour, words) {
            Request::Run(options) => options,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    fn error(words: &[&str]) -> String {
        match of(Flavour::CrashMail, words) {
            Request::Bad(error) => error.to_string(),
            other => panic!("{words:?}: {other:?}"),
        }
    }

    #[test]
    fn options_mean_what_they_do_in_superlance() {
        let options = run(Flavour::CrashMail, &["-t", "a@x, b@y ,", "pos", "--from=Me <me@x>"]);
        assert_eq!(options.to, ["a@x", "b@y", ""]);
        assert_eq!(options.subject.as_deref(), Some("Crash alert from supervisord"));
        assert_eq!((options.interval, options.tick_event.as_str()), (1.0, "TICK_60"));
        let server = options.server().unwrap();
        assert_eq!(server, Server { host: "localhost".into(), port: 25, starttls: false, login: None });

        let words = ["-ta", "-fb", "-i", " 1_0.5 ", "-eTICK_5", "-Hh:587", "-u", "bob", "-p", "pw", "--tls", "-sS"];
        let options = run(Flavour::FatalMail, &words);
        assert_eq!((options.interval, options.tick_event.as_str()), (10.5, "TICK_5"));
        let login = Login { user: "bob".into(), password: "pw".into() };
        let server = Server { host: "h".into(), port: 587, starttls: true, login: Some(login) };
        assert_eq!(options.server().unwrap(), server);
        assert_eq!(options.message("x").subject.as_deref(), Some("S"));
    }

    #[test]
    fn tls_needs_a_login() {
        for words in [&["--tls"][..], &["--tls", "-u", "bob"], &["--tls", "-p", "pw"]] {
            let words = [&["-ta", "-fb"], words].concat();
            let server = run(Flavour::CrashMail, &words).server().unwrap();
            assert!(!server.starttls && server.login.is_none(), "{words:?}");
        }
    }

    #[test]
    fn endings_are_those_of_optparse() {
        assert_eq!(of(Flavour::CrashSms, &[]), Request::Incomplete);
        assert_eq!(of(Flavour::CrashSms, &["-t", "a"]), Request::Incomplete);
        assert_eq!(of(Flavour::CrashSms, &["-t", "", "-f", "b"]), Request::Incomplete);
        assert_eq!(of(Flavour::CrashSms, &["-h", "-x"]), Request::Help);
        assert_eq!(error(&["-x", "-h"]), "no such option: -x");
        assert_eq!(error(&["-i", "abc"]), "option -i: invalid floating-point value: 'abc'");
        assert_eq!(error(&["--inter=0x10", "-h"]), "option --interval: invalid floating-point value: '0x10'");
        assert_eq!(error(&["-i1__0"]), "option -i: invalid floating-point value: '1__0'");
        assert_eq!(error(&["-i_1"]), "option -i: invalid floating-point value: '_1'");
    }

    #[test]
    fn the_log_keeps_76_code_points() {
        let options = run(Flavour::CrashMail, &["-t", "a@x,b@y", "-f", "me@x"]);
        let head = "Sending notification email:\nTo: a@x, b@y\nFrom: me@x\nSubject: Crash alert from supervisord\n";
        assert_eq!(options.digest(&"é".repeat(76)), format!("{head}Body:\n{}\n", "é".repeat(76)));
        assert_eq!(options.digest(&"é".repeat(77)), format!("{head}Body:\n{}...\n", "é".repeat(76)));
        let subject = |words: &[&str]| run(Flavour::CrashSms, &[&["-ta", "-fb"], words].concat()).digest("x");
        assert!(subject(&[]).contains("\nSubject: None\n"));
        assert!(subject(&["-s", ""]).contains("\nSubject: \n"));
        assert_eq!(run(Flavour::CrashMail, &["-ta", "-fb", "-s", ""]).message("x").subject, None);
    }

    #[test]
    fn the_help_names_every_option() {
        let text = help(Flavour::CrashSms);
        assert!(text.starts_with("Usage: crashsms [options]\n\n"));
        assert!(TABLE.iter().all(|opt| text.contains(&format!("--{} ", opt.long))), "{text}");
    }
}
