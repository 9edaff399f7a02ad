//! `supervisord --check` and `--ignore-plugins`, which the original does not have.

use supervisor_tests::{Ran, Setup, Subject};

/// Runs a check on a configuration of these sections; the directory is shown as `{dir}`.
fn check(sections: &str, args: &[&str]) -> Option<Ran> {
    if Subject::under_test().is_original() {
        return None;
    }
    let setup = Setup::new().with(sections);
    std::fs::write(setup.path("supervisord.conf"), setup.text()).unwrap();
    let args: Vec<&str> = ["--check", "-c", "{dir}/supervisord.conf"].iter().chain(args).copied().collect();
    let mut ran = setup.run_with(&args);
    ran.out = ran.out.replace(&setup.path("").display().to_string(), "{dir}/");
    assert_eq!(ran.err, "");
    let left: Vec<_> = std::fs::read_dir(setup.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["supervisord.conf"], "a check leaves nothing behind");
    Some(ran)
}

/// The lines of a report, without the place.
fn lines(ran: &Ran) -> Vec<&str> {
    ran.out
        .lines()
        .map(|line| line.split_once(": ").filter(|(at, _)| at.starts_with("{dir}")).map_or(line, |(_, text)| text))
        .collect()
}

#[test]
fn ours_check_of_a_good_configuration() {
    let Some(ran) = check("[program:x]\ncommand=/bin/cat\n", &[]) else { return };
    assert_eq!((ran.code, ran.out.as_str()), (0, "{dir}/supervisord.conf: no problems\n"));
    let json = check("[program:x]\ncommand=/bin/cat\n", &["--json"]).unwrap();
    let expected = r#"{"file":"{dir}/supervisord.conf","errors":0,"warnings":0,"problems":[]}"#;
    assert_eq!((json.code, json.out.trim_end()), (0, expected));
}

#[test]
fn ours_check_reports_all_at_once() {
    let sections = "[program:x]\ncomand=a\ncommand=/none/x\ndirectory=/none\n[eventlistener:l]\ncommand=/bin/cat\n\
                    events=TICK_6\nredirect_stderr=true\n[program:y]\ncommand=/bin/cat\nuser=no such user\nnumprocs=x\n";
    let Some(ran) = check(sections, &[]) else { return };
    let expected = [
        "[program:x] comand: warning: unknown option, which is ignored; did you mean command?",
        "[program:x] command: warning: can't find command '/none/x'; correct the path, or install the program",
        "[program:x] directory: warning: /none is no directory; make it, or name one that exists",
        "[eventlistener:l] events: Unknown event type TICK_6 in [eventlistener:l] events; did you mean TICK_60?",
        "[eventlistener:l] redirect_stderr: [eventlistener:l] section sets redirect_stderr=true but this is not allowed \
         because it will interfere with the eventlistener protocol; remove redirect_stderr: standard output belongs to \
         the protocol",
        "[program:y] user: Invalid user name no such user; name a user whom this system knows",
        "[program:y] numprocs: invalid literal for int() with base 10: 'x'; write a whole number; a size may end in KB, \
         MB or GB",
        "4 errors, 3 warnings",
    ];
    assert_eq!((ran.code, lines(&ran)), (2, expected.to_vec()));
    let places: Vec<bool> = ran.out.lines().map(|line| line.starts_with("{dir}/supervisord.conf:")).collect();
    assert_eq!(places, [true, true, true, true, true, true, true, false]);
}

#[test]
fn ours_check_with_warnings_only() {
    let Some(ran) = check("[inet_http_server]\nport=127.0.0.1:9001\n[program:x]\ncommand=/etc/passwd\n", &[]) else {
        return;
    };
    let expected = [
        "[inet_http_server]: warning: anybody who reaches 127.0.0.1 may start and stop programs; set username and password",
        "[program:x] command: warning: command at '/etc/passwd' is not executable; correct the path, or install the program",
        "0 errors, 2 warnings",
    ];
    assert_eq!((ran.code, lines(&ran)), (1, expected.to_vec()));
}

#[test]
fn ours_check_of_nothing() {
    if Subject::under_test().is_original() {
        return;
    }
    let ran = Setup::new().run_with(&["--check", "-c", "/none/s.conf"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, "could not find config file /none/s.conf\n1 error, 0 warnings\n"));
    let ran = Setup::new().run_with(&["--check", "-c", "/etc"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, "could not read config file /etc\n1 error, 0 warnings\n"));
}

const PLUGIN: &str = "[rpcinterface:twiddler]\nsupervisor.rpcinterface_factory=supervisor_twiddler.rpcinterface:make\n";

#[test]
fn ours_a_python_plugin_is_refused_with_a_reason() {
    let setup = Setup::new().with(PLUGIN);
    if setup.subject.is_original() {
        return;
    }
    let ran = setup.run();
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(ran.code, 2);
    let text = "Error: supervisor_twiddler.rpcinterface:make cannot be resolved within [rpcinterface:twiddler]";
    assert_eq!(lines[0], text);
    let reason = "this supervisord runs no Python code; remove the section, or start with --ignore-plugins to go on \
                  without it";
    assert!(lines[2].ends_with(reason), "{lines:?}");
}

#[test]
fn ours_ignore_plugins_goes_on_without_it() {
    let setup = Setup::new().with(PLUGIN).with("[program:x]\ncommand=/bin/cat\n").args(&["--ignore-plugins"]);
    if setup.subject.is_original() {
        return;
    }
    let daemon = setup.start();
    let line = "CRIT For [rpcinterface:twiddler], supervisor_twiddler.rpcinterface:make is Python code, so its methods \
                are missing";
    daemon.wait_log(line);
    // It holds for what is read later, too.
    let text = daemon.reread_error(&format!("{PLUGIN}[program:x]\ncommand=/bin/cat\nnumprocs=x\n"));
    assert!(text.starts_with("invalid literal for int() with base 10: 'x'"), "{text}");
}
