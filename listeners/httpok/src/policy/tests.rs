//! Texts and choices, against superlance's.

use super::*;
use crate::options::{Request, parse};
use std::ffi::OsString;

fn options(words: &str) -> Options {
    match parse(words.split(' ').map(OsString::from)) {
        Request::Run(options) => *options,
        other => panic!("{words}: {other:?}"),
    }
}

fn process(group: &str, name: &str, state: ProcessState) -> ProcessInfo {
    ProcessInfo { name: name.into(), group: group.into(), state, pid: 7, ..ProcessInfo::default() }
}

fn own() -> Own {
    Own { group: Some("httpok".into()), name: Some("httpok".into()) }
}

fn sample() -> Vec<ProcessInfo> {
    vec![
        process("foo", "foo", ProcessState::Running),
        process("g", "one", ProcessState::Running),
        process("g", "two", ProcessState::Stopped),
        process("httpok", "httpok", ProcessState::Running),
    ]
}

/// A plan as text: restarts as `restart NAME`.
fn told(words: &str) -> Vec<String> {
    plan(&options(words), &own(), &sample())
        .into_iter()
        .map(|step| match step {
            Step::Say(text) => text,
            Step::Restart(process) => format!("restart {}", namespec(process)),
        })
        .collect()
}

fn answer(status: u16, reason: &str, body: &str) -> Result<Answer, String> {
    Ok(Answer { status, reason: reason.into(), body: body.into() })
}

#[test]
fn good_answers_raise_no_complaint() {
    assert_eq!(complaint(&options("http://h"), &answer(200, "OK", "")), None);
    assert_eq!(complaint(&options("-c 302 -c 204 http://h"), &answer(204, "No", "")), None);
    assert_eq!(complaint(&options("-b up http://h"), &answer(200, "OK", "it is up.")), None);
}

#[test]
fn complaints_say_what_came_back() {
    let of = |words, answer| complaint(&options(words), &answer).unwrap();
    assert_eq!(
        of("http://h", answer(500, "Internal Server Error", "")),
        Complaint {
            subject: "httpok: http://h: bad status returned".into(),
            message: "status contacting http://h: 500 Internal Server Error".into(),
        }
    );
    assert_eq!(of("http://h", answer(404, "", "")).message, "status contacting http://h: 404 ");
    assert_eq!(
        of("-n T -b up http://h", answer(200, "OK", "down")),
        Complaint {
            subject: "httpok [T]: http://h: bad body returned".into(),
            message: "status contacting http://h: 200 OK".into(),
        }
    );
    assert_eq!(
        of("http://h", Err("timed out".into())),
        Complaint {
            subject: "httpok: http://h: bad status returned".into(),
            message: "error contacting http://h:\n\n timed out".into(),
        }
    );
    assert_eq!(of("-c 201 http://h", answer(200, "OK", "")).subject, "httpok: http://h: bad status returned");
}

#[test]
fn selected_processes_are_restarted_if_running() {
    assert_eq!(
        told("-p one -p g:two -p nosuch -p g:* http://h"),
        [
            "Restarting selected processes ['one', 'g:two', 'nosuch', 'g:*']",
            "restart g:one",
            "g:two not in RUNNING state, NOT restarting",
            "Programs not restarted because they did not exist: ['nosuch', 'g:*']",
        ]
    );
    assert_eq!(told("http://h"), ["Restarting selected processes []"]);
    assert_eq!(
        told("-p one -p one http://h"),
        [
            "Restarting selected processes ['one', 'one']",
            "restart g:one",
            "Programs not restarted because they did not exist: ['one']",
        ]
    );
}

#[test]
fn any_is_everything_but_this_listener() {
    assert_eq!(
        told("-a -p nosuch -p foo http://h"),
        [
            "Restarting all running processes",
            "restart foo",
            "restart g:one",
            "g:two not in RUNNING state, NOT restarting",
            "Programs not restarted because they did not exist: ['nosuch']",
        ]
    );
    assert_eq!(
        told("-p httpok http://h"),
        ["Restarting selected processes ['httpok']", "httpok is this listener, NOT restarting"]
    );
}

#[test]
fn not_eager_waits_for_a_running_process() {
    let due = |words| is_due(&options(words), &own(), &sample());
    assert!(due("http://h"));
    assert!(!due("-E http://h"));
    assert!(due("-E -p one http://h"));
    assert!(due("-E -p g:one http://h"));
    assert!(!due("-E -p g:two http://h"));
    assert!(due("-E -a http://h"));
    assert!(!is_due(&options("-E -a http://h"), &own(), &[process("httpok", "httpok", ProcessState::Running)]));
}

#[test]
fn core_dumps_are_a_shell_line() {
    let process = process("g", "one", ProcessState::Running);
    assert_eq!(core_command(&options("http://h"), &process), None);
    assert_eq!(
        core_command(&options("-d /cores http://h"), &process).as_deref(),
        Some("/usr/bin/gcore -o \"/cores/g:one\" 7")
    );
    assert_eq!(core_command(&options("-g dump -d /c/ http://h"), &process).as_deref(), Some("dump \"/c/g:one\" 7"));
    assert_eq!(core_output("g:one", "done\n"), "gcore output for g:one:\n\n done\n");
}
