//! One output channel of a child: from its pipe into its logs, and as facts to the engine.
//!
//! Bytes flow from the pipe through the capture scanner into the log file without becoming messages. Only what someone
//! asked for leaves as a [`Step`]: a chunk for PROCESS_LOG events, a captured payload, a listener's words, an echo for a
//! debug log. Steps are in the order in which things happened and must be carried out in that order.

use std::collections::VecDeque;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::sync::Arc;

use bytes::Bytes;
use nix::errno::Errno;
use supervisor_protocol::event::Channel;
use supervisor_protocol::state::ProcessState;

use super::childlog::ChildLog;
use super::poll::{Pipe, Pipes, Token};
use super::syslog::{LineBuffer, Syslog};
use super::untold::Untold;
use super::unwatched::Unwatched;
use crate::config::model::ChannelConfig;
use crate::engine::message::{ChannelKind, Message};
use crate::engine::{Input, Now, ProcessId};
use crate::output::capture::{CaptureScanner, Captured};
use crate::output::pace::{Next, Pace};

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
    pub(super) unwatched: &'a mut Unwatched,
    pub(super) untold: &'a mut Untold,
    pub(super) syslog: &'a mut Syslog,
    pub(super) steps: &'a mut VecDeque<Step>,
}

/// No longer has the system tell about it, neither of data nor of its end, which would be told again and again.
fn unwatch(is_watched: &mut bool, fd: &OwnedFd, pipes: &Pipes) {
    if std::mem::replace(is_watched, false) {
        pipes.remove(fd);
    }
}

/// One output channel.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) fd: Option<OwnedFd>,
    channel: Channel,
    /// The channel carries the listener protocol.
    protocol: bool,
    scanner: CaptureScanner,
    pace: Pace,
    /// The system tells when there is something to read.
    is_watched: bool,
    events: bool,
    pub(super) log: Option<ChildLog>,
    syslog: Option<LineBuffer>,
}

impl Output {
    /// Watches a channel, as far as the system lets it.
    pub(super) fn new(
        id: ProcessId,
        fd: OwnedFd,
        channel: Channel,
        protocol: bool,
        settings: &ChannelConfig,
        log: Option<ChildLog>,
        pipes: &Pipes,
    ) -> Self {
        Output {
            is_watched: pipes.add(&fd, Token(id, Pipe::Output(channel))).is_ok(),
            fd: Some(fd),
            channel,
            protocol,
            scanner: CaptureScanner::new(if protocol { 0 } else { settings.capture_maxbytes }),
            pace: Pace::default(),
            events: settings.events_enabled && !protocol,
            log,
            syslog: (settings.syslog && !protocol).then(LineBuffer::new),
        }
    }

    /// Whether the system tells when there is something to read.
    pub(super) fn is_watched(&self) -> bool {
        self.is_watched
    }

    /// Takes one read's worth; how many bytes that was.
    pub(super) fn read(
        &mut self,
        id: ProcessId,
        name: &Arc<str>,
        buffer: &mut [u8],
        pipes: &Pipes,
        context: &mut Context,
    ) -> usize {
        let Some(fd) = &self.fd else { return 0 };
        match nix::unistd::read(fd, buffer) {
            Ok(0) => self.close(id, name, pipes, context),
            Ok(count) => {
                self.pace(id, count, pipes, context);
                self.take(id, name, &buffer[..count], context);
                return count;
            }
            Err(Errno::EAGAIN | Errno::EINTR) => self.pace(id, 0, pipes, context),
            Err(_) => self.close(id, name, pipes, context),
        }
        0
    }

    /// The child has died: takes what its pipe holds, up to so many bytes, and closes it.
    pub(super) fn drain(
        &mut self,
        id: ProcessId,
        name: &Arc<str>,
        mut budget: usize,
        buffer: &mut [u8],
        pipes: &Pipes,
        context: &mut Context,
    ) {
        while let Some(fd) = &self.fd
            && budget > 0
        {
            match nix::unistd::read(fd, &mut *buffer) {
                Ok(count @ 1..) => {
                    budget = budget.saturating_sub(count);
                    self.take(id, name, &buffer[..count], context);
                }
                Err(Errno::EINTR) => {}
                // EAGAIN: somebody the child has left behind still has the other end.
                Ok(0) | Err(_) => break,
            }
        }
        self.close(id, name, pipes, context);
    }

    /// Whether it is to be left alone until the reader of its log has caught up. The child waits meanwhile, when its pipe
    /// is full.
    pub(super) fn waits_for_log(&mut self, id: ProcessId, pipes: &Pipes, context: &mut Context) -> bool {
        let (Some(fd), token) = (&self.fd, Token(id, Pipe::Output(self.channel))) else { return false };
        // A listener answers, however slow the readers of logs are.
        if self.protocol {
            return false;
        }
        let is_congested = self.log.as_ref().is_some_and(|log| log.file.is_congested());
        if is_congested {
            unwatch(&mut self.is_watched, fd, pipes);
            context.unwatched.wait_for_log(token);
        }
        is_congested
    }

    /// Decides when it is read again, after a read of so many bytes. A listener's words never wait.
    fn pace(&mut self, id: ProcessId, bytes: usize, pipes: &Pipes, context: &mut Context) {
        let (Some(fd), token) = (&self.fd, Token(id, Pipe::Output(self.channel))) else { return };
        if !self.is_watched {
            context.unwatched.count(bytes);
        }
        let is_crowded = context.unwatched.is_crowded();
        let next = if self.protocol { Next::Watch } else { self.pace.after(bytes, context.now.mono, is_crowded) };
        match next {
            // Out of watches, it is tried again after the next read.
            Next::Watch => self.is_watched = self.is_watched || pipes.add(fd, token).is_ok(),
            Next::Hold => unwatch(&mut self.is_watched, fd, pipes),
        }
        if !self.is_watched {
            context.unwatched.hold(token);
        }
    }

    /// Handles one chunk as it was read.
    fn take(&mut self, id: ProcessId, name: &Arc<str>, chunk: &[u8], context: &mut Context) {
        let Output { scanner, channel, events, log, syslog, .. } = self;
        if self.protocol {
            scanner.feed(chunk, context.strip_ansi, &mut |captured| copy(&captured, id, *channel, log, context));
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

    /// The channel has ended: what the scanner and the syslog line held back is let go, and what is untold of the log is
    /// told.
    pub(super) fn finish(&mut self, id: ProcessId, name: &Arc<str>, context: &mut Context) {
        let Output { scanner, channel, events, log, syslog, .. } = self;
        let strip_ansi = context.strip_ansi;
        if self.protocol {
            scanner.finish(strip_ansi, &mut |captured| copy(&captured, id, *channel, log, context));
        } else {
            scanner.finish(strip_ansi, &mut |captured| {
                record(captured, id, name, *channel, *events, log, syslog, context);
            });
        }
        context.steps.extend(log.as_mut().and_then(ChildLog::end).map(Step::Log));
        if let Some(lines) = syslog {
            lines.finish(name, context.now.wall, context.syslog);
        }
    }

    /// Nothing more is read. Closed already, there is only what was held back.
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
fn copy(captured: &Captured<'_>, id: ProcessId, channel: Channel, log: &mut Option<ChildLog>, context: &mut Context) {
    // Nothing is captured here: the scanner only filters.
    if let Captured::Plain(text) = captured {
        write_log(id, channel, log, text, context);
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
            write_log(id, channel, log, text, context);
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

fn write_log(id: ProcessId, channel: Channel, log: &mut Option<ChildLog>, text: &[u8], context: &mut Context) {
    let Some(log) = log else { return };
    context.steps.extend(log.write(text).map(Step::Log));
    context.untold.note(id, channel, log);
}
