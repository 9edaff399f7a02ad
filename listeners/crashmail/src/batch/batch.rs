//! What is collected, in which words, and when an interval is over.
//!
//! Pure. The clock is the tick event of the command line: each adds its minutes to a sum, and the interval is
//! over when the sum reaches it. The sum is one of IEEE doubles, whose rounding is visible and kept: with
//! TICK_5, an interval of 0.5, 1, 2 or 5 minutes ends on tick 7, 12, 25 or 61 (`ev_s21`). The clock runs from
//! the start of the listener, not from the first message. Texts are superlance's (`ev_s18`).

use supervisor_protocol::text::{int, int_error};
use supervisor_sdk::{Event, StateChange};

/// How many messages an interval may collect; further ones are only counted.
const MAX_MESSAGES: usize = 10_000;

/// Which of the three listeners this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// crashmailbatch: unexpected exits.
    CrashMail,
    /// fatalmailbatch: programs that could not be started.
    FatalMail,
    /// crashsms: unexpected exits, in few words.
    CrashSms,
}

impl Flavour {
    /// The program's name.
    pub fn name(self) -> &'static str {
        match self {
            Flavour::CrashMail => "crashmailbatch",
            Flavour::FatalMail => "fatalmailbatch",
            Flavour::CrashSms => "crashsms",
        }
    }

    /// The subject unless one is given.
    pub(crate) fn subject(self) -> Option<&'static str> {
        match self {
            Flavour::CrashMail => Some("Crash alert from supervisord"),
            Flavour::FatalMail => Some("Fatal start alert from supervisord"),
            Flavour::CrashSms => None,
        }
    }

    /// The line about an event, if it is one to tell of; `time` in the format of log lines.
    fn message(self, event: &Event, time: &str) -> Option<String> {
        let Event::ProcessState { process, change, .. } = event else { return None };
        let (group, name) = (&process.group, &process.process);
        match (self, change) {
            (Flavour::CrashMail, StateChange::Exited { expected: false, pid }) => {
                Some(format!("{time} -- Process {group}:{name} (pid {pid}) died unexpectedly"))
            }
            (Flavour::CrashSms, StateChange::Exited { expected: false, pid }) => {
                Some(format!("[{group}:{name}]({pid}) exited unexpectedly {time}"))
            }
            (Flavour::FatalMail, StateChange::Fatal) => {
                Some(format!("{time} -- Process {group}:{name} failed to start too many times"))
            }
            _ => None,
        }
    }
}

/// A name of a tick event that gives no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TickNameError {
    /// It does not begin with `TICK_`.
    #[error("Invalid TICK event name: {0}")]
    NoTick(String),
    /// What follows is no whole number.
    #[error("{}", int_error(.0))]
    NoNumber(String),
}

/// The messages of the current interval.
#[derive(Debug)]
pub(crate) struct Batch {
    flavour: Flavour,
    tick_event: String,
    minutes_per_tick: f64,
    interval: f64,
    minutes: f64,
    messages: Vec<String>,
    uncollected: u64,
}

impl Batch {
    /// An empty one. Any number is taken for the seconds of a tick, known to the daemon or not.
    ///
    /// # Errors
    /// The name is not `TICK_` and a number.
    pub(crate) fn new(flavour: Flavour, tick_event: &str, interval: f64) -> Result<Batch, TickNameError> {
        let Some(rest) = tick_event.strip_prefix("TICK_") else {
            return Err(TickNameError::NoTick(tick_event.to_owned()));
        };
        let number = rest.split('_').next().unwrap_or_default();
        let seconds = int(number, 10).ok_or_else(|| TickNameError::NoNumber(number.to_owned()))?;
        Ok(Batch {
            flavour,
            tick_event: tick_event.to_owned(),
            minutes_per_tick: seconds as f64 / 60.0,
            interval,
            minutes: 0.0,
            messages: Vec::new(),
            uncollected: 0,
        })
    }

    /// Takes an event; the message that was collected, if it is one to tell of.
    pub(crate) fn collect(&mut self, event: &Event, time: &str) -> Option<String> {
        let message = self.flavour.message(event, time)?;
        if self.messages.len() < MAX_MESSAGES {
            self.messages.push(message.clone());
        } else {
            self.uncollected += 1;
        }
        Some(message)
    }

    /// Takes the name of an event; the text to send, if that ends an interval in which there was something.
    pub(crate) fn tick(&mut self, name: &str) -> Option<String> {
        if name != self.tick_event {
            return None;
        }
        self.minutes += self.minutes_per_tick;
        // Not `<`, since an interval may be no number: it never ends.
        let is_over = self.minutes >= self.interval;
        if !is_over {
            return None;
        }
        self.minutes = 0.0;
        let mut messages = std::mem::take(&mut self.messages);
        match std::mem::take(&mut self.uncollected) {
            0 => {}
            count => messages.push(format!("and {count} more")),
        }
        (!messages.is_empty()).then(|| messages.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use supervisor_sdk::{ProcessRef, ProcessState, TickPeriod};

    const TIME: &str = "2026-11-22 11:06:14,415";

    fn event(change: StateChange) -> Event {
        Event::ProcessState { process: ProcessRef::new("n", "g"), from: ProcessState::Running, change }
    }

    fn crash() -> Event {
        event(StateChange::Exited { expected: false, pid: 42 })
    }

    #[test]
    fn messages_are_superlances() {
        let fatal = event(StateChange::Fatal);
        assert_eq!(
            Flavour::CrashMail.message(&crash(), TIME).as_deref(),
            Some("2026-11-22 11:06:14,415 -- Process g:n (pid 42) died unexpectedly")
        );
        assert_eq!(
            Flavour::CrashSms.message(&crash(), TIME).as_deref(),
            Some("[g:n](42) exited unexpectedly 2026-11-22 11:06:14,415")
        );
        assert_eq!(
            Flavour::FatalMail.message(&fatal, TIME).as_deref(),
            Some("2026-11-22 11:06:14,415 -- Process g:n failed to start too many times")
        );
        let expected = event(StateChange::Exited { expected: true, pid: 42 });
        let tick = Event::Tick { period: TickPeriod::Seconds60, when: 60 };
        for flavour in [Flavour::CrashMail, Flavour::CrashSms] {
            for other in [&fatal, &expected, &tick] {
                assert_eq!(flavour.message(other, TIME), None);
            }
        }
        assert_eq!(Flavour::FatalMail.message(&crash(), TIME), None);
    }

    #[test]
    fn intervals_are_sums_of_doubles() {
        for (interval, expected) in [(0.5, 7), (1.0, 12), (2.0, 25), (5.0, 61), (0.0, 1), (-1.0, 1)] {
            let mut batch = Batch::new(Flavour::CrashMail, "TICK_5", interval).unwrap();
            batch.collect(&crash(), TIME);
            let ticks = (1..100).find(|_| batch.tick("TICK_5").is_some());
            assert_eq!(ticks, Some(expected), "{interval}");
        }
        for interval in [f64::NAN, f64::INFINITY] {
            let mut batch = Batch::new(Flavour::CrashMail, "TICK_3600", interval).unwrap();
            batch.collect(&crash(), TIME);
            assert!((0..1000).all(|_| batch.tick("TICK_3600").is_none()));
        }
    }

    #[test]
    fn only_the_named_tick_counts_and_an_interval_without_messages_restarts_the_clock() {
        let mut batch = Batch::new(Flavour::CrashSms, "TICK_60", 2.0).unwrap();
        assert!(batch.tick("TICK_60").is_none());
        batch.collect(&crash(), "T1");
        batch.collect(&crash(), "T2");
        assert!(batch.tick("TICK_5").is_none() && batch.tick("TICK_3600").is_none());
        let text = "[g:n](42) exited unexpectedly T1\n[g:n](42) exited unexpectedly T2";
        assert_eq!(batch.tick("TICK_60").as_deref(), Some(text));
        assert!((0..3).all(|_| batch.tick("TICK_60").is_none()));
        batch.collect(&crash(), "T3");
        assert_eq!(batch.tick("TICK_60").as_deref(), Some("[g:n](42) exited unexpectedly T3"));
    }

    #[test]
    fn a_flood_is_counted() {
        let mut batch = Batch::new(Flavour::CrashSms, "TICK_60", 1.0).unwrap();
        for _ in 0..MAX_MESSAGES + 7 {
            assert!(batch.collect(&crash(), TIME).is_some());
        }
        let text = batch.tick("TICK_60").unwrap();
        assert_eq!(text.lines().count(), MAX_MESSAGES + 1);
        assert!(text.ends_with("\nand 7 more"));
    }

    #[test]
    fn tick_names_need_a_number() {
        let error = |name| Batch::new(Flavour::CrashMail, name, 1.0).map(drop).map_err(|error| error.to_string());
        assert_eq!(error("TICK_7"), Ok(()));
        assert_eq!(error("TICK_-60"), Ok(()));
        assert_eq!(error("TICK_٦0"), Ok(()));
        assert_eq!(error("FOO"), Err("Invalid TICK event name: FOO".into()));
        assert_eq!(error("TICK_abc"), Err("invalid literal for int() with base 10: 'abc'".into()));
        assert_eq!(error("TICK_"), Err("invalid literal for int() with base 10: ''".into()));
    }
}
