//! What clients get: XML-RPC bodies by byte, and the output of supervisorctl.

use std::fmt::Write as _;

use super::redacted;
use crate::http::{Address, Conn, post};
use crate::run::run;
use crate::{Daemon, Setup, Subject, Value, xmlrpc};

/// Programs in every state that lasts.
fn daemon(subject: &Subject) -> Daemon {
    let daemon = Setup::new()
        .subject(subject)
        .write("plain", "text")
        .write("notes.out", "line <1> & more\nline 2\n")
        .program("up", "stdout_logfile={dir}/up.out\nstderr_logfile=NONE", "hang")
        .with("[program:off]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={dir}/notes.out\nstderr_logfile=NONE")
        .with("[program:fatal]\ncommand=/nonexistent/program\nstartretries=0\nstdout_logfile=NONE\nstderr_logfile=NONE")
        .with("[program:plain]\ncommand={dir}/plain\nautostart=false\nstdout_logfile=NONE\nstderr_logfile=NONE")
        .with("[program:one]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE")
        .with("[program:two]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE")
        .with("[group:g]\nprograms=one,two\npriority=50")
        .start();
    daemon.wait_state("up", "RUNNING");
    daemon.wait_state("fatal", "FATAL");
    daemon
}

/// Replies of the XML-RPC server, head and body.
pub(super) fn bodies(subject: &Subject) -> String {
    let daemon = daemon(subject);
    let mut text = String::new();
    let item = |method: &str| Value::Struct(vec![("methodName".to_owned(), method.into())]);
    let calls: Vec<(&str, Vec<Value>)> = vec![
        ("supervisor.getAPIVersion", vec![]),
        ("supervisor.getState", vec![]),
        ("supervisor.getIdentification", vec![]),
        ("supervisor.getProcessInfo", vec!["up".into()]),
        ("supervisor.getProcessInfo", vec!["fatal".into()]),
        ("supervisor.getProcessInfo", vec!["nope".into()]),
        ("supervisor.getAllProcessInfo", vec![]),
        ("supervisor.getAllConfigInfo", vec![]),
        ("supervisor.readProcessStdoutLog", vec!["off".into(), 0.into(), 0.into()]),
        ("supervisor.tailProcessStdoutLog", vec!["off".into(), 0.into(), 10.into()]),
        ("supervisor.startProcess", vec!["up".into()]),
        ("supervisor.startProcess", vec!["plain".into()]),
        ("supervisor.startProcessGroup", vec!["g".into()]),
        ("supervisor.signalProcessGroup", vec!["g".into(), "CONT".into()]),
        ("supervisor.stopProcess", vec!["g:one".into()]),
        ("supervisor.reloadConfig", vec![]),
        ("supervisor.nope", vec![]),
        ("system.multicall", vec![Value::Array(vec![item("supervisor.getAPIVersion"), item("supervisor.nope")])]),
        ("system.listMethods", vec![]),
    ];
    for (method, params) in calls {
        let mut conn = Conn::open(&Address::Unix(daemon.path("s.sock"))).expect("connect");
        conn.send(post(&xmlrpc::call(method, &params), ""));
        let reply = conn.reply().expect("a reply");
        writeln!(text, "=== {method} {params:?}\n{}", reply.status_line).expect("write to a string");
        for (name, value) in &reply.headers {
            // The length varies with the pids and paths inside.
            let value = if name == "Content-Length" { "LENGTH" } else { value };
            writeln!(text, "{name}: {value}").expect("write to a string");
        }
        writeln!(text, "\n{}", reply.text()).expect("write to a string");
    }
    redacted(&daemon, &text)
}

/// Commands of supervisorctl, with everything they print and their exit codes.
pub(super) fn commands(subject: &Subject) -> String {
    commands_of(subject, subject)
}

/// The same, by the supervisorctl of another set than the daemon's.
pub fn commands_of(subject: &Subject, client: &Subject) -> String {
    let daemon = daemon(subject);
    let mut text = String::new();
    for command in [
        "status",
        "status up nope g:* nope:*",
        "pid up",
        "pid off",
        "start one",
        "start up",
        "start plain fatal nope",
        "start g:*",
        "start g:*",
        "stop g:one",
        "stop g:one",
        "restart g:one",
        "signal CONT g:*",
        "signal NOPE up",
        "signal CONT off nope",
        "tail off",
        "tail -7 off",
        "tail off stderr",
        "tail nope",
        "clear up",
        "clear nope",
        "avail",
        "reread",
        "update",
        "add up",
        "add nope",
        "remove up",
        "remove nope",
        "start",
        "stop",
        "restart",
        "signal",
        "clear",
        "tail",
        "tail a b c d",
        "maintail a b",
        "reread x",
        "shutdown x",
        "fg",
        "fg off",
        "open x",
        "frobnicate",
    ] {
        let ran = daemon.ctl_of(client, &command.split(' ').collect::<Vec<_>>(), "");
        let out = if command == "pid up" { "PID\n" } else { &ran.out };
        write!(text, "=== {command}\n{out}{}=== {}\n\n", ran.err, ran.code).expect("write to a string");
    }
    redacted(&daemon, &text)
}

/// Every help text.
pub(super) fn help(subject: &Subject) -> String {
    let daemon = Setup::new().subject(subject).start();
    let topics = "help add avail clear exit fg maintail open pid quit reload remove reread restart shutdown signal \
        start status stop tail update version nope";
    let input: String = topics.split_whitespace().map(|topic| format!("help {topic}\n")).collect();
    let ran = daemon.ctl_of(subject, &[], &format!("help\n{input}"));
    redacted(&daemon, &ran.out)
}

/// Usage and the errors of options, of both programs.
pub(super) fn usage(subject: &Subject) -> String {
    let setup = Setup::new().subject(subject);
    let mut text = String::new();
    for (program, args) in [
        ("supervisorctl", "-h"),
        ("supervisorctl", "-x"),
        ("supervisorctl", "--h"),
        ("supervisorctl", "-s foo"),
        ("supervisord", "--bogus"),
        ("supervisord", "--log"),
        ("supervisord", "-n -n"),
        ("supervisord", "-e bogus"),
        ("supervisord", "foo bar"),
        ("supervisord", "-c missing.conf"),
    ] {
        let mut command = setup.command(program);
        command.args(args.split(' '));
        let ran = run(command, "", &setup.path(""));
        write!(text, "=== {program} {args}\n{}{}=== {}\n\n", ran.out, ran.err, ran.code).expect("write to a string");
    }
    let dir = format!("{}/", subject.dir().display());
    text.replace(&dir, "BIN/")
}
