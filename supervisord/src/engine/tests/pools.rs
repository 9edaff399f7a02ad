//! Pools: who gets an event, and what a full buffer costs.

use super::config::{pool, pool_of, process_with, program, secs};
use super::world::World;
use crate::config::model::AutoRestart;
use crate::config::model::Seconds;
use crate::engine::command::Command;
use supervisor_protocol::event::EventKind;
use supervisor_protocol::state::ProcessState;

const REMOTE: &[EventKind] = &[EventKind::RemoteCommunication];
const OK_READY: &[u8] = b"RESULT 2\nOKREADY\n";

/// `ev_e05`, `ev_l10`: one serial for all pools, none for events that nobody wants.
#[test]
fn pools_share_serials_and_count_for_themselves() {
    let mut world = World::started(vec![
        pool("a", &[EventKind::Event], None),
        pool("b", REMOTE, None),
        program("x", |p| p.autostart = false),
    ]);
    let before = world.engine.next_serial();
    world.emit("one");
    assert_eq!(world.engine.next_serial(), before + 1);
    world.says("b", b"READY\n");
    assert_eq!(world.deliveries(), [format!("b {before}/0 one")]);

    let mut world = World::started(vec![pool("b", REMOTE, None), program("x", |_| {})]);
    world.advance(secs(9));
    world.emit("one");
    world.says("b", b"READY\n");
    assert_eq!(world.deliveries(), ["b 0/0 one"]);
}

/// `ev_l05`, `ev_l07`: the oldest makes room; what is in flight takes none.
#[test]
fn a_full_buffer_drops_the_oldest() {
    let mut world = World::started(vec![pool("l", REMOTE, Some(2))]);
    world.says("l", b"READY\n");
    world.lines();
    for data in ["one", "two", "three", "four"] {
        world.emit(data);
    }
    assert_eq!(
        world.lines(),
        ["DEBG event 0 sent to listener l", "ERRO pool l event buffer overflowed, discarding event 1"]
    );
    world.says("l", OK_READY);
    world.says("l", OK_READY);
    assert_eq!(world.deliveries(), ["l 0/0 one", "l 2/2 three", "l 3/3 four"]);
}

/// An event is not lost to a full buffer while a listener is ready: several events of one turn.
#[test]
fn a_burst_is_delivered_before_it_overflows() {
    let mut world = World::started(vec![
        pool("l", &[EventKind::ProcessState], Some(1)),
        program("x", |p| {
            p.autostart = false;
            p.startretries = 0;
        }),
    ]);
    world.says("l", b"READY\n");
    while !world.deliveries().is_empty() {
        world.says("l", OK_READY);
    }
    world.lines();
    world.spawns_fail("x", &["no"]);
    world.start("x", false);
    world.says("l", OK_READY);
    assert_eq!(world.deliveries().len(), 2);
    assert!(!world.lines().iter().any(|line| line.contains("overflowed, discarding event 2")));
}

/// `ev_l06`: what is put back comes first and costs the next-oldest.
#[test]
fn what_is_put_back_is_never_the_victim() {
    let mut world = World::started(vec![pool("l", REMOTE, Some(1))]);
    world.says("l", b"READY\n");
    world.emit("one");
    world.emit("two");
    world.lines();
    world.says("l", b"RESULT 4\nFAIL");
    assert_eq!(
        world.lines()[2..],
        [
            "DEBG rebuffering event 0 for pool l (buf size=1, max=1)",
            "ERRO pool l event buffer overflowed, discarding event 1",
        ]
    );
    world.says("l", b"READY\n");
    world.says("l", OK_READY);
    assert_eq!(world.deliveries(), ["l 0/0 one", "l 0/0 one"]);
}

/// `ev_l08`, `ev_l09`: the first READY one in configuration order, oldest event first.
#[test]
fn the_first_ready_listener_gets_the_oldest_event() {
    let mut world = World::started(vec![pool_of("l", &["l0", "l1", "l2"], REMOTE, None)]);
    for data in ["a", "b", "c", "d"] {
        world.emit(data);
    }
    world.says("l:l2", b"READY\n");
    world.says("l:l0", b"READY\n");
    assert_eq!(world.deliveries(), ["l:l2 0/0 a", "l:l0 1/1 b"]);
    world.says("l:l1", b"READY\n");
    world.says("l:l0", OK_READY);
    world.says("l:l2", OK_READY);
    world.says("l:l1", OK_READY);
    world.says("l:l0", OK_READY);
    assert_eq!(world.deliveries(), ["l:l1 2/2 c", "l:l0 3/3 d"]);
    world.emit("e");
    world.emit("f");
    world.emit("g");
    assert_eq!(world.deliveries(), ["l:l0 4/4 e", "l:l1 5/5 f", "l:l2 6/6 g"]);
}

/// `ev_p20`: with one stdin closed, the next process of the pool gets the event.
#[test]
fn a_closed_stdin_is_passed_over() {
    let mut world = World::started(vec![pool_of("l", &["l0", "l1"], REMOTE, None)]);
    world.close_stdin("l:l0");
    world.says("l:l0", b"READY\n");
    world.says("l:l1", b"READY\n");
    for data in ["one", "two"] {
        world.emit(data);
        world.says("l:l1", OK_READY);
    }
    assert_eq!(world.deliveries(), ["l:l1 0/0 one", "l:l1 1/1 two"]);
}

/// `ev_l11`: a rejection stays in the family.
#[test]
fn a_rejection_returns_to_its_own_pool_only() {
    let mut world =
        World::started(vec![pool("a", REMOTE, None), pool("b", REMOTE, None), pool("c", &[EventKind::Tick3600], None)]);
    for listener in ["a", "b", "c"] {
        world.says(listener, b"READY\n");
    }
    world.emit("one");
    world.says("b", OK_READY);
    world.deliveries();
    world.says("a", b"RESULT 4\nFAILREADY\n");
    assert_eq!(world.deliveries(), ["a 0/0 one"]);
}

/// `ev_l12`: overlapping names deliver once.
#[test]
fn overlapping_subscriptions_deliver_once() {
    let all = [EventKind::Event, EventKind::RemoteCommunication, EventKind::RemoteCommunication];
    let mut world = World::started(vec![pool("l", &all, None)]);
    world.says("l", b"READY\n");
    let mut seen = world.deliveries();
    world.emit("one");
    for _ in 0..9 {
        world.says("l", OK_READY);
        seen.extend(world.deliveries());
    }
    assert_eq!(seen.iter().filter(|line| line.ends_with(" one")).count(), 1);
}

/// `ev_l13`: a stopped pool keeps what comes.
#[test]
fn a_stopped_pool_keeps_buffering() {
    let mut world = World::started(vec![pool("l", REMOTE, Some(2))]);
    world.stop("l", true);
    world.exits("l", 0);
    world.lines();
    for data in ["one", "two", "three"] {
        world.emit(data);
    }
    assert_eq!(world.lines(), ["ERRO pool l event buffer overflowed, discarding event 0"]);
    world.start("l", true);
    world.says("l", b"READY\n");
    world.says("l", OK_READY);
    assert_eq!(world.deliveries(), ["l 1/1 two", "l 2/2 three"]);
}

/// `ev_l15`: a removed pool gets nothing, not even its own removal, and forgets its numbers.
#[test]
fn a_removed_pool_is_forgotten() {
    let mut world = World::started(vec![pool("l", REMOTE, None), pool("m", &[EventKind::ProcessGroup], None)]);
    world.says("l", b"READY\n");
    world.emit("one");
    assert_eq!(world.deliveries(), ["l 1/0 one"]);
    world.stop("l", true);
    world.exits("l", 0);
    world.ask(Command::RemoveGroup("l".into()));
    world.emit("lost");
    world.ask(Command::AddGroup("l".into()));
    world.emit("two");
    world.says("l", b"READY\n");
    assert_eq!(world.deliveries(), ["l 4/0 two"]);
}

/// `ev_l23`: with an unset buffer_size a burst of starts is kept for a listener that is not RUNNING yet.
#[test]
fn a_burst_of_starts_is_kept() {
    let mut listener = pool("l", &[EventKind::ProcessState], None);
    listener.processes = vec![process_with("l", |p| p.startsecs = Seconds(1))];
    let programs = (0..15).map(|n| program(&format!("p{n}"), |_| {}));
    let mut world = World::started(std::iter::once(listener).chain(programs).collect());
    world.says("l", b"READY\n");
    world.advance(secs(1));
    let mut delivered = 0;
    while !world.deliveries().is_empty() {
        delivered += 1;
        world.says("l", OK_READY);
    }
    assert_eq!(delivered, 32);
    assert!(!world.lines().iter().any(|line| line.contains("overflowed")));
}

/// `ev_l27`: one that exits after every event is restarted for ever.
#[test]
fn a_listener_that_exits_after_every_event_never_fails() {
    let mut config = pool("l", REMOTE, None);
    config.processes = vec![process_with("l", |p| {
        p.autorestart = AutoRestart::Always;
        p.startretries = 0;
    })];
    let mut world = World::started(vec![config]);
    for n in 0..50 {
        world.emit(&n.to_string());
    }
    for n in 0..50 {
        world.says("l", b"READY\n");
        world.advance(secs(1));
        assert_eq!(world.deliveries(), [format!("l {n}/{n} {n}")]);
        world.says("l", b"RESULT 2\nOK");
        world.exits("l", 0);
        assert_eq!(world.state("l"), ProcessState::Starting);
    }
}

/// What status and metrics show.
#[test]
fn pools_count_what_they_do() {
    let mut world = World::started(vec![pool("l", REMOTE, Some(1))]);
    world.says("l", b"READY\n");
    for data in ["one", "two", "three"] {
        world.emit(data);
    }
    world.says("l", b"RESULT 4\nFAILREADY\n");
    world.says("l", OK_READY);
    let (name, waiting, counters) = world.engine.pools().next().unwrap();
    assert_eq!((name, waiting), ("l", 0));
    assert_eq!((counters.delivered, counters.rejected, counters.requeued, counters.dropped), (1, 1, 1, 2));
}
