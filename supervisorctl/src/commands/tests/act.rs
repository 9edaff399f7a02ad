//! `start`, `stop`, `restart`, `signal` and `clear`.

use supervisor_protocol::xmlrpc::FaultCode::{self, *};

use crate::fake::{Run, error_line, fault, fault_about, processes, results};

/// One process, one call, one line.
#[track_caller]
fn one(line: &str, call: &str, code: FaultCode, out: &str, exit_code: u8) {
    let answer = if code == Success { Ok(true.into()) } else { fault(code) };
    Run::default().up().call(call, answer).check(line, out, exit_code);
}

#[test]
fn start_c9() {
    for (code, out, exit_code) in [
        (Success, "p: started", 0),
        (AlreadyStarted, "p: ERROR (already started)", 0),
        (BadName, "p: ERROR (no such process)", 1),
        (NoFile, "p: ERROR (no such file)", 1),
        (NotExecutable, "p: ERROR (file is not executable)", 1),
        (SpawnError, "p: ERROR (spawn error)", 7),
        (AbnormalTermination, "p: ERROR (abnormal termination)", 7),
    ] {
        one("start p", "startProcess('p')", code, &format!("{out}\n"), exit_code);
    }
    let unknown = error_line("ValueError", "Unknown result code 30 for g:p");
    one("start g:p", "startProcess('g:p')", Failed, &unknown, 1);
    one("start p:p", "startProcess('p:p')", Success, "p: started\n", 0);
}

#[test]
fn start_of_several_c9() {
    let group =
        || Run::default().up().call("startProcessGroup('g')", results(&[("g", "a", Success), ("g", "b", SpawnError)]));
    group().check("start g:*", "g:a: started\ng:b: ERROR (spawn error)\n", 7);
    group().call("startProcess('p')", true).check(
        "start g: p",
        "g:a: started\ng:b: ERROR (spawn error)\np: started\n",
        7,
    );
    Run::default().up().call("startProcessGroup('g')", results(&[])).check("start g:*", "", 0);
    let unknown = fault_about(BadName, "g");
    Run::default().up().call("startProcessGroup('g')", unknown).check("start g:*", "g: ERROR (no such group)\n", 2);
    let all = results(&[("p", "p", Success), ("q", "q", AlreadyStarted)]);
    Run::default().up().call("startAllProcesses()", all).check(
        "start x all",
        "p: started\nq: ERROR (already started)\n",
        0,
    );
}

#[test]
fn stop_c10() {
    for (code, out, exit_code) in [
        (Success, "p: stopped", 0),
        (NotRunning, "p: ERROR (not running)", 0),
        (BadName, "p: ERROR (no such process)", 1),
        (Failed, "FAILED", 1),
    ] {
        one("stop p", "stopProcess('p')", code, &format!("{out}\n"), exit_code);
    }
    let failure = fault_about(Failed, "unknown problem killing p");
    Run::default().up().call("stopProcess('p')", failure).check("stop p", "FAILED: unknown problem killing p\n", 1);
    let group = results(&[("g", "a", Success)]);
    Run::default().up().call("stopProcessGroup('g')", group).check("stop g:*", "g:a: stopped\n", 0);
    Run::default().up().call("stopProcessGroup('g')", fault(BadName)).check(
        "stop g:*",
        "g: ERROR (no such group)\n",
        1,
    );
    let all = results(&[("a", "a", Success), ("g", "b", Success)]);
    Run::default().up().call("stopAllProcesses()", all).check("stop all", "a: stopped\ng:b: stopped\n", 0);
}

#[test]
fn restart_stops_all_then_starts_all_c10() {
    let stopped = |run: Run| run.up().up().call("stopProcess('p')", true).call("stopProcess('q')", fault(NotRunning));
    let started = |run: Run| run.up().call("startProcess('p')", true).call("startProcess('q')", true);
    started(stopped(Run::default())).check(
        "restart p q",
        "p: stopped\nq: ERROR (not running)\np: started\nq: started\n",
        0,
    );
    Run::default()
        .up()
        .up()
        .call("stopProcess('x')", fault(BadName))
        .up()
        .call("startProcess('x')", fault(BadName))
        .check("restart x", "x: ERROR (no such process)\nx: ERROR (no such process)\n", 1);
    Run::default()
        .up()
        .up()
        .call("stopProcessGroup('x')", fault(BadName))
        .up()
        .call("startProcessGroup('x')", fault(BadName))
        .check("restart x:*", "x: ERROR (no such group)\nx: ERROR (no such group)\n", 2);
}

#[test]
fn signal_c10() {
    for (code, out, exit_code) in [
        (Success, "p: signalled", 0),
        (NotRunning, "p: ERROR (not running)", 7),
        (BadSignal, "p: ERROR (bad signal name)", 1),
        (BadName, "p: ERROR (no such process)", 1),
    ] {
        one("signal HUP p", "signalProcess('p', 'HUP')", code, &format!("{out}\n"), exit_code);
    }
    let group = results(&[("g", "a", Success)]);
    Run::default().up().call("signalProcessGroup('g', '1')", group).check("signal 1 g:*", "g:a: signalled\n", 0);
    let unknown = fault(BadName);
    Run::default().up().call("signalProcessGroup('g', '1')", unknown).check(
        "signal 1 g:*",
        "g: ERROR (no such group)\n",
        1,
    );
    let all = results(&[("a", "a", Success)]);
    Run::default().up().call("signalAllProcesses('HUP')", all).check("signal  HUP  all", "a: signalled\n", 0);
    let line = error_line("xmlrpc.client.Fault", "<Fault 11: 'BAD_SIGNAL'>");
    Run::default().up().call("signalAllProcesses('X')", fault(BadSignal)).check("signal X all", &line, 1);
}

#[test]
fn clear_c10() {
    for (code, out, exit_code) in
        [(Success, "p: cleared", 0), (BadName, "p: ERROR (no such process)", 1), (Failed, "p: ERROR (failed)", 1)]
    {
        one("clear p", "clearProcessLogs('p')", code, &format!("{out}\n"), exit_code);
    }
    let all = results(&[("a", "a", Success), ("g", "b", Failed)]);
    Run::default().up().call("clearAllProcessLogs()", all).check("clear all", "a: cleared\ng:b: ERROR (failed)\n", 1);
}

#[test]
fn a_group_is_cleared_member_by_member() {
    Run::default()
        .up()
        .call("getAllProcessInfo()", processes())
        .call("clearProcessLogs('grp:g1')", true)
        .call("clearProcessLogs('grp:g2')", true)
        .check("clear grp:*", "grp:g1: cleared\ngrp:g2: cleared\n", 0);
    Run::default().up().call("getAllProcessInfo()", processes()).check(
        "clear nope:*",
        "nope: ERROR (no such group)\n",
        1,
    );
}

#[test]
fn names_are_required() {
    for (line, complaint, code) in [
        ("start", "start requires a process name", 2),
        ("stop", "stop requires a process name", 1),
        ("restart", "restart requires a process name", 1),
        ("clear", "clear requires a process name", 1),
        ("signal", "signal requires a signal name and a process name", 1),
        ("signal HUP", "signal requires a signal name and a process name", 1),
    ] {
        let help = Run::default().line(&format!("help {}", line.split(' ').next().unwrap())).out;
        Run::default().up().check(line, &format!("Error: {complaint}\n{help}"), code);
    }
}

#[test]
fn other_faults_end_the_command_c20() {
    let shutdown = error_line("xmlrpc.client.Fault", "<Fault 6: 'SHUTDOWN_STATE'>");
    Run::default().up().call("startProcessGroup('g')", fault(ShutdownState)).check("start g:* p", &shutdown, 1);
    Run::default().up().call("stopAllProcesses()", fault(ShutdownState)).check("stop all", &shutdown, 1);
}
