//! Events as a listener read them: the bytes the recording fixture appended to its file, cut into envelopes again.
//!
//! The cut itself is a proof: `len` counts code points, and a header that counted anything else would leave a rest
//! that is no header.

/// One event as it lay on the pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The header line without its LF.
    pub header: String,
    /// The payload.
    pub payload: String,
}

impl Event {
    /// The value of a header token.
    pub fn token(&self, key: &str) -> &str {
        self.header
            .split(' ')
            .filter_map(|token| token.split_once(':'))
            .find(|(name, _)| *name == key)
            .unwrap_or_else(|| panic!("no {key} in {:?}", self.header))
            .1
    }

    /// `eventname`.
    pub fn name(&self) -> &str {
        self.token("eventname")
    }

    /// `serial`.
    pub fn serial(&self) -> u64 {
        self.token("serial").parse().expect("a serial")
    }

    /// `poolserial`.
    pub fn poolserial(&self) -> u64 {
        self.token("poolserial").parse().expect("a poolserial")
    }

    /// `processname` of the payload's first line, or nothing.
    pub fn process(&self) -> Option<&str> {
        self.payload.split_whitespace().find_map(|token| token.strip_prefix("processname:"))
    }

    /// The event's name without its prefix and the process: `web STARTING`. Short enough for lists in tests.
    pub fn brief(&self) -> String {
        let name = self.name().trim_start_matches("PROCESS_STATE_");
        match self.process() {
            Some(process) => format!("{process} {name}"),
            None => name.to_owned(),
        }
    }
}

/// Cuts what a listener has read into events. An unfinished tail is left out.
pub fn parse(bytes: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(bytes);
    let mut rest = &*text;
    let mut events = Vec::new();
    while let Some((header, tail)) = rest.split_once('\n') {
        assert!(header.starts_with("ver:"), "not a header: {header:?}");
        let length: usize = header.rsplit_once("len:").and_then(|(_, len)| len.parse().ok()).expect("a length");
        let end = tail.char_indices().map(|(at, _)| at).chain([tail.len()]).nth(length);
        let Some(end) = end else { break };
        events.push(Event { header: header.to_owned(), payload: tail[..end].to_owned() });
        rest = &tail[end..];
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_code_points_and_a_tail_is_left_out() {
        let wire = "ver:3.0 serial:7 eventname:A len:3\né€xver:3.0 serial:8 eventname:B len:0\nver:3.0 len:9\nhalf";
        let events = parse(wire.as_bytes());
        let read: Vec<_> = events.iter().map(|event| (event.name(), event.payload.as_str())).collect();
        assert_eq!(read, [("A", "é€x"), ("B", "")]);
        assert_eq!(events[0].serial(), 7);
    }
}
