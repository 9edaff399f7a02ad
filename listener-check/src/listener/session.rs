//! A listener's words, judged as the daemon judges them, with reasons a person can use. Pure.
//!
//! The daemon itself only ever says that a listener "violated the protocol". Here the bytes are at hand, the state
//! is known, and the usual mistakes are few: so they are named.

use supervisor_protocol::listener::{Reply, ReplyDecoder};
use supervisor_protocol::state::ListenerState;

/// Something the protocol allows a listener to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// `READY\n`
    Ready,
    /// A result: `OK`.
    Ok,
    /// A result: `FAIL`.
    Fail,
}

/// The daemon's view of one listener process.
#[derive(Debug)]
pub(crate) struct Session {
    decoder: ReplyDecoder,
    state: ListenerState,
    /// Whether anything was answered yet, for better reasons.
    has_answered: bool,
}

impl Session {
    /// A process that has just started.
    pub(crate) fn new() -> Session {
        Session { decoder: ReplyDecoder::new(), state: ListenerState::Acknowledged, has_answered: false }
    }

    /// The listener wrote these bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.decoder.feed(bytes);
    }

    /// The listener was sent an event.
    pub(crate) fn sent(&mut self) {
        self.state = ListenerState::Busy;
    }

    /// The state it is in.
    pub(crate) fn state(&self) -> ListenerState {
        self.state
    }

    /// The next thing it said, if that is complete.
    ///
    /// # Errors
    /// It said what it must not say; the reason, in words.
    pub(crate) fn next(&mut self) -> Result<Option<Said>, String> {
        let Some(reply) = self.decoder.next_reply(self.state) else { return Ok(None) };
        match reply {
            Reply::Ready => {
                self.state = ListenerState::Ready;
                Ok(Some(Said::Ready))
            }
            Reply::Result { body, len } => {
                self.state = ListenerState::Acknowledged;
                self.has_answered = true;
                match &body[..] {
                    b"OK" if len == 2 => Ok(Some(Said::Ok)),
                    b"FAIL" if len == 4 => Ok(Some(Said::Fail)),
                    other => Err(format!(
                        "its result was {} ({len} bytes): the daemon takes anything but OK for a failure, and sends \
                         the event again",
                        quoted(other)
                    )),
                }
            }
            Reply::BadResultLine(line) => Err(bad_line(&line)),
            Reply::Violation(bytes) => Err(self.violation(&bytes)),
        }
    }

    fn violation(&self, bytes: &[u8]) -> String {
        let shown = quoted(bytes);
        if self.state == ListenerState::Ready {
            return if bytes.starts_with(b"READY") {
                "it said READY twice: any output between READY and the next event ends the conversation".to_owned()
            } else if bytes.starts_with(b"RESULT") {
                "it answered more often than it was asked".to_owned()
            } else {
                format!("it wrote {shown} while it waited for an event: standard output is for the protocol alone")
            };
        }
        if bytes.starts_with(b"READY\r") {
            return "it said READY followed by a carriage return: lines end in a line feed alone".to_owned();
        }
        if self.has_answered && bytes.starts_with(b"\n") {
            return "it wrote a newline after its result: nothing follows the body, READY comes at once (print without \
                    a newline)"
                .to_owned();
        }
        if self.has_answered && bytes.starts_with(b"RESULT") {
            return "it answered one event twice".to_owned();
        }
        format!("it wrote {shown} where READY was due: standard output is for the protocol alone")
    }
}

fn bad_line(line: &[u8]) -> String {
    match line {
        b"READY" => "it said READY before it had answered".to_owned(),
        b"OK" => "it answered with a bare OK: the result must be preceded by a line `RESULT 2`".to_owned(),
        _ => format!(
            "it wrote the line {} where a result was due, such as `RESULT 2`: standard output is for the protocol alone",
            quoted(line)
        ),
    }
}

/// Bytes for a person: quoted, escaped, and not too many.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    const SHOWN: usize = 60;
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays bytes at a session that is sent an event at each READY but the last of `events + 1`.
    fn judged(mut events: usize, output: &[u8]) -> Result<Vec<Said>, String> {
        let mut session = Session::new();
        let mut said = Vec::new();
        session.feed(output);
        while let Some(next) = session.next()? {
            said.push(next);
            if next == Said::Ready && events > 0 {
                events -= 1;
                session.sent();
            }
        }
        Ok(said)
    }

    #[test]
    fn what_is_right_passes() {
        assert_eq!(judged(0, b"READY\n"), Ok(vec![Said::Ready]));
        assert_eq!(
            judged(2, b"READY\nRESULT 2\nOKREADY\nRESULT 4\nFAILREADY\n"),
            Ok(vec![Said::Ready, Said::Ok, Said::Ready, Said::Fail, Said::Ready])
        );
    }

    #[test]
    fn the_usual_mistakes_are_named() {
        for (events, output, reason) in [
            (0, &b"Hello!"[..], "it wrote \"Hello!\" where READY was due"),
            (0, b"READY\r\n", "carriage return"),
            (0, b"READY\nREADY\n", "READY twice"),
            (0, b"READY\nRESULT 2\nOK", "more often than it was asked"),
            (0, b"READY\ndebug", "it wrote \"debug\" while it waited"),
            (1, b"READY\nREADY\n", "READY before it had answered"),
            (1, b"READY\nOK\n", "bare OK"),
            (1, b"READY\nprocessing\n", "it wrote the line \"processing\" where a result was due"),
            (1, b"READY\nRESULT 2\nOK\nREADY\n", "newline after its result"),
            (1, b"READY\nRESULT 3\nOK\nREADY\n", "its result was \"OK\\n\" (3 bytes)"),
            (1, b"READY\nRESULT 2\nOKRESULT 2\nOK", "answered one event twice"),
            (1, b"READY\nRESULT 2\nOKREADY\nRESULT 2\nOK", "more often than it was asked"),
        ] {
            let said = judged(events, output).unwrap_err();
            assert!(said.contains(reason), "{said:?} for {output:?}");
        }
    }

    #[test]
    fn long_output_is_shortened() {
        assert_eq!(quoted("é".repeat(61).as_bytes()), format!("\"{}\"...", "é".repeat(60)));
    }
}
