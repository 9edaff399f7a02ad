//! A daemon and a person that follow a script, for tests.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Cursor, Write};
use std::rc::Rc;

use supervisor_protocol::rpc::{ProcessInfo, RereadResult, TaskResult};
use supervisor_protocol::state::ProcessState;
use supervisor_protocol::xmlrpc::{Fault, FaultCode, Value};
use supervisor_sdk::rpc;

use crate::console::{Console, Typed};
use crate::daemon::{CallError, Daemon, Opening, Target};
use crate::exit;
use crate::happening::{Happening, Happenings, Mailbox};
use crate::output::Output;
use crate::session::Session;
use crate::shell;

pub(crate) const URL: &str = "unix:///s";

/// What the daemon answers.
pub(crate) type Answer = Result<Value, CallError>;

/// Calls that must come in this order, such as `startProcess('cat')`, and what each gets.
#[derive(Default)]
pub(crate) struct FakeDaemon {
    calls: VecDeque<(String, Answer)>,
    streams: Vec<(String, Result<Vec<u8>, u16>)>,
    targets: Vec<Target>,
}

impl Daemon for FakeDaemon {
    fn aim(&mut self, target: &Target) {
        self.targets.push(target.clone());
    }

    fn call(&mut self, method: &str, params: Vec<Value>) -> Answer {
        let params = Value::Array(params).to_string();
        let method = method.strip_prefix("supervisor.").unwrap();
        let call = format!("{method}({})", &params[1..params.len() - 1]);
        let (expected, answer) = self.calls.pop_front().unwrap_or_else(|| panic!("unexpected {call}"));
        assert_eq!(call, expected);
        answer
    }

    fn follow(&self, path: &str) -> Opening {
        let (_, stream) = self.streams.iter().find(|(known, _)| known == path).cloned().unwrap();
        Box::new(move || match stream {
            Ok(bytes) => Ok((Box::new(Cursor::new(bytes)), Box::new(|| {}))),
            Err(status) => Err(rpc::Error::Http { status, reason: "Not Found".into() }.into()),
        })
    }
}

/// Lines that are typed one after the other; `^C` is Ctrl-C, as soon as a command listens.
#[derive(Default)]
struct FakePerson {
    lines: VecDeque<String>,
    /// How many happenings of a followed log are looked at before the next line is typed.
    patience: usize,
}

impl Console for FakePerson {
    fn line(&mut self) -> Option<String> {
        self.lines.pop_front()
    }

    fn line_or_happening(&mut self, _: &mut Happenings) -> Typed {
        if self.patience > 0 {
            self.patience -= 1;
            return Typed::Nothing;
        }
        self.line().map_or(Typed::End, Typed::Line)
    }

    fn secret(&mut self, _: &str) -> Option<String> {
        self.line()
    }

    fn forward_interrupts(&mut self, mailbox: Mailbox) {
        if self.lines.front().is_some_and(|line| line == "^C") {
            self.lines.pop_front();
            mailbox.post(Happening::Interrupted).unwrap();
        }
    }
}

/// A test of one or more command lines.
#[derive(Default)]
pub(crate) struct Run {
    daemon: FakeDaemon,
    person: FakePerson,
    is_interactive: bool,
}

/// What a run left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: u8,
    pub(crate) targets: Vec<Target>,
}

impl Run {
    /// Expects a call.
    pub(crate) fn call(mut self, call: &str, answer: impl IntoAnswer) -> Self {
        self.daemon.calls.push_back((call.to_owned(), answer.into_answer()));
        self
    }

    /// Expects the version check, and a daemon that passes it.
    pub(crate) fn up(self) -> Self {
        self.call("getVersion()", "3.0")
    }

    /// A log that can be followed.
    pub(crate) fn stream(mut self, path: &str, content: Result<&[u8], u16>) -> Self {
        self.daemon.streams.push((path.to_owned(), content.map(<[u8]>::to_vec)));
        self
    }

    /// Types these lines, and lets the command ask.
    pub(crate) fn typed(mut self, lines: &[&str]) -> Self {
        self.is_interactive = true;
        self.person.lines = lines.iter().map(|&line| line.to_owned()).collect();
        self
    }

    /// Types nothing before so many happenings.
    pub(crate) fn patience(mut self, happenings: usize) -> Self {
        self.person.patience = happenings;
        self
    }

    /// Carries out one line.
    pub(crate) fn line(self, line: &str) -> Left {
        self.run(|session| {
            let _ = crate::commands::run_line(session, line);
        })
    }

    /// Runs the shell over the typed lines.
    pub(crate) fn shell(self) -> Left {
        self.run(|session| shell::run(session, "sup"))
    }

    /// Carries out one line and compares what it prints and its code.
    #[track_caller]
    pub(crate) fn check(self, line: &str, out: &str, code: u8) {
        let left = self.line(line);
        assert_eq!((left.out.as_str(), left.code, left.err.as_str()), (out, code, ""));
    }

    fn run(mut self, run: impl FnOnce(&mut Session<'_>)) -> Left {
        let (out, err) = (Shared::default(), Shared::default());
        let mut session = Session {
            daemon: &mut self.daemon,
            console: &mut self.person,
            out: Output::new(out.clone()),
            err: Output::new(err.clone()),
            target: Target { server_url: URL.into(), ..Target::default() },
            interactive: self.is_interactive,
            exit_code: exit::SUCCESS,
        };
        run(&mut session);
        let code = session.exit_code;
        drop(session);
        let left_calls: Vec<&String> = self.daemon.calls.iter().map(|(call, _)| call).collect();
        assert!(left_calls.is_empty(), "missing {left_calls:?}");
        Left { out: out.text(), err: err.text(), code, targets: self.daemon.targets }
    }
}

/// A writer whose text can be looked at.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What can stand for an answer.
pub(crate) trait IntoAnswer {
    fn into_answer(self) -> Answer;
}

macro_rules! into_answer {
    ($($type:ty),*) => {
        $(impl IntoAnswer for $type {
            fn into_answer(self) -> Answer {
                Ok(self.into())
            }
        })*
    };
}

into_answer!(bool, i32, &str, Value, Vec<Value>);

impl IntoAnswer for Answer {
    fn into_answer(self) -> Answer {
        self
    }
}

/// A fault of Supervisor, with its name alone as text.
pub(crate) fn fault(code: FaultCode) -> Answer {
    Err(rpc::Error::Fault(Fault::from(code)).into())
}

/// A fault with more text.
pub(crate) fn fault_about(code: FaultCode, extra: &str) -> Answer {
    Err(rpc::Error::Fault(Fault::new(code, Some(extra))).into())
}

/// An error of the system by its number.
pub(crate) fn system(number: i32) -> Answer {
    Err(rpc::Error::Io(io::Error::from_raw_os_error(number)).into())
}

/// An HTTP status.
pub(crate) fn http(status: u16, reason: &str) -> Answer {
    Err(rpc::Error::Http { status, reason: reason.into() }.into())
}

/// A process with something to show.
pub(crate) fn process(group: &str, name: &str, state: ProcessState, pid: i32) -> Value {
    let info = ProcessInfo {
        name: name.into(),
        group: group.into(),
        state,
        pid,
        description: format!("about {name}"),
        ..ProcessInfo::default()
    };
    info.to_value()
}

/// Three processes: `cat` runs, of the group `grp` `g1` runs and `g2` has exited.
pub(crate) fn processes() -> Value {
    let running = ProcessState::Running;
    vec![
        process("cat", "cat", running, 11),
        process("grp", "g1", running, 12),
        process("grp", "g2", ProcessState::Exited, 0),
    ]
    .into()
}

/// The result of a method for several processes.
pub(crate) fn results(results: &[(&str, &str, FaultCode)]) -> Value {
    let result = |&(group, name, code): &(&str, &str, FaultCode)| {
        let outcome = if code == FaultCode::Success { Ok(()) } else { Err(Fault::from(code)) };
        TaskResult::new(group, name, outcome).to_value()
    };
    results.iter().map(result).collect::<Vec<_>>().into()
}

/// The result of a reread.
pub(crate) fn reread(added: &[&str], changed: &[&str], removed: &[&str]) -> Value {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    RereadResult { added: names(added), changed: names(changed), removed: names(removed) }.to_value()
}

/// The generic error line for Python's class and text.
pub(crate) fn error_line(class: &str, text: &str) -> String {
    format!("error: <class '{class}'>, {text}: file: supervisorctl line: 0\n")
}
