//! Series SM, what goes wrong around a process: signals that fail, clocks that step, descriptors and processes that run
//! out, programs that do not stay up.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use supervisor_tests::{Daemon, Setup};

use super::conditions::{bound_by_permissions, can_be_root, is_ours, open_to_all};

#[test]
fn cfg_sm17_signals_that_fail() {
    // A group that its leader has left exists no more.
    let daemon = Setup::new().program("p", "stopasgroup=true\nstopwaitsecs=100", "desert touch:up wait:go").start();
    daemon.wait_path("up");
    let pid = daemon.pid_of("p");
    daemon.ok("stopProcess", &["p".into(), false.into()]);
    daemon.wait_log(&format!(
        "DEBG unable to signal p (pid {pid}), it probably just exited on its own: [Errno 3] No such process"
    ));
    assert_eq!(daemon.state("p"), "STOPPING");
    daemon.touch("go");
    daemon.wait_log("INFO stopped: p (exit status 0)");
    daemon.wait_state("p", "STOPPED");

    if can_be_root("a program that its daemon may not signal") {
        let (daemon, pid) = untouchable();
        daemon.wait_log(&format!("CRIT unknown problem killing r ({pid}):"));
        daemon.wait_state("r", "UNKNOWN");
    }
}

#[test]
fn ours_sm17_the_end_of_an_unknown_process() {
    if !is_ours() || !can_be_root("a program that its daemon may not signal") {
        return;
    }
    let (daemon, _) = untouchable();
    daemon.wait_state("r", "UNKNOWN");
    daemon.touch("go");
    daemon.wait_state("r", "EXITED");
    daemon.wait_log("WARN exited: r (exit status 0; not expected), was UNKNOWN");
    assert_eq!(daemon.stop(), 0);
}

/// A daemon of the user nobody that has tried to stop a program which had become root; and the program's pid.
fn untouchable() -> (Daemon, i64) {
    let setup = Setup::new()
        .supervisord("user=nobody")
        .with("[program:r]\ncommand={dir}/rootly play {dir}/r.rec root touch:up wait:go\nstartsecs=0");
    std::fs::copy(supervisor_tests::subject::misbehave(), setup.path("rootly")).unwrap();
    std::fs::set_permissions(setup.path("rootly"), std::fs::Permissions::from_mode(0o4755)).unwrap();
    open_to_all(&setup.path(""));
    let daemon = setup.start();
    daemon.wait_path("up");
    let pid = daemon.pid_of("r");
    let stopped = daemon.rpc("stopProcess", &["r".into(), false.into()]);
    assert!(stopped.is_err(), "{stopped:?}");
    (daemon, pid)
}

/// The library that fakes the time of a process, if the machine has it; a missing one is an error where `CI=true`.
fn fake_time() -> Option<String> {
    let places = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let found = places.map(|place| format!("{place}/faketime/libfaketime.so.1"));
    let found = found.into_iter().find(|path| Path::new(path).exists());
    if found.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must have libfaketime");
        eprintln!("SKIPPED: there is no libfaketime");
    }
    found
}

/// A daemon whose wall clock [`set_clock`] sets.
fn adjustable() -> Option<Setup> {
    let library = fake_time()?;
    let setup = Setup::new().write("time", "+0");
    let time = setup.path("time").display().to_string();
    let setup = setup.env("LD_PRELOAD", &library).env("FAKETIME_TIMESTAMP_FILE", &time);
    Some(setup.env("FAKETIME_NO_CACHE", "1").env("DONT_FAKE_MONOTONIC", "1"))
}

fn set_clock(daemon: &Daemon, by: &str) {
    std::fs::write(daemon.path("time.new"), by).unwrap();
    std::fs::rename(daemon.path("time.new"), daemon.path("time")).unwrap();
}

#[test]
fn cfg_sm18_a_clock_that_is_set_back() {
    let Some(setup) = adjustable() else { return };
    let daemon = setup
        .program("starting", "startsecs=3", "hang")
        .program("running", "", "hang")
        .program("stopping", "stopwaitsecs=3", "block:TERM touch:up hang")
        .program("back", "startsecs=60\nstartretries=90", "exit:1")
        .start();
    daemon.wait_path("up");
    daemon.wait_state("running", "RUNNING");
    daemon.wait_state("stopping", "RUNNING");
    daemon.wait_state("back", "BACKOFF");
    daemon.ok("stopProcess", &["stopping".into(), false.into()]);
    let before = daemon.log_order(&["spawned: 'back'"]).len();
    set_clock(&daemon, "-1h");

    daemon.wait_state("starting", "RUNNING");
    daemon.wait_log("WARN killing 'stopping' (");
    daemon.wait_state("stopping", "STOPPED");
    daemon.wait_log_times("spawned: 'back'", before + 1);
    assert_eq!(daemon.state("running"), "RUNNING");
    kill(Pid::from_raw(i32::try_from(daemon.pid_of("running")).unwrap()), Signal::SIGKILL).unwrap();
    daemon.wait_log_times("spawned: 'running'", 2);
    daemon.wait_state("running", "RUNNING");
    // The clock was set back indeed.
    let times: Vec<String> =
        daemon.log_text().lines().filter(|line| line.contains(" INFO ")).map(|line| line[..19].to_owned()).collect();
    assert!(!times.is_sorted(), "{times:?}");
}

/// The original takes every deadline of the next hour for reached.
#[test]
fn ours_sm18_a_clock_that_is_set_ahead() {
    if !is_ours() {
        return;
    }
    let Some(setup) = adjustable() else { return };
    let daemon = setup
        .program("starting", "startsecs=3000", "hang")
        .program("stopping", "stopwaitsecs=3000", "block:TERM touch:up hang")
        .program("later", "autostart=false", "hang")
        .start();
    daemon.wait_path("up");
    daemon.wait_state("stopping", "RUNNING");
    daemon.ok("stopProcess", &["stopping".into(), false.into()]);
    set_clock(&daemon, "+1h");

    // A second of waiting goes by, as it should, and nobody else's has.
    daemon.ok("startProcess", &["later".into()]);
    assert_eq!(daemon.state("starting"), "STARTING");
    assert_eq!(daemon.state("stopping"), "STOPPING");
    let gaps = daemon.gaps(" INFO ");
    assert!(gaps.iter().any(|gap| *gap > 3_500_000), "the clock was set ahead indeed: {gaps:?}");
    kill(Pid::from_raw(i32::try_from(daemon.pid_of("stopping")).unwrap()), Signal::SIGKILL).unwrap();
    daemon.wait_state("stopping", "STOPPED");
}

#[test]
fn cfg_sm19_children_of_somebody_else() {
    let script = "(while ! [ -e {dir}/go ]; do sleep 0.05; done; exit 3) & echo $! > {dir}/pid; exec \"$@\"";
    let daemon = Setup::new().through(&["sh", "-c", script, "sh"]).start();
    daemon.touch("go");
    let pid = daemon.read("pid").trim().to_owned();
    assert_eq!(daemon.wait_log("reaped"), format!("INFO reaped unknown pid {pid} (exit status 3)"));
}

/// How many descriptors a daemon has open, those to its clients apart.
fn descriptors(daemon: &Daemon) -> usize {
    let fds = std::fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap().flatten();
    let targets = fds.filter_map(|fd| std::fs::read_link(fd.path()).ok());
    targets.filter(|target| !target.to_string_lossy().starts_with("socket:")).count()
}

#[test]
fn cfg_sm21_nothing_left_to_start_with() {
    let programs =
        "[program:p]\ncommand=/bin/cat\nstartsecs=0\nstartretries=0\nnumprocs=8\nprocess_name=p%(process_num)d";
    let daemon = Setup::new().supervisord("minfds=1").through(&["prlimit", "--nofile=36:36"]).with(programs).start();
    daemon.wait_log_times("INFO gave up: p", 1);
    daemon.wait_state("p:p7", "FATAL");
    let text = "too many open files to spawn 'p7'";
    daemon.wait_log(&format!("INFO spawnerr: {text}"));
    assert_eq!(daemon.info("p:p7").get("spawnerr").str(), text);
    let before = descriptors(&daemon);
    for _ in 0..3 {
        daemon.request_start("p:p7");
    }
    daemon.wait_log_times(&format!("INFO spawnerr: {text}"), 4);
    daemon.wait("no descriptor to be lost", || (descriptors(&daemon) <= before).then_some(()));
    // One would do, were it not for clients who are still on their way out.
    for name in ["p:p0", "p:p1"] {
        daemon.stop_process(name);
    }
    daemon.start_process("p:p7");
    daemon.wait_state("p:p7", "RUNNING");

    let daemon = childless().start();
    daemon.wait_log("INFO spawnerr: Too many processes in process table to spawn 'p'");
    daemon.wait_state("p", "FATAL");
}

/// A daemon that may have no child: of a user who has too many processes already.
fn childless() -> Setup {
    let setup = Setup::new()
        .supervisord(if nix::unistd::Uid::current().is_root() { "user=nobody\nminprocs=1" } else { "minprocs=1" })
        .through(&["prlimit", "--nproc=1:1"])
        .with("[program:p]\ncommand=/bin/cat\nstartretries=0");
    open_to_all(&setup.path(""));
    setup
}

#[test]
fn ours_sm21_a_daemon_without_processes_waits() {
    if !is_ours() {
        return;
    }
    let daemon = childless().start();
    daemon.wait_state("p", "FATAL");
    // A daemon that waits uses no processor.
    let used = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.pid())).unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(2);
        fields.map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>()
    };
    let before = used();
    assert!(Command::new("sleep").arg("1").status().unwrap().success());
    assert!(used() - before < 20, "it is busy");
}

#[test]
fn ours_sm21_a_log_that_cannot_be_opened_costs_no_descriptor() {
    if !is_ours() {
        return;
    }
    let daemon = Setup::new()
        .with("[program:p]\ncommand=/bin/cat\nstartretries=0\nautostart=false\nstdout_logfile={dir}")
        .start();
    let try_it = |count: usize| {
        daemon.request_start("p");
        daemon.wait_log_times("INFO spawnerr: unknown error making dispatchers for 'p': EISDIR", count);
    };
    try_it(1);
    let settled = || {
        daemon.wait("the client to be gone", || {
            let count = descriptors(&daemon);
            (count == descriptors(&daemon)).then_some(count)
        })
    };
    let before = settled();
    for count in 2..6 {
        try_it(count);
    }
    daemon.wait("no descriptor to be lost", || (descriptors(&daemon) <= before).then_some(()));
}

#[test]
fn cfg_sm25_programs_that_do_not_stay_up() {
    let daemon = Setup::new()
        .program("quick", "autorestart=true", "exit:0")
        .program("slow", "autorestart=true", "ms:110")
        .start();
    let warning = "WARN quick exits as soon as it is started, holding its restarts to 10 a second";
    daemon.wait_log(warning);
    daemon.wait_log_times("spawned: 'quick'", 40);
    daemon.wait_log_times("spawned: 'slow'", 25);
    assert_eq!(daemon.log_order(&["WARN"]).len(), 1, "one warning a minute, and none about the slow one");
    let before: Vec<String> = daemon.log_order(&[warning, "spawned: 'quick'"]);
    let at = before.iter().position(|line| line == warning).unwrap();
    // On a slow machine a run takes so long that the bucket earns a restart meanwhile.
    assert!((11..30).contains(&at), "the start, ten restarts at once and few more, but {at}");
}

#[test]
fn ours_lg19_a_log_directory_that_loses_its_permissions_concerns_its_program_only() {
    if !is_ours() {
        return;
    }
    let lines = |name: &str| format!("stdout_logfile={{dir}}/{name}.out\nstdout_logfile_maxbytes=10\nstartretries=1");
    let steps = r"'say:line 0\n' wait:go1 'say:line 1\n' wait:go2 'say:line 2\n' wait:go3 exit:0";
    let setup = Setup::new().write("sub/keep", "").program("p", &lines("sub/p"), steps);
    let setup = setup.program("q", &lines("q"), steps).with("[program:other]\ncommand=/bin/cat\nstartsecs=0");
    let daemon = bound_by_permissions(setup).start();
    let permit = |mode| std::fs::set_permissions(daemon.path("sub"), PermissionsExt::from_mode(mode)).unwrap();
    daemon.wait_file("sub/p.out", "line 0");
    daemon.wait_state("other", "RUNNING");
    let other = daemon.pid_of("other");
    permit(0o000);

    // It can no longer be rotated: it grows, and loses nothing. The other one goes on as ever.
    daemon.touch("go1");
    daemon.wait_log("CRIT cannot rotate log file");
    daemon.touch("go2");
    daemon.wait_file("q.out", "line 2");
    permit(0o700);
    daemon.wait_file("sub/p.out", "line 0\nline 1\nline 2\n");
    permit(0o000);
    assert_eq!(daemon.log_order(&["CRIT cannot rotate log file"]).len(), 1, "said once a minute");

    daemon.touch("go3");
    daemon.wait_state("p", "EXITED");
    let refused = daemon.fault("startProcess", &["p".into()]);
    assert!(refused.starts_with("50 SPAWN_ERROR"), "{refused}");
    daemon.wait_state("p", "FATAL");
    assert!(daemon.info("p").get("spawnerr").str().contains("EACCES"), "{:?}", daemon.info("p"));
    assert_eq!((daemon.state("other").as_str(), daemon.pid_of("other")), ("RUNNING", other));
    permit(0o700);
    daemon.ok("startProcess", &["p".into(), false.into()]);
    daemon.wait_state("p", "EXITED");
}

#[test]
fn ours_lg_a_limit_of_file_sizes_costs_bytes_alone() {
    if !is_ours() {
        return;
    }
    // At the second level all that is written goes into the activity log too, which is as limited.
    for level in ["info", "debug"] {
        let program = "command=/bin/sh -c 'head -c 50000 /dev/zero; exec sleep 1000'\nstdout_logfile={dir}/p.log";
        let daemon = Setup::new()
            .supervisord(&format!("loglevel={level}"))
            .through(&["prlimit", "--fsize=20000"])
            .with(&format!("[program:p]\n{program}"))
            .start();
        let size = |name: &str| std::fs::metadata(daemon.path(name)).map_or(0, |metadata| metadata.len());
        daemon.wait("a full log", || (size("p.log") == 20000).then_some(()));
        match level {
            "info" => assert!(daemon.wait_log("p.log, ").contains("bytes are lost")),
            _ => daemon.wait("a full activity log", || (size("supervisord.log") == 20000).then_some(())),
        }
        daemon.wait_state("p", "RUNNING");
        assert_eq!(daemon.stop(), 0);
    }
}

#[test]
fn pipes_that_a_grandchild_keeps_are_closed_with_the_child() {
    let program = "[program:p]\ncommand=/bin/sh -c 'sleep 60 & exit 0'\nstartsecs=0\nautorestart=false";
    let daemon = Setup::new().with(program).start();
    daemon.wait_log("INFO exited: p (exit status 0; expected)");
    let lines = ["(stdout)>", "(stderr)>", "INFO exited: p"];
    assert_eq!(daemon.log_order(&lines), lines);
}
