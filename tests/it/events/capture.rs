//! Series C: capture mode of program output.

use supervisor_tests::{Daemon, Setup};

const BEGIN: &str = "<!--XSUPERVISOR:BEGIN-->";
const END: &str = "<!--XSUPERVISOR:END-->";

/// A capturing program that plays `steps`, in which `{B}` and `{E}` stand for the tokens.
fn capturing(options: &str, steps: &str) -> Daemon {
    let options = format!("stdout_logfile={{dir}}/p.out\n{options}");
    Setup::new()
        .recorder("rec", "events=PROCESS_COMMUNICATION,PROCESS_LOG,REMOTE_COMMUNICATION\nbuffer_size=100")
        .program("p", &options, &steps.replace("{B}", BEGIN).replace("{E}", END))
        .start()
}

/// The data of the communication events so far.
fn captured(daemon: &Daemon) -> Vec<String> {
    let events = daemon.events("rec");
    let events = events.iter().filter(|event| event.name().starts_with("PROCESS_COMMUNICATION"));
    events.map(|event| event.payload.split_once('\n').unwrap().1.to_owned()).collect()
}

fn wait_captured(daemon: &Daemon, count: usize) -> Vec<String> {
    daemon.wait("the captured data", || Some(captured(daemon)).filter(|data| data.len() >= count))
}

#[test]
fn ev_c01_tokens_split_over_reads() {
    let steps = "'slow:text before it {B}captured text{E}text after it, a little longer' hang";
    let daemon = capturing("stdout_capture_maxbytes=1KB", steps);
    daemon.wait_file("p.out", "text before it");
    assert_eq!(wait_captured(&daemon, 1), ["captured text"]);
}

#[test]
fn ev_c02_two_pairs_in_one_read() {
    let daemon = capturing("stdout_capture_maxbytes=1KB", "'say:{B}first{E}{B}second{E}' hang");
    assert_eq!(wait_captured(&daemon, 2), ["first", "second"]);
}

#[test]
fn ev_c03_nested_begin_is_data_and_stray_end_is_text() {
    let daemon = capturing("stdout_capture_maxbytes=1KB", "'say:stray {E} text {B}a{B}b{E}' hang");
    assert_eq!(wait_captured(&daemon, 1), [format!("a{BEGIN}b")]);
    daemon.wait_file("p.out", &format!("stray {END} text "));
}

#[test]
fn ev_c04_empty_capture() {
    let daemon = capturing("stdout_capture_maxbytes=1KB", "'say:{B}{E}and some more text after it' hang");
    wait_captured(&daemon, 1);
    let event = daemon.wait_brief("rec", "p PROCESS_COMMUNICATION_STDOUT");
    assert_eq!(event.payload, format!("processname:p groupname:p pid:{}\n", daemon.pid_of("p")));
}

#[test]
fn ev_c05_without_a_limit_tokens_are_text() {
    let daemon = capturing("stdout_capture_maxbytes=0", "'say:{B}data{E}' hang");
    assert_eq!(daemon.wait_file("p.out", END), format!("{BEGIN}data{END}"));
    assert!(daemon.sync("rec").is_empty());
}

#[test]
fn ev_c06_overflow_drops_by_chunks() {
    let (a, b, c) = ("a".repeat(30), "b".repeat(30), "c".repeat(30));
    let steps =
        format!("'say:{{B}}{a}' wait:one 'say:{b}' wait:two 'say:{c}' wait:three 'say:{{E}}and more text' hang");
    let daemon = capturing("stdout_capture_maxbytes=50\nstdout_events_enabled=true", &steps);
    for (chunk, file) in [(&a, "one"), (&b, "two"), (&c, "three")] {
        daemon.wait_event("rec", "the chunk", |event| event.payload.ends_with(chunk.as_str()));
        daemon.touch(file);
    }
    assert_eq!(wait_captured(&daemon, 1), [c]);

    let whole = capturing("stdout_capture_maxbytes=50", &format!("'say:{{B}}{}{{E}}' hang", "x".repeat(200)));
    assert_eq!(wait_captured(&whole, 1), ["x".repeat(200)]);
}

#[test]
fn ev_c07_an_unterminated_capture_gives_no_event() {
    let options = "stdout_capture_maxbytes=1KB\nautorestart=false";
    let daemon = capturing(options, "'say:{B}this never ends, and it is long enough to be seen'");
    daemon.wait_state("p", "EXITED");
    assert!(daemon.sync("rec").is_empty());
}

#[test]
fn ev_c08_a_tail_is_flushed_at_exit() {
    let tail = capturing("stdout_capture_maxbytes=1KB\nautorestart=false", r"'say:hi\n'");
    tail.wait_state("p", "EXITED");
    assert_eq!(tail.read("p.out"), "hi\n");
}

#[test]
fn ev_c08_short_output_is_not_held() {
    let daemon = capturing("stdout_capture_maxbytes=1KB", r"'say:hi\n' hang");
    daemon.wait_file("p.out", "hi\n");
}

#[test]
fn ev_c08_a_lone_end_token_acts_at_once() {
    let alone = capturing(
        "stdout_capture_maxbytes=1KB\nstdout_events_enabled=true",
        "'say:{B}some captured data, long enough' wait:go 'say:{E}' hang",
    );
    alone.wait_brief("rec", "p PROCESS_LOG_STDOUT");
    alone.touch("go");
    assert_eq!(wait_captured(&alone, 1), ["some captured data, long enough"]);
}

#[test]
fn ev_c09_listeners_capture_on_stderr_only() {
    let data = format!("{BEGIN}data{END}and a little more text");
    let daemon = Setup::new()
        .recorder("rec", "events=PROCESS_COMMUNICATION,REMOTE_COMMUNICATION\nbuffer_size=100")
        .listener(
            "l",
            "events=TICK_3600\nstdout_capture_maxbytes=1KB\nstderr_capture_maxbytes=1KB",
            &format!("'say:{data}' 'err:{data}' hang"),
        )
        .start();
    daemon.wait_brief("rec", "l PROCESS_COMMUNICATION_STDERR");
    daemon.wait_log("l: has entered the UNKNOWN state");
    assert_eq!(daemon.sync("rec").len(), 1);
}
