//! A child's pipes: what it writes goes to its logs, and as facts to the engine; what it is sent waits here until
//! it reads.
//!
//! **Data plane apart from control plane.** Bytes flow from the pipe through the capture scanner into the log
//! file without becoming messages. Only what someone asked for leaves as a [`Step`]: a chunk for PROCESS_LOG
//! events, a captured payload, a listener's words, an echo for a debug log. Steps are in the order in which things
//! happened and must be carried out in that order.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use nix::errno::Errno;
use supervisor_protocol::event::Channel;
use supervisor_protocol::state::ProcessState;

use super::childlog::{ChildLog, Logs};
use super::logfile::{LogFile, LogFileError};
use super::poll::{Pipe, Pipes, Token};
use super::spawn::Spawned;
use super::syslog::{LineBuffer, Syslog};
use crate::config::model::{ChannelConfig, ProcessConfig};
use crate::engine::message::{ChannelKind, Message};
use crate::engine::{Input, Now, ProcessId};
use crate::output::capture::{CaptureScanner, Captured};
use crate::output::pace::{Next, Pace};

/// One read takes at most what a pipe holds.
pub(super) const READ_BYTES: usize = 64 * 1024;

/// At most this much is taken from the pipes of a child that has died: a grandchild may write for ever.
const DRAIN_BYTES: usize = 1024 * 1024;

/// At most this much waits for a child that does not read its stdin.
pub(super) const MAX_STDIN_BYTES: usize = 16 * 1024 * 1024;

/// Something that came out of a pipe.
#[derive(Debug)]
pub(super) enum Step {
    /// A line for the activity log.
    Log(Message),
    /// A fact for the engine.
    Input(Input),
}

/// What the steps of a read depend on beyond the child itself.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) strip_ansi: bool,
    /// The activity log shows child output.
    pub(super) echo: bool,
    pub(super) state: ProcessState,
    pub(super) now: Now,
    /// Channels that are read when the output of hasty writers has gathered.
    pub(super) held: &'a mut Vec<Token>,
    pub(super) syslog: &'a mut Syslog,
    pub(super) steps: &'a mut VecDeque<Step>,
}

/// The daemon's side of a running child.
#[derive(Debug)]
pub(super) struct Child {
    id: ProcessId,
    name: Arc<str>,
    stdin: Stdin,
    stdout: Option<Output>,
    stderr: Option<Output>,
}

#[derive(Debug)]
struct Stdin {
    /// `None`: closed by the child, or never a pipe.
    fd: Option<OwnedFd>,
    pending: VecDeque<Bytes>,
    pending_bytes: usize,
    /// That it is full has been said, since it was empty.
    is_full: bool,
}

impl Stdin {
    fn new(fd: Option<OwnedFd>) -> Self {
        Stdin { fd, pending: VecDeque::new(), pending_bytes: 0, is_full: false }
    }
}

/// One output channel.
#[derive(Debug)]
struct Output {
    fd: Option<OwnedFd>,
    channel: Channel,
    /// The channel carries the listener protocol.
    protocol: bool,
    scanner: CaptureScanner,
    pace: Pace,
    events: bool,
    log: Option<ChildLog>,
    syslog: Option<LineBuffer>,
}

impl Child {
    /// Takes over the pipes of a child and watches its output.
    ///
    /// # Errors
    /// The system cannot watch another descriptor; the child then has no channels and will notice.
    pub(super) fn new(
        id: ProcessId,
        config: &ProcessConfig,
        is_listener: bool,
        spawned: Spawned,
        logs: Logs,
        pipes: &Pipes,
    ) -> io::Result<Self> {
        let output = |fd: OwnedFd, channel: Channel, settings: &ChannelConfig, log| -> io::Result<Output> {
            pipes.add(&fd, Token(id, Pipe::Output(channel)))?;
            let protocol = is_listener && channel == Channel::Stdout;
            Ok(Output {
                fd: Some(fd),
                channel,
                protocol,
                scanner: CaptureScanner::new(if protocol { 0 } else { settings.capture_maxbytes }),
                pace: Pace::default(),
                events: settings.events_enabled && !protocol,
                log,
                syslog: (settings.syslog && !protocol).then(LineBuffer::new),
            })
        };
        let stdout = output(spawned.stdout, Channel::Stdout, &config.stdout, logs.stdout)?;
        let stderr = match spawned.stderr {
            Some(fd) => Some(output(fd, Channel::Stderr, &config.stderr, logs.stderr)?),
            None => None,
        };
        Ok(Child {
            id,
            name: config.name.as_str().into(),
            stdin: Stdin::new(spawned.stdin),
            stdout: Some(stdout),
            stderr,
        })
    }

    fn output(&mut self, channel: Channel) -> Option<&mut Output> {
        match channel {
            Channel::Stdout => self.stdout.as_mut(),
            Channel::Stderr => self.stderr.as_mut(),
        }
    }

    /// Takes one read's worth from a channel; how many bytes that was.
    pub(super) fn read(&mut self, channel: Channel, buffer: &mut [u8], pipes: &Pipes, context: &mut Context) -> usize {
        let (id, name) = (self.id, self.name.clone());
        let Some(output) = self.output(channel) else { return 0 };
        let Some(fd) = &output.fd else { return 0 };
        match nix::unistd::read(fd, buffer) {
            Ok(0) => output.close(id, &name, pipes, context),
            Ok(count) => {
                output.pace(id, count, pipes, context);
                output.take(id, &name, &buffer[..count], context);
                return count;
            }
            Err(Errno::EAGAIN | Errno::EINTR) => output.pace(id, 0, pipes, context),
            Err(_) => output.close(id, &name, pipes, context),
        }
        0
    }

    /// The child has died: takes what its pipes hold and closes them.
    pub(super) fn drain(mut self, buffer: &mut [u8], pipes: &Pipes, context: &mut Context) {
        for channel in [Channel::Stdout, Channel::Stderr] {
            let mut budget = DRAIN_BYTES;
            while budget > 0 {
                match self.read(channel, buffer, pipes, context) {
                    0 => break,
                    count => budget = budget.saturating_sub(count),
                }
            }
            let (id, name) = (self.id, self.name.clone());
            if let Some(output) = self.output(channel) {
                output.finish(id, &name, context);
                if let Some(fd) = &output.fd {
                    pipes.remove(fd);
                }
            }
        }
        if let Some(fd) = &self.stdin.fd {
            pipes.remove(fd);
        }
    }

    /// Sends bytes, now as far as the pipe takes them and the rest when there is room.
    ///
    /// # Errors
    /// `EPIPE`: the child has closed its stdin, or has no pipe there. `ENOBUFS`: too much is waiting already.
    pub(super) fn send(&mut self, bytes: Bytes, pipes: &Pipes, context: &mut Context) -> Result<(), Errno> {
        if self.stdin.fd.is_none() {
            return Err(Errno::EPIPE);
        }
        if self.stdin.pending_bytes.saturating_add(bytes.len()) > MAX_STDIN_BYTES {
            if !std::mem::replace(&mut self.stdin.is_full, true) {
                let (name, bytes) = (self.name.clone(), self.stdin.pending_bytes);
                context.steps.push_back(Step::Log(Message::StdinFull { name, bytes }));
            }
            return Err(Errno::ENOBUFS);
        }
        let was_idle = self.stdin.pending.is_empty();
        self.stdin.pending_bytes += bytes.len();
        self.stdin.pending.push_back(bytes);
        if !was_idle {
            return Ok(());
        }
        let sent = self.flush(pipes, context);
        if let Some(fd) = &self.stdin.fd
            && !self.stdin.pending.is_empty()
        {
            // Out of watches: it is tried again with the next bytes.
            let _ = pipes.add(fd, Token(self.id, Pipe::Stdin));
        }
        sent
    }

    /// There is room in the child's stdin.
    pub(super) fn writable(&mut self, pipes: &Pipes, context: &mut Context) {
        // A child that closed its stdin is noticed by whoever sends next.
        let _ = self.flush(pipes, context);
        if self.is_behind() {
            return;
        }
        context.steps.push_back(Step::Input(Input::NothingUnread(self.id)));
        if let Some(fd) = &self.stdin.fd {
            pipes.remove(fd);
            self.stdin.is_full = false;
        }
    }

    /// Whether something waits until the child reads its stdin.
    pub(super) fn is_behind(&self) -> bool {
        !self.stdin.pending.is_empty()
    }

    fn flush(&mut self, pipes: &Pipes, context: &mut Context) -> Result<(), Errno> {
        let Some(fd) = &self.stdin.fd else { return Err(Errno::EPIPE) };
        while let Some(bytes) = self.stdin.pending.front_mut() {
            match nix::unistd::write(fd, bytes) {
                Ok(count) => {
                    self.stdin.pending_bytes -= count;
                    bytes.advance(count);
                    if bytes.is_empty() {
                        self.stdin.pending.pop_front();
                    }
                }
                Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => {
                    context.steps.push_back(Step::Log(Message::ChannelClosed {
                        fd: fd.as_raw_fd(),
                        kind: ChannelKind::Input,
                        name: self.name.clone(),
                        state: context.state,
                    }));
                    pipes.remove(fd);
                    self.stdin = Stdin::new(None);
                    return Err(errno);
                }
            }
        }
        Ok(())
    }

    /// Opens the log files again, after something outside has renamed them. What goes wrong is told; the old
    /// file stays in use then.
    pub(super) fn reopen_logs(&mut self) -> Vec<LogFileError> {
        self.logs().filter_map(|log| log.reopen().err()).collect()
    }

    /// Removes the log files and opens new ones.
    pub(super) fn clear_logs(&mut self) -> Vec<LogFileError> {
        self.logs().filter_map(|log| log.clear().err()).collect()
    }

    fn logs(&mut self) -> impl Iterator<Item = &mut LogFile> {
        self.stdout.iter_mut().chain(&mut self.stderr).filter_map(|output| output.log.as_mut()).map(|log| &mut log.file)
    }
}

impl Output {
    /// Decides when it is read again, after a read of so many bytes. A listener's words never wait.
    fn pace(&mut self, id: ProcessId, bytes: usize, pipes: &Pipes, context: &mut Context) {
        let (Some(fd), token) = (&self.fd, Token(id, Pipe::Output(self.channel))) else { return };
        if self.protocol {
            return;
        }
        match self.pace.after(bytes, context.now.mono) {
            Next::Watch => {}
            Next::Hold => {
                pipes.pause(fd, token);
                context.held.push(token);
            }
            Next::HoldOn => context.held.push(token),
            Next::Release => pipes.resume(fd, token),
        }
    }

    /// Handles one chunk as it was read.
    fn take(&mut self, id: ProcessId, name: &Arc<str>, chunk: &[u8], context: &mut Context) {
        let Output { scanner, channel, events, log, syslog, .. } = self;
        if self.protocol {
            scanner.feed(chunk, context.strip_ansi, &mut |captured| copy(&captured, log, context.steps));
            let data = Bytes::copy_from_slice(chunk);
            if context.echo {
                context.steps.push_back(Step::Log(Message::ListenerOutput { name: name.clone(), data: data.clone() }));
            }
            context.steps.push_back(Step::Input(Input::ListenerOutput(id, data)));
            return;
        }
        let strip_ansi = context.strip_ansi;
        scanner.feed(chunk, strip_ansi, &mut |captured| {
            record(captured, id, name, *channel, *events, log, syslog, context);
        });
    }

    /// The channel has ended: what the scanner and the syslog line held back is let go.
    fn finish(&mut self, id: ProcessId, name: &Arc<str>, context: &mut Context) {
        let Output { scanner, channel, events, log, syslog, .. } = self;
        let strip_ansi = context.strip_ansi;
        if self.protocol {
            return scanner.finish(strip_ansi, &mut |captured| copy(&captured, log, context.steps));
        }
        scanner.finish(strip_ansi, &mut |captured| {
            record(captured, id, name, *channel, *events, log, syslog, context);
        });
        if let Some(lines) = syslog {
            lines.finish(name, context.now.wall, context.syslog);
        }
    }

    /// End of file.
    fn close(&mut self, id: ProcessId, name: &Arc<str>, pipes: &Pipes, context: &mut Context) {
        self.finish(id, name, context);
        let Some(fd) = self.fd.take() else { return };
        pipes.remove(fd.as_fd());
        let kind = if self.protocol { ChannelKind::Protocol } else { ChannelKind::Output(self.channel) };
        let message = Message::ChannelClosed { fd: fd.as_raw_fd(), kind, name: name.clone(), state: context.state };
        context.steps.push_back(Step::Log(message));
    }
}

/// The copy of a listener's words for its log file.
fn copy(captured: &Captured<'_>, log: &mut Option<ChildLog>, steps: &mut VecDeque<Step>) {
    // Nothing is captured here: the scanner only filters.
    if let Captured::Plain(text) = captured {
        write_log(log, text, steps);
    }
}

/// One piece of output: log file and syslog (not while capturing), echo, PROCESS_LOG; or a captured payload.
#[expect(clippy::too_many_arguments, reason = "the parts of an Output, which its scanner borrows from")]
fn record(
    captured: Captured<'_>,
    id: ProcessId,
    name: &Arc<str>,
    channel: Channel,
    events: bool,
    log: &mut Option<ChildLog>,
    syslog: &mut Option<LineBuffer>,
    context: &mut Context,
) {
    let text = match captured {
        Captured::Event(data) => {
            return context.steps.push_back(Step::Input(Input::Captured(id, channel, data)));
        }
        Captured::Plain(text) => {
            write_log(log, text, context.steps);
            if let Some(lines) = syslog {
                lines.feed(name, text, context.now.wall, context.syslog);
            }
            text
        }
        Captured::Inside(text) => text,
    };
    if !context.echo && !events {
        return;
    }
    let data = Bytes::copy_from_slice(text);
    if context.echo {
        context.steps.push_back(Step::Log(Message::Output { name: name.clone(), channel, data: data.clone() }));
    }
    if events {
        context.steps.push_back(Step::Input(Input::Logged(id, channel, data)));
    }
}

fn write_log(log: &mut Option<ChildLog>, text: &[u8], steps: &mut VecDeque<Step>) {
    steps.extend(log.as_mut().and_then(|log| log.write(text)).map(Step::Log));
}
