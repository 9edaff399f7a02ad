//! The one table of redactions: what differs between two runs of the same scenario and says nothing about the contract.
//!
//! A rule finds a fixed text before a varying part and replaces the part by a word. Golden files are written, and
//! compared, after this table and nothing else.

use std::path::Path;

use crate::activity;
use crate::envelope::Event;
use crate::subject;

/// What varies.
enum Part {
    /// Decimal digits.
    Digits,
    /// `H:MM:SS`.
    Uptime,
    /// The eight letters of an automatic log name.
    Random,
    /// All up to the end of the line.
    Line,
}

/// Text before the varying part, its kind, and the word that replaces it.
const TABLE: &[(&str, Part, &str)] = &[
    ("pid:", Part::Digits, "PID"),
    ("pid ", Part::Digits, "PID"),
    ("when:", Part::Digits, "WHEN"),
    ("uptime ", Part::Uptime, "UPTIME"),
    ("<name>pid</name>\n<value><int>", Part::Digits, "PID"),
    ("<name>start</name>\n<value><int>", Part::Digits, "TIME"),
    ("<name>stop</name>\n<value><int>", Part::Digits, "TIME"),
    ("<name>now</name>\n<value><int>", Part::Digits, "TIME"),
    ("---supervisor-", Part::Random, "RANDOM"),
    ("DEBG fd ", Part::Digits, "FD"),
    ("Dispatcher at ", Part::Digits, "ID"),
    ("<Subprocess at ", Part::Digits, "ID"),
    ("Date: ", Part::Line, "DATE"),
    // No known client reads what the server calls itself.
    ("Server: ", Part::Line, "SERVER"),
];

/// A text with everything replaced that varies between runs. `dir` is the daemon's directory, `port` its `{port}`.
pub fn redact(text: &str, dir: &Path, port: u16) -> String {
    let mut text = text.replace(&dir.display().to_string(), "DIR");
    text = text.replace(&subject::misbehave().display().to_string(), "MISBEHAVE");
    text = text.replace(&format!(":{port}"), ":PORT");
    for (before, part, word) in TABLE {
        text = rule(&text, before, part, word);
    }
    let untimed = |line: &str| if activity::has_time(line) { format!("TIME {}", &line[24..]) } else { line.to_owned() };
    text.split('\n').map(untimed).collect::<Vec<_>>().join("\n")
}

/// An event, redacted. The length is that of the redacted payload, so that pids of five and six digits look alike; that
/// it was right on the wire is proven by the cut into events.
pub fn envelope(event: &Event, dir: &Path, port: u16) -> String {
    let payload = redact(&event.payload, dir, port);
    let header = event.header.rsplit_once("len:").map_or(event.header.as_str(), |(head, _)| head);
    format!("{header}len:{}\n{payload}", payload.chars().count())
}

fn rule(text: &str, before: &str, part: &Part, word: &str) -> String {
    let mut pieces = text.split(before);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(before);
        let length = match part {
            Part::Digits => piece.bytes().take_while(u8::is_ascii_digit).count(),
            Part::Uptime => piece.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b':').count(),
            Part::Random => piece.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count(),
            Part::Line => piece.find(['\r', '\n']).unwrap_or(piece.len()),
        };
        // `pid:0` and a time of 0 are facts, not noise.
        if length > 0 && &piece[..length] != "0" {
            out.push_str(word);
            out.push_str(&piece[length..]);
        } else {
            out.push_str(piece);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_replaced_and_facts_are_kept() {
        let redacted = |text| redact(text, Path::new("/d"), 8080);
        assert_eq!(redacted("pid:4711 pid:0 /d/x 127.0.0.1:8080"), "pid:PID pid:0 DIR/x 127.0.0.1:PORT");
        assert_eq!(redacted("2026-11-22 10:53:31,001 INFO x\nuptime 1:02:03."), "TIME INFO x\nuptime UPTIME.");
        assert_eq!(redacted("p-stdout---supervisor-a_b1c2d3.log"), "p-stdout---supervisor-RANDOM.log");
        assert_eq!(redacted("Server: a\r\nDate: b"), "Server: SERVER\r\nDate: DATE");
    }
}
