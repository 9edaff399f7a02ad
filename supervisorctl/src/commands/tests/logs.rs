//! `tail`, `maintail` and `fg`.

use supervisor_protocol::state::ProcessState::*;
use supervisor_protocol::xmlrpc::FaultCode::*;

use crate::fake::{Run, error_line, fault, fault_about, process};

const BANNER: &str = "==> Press Ctrl-C to exit <==\n";

#[test]
fn tail_c11() {
    for (line, call) in [
        ("tail p", "readProcessStdoutLog('p', -1600, 0)"),
        ("tail -5 p", "readProcessStdoutLog('p', -5, 0)"),
        ("tail-0 p", "readProcessStdoutLog('p', 0, 0)"),
        ("tail --6 p", "readProcessStdoutLog('p', 6, 0)"),
        ("tail p stderr", "readProcessStderrLog('p', -1600, 0)"),
        ("tail -5 g:p STDERR", "readProcessStderrLog('g:p', -5, 0)"),
        ("tail p x stdout", "readProcessStdoutLog('p', -1600, 0)"),
    ] {
        Run::default().up().call(call, "text\n").check(line, "text\n\n", 0);
    }
    Run::default().up().call("readProcessStdoutLog('p', -1600, 0)", "").check("tail p", "\n", 0);
}

#[test]
fn tail_complaints_c11() {
    for (code, what) in
        [(NoFile, "no log file"), (Failed, "unknown error reading log"), (BadName, "no such process name")]
    {
        let out = format!("g:*: ERROR ({what})\n");
        Run::default().up().call("readProcessStdoutLog('g:*', -1600, 0)", fault(code)).check("tail g:*", &out, 1);
    }
    let line = error_line("xmlrpc.client.Fault", "<Fault 3: 'BAD_ARGUMENTS'>");
    Run::default().up().call("readProcessStdoutLog('p', -1600, 0)", fault(BadArguments)).check("tail p", &line, 1);
    for (line, out) in [
        ("tail -5", "Error: tail requires process name\n"),
        ("tail -x p", "Error: bad argument -x\n"),
        ("tail - p", "Error: bad argument -\n"),
        ("tail p Bogus", "Error: bad channel 'bogus'\n"),
        ("tail p it's", "Error: bad channel \"it's\"\n"),
        ("maintail x", "Error: bad argument x\n"),
        ("maintail -x", "Error: bad argument -x\n"),
    ] {
        Run::default().up().check(line, out, 1);
    }
    for (line, complaint) in
        [("tail", "too few arguments"), ("tail a b c d", "too many arguments"), ("maintail -5 x", "too many arguments")]
    {
        let help = Run::default().line(&format!("help {}", line.split(' ').next().unwrap())).out;
        Run::default().up().check(line, &format!("Error: {complaint}\n{help}"), 1);
    }
}

#[test]
fn maintail_c12() {
    Run::default().up().call("readLog(-1600, 0)", "log\n").check("maintail", "log\n\n", 0);
    Run::default().up().call("readLog(-30, 0)", "log").check("maintail -30", "log\n", 0);
    let out = "supervisord: ERROR (no log file)\n";
    Run::default().up().call("readLog(-1600, 0)", fault(NoFile)).check("maintail", out, 1);
    let out = "supervisord: ERROR (unknown error reading log)\n";
    Run::default().up().call("readLog(-1600, 0)", fault(Failed)).check("maintail", out, 1);
}

#[test]
fn following_c13() {
    let out = format!("{BANNER}text");
    Run::default().up().stream("/logtail/p/stdout", Ok(b"text")).check("tail -f p", &out, 0);
    Run::default().up().stream("/logtail/g:p/stderr", Ok(b"text")).check("tail -f g:p stderr", &out, 0);
    Run::default().up().stream("/mainlogtail", Ok(b"text")).check("maintail -f", &out, 0);
    let interrupted = format!("{BANNER}\n");
    Run::default().typed(&["^C"]).up().stream("/mainlogtail", Ok(b"text")).check("maintail -f", &interrupted, 0);
    let left = Run::default().up().stream("/logtail/x/stdout", Err(404)).line("tail -f x");
    assert_eq!((left.out.as_str(), left.code), (BANNER, 1));
    assert_eq!(left.err, "unix:///s/logtail/x/stdout Cannot read, status code 404\n");
}

fn fg() -> Run {
    Run::default()
        .typed(&[])
        .up()
        .call("getProcessInfo('p')", process("p", "p", Running, 1))
        .stream("/logtail/p/stdout", Ok(b"out"))
        .stream("/logtail/p/stderr", Ok(b""))
}

#[test]
fn foreground_c14() {
    let gone = format!("{BANNER}Process got killed\nExiting foreground\n");
    fg().check("fg p", &format!("{BANNER}Exiting foreground\n"), 0);
    // Three happenings: the piece and two ends.
    fg().patience(3).check("fg p", &format!("{BANNER}outExiting foreground\n"), 0);
    fg().typed(&["^C", "not sent"]).patience(1).check("fg p", &format!("{BANNER}Exiting foreground\n"), 0);
    fg().typed(&["one", "two"])
        .call("sendProcessStdin('p', 'one\\n')", true)
        .call("getProcessInfo('p')", process("p", "p", Running, 1))
        .call("sendProcessStdin('p', 'two\\n')", true)
        .call("getProcessInfo('p')", process("p", "p", Exited, 0))
        .check("fg p", &gone, 0);
    fg().typed(&["one"]).call("sendProcessStdin('p', 'one\\n')", fault(NotRunning)).check("fg p", &gone, 0);
    let refused = format!("{BANNER}ERROR: <Fault 20: 'NO_FILE: p'>\nExiting foreground\n");
    fg().typed(&["one"]).call("sendProcessStdin('p', 'one\\n')", fault_about(NoFile, "p")).check("fg p", &refused, 0);
}

#[test]
fn foreground_complaints_c14() {
    let info = "getProcessInfo('p')";
    Run::default().up().check("fg a b", "ERROR: too many process names supplied\n", 1);
    Run::default().up().call(info, fault(BadName)).check("fg p", "ERROR: bad process name supplied\n", 1);
    Run::default().up().call(info, fault(Failed)).check("fg p", "ERROR: <Fault 30: 'FAILED'>\n", 0);
    let stopped = process("p", "p", Stopped, 0);
    Run::default().up().call(info, stopped).check("fg p", "ERROR: process not running\n", 1);
    let help = Run::default().line("help fg").out;
    Run::default().up().check("fg", &format!("ERROR: no process name supplied\n{help}"), 1);
}
