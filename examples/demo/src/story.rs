//! What has to be seen before the demo has told its story. Pure: mails and tables in, an answer out.

use std::collections::BTreeMap;

use crate::mailbox::Mail;
use crate::status::Row;

/// A listener, and the words that its mail must hold.
const MAILS: [(&str, &str); 3] =
    [("crashmail", "exited unexpectedly"), ("memmon", "restarted"), ("httpok", "web restarted")];

/// The programs that must have got a new process.
const RESTARTED: [&str; 2] = ["hog", "web"];

/// What has been seen so far.
#[derive(Debug, Default)]
pub(crate) struct Story {
    mails: [bool; MAILS.len()],
    /// Name to the pids it had, oldest first.
    pids: BTreeMap<String, Vec<u32>>,
}

impl Story {
    /// Takes note of a mail.
    pub(crate) fn mail(&mut self, mail: &Mail) {
        for (seen, (sender, words)) in self.mails.iter_mut().zip(MAILS) {
            *seen |= mail.sender == sender && mail.text.contains(words);
        }
    }

    /// Takes note of a status table.
    pub(crate) fn table(&mut self, rows: &[Row]) {
        for row in rows {
            let pids = self.pids.entry(row.name.clone()).or_default();
            if let Some(pid) = row.pid
                && pids.last() != Some(&pid)
            {
                pids.push(pid);
            }
        }
    }

    /// What is still to come, in words; empty when all has been seen.
    pub(crate) fn missing(&self) -> Vec<String> {
        let mails = self.mails.iter().zip(MAILS).filter(|(seen, _)| !**seen);
        let restarts = RESTARTED.iter().filter(|name| self.pids_of(name).len() < 2);
        mails
            .map(|(_, (sender, words))| format!("no mail from {sender} that says \"{words}\""))
            .chain(restarts.map(|name| format!("{name} has no new pid")))
            .collect()
    }

    /// The pids a process had, oldest first.
    pub(crate) fn pids_of(&self, name: &str) -> &[u32] {
        self.pids.get(name).map_or(&[], Vec::as_slice)
    }
}

/// The lines of an activity log that speak of a lost event.
pub(crate) fn dropped_events(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("event buffer overflowed")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Story, dropped_events};
    use crate::mailbox::Mail;
    use crate::status::parse;

    fn mail(sender: &str, text: &str) -> Mail {
        Mail { sender: sender.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_story_is_told_when_three_mails_and_two_new_pids_were_seen() {
        let mut story = Story::default();
        assert_eq!(story.missing().len(), 5);
        story.mail(&mail("crashmail", "Process crash in group crash exited unexpectedly (pid 1) from state RUNNING"));
        story.mail(&mail("memmon", "memmon.py restarted the process named hog:hog at ..."));
        story.mail(&mail("httpok", "error contacting URL:\n\n timed out\nweb restarted"));
        story.table(&parse("hog RUNNING pid 1, uptime 0:00:01\nweb RUNNING pid 2, uptime 0:00:01\n").unwrap());
        assert_eq!(story.missing(), ["hog has no new pid", "web has no new pid"]);
        story.table(&parse("hog STOPPED Nov 22 10:59 AM\nweb RUNNING pid 2, uptime 0:00:02\n").unwrap());
        assert_eq!(story.missing().len(), 2);
        story.table(&parse("hog RUNNING pid 3, uptime 0:00:00\nweb RUNNING pid 4, uptime 0:00:00\n").unwrap());
        assert_eq!(story.missing(), [""; 0]);
        assert_eq!(story.pids_of("hog"), [1, 3]);
    }

    #[test]
    fn a_mail_of_another_listener_or_with_other_words_does_not_count() {
        let mut story = Story::default();
        story.mail(&mail("httpok", "web not in RUNNING state, NOT restarting"));
        story.mail(&mail("memmon", "exited unexpectedly"));
        assert_eq!(story.missing().len(), 5);
    }

    #[test]
    fn an_overflow_line_is_a_dropped_event() {
        let log = "2026-01-01 00:00:00,000 INFO spawned: 'x' with pid 1\n\
                   2026-01-01 00:00:00,000 ERRO pool memmon event buffer overflowed, discarding event 7\n";
        assert_eq!(dropped_events(log).len(), 1);
    }
}
