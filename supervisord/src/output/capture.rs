//! Process communication: finding `<!--XSUPERVISOR:BEGIN-->` … `<!--XSUPERVISOR:END-->` in a channel's output.
//!
//! One [`CaptureScanner`] belongs to one channel (stdout or stderr) of one run of a process. It is fed what the
//! pipe gave and hands out pieces in order, as slices of the input wherever it can: text outside the tokens, text
//! inside them, and at each END token the payload collected since BEGIN. It is in one of two modes and looks for
//! one token in each; a BEGIN inside is data, an END outside is text.
//!
//! Tokens may be split anywhere. At the end of a chunk only a real, proper prefix of the wanted token is held
//! back (at most 23 bytes), and it joins the next chunk; a complete token acts at once. [`CaptureScanner::finish`]
//! releases a held prefix at end of file. So nothing outside a capture is ever lost, and a capture which is not
//! closed never becomes an event.
//!
//! The payload limit is not a ring buffer. When a piece of `n` bytes does not fit, the *first* `n` bytes of what
//! was collected are dropped and the piece is appended whole, so the newest piece always survives and may exceed
//! the limit by itself; a limit of 1 is a usable way to switch capture on.
//!
//! Escape sequences are removed here rather than by the caller, because tokens are searched in the raw bytes while
//! text and payload are collected without the sequences, piece by piece.
//!
//! The scanner does not know what becomes of a piece: log files, echo and events are the caller's.

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;
use supervisor_protocol::comm::{BEGIN, END};

use super::ansi::Stripper;

/// Searchers are built once: captures of a few bytes, back to back, then cost no set-up each.
static BEGIN_FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(BEGIN));
static END_FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(END));

/// A piece of a channel's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Captured<'a> {
    /// Text outside the tokens: for the log file, syslog, the echo and PROCESS_LOG events. Empty only when the
    /// ANSI filter left nothing of it.
    Plain(&'a [u8]),
    /// Text inside the tokens: for the echo and PROCESS_LOG events, but not for the log file.
    Inside(&'a [u8]),
    /// A closed capture: the payload of one PROCESS_COMMUNICATION event, possibly empty.
    Event(Bytes),
}

/// The incremental token scanner of one channel.
///
/// Source: Supervisor's process communication events; contract `ev_c01` to `ev_c08`, `cfg_lg15`, `cfg_lg16`.
#[derive(Debug)]
pub struct CaptureScanner {
    /// 0: capture is off and the tokens are ordinary text.
    capture_maxbytes: i64,
    mode: Mode,
    /// A proper prefix of the wanted token, seen at the end of the last chunk.
    held: Vec<u8>,
    stripper: Stripper,
}

#[derive(Debug)]
enum Mode {
    Outside,
    Inside { payload: BytesMut },
}

impl CaptureScanner {
    /// A scanner at the start of a channel. `capture_maxbytes` is the payload limit in bytes as configured: 0 turns
    /// capture off, a negative one keeps only the newest piece.
    pub fn new(capture_maxbytes: i64) -> Self {
        CaptureScanner { capture_maxbytes, mode: Mode::Outside, held: Vec::new(), stripper: Stripper::default() }
    }

    /// Scans the next chunk and passes its pieces to `sink` in order.
    ///
    /// With `strip_ansi`, every piece has gone through a [`Stripper`]. A chunk may yield no piece (it is a token
    /// prefix so far) or many. Takes time linear in the chunk.
    pub fn feed(&mut self, chunk: &[u8], strip_ansi: bool, sink: &mut impl FnMut(Captured<'_>)) {
        if self.capture_maxbytes == 0 {
            if !chunk.is_empty() {
                sink(Captured::Plain(&filtered(&mut self.stripper, chunk, strip_ansi)));
            }
            return;
        }
        if self.held.is_empty() {
            return self.scan(chunk, strip_ansi, sink);
        }
        // Rare (the last chunk ended in the middle of a possible token): join, so that text which turns out to be
        // none stays in one piece with what follows it.
        let mut joined = std::mem::take(&mut self.held);
        joined.extend_from_slice(chunk);
        self.scan(&joined, strip_ansi, sink);
    }

    /// The channel reached its end: a held token prefix was text after all. What an open capture has collected is
    /// lost. The scanner is as new afterwards.
    pub fn finish(&mut self, strip_ansi: bool, sink: &mut impl FnMut(Captured<'_>)) {
        let held = std::mem::take(&mut self.held);
        let mode = std::mem::replace(&mut self.mode, Mode::Outside);
        let mut text = filtered(&mut self.stripper, &held, strip_ansi);
        let escape = self.stripper.end();
        if !escape.is_empty() {
            text.to_mut().extend_from_slice(escape);
        }
        if matches!(mode, Mode::Outside) && (!held.is_empty() || !text.is_empty()) {
            sink(Captured::Plain(&text));
        }
    }

    /// `true` between a BEGIN token and its END.
    pub fn is_capturing(&self) -> bool {
        matches!(self.mode, Mode::Inside { .. })
    }

    fn scan(&mut self, mut data: &[u8], strip_ansi: bool, sink: &mut impl FnMut(Captured<'_>)) {
        while !data.is_empty() {
            let (token, finder) = match self.mode {
                Mode::Outside => (BEGIN, &BEGIN_FINDER),
                Mode::Inside { .. } => (END, &END_FINDER),
            };
            let Some(at) = finder.find(data) else {
                let (text, held) = data.split_at(data.len() - prefix_at_end(data, token));
                self.held.extend_from_slice(held);
                return self.text(text, strip_ansi, sink);
            };
            let (text, rest) = data.split_at(at);
            self.text(text, strip_ansi, sink);
            // No sequence goes on behind a token.
            let escape = self.stripper.end();
            self.text(escape, false, sink);
            self.toggle(sink);
            data = rest.get(token.len()..).unwrap_or_default();
        }
    }

    fn text(&mut self, text: &[u8], strip_ansi: bool, sink: &mut impl FnMut(Captured<'_>)) {
        if text.is_empty() {
            return;
        }
        let text = filtered(&mut self.stripper, text, strip_ansi);
        match &mut self.mode {
            Mode::Outside => sink(Captured::Plain(&text)),
            Mode::Inside { payload } => {
                collect(payload, &text, self.capture_maxbytes);
                sink(Captured::Inside(&text));
            }
        }
    }

    fn toggle(&mut self, sink: &mut impl FnMut(Captured<'_>)) {
        match std::mem::replace(&mut self.mode, Mode::Outside) {
            Mode::Outside => self.mode = Mode::Inside { payload: BytesMut::new() },
            Mode::Inside { payload } => sink(Captured::Event(payload.freeze())),
        }
    }
}

/// The option may be switched while a sequence is open.
fn filtered<'a>(stripper: &mut Stripper, text: &'a [u8], strip_ansi: bool) -> Cow<'a, [u8]> {
    if strip_ansi {
        return stripper.strip(text);
    }
    match stripper.end() {
        [] => Cow::Borrowed(text),
        escape => Cow::Owned([escape, text].concat()),
    }
}

/// Appends under the limit: what does not fit costs as many of the oldest bytes as are new.
fn collect(payload: &mut BytesMut, text: &[u8], maxbytes: i64) {
    let wanted = i64::try_from(payload.len() + text.len()).unwrap_or(i64::MAX);
    if wanted > maxbytes {
        payload.advance(text.len().min(payload.len()));
    }
    payload.extend_from_slice(text);
}

/// Length of the longest proper prefix of `token` that `data` ends in; 0 if there is none.
fn prefix_at_end(data: &[u8], token: &[u8]) -> usize {
    let longest = data.len().min(token.len() - 1);
    (1..=longest).rev().find(|&length| token.get(..length).is_some_and(|prefix| data.ends_with(prefix))).unwrap_or(0)
}

#[cfg(test)]
mod tests;
