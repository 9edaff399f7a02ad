//! One process: starting, retrying, ending, restarting.

use super::config::{millis, program, secs};
use super::world::World;
use crate::config::model::AutoRestart;
use crate::config::model::Seconds;
use crate::engine::death::Death;
use supervisor_protocol::state::ProcessState::*;

/// `cfg_sm01`, `cfg_sm02`: autostart once, RUNNING when startsecs have passed.
#[test]
fn autostart_leads_to_running_after_startsecs() {
    let mut world = World::watched(vec![program("x", |_| {}), program("manual", |p| p.autostart = false)]);
    assert_eq!(
        world.events(),
        [
            "PROCESS_GROUP_ADDED groupname:x",
            "PROCESS_GROUP_ADDED groupname:manual",
            "SUPERVISOR_STATE_CHANGE_RUNNING",
            "x STOPPED->STARTING tries:0",
        ]
    );
    assert_eq!(world.lines(), ["INFO spawned: 'x' with pid 2"]);
    world.advance(millis(999));
    assert_eq!(world.state("x"), Starting);
    world.advance(millis(1));
    assert_eq!(world.events(), ["x STARTING->RUNNING pid:2"]);
    assert_eq!(
        world.lines(),
        ["INFO success: x entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)"]
    );
    world.stop("x", true);
    world.exits("x", 0);
    world.advance(secs(100));
    assert_eq!((world.state("x"), world.state("manual")), (Stopped, Stopped));
}

/// `cfg_sm03`, `cfg_sm23`: an early exit is a failed start, whatever its code and whatever autorestart says.
#[test]
fn an_exit_before_startsecs_is_a_failed_start() {
    let mut world = World::watched(vec![program("x", |p| p.autorestart = AutoRestart::Never)]);
    world.events();
    world.lines();
    world.advance(millis(500));
    world.exits("x", 0);
    assert_eq!(world.lines(), ["WARN exited: x (exit status 0; not expected)"]);
    assert_eq!(world.events(), ["x STARTING->BACKOFF tries:1"]);
    let process = world.engine.process(world.id("x")).unwrap();
    assert_eq!(process.spawnerr, "Exited too quickly (process log may have details)");
    assert_eq!(process.exitstatus, 0);
    world.advance(secs(1));
    assert_eq!(world.events(), ["x BACKOFF->STARTING tries:1"]);
    assert_eq!(world.lines(), ["INFO spawned: 'x' with pid 3"]);
}

/// `cfg_sm04`, `ev_e18`, `ev_e20`: r+1 attempts, 1, 2 … r seconds apart.
#[test]
fn retries_come_ever_later_until_fatal() {
    let mut world = World::watched(vec![program("x", |p| p.startretries = 2)]);
    world.events();
    world.lines();
    for wait in [1, 2] {
        world.exits("x", 1);
        world.advance(secs(wait) - millis(1));
        assert_eq!(world.state("x"), Backoff);
        world.advance(millis(1));
        assert_eq!(world.state("x"), Starting);
    }
    world.exits("x", 1);
    assert_eq!(
        world.events(),
        [
            "x STARTING->BACKOFF tries:1",
            "x BACKOFF->STARTING tries:1",
            "x STARTING->BACKOFF tries:2",
            "x BACKOFF->STARTING tries:2",
            "x STARTING->BACKOFF tries:3",
            "x BACKOFF->FATAL",
        ]
    );
    let lines = world.lines();
    assert_eq!(
        lines[lines.len() - 2..],
        [
            "WARN exited: x (exit status 1; not expected)",
            "INFO gave up: x entered FATAL state, too many start retries too quickly",
        ]
    );
    // `cfg_sm10`: it stays FATAL until somebody starts it, and then has all its retries.
    world.advance(secs(1000));
    assert_eq!(world.state("x"), Fatal);
    world.start("x", false);
    world.exits("x", 1);
    assert_eq!(world.events(), ["x FATAL->STARTING tries:0", "x STARTING->BACKOFF tries:1"]);
}

/// `cfg_sm05`: without retries the first failure is the last.
#[test]
fn no_retries_is_fatal_at_once() {
    let mut world = World::watched(vec![program("x", |p| p.startretries = 0)]);
    world.lines();
    world.exits("x", 3);
    assert_eq!(world.state("x"), Fatal);
    assert_eq!(
        world.lines(),
        [
            "WARN exited: x (exit status 3; not expected)",
            "INFO gave up: x entered FATAL state, too many start retries too quickly",
        ]
    );
}

/// A spawn error is a failed start too; its line comes first.
#[test]
fn a_spawn_error_is_a_failed_start() {
    let mut world = World::watched(vec![program("x", |p| {
        p.startretries = 1;
        p.autostart = false;
    })]);
    world.events();
    world.spawns_fail("x", &["can't find command '/bin/x'", "can't find command '/bin/x'"]);
    world.start("x", false);
    assert_eq!(world.events(), ["x STOPPED->STARTING tries:0", "x STARTING->BACKOFF tries:1"]);
    assert_eq!(world.lines(), ["INFO spawnerr: can't find command '/bin/x'"]);
    world.advance(secs(1));
    assert_eq!(
        world.lines(),
        [
            "INFO spawnerr: can't find command '/bin/x'",
            "INFO gave up: x entered FATAL state, too many start retries too quickly",
        ]
    );
    assert_eq!(world.events(), ["x BACKOFF->STARTING tries:1", "x STARTING->BACKOFF tries:2", "x BACKOFF->FATAL"]);
    assert_eq!(world.engine.process(world.id("x")).unwrap().spawnerr, "can't find command '/bin/x'");
}

/// `cfg_sm06`, `ev_e22`, `ev_e23`: startsecs=0 never backs off.
#[test]
fn without_startsecs_an_instant_exit_was_running() {
    let mut world = World::watched(vec![program("x", |p| p.startsecs = Seconds(0))]);
    world.exits("x", 0);
    assert_eq!(
        world.events()[2..],
        ["x STOPPED->STARTING tries:0", "x STARTING->RUNNING pid:2", "x RUNNING->EXITED expected:1 pid:2"]
    );
    assert_eq!(world.lines().last().unwrap(), "INFO exited: x (exit status 0; expected)");
}

/// `ev_e22`: when a death is seen before the clock, RUNNING is made up for, without its line.
#[test]
fn running_is_made_up_for_one_that_lived_long_enough() {
    let mut world = World::watched(vec![program("x", |_| {})]);
    world.events();
    world.lines();
    world.sleep(secs(2));
    world.exits("x", 0);
    assert_eq!(world.events(), ["x STARTING->RUNNING pid:2", "x RUNNING->EXITED expected:1 pid:2"]);
    assert_eq!(world.lines(), ["INFO exited: x (exit status 0; expected)"]);
}

/// `cfg_sm07`, `ev_e21`: how an end is told.
#[test]
fn ends_are_expected_or_not() {
    let core = Death::Signal { signal: 11, core: true };
    for (death, line, event, spawnerr) in [
        (Death::Code(2), "INFO exited: x (exit status 2; expected)", "expected:1", ""),
        (Death::Code(1), "WARN exited: x (exit status 1; not expected)", "expected:0", "Bad exit code 1"),
        (core, "WARN exited: x (terminated by SIGSEGV (core dumped); not expected)", "expected:0", "Bad exit code -1"),
        (
            Death::Other(0x137f),
            "WARN exited: x (unknown termination cause 0x137f; not expected)",
            "expected:0",
            "Bad exit code -1",
        ),
    ] {
        let mut world = World::watched(vec![program("x", |p| {
            p.exitcodes = vec![0, 2];
            p.autorestart = AutoRestart::Never;
        })]);
        world.advance(secs(5));
        world.events();
        world.lines();
        world.dies("x", death);
        assert_eq!(world.lines(), [line]);
        assert_eq!(world.events(), [format!("x RUNNING->EXITED {event} pid:2")]);
        let process = world.engine.process(world.id("x")).unwrap();
        assert_eq!((process.spawnerr.as_str(), process.exitstatus), (spawnerr, death.code()));
    }
}

/// `cfg_sm08`: who is restarted.
#[test]
fn autorestart_decides_by_the_kind_of_end() {
    use AutoRestart::*;
    let signal = Death::Signal { signal: 9, core: false };
    for (policy, death, restarts) in [
        (Never, Death::Code(0), false),
        (Never, Death::Code(1), false),
        (Never, signal, false),
        (Always, Death::Code(0), true),
        (Always, Death::Code(1), true),
        (Always, signal, true),
        (Unexpected, Death::Code(0), false),
        (Unexpected, Death::Code(1), true),
        (Unexpected, signal, true),
    ] {
        let mut world = World::watched(vec![program("x", |p| p.autorestart = policy)]);
        world.advance(secs(5));
        world.events();
        world.dies("x", death);
        assert_eq!(world.state("x"), if restarts { Starting } else { Exited }, "{policy:?} {death:?}");
        if restarts {
            assert_eq!(world.events()[1..], ["x EXITED->STARTING tries:0"]);
        }
        world.advance(secs(100));
    }
}

/// `cfg_sm09`: restarts are not counted.
#[test]
fn one_that_keeps_ending_is_restarted_for_ever() {
    let mut world = World::started(vec![program("x", |p| p.startretries = 0)]);
    for _ in 0..100 {
        world.advance(secs(1));
        assert_eq!(world.state("x"), Running);
        world.exits("x", 1);
        assert_eq!(world.state("x"), Starting);
    }
}

/// `cfg_sm25`: ten restarts at once, then ten a second, and one line a minute about it.
#[test]
fn one_that_ends_at_once_is_held_back() {
    let mut world = World::started(vec![program("x", |p| p.startsecs = Seconds(0))]);
    world.lines();
    for _ in 0..10 {
        world.exits("x", 1);
        assert_eq!(world.state("x"), Running);
    }
    world.lines();
    world.exits("x", 1);
    assert_eq!(world.state("x"), Exited);
    assert_eq!(
        world.lines(),
        [
            "WARN exited: x (exit status 1; not expected)",
            "WARN x exits as soon as it is started, holding its restarts to 10 a second (this is said once a minute)",
        ]
    );
    let mut spawned = 0;
    let mut warned = 0;
    for _ in 0..1200 {
        world.advance(millis(50));
        if world.state("x") == Running {
            world.exits("x", 1);
        }
        let lines = world.lines();
        spawned += lines.iter().filter(|line| line.contains("spawned")).count();
        warned += lines.iter().filter(|line| line.contains("once a minute")).count();
    }
    assert_eq!((spawned, warned), (600, 1));
}

/// `cfg_sm25`: one that lives 100 ms restarts at once for ever.
#[test]
fn one_that_lives_long_enough_is_never_held_back() {
    let mut world = World::started(vec![program("x", |p| p.startsecs = Seconds(0))]);
    for _ in 0..100 {
        world.advance(millis(100));
        world.exits("x", 1);
        assert_eq!(world.state("x"), Running);
    }
    assert!(!world.lines().iter().any(|line| line.contains("once a minute")));
}

/// `cfg_sm18`: the wall clock is only reported.
#[test]
fn a_clock_set_back_changes_nothing() {
    let mut world = World::started(vec![program("x", |p| p.startretries = 1)]);
    world.set_back(secs(3600));
    world.advance(secs(1));
    assert_eq!(world.state("x"), Running);
    world.exits("x", 1);
    world.exits("x", 1);
    assert_eq!(world.state("x"), Backoff);
    world.set_back(secs(3600));
    world.advance(secs(1));
    assert_eq!(world.state("x"), Starting);
    world.stop("x", false);
    world.set_back(secs(3600));
    world.advance(secs(10));
    assert_eq!(world.signals(), ["x 15", "x 9"]);
}

/// `cfg_sm19`: a stranger's death is told.
#[test]
fn unknown_pids_are_told_with_their_status() {
    let mut world = World::started(vec![]);
    world.input(crate::engine::Input::Exited(4711, Death::Code(3)));
    assert_eq!(world.lines(), ["INFO reaped unknown pid 4711 (exit status 3)"]);
}
