//! Scripts for actors: what a listener under this kit's control does with one event. Pure.
//!
//! A script travels as the data of an event, so it is text without control characters: one operation a line, its
//! argument escaped.
//!
//! ```text
//! write RESULT 2\nOK
//! gate restart
//! exit
//! ```

/// One operation of an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// Writes the text to standard output, in one write.
    Write(String),
    /// The same, a write for each byte.
    Bytewise(String),
    /// Writes so many letters to standard output.
    Fill(usize),
    /// Writes the text to standard error.
    Complain(String),
    /// Writes a note into the transcript.
    Note(String),
    /// Waits until the kit opens the gate of this name.
    Gate(String),
    /// Writes down events without answering, until the gate opens.
    Listen(String),
    /// Closes standard input.
    CloseInput,
    /// Closes standard output.
    CloseOutput,
    /// From here on SIGTERM is waited for and does not end the process. Notes `waiting for SIGTERM`.
    AwaitTerm,
    /// Ends the process with status 0.
    Exit,
}

/// The script's text.
pub(crate) fn encode(script: &[Op]) -> String {
    script.iter().map(|op| line(op) + "\n").collect()
}

fn line(op: &Op) -> String {
    match op {
        Op::Write(text) => format!("write {}", text.escape_default()),
        Op::Bytewise(text) => format!("bytewise {}", text.escape_default()),
        Op::Fill(count) => format!("fill {count}"),
        Op::Complain(text) => format!("complain {}", text.escape_default()),
        Op::Note(text) => format!("note {}", text.escape_default()),
        Op::Gate(name) => format!("gate {name}"),
        Op::Listen(name) => format!("listen {name}"),
        Op::CloseInput => "close-input".to_owned(),
        Op::CloseOutput => "close-output".to_owned(),
        Op::AwaitTerm => "await-term".to_owned(),
        Op::Exit => "exit".to_owned(),
    }
}

/// Reads a script; none if a line makes no sense.
pub(crate) fn parse(text: &str) -> Option<Vec<Op>> {
    text.lines()
        .map(|line| {
            let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
            Some(match verb {
                "write" => Op::Write(unescape(rest)?),
                "bytewise" => Op::Bytewise(unescape(rest)?),
                "fill" => Op::Fill(rest.parse().ok()?),
                "complain" => Op::Complain(unescape(rest)?),
                "note" => Op::Note(unescape(rest)?),
                "gate" => Op::Gate(rest.to_owned()),
                "listen" => Op::Listen(rest.to_owned()),
                "close-input" => Op::CloseInput,
                "close-output" => Op::CloseOutput,
                "await-term" => Op::AwaitTerm,
                "exit" => Op::Exit,
                _ => return None,
            })
        })
        .collect()
}

/// The inverse of [`str::escape_default`]; none for what it does not produce.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match rest.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (digits, behind) = rest.as_str().strip_prefix('{')?.split_once('}')?;
                rest = behind.chars();
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            c @ ('\\' | '\'' | '"') => c,
            _ => return None,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_survive_the_journey() {
        let script = vec![
            Op::Write("RESULT 2\n\u{1b}[1m\0OK\\ 'é' \"🦀\"\r\t".into()),
            Op::Bytewise("READY\n".into()),
            Op::Fill(200_000),
            Op::Complain("oh\n".into()),
            Op::Note("here".into()),
            Op::Gate("restart".into()),
            Op::Listen("restart".into()),
            Op::CloseInput,
            Op::CloseOutput,
            Op::AwaitTerm,
            Op::Exit,
        ];
        let text = encode(&script);
        assert!(text.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{text}");
        assert_eq!(parse(&text), Some(script));
    }

    #[test]
    fn nonsense_is_no_script() {
        for text in ["jump", "write \\x", "write \\u{110000}", "fill many", "write \\"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
