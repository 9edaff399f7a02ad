use super::super::fake::FakeWorld;
use super::super::model::GroupConfig;
use super::super::{Inputs, Overrides, SourceFile, read};
use super::*;

fn groups(text: &str) -> Vec<GroupConfig> {
    let text = format!("[supervisord]\n{text}");
    let inputs = Inputs {
        environment: &[],
        overrides: &Overrides::default(),
        here: "/conf",
        host_node_name: "node",
        world: &FakeWorld,
        include: &|_| Vec::new(),
    };
    read(SourceFile { name: "s.conf", bytes: text.as_bytes() }, &inputs).unwrap().groups
}

/// `+added ~changed -removed` between two texts.
fn shown(old: &str, new: &str) -> String {
    let old = groups(old);
    let reread = diff(&old.iter().collect::<Vec<_>>(), &groups(new));
    let mark = |mark: char, names: Vec<String>| names.into_iter().map(move |name| format!("{mark}{name}"));
    mark('+', reread.added)
        .chain(mark('~', reread.changed))
        .chain(mark('-', reread.removed))
        .collect::<Vec<_>>()
        .join(" ")
}

const PROGRAMS: &str = "[program:a]\ncommand=a\n[program:b]\ncommand=b\n";

#[test]
fn lists_rr03() {
    assert_eq!(shown(PROGRAMS, PROGRAMS), "");
    assert_eq!(shown(PROGRAMS, "[program:c]\ncommand=c\n[program:b]\ncommand=B\n"), "+c ~b -a");
    assert_eq!(shown("", PROGRAMS), "+a +b");
    assert_eq!(shown(PROGRAMS, ""), "-a -b");
    let group = |programs: &str| format!("{PROGRAMS}[group:g]\nprograms={programs}\n");
    assert_eq!(shown(&group("a,b"), &group("a, b")), "");
    assert_eq!(shown(&group("a,b"), &group("b,a")), "~g");
    assert_eq!(shown(&group("a,b"), &group("a")), "+b ~g");
}

#[test]
fn kinds_rr03() {
    let program = "[program:x]\ncommand=x\npriority=1\n";
    let listener = "[eventlistener:x]\ncommand=x\npriority=1\nevents=TICK\n";
    let fcgi = "[fcgi-program:x]\ncommand=x\npriority=1\nsocket=unix:///tmp/x\n";
    for (old, new) in [(program, listener), (listener, program), (program, fcgi), (fcgi, program), (fcgi, listener)] {
        assert_eq!(shown(old, new), "~x");
    }
}

#[test]
fn untouched_auto_logs_and_moved_sections_rr04() {
    let text = "[program:a]\ncommand=a\nstdout_logfile=AUTO\n";
    assert_eq!(shown(text, &format!("\n\n{text}")), "");
    assert_eq!(shown(text, "[program: a]\ncommand=a\n"), "");
    assert_eq!(shown("[program:a]\ncommand=a\nstdout_logfile=x\n", text), "~a");
}

#[test]
fn every_option_counts() {
    for line in [
        "priority=1",
        "autostart=false",
        "autorestart=true",
        "startsecs=5",
        "startretries=5",
        "stopsignal=INT",
        "stopwaitsecs=5",
        "stopasgroup=true",
        "killasgroup=true",
        "exitcodes=1",
        "redirect_stderr=true",
        "user=www",
        "umask=027",
        "directory=/x",
        "environment=A=1",
        "serverurl=x",
        "process_name=p",
        "stdout_logfile=NONE",
        "stderr_logfile_maxbytes=1",
        "stdout_logfile_backups=1",
        "stdout_capture_maxbytes=1",
        "stderr_events_enabled=true",
        "stdout_syslog=true",
    ] {
        assert_eq!(shown("[program:a]\ncommand=a\n", &format!("[program:a]\ncommand=a\n{line}\n")), "~a", "{line}");
    }
}

#[test]
fn the_global_environment_changes_all_rr05() {
    assert_eq!(shown(PROGRAMS, &format!("environment=A=1\n{PROGRAMS}")), "~a ~b");
}

#[test]
fn listener_pools_rr09() {
    let pool = |lines: &str| format!("[eventlistener:l]\ncommand=l\n{lines}\n");
    assert_eq!(shown(&pool("events=TICK_5,TICK_60"), &pool("events=TICK_60,TICK_5,TICK_60")), "");
    assert_eq!(shown(&pool("events=TICK_5,TICK_60"), &pool("events=TICK_5")), "~l");
    assert_eq!(shown(&pool("events=TICK_5"), &pool("events=TICK_5\nbuffer_size=1")), "~l");
    let printing = "events=TICK_5\nresult_handler=supervisor_stdout:event_handler";
    assert_eq!(shown(&pool("events=TICK_5"), &pool(printing)), "~l");
}

#[test]
fn fcgi_sockets_q32() {
    let fcgi = |lines: &str| format!("[fcgi-program:f]\ncommand=f\nsocket=unix:///tmp/x\n{lines}\n");
    for line in ["socket_mode=0770", "socket_owner=root", "socket_backlog=5", "socket=unix:///tmp/y"] {
        assert_eq!(shown(&fcgi(""), &fcgi(line)), "~f", "{line}");
        let grouped = |lines: &str| format!("{}[group:g]\nprograms=f\n", fcgi(lines));
        assert_eq!(shown(&grouped(""), &grouped(line)), "~g", "{line}");
    }
    assert_eq!(shown(&fcgi(""), &fcgi("socket_mode=0700")), "");
}
