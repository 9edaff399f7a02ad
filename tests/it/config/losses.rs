//! Series LG, what is told of output that is lost: at once, once a minute, when it is written again, and at the end.

use std::os::unix::fs::symlink;

use nix::sys::signal::Signal;
use supervisor_tests::{Daemon, Setup};

use super::conditions::is_ours;

const LOST: &str = "bytes are lost: No space left on device";

/// A program whose log leads to a disk that is full.
fn on_a_full_disk(setup: Setup, steps: &str) -> Setup {
    symlink("/dev/full", setup.path("p.out")).unwrap();
    setup.program("p", "stdout_logfile={dir}/p.out\nstdout_logfile_maxbytes=0\nautorestart=false", steps)
}

/// How many bytes the lines about losses tell of, each.
fn told(daemon: &Daemon) -> Vec<u64> {
    let lines = daemon.log().into_iter().filter(|line| line.contains(LOST));
    let number = |line: String| line.split(", ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    lines.map(number).collect()
}

#[test]
fn ours_lg19_all_that_a_program_loses_is_told_when_it_ends() {
    if !is_ours() {
        return;
    }
    let daemon = on_a_full_disk(Setup::new(), "say:begin wait:go fill:1000:KILOBYTE exit:0").start();
    daemon.wait_log(LOST);
    assert_eq!(told(&daemon), [5]);
    daemon.touch("go");
    daemon.wait_log("exited: p");
    let lines = daemon.log_order(&[LOST, "exited: p"]);
    assert_eq!(lines.last().unwrap(), "exited: p", "the losses come before the death");
    assert_eq!(told(&daemon).iter().sum::<u64>(), 5 + 1000 * 1024, "{:?}", told(&daemon));
    assert!(told(&daemon).len() <= 3, "{:?}", told(&daemon));
}

#[test]
fn ours_lg19_a_log_that_is_written_again_is_told_of_though_all_losses_were() {
    if !is_ours() {
        return;
    }
    let daemon = on_a_full_disk(Setup::new(), r"'say:lost\n' wait:go 'say:good\n' wait:on 'say:more\n' hang").start();
    daemon.wait_log(LOST);
    std::fs::remove_file(daemon.path("p.out")).unwrap();
    daemon.signal(Signal::SIGUSR2);
    daemon.wait_path("p.out");
    daemon.touch("go");
    daemon.wait_log(&daemon.fill("WARN log file {dir}/p.out is written again"));
    daemon.touch("on");
    daemon.wait_file("p.out", "more");
    daemon.stop_process("p");
    assert_eq!(daemon.read("p.out"), "good\nmore\n");
    let lines = [LOST, "is written again", "stopped: p"];
    assert_eq!(daemon.log_order(&lines), lines, "and nothing more");
}

#[test]
fn ours_lg19_a_loss_is_told_when_its_minute_is_over_though_the_program_is_silent() {
    if !is_ours() {
        return;
    }
    let Some(setup) = Setup::new().at_speed(30) else { return };
    let daemon = on_a_full_disk(setup, r"say:begin wait:go say:and wait:on say:more touch:done hang").start();
    daemon.wait_log(LOST);
    daemon.touch("go");
    daemon.touch("on");
    daemon.wait_path("done");
    daemon.wait("all losses to be told of", || (told(&daemon).iter().sum::<u64>() == 5 + 3 + 4).then_some(()));
    daemon.wait_state("p", "RUNNING");
}
