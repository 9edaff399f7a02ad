//! Stopping one process, and what signals can lead to.

use super::config::{program, secs};
use super::world::{EPERM, ESRCH, World};
use crate::config::model::Seconds;
use crate::engine::command::{Refusal, Reply};
use crate::engine::death::Death;
use supervisor_protocol::state::ProcessState::*;

fn running(set: impl FnOnce(&mut crate::config::model::ProcessConfig)) -> World {
    let mut world = World::watched(vec![program("x", set)]);
    world.advance(secs(2));
    world.lines();
    world.events();
    world
}

/// `cfg_sm12`, `cfg_sm16`: the order of a stop, and its end told by exit code.
#[test]
fn a_stop_signals_waits_and_tells() {
    for (death, line) in [
        (Death::Code(0), "INFO stopped: x (exit status 0)"),
        (Death::Code(7), "WARN stopped: x (exit status 7)"),
        (Death::Signal { signal: 15, core: false }, "WARN stopped: x (terminated by SIGTERM)"),
    ] {
        let mut world = running(|_| {});
        let ticket = world.stop("x", true);
        assert_eq!(world.lines(), ["DEBG killing x (pid 2) with signal SIGTERM", "INFO waiting for x to stop"]);
        assert_eq!(world.events(), ["x RUNNING->STOPPING pid:2"]);
        assert_eq!(world.signals(), ["x 15"]);
        assert_eq!(world.answer(ticket), None);
        world.dies("x", death);
        assert_eq!(world.lines(), [line]);
        assert_eq!(world.events(), ["x STOPPING->STOPPED pid:2"]);
        assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
        assert_eq!(world.engine.process(world.id("x")).unwrap().exitstatus, death.code());
    }
}

/// `cfg_sm13`, `ev_e24`: SIGKILL every stopwaitsecs, without another event.
#[test]
fn one_that_does_not_stop_is_killed_again_and_again() {
    let mut world = running(|p| {
        p.stopwaitsecs = Seconds(3);
        p.stopsignal = 10;
    });
    world.stop("x", false);
    assert_eq!(world.lines(), ["DEBG killing x (pid 2) with signal SIGUSR1"]);
    world.events();
    for _ in 0..3 {
        world.advance(secs(3));
        assert_eq!(world.lines(), ["WARN killing 'x' (2) with SIGKILL", "DEBG killing x (pid 2) with signal SIGKILL"]);
    }
    assert_eq!(world.signals(), ["x 10", "x 9", "x 9", "x 9"]);
    assert_eq!(world.events(), Vec::<String>::new());
}

/// `cfg_sm13`: whole groups of processes.
#[test]
fn stopasgroup_and_killasgroup_reach_the_process_group() {
    for (stopasgroup, killasgroup, signals) in [
        (false, true, ["x 15", "x 9 group"]),
        (true, true, ["x 15 group", "x 9 group"]),
        (true, false, ["x 15 group", "x 9"]),
    ] {
        let mut world = running(|p| {
            p.stopasgroup = stopasgroup;
            p.killasgroup = killasgroup;
        });
        world.stop("x", false);
        world.advance(secs(10));
        assert_eq!(world.signals(), signals);
        let lines = world.lines();
        assert_eq!(lines[0].contains("process group with signal SIGTERM"), stopasgroup);
        assert_eq!(lines[2].contains("process group with signal SIGKILL"), killasgroup);
    }
}

/// `cfg_sm14`: without patience both signals follow each other, and SIGKILL is no busy loop.
#[test]
fn without_stopwaitsecs_sigkill_follows_at_once() {
    let mut world = running(|p| p.stopwaitsecs = Seconds(0));
    world.stop("x", false);
    assert_eq!(world.signals(), ["x 15", "x 9"]);
    assert_eq!(
        world.lines(),
        [
            "DEBG killing x (pid 2) with signal SIGTERM",
            "WARN killing 'x' (2) with SIGKILL",
            "DEBG killing x (pid 2) with signal SIGKILL",
        ]
    );
    world.advance(secs(2));
    assert_eq!(world.signals(), ["x 9", "x 9"]);
}

/// `cfg_sm15`, `ctl_x24`: a stop during STARTING; who waits for the start is refused.
#[test]
fn a_stop_during_a_start_ends_both() {
    let mut world = World::watched(vec![program("x", |p| p.autostart = false)]);
    world.events();
    let start = world.start("x", true);
    let stop = world.stop("x", true);
    assert_eq!(world.answer(start), Some(Err(Refusal::AbnormalTermination("x".into()))));
    world.exits("x", 0);
    assert_eq!(world.answer(stop), Some(Ok(Reply::Done)));
    assert_eq!(
        world.events(),
        ["x STOPPED->STARTING tries:0", "x STARTING->STOPPING pid:2", "x STOPPING->STOPPED pid:2"]
    );
    assert_eq!(world.lines().last().unwrap(), "INFO stopped: x (exit status 0)");
    world.advance(secs(60));
    assert_eq!(world.state("x"), Stopped);
}

/// `cfg_sm11`, `cfg_sm24`, `ev_e19`, `ctl_x26`: a stop in BACKOFF keeps the counter and the reason.
#[test]
fn a_stop_in_backoff_is_immediate_and_forgets_nothing() {
    let mut world = World::watched(vec![program("x", |_| {})]);
    world.exits("x", 1);
    world.events();
    world.lines();
    let ticket = world.stop("x", true);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
    assert_eq!(world.lines(), ["DEBG Attempted to kill x, which is in BACKOFF state."]);
    assert_eq!(world.events(), ["x BACKOFF->STOPPED pid:0"]);
    assert!(world.engine.process(world.id("x")).unwrap().spawnerr.starts_with("Exited too quickly"));
    world.advance(secs(60));
    assert_eq!(world.events(), Vec::<String>::new());
    world.start("x", false);
    world.exits("x", 1);
    assert_eq!(world.events(), ["x STOPPED->STARTING tries:1", "x STARTING->BACKOFF tries:2"]);
}

/// `cfg_sm16`: at most every two seconds, and only while a client waits.
#[test]
fn waiting_is_told_every_two_seconds() {
    let mut world = running(|_| {});
    world.stop("x", true);
    world.advance(secs(7));
    let told = world.lines().iter().filter(|line| *line == "INFO waiting for x to stop").count();
    assert_eq!(told, 4);
    world.exits("x", 0);
    world.lines();
    world.advance(secs(60));
    assert_eq!(world.lines(), Vec::<String>::new());

    let mut world = running(|_| {});
    world.stop("x", false);
    world.advance(secs(7));
    assert_eq!(world.lines(), ["DEBG killing x (pid 2) with signal SIGTERM"]);
}

/// `cfg_sm17`: a child that is gone already counts as signalled.
#[test]
fn no_such_process_is_success() {
    let mut world = running(|_| {});
    world.signals_fail("x", &[ESRCH]);
    let ticket = world.stop("x", false);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
    assert_eq!(
        world.lines(),
        [
            "DEBG killing x (pid 2) with signal SIGTERM",
            "DEBG unable to signal x (pid 2), it probably just exited on its own: [Errno 3] No such process",
        ]
    );
    assert_eq!(world.state("x"), Stopping);
    world.exits("x", 0);
    assert_eq!(world.state("x"), Stopped);
}

/// `cfg_sm17`, `ev_e36`, `ev_e41`: the system refuses; the process becomes UNKNOWN, and its end is survived.
#[test]
fn a_refused_signal_makes_it_unknown() {
    let mut world = running(|_| {});
    world.signals_fail("x", &[EPERM]);
    let ticket = world.stop("x", true);
    let text = "unknown problem killing x (2):[Errno 1] Operation not permitted";
    assert_eq!(world.answer(ticket), Some(Err(Refusal::Failed(Some(text.into())))));
    assert_eq!(world.lines(), ["DEBG killing x (pid 2) with signal SIGTERM".to_owned(), format!("CRIT {text}")]);
    assert_eq!(world.events(), ["x RUNNING->STOPPING pid:2", "x STOPPING->UNKNOWN"]);

    let start = world.start("x", true);
    let reason = "x is in an unknown process state";
    assert_eq!(world.answer(start), Some(Err(Refusal::Failed(Some(reason.into())))));
    let stop = world.stop("x", true);
    assert_eq!(world.answer(stop), Some(Err(Refusal::NotRunning("x".into()))));
    let signal = world.signal("x", 1);
    assert_eq!(world.answer(signal), Some(Err(Refusal::NotRunning("x".into()))));

    world.exits("x", 0);
    assert_eq!(world.events(), ["x UNKNOWN->EXITED expected:0 pid:2"]);
    assert_eq!(world.lines(), ["WARN exited: x (exit status 0; not expected), was UNKNOWN"]);
    world.advance(secs(60));
    assert_eq!(world.state("x"), Exited);
    world.start("x", false);
    assert_eq!(world.events(), ["x EXITED->STARTING tries:0"]);
}

/// Whoever waits for a stop is answered when another client's signal makes the process UNKNOWN.
#[test]
fn a_waiting_stop_ends_with_unknown() {
    let mut world = running(|_| {});
    let stop = world.stop("x", true);
    world.signals_fail("x", &[EPERM]);
    let signal = world.signal("x", 1);
    let text = "unknown problem sending sig x (2):[Errno 1] Operation not permitted";
    assert_eq!(world.answer(signal), Some(Err(Refusal::Failed(Some(text.into())))));
    assert_eq!(world.answer(stop), Some(Ok(Reply::Done)));
    assert_eq!(world.state("x"), Unknown);
}

/// The SIGKILL of an escalation is refused: the waiting client is told that it is over, as by any other end.
#[test]
fn a_refused_sigkill_ends_the_wait() {
    let mut world = running(|_| {});
    let stop = world.stop("x", true);
    world.signals_fail("x", &[EPERM]);
    world.advance(secs(10));
    assert_eq!(world.answer(stop), Some(Ok(Reply::Done)));
    assert_eq!(world.state("x"), Unknown);
    world.signals();
    world.advance(secs(60));
    assert_eq!(world.signals(), Vec::<String>::new());
}

/// A held-back restart does not come after a stop, of one process or of many.
#[test]
fn a_stop_cancels_a_restart_that_is_held_back() {
    for target in ["x", "x:*", "all"] {
        let mut world = World::started(vec![program("x", |p| p.startsecs = Seconds(0))]);
        while world.state("x") == Running {
            world.exits("x", 1);
        }
        world.stop(target, true);
        world.advance(secs(60));
        assert_eq!(world.state("x"), Exited, "{target}");
    }
}
