//! Which exits are reported, and the text of the report.
//!
//! Pure. The texts are superlance's, the leading blank of the subject included (contract ids `ev_s15` and
//! `ev_s16`).

use supervisor_protocol::state::ProcessState;
use supervisor_sdk::smtp::Message;
use supervisor_sdk::{Event, ProcessRef, StateChange, mail};

use crate::options::{Options, Relay};

/// An unexpected exit that is to be reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crash {
    process: ProcessRef,
    from: ProcessState,
    pid: i32,
}

/// The crash that an event tells of, if it is one and the options want to hear of it.
///
/// A process that was stopped or could not be started did not crash.
pub(crate) fn crash(options: &Options, event: &Event) -> Option<Crash> {
    let Event::ProcessState { process, from, change: StateChange::Exited { expected: false, pid } } = event else {
        return None;
    };
    let is_named = |name: &String| {
        **name == *process.process
            || name.split_once(':').is_some_and(|(group, name)| *group == *process.group && *name == *process.process)
    };
    let is_wanted = options.any || options.programs.is_empty() || options.programs.iter().any(is_named);
    is_wanted.then(|| Crash { process: process.clone(), from: *from, pid: *pid })
}

impl Crash {
    /// ` NAME crashed at TIME`, or with a header `HEADER: NAME crashed at TIME`; `time` is the local time in
    /// the format of log lines.
    pub(crate) fn subject(&self, options: &Options, time: &str) -> String {
        let subject = format!(" {} crashed at {time}", self.process.process);
        match &options.optional_header {
            None => subject,
            Some(header) => format!("{header}:{subject}"),
        }
    }

    /// What happened, in a sentence.
    pub(crate) fn body(&self) -> String {
        format!(
            "Process {} in group {} exited unexpectedly (pid {}) from state {}",
            self.process.process, self.process.group, self.pid, self.from
        )
    }

    /// The whole mail as a command gets it. Without an address it goes to `None`, which a command given by
    /// `-s` may not care about.
    pub(crate) fn mail(&self, options: &Options, subject: &str) -> String {
        let to = options.email.as_deref().unwrap_or("None");
        mail::text(to, subject, &self.body())
    }

    /// The same mail for a server.
    pub(crate) fn message(&self, options: &Options, relay: &Relay, subject: &str) -> Message {
        let to = options.email.iter().flat_map(|list| list.split(',')).map(|address| address.trim().to_owned());
        Message { from: relay.from.clone(), to: to.collect(), subject: Some(subject.to_owned()), body: self.body() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use supervisor_sdk::TickPeriod;
    use supervisor_sdk::smtp::Server;

    fn exited(expected: bool) -> Event {
        Event::ProcessState {
            process: ProcessRef::new("n", "g"),
            from: ProcessState::Running,
            change: StateChange::Exited { expected, pid: 42 },
        }
    }

    fn only(programs: &[&str]) -> Options {
        Options { programs: programs.iter().map(|name| (*name).to_owned()).collect(), ..Options::default() }
    }

    #[test]
    fn only_unexpected_exits_are_crashes() {
        let all = Options::default();
        assert!(crash(&all, &exited(false)).is_some());
        assert_eq!(crash(&all, &exited(true)), None);
        assert_eq!(crash(&all, &Event::Tick { period: TickPeriod::Seconds5, when: 5 }), None);
        for change in [StateChange::Stopped { pid: 42 }, StateChange::Fatal, StateChange::Backoff { tries: 1 }] {
            let event =
                Event::ProcessState { process: ProcessRef::new("n", "g"), from: ProcessState::Starting, change };
            assert_eq!(crash(&all, &event), None);
        }
    }

    #[test]
    fn names_select_unless_any_is_given() {
        for (programs, is_reported) in [
            (&["n"][..], true),
            (&["g:n"], true),
            (&["other", "n"], true),
            (&["other"], false),
            (&["h:n"], false),
            (&["g"], false),
            (&["g:*"], false),
        ] {
            assert_eq!(crash(&only(programs), &exited(false)).is_some(), is_reported, "{programs:?}");
        }
        let any = Options { any: true, ..only(&["other"]) };
        assert!(crash(&any, &exited(false)).is_some());
    }

    #[test]
    fn the_mail_is_superlances() {
        let time = "2026-11-22 11:03:43,918";
        let crash = crash(&Options::default(), &exited(false)).unwrap();
        let mail = |options: &Options| crash.mail(options, &crash.subject(options, time));
        let mut options = Options { email: Some("me@x".into()), ..Options::default() };
        assert_eq!(
            mail(&options),
            "To: me@x\nSubject:  n crashed at 2026-11-22 11:03:43,918\n\n\
             Process n in group g exited unexpectedly (pid 42) from state RUNNING"
        );
        options.optional_header = Some("HOST".into());
        options.email = None;
        assert!(mail(&options).starts_with("To: None\nSubject: HOST: n crashed at 2026-11-22 11:03:43,918\n\n"));
        options.email = Some("me@x, you@x".into());
        let relay = Relay { server: Server::parse("mail").unwrap(), from: "it@x".into(), user: None };
        let message = crash.message(&options, &relay, "S");
        assert_eq!(
            (message.from.as_str(), message.to.as_slice()),
            ("it@x", &["me@x".to_owned(), "you@x".to_owned()][..])
        );
        assert_eq!(message.body, "Process n in group g exited unexpectedly (pid 42) from state RUNNING");
    }
}
