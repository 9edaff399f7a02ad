//! The judgements: what a good daemon shows passes, and each thing it could do wrong is named.

use super::super::log::{Log, unknown_line};
use super::super::transcript::{Entry, Event, Seen, Transcript};
use super::judge::{Evidence, judge};
use super::table::{Case, Fate, cases};

/// A delivery to process `pid` of an event of type `kind`.
fn delivery(pid: u32, number: u64, kind: &str) -> Entry {
    let payload = format!("type:{kind}\n");
    let event = Event {
        serial: number + 10,
        poolserial: number,
        name: "REMOTE_COMMUNICATION".into(),
        len: payload.len(),
        payload,
        is_exact: true,
    };
    Entry { pid, seen: Seen::Event(event) }
}

fn find(fits: impl Fn(&Case) -> bool) -> Case {
    cases().into_iter().find(fits).unwrap()
}

fn judged(case: &Case, entries: Vec<Entry>, log: &[String]) -> Result<(), String> {
    let transcript = Transcript(entries);
    let evidence = Evidence { transcript: &transcript, log: &Log::parse(&log.join("\n")), output: "", all: &[] };
    judge(case, &evidence)
}

fn assert_reason(result: Result<(), String>, part: &str) {
    let reason = result.unwrap_err();
    assert!(reason.contains(part), "{reason}");
}

#[test]
fn an_accepted_event_comes_once_and_the_next_one_follows() {
    let case = find(|case| case.fate == Fate::Accepted);
    let pool = &case.check.name;
    let one = |number| delivery(1, number, pool);
    let mark = |pid, number| delivery(pid, number, "mark");
    assert_eq!(judged(&case, vec![one(0), mark(1, 1)], &[]), Ok(()));
    assert_reason(judged(&case, vec![mark(1, 0)], &[]), "never got the event");
    assert_reason(judged(&case, vec![one(0), one(0), mark(1, 1)], &[]), "although it was done");
    assert_reason(judged(&case, vec![one(0)], &[]), "no further event");
    assert_reason(judged(&case, vec![one(0), mark(1, 2)], &[]), "poolserial 1 was lost");
    assert_reason(judged(&case, vec![one(0), mark(2, 1)], &[]), "it was restarted");
    assert_reason(judged(&case, vec![one(0), mark(1, 1)], &[unknown_line(pool)]), "entered UNKNOWN");
}

#[test]
fn a_rejected_event_comes_twice_to_one_process_before_others() {
    let case = find(|case| case.fate == Fate::Rejected);
    let pool = &case.check.name;
    let mark = || delivery(1, 1, "mark");
    let log = [format!("WARN {pool}: event was rejected")];
    let twice = |pid, number| vec![delivery(1, 0, pool), delivery(pid, number, pool), mark()];
    assert_eq!(judged(&case, twice(1, 0), &log), Ok(()));
    assert_reason(judged(&case, twice(1, 0), &[]), "no line `event was rejected`");
    assert_reason(judged(&case, twice(1, 7), &log), "other serials");
    assert_reason(judged(&case, twice(2, 0), &log), "wrong process");
    assert_reason(judged(&case, vec![delivery(1, 0, pool), mark()], &log), "did not come again");
    assert_reason(judged(&case, vec![delivery(1, 0, pool), mark(), delivery(1, 0, pool)], &log), "before all others");
}

#[test]
fn unknown_means_the_texts_and_then_silence_until_the_restart() {
    let case = find(|case| matches!(case.fate, Fate::Unknown { bad_line: Some("READY"), comes_again: true }));
    let pool = &case.check.name;
    let entries = || vec![delivery(1, 0, pool), delivery(2, 0, pool), delivery(2, 1, "mark")];
    let mut log = vec![
        format!("DEBG event 10 sent to listener {pool}"),
        format!("WARN {pool}: bad result line: 'READY'"),
        format!("DEBG {pool}: BUSY -> UNKNOWN"),
        unknown_line(pool),
        format!("DEBG rebuffering event 10 for pool {pool} (buf size=3, max=500)"),
        format!("INFO spawned: '{pool}' with pid 2"),
        format!("DEBG event 10 sent to listener {pool}"),
    ];
    assert_eq!(judged(&case, entries(), &log), Ok(()));
    assert_reason(judged(&case, vec![delivery(1, 0, pool), delivery(1, 0, pool)], &log), "wrong process");
    assert_reason(judged(&case, vec![delivery(1, 0, pool), delivery(2, 1, "mark")], &log), "did not come again");
    log.swap(5, 6);
    assert_reason(judged(&case, entries(), &log), "sent an event in UNKNOWN");
    log.remove(1);
    assert_reason(judged(&case, entries(), &log), "bad result line");
    assert_reason(judged(&case, entries(), &[]), "does not say that it entered UNKNOWN");
}

#[test]
fn death_and_a_lasting_busy_give_the_event_to_the_next_process() {
    for (fate, comes_again) in
        [(Fate::Busy, true), (Fate::Died { comes_again: true }, true), (Fate::Died { comes_again: false }, false)]
    {
        let case = find(|case| case.fate == fate);
        let pool = &case.check.name;
        let once = || vec![delivery(1, 0, pool), delivery(2, 1, "mark")];
        let twice = || vec![delivery(1, 0, pool), delivery(2, 0, pool), delivery(2, 1, "mark")];
        assert_eq!(judged(&case, once(), &[]).is_ok(), !comes_again, "{fate:?}");
        assert_eq!(judged(&case, twice(), &[]).is_ok(), comes_again, "{fate:?}");
    }
}

#[test]
fn the_sixth_byte_decides_and_no_earlier_one() {
    let case = find(|case| case.check.name == "sixth-byte");
    let said = || "DEBG 'sixth-byte' stdout output:".to_owned();
    let entries = || vec![delivery(1, 0, "sixth-byte"), delivery(2, 1, "mark")];
    let mut log = vec![said(), "b'READX'".to_owned(), said(), "b'Y'".to_owned(), unknown_line("sixth-byte")];
    assert_eq!(judged(&case, entries(), &log), Ok(()));
    log.rotate_right(1);
    log.swap(0, 2);
    assert_reason(judged(&case, entries(), &log), "before the sixth byte");
}
