//! The listener that daemons under test are given: `listener-check --play DIR`.
//!
//! It says READY, writes every event into the transcript of its process name, and answers OK, except for an event
//! addressed to its pool: there it does what the event's script says. An event that it, or a predecessor, has seen
//! before is answered OK, so every misdeed is done once.
//!
//! DIR belongs to the kit. When it is gone the play is over, whatever the actor waits for.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use supervisor_protocol::listener::{Envelope, EnvelopeDecoder, Received};
use supervisor_protocol::payload::Payload;

use super::ops::{self, Op};
use super::transcript::{Entry, Event, Seen, Transcript};

/// The directory of the transcripts, within DIR.
pub(crate) const TRANSCRIPTS: &str = "transcripts";

/// The directory of the gates: an open gate is an empty file.
pub(crate) const GATES: &str = "gates";

/// What an actor says to an event without a script.
const ANSWER: &str = "RESULT 2\nOKREADY\n";

/// Plays until the input ends, the script says so, or the play is over.
///
/// # Errors
/// A transcript that cannot be written, input that is no protocol, output that nobody reads.
pub(crate) fn run(dir: &Path) -> io::Result<()> {
    let name = |key| env::var(key).map_err(|_| io::Error::other(format!("{key} is not set")));
    let mut actor = Actor {
        pool: name("SUPERVISOR_GROUP_NAME")?,
        transcript: dir.join(TRANSCRIPTS).join(name("SUPERVISOR_PROCESS_NAME")?),
        dir: dir.to_owned(),
        decoder: EnvelopeDecoder::new(),
        raw: Vec::new(),
    };
    actor.record(Seen::Start)?;
    write(b"READY\n")?;
    while let Some((event, script)) = actor.next_event()? {
        let seen_before = actor.has_seen(&event)?;
        actor.record(Seen::Event(event))?;
        match script.filter(|_| !seen_before) {
            Some(script) => {
                if !actor.perform(&script)? {
                    return Ok(());
                }
            }
            None => write(ANSWER.as_bytes())?,
        }
    }
    actor.record(Seen::End)
}

struct Actor {
    pool: String,
    transcript: PathBuf,
    dir: PathBuf,
    decoder: EnvelopeDecoder,
    /// What was read since the last event. As there is one event at a time, all of it belongs to the next.
    raw: Vec<u8>,
}

impl Actor {
    /// Waits for an event and its script, if it has one for this pool. None at the end of the input.
    fn next_event(&mut self) -> io::Result<Option<(Event, Option<Vec<Op>>)>> {
        loop {
            if let Some(event) = self.decoded()? {
                return Ok(Some(event));
            }
            if !self.read()? {
                return Ok(None);
            }
        }
    }

    fn decoded(&mut self) -> io::Result<Option<(Event, Option<Vec<Op>>)>> {
        let Some(received) = self.decoder.next_event().map_err(io::Error::other)? else { return Ok(None) };
        let raw = std::mem::take(&mut self.raw);
        let script = received
            .payload
            .strip_prefix("type:")
            .and_then(|rest| rest.split_once('\n'))
            .filter(|(kind, _)| *kind == self.pool)
            .and_then(|(_, data)| ops::parse(data));
        let event = Event {
            serial: received.header.serial,
            poolserial: received.header.poolserial,
            name: received.header.eventname.clone(),
            len: received.header.len,
            payload: received.payload.chars().take(Event::KEPT).collect(),
            is_exact: is_exact(&received, &raw),
        };
        Ok(Some((event, script)))
    }

    /// Reads once; false at the end of the input.
    fn read(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        let count = io::stdin().read(&mut chunk)?;
        let part = chunk.get(..count).unwrap_or_default();
        self.raw.extend_from_slice(part);
        self.decoder.feed(part);
        Ok(count > 0)
    }

    /// Does what the script says; false if the process is to end.
    fn perform(&mut self, script: &[Op]) -> io::Result<bool> {
        for op in script {
            match op {
                Op::Write(text) => write(text.as_bytes())?,
                Op::Bytewise(text) => text.as_bytes().chunks(1).try_for_each(write)?,
                Op::Fill(count) => write("x".repeat(*count).as_bytes())?,
                Op::Complain(text) => io::stderr().write_all(text.as_bytes())?,
                Op::Note(text) => self.record(Seen::Note(text.clone()))?,
                Op::Gate(name) => {
                    while !self.is_open(name) {
                        wait(&[], TURN)?;
                    }
                }
                Op::Listen(name) => self.listen(name)?,
                Op::CloseInput => nix::unistd::close(0)?,
                Op::CloseOutput => nix::unistd::close(1)?,
                Op::AwaitTerm => self.await_term()?,
                Op::Exit => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Writes events down without answering, until the gate opens.
    fn listen(&mut self, gate: &str) -> io::Result<()> {
        let stdin = io::stdin();
        while !self.is_open(gate) {
            if wait(&[stdin.as_fd()], TURN)? && !self.read()? {
                return Ok(());
            }
            while let Some((event, _)) = self.decoded()? {
                self.record(Seen::Event(event))?;
            }
        }
        Ok(())
    }

    fn await_term(&self) -> io::Result<()> {
        let mut term = SigSet::empty();
        term.add(Signal::SIGTERM);
        term.thread_block()?;
        let signals = SignalFd::with_flags(&term, SfdFlags::SFD_CLOEXEC)?;
        self.record(Seen::Note("waiting for SIGTERM".to_owned()))?;
        while !wait(&[signals.as_fd()], TURN)? && self.dir.is_dir() {}
        Ok(())
    }

    fn is_open(&self, gate: &str) -> bool {
        self.dir.join(GATES).join(gate).exists() || !self.dir.is_dir()
    }

    /// Whether this delivery repeats an earlier one.
    fn has_seen(&self, event: &Event) -> io::Result<bool> {
        let transcript = Transcript::parse(&fs::read_to_string(&self.transcript)?);
        let mut events = transcript.events();
        Ok(events.any(|(_, seen)| (seen.serial, seen.poolserial) == (event.serial, event.poolserial)))
    }

    fn record(&self, seen: Seen) -> io::Result<()> {
        let line = Entry { pid: std::process::id(), seen }.to_line() + "\n";
        // One write, so that a reader sees whole lines nearly always, and a death leaves none in two.
        OpenOptions::new().append(true).create(true).open(&self.transcript)?.write_all(line.as_bytes())
    }
}

/// How long one wait for a gate is, in milliseconds.
const TURN: u8 = 10;

/// Waits until something can be read, and not for long; whether it can.
fn wait(descriptors: &[std::os::fd::BorrowedFd<'_>], milliseconds: u8) -> io::Result<bool> {
    let mut polled: Vec<PollFd> = descriptors.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    match poll(&mut polled, PollTimeout::from(milliseconds)) {
        Ok(count) => Ok(count > 0),
        Err(nix::Error::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    // Not through Rust's line buffer, which would cut a write in two. Small writes to a pipe are one write.
    let stdout = io::stdout();
    let mut rest = bytes;
    while !rest.is_empty() {
        let count = nix::unistd::write(stdout.as_fd(), rest)?;
        rest = rest.get(count..).unwrap_or_default();
    }
    Ok(())
}

/// Whether the bytes of an event are what the contract makes of its values (`ev_e03`).
fn is_exact(received: &Received, raw: &[u8]) -> bool {
    let header = &received.header;
    let Ok(kind) = header.eventname.parse() else { return false };
    let payload = Payload::new(received.payload.clone());
    let mut expected = BytesMut::new();
    let (serial, poolserial) = (header.serial, header.poolserial);
    Envelope { server: &header.server, serial, pool: &header.pool, poolserial, kind, payload: &payload }
        .encode(&mut expected);
    expected == raw
}
