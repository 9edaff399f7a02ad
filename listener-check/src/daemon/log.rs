//! A daemon's activity log, as far as listeners are concerned. Pure.
//!
//! The texts are part of the contract (`ev_p23`): they are what people search their logs for.

/// The lines of an activity log, each without its time: `WARN x: event was rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Log(Vec<String>);

impl Log {
    /// Reads a log. Lines that continue another one, such as the bytes a listener wrote, have no time and stay whole.
    pub(crate) fn parse(text: &str) -> Log {
        Log(text.lines().map(|line| without_time(line).to_owned()).collect())
    }

    /// Whether a line is there.
    pub(crate) fn has(&self, line: &str) -> bool {
        self.position(line).is_some()
    }

    /// The number of the first such line.
    pub(crate) fn position(&self, line: &str) -> Option<usize> {
        self.0.iter().position(|found| found == line)
    }

    /// The number of the first such line after another.
    pub(crate) fn position_after(&self, at: usize, line: &str) -> Option<usize> {
        let behind = self.0.get(at + 1..)?;
        behind.iter().position(|found| found == line).map(|found| at + 1 + found)
    }

    /// The number of the first line that fits.
    pub(crate) fn find(&self, fits: impl Fn(&str) -> bool) -> Option<usize> {
        self.0.iter().position(|line| fits(line))
    }

    /// All lines that fit, with their numbers.
    pub(crate) fn all(&self, fits: impl Fn(&str) -> bool) -> Vec<(usize, &str)> {
        self.0.iter().enumerate().filter(|(_, line)| fits(line)).map(|(at, line)| (at, line.as_str())).collect()
    }

    /// Whether these lines come in this order, perhaps with others between them.
    ///
    /// # Errors
    /// The first line that does not follow.
    pub(crate) fn has_in_order(&self, lines: &[String]) -> Result<(), String> {
        let mut rest = self.0.iter();
        for (at, line) in lines.iter().enumerate() {
            if !rest.any(|found| found == line) {
                let behind = at.checked_sub(1).and_then(|before| lines.get(before));
                let behind = behind.map(|line| format!(", or not after {line:?}")).unwrap_or_default();
                return Err(format!("the log has no line {line:?}{behind}"));
            }
        }
        Ok(())
    }

    /// The lines that say that an event was sent to a listener.
    pub(crate) fn sent_to(&self, listener: &str) -> Vec<usize> {
        let end = format!(" sent to listener {listener}");
        self.all(|line| line.starts_with("DEBG event ") && line.ends_with(&end)).into_iter().map(|(at, _)| at).collect()
    }
}

/// The line that says that a listener broke the protocol.
pub(crate) fn unknown_line(listener: &str) -> String {
    format!(
        "WARN {listener}: has entered the UNKNOWN state and will no longer receive events, this usually indicates the \
         process violated the eventlistener protocol"
    )
}

/// Cuts `2026-11-22 11:03:43,918 ` off.
fn without_time(line: &str) -> &str {
    const SHAPE: &[u8] = b"0000-00-00 00:00:00,000 ";
    let has_time = line.len() >= SHAPE.len()
        && line
            .bytes()
            .zip(SHAPE)
            .all(|(byte, shape)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape });
    if has_time { line.get(SHAPE.len()..).unwrap_or(line) } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_off_and_other_lines_left_alone() {
        let log = Log::parse(
            "2026-11-22 11:03:43,918 DEBG event 3 sent to listener a\n2026-11-22 11:03:43,918 DEBG 'a' stdout output:\n\
             b'RESULT 2\\nOK'\n2026-11-22 11:03:43,919 DEBG a: event was processed\n",
        );
        let lines =
            ["DEBG event 3 sent to listener a", "b'RESULT 2\\nOK'", "DEBG a: event was processed"].map(str::to_owned);
        assert_eq!(log.has_in_order(&lines), Ok(()));
        assert_eq!(log.sent_to("a"), [0]);
        assert_eq!(log.sent_to("b"), [0usize; 0]);
        let [first, _, last] = lines;
        assert_eq!(
            log.has_in_order(&[last, first.clone()]),
            Err(format!("the log has no line {first:?}, or not after \"DEBG a: event was processed\""))
        );
    }
}
