//! Series P, the answers of a listener and the fate of the event in flight.

use supervisor_tests::Setup;

use super::protocol::{LOST, kinds, listening, wait_kinds};

#[test]
fn ev_p08_the_word_result_is_not_checked() {
    for word in ["XXXXXXX2", "result 2"] {
        let daemon = listening("", &format!(r"'say:READY\n' event 'say:{word}\nOK' hang"));
        daemon.remote("a", "");
        assert_eq!(daemon.wait_any(&["l: event was processed", "bad result line"]), "l: event was processed");
    }
}

#[test]
fn ev_p09_how_a_length_may_be_written() {
    let good = [r"RESULT 2\r", "RESULT +2", "RESULT 002", "RESULT 0_2", r"RESULT  \t2 "];
    let bad = ["RESULT 0x2", "RESULT 1__2", "RESULT ", "RESULT two", "RESULT2"];
    let mut setup = Setup::new();
    let named = |prefix: &'static str| move |(at, line)| (format!("{prefix}{at}"), line);
    let good: Vec<(String, &str)> = good.into_iter().enumerate().map(named("good")).collect();
    let bad: Vec<(String, &str)> = bad.into_iter().enumerate().map(named("bad")).collect();
    for (name, line) in good.iter().chain(&bad) {
        let steps = format!(r"'say:READY\n' event 'say:{line}\nOK' hang");
        setup = setup.listener(name, "events=REMOTE_COMMUNICATION", &steps);
    }
    let daemon = setup.start();
    daemon.remote("a", "");
    for (name, _) in good {
        daemon.wait_log(&format!("DEBG {name}: event was processed"));
    }
    for (name, line) in bad {
        daemon.wait_log(&format!("WARN {name}: bad result line: '{line}'"));
    }
}

#[test]
fn ev_p10_a_bad_result_line() {
    let daemon = listening("", r"'say:READY\n' event 'say:RESULT x\n' hang");
    daemon.remote("a", "");
    daemon.wait_log("WARN l: bad result line: 'RESULT x'");
    daemon.wait_log(LOST);
    daemon.wait_log("DEBG rebuffering event 0 for pool l (buf size=0, max=");
}

#[test]
fn ev_p11_ready_in_busy_is_a_bad_result_line() {
    let daemon = listening("", r"'say:READY\n' event 'say:READY\n' hang");
    daemon.remote("a", "");
    daemon.wait_log("WARN l: bad result line: 'READY'");
    daemon.wait_log(LOST);
}

#[test]
fn ev_p12_any_other_body_is_a_rejection() {
    let steps = r"'say:READY\n' label:top event once:a goto:fail once:b goto:long once:c goto:lower
        'say:RESULT 2\nOKREADY\n' goto:top label:fail 'say:RESULT 4\nFAILREADY\n' goto:top
        label:long 'say:RESULT 3\nOK\nREADY\n' goto:top label:lower 'say:RESULT 2\nokREADY\n' goto:top";
    let daemon = listening("", steps);
    daemon.remote("one", "");
    daemon.remote("two", "");
    wait_kinds(&daemon, "l", &["one", "one", "one", "one", "two"]);
    daemon.wait_log_times("WARN l: event was rejected", 3);
    let lines = ["event was rejected", "l: BUSY -> ACKNOWLEDGED", "rebuffering event 0 for pool l"];
    assert_eq!(daemon.log_order(&lines)[..3], lines);
}

#[test]
fn ev_p13_result_zero_with_later_bytes_is_a_rejection() {
    let steps = r"'say:READY\n' event 'say:RESULT 0\nREADY\n' event 'say:RESULT 2\nOK' hang";
    let daemon = listening("", steps);
    daemon.remote("a", "");
    daemon.wait_log("WARN l: event was rejected");
    wait_kinds(&daemon, "l", &["a", "a"]);
    daemon.wait_log("l: event was processed");
}

#[test]
fn ev_p14_a_negative_length_is_a_violation() {
    let daemon = listening("", r"'say:READY\n' event 'say:RESULT -1\nxx' hang");
    daemon.remote("a", "");
    let outcome = daemon.wait_any(&["WARN l: bad result line: 'RESULT -1'", "uncaptured python exception"]);
    assert_eq!(outcome, "WARN l: bad result line: 'RESULT -1'");
    daemon.wait_log(LOST);
}

#[test]
fn ev_p15_large_bodies_and_payloads_pass() {
    let steps = r"'say:READY\n' event 'say:RESULT 200000\n' fill:200000:x 'say:READY\n' event 'say:RESULT 2\nOK' hang";
    let daemon = listening("", steps);
    let data = "0123456789".repeat(30_000);
    daemon.remote("big", &data);
    daemon.wait_log("WARN l: event was rejected");
    daemon.wait_log("l: event was processed");
    assert!(daemon.events("l").iter().all(|event| event.payload == format!("type:big\n{data}")));
    assert_eq!(daemon.events("l").len(), 2);
}

#[test]
fn ev_p17_death_in_busy_puts_the_event_back() {
    let daemon = listening("", r"label:top 'say:READY\n' event once:died exit:1 'say:RESULT 2\nOK' goto:top");
    daemon.remote("a", "");
    daemon.remote("b", "");
    wait_kinds(&daemon, "l", &["a", "a", "b"]);
    let numbers: Vec<_> = daemon.events("l").iter().map(|event| (event.serial(), event.poolserial())).collect();
    assert_eq!(numbers, [(0, 0), (0, 0), (1, 1)]);
}

#[test]
fn ev_p18_a_full_ok_before_death_counts() {
    let daemon = listening("autorestart=true", r"'say:READY\n' event 'say:RESULT 2\nOK' exit:0");
    daemon.remote("a", "");
    daemon.remote("b", "");
    wait_kinds(&daemon, "l", &["a", "b"]);
    daemon.wait_log_times("l: event was processed", 2);
}

#[test]
fn ev_p19_a_partial_result_before_death_does_not_count() {
    let steps = r"label:top 'say:READY\n' event once:died goto:part 'say:RESULT 2\nOK' goto:top
        label:part 'say:RESULT 2\nO' exit:1";
    let daemon = listening("", steps);
    daemon.remote("a", "");
    wait_kinds(&daemon, "l", &["a", "a"]);
    daemon.wait_log("l: event was processed");
}

#[test]
fn ev_p28_a_huge_length_waits() {
    let daemon = listening("", r"'say:READY\n' event 'say:RESULT 99999999999999999999\n' 'say:OK' hang");
    daemon.remote("a", "");
    daemon.wait_log("OK");
    daemon.remote("b", "");
    assert!(!daemon.has_logged("bad result line") && !daemon.has_logged("BUSY ->"));
    assert_eq!(kinds(&daemon, "l"), ["a"]);
}

#[test]
fn ev_p29_a_result_while_stopping_counts() {
    let daemon = listening("", r"block:TERM 'say:READY\n' event trap:TERM 'say:RESULT 2\nOK' exit:0");
    daemon.remote("a", "");
    wait_kinds(&daemon, "l", &["a"]);
    daemon.stop_process("l");
    assert_eq!(daemon.wait_any(&["l: event was processed", "rebuffering event 0"]), "l: event was processed");
}

#[test]
fn ev_p31_strip_ansi_changes_the_log_copy_only() {
    let daemon = Setup::new()
        .supervisord("strip_ansi=true")
        .listener(
            "l",
            "events=REMOTE_COMMUNICATION\nstdout_logfile={dir}/l.out",
            r"'say:READY\n' event 'say:RESULT 6\n\e[0mOK' hang",
        )
        .start();
    daemon.remote("a", "");
    daemon.wait_log("WARN l: event was rejected");
    daemon.wait_file("l.out", "RESULT 6\nOK");
}

#[test]
fn ev_p32_log_order_of_a_bad_line_and_of_a_full_buffer() {
    let daemon = listening("buffer_size=1", r"'say:READY\n' event wait:go 'say:RESULT x\n' hang");
    daemon.remote("a", "");
    wait_kinds(&daemon, "l", &["a"]);
    daemon.remote("b", "");
    daemon.touch("go");
    daemon.wait_log("discarding event");
    let lines = [
        "WARN l: bad result line: 'RESULT x'",
        "DEBG l: BUSY -> UNKNOWN",
        LOST,
        "DEBG rebuffering event 0 for pool l (buf size=1, max=1)",
        "ERRO pool l event buffer overflowed, discarding event 1",
    ];
    assert_eq!(daemon.log_order(&lines), lines);
}
