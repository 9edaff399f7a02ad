//! What an actor saw, one line an entry, as a value. Pure.

use super::ops::unescape;

/// One line of a transcript, by the process that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The pid of the process.
    pub(crate) pid: u32,
    /// What it saw.
    pub(crate) seen: Seen,
}

/// What an actor sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It has started.
    Start,
    /// It was given an event.
    Event(Event),
    /// A script let it say this.
    Note(String),
    /// Its input ended.
    End,
}

/// An event as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Number of the event.
    pub(crate) serial: u64,
    /// Number within the pool.
    pub(crate) poolserial: u64,
    /// The name on the wire.
    pub(crate) name: String,
    /// Length of the payload in code points.
    pub(crate) len: usize,
    /// The beginning of the payload.
    pub(crate) payload: String,
    /// Whether the bytes were exactly those of the contract: seven tokens in order, the payload, nothing else.
    pub(crate) is_exact: bool,
}

impl Event {
    /// How much of a payload is kept, in characters.
    pub(crate) const KEPT: usize = 200;

    /// The type and the beginning of the data of a REMOTE_COMMUNICATION.
    pub(crate) fn remote(&self) -> Option<(&str, &str)> {
        if self.name != "REMOTE_COMMUNICATION" {
            return None;
        }
        self.payload.strip_prefix("type:")?.split_once('\n')
    }

    /// Whether this is a REMOTE_COMMUNICATION of that type.
    pub(crate) fn is_remote(&self, kind: &str) -> bool {
        self.remote().is_some_and(|(found, _)| found == kind)
    }
}

impl Entry {
    /// The line, without its end.
    pub(crate) fn to_line(&self) -> String {
        let pid = self.pid;
        match &self.seen {
            Seen::Start => format!("{pid}\tstart"),
            Seen::Event(event) => format!(
                "{pid}\tevent\t{}\t{}\t{}\t{}\t{}\t{}",
                event.serial,
                event.poolserial,
                event.name.escape_default(),
                event.len,
                event.is_exact,
                event.payload.escape_default()
            ),
            Seen::Note(text) => format!("{pid}\tnote\t{}", text.escape_default()),
            Seen::End => format!("{pid}\tend"),
        }
    }

    /// Reads a line; none if it is not complete.
    pub(crate) fn parse(line: &str) -> Option<Entry> {
        let mut fields = line.split('\t');
        let pid = fields.next()?.parse().ok()?;
        let seen = match fields.next()? {
            "start" => Seen::Start,
            "end" => Seen::End,
            "note" => Seen::Note(unescape(fields.next()?)?),
            "event" => Seen::Event(Event {
                serial: fields.next()?.parse().ok()?,
                poolserial: fields.next()?.parse().ok()?,
                name: unescape(fields.next()?)?,
                len: fields.next()?.parse().ok()?,
                is_exact: fields.next()?.parse().ok()?,
                payload: unescape(fields.next()?)?,
            }),
            _ => return None,
        };
        Some(Entry { pid, seen })
    }
}

/// All that the processes of one name saw, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Transcript(pub(crate) Vec<Entry>);

impl Transcript {
    /// Reads a transcript. A last line that is still being written is left out.
    pub(crate) fn parse(text: &str) -> Transcript {
        let complete = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
        Transcript(complete.lines().filter_map(Entry::parse).collect())
    }

    /// The events with the pids they were given to.
    pub(crate) fn events(&self) -> impl Iterator<Item = (u32, &Event)> {
        self.0.iter().filter_map(|entry| match &entry.seen {
            Seen::Event(event) => Some((entry.pid, event)),
            Seen::Start | Seen::Note(_) | Seen::End => None,
        })
    }

    /// The deliveries of REMOTE_COMMUNICATION events of this type.
    pub(crate) fn remotes(&self, kind: &str) -> Vec<(u32, &Event)> {
        self.events().filter(|(_, event)| event.is_remote(kind)).collect()
    }

    /// Whether some process saw this.
    pub(crate) fn has(&self, seen: &Seen) -> bool {
        self.0.iter().any(|entry| entry.seen == *seen)
    }

    /// How many processes have started.
    pub(crate) fn starts(&self) -> usize {
        self.0.iter().filter(|entry| entry.seen == Seen::Start).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_lines() {
        let event = Event {
            serial: 3,
            poolserial: 1,
            name: "REMOTE_COMMUNICATION".into(),
            len: 9,
            payload: "type:é\nx\ty".into(),
            is_exact: true,
        };
        let seen = [Seen::Start, Seen::Event(event.clone()), Seen::Note("a\nb".into()), Seen::End];
        let entries: Vec<Entry> = seen.into_iter().map(|seen| Entry { pid: 7, seen }).collect();
        let text: String = entries.iter().map(|entry| entry.to_line() + "\n").collect();
        let transcript = Transcript::parse(&format!("{text}7\tsta"));
        assert_eq!(transcript, Transcript(entries));
        assert_eq!(transcript.remotes("é"), [(7, &event)]);
        assert_eq!(event.remote(), Some(("é", "x\ty")));
        assert_eq!(transcript.starts(), 1);
        assert!(transcript.has(&Seen::End));
    }
}
