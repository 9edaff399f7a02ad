//! The owner's side of children's pipes: what is ready is served within the budget of a turn. What their logs lose is
//! told, also when nothing is ready.
//!
//! The output of hasty writers gathers meanwhile, see [`pace`](crate::output::pace).

use std::collections::HashMap;
use std::time::Duration;

use supervisor_protocol::event::Channel;
use supervisor_protocol::state::ProcessState;

use super::channel::Context;
use super::child::Child;
use super::clock;
use super::logfile::LogFileError;
use super::owner::Owner;
use super::patient;
use super::poll::{Pipe, Pipes, Token};
use crate::config::model::LogLevel;
use crate::engine::ProcessId;
use crate::engine::message::Message;

/// At most this many reads of child output a turn.
const TURN_READS: usize = 128;

/// At most this many bytes of child output a turn.
const TURN_BYTES: usize = 1024 * 1024;

/// After so much time on child output a turn ends: a read may have a log rotated again and again, or make thousands of
/// events.
const TURN_TIME: Duration = Duration::from_millis(2);

/// The children with everything that work on their pipes needs.
pub(super) struct Parts<'a> {
    pub(super) children: &'a mut HashMap<ProcessId, Child>,
    pub(super) pipes: &'a Pipes,
    pub(super) buffer: &'a mut [u8],
    pub(super) context: Context<'a>,
}

impl Owner {
    /// Serves ready pipes within the turn's budget; what is left over is remembered.
    pub(super) fn serve_pipes(&mut self) {
        if self.backlog.is_empty() {
            let mut ready = std::mem::take(&mut self.ready);
            let others = self.pipes.ready(&mut ready);
            if others.alarm {
                self.backlog.extend(self.unwatched.alarmed());
            }
            if others.outlet {
                patient::flush();
                self.backlog.extend(self.unwatched.uncongested());
            }
            self.backlog.extend(ready.drain(..));
            self.ready = ready;
            self.unwatched.at_once(self.backlog.len());
        }
        let mut bytes = 0;
        let end = clock::mono() + TURN_TIME;
        for _ in 0..TURN_READS {
            if bytes >= TURN_BYTES || clock::mono() >= end {
                break;
            }
            let Some(Token(id, pipe)) = self.backlog.pop_front() else { break };
            bytes += self.serve(id, pipe);
        }
    }

    /// What work on a child's pipes needs, each part borrowed by itself.
    pub(super) fn parts(&mut self, id: ProcessId) -> Parts<'_> {
        Parts {
            children: &mut self.children,
            pipes: &self.pipes,
            buffer: &mut self.buffer,
            context: Context {
                strip_ansi: self.settings.strip_ansi,
                echo: self.activity.is_enabled(LogLevel::Debug),
                state: self.engine.process(id).map_or(ProcessState::Stopped, |process| process.state()),
                now: clock::now(),
                unwatched: &mut self.unwatched,
                untold: &mut self.untold,
                syslog: &mut self.syslog,
                steps: &mut self.steps,
            },
        }
    }

    fn serve(&mut self, id: ProcessId, pipe: Pipe) -> usize {
        let Parts { children, pipes, buffer, mut context } = self.parts(id);
        let Some(child) = children.get_mut(&id) else { return 0 };
        let count = match pipe {
            Pipe::Stdin => {
                child.writable(pipes, &mut context);
                0
            }
            Pipe::Output(channel) => child.read(channel, buffer, pipes, &mut context),
        };
        self.take_steps();
        count
    }

    /// Takes what a dead child's pipes hold, and closes them.
    pub(super) fn drain(&mut self, id: ProcessId) {
        let Parts { children, pipes, buffer, mut context } = self.parts(id);
        let Some(child) = children.remove(&id) else { return };
        child.drain(buffer, pipes, &mut context);
        context.unwatched.forget(id);
        self.take_steps();
    }

    /// Tells what is due.
    pub(super) fn tell_untold(&mut self) {
        if self.untold.deadline().is_none() {
            return;
        }
        let now = clock::mono();
        for (id, channel) in self.untold.take(now) {
            // Of a child that has died everything is told.
            let Some(log) = self.children.get_mut(&id).and_then(|child| child.log(channel)) else { continue };
            let line = log.due(now);
            self.untold.note(id, channel, log);
            if let Some(line) = line {
                self.log(&line);
            }
        }
    }

    /// Tells what is lost of what waited for its reader, though nothing more is written.
    pub(super) fn tell_lost(&mut self) {
        let Some(forsaken) = patient::lost() else { return };
        let mut lines = Vec::new();
        for (&id, child) in &mut self.children {
            for channel in [Channel::Stdout, Channel::Stderr] {
                let Some(log) = child.log(channel) else { continue };
                lines.extend(log.lost_since());
                self.untold.note(id, channel, log);
            }
        }
        let trouble = |(path, shortfall)| Message::LogTrouble(LogFileError::of_loss(path, shortfall).to_string());
        lines.extend(forsaken.into_iter().map(trouble));
        lines.iter().for_each(|line| self.log(line));
    }

    /// A process is no more. Its child, if it is one that cannot be stopped, is a stranger from now on.
    pub(super) fn forget(&mut self, id: ProcessId) {
        if let Some(mut child) = self.children.remove(&id) {
            child.end_logs().for_each(|line| self.log(&line));
        }
    }

    /// The daemon ends: what is untold of logs that are still open.
    pub(super) fn end_logs(&mut self) {
        let lines: Vec<_> = self.children.values_mut().flat_map(Child::end_logs).collect();
        lines.iter().for_each(|line| self.log(line));
    }
}
