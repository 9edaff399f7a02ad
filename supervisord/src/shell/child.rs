//! A child's pipes: its two [channels](Output), and its stdin, where what it is sent waits until it reads.

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use nix::errno::Errno;
use supervisor_protocol::event::Channel;

use super::channel::{Context, Output, Step};
use super::childlog::{ChildLog, Logs};
use super::logfile::{LogFile, LogFileError};
use super::poll::{Pipe, Pipes, Token};
use super::spawn::Spawned;
use crate::config::model::{ChannelConfig, ProcessConfig};
use crate::engine::message::{ChannelKind, Message};
use crate::engine::{Input, ProcessId};

/// One read takes at most what a pipe holds.
pub(super) const READ_BYTES: usize = 64 * 1024;

/// At most this much is taken from the pipes of a child that has died: a grandchild may write for ever.
const DRAIN_BYTES: usize = 1024 * 1024;

/// At most this much waits for a child that does not read its stdin.
pub(super) const MAX_STDIN_BYTES: usize = 16 * 1024 * 1024;

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
    /// The system tells when there is room.
    is_watched: bool,
}

impl Stdin {
    fn new(fd: Option<OwnedFd>) -> Self {
        Stdin { fd, pending: VecDeque::new(), pending_bytes: 0, is_full: false, is_watched: false }
    }
}

impl Child {
    /// Takes over the pipes of a child and watches its output.
    pub(super) fn new(
        id: ProcessId,
        config: &ProcessConfig,
        is_listener: bool,
        spawned: Spawned,
        logs: Logs,
        pipes: &Pipes,
    ) -> Self {
        let output = |fd: OwnedFd, channel: Channel, settings: &ChannelConfig, log| {
            Output::new(id, fd, channel, is_listener && channel == Channel::Stdout, settings, log, pipes)
        };
        Child {
            id,
            name: config.name.as_str().into(),
            stdin: Stdin::new(spawned.stdin),
            stdout: Some(output(spawned.stdout, Channel::Stdout, &config.stdout, logs.stdout)),
            stderr: spawned.stderr.map(|fd| output(fd, Channel::Stderr, &config.stderr, logs.stderr)),
        }
    }

    /// The channels of which the system does not tell, for it has no watch left.
    pub(super) fn unwatched(&self) -> impl Iterator<Item = Token> {
        let outputs = [(Channel::Stdout, &self.stdout), (Channel::Stderr, &self.stderr)];
        let unwatched = |output: &Option<Output>| output.as_ref().is_some_and(|output| !output.is_watched());
        outputs
            .into_iter()
            .filter(move |(_, output)| unwatched(output))
            .map(|(channel, _)| Token(self.id, Pipe::Output(channel)))
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
        if output.waits_for_log(id, pipes, context) {
            return 0;
        }
        output.read(id, &name, buffer, pipes, context)
    }

    /// The child has died: takes what its pipes hold and closes them.
    pub(super) fn drain(mut self, buffer: &mut [u8], pipes: &Pipes, context: &mut Context) {
        let (id, name) = (self.id, self.name.clone());
        for channel in [Channel::Stdout, Channel::Stderr] {
            let Some(output) = self.output(channel) else { continue };
            output.drain(id, &name, DRAIN_BYTES, buffer, pipes, context);
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
        self.wait_for_room(pipes, context);
        sent
    }

    /// Has what waits tried again when there is room, or soon where the system has no watch left to tell.
    fn wait_for_room(&mut self, pipes: &Pipes, context: &mut Context) {
        let (Some(fd), token) = (&self.stdin.fd, Token(self.id, Pipe::Stdin)) else { return };
        if self.is_behind() {
            self.stdin.is_watched = self.stdin.is_watched || pipes.add(fd, token).is_ok();
            if !self.stdin.is_watched {
                context.unwatched.hold(token);
            }
        }
    }

    /// There is room in the child's stdin.
    pub(super) fn writable(&mut self, pipes: &Pipes, context: &mut Context) {
        // A child that closed its stdin is noticed by whoever sends next.
        let _ = self.flush(pipes, context);
        if self.is_behind() {
            return self.wait_for_room(pipes, context);
        }
        context.steps.push_back(Step::Input(Input::NothingUnread(self.id)));
        if let Some(fd) = &self.stdin.fd {
            pipes.remove(fd);
            self.stdin.is_watched = false;
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

    /// The log of a channel.
    pub(super) fn log(&mut self, channel: Channel) -> Option<&mut ChildLog> {
        self.output(channel)?.log.as_mut()
    }

    /// Nothing more is written to the logs: what is still to be told of them.
    pub(super) fn end_logs(&mut self) -> impl Iterator<Item = Message> {
        self.stdout.iter_mut().chain(&mut self.stderr).filter_map(|output| output.log.as_mut()?.end())
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
