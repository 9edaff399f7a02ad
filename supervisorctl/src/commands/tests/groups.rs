//! `avail`, `reread`, `add`, `remove` and `update`.

use supervisor_protocol::rpc::ConfigInfo;
use supervisor_protocol::xmlrpc::FaultCode::*;

use crate::fake::{Run, error_line, fault, fault_about, processes, reread, results};

#[test]
fn avail_c17() {
    let config = ConfigInfo { group: "cat".into(), name: "cat".into(), inuse: true, ..ConfigInfo::default() };
    let line = "cat                              in use    manual    0:0\n";
    Run::default().call("getAllConfigInfo()", vec![config.to_value()]).check("avail", line, 0);
    Run::default().call("getAllConfigInfo()", fault(ShutdownState)).check(
        "avail",
        "ERROR: supervisor shutting down\n",
        1,
    );
}

#[test]
fn reread_c15() {
    let found = reread(&["b", "d"], &["c"], &["a"]);
    let lines = "a: disappeared\nb: available\nc: changed\nd: available\n";
    Run::default().call("reloadConfig()", found).check("reread", lines, 0);
    let nothing = reread(&[], &[], &[]);
    Run::default().call("reloadConfig()", nothing).check("reread", "No config updates to processes\n", 0);
    Run::default().call("reloadConfig()", fault_about(CantReread, "two\nlines")).check(
        "reread",
        "ERROR: CANT_REREAD: two\nlines\n",
        1,
    );
    Run::default().call("reloadConfig()", fault(ShutdownState)).check("reread", "ERROR: supervisor shutting down\n", 1);
}

#[test]
fn add_c15() {
    Run::default().call("addProcessGroup('a')", true).call("addProcessGroup('b')", fault(AlreadyAdded)).check(
        "add a b",
        "a: added process group\nERROR: process group already active\n",
        0,
    );
    Run::default().call("addProcessGroup('x')", fault(BadName)).check("add x", "ERROR: no such process/group: x\n", 1);
    Run::default().call("addProcessGroup('x')", fault(ShutdownState)).check("add x", "ERROR: shutting down\n", 1);
    Run::default().check("add", "", 0);
}

#[test]
fn remove_c15() {
    Run::default()
        .call("removeProcessGroup('a')", true)
        .call("removeProcessGroup('b')", fault_about(StillRunning, "b"))
        .call("removeProcessGroup('c')", fault(BadName))
        .check(
            "remove a b c",
            "a: removed process group\nERROR: process/group still running: b\nERROR: no such process/group: c\n",
            1,
        );
    let shutdown = error_line("xmlrpc.client.Fault", "<Fault 6: 'SHUTDOWN_STATE'>");
    Run::default().call("removeProcessGroup('a')", fault(ShutdownState)).check("remove a b", &shutdown, 1);
    Run::default().check("remove", "", 0);
}

#[test]
fn update_removes_then_replaces_then_adds_c15() {
    let run = || {
        Run::default()
            .call("reloadConfig()", reread(&["new"], &["changed"], &["gone"]))
            .call("stopProcessGroup('gone')", results(&[("gone", "gone", Success)]))
            .call("removeProcessGroup('gone')", true)
            .call("stopProcessGroup('changed')", results(&[]))
            .call("removeProcessGroup('changed')", true)
            .call("addProcessGroup('changed')", true)
            .call("addProcessGroup('new')", true)
    };
    let lines = "gone: stopped\ngone: removed process group\nchanged: stopped\nchanged: updated process group\n\
                 new: added process group\n";
    run().check("update", lines, 0);
    run().check("update all", lines, 0);
    Run::default().call("reloadConfig()", reread(&[], &[], &[])).check("update", "", 0);
}

#[test]
fn update_of_named_groups_c15() {
    Run::default()
        .call("reloadConfig()", reread(&["new", "other"], &["cat", "changed"], &["gone"]))
        .call("getAllProcessInfo()", processes())
        .call("stopProcessGroup('cat')", results(&[]))
        .call("removeProcessGroup('cat')", true)
        .call("addProcessGroup('cat')", true)
        .call("addProcessGroup('new')", true)
        .check(
            "update new nope cat grp nope",
            "ERROR: no such group: nope\ncat: stopped\ncat: updated process group\nnew: added process group\n",
            1,
        );
}

#[test]
fn update_goes_on_after_a_group_that_cannot_be_removed_c28() {
    let line = error_line("xmlrpc.client.Fault", "<Fault 91: 'STILL_RUNNING: x'>");
    let still = || fault_about(StillRunning, "x");
    Run::default()
        .call("reloadConfig()", reread(&["new"], &["x"], &["x", "bad"]))
        .call("stopProcessGroup('x')", results(&[]))
        .call("removeProcessGroup('x')", still())
        .call("stopProcessGroup('bad')", results(&[("bad", "a", Success), ("bad", "b", Failed)]))
        .call("stopProcessGroup('x')", results(&[]))
        .call("removeProcessGroup('x')", still())
        .call("addProcessGroup('new')", true)
        .check(
            "update",
            &format!(
                "x: stopped\n{line}bad: stopped\nbad: has problems; not removing\nx: stopped\n{line}\
                 new: added process group\n"
            ),
            1,
        );
}

#[test]
fn update_that_cannot_begin_c15() {
    Run::default().call("reloadConfig()", fault(ShutdownState)).check("update", "ERROR: already shutting down\n", 1);
    let line = error_line("xmlrpc.client.Fault", "<Fault 92: 'CANT_REREAD: why'>");
    Run::default().call("reloadConfig()", fault_about(CantReread, "why")).check("update", &line, 1);
}

#[test]
fn some_take_no_arguments() {
    for name in ["avail", "reread"] {
        let help = Run::default().line(&format!("help {name}")).out;
        Run::default().check(&format!("{name} x"), &format!("Error: {name} accepts no arguments\n{help}"), 1);
    }
}
