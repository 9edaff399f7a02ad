//! One check, played to one process: the I/O that a [`Case`] does not know of.
//!
//! The process is started as a daemon starts it: pipes for all three channels, a process group of its own, the
//! environment. Everything is read at all times, so that a listener can never hang because nobody listens. For byte
//! by byte input the pipe is in packet mode, where each write is one read, so that no timing is involved.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, pipe2};
use supervisor_protocol::state::ListenerState;

use super::script::{Case, Ending, Step};
use super::session::{Said, Session};
use crate::check::Verdict;
use crate::clock::{Deadline, TURN};

/// How long "nothing comes" is waited for. An absence has no other sign.
const QUIET: Duration = Duration::from_millis(100);

/// How much of a listener's standard error is kept, in bytes: the end.
const KEPT_LOG: usize = 2000;

/// Plays a case to a new process of `command`.
///
/// # Errors
/// The process cannot be started, or the system refuses to work; no fault of the listener's protocol.
pub(crate) fn play(
    case: &Case,
    command: &[String],
    environment: &[(&str, String)],
    patience: Duration,
) -> io::Result<Verdict> {
    let mut stage = Stage::start(command, environment, case.bytewise, patience)?;
    let mut note = None;
    for step in &case.steps {
        match stage.perform(step) {
            Ok(Some(Said::Fail)) => {
                note = Some("it answered FAIL, which is allowed: the daemon would send the event again".to_owned());
            }
            Ok(_) => {}
            Err(Trouble::Io(error)) => return Err(error),
            Err(Trouble::Fault(reason)) => {
                stage.finish();
                return Ok(Verdict::Fail { reason, stderr: stage.log() });
            }
        }
    }
    Ok(Verdict::Pass { note })
}

/// Why a step did not succeed.
enum Trouble {
    /// The listener is at fault, for this reason.
    Fault(String),
    /// The system is.
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Io(error)
    }
}

/// A running listener, as its daemon sees it.
struct Stage {
    child: Child,
    status: Option<ExitStatus>,
    input: Option<File>,
    output: Option<File>,
    errors: Option<File>,
    log: Vec<u8>,
    session: Session,
    bytewise: bool,
    patience: Duration,
}

impl Stage {
    fn start(
        command: &[String],
        environment: &[(&str, String)],
        bytewise: bool,
        patience: Duration,
    ) -> io::Result<Stage> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "no command"));
        };
        let packets = if bytewise { OFlag::O_DIRECT } else { OFlag::empty() };
        let (child_input, input) = pipe2(OFlag::O_CLOEXEC | packets)?;
        let (output, child_output) = pipe2(OFlag::O_CLOEXEC)?;
        let (errors, child_errors) = pipe2(OFlag::O_CLOEXEC)?;
        for ours in [&input, &output, &errors] {
            let flags = OFlag::from_bits_retain(fcntl(ours, FcntlArg::F_GETFL)?);
            fcntl(ours, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        }
        let child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().map(|(key, value)| (key, value)))
            .stdin(child_input)
            .stdout(child_output)
            .stderr(child_errors)
            .process_group(0)
            .spawn()?;
        Ok(Stage {
            child,
            status: None,
            input: Some(input.into()),
            output: Some(output.into()),
            errors: Some(errors.into()),
            log: Vec::new(),
            session: Session::new(),
            bytewise,
            patience,
        })
    }

    fn perform(&mut self, step: &Step) -> Result<Option<Said>, Trouble> {
        match step {
            Step::AwaitReady => self.await_word("say READY", |said| said == Said::Ready).map(Some),
            Step::AwaitResult => self.await_word("answer the event", |said| said != Said::Ready).map(Some),
            Step::Quiet => self.quiet().map(|()| None),
            Step::Send(bytes) => self.send(bytes, true).map(|()| None),
            Step::SendRest(bytes) => self.send(bytes, false).map(|()| None),
            Step::Terminate => {
                // It may have ended already, which the next step will notice.
                let _ = kill(self.pid(), Signal::SIGTERM);
                Ok(None)
            }
            Step::CloseInput => {
                self.input = None;
                Ok(None)
            }
            Step::AwaitEnd(ending) => self.await_end(*ending).map(|()| None),
        }
    }

    /// Waits for the listener's next word.
    fn await_word(&mut self, what: &str, is_it: impl Fn(Said) -> bool) -> Result<Said, Trouble> {
        let deadline = Deadline::after(self.patience);
        loop {
            let has_ended = self.has_ended()?;
            if let Some(said) = self.session.next().map_err(Trouble::Fault)? {
                if is_it(said) {
                    return Ok(said);
                }
                return Err(Trouble::Fault(format!("it did not {what}, but said {said:?}")));
            }
            if has_ended {
                return Err(Trouble::Fault(format!("it {} and did not {what}", self.how_it_ended()?)));
            }
            if deadline.has_passed() {
                return Err(Trouble::Fault(format!(
                    "it did not {what} within {:?}{}",
                    self.patience,
                    if self.session.state() == ListenerState::Acknowledged {
                        "; if it did, its output was not flushed"
                    } else {
                        "; it may be reading more than it was sent: len counts characters"
                    }
                )));
            }
            self.turn(&[], deadline)?;
        }
    }

    fn quiet(&mut self) -> Result<(), Trouble> {
        let deadline = Deadline::after(QUIET);
        while !deadline.has_passed() && !self.has_ended()? {
            self.turn(&[], deadline)?;
            if let Some(said) = self.session.next().map_err(Trouble::Fault)? {
                return Err(Trouble::Fault(format!("it said {said:?} without being asked")));
            }
        }
        Ok(())
    }

    /// Writes to the listener. With `must_arrive` it has to take all of it before it answers.
    fn send(&mut self, mut bytes: &[u8], must_arrive: bool) -> Result<(), Trouble> {
        if must_arrive {
            // What it wrote since READY counts, and everything later is an answer.
            self.turn(&[], Deadline::after(Duration::ZERO))?;
            self.session.next().map_err(Trouble::Fault)?;
            self.session.sent();
        }
        let deadline = Deadline::after(self.patience);
        while !bytes.is_empty() {
            let written = self.turn(bytes, deadline)?;
            bytes = bytes.get(written..).unwrap_or_default();
            let is_gone = self.input.is_none() || self.has_ended()?;
            if is_gone && !must_arrive {
                return Ok(());
            }
            if is_gone {
                let how = if self.has_ended()? { self.how_it_ended()? } else { "closed its standard input".to_owned() };
                return Err(Trouble::Fault(format!("it {how} with {} bytes of the event unread", bytes.len())));
            }
            if !bytes.is_empty() && self.session.next().map_err(Trouble::Fault)?.is_some() {
                return Err(Trouble::Fault("it answered before it had read the whole event".to_owned()));
            }
            if deadline.has_passed() {
                return Err(Trouble::Fault(format!("it left {} bytes of the event unread", bytes.len())));
            }
        }
        Ok(())
    }

    /// Waits for the end of the process. What it says until then must still be allowed.
    fn await_end(&mut self, ending: Ending) -> Result<(), Trouble> {
        let deadline = Deadline::after(self.patience);
        let is_told = self.input.is_none();
        loop {
            let has_ended = self.reap()?;
            // After the end of the process this empties the pipe.
            self.turn(&[], if has_ended { Deadline::after(Duration::ZERO) } else { deadline })?;
            while self.session.next().map_err(Trouble::Fault)?.is_some() {}
            if has_ended {
                break;
            }
            if deadline.has_passed() {
                let told = if is_told { "its standard input had ended" } else { "it was sent SIGTERM" };
                return Err(Trouble::Fault(format!("it was still there {:?} after {told}", self.patience)));
            }
        }
        match (ending, self.status) {
            (Ending::Clean, Some(status)) if !status.success() => Err(Trouble::Fault(format!(
                "it {}; the end of its input is the normal end, status 0",
                self.how_it_ended()?
            ))),
            _ => Ok(()),
        }
    }

    /// One turn of reading whatever there is and writing what can be written; how much was written.
    fn turn(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        let timeout = PollTimeout::try_from(deadline.left().min(TURN)).unwrap_or(PollTimeout::ZERO);
        let readable = self.output.iter().chain(&self.errors).map(|file| PollFd::new(file.as_fd(), PollFlags::POLLIN));
        let mut polled: Vec<PollFd> = readable.collect();
        if !bytes.is_empty() {
            polled.extend(self.input.iter().map(|file| PollFd::new(file.as_fd(), PollFlags::POLLOUT)));
        }
        match poll(&mut polled, timeout) {
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        read_into(&mut self.errors, |part| {
            self.log.extend_from_slice(part);
            let surplus = self.log.len().saturating_sub(KEPT_LOG);
            self.log.drain(..surplus);
        })?;
        read_into(&mut self.output, |part| self.session.feed(part))?;
        if bytes.is_empty() { Ok(0) } else { self.write(bytes) }
    }

    /// Writes what the pipe takes; closes the input if nobody reads it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(input) = &mut self.input else { return Ok(0) };
        let mut written = 0;
        let size = if self.bytewise { 1 } else { bytes.len() };
        for part in bytes.chunks(size) {
            match input.write(part) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    self.input = None;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Whether the process has ended, or closed its output, which is as good as an end. All it wrote is read.
    fn has_ended(&mut self) -> io::Result<bool> {
        if self.reap()? {
            self.turn(&[], Deadline::after(Duration::ZERO))?;
            return Ok(true);
        }
        Ok(self.output.is_none())
    }

    fn reap(&mut self) -> io::Result<bool> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
        }
        Ok(self.status.is_some())
    }

    fn how_it_ended(&mut self) -> io::Result<String> {
        let deadline = Deadline::after(Duration::from_secs(1));
        while !self.reap()? && !deadline.has_passed() {
            self.turn(&[], deadline)?;
            std::thread::sleep(TURN);
        }
        Ok(match self.status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => format!("ended with status {code}"),
            Some((None, Some(signal))) => format!("was killed by signal {signal}"),
            _ => "closed its standard output".to_owned(),
        })
    }

    fn pid(&self) -> Pid {
        // Pids of Linux are below 2^22.
        Pid::from_raw(self.child.id() as i32)
    }

    /// Ends what is left of the process and of its group.
    fn finish(&mut self) {
        self.input = None;
        if self.status.is_none() {
            // Not reaped yet, so the number still means this group. It may have ended meanwhile.
            let _ = killpg(self.pid(), Signal::SIGKILL);
            self.status = self.child.wait().ok();
            // A last look at what it said; the verdict stands without.
            let _ = self.turn(&[], Deadline::after(Duration::ZERO));
        }
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&self.log).into_owned()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Reads what there is; the file is closed at its end.
fn read_into(file: &mut Option<File>, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut chunk = [0; 16 * 1024];
    while let Some(open) = file {
        match open.read(&mut chunk) {
            Ok(0) => *file = None,
            Ok(count) => take(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
