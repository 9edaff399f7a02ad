//! `status` and `pid`.

use supervisor_protocol::state::ProcessState::*;
use supervisor_protocol::xmlrpc::{FaultCode, Value};

use crate::fake::{Run, fault_about, process, processes};

const CAT: &str = "cat                              RUNNING   about cat\n";
const G1: &str = "grp:g1                           RUNNING   about g1\n";
const G2: &str = "grp:g2                           EXITED    about g2\n";

fn status() -> Run {
    Run::default().up().call("getAllProcessInfo()", processes())
}

#[test]
fn all_or_some_c7_c8() {
    let all = format!("{CAT}{G1}{G2}");
    status().check("status", &all, 3);
    status().check("status all nope", &all, 3);
    status().check("status cat", CAT, 0);
    status().check("status grp:g1 cat cat", &format!("{G1}{CAT}{CAT}"), 0);
    status().check("status grp:*", &format!("{G1}{G2}"), 3);
    status().check("status grp:", &format!("{G1}{G2}"), 3);
}

#[test]
fn unknown_names_come_first_c8() {
    status().check("status nope", "nope: ERROR (no such process)\n", 4);
    status().check("status g1", "g1: ERROR (no such process)\n", 4);
    status().check("status nope:*", "nope: ERROR (no such group)\n", 4);
    status().check("status cat nope", &format!("nope: ERROR (no such process)\n{CAT}"), 4);
    status().check("status grp:g2 nope", &format!("nope: ERROR (no such process)\n{G2}"), 3);
}

#[test]
fn states_that_make_the_code_c8() {
    for (state, code) in
        [(Stopped, 3), (Starting, 0), (Running, 0), (Backoff, 0), (Stopping, 0), (Exited, 3), (Fatal, 3), (Unknown, 3)]
    {
        let list = vec![process("p", "p", state, 0)];
        let out = format!("p                                {:<10}about p\n", state.name());
        Run::default().up().call("getAllProcessInfo()", list).check("status", &out, code);
    }
    Run::default().up().call("getAllProcessInfo()", Vec::<Value>::new()).check("status", "", 0);
}

#[test]
fn pids_c10() {
    Run::default().up().call("getPID()", 42).check("pid", "42\n", 0);
    Run::default().up().call("getAllProcessInfo()", processes()).check("pid all x", "11\n12\n0\n", 0);
    let known = |run: Run| run.call("getProcessInfo('cat')", process("cat", "cat", Running, 11));
    let stopped = |run: Run| run.call("getProcessInfo('off')", process("off", "off", Stopped, 0));
    let unknown = |run: Run| run.call("getProcessInfo('g:*')", fault_about(FaultCode::BadName, "g:*"));
    known(Run::default().up()).check("pid cat", "11\n", 0);
    known(stopped(Run::default().up())).check("pid off cat", "0\n11\n", 7);
    unknown(Run::default().up()).check("pid g:*", "No such process g:*\n", 1);
    unknown(stopped(Run::default().up())).check("pid off g:*", "0\nNo such process g:*\n", 1);
    stopped(unknown(Run::default().up())).check("pid g:* off", "No such process g:*\n0\n", 7);
}
