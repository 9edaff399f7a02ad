//! The activity log, taken apart: a list of records for each process, one for the daemon, the order of starts and
//! stops, and the times of the start.
//!
//! Between processes the order of records depends on which child was quicker; within one it does not.

use std::collections::BTreeMap;

use crate::activity::millis_of_day;

/// Masked records by process; those that name none are the daemon's, under an empty name. Output of a child that was
/// read in several pieces is shown as one.
pub fn by_process(log: &str, names: &[String]) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, Vec<(&str, String)>> = BTreeMap::new();
    let mut owner = String::new();
    for line in log.lines() {
        if line.starts_with("TIME ") {
            let named = names.iter().filter(|name| names_it(line, name));
            owner = named.max_by_key(|name| name.len()).cloned().unwrap_or_default();
            let records = all.entry(owner.clone()).or_default();
            // The next piece takes the place of the line end that the logger put behind the one before.
            match records.last_mut() {
                Some((header, text)) if *header == line && line.ends_with(" output:") => drop(text.pop()),
                _ => records.push((line, String::new())),
            }
        } else if let Some((_, text)) = all.get_mut(&owner).and_then(|records| records.last_mut()) {
            text.push_str(line);
            text.push('\n');
        }
    }
    let joined = |records: Vec<(&str, String)>| records.iter().map(|(line, text)| format!("{line}\n{text}")).collect();
    all.into_iter().map(|(name, records)| (name, joined(records))).collect()
}

/// Whether a line has a name as a word of its own.
fn names_it(line: &str, name: &str) -> bool {
    let inside =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || "_-./".contains(letter));
    line.match_indices(name)
        .any(|(at, _)| !inside(line[..at].chars().next_back()) && !inside(line[at + name.len()..].chars().next()))
}

/// The first start of each process and every stop signal, in the order of the log.
pub fn order(log: &str) -> String {
    let mut out = String::new();
    let mut started: Vec<&str> = Vec::new();
    for line in log.lines() {
        if let Some(name) = between(line, "INFO spawned: '", "'") {
            if !started.contains(&name) {
                started.push(name);
                out.push_str(&format!("starts {name}\n"));
            }
        } else if let Some(name) = between(line, "DEBG killing ", " (pid") {
            out.push_str(&format!("stops {name}\n"));
        }
    }
    out
}

fn between<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &line[line.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}

/// When something first became true of a process, in milliseconds after the daemon said that it had started.
pub fn times(log: &str) -> BTreeMap<String, u64> {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let mut times = BTreeMap::new();
    let mut start = None;
    for line in log.lines() {
        let Some(now) = millis_of_day(line) else { continue };
        if line.contains("supervisord started with pid") {
            start = Some(now);
        }
        let Some(start) = start else { continue };
        let reached = [
            ("spawned", between(line, "INFO spawned: '", "'")),
            ("RUNNING", between(line, "INFO success: ", " entered")),
            ("FATAL", between(line, "INFO gave up: ", " entered")),
            ("exited", between(line, " exited: ", " (")),
        ];
        for (what, name) in reached {
            if let Some(name) = name {
                times.entry(format!("{name} {what}")).or_insert((now + DAY - start) % DAY);
            }
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-11-22 01:02:03,100 INFO supervisord started with pid 1\n\
        2026-11-22 01:02:03,200 INFO spawned: 'web' with pid 2\n\
        2026-11-22 01:02:03,300 DEBG 'web-2' stdout output:\nweb\n\
        2026-11-22 01:02:04,100 DEBG killing web (pid 2) with signal SIGTERM\n";

    #[test]
    fn records_go_to_the_process_they_name() {
        let names = ["web".to_owned(), "web-2".to_owned()];
        let log = "TIME INFO up\nTIME INFO spawned: 'web'\nTIME DEBG 'web-2' stdout output:\nwe\nTIME INFO exited: web\n\
            TIME DEBG 'web-2' stdout output:\nb\n\n";
        let all = by_process(log, &names);
        assert_eq!(all["web"], "TIME INFO spawned: 'web'\nTIME INFO exited: web\n");
        assert_eq!(all["web-2"], "TIME DEBG 'web-2' stdout output:\nweb\n\n");
        assert_eq!(all[""], "TIME INFO up\n");
    }

    #[test]
    fn order_and_times() {
        assert_eq!(order(LOG), "starts web\nstops web\n");
        assert_eq!(times(LOG), BTreeMap::from([("web spawned".to_owned(), 100)]));
    }
}
