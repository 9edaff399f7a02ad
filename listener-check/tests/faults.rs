//! The kit finds what it is made for: listeners with one fault each, in shell, and the command line.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use std::process::Command;

use support::{kit, outcome};

/// A loop that is right, but for what a test puts in place of its parts. It counts bytes, which is right for ASCII.
fn listener(ready: &str, read: &str, answer: &str, end: &str) -> String {
    format!("while {ready}; read -r header; do len=${{header##*len:}}; len=${{len%% *}}; {read}; {answer}; done; {end}")
}

const READY: &str = r"printf 'READY\n'";
const READ: &str = r#"head -c "$len" >/dev/null"#;
const ANSWER: &str = r"printf 'RESULT 2\nOK'";

/// Runs one check on a script.
fn checked(check: &str, script: &str) -> (bool, String) {
    let outcome = outcome(kit().args(["--timeout", "2", "--only", check, "--", "sh", "-c", script]));
    assert_eq!(outcome.made, 1, "{}", outcome.text);
    (outcome.failed.is_empty(), outcome.text)
}

#[test]
fn the_loop_itself_is_right() {
    let script = listener(READY, READ, ANSWER, "exit 0");
    for check in ["ready", "kind-tick-5", "all-in-a-row", "payload-ascii", "eof", "eof-after-event", "unknown-token"] {
        let (passes, text) = checked(check, &script);
        assert!(passes, "{text}");
    }
}

#[test]
fn each_fault_is_found_and_named() {
    for (check, script, reason) in [
        ("ready", listener(r"printf 'READY\nREADY\n'", READ, ANSWER, ":"), "said READY twice"),
        ("ready", listener(r"printf 'READY\r\n'", READ, ANSWER, ":"), "carriage return"),
        ("ready", format!("echo started; {}", listener(READY, READ, ANSWER, ":")), "where READY was due"),
        ("ready", "exec sleep 60".to_owned(), "did not say READY within 2s"),
        ("ready", "exit 3".to_owned(), "ended with status 3 and did not say READY"),
        ("kind-tick-5", listener(READY, READ, r"printf 'RESULT 2\nOK\n'", ":"), "newline after its result"),
        ("kind-tick-5", listener(READY, READ, r"printf 'RESULT 3\nOK\n'", ":"), "anything but OK for a failure"),
        ("kind-tick-5", listener(READY, READ, "echo OK", ":"), "bare OK"),
        ("kind-tick-5", listener(READY, READ, "echo got $header", ":"), "where a result was due"),
        ("kind-tick-5", listener(READY, READ, "exit 1", ":"), "ended with status 1 and did not answer"),
        ("kind-tick-5", listener(READY, READ, "exec sleep 60", ":"), "did not answer the event within 2s"),
        ("kind-process-group-added", listener(READY, ":", ANSWER, ":"), "more often than it was asked"),
        ("payload-non-ascii", listener(READY, READ, ANSWER, ":"), "more often than it was asked"),
        ("payload-astral", listener(READY, READ, ANSWER, ":"), "more often than it was asked"),
        ("single-bytes", listener(READY, r#"dd bs=4096 count=1 >/dev/null 2>&1"#, ANSWER, ":"), "answered"),
        ("payload-10mb", listener(READY, ":", ANSWER, ":"), "before it had read the whole event"),
        (
            "unknown-event",
            listener(
                READY,
                r#"case $header in *TICK*|*STATE*) head -c "$len" >/dev/null ;; *) exit 1 ;; esac"#,
                ANSWER,
                ":",
            ),
            "ended with status 1",
        ),
        (
            "term-idle",
            format!("trap '' TERM; {}", listener(READY, READ, ANSWER, ":")),
            "was still there 2s after it was sent SIGTERM",
        ),
        ("eof", listener(READY, READ, ANSWER, "exit 1"), "ended with status 1; the end of its input"),
        (
            "eof",
            listener(READY, READ, ANSWER, "exec sleep 60"),
            "was still there 2s after its standard input had ended",
        ),
    ] {
        let (passes, text) = checked(check, &script);
        assert!(!passes && text.contains(reason), "{script}\n{text}");
    }
}

#[test]
fn what_a_listener_says_on_stderr_comes_with_the_reason() {
    let (passes, text) = checked("ready", "echo 'cannot read my \"settings\"' >&2; exit 1");
    assert!(!passes);
    assert!(text.contains(r#"stderr: "cannot read my \"settings\"\n""#), "{text}");
}

#[test]
fn fail_is_an_answer_and_remarked_on() {
    let (passes, text) = checked("kind-tick-5", &listener(READY, READ, r"printf 'RESULT 4\nFAIL'", ":"));
    assert!(passes && text.contains("# it answered FAIL"), "{text}");
}

fn status(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_cannot_be_checked_is_status_2() {
    for (arguments, reason) in [
        (&[][..], "nothing to check"),
        (&["--bogus"], "option --bogus not recognized"),
        (&["--only", "nonsense", "--", "true"], "no such check: nonsense"),
        (&["--", "/nowhere/listener"], "cannot check /nowhere/listener: "),
        (&["--daemon", "/nowhere/supervisord"], "cannot check /nowhere/supervisord: "),
    ] {
        let (code, text, errors) = status(kit().args(arguments));
        assert_eq!(code, Some(2), "{arguments:?} {errors}");
        assert!(errors.contains(reason), "{errors}");
        // A report that was begun says that it is no report.
        assert!(text.is_empty() || text.contains(&format!("\nBail out! {reason}")), "{text}");
    }
}

#[test]
fn a_daemon_that_is_none_fails_every_check_with_a_reason() {
    let outcome = outcome(kit().args(["--daemon", "/bin/false", "--only", "fail", "--only", "config-no-events"]));
    assert_eq!((outcome.made, outcome.failed.len()), (2, 2), "{}", outcome.text);
    assert!(outcome.text.contains("the daemon ended at once (exit status: 1)"), "{}", outcome.text);
}

#[test]
fn json_is_one_object_a_line() {
    let script = listener(READY, READ, ANSWER, "exit 1");
    let (code, text, _) = status(kit().args(["--json", "--only", "ready", "--only", "eof", "--", "sh", "-c", &script]));
    assert_eq!(code, Some(1));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with(r#"{"check": "ready", "ok": true, "#), "{text}");
    assert!(
        lines[1].starts_with(r#"{"check": "eof", "ok": false, "#) && lines[1].contains(r#""reason": "it ended"#),
        "{text}"
    );
    assert_eq!(lines[2], r#"{"checks": 2, "failed": 1}"#);
}

#[test]
fn the_list_names_what_only_takes() {
    let (code, text, _) = status(kit().arg("--list"));
    assert_eq!(code, Some(0));
    for name in ["ready", "kind-tick-3600", "payload-10mb", "negative-length", "pool-rejection", "config-group"] {
        assert!(text.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name} is not in\n{text}");
    }
}
