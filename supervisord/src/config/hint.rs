//! How to mend a mistake: the sentence beside its text.
//!
//! The texts of mistakes are the contract's, word for word; these are ours, and stand on a line of their own.

use supervisor_protocol::event::EventKind;
use supervisor_protocol::ini::dialect::DialectError;
use supervisor_protocol::ini::expand::ExpandError;

use super::closest::closest;
use super::environment::EnvironmentError;
use super::error::{Cause, ConfigError, SocketProblem};
use super::report::advice;
use super::value::ValueError;

impl ConfigError {
    /// What to write instead, or what may have been meant.
    pub fn hint(&self) -> Option<String> {
        self.kept_hint().cloned().or_else(|| of_cause(self.cause()))
    }

    /// Where it is, and what to write instead: `FILE:LINE: [SECTION] KEY: HINT`, as far as either is known.
    pub fn advice(&self) -> Option<String> {
        advice(self.place(), self.hint())
    }
}

fn of_cause(cause: &Cause) -> Option<String> {
    Some(match cause {
        Cause::Dialect(error) => return of_dialect(error),
        Cause::Expand(ExpandError::UnknownName { name, available, .. }) => {
            // What has a blank in it is no name but stands for many.
            let known = available.iter().map(String::as_str).filter(|known| !known.contains(' '));
            match (closest(name, known), name.strip_prefix("ENV_")) {
                (Some(known), _) => format!("did you mean %({known})s?"),
                (None, Some(variable)) => format!("set {variable} in the environment in which supervisord is started"),
                (None, None) => "a percent sign that is no expansion is written %%".to_owned(),
            }
        }
        Cause::Expand(ExpandError::Malformed { .. }) => {
            "write %(NAME)s for an expansion, and %% for a percent sign".to_owned()
        }
        Cause::Value(error) => return of_value(error),
        Cause::Canonical(_) => return None,
        Cause::NoDaemonSection => "add a section [supervisord], even an empty one".to_owned(),
        Cause::NoIncludeFiles => "write files = PATTERN, or remove the section".to_owned(),
        Cause::NoFactory { .. } => {
            "write supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface".to_owned()
        }
        Cause::Unresolvable { section, .. } if section.starts_with("rpcinterface:") => {
            "this supervisord runs no Python code; remove the section, or start with --ignore-plugins to go on without it"
                .to_owned()
        }
        Cause::Unresolvable { .. } => "this supervisord runs no Python code; it knows supervisor.dispatchers:default_handler \
                                       and supervisor_stdout:event_handler"
            .to_owned(),
        Cause::UnknownMember { name, .. } => format!("add a section [program:{name}], or correct the name"),
        Cause::AmbiguousMember { .. } => "give one of the two another name".to_owned(),
        Cause::NoCommand { .. } => "write command = PROGRAM ARGUMENTS".to_owned(),
        Cause::NoProcessNum => "write process_name = %(program_name)s_%(process_num)02d".to_owned(),
        Cause::TooManyProcesses(_) => "write a number of processes that a system can run".to_owned(),
        Cause::StopButNotKillGroup => "set killasgroup = true, or leave it out".to_owned(),
        Cause::BufferSize { .. } => "write a number of events from 1, or leave it out".to_owned(),
        Cause::NoEvents { .. } => "write events = PROCESS_STATE, for example".to_owned(),
        Cause::UnknownEvent { name, .. } => {
            match closest(name, EventKind::ALL.iter().map(|kind| kind.name())) {
                Some(known) => format!("did you mean {known}?"),
                None => "docs/listeners.md lists the events; EVENT stands for all of them".to_owned(),
            }
        }
        Cause::RedirectedListener { .. } => "remove redirect_stderr: standard output belongs to the protocol".to_owned(),
        Cause::NoSocket { .. } => "write socket = unix:///PATH or tcp://HOST:PORT".to_owned(),
        Cause::Socket { problem, .. } => match problem {
            SocketProblem::Relative(_) => "write the path from the root, as in unix:///run/app.sock".to_owned(),
            SocketProblem::Format(_) => "write unix:///PATH or tcp://HOST:PORT".to_owned(),
            SocketProblem::NotUnix => "remove both, or use a unix:///PATH socket".to_owned(),
            SocketProblem::Port(error) => return of_value(error),
        },
        Cause::NoPort { .. } => "write port = 127.0.0.1:9001, for example".to_owned(),
        Cause::NoFile { .. } => "write file = /run/supervisor.sock, for example".to_owned(),
        Cause::HalfAuthentication { .. } => "set both, or neither".to_owned(),
    })
}

fn of_dialect(error: &DialectError) -> Option<String> {
    Some(match error {
        DialectError::NoSectionHeaders { line, .. } => {
            format!("line {line} stands before any [section]; put a header such as [supervisord] above it")
        }
        DialectError::Parsing { .. } => "write KEY = VALUE, and indent the further lines of a long value".to_owned(),
        DialectError::Undecodable(_) => "save the file as UTF-8, with iconv -f LATIN1 -t UTF-8 for example".to_owned(),
    })
}

fn of_value(error: &ValueError) -> Option<String> {
    Some(match error {
        ValueError::Int(_) => "write a whole number; a size may end in KB, MB or GB".to_owned(),
        ValueError::Boolean(_) => "write true or false".to_owned(),
        ValueError::Octal(_) => "write an octal number, such as 022".to_owned(),
        ValueError::Level(word) => {
            const LEVELS: [&str; 7] = ["critical", "error", "warn", "info", "debug", "trace", "blather"];
            match closest(&word.to_lowercase(), LEVELS) {
                Some(known) => format!("did you mean {known}?"),
                None => format!("write one of {}", LEVELS.join(", ")),
            }
        }
        ValueError::NoDirectory(_) | ValueError::NoParentDirectory(_) => {
            "make the directory, or name one that exists".to_owned()
        }
        ValueError::SignalName(_) | ValueError::SignalNumber(_) => "write a signal such as TERM, INT or 15".to_owned(),
        ValueError::UserName(_) | ValueError::UserId(_) => "name a user whom this system knows".to_owned(),
        ValueError::Refused { option, .. } => match *option {
            "chmod" | "socket_mode" => "write an octal number, such as 0700",
            "socket_backlog" => "write a number from 1 to 65535",
            _ => "write USER or USER:GROUP, both known to this system",
        }
        .to_owned(),
        ValueError::ExitCodes(_) => "write numbers from 0 to 255 between commas, such as 0,2".to_owned(),
        ValueError::AutoRestart(_) => "write true, false or unexpected".to_owned(),
        ValueError::PortNumber(_) | ValueError::NoPort | ValueError::PortTooLow(_) | ValueError::PortTooHigh(_) => {
            "write HOST:PORT with a port from 1 to 65535, such as 127.0.0.1:9001".to_owned()
        }
        ValueError::Name { .. } => "use a name without blanks, colons and slashes".to_owned(),
        ValueError::TooWide => "write a number of at most 38 digits".to_owned(),
        ValueError::NulByte => "remove the byte 0 from the value".to_owned(),
        ValueError::Environment(EnvironmentError::UnexpectedEnd(_)) => {
            "write KEY=\"VALUE\" pairs with commas between them".to_owned()
        }
        ValueError::Environment(EnvironmentError::Tokens(_)) => "close the quote".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::model::{Origin, Place};
    use super::*;

    fn unknown_event(name: &str) -> ConfigError {
        Cause::UnknownEvent { name: name.to_owned(), section: "eventlistener:x".to_owned() }.into()
    }

    #[test]
    fn a_hint_names_the_closest_event() {
        let exited = unknown_event("PROCESS_STATE_EXIT");
        assert_eq!(exited.to_string(), "Unknown event type PROCESS_STATE_EXIT in [eventlistener:x] events");
        assert_eq!(exited.hint().as_deref(), Some("did you mean PROCESS_STATE_EXITED?"));
        assert_eq!(unknown_event("TICK5").hint().as_deref(), Some("did you mean TICK_5?"));
        assert!(unknown_event("").hint().is_some_and(|hint| hint.contains("EVENT stands for all")));
    }

    #[test]
    fn an_unknown_expansion_names_the_closest_one_or_the_way_to_set_it() {
        let unknown = |name: &str| {
            let available = ["here", "program_name", "process_num"].map(str::to_owned).to_vec();
            let (value, label) = ("x".to_owned(), "program:x.command".to_owned());
            ConfigError::from(Cause::from(ExpandError::UnknownName { value, label, name: name.to_owned(), available }))
        };
        assert_eq!(unknown("process_number").hint().as_deref(), Some("did you mean %(process_num)s?"));
        let hint = unknown("ENV_HOME_OF_APP").hint().unwrap();
        assert_eq!(hint, "set HOME_OF_APP in the environment in which supervisord is started");
    }

    #[test]
    fn advice_says_where() {
        let origin = Origin { file: "s.conf".to_owned(), line: 7 };
        let place = Place { origin, section: "eventlistener:x".to_owned(), key: "events".to_owned() };
        let advice = unknown_event("TICK_6").at(place).advice().unwrap();
        assert_eq!(advice, "s.conf:7: [eventlistener:x] events: did you mean TICK_60?");
    }
}
