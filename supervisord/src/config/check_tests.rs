use super::super::fake::{FakeAhead, FakeWorld};
use super::super::report::Severity;
use super::super::{Included, Overrides};
use super::*;

/// The report on `s.conf`; it may include `/conf/a.ini` and `/conf/locked.ini`.
fn report(text: &str) -> Report {
    report_with(text, &[], &Overrides::default())
}

fn report_with(text: &str, environment: &[(String, String)], overrides: &Overrides) -> Report {
    let include = |pattern: &str| match pattern {
        "/conf/a.ini" => {
            let content = Ok(b"[program:a]\ncommand=cat\nautostart=maybe\nuser=nobody\n".to_vec());
            vec![Included { path: pattern.to_owned(), content }]
        }
        "/conf/locked.ini" => vec![Included { path: pattern.to_owned(), content: Err("Permission denied".to_owned()) }],
        _ => Vec::new(),
    };
    let inputs =
        Inputs { environment, overrides, here: "/conf", host_node_name: "node", world: &FakeWorld, include: &include };
    check(SourceFile { name: "s.conf", bytes: text.as_bytes() }, &inputs, &FakeAhead { is_root: false })
}

/// The lines of the report.
fn lines(text: &str) -> Vec<String> {
    report(text).problems().iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_configuration_has_no_problems() {
    let text = "[supervisord]\n[unix_http_server]\nfile=/tmp/x\n[supervisorctl]\nserverurl=unix:///tmp/x\n\
                [rpcinterface:supervisor]\n\
                supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
                [program:x]\ncommand=cat\nnumprocs=3\nprocess_name=%(process_num)d\n\
                [eventlistener:l]\ncommand=cat\nevents=TICK_5\n\
                [fcgi-program:f]\ncommand=cat\nsocket=unix:///tmp/f\n[group:g]\nprograms=x\n";
    assert_eq!(lines(text), Vec::<String>::new());
}

#[test]
fn every_mistake_is_reported_in_the_order_of_lines() {
    let text = "[supervisord]\nloglevel=inform\nminfds=many\n[program:x]\ncommand=cat %(nope)s\nstopsignal=NOPE\n\
                numprocs=2\n[eventlistener:l]\ncommand=cat\nevents=TICK_6,TICK_5,EVNT\nbuffer_size=0\nredirect_stderr=true\n\
                [group:g]\nprograms=x,y\n[inet_http_server]\nport=99999\nusername=u\n[program:z]\n";
    let found = lines(text);
    let places = found.iter().map(|line| line.trim_start_matches("s.conf:").split(':').next());
    let places: Vec<usize> = places.map(|line| line.and_then(|line| line.parse().ok()).unwrap_or_default()).collect();
    assert_eq!(places, [2, 3, 4, 5, 6, 10, 10, 11, 12, 14, 15, 16, 18], "{found:#?}");
    assert_eq!(found[0], "s.conf:2: [supervisord] loglevel: bad logging level name 'inform'; did you mean info?");
    assert_eq!(
        found[2],
        "s.conf:4: [program:x]: %(process_num) must be present within process_name when numprocs > 1; \
         write process_name = %(program_name)s_%(process_num)02d"
    );
    assert!(found[5].ends_with("Unknown event type TICK_6 in [eventlistener:l] events; did you mean TICK_60?"));
}

#[test]
fn what_is_missing_is_not_missed_twice() {
    let found = lines("[supervisord]\n[program:x]\ncommand=%(nope)s\n[program:y]\n");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("s.conf:3: [program:x] command: Format string '%(nope)s' for 'program:x.command'"));
    let missing = "s.conf:4: [program:y]: program section program:y does not specify a command; write command = ";
    assert!(found[1].starts_with(missing), "{}", found[1]);
}

#[test]
fn names_to_choose_from_are_few() {
    let names = |count: usize| {
        let environment: Vec<_> = (0..count).map(|at| (format!("V{at}"), String::new())).collect();
        let text = "[supervisord]\nchildlogdir=%(nope)s\n";
        let report = report_with(text, &environment, &Overrides::default());
        report.problems()[0].text.split_once("Available names: ").map(|(_, names)| names.to_owned())
    };
    assert_eq!(names(0).as_deref(), Some("here"));
    assert_eq!(names(1).as_deref(), Some("here, ENV_NAME for the one environment variable"));
    assert_eq!(names(70).as_deref(), Some("here, ENV_NAME for each of 70 environment variables"));
}

/// Listing a thousand names for each of a thousand mistakes would take a million steps.
#[test]
fn names_are_not_listed_for_ever() {
    let environment: Vec<_> = (0..1_000).map(|at| (format!("V{at}"), String::new())).collect();
    let programs: String = (0..1_000).map(|at| format!("[program:p{at}]\ncommand=%(ENV_V{at}x)s\n")).collect();
    let text = format!("[supervisord]\n{programs}");
    let report = report_with(&text, &environment, &Overrides::default());
    let problems = report.problems();
    assert_eq!(problems.len(), 1_000);
    assert!(problems[0].text.ends_with("ENV_NAME for each of 1000 environment variables"), "{}", problems[0]);
    assert_eq!(problems[0].hint.as_deref(), Some("did you mean %(ENV_V0)s?"));
    assert!(problems[999].text.ends_with("program_name, environment variables as ENV_NAME"), "{}", problems[999]);
    let hint = "set V999x in the environment in which supervisord is started";
    assert_eq!(problems[999].hint.as_deref(), Some(hint));
}

#[test]
fn an_option_of_the_command_line_is_a_place() {
    let overrides = Overrides { user: Some("nope".to_owned()), ..Overrides::default() };
    let found = report_with("[supervisord]\n", &[], &overrides);
    let found: Vec<String> = found.problems().iter().map(ToString::to_string).collect();
    let expected = "command line: -u/--user: Invalid user name nope; name a user whom this system knows";
    assert_eq!(found, [expected]);
}

#[test]
fn each_file_has_its_own_lines() {
    let found =
        lines("[supervisord]\n[include]\nfiles=a.ini locked.ini none.ini\nfile=x\n[program:b]\ncommand=cat\nx=1\n");
    let expected = [
        "s.conf:3: [include] files: warning: Could not read extra file \"/conf/locked.ini\", skipping it: Permission denied",
        "s.conf:3: [include] files: warning: No file matches via include \"/conf/none.ini\"",
        "s.conf:4: [include] file: warning: unknown option, which is ignored; it belongs into a section [unix_http_server]",
        "s.conf:7: [program:b] x: warning: unknown option, which is ignored",
        "/conf/a.ini:3: [program:a] autostart: not a valid boolean value: 'maybe'; write true or false",
        "/conf/a.ini:4: [program:a] user: Invalid user name nobody; name a user whom this system knows",
    ];
    assert_eq!(found, expected);
}

#[test]
fn lines_that_are_no_configuration() {
    let found = lines("[supervisord]\nnonsense\n more\nminfds=x\n[program:x]\ncommand=cat\n=1\n");
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].starts_with("s.conf:2: neither a section nor an option: nonsense; write KEY = VALUE"));
    assert!(found[2].starts_with("s.conf:4: [supervisord] minfds: invalid literal"));
    // What comes after is not known.
    let found = lines("minfds=1\n[supervisord]\n");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("s.conf:1: text before any section: minfds=1; put a header"), "{found:#?}");
    let found = lines("# nothing\n");
    assert_eq!(
        found,
        ["s.conf: .ini file does not include supervisord section; add a section [supervisord], even an empty one"]
    );
}

#[test]
fn names_that_nothing_reads() {
    let text = "[supervisord]\nlog_level=info\n[programm:web]\ncommand=cat\n[program:x]\ncomand=a\ncommand=cat\n\
                events=TICK\n[eventlistner]\n[frobnicate]\n[ctlplugin:p]\na=1\n[DEFAULT]\nautostrat=false\n";
    let found = lines(text);
    let expected = [
        "s.conf:2: [supervisord] log_level: warning: unknown option, which is ignored; did you mean loglevel?",
        "s.conf:3: [programm:web]: warning: unknown section, which is ignored; did you mean [program:web]?",
        "s.conf:6: [program:x] comand: warning: unknown option, which is ignored; did you mean command?",
        "s.conf:8: [program:x] events: warning: unknown option, which is ignored; it belongs into a section [eventlistener:NAME]",
        "s.conf:9: [eventlistner]: warning: unknown section, which is ignored; did you mean [eventlistener:NAME]?",
        "s.conf:10: [frobnicate]: warning: unknown section, which is ignored",
        "s.conf:11: [ctlplugin:p]: warning: Python code, which supervisorctl does not load; remove the section, or keep it for another client",
        "s.conf:14: [DEFAULT] autostrat: warning: an option that no section knows; did you mean autostart?",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_would_not_work() {
    let text = "[supervisord]\nuser=www\nminfds=5000\n[inet_http_server]\nport=9001\n[rpcinterface:supervisor]\n\
                supervisor.rpcinterface_factory=twiddler:make\n[rpcinterface:x]\n\
                supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\nretries=1\n\
                [program:x]\ncommand=dog\nuser=root\n[program:y]\ncommand=cat\ndirectory=/none\n\
                [eventlistener:l]\ncommand=cat\nevents=EVENT\nresult_handler=mine:handle\n";
    let found = lines(text);
    let expected = [
        "s.conf:2: [supervisord] user: Can't drop privilege as nonroot user; start supervisord as root, or as that user",
        "s.conf:3: [supervisord] minfds: only 4096 file descriptors",
        "s.conf:4: [inet_http_server]: warning: anybody who reaches any address of this machine may start and stop programs",
        "s.conf:4: [inet_http_server]: warning: clients such as supervisorctl find no methods here",
        "s.conf:7: [rpcinterface:supervisor] supervisor.rpcinterface_factory: twiddler:make cannot be resolved within \
         [rpcinterface:supervisor]; this supervisord runs no Python code; remove the section",
        "s.conf:10: [rpcinterface:x] retries: an option that the interface does not take",
        "s.conf:12: [program:x] command: warning: can't find command 'dog'",
        "s.conf:13: [program:x] user: warning: only a daemon that is root can start it as uid 0",
        "s.conf:16: [program:y] directory: warning: /none is no directory",
        "s.conf:20: [eventlistener:l] result_handler: mine:handle cannot be resolved within [eventlistener:l]",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (line, start) in found.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}\n{start}");
    }
    assert_eq!((report(text).count(Severity::Error), report(text).count(Severity::Warning)), (5, 5));
}

#[test]
fn a_thousand_processes_have_one_problem() {
    let text = "[supervisord]\n[program:x]\ncommand=dog %(process_num)d\nnumprocs=1000\nstdout_logfile=/none/%(process_num)d\n\
                process_name=%(process_num)d\n";
    let found = lines(text);
    assert_eq!(found.len(), 2, "{found:#?}");
}

#[test]
fn what_no_system_can_take() {
    let found = lines("[supervisord]\n[program:x]\ncommand=cat \0\nnumprocs=1000000000000\nenvironment=A=\"\0\"\n");
    let expected = [
        "s.conf:3: [program:x] command: embedded null byte; remove the byte 0 from the value",
        "s.conf:4: [program:x] numprocs: numprocs is 1000000000000, and no system runs more than 4194304 processes; write a number of processes that a system can run",
        "s.conf:5: [program:x] environment: embedded null byte; remove the byte 0 from the value",
    ];
    assert_eq!(found, expected);
}
