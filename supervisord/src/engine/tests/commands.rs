//! Clients start, stop and signal processes: what is refused, what is answered, in which order.

use super::config::{group, millis, process, process_with, program, secs};
use super::world::World;
use crate::config::model::ProcessConfig;
use crate::config::model::Seconds;
use crate::engine::command::{Command, Refusal, Reply, Target};
use crate::engine::{Facts, Input};
use supervisor_protocol::state::ProcessState::*;

fn manual(name: &str, set: impl FnOnce(&mut ProcessConfig)) -> ProcessConfig {
    process_with(name, |p| {
        p.autostart = false;
        set(p);
    })
}

fn one(set: impl FnOnce(&mut ProcessConfig)) -> World {
    World::started(vec![group("x", 999, vec![manual("x", set)])])
}

/// `ctl_x21`: true after startsecs, or at once without.
#[test]
fn a_waiting_start_ends_with_running() {
    let mut world = one(|p| p.startsecs = Seconds(2));
    let ticket = world.start("x", true);
    world.advance(secs(1));
    assert_eq!(world.answer(ticket), None);
    world.advance(secs(1));
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));

    let mut world = one(|p| p.startsecs = Seconds(0));
    let ticket = world.start("x", true);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
}

/// `ctl_x23`: without waiting the child's existence is enough; what follows is not told.
#[test]
fn a_start_that_does_not_wait_is_answered_at_the_spawn() {
    let mut world = one(|_| {});
    let ticket = world.start("x", false);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
    world.exits("x", 1);

    let mut world = one(|_| {});
    world.spawns_fail("x", &["command is empty"]);
    let ticket = world.start("x", false);
    assert_eq!(world.answer(ticket), Some(Err(Refusal::SpawnError("x".into()))));
}

/// `ctl_x22`: the refusals of a start, in the order of the checks.
#[test]
fn a_start_is_refused_for_these_reasons() {
    let mut world = World::started(vec![group("g", 999, vec![manual("x", |_| {})])]);
    for name in ["nope", "g", "x", "nope:x", "g:nope", "nope:*"] {
        let ticket = world.start(name, true);
        assert_eq!(world.answer(ticket), Some(Err(Refusal::BadName(name.into()))));
    }
    let running = world.start("g:x", true);
    world.advance(secs(2));
    assert_eq!(world.answer(running), Some(Ok(Reply::Done)));
    let started = world.start("g:x", true);
    assert_eq!(world.answer(started), Some(Err(Refusal::AlreadyStarted("g:x".into()))));
    let id = world.id("g:x");
    for refusal in [
        Refusal::NoFile("can't find command 'x'".into()),
        Refusal::NotExecutable("command at 'x' is not executable".into()),
    ] {
        let facts = Facts::Programs([(id, Err(refusal.clone()))].into());
        let start = Command::Start { target: Target::Name("g:x".into()), wait: true };
        let ticket = world.ask_with(start, facts);
        assert_eq!(world.answer(ticket), Some(Err(refusal)), "before it is seen to run");
    }
}

/// `ctl_x22`: the first failed try ends the wait.
#[test]
fn a_waiting_start_ends_with_the_first_failure() {
    let mut world = one(|_| {});
    let ticket = world.start("x", true);
    world.exits("x", 0);
    assert_eq!(world.answer(ticket), Some(Err(Refusal::SpawnError("x".into()))));
    // `cfg_sm22`
    let ticket = world.start("x", true);
    assert_eq!(world.answer(ticket), Some(Err(Refusal::AlreadyStarted("x".into()))));
}

/// `cfg_sm22`, `ctl_x48`: a start of what is being stopped changes nothing.
#[test]
fn a_stopping_process_cannot_be_started() {
    for wait in [true, false] {
        let mut world =
            World::started(vec![group("g", 999, vec![process("x"), manual("y", |p| p.startsecs = Seconds(0))])]);
        world.stop("g:x", false);
        world.lines();
        let ticket = world.start("g:x", wait);
        assert_eq!(world.answer(ticket), Some(Err(Refusal::AbnormalTermination("g:x".into()))));
        assert_eq!(world.lines(), ["WARN process 'x' already running"]);
        let ticket = world.start("g:*", wait);
        assert_eq!(world.outcomes(ticket), [r#"g:x AbnormalTermination("g:x")"#, "g:y OK"]);
        world.exits("g:x", 0);
        assert_eq!(world.state("g:x"), Stopped);
    }
}

/// `ctl_x25`: a stop waits through SIGKILL; `ctl_x26`: what is not running cannot be stopped.
#[test]
fn a_stop_waits_until_it_is_stopped() {
    let mut world = World::started(vec![program("x", |_| {})]);
    let ticket = world.stop("x", true);
    world.advance(secs(10));
    assert_eq!(world.signals(), ["x 15", "x 9"]);
    assert_eq!(world.answer(ticket), None);
    let again = world.stop("x", true);
    assert_eq!(world.answer(again), Some(Err(Refusal::NotRunning("x".into()))));
    world.dies("x", crate::engine::Death::Signal { signal: 9, core: false });
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
    for (name, refusal) in [("x", Refusal::NotRunning("x".into())), ("nope", Refusal::BadName("nope".into()))] {
        let ticket = world.stop(name, true);
        assert_eq!(world.answer(ticket), Some(Err(refusal)));
    }
    let mut world = World::started(vec![program("x", |_| {})]);
    let ticket = world.stop("x", false);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
}

fn mixed() -> World {
    let members = vec![
        manual("slow", |p| p.startsecs = Seconds(3)),
        manual("quick", |p| p.startsecs = Seconds(1)),
        manual("instant", |p| p.startsecs = Seconds(0)),
        manual("broken", |_| {}),
        manual("missing", |_| {}),
        manual("first", |p| {
            p.startsecs = Seconds(9);
            p.priority = 1;
        }),
    ];
    World::started(vec![group("g", 999, members), program("other", |_| {})])
}

/// `ctl_x27`, `ctl_x28`, `ctl_x29`: immediate outcomes in processing order, the others as they come.
#[test]
fn outcomes_come_at_once_or_in_completion_order() {
    for target in [Target::Name("g:*".into()), Target::Name("g:".into()), Target::Group("g".into())] {
        let mut world = mixed();
        world.advance(secs(2));
        world.spawns_fail("g:broken", &["command is empty"]);
        let missing = (world.id("g:missing"), Err(Refusal::NoFile("can't find command".into())));
        let start = Command::Start { target, wait: true };
        let ticket = world.ask_with(start, Facts::Programs([missing].into()));
        assert_eq!(world.signals(), Vec::<String>::new());
        world.exits("g:first", 0);
        world.advance(secs(2));
        assert_eq!(world.answer(ticket), None);
        world.advance(secs(1));
        assert_eq!(
            world.outcomes(ticket),
            [
                "g:instant OK",
                r#"g:broken SpawnError("g:broken")"#,
                r#"g:missing NoFile("can't find command")"#,
                r#"g:first SpawnError("g:first")"#,
                "g:quick OK",
                "g:slow OK",
            ]
        );
    }
}

/// `ctl_x27`: stops go up, and are told as they end; the others are left out.
#[test]
fn a_stop_of_all_tells_ends_in_their_order() {
    let mut world = World::started(vec![
        group("b", 1, vec![process("b"), process("gone")]),
        group("a", 2, vec![process("a"), process_with("z", |p| p.priority = 5)]),
    ]);
    world.exits("b", 1);
    world.exits("b:gone", 0);
    world.stop("b:gone", true);
    world.advance(secs(0));
    let ticket = world.stop("all", true);
    assert_eq!(world.signals(), ["a:z 15", "a 15"]);
    world.exits("a", 0);
    assert_eq!(world.answer(ticket), None);
    world.advance(millis(1));
    world.exits("a:z", 0);
    assert_eq!(world.outcomes(ticket), ["b OK", "a OK", "a:z OK"]);
    let ticket = world.stop("all", true);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Tasks(Vec::new()))));
}

/// Without waiting, a stop of many is answered in processing order.
#[test]
fn a_stop_of_many_that_does_not_wait() {
    let mut world = World::started(vec![group("g", 999, vec![process("a"), process("b")])]);
    let ticket = world.stop("g:*", false);
    assert_eq!(world.outcomes(ticket), ["g:a OK", "g:b OK"]);
    assert_eq!(world.state("g:b"), Stopping);
}

/// `ctl_x46`: group methods take the bare name.
#[test]
fn group_methods_do_not_split_names() {
    let mut world = World::started(vec![group("g", 999, vec![process("a")])]);
    for name in ["g:*", "g:a", "g:", "nope"] {
        for command in [
            Command::Start { target: Target::Group(name.into()), wait: true },
            Command::Stop { target: Target::Group(name.into()), wait: true },
            Command::Signal { target: Target::Group(name.into()), signal: Ok(1) },
        ] {
            let ticket = world.ask(command);
            assert_eq!(world.answer(ticket), Some(Err(Refusal::BadName(name.into()))));
        }
    }
}

/// `ctl_x30`: who can be signalled, and what is looked at first.
#[test]
fn signals_reach_what_is_alive() {
    let mut world =
        World::started(vec![program("x", |p| p.stopasgroup = true), program("off", |p| p.autostart = false)]);
    world.lines();
    let ticket = world.signal("x", 1);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
    assert_eq!(world.lines(), ["DEBG sending x (pid 1) sig SIGHUP"]);
    world.stop("x", false);
    let ticket = world.signal("x", 10);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
    assert_eq!(world.signals(), ["x 1", "x 15 group", "x 10"]);

    let bad = |name: &str| Command::Signal { target: Target::Name(name.into()), signal: Err("FOO".into()) };
    for (command, refusal) in [
        (bad("nope"), Refusal::BadName("nope".into())),
        (bad("off"), Refusal::BadSignal("FOO".into())),
        (Command::Signal { target: Target::Name("off".into()), signal: Ok(1) }, Refusal::NotRunning("off".into())),
    ] {
        let ticket = world.ask(command);
        assert_eq!(world.answer(ticket), Some(Err(refusal)));
    }
}

/// `cfg_sm17` for plain signals: a child that is gone already counts as signalled.
#[test]
fn a_signal_to_a_dead_child_is_success() {
    let mut world = World::started(vec![program("x", |_| {})]);
    world.lines();
    world.signals_fail("x", &[super::world::ESRCH]);
    let ticket = world.signal("x", 1);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
    assert_eq!(
        world.lines()[1..],
        ["DEBG unable to signal x (pid 1), it probably just now exited on its own: [Errno 3] No such process"]
    );
}

/// `ctl_x31`: many at once; a bad signal is told per process, and nobody is an empty answer.
#[test]
fn signals_to_many() {
    let mut world = World::started(vec![
        group("g", 999, vec![process("a"), manual("off", |_| {}), process_with("b", |p| p.priority = 1)]),
        program("x", |_| {}),
    ]);
    world.signals_fail("g:a", &[super::world::EPERM]);
    let ticket = world.signal("all", 1);
    assert_eq!(
        world.outcomes(ticket),
        [
            "g:b OK",
            r#"g:a Failed(Some("unknown problem sending sig a (1):[Errno 1] Operation not permitted"))"#,
            "x OK"
        ]
    );
    let bad = Command::Signal { target: Target::Group("x".into()), signal: Err("FOO".into()) };
    let ticket = world.ask(bad);
    assert_eq!(world.outcomes(ticket), [r#"x BadSignal("FOO")"#]);
    world.stop("x", false);
    world.exits("x", 0);
    let ticket = world.signal("x:*", 1);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Tasks(Vec::new()))));
}

/// Two clients that wait for one process are both answered.
#[test]
fn every_waiting_client_is_answered() {
    let mut world = World::started(vec![group("g", 999, vec![process("a"), manual("b", |_| {})])]);
    let single = world.stop("g:a", true);
    let many = world.start("g:*", true);
    world.exits("g:a", 0);
    assert_eq!(world.answer(single), Some(Ok(Reply::Done)));
    world.input(Input::Deadline);
    world.advance(secs(1));
    assert_eq!(world.outcomes(many), [r#"g:a AbnormalTermination("g:a")"#, "g:b OK"]);
}
