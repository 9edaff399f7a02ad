//! What a container asks of its first process, and what a stop does to a whole family.

use std::fs;

use supervisor_tests::{Daemon, Setup, wait_until};

use super::conditions::{can_be_root, is_ours};

/// The words that make the daemon process 1 of a namespace of its own.
const AS_FIRST: &[&str] = &["unshare", "--pid", "--fork", "--mount-proc"];

/// Whether a process exists and is not a zombie.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// The processes that work in the daemon's directory, the wrapper of the daemon apart.
fn family(daemon: &Daemon) -> Vec<String> {
    let wrapper = daemon.pid().to_string();
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let at_home = |pid: &String| {
        fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(daemon.dir())) && *pid != wrapper
    };
    pids.filter(at_home).filter(|pid| lives(pid)).collect()
}

#[test]
fn process_1_reaps_the_orphans_and_leaves_nobody_behind() {
    const ORPHANS: usize = 2000;
    // The original reaps a hundred a second at best.
    if !is_ours() || !can_be_root("a namespace of processes") {
        return;
    }
    // Each subshell leaves its child to process 1. The last one ignores TERM in a session of its own.
    let script = format!(
        "i=0; while [ $i -lt {ORPHANS} ]; do ( sleep 0.1 & ); i=$((i+1)); done\n\
         setsid sh -c 'trap \"\" TERM; touch stubborn; while :; do sleep 100; done' &\nexec sleep 1000\n"
    );
    let daemon = Setup::new()
        .through(AS_FIRST)
        .write("orphans.sh", &script)
        .with("[program:o]\ncommand=/bin/sh {dir}/orphans.sh\ndirectory={dir}\nstartsecs=0\n")
        .start();
    assert_eq!(daemon.ok("getPID", &[]).int(), 1);
    daemon.wait_path("stubborn");
    daemon.wait_log_times("reaped unknown pid ", ORPHANS);
    assert!(family(&daemon).len() <= 6, "daemon, sleeper, stubborn shell and its sleeper: {:?}", family(&daemon));
    daemon.ok("shutdown", &[]);
    assert_eq!(daemon.wait_exit(), 0);
    wait_until("the end of all", || family(&daemon).is_empty().then_some(()));
}

/// A family: the program, and a child and a grandchild that ignore TERM.
const FAMILY: &str = "trap '' TERM; sh -c 'sh -c \"echo \\$\\$ > grandchild; while :; do sleep 100; done\" & \
                      echo $$ > child; while :; do sleep 100; done' & touch up; while :; do sleep 100; done\n";

#[test]
fn killasgroup_reaches_grandchildren() {
    let daemon = Setup::new()
        .write("family.sh", FAMILY)
        .with("[program:f]\ncommand=/bin/sh {dir}/family.sh\ndirectory={dir}\nstartsecs=0\nstopwaitsecs=1\nkillasgroup=true\n")
        .start();
    let member = |name: &str| daemon.wait_file(name, "\n").trim().to_owned();
    let (child, grandchild) = (member("child"), member("grandchild"));
    assert!(lives(&child) && lives(&grandchild));
    daemon.stop_process("f");
    wait_until("the end of the family", || (!lives(&child) && !lives(&grandchild)).then_some(()));
    daemon.wait_log("process group with signal SIGKILL");
}
