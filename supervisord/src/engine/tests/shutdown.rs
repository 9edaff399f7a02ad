//! Stopping everything.

use super::config::{group, pool, pool_of, process, program, secs};
use super::world::{EPERM, World};
use crate::engine::command::{Command, Refusal, Reply};
use crate::engine::{After, Effect, Input};
use supervisor_protocol::event::{Channel, EventKind};
use supervisor_protocol::state::ProcessState::*;

const OK_READY: &[u8] = b"RESULT 2\nOKREADY\n";

fn two_groups() -> World {
    let mut world =
        World::started(vec![group("low", 1, vec![process("a")]), group("high", 2, vec![process("b"), process("c")])]);
    world.advance(secs(2));
    world.lines();
    world
}

/// `cfg_sg07`, `ev_l19`, `ctl_x40`: one group after another; answered at once.
#[test]
fn groups_stop_one_after_the_other() {
    let mut world = two_groups();
    let ticket = world.ask(Command::Shutdown);
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
    assert_eq!(world.signals(), ["high:c 15", "high:b 15"]);
    world.exits("high:b", 0);
    assert_eq!(world.signals(), Vec::<String>::new());
    world.exits("high:c", 0);
    assert_eq!(world.signals(), ["low:a 15"]);
    assert_eq!(world.finished(), []);
    world.exits("low:a", 0);
    assert_eq!(world.finished(), [After::Exit]);
    world.advance(secs(100));
    assert_eq!(world.finished(), [After::Exit]);
}

/// `cfg_sg08`, `cfg_sg15`: what is told, from the first turn and every three seconds.
#[test]
fn who_is_waited_for_is_told_every_three_seconds() {
    let mut world = World::started(vec![group("low", 1, vec![process("a")]), group("high", 2, vec![process("b")])]);
    world.advance(secs(2));
    world.exits("low:a", 1);
    world.exits("low:a", 1);
    assert_eq!(world.state("low:a"), Backoff);
    world.lines();
    world.input(Input::StopEverything(After::Exit));
    let report = ["INFO waiting for a, b to die", "BLAT a state: BACKOFF", "BLAT b state: STOPPING"];
    assert_eq!(world.lines(), [&["DEBG killing b (pid 2) with signal SIGTERM"][..], &report[..]].concat());
    world.advance(secs(7));
    assert_eq!(world.lines(), [report, report].concat());
    world.exits("high:b", 0);
    assert_eq!(world.lines(), ["INFO stopped: b (exit status 0)"]);
    assert_eq!((world.state("low:a"), world.finished()), (Fatal, &[After::Exit][..]));
}

/// `cfg_sg09`, `ev_e20`: BACKOFF becomes FATAL, with its event and without `gave up`.
#[test]
fn backoff_is_given_up_silently() {
    let mut world = World::watched(vec![program("x", |_| {})]);
    world.exits("x", 1);
    world.events();
    world.lines();
    world.input(Input::StopEverything(After::Exit));
    assert_eq!(world.events(), ["SUPERVISOR_STATE_CHANGE_STOPPING", "x BACKOFF->FATAL"]);
    assert!(!world.lines().iter().any(|line| line.contains("gave up")));
}

/// `cfg_sg10`: nothing starts any more, but what was under way comes to its end.
#[test]
fn nothing_starts_once_everything_stops() {
    let mut world = World::watched(vec![
        program("waits", |p| p.startretries = 0),
        program("fails", |p| p.startretries = 0),
        program("ends", |p| p.autorestart = crate::config::model::AutoRestart::Always),
        group("last", 1000, vec![process("stays")]),
    ]);
    world.events();
    world.input(Input::StopEverything(After::Exit));
    world.advance(secs(1));
    world.exits("ends", 0);
    assert_eq!(world.state("ends"), Exited);
    assert_eq!((world.state("waits"), world.state("last:stays")), (Running, Stopping));
    world.exits("fails", 0);
    world.advance(secs(20));
    assert_eq!(world.signals(), ["last:stays 15", "last:stays 9", "last:stays 9"]);
    let refused = world.start("ends", true);
    assert_eq!(world.answer(refused), Some(Err(Refusal::ShuttingDown)));
    assert!(!world.events().iter().any(|event| event.contains("->STARTING")));
}

/// Stopping an idle daemon is over at once; stopped groups cost nothing.
#[test]
fn stopped_groups_cost_no_time() {
    let mut world = World::started(vec![program("x", |p| p.autostart = false), program("y", |p| p.autostart = false)]);
    world.input(Input::StopEverything(After::Exit));
    assert_eq!(world.finished(), [After::Exit]);
    assert_eq!(world.lines(), Vec::<String>::new());
}

/// `cfg_sg05`, `ev_e40`, `ev_e28`: a restart can become an exit, but not the other way; said once.
#[test]
fn an_exit_wins_over_a_restart() {
    for (first, second) in [(After::Restart, After::Exit), (After::Exit, After::Restart)] {
        let mut world = World::watched(vec![program("x", |_| {})]);
        world.advance(secs(2));
        world.events();
        world.input(Input::StopEverything(first));
        world.input(Input::StopEverything(second));
        world.exits("x", 0);
        assert_eq!(
            world.events(),
            ["SUPERVISOR_STATE_CHANGE_STOPPING", "x RUNNING->STOPPING pid:2", "x STOPPING->STOPPED pid:2"]
        );
        world.exits("watcher", 0);
        assert_eq!(world.finished(), [After::Exit]);
    }
    let mut world = two_groups();
    world.input(Input::StopEverything(After::Restart));
    for process in ["high:b", "high:c", "low:a"] {
        world.exits(process, 0);
    }
    assert_eq!(world.finished(), [After::Restart]);
}

/// `cfg_sg14`: also when there is nothing to stop, so that the restart is due already.
#[test]
fn an_exit_wins_over_a_restart_of_an_idle_daemon() {
    let mut world = World::started(vec![]);
    world.input(Input::StopEverything(After::Restart));
    world.input(Input::StopEverything(After::Exit));
    assert_eq!(world.finished(), [After::Restart, After::Exit]);
    world.input(Input::StopEverything(After::Restart));
    assert_eq!(world.finished().last(), Some(&After::Exit));
}

/// Processes that cannot be signalled are not waited for; SIGKILL is tried nevertheless.
#[test]
fn unknown_processes_are_killed_but_not_waited_for() {
    let mut world = World::started(vec![program("x", |p| p.killasgroup = true)]);
    world.signals_fail("x", &[EPERM, EPERM]);
    world.stop("x", false);
    world.signals();
    world.lines();
    world.input(Input::StopEverything(After::Exit));
    assert_eq!(world.signals(), ["x 9 group"]);
    assert_eq!(world.finished(), [After::Exit]);
    assert_eq!(
        world.lines(),
        [
            "DEBG killing x (pid 1) process group with signal SIGKILL",
            "CRIT unknown problem killing x (1):[Errno 1] Operation not permitted",
        ]
    );
    world.exits("x", 0);
    assert_eq!((world.state("x"), world.finished()), (Exited, &[After::Exit][..]));
}

fn with_listener() -> World {
    let mut world = World::started(vec![pool("l", &[EventKind::Event], None), program("x", |_| {})]);
    world.says("l", b"READY\n");
    world.advance(secs(2));
    while !world.deliveries().is_empty() {
        world.says("l", OK_READY);
    }
    world
}

/// `ev_l18`, `ev_l20`, `ev_l21`, `cfg_gr03`: an idle listener hears everything up to the last end.
#[test]
fn listeners_hear_the_last_end() {
    for answer in [&[OK_READY][..], &[b"RESULT 2\nOK", b"READY\n"]] {
        let mut world = with_listener();
        world.input(Input::StopEverything(After::Exit));
        world.exits("x", 0);
        let mut heard = Vec::new();
        while world.signals() != ["l 15"] {
            let delivered = world.deliveries();
            assert_eq!(delivered.len(), 1, "waiting for nothing");
            heard.extend(delivered.iter().map(|line| line.splitn(3, ' ').last().unwrap_or_default().to_owned()));
            for part in answer {
                world.says("l", part);
            }
        }
        assert_eq!(
            heard,
            ["SUPERVISOR_STATE_CHANGE_STOPPING", "x RUNNING->STOPPING pid:2", "x STOPPING->STOPPED pid:2"]
        );
        world.exits("l", 0);
        assert_eq!(world.finished(), [After::Exit]);
        assert_eq!(world.deliveries(), Vec::<String>::new());
    }
}

/// `ev_l22`: a listener that hangs on a new event costs the drain limit.
#[test]
fn draining_is_limited() {
    let mut world = with_listener();
    world.input(Input::StopEverything(After::Exit));
    world.exits("x", 0);
    world.signals();
    world.advance(secs(2) - super::config::millis(1));
    assert_eq!(world.signals(), Vec::<String>::new());
    world.advance(super::config::millis(1));
    assert_eq!(world.signals(), ["l 15"]);
}

/// `ev_l22`: one that has been busy since before adds nothing.
#[test]
fn who_was_busy_before_is_not_waited_for() {
    let mut world = with_listener();
    world.emit("old");
    world.advance(secs(1));
    world.input(Input::StopEverything(After::Exit));
    world.signals();
    world.exits("x", 0);
    assert_eq!(world.signals(), ["l 15"]);
}

/// The drain limit is for all pools together.
#[test]
fn pools_share_the_drain_limit() {
    let pool = |name: &str| pool(name, &[EventKind::SupervisorStateChange], None);
    let mut world = World::started(vec![pool("l1"), pool("l2"), program("x", |_| {})]);
    for listener in ["l1", "l2"] {
        for words in [b"READY\n", OK_READY] {
            world.says(listener, words);
        }
    }
    world.advance(secs(2));
    world.input(Input::StopEverything(After::Exit));
    world.exits("x", 0);
    world.signals();
    world.advance(secs(2));
    assert_eq!(world.signals(), ["l2 15"]);
    world.exits("l2", 0);
    assert_eq!(world.signals(), ["l1 15"]);
}

/// `ev_l26`: of several pools the one that is stopped first does not hear of the stop.
#[test]
fn the_first_pool_does_not_hear_that_everything_stops() {
    let pool = |name: &str| pool(name, &[EventKind::SupervisorStateChangeStopping], None);
    let mut world = World::started(vec![pool("l1"), pool("l2")]);
    world.says("l1", b"READY\n");
    world.says("l2", b"READY\n");
    world.input(Input::StopEverything(After::Exit));
    assert_eq!(world.signals(), ["l2 15"]);
    assert_eq!(world.deliveries(), ["l1 0/0 SUPERVISOR_STATE_CHANGE_STOPPING"]);
    world.exits("l2", 0);
    world.says("l1", OK_READY);
    assert_eq!(world.signals(), ["l1 15"]);

    // A group that comes before it in the queue is enough, stopped or not.
    let mut world = World::started(vec![pool("l1"), program("x", |p| p.autostart = false)]);
    world.says("l1", b"READY\n");
    world.input(Input::StopEverything(After::Exit));
    assert_eq!(world.deliveries(), ["l1 0/0 SUPERVISOR_STATE_CHANGE_STOPPING"]);
}

/// A pool whose turn has come gets nothing more, also if only one of its members is stopped yet.
#[test]
fn a_pool_that_is_being_stopped_gets_nothing() {
    let mut world = World::started(vec![pool_of("l", &["l1", "l2"], &[EventKind::Event], None)]);
    world.input(Input::StopEverything(After::Exit));
    world.says("l:l1", b"READY\n");
    world.says("l:l2", b"READY\n");
    world.exits("l:l1", 0);
    assert_eq!(world.deliveries(), Vec::<String>::new());
}

/// `ev_e06`: the serial continues, poolserials start again.
#[test]
fn serials_continue_over_a_reload() {
    let config = || pool("l", &[EventKind::SupervisorStateChange], None);
    let mut world = World::started(vec![config()]);
    world.emit("not subscribed: no serial");
    world.input(Input::StopEverything(After::Restart));
    assert_eq!(world.engine.next_serial(), 2);

    let mut again = World::new(Vec::new(), world.engine.next_serial());
    again.input(Input::GroupActivated(config(), Vec::new()));
    again.input(Input::Started);
    again.says("l", b"READY\n");
    assert_eq!(again.deliveries(), ["l 2/0 SUPERVISOR_STATE_CHANGE_RUNNING"]);
}

/// `ctl_x37`, `ctl_x40`: what clients get while everything stops.
#[test]
fn only_remote_events_and_log_tails_pass_the_gate() {
    let mut world = with_listener();
    world.input(Input::StopEverything(After::Exit));
    for command in [
        Command::State,
        Command::Identification,
        Command::Ping,
        Command::AllProcessInfo,
        Command::AllConfigInfo,
        Command::ProcessInfo("nope".into()),
        Command::MainLogPath,
        Command::LogPath { name: "nope".into(), channel: Channel::Stdout },
        Command::ClearMainLog,
        Command::Reread,
        Command::AddGroup("nope".into()),
        Command::RemoveGroup("nope".into()),
        Command::Shutdown,
        Command::Restart,
    ] {
        let ticket = world.ask(command);
        assert_eq!(world.answer(ticket), Some(Err(Refusal::ShuttingDown)));
    }
    let ticket = world.ask(Command::SendRemoteEvent { kind: "t".into(), data: "d".into() });
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
    let ticket = world.ask(Command::TailPath(Some(("nope".into(), Channel::Stdout))));
    assert_eq!(world.answer(ticket), Some(Err(Refusal::BadName("nope".into()))));
    world.ask(Command::TailPath(None));
    assert!(matches!(world.other_effects().as_slice(), [.., Effect::MainLogPath(_)]));
}

/// Clients that wait are answered by what the stop does.
#[test]
fn waiting_clients_are_answered_by_a_shutdown() {
    let mut world = World::started(vec![program("x", |p| p.autostart = false), program("y", |_| {})]);
    world.advance(secs(2));
    let start = world.start("x", true);
    let stop = world.stop("y", true);
    world.input(Input::StopEverything(After::Exit));
    assert_eq!(world.answer(start), None, "its group's turn has not come");
    world.exits("y", 0);
    assert_eq!(world.answer(stop), Some(Ok(Reply::Done)));
    assert_eq!(world.answer(start), Some(Err(Refusal::AbnormalTermination("x".into()))));
}
