use supervisor_protocol::event::EventKind;

use super::super::super::model::{FastCgiConfig, GroupKind, PoolConfig, ResultHandler};
use super::*;

const ABC: &str = "[program:a]\ncommand=a\npriority=3\n[program:b]\ncommand=b\npriority=1\n[program:c]\ncommand=c\n";

#[test]
fn members_and_order_se18() {
    let read = groups(&format!("{ABC}[group:g]\nprograms=c, a\npriority=5\n"));
    assert_eq!(shown(&read), ["b: b", "g: c a"]);
    assert_eq!((read[1].priority, read[1].processes[1].priority), (5, 3));
    assert_eq!(read[1].origin.line, 10);
    for lines in ["", "programs="] {
        assert_eq!(shown(&groups(&format!("[group:g]\n{lines}\n"))), ["g: "]);
    }
    // A program in several groups runs in each.
    let read = groups(&format!("{ABC}[group:g]\nprograms=a\n[group:h]\nprograms=a,\n  b\n"));
    assert_eq!(shown(&read), ["c: c", "g: a", "h: a b"]);
}

#[test]
fn group_errors_q12() {
    for (lines, expected) in [
        ("programs=zz", "[group:g] names unknown program or fcgi-program zz"),
        ("programs=a,zz", "[group:g] names unknown program or fcgi-program zz"),
        ("programs=a,", "[group:g] names unknown program or fcgi-program "),
        ("programs=a b", "[group:g] names unknown program or fcgi-program a b"),
        ("programs=l", "[group:g] names unknown program or fcgi-program l"),
        ("programs=spaced", "[group:g] names unknown program or fcgi-program spaced"),
        ("programs=both", "[group:g] name both is ambiguous (exists as program and fcgi-program)"),
        ("priority=x", "invalid literal for int() with base 10: 'x'"),
        ("programs=bad", "not a valid boolean value: 'x' in section 'program:bad' (file: 's.conf')"),
    ] {
        let text = format!(
            "{ABC}[program:both]\n[fcgi-program:both]\n[eventlistener:l]\n[program: spaced]\n[program:bad]\nautostart=x\n[group:g]\n{lines}\n"
        );
        assert_eq!(daemon_error(&text), expected, "{lines}");
    }
}

#[test]
fn groups_are_sorted_by_priority_and_name() {
    let listener = "[eventlistener:l]\ncommand=l\nevents=TICK\n";
    let read = groups(&format!("{ABC}{listener}[program:n10]\ncommand=x\n[program:n9]\ncommand=x\n"));
    let names: Vec<&str> = read.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["l", "b", "a", "c", "n10", "n9"]);
    assert_eq!((read[0].priority, read[0].processes[0].priority), (-1, 999));
}

#[test]
fn duplicates_are_warned_about_q14() {
    let config = daemon("[program:a]\ncommand=a\n[program:b]\ncommand=b\n[group:a]\nprograms=b\n");
    assert_eq!(shown(&config.groups), ["a: b"]);
    assert_eq!(
        warnings(&config),
        ["For [program:a], a group named a is already defined by [group:a], so this section is ignored"]
    );
    let text =
        "[program:a]\ncommand=a\nprocess_name=p\n[program:b]\ncommand=b\n[program:c]\ncommand=c\nprocess_name=p\n";
    let config = daemon(&format!("{text}[group:g]\nprograms=a,b,c\n"));
    assert_eq!(shown(&config.groups), ["g: p b"]);
    assert_eq!(config.groups[0].processes[0].command, "c");
    assert_eq!(
        warnings(&config),
        [
            "For [program:c], a process named p of group g is already defined by [program:a], so only this definition is used"
        ]
    );
}

fn socket(lines: &str) -> FastCgiConfig {
    match groups(&format!("[fcgi-program:f]\ncommand=f\n{lines}\n")).remove(0).kind {
        GroupKind::FastCgi(socket) => socket,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fcgi_sockets_se19() {
    let unix = socket("socket=unix:///tmp/a/../%(program_name)s.sock");
    assert_eq!(unix, FastCgiConfig { url: "unix:///tmp/f.sock".to_owned(), backlog: None, owner: None, mode: 0o700 });
    assert_eq!(socket("socket=unix:///x\nuser=www").owner, Some((33, Some(34))));
    assert_eq!(socket("socket=unix:///x\nuser=www\nsocket_owner=root").owner, Some((0, None)));
    assert_eq!(socket("socket=unix:///x\nsocket_mode=0770\nsocket_backlog=5").mode, 0o770);
    let tcp = socket("socket=tcp://LocalHost:9002\nsocket_backlog=65535\nuser=www");
    assert_eq!(socket("socket=tcp://h:٩٠02").url, "tcp://h:9002");
    assert_eq!((tcp.url.as_str(), tcp.backlog, tcp.owner), ("tcp://localhost:9002", Some(65535), None));
    for (lines, expected) in [
        ("", "[fcgi-program:f] section requires a \"socket\" line"),
        ("socket=", "[fcgi-program:f] section requires a \"socket\" line"),
        ("socket=http://x", "Bad socket format http://x in [fcgi-program:f] socket"),
        ("socket=TCP://h:1", "Bad socket format TCP://h:1 in [fcgi-program:f] socket"),
        ("socket=tcp://h:1/x", "Bad socket format tcp://h:1/x in [fcgi-program:f] socket"),
        ("socket=tcp://::1:1", "Bad socket format tcp://::1:1 in [fcgi-program:f] socket"),
        ("socket=tcp://a b:1", "Bad socket format tcp://a b:1 in [fcgi-program:f] socket"),
        ("socket=tcp://h:", "Bad socket format tcp://h: in [fcgi-program:f] socket"),
        ("socket=tcp://h:²", "Bad socket format tcp://h:² in [fcgi-program:f] socket"),
        ("socket=unix://rel.sock", "Unix socket path rel.sock is not an absolute path in [fcgi-program:f] socket"),
        ("socket=tcp://h:0", "0 is below lower bound (1) in [fcgi-program:f] socket"),
        ("socket=tcp://h:99999", "99999 is above upper bound (65535) in [fcgi-program:f] socket"),
        (
            "socket=tcp://h:1\nsocket_mode=0700",
            "socket_owner and socket_mode params should only be used with a Unix domain socket in [fcgi-program:f] socket",
        ),
        (
            "socket=tcp://h:099999999999999999999",
            "99999999999999999999 is above upper bound (65535) in [fcgi-program:f] socket",
        ),
        ("socket_backlog=0", "Invalid socket_backlog value 0"),
        ("socket_backlog=1_00000000000000000000", "Invalid socket_backlog value 100000000000000000000"),
        ("socket_backlog=x", "invalid literal for int() with base 10: 'x'"),
        ("socket_owner=nope", "Invalid socket_owner value nope"),
        ("socket_mode=9\nsocket_owner=root", "Invalid socket_mode value 9"),
        ("user=nope\nsocket_backlog=0", "Invalid user name nope"),
        (
            "socket=unix:///x\nautostart=x",
            "not a valid boolean value: 'x' in section 'fcgi-program:f' (file: 's.conf')",
        ),
    ] {
        assert_eq!(daemon_error(&format!("[fcgi-program:f]\ncommand=f\n{lines}\n")), expected, "{lines}");
    }
}

/// A member keeps its socket; a wrong one is a warning, for Supervisor does not read it (`se26`, Q13).
#[test]
fn fcgi_programs_in_groups_se26() {
    let read = |lines: &str| {
        let text = format!(
            "[fcgi-program:f]\ncommand=f\nnumprocs=2\nprocess_name=%(process_num)d\n{lines}\n[group:g]\nprograms=f\n"
        );
        daemon(&text)
    };
    let config = read("socket=tcp://h:1");
    assert_eq!(config.groups[0].kind, GroupKind::Programs);
    let urls: Vec<&str> =
        config.groups[0].processes.iter().filter_map(|process| Some(process.fcgi.as_ref()?.url.as_str())).collect();
    assert_eq!(urls, ["tcp://h:1", "tcp://h:1"]);
    for (lines, problem) in [
        ("", "[fcgi-program:f] section requires a \"socket\" line"),
        ("socket=foo", "Bad socket format foo in [fcgi-program:f] socket"),
        ("socket_backlog=x", "invalid literal for int() with base 10: 'x'"),
    ] {
        let config = read(lines);
        assert!(config.groups[0].processes.iter().all(|process| process.fcgi.is_none()));
        let expected =
            format!("For [fcgi-program:f], its processes in [group:g] run without a shared socket: {problem}");
        assert_eq!(warnings(&config), [expected]);
    }
    // `priority` of a member has only its second evaluation.
    let member = "[program:12]\ncommand=x\npriority=%(program_name)s\n";
    assert_eq!(groups(&format!("{member}[group:g]\nprograms=12\n"))[0].processes[0].priority, 12);
    assert!(daemon_error(member).ends_with("Available names: ENV_HOME, ENV_PATTERN, ENV_PERCENT, here"));
}

fn pool(lines: &str) -> PoolConfig {
    match groups(&format!("[eventlistener:l]\ncommand=l\n{lines}\n")).remove(0).kind {
        GroupKind::EventListener(pool) => pool,
        other => panic!("{other:?}"),
    }
}

#[test]
fn listeners_se20() {
    let read = pool("events=tick_5,\n  Process_State ,TICK_5");
    let events = vec![EventKind::Tick5, EventKind::ProcessState];
    assert_eq!(read, PoolConfig { events, buffer_size: None, result_handler: ResultHandler::Default });
    let printing = pool("events=PROCESS_LOG\nresult_handler=supervisor_stdout:event_handler");
    assert_eq!(printing.result_handler, ResultHandler::SupervisorStdout);
    assert_eq!(pool("events=EVENT\nbuffer_size=1").buffer_size, Some(1));
    assert_eq!(pool("events=EVENT\nresult_handler=supervisor.dispatchers : default_handler").buffer_size, None);
    for (lines, expected) in [
        ("", "[eventlistener:l] section requires an \"events\" line"),
        ("events=", "[eventlistener:l] section requires an \"events\" line"),
        ("events=foo", "Unknown event type FOO in [eventlistener:l] events"),
        ("events=TICK_5,", "Unknown event type  in [eventlistener:l] events"),
        ("buffer_size=0", "[eventlistener:l] section sets invalid buffer_size (0)"),
        (
            "buffer_size=-٩9999999999999999999",
            "[eventlistener:l] section sets invalid buffer_size (-99999999999999999999)",
        ),
        ("buffer_size=-3", "[eventlistener:l] section sets invalid buffer_size (-3)"),
        ("buffer_size=x", "invalid literal for int() with base 10: 'x'"),
        ("result_handler=foo:bar", "foo:bar cannot be resolved within [eventlistener:l]"),
        (
            "events=TICK\nredirect_stderr=true",
            "[eventlistener:l] section sets redirect_stderr=true but this is not allowed because it will interfere with the eventlistener protocol",
        ),
        ("events=TICK\nautostart=x", "not a valid boolean value: 'x' in section 'eventlistener:l' (file: 's.conf')"),
        ("priority=x\nbuffer_size=0", "invalid literal for int() with base 10: 'x'"),
        ("buffer_size=0\nresult_handler=foo", "[eventlistener:l] section sets invalid buffer_size (0)"),
        ("result_handler=foo\nevents=foo", "foo cannot be resolved within [eventlistener:l]"),
        ("events=foo\nredirect_stderr=x", "Unknown event type FOO in [eventlistener:l] events"),
    ] {
        assert_eq!(daemon_error(&format!("[eventlistener:l]\ncommand=l\n{lines}\n")), expected, "{lines}");
    }
    let read = groups("[eventlistener: l ]\ncommand=l\nevents=TICK\n");
    assert_eq!(shown(&read), [" l : l"]);
}

/// Kinds of section are evaluated in a fixed order (`se23`).
#[test]
fn kinds_in_order_se23() {
    let wrong = [
        ("[rpcinterface:r]", "section [rpcinterface:r] does not specify a supervisor.rpcinterface_factory"),
        ("[group:g]\nprograms=zz", "[group:g] names unknown program or fcgi-program zz"),
        ("[program:p/]", "Invalid name: 'p/' because of character: '/'"),
        ("[eventlistener:l]", "[eventlistener:l] section requires an \"events\" line"),
        ("[fcgi-program:f]", "[fcgi-program:f] section requires a \"socket\" line"),
        ("[inet_http_server]", "section [inet_http_server] has no port value"),
        ("[unix_http_server]", "section [unix_http_server] has no file value"),
    ];
    for first in 0..wrong.len() {
        let sections: Vec<&str> = wrong[first..].iter().rev().map(|(section, _)| *section).collect();
        assert_eq!(daemon_error(&format!("{}\n", sections.join("\n"))), wrong[first].1);
    }
}
