//! Listeners nobody wants to have: while one does its worst, others are served, memory stays within the bounds that
//! `docs/listeners.md` names, and the log says once what happened. This is a promise of ours; the original ends, or
//! grows, over some of them.

use supervisor_tests::{Daemon, Setup, Subject, proc};

use super::protocol::{LOST, kinds, wait_kinds};

const MIB: u64 = 1024;

/// A bad listener `l` for remote events beside a good one `rec`, and the daemon's memory before anything happened.
/// Nothing where the original is under test. The log has no debug lines: they would hold all that the listener writes.
fn beside(kind: &str, level: &str) -> Option<(Daemon, u64)> {
    if Subject::under_test().is_original() {
        return None;
    }
    let daemon = Setup::new()
        .supervisord(&format!("loglevel={level}"))
        .bad_listener("l", "events=REMOTE_COMMUNICATION\nstdout_logfile=NONE", kind)
        .recorder("rec", "events=REMOTE_COMMUNICATION")
        .start();
    daemon.wait_log_times("entered RUNNING", 2);
    let memory = proc::resident_kib(daemon.pid());
    Some((daemon, memory))
}

/// Whether another client and another listener are served, and the memory is at most `mib` MiB more than before.
fn unharmed(daemon: &Daemon, before: u64, mib: u64) {
    assert_eq!(daemon.state("rec"), "RUNNING");
    daemon.sync("rec");
    let now = proc::resident_kib(daemon.pid());
    assert!(now < before + mib * MIB, "{before} KiB have become {now}");
}

fn said_once(daemon: &Daemon, line: &str) {
    daemon.wait_log(line);
    assert_eq!(daemon.log().iter().filter(|said| said.contains(line)).count(), 1, "{line}");
}

#[test]
fn hostile_lengths() {
    for (kind, line) in [("negative-length", "RESULT -1"), ("missing-length", "RESULT ")] {
        let Some((daemon, before)) = beside(kind, "info") else { return };
        daemon.remote("a", "");
        said_once(&daemon, &format!("WARN l: bad result line: '{line}'"));
        said_once(&daemon, LOST);
        unharmed(&daemon, before, 4);
    }
}

#[test]
fn hostile_huge_length() {
    let Some((daemon, before)) = beside("huge-length", "info") else { return };
    daemon.remote("a", "");
    // It is asked while 43 MB come in, and after that.
    while !daemon.path("done").exists() {
        unharmed(&daemon, before, 4);
    }
    unharmed(&daemon, before, 4);
    // The length may be meant: the listener is BUSY and nothing is wrong yet.
    assert!(!daemon.has_logged("WARN l:"));
}

#[test]
fn hostile_garbage_before_ready() {
    let Some((daemon, before)) = beside("garbage-first", "info") else { return };
    said_once(&daemon, LOST);
    said_once(
        &daemon,
        r"WARN l: wrote b'Loading configuration...\nREADY\n' while ACKNOWLEDGED, where the protocol allows only b'READY\n'",
    );
    unharmed(&daemon, before, 4);
}

#[test]
fn hostile_garbage_for_ever() {
    let Some((daemon, before)) = beside("garbage-for-ever", "info") else { return };
    daemon.touch("go");
    daemon.wait_log(LOST);
    for _ in 0..50 {
        unharmed(&daemon, before, 4);
    }
    said_once(&daemon, LOST);
    let excerpt = format!("WARN l: wrote b'{}' while ACKNOWLEDGED", "x".repeat(256));
    said_once(&daemon, &excerpt);
}

#[test]
fn hostile_endless_lines() {
    let kinds = [("endless-line", "x".repeat(256)), ("endless-length", format!("RESULT {}", "1".repeat(249)))];
    for (kind, excerpt) in kinds {
        let Some((daemon, before)) = beside(kind, "info") else { return };
        daemon.remote("a", "");
        while !daemon.path("done").exists() {
            unharmed(&daemon, before, 4);
        }
        unharmed(&daemon, before, 4);
        said_once(&daemon, &format!("WARN l: bad result line: '{excerpt}'"));
        said_once(&daemon, LOST);
    }
}

#[test]
fn hostile_long_result() {
    let Some((daemon, before)) = beside("long-result", "info") else { return };
    daemon.remote("a", "");
    daemon.wait("the second delivery", || {
        unharmed(&daemon, before, 4);
        (kinds(&daemon, "l").len() >= 2).then_some(())
    });
    assert_eq!(kinds(&daemon, "l")[..2], ["a", "a"]);
    said_once(&daemon, "WARN l: event was rejected");
    unharmed(&daemon, before, 4);
}

#[test]
fn hostile_slow() {
    let Some((daemon, before)) = beside("slow", "info") else { return };
    daemon.remote("a", "");
    daemon.remote("b", "");
    daemon.wait("both events", || {
        unharmed(&daemon, before, 4);
        (kinds(&daemon, "l").get(..2)? == ["a", "b"]).then_some(())
    });
    assert!(!daemon.has_logged("WARN l:"));
}

#[test]
fn hostile_blind() {
    let Some((daemon, before)) = beside("blind", "debug") else { return };
    // 20 MB for a listener that reads nothing: its pipe holds some, the daemon 16 MiB, the rest stays in the queue.
    let data = "x".repeat(1_000_000);
    for serial in 0.. {
        daemon.remote("big", &data);
        let sent = format!("event {serial} sent to listener l");
        if daemon.wait_any(&[&sent, "epipe occurred while sending event"]) != sent {
            break;
        }
        daemon.touch("go");
        daemon.wait_log_times("DEBG l: ACKNOWLEDGED -> READY", serial + 2);
    }
    said_once(&daemon, "WARN l: does not read its standard input, ");
    // Payloads on their way in and out are copied now and then.
    unharmed(&daemon, before, 16 + 24);
}

#[test]
fn hostile_never_reads() {
    let Some((daemon, before)) = beside("never-reads", "info") else { return };
    let data = "x".repeat(200_000);
    for _ in 0..100 {
        daemon.remote("big", &data);
    }
    daemon.wait_log("ERRO pool l event buffer overflowed, discarding event 50");
    said_once(&daemon, "WARN l: has left unread for 5 seconds what it was sent, its standard input is full");
    unharmed(&daemon, before, 12);
}

#[test]
fn hostile_closed_stdin() {
    let Some((daemon, before)) = beside("closed-stdin", "debug") else { return };
    daemon.remote("a", "");
    said_once(&daemon, "DEBG epipe occurred while sending event 0 to listener l, listener state unchanged");
    unharmed(&daemon, before, 4);
}

#[test]
fn hostile_closed_stdout() {
    let Some((daemon, before)) = beside("closed-stdout", "debug") else { return };
    daemon.remote("a", "");
    wait_kinds(&daemon, "l", &["a"]);
    daemon.wait_log("closed, stopped monitoring <PEventListenerDispatcher");
    unharmed(&daemon, before, 4);
    assert_eq!(daemon.state("l"), "RUNNING");
}

#[test]
fn hostile_death_in_the_answer() {
    let Some((daemon, before)) = beside("dies-in-answer", "debug") else { return };
    daemon.remote("a", "");
    daemon.wait("both deliveries", || (kinds(&daemon, "l").get(..2)? == ["a", "a"]).then_some(()));
    said_once(&daemon, "WARN exited: l (terminated by SIGKILL; not expected)");
    said_once(&daemon, "DEBG rebuffering event 0 for pool l");
    unharmed(&daemon, before, 4);
}

#[test]
fn hostile_grandchild() {
    let Some((daemon, before)) = beside("grandchild", "info") else { return };
    daemon.remote("a", "");
    // The death is seen although the pipes of the dead are open, and the next process has pipes of its own.
    daemon.wait("both deliveries", || (kinds(&daemon, "l").get(..2)? == ["a", "a"]).then_some(()));
    said_once(&daemon, "WARN exited: l (exit status 3; not expected)");
    unharmed(&daemon, before, 4);
    daemon.touch("release");
    unharmed(&daemon, before, 4);
    daemon.remote("b", "");
    daemon.wait("the next event", || kinds(&daemon, "l").contains(&"b".to_owned()).then_some(()));
}

#[test]
fn hostile_always_fails() {
    let Some((daemon, before)) = beside("always-fails", "info") else { return };
    daemon.remote("a", "");
    daemon.wait_log_times("more times, trying it again after a pause (this is said once a second)", 3);
    unharmed(&daemon, before, 4);
    // Ten at once; in the first second or so the pauses double from a millisecond, then they are a second.
    let read = daemon.events("l").iter().filter(|event| event.payload == "type:a\n").count();
    assert!((14..40).contains(&read), "{read} deliveries");
    let log = daemon.log();
    assert_eq!(log.iter().filter(|line| *line == "WARN l: event was rejected").count(), 10);
    let count = |line: &String| -> Option<usize> {
        line.split_once("event 0 was rejected ")?.1.split(' ').next()?.parse().ok()
    };
    let told: usize = log.iter().filter_map(count).sum();
    assert!((4..40).contains(&told), "{told} rejections told of");
}

/// A listener whose backend is away for a moment notices nothing of all this, here and on the original.
#[test]
fn hostile_a_few_failures() {
    let steps = r"label:top 'say:READY\n' event once:a goto:fail once:b goto:fail once:c goto:fail
        'say:RESULT 2\nOK' goto:top label:fail 'say:RESULT 4\nFAIL' goto:top";
    let daemon = Setup::new().listener("l", "events=REMOTE_COMMUNICATION", steps).start();
    daemon.remote("one", "");
    daemon.remote("two", "");
    wait_kinds(&daemon, "l", &["one", "one", "one", "one", "two"]);
    daemon.wait_log_times("DEBG l: event was processed", 2);
    assert_eq!(daemon.log().iter().filter(|line| *line == "WARN l: event was rejected").count(), 3);
    let numbers = daemon.events("l").iter().map(|event| event.serial()).collect::<Vec<_>>();
    assert_eq!(numbers, [0, 0, 0, 0, 1]);
}

/// And one whose backend is away for longer gets its events in order, none lost.
#[test]
fn hostile_many_failures() {
    let fails = (0..14).map(|at| format!("once:n{at} goto:fail ")).collect::<String>();
    let steps = format!(
        r"label:top 'say:READY\n' event {fails} 'say:RESULT 2\nOK' goto:top label:fail 'say:RESULT 4\nFAIL' goto:top"
    );
    let daemon = Setup::new().listener("l", "events=REMOTE_COMMUNICATION", &steps).start();
    daemon.remote("one", "");
    daemon.remote("two", "");
    let wanted: Vec<&str> = std::iter::repeat_n("one", 15).chain(["two"]).collect();
    wait_kinds(&daemon, "l", &wanted);
}
