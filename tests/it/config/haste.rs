//! Series LG, programs that always have something to be read: the daemon answers its clients and obeys signals as ever.

use nix::sys::signal::Signal;
use supervisor_tests::{Daemon, Setup};

use super::conditions::is_ours;

/// Whether clients are answered meanwhile, and SIGTERM is obeyed.
fn serves_everybody(daemon: &Daemon) {
    for _ in 0..50 {
        assert_eq!(daemon.state("p"), "RUNNING");
    }
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait_exit(), 0);
}

#[test]
fn ours_lg04_a_log_that_rotates_for_every_byte_delays_nobody() {
    if !is_ours() {
        return;
    }
    let options = "stdout_logfile={dir}/p.out\nstdout_logfile_maxbytes=1\nstdout_logfile_backups=1000";
    let setup = Setup::new().program("p", options, "label:top say:x ms:1 goto:top");
    // So many that moving them takes longer than writing the next byte.
    for copy in 1..960 {
        std::fs::write(setup.path(&format!("p.out.{copy}")), "").unwrap();
    }
    let daemon = setup.start();
    daemon.wait_path("p.out.970");
    serves_everybody(&daemon);
}

#[test]
fn ours_lg15_captures_without_end_delay_nobody() {
    if !is_ours() {
        return;
    }
    let daemon = Setup::new()
        .program(
            "p",
            "stdout_capture_maxbytes=10\nstdout_logfile=NONE",
            "label:top 'fill:1000:<!--XSUPERVISOR:BEGIN-->x<!--XSUPERVISOR:END-->' goto:top",
        )
        .listener("l", "events=PROCESS_COMMUNICATION\nbuffer_size=10", "hang")
        .start();
    daemon.wait_log("overflowed");
    serves_everybody(&daemon);
}
