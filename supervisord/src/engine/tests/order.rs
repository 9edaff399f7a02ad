//! The order in which things happen: priorities, definition order, batches.

use super::config::{group, millis, pool, process, process_with, program, secs};
use super::world::World;
use crate::config::model::ProcessConfig;
use crate::config::model::Seconds;
use crate::engine::command::Command;
use supervisor_protocol::event::{Channel, EventKind};

fn member(name: &str, priority: i64) -> ProcessConfig {
    process_with(name, |p| p.priority = priority)
}

fn only(events: Vec<String>, part: &str) -> Vec<String> {
    events.into_iter().filter(|event| event.contains(part)).collect()
}

/// `cfg_gr01`, `cfg_gr03`, `ev_e25`: groups by priority, members as they are defined, everything announced first.
#[test]
fn a_daemon_starts_group_by_group() {
    let mut world = World::watched(vec![
        group("early", 1, vec![member("z", 999), member("a", 1)]),
        group("late", 2, vec![process("m")]),
    ]);
    assert_eq!(
        world.events(),
        [
            "PROCESS_GROUP_ADDED groupname:early",
            "PROCESS_GROUP_ADDED groupname:late",
            "SUPERVISOR_STATE_CHANGE_RUNNING",
            "early:z STOPPED->STARTING tries:0",
            "early:a STOPPED->STARTING tries:0",
            "late:m STOPPED->STARTING tries:0",
        ]
    );
    world.advance(secs(1));
    assert_eq!(
        world.events(),
        ["early:z STARTING->RUNNING pid:2", "early:a STARTING->RUNNING pid:3", "late:m STARTING->RUNNING pid:4"]
    );
}

/// `ev_e25`: a pool sees its own group and those after it, not those before it; and its own processes
/// (`ev_l14`).
#[test]
fn a_pool_sees_what_comes_after_it() {
    let mut world = World::started(vec![
        group("before", -2, vec![]),
        pool("l", &[EventKind::Event], None),
        group("after", 999, vec![]),
    ]);
    let mut seen = Vec::new();
    for _ in 0..5 {
        world.says("l", if seen.is_empty() { b"READY\n" } else { b"RESULT 2\nOKREADY\n" });
        seen.extend(world.deliveries());
    }
    assert_eq!(
        seen,
        [
            "l 0/0 PROCESS_GROUP_ADDED groupname:l",
            "l 1/1 PROCESS_GROUP_ADDED groupname:after",
            "l 2/2 SUPERVISOR_STATE_CHANGE_RUNNING",
            "l 3/3 l STOPPED->STARTING tries:0",
            "l 4/4 l STARTING->RUNNING pid:1",
        ]
    );
}

/// `ev_e37`, `ev_e26`: what a client starts and stops goes by priority; RUNNING goes by definition, also without
/// startsecs.
#[test]
fn a_client_acts_by_priority_and_running_follows_the_definition() {
    for startsecs in [0, 1] {
        let member = |name, priority| {
            process_with(name, |p| {
                p.priority = priority;
                p.autostart = false;
                p.startsecs = Seconds(startsecs);
            })
        };
        let mut world = World::watched(vec![group("g", 999, vec![member("z", 3), member("b", 1), member("a", 1)])]);
        world.events();
        world.start("g:*", true);
        world.advance(secs(1));
        assert_eq!(
            world.events(),
            [
                "g:b STOPPED->STARTING tries:0",
                "g:a STOPPED->STARTING tries:0",
                "g:z STOPPED->STARTING tries:0",
                "g:z STARTING->RUNNING pid:4",
                "g:b STARTING->RUNNING pid:2",
                "g:a STARTING->RUNNING pid:3",
            ]
        );
        world.stop("g:*", true);
        world.exits("g:a", 0);
        world.exits("g:z", 0);
        world.exits("g:b", 0);
        assert_eq!(
            world.events(),
            [
                "g:b RUNNING->STOPPING pid:2",
                "g:a RUNNING->STOPPING pid:3",
                "g:z RUNNING->STOPPING pid:4",
                "g:a STOPPING->STOPPED pid:3",
                "g:z STOPPING->STOPPED pid:4",
                "g:b STOPPING->STOPPED pid:2",
            ]
        );
    }
}

/// `cfg_gr02`: at shutdown a group stops in the reverse of it, all at once.
#[test]
fn a_shutdown_stops_a_group_by_descending_priority() {
    let mut world = World::watched(vec![group("g", 999, vec![member("z", 3), member("b", 1), member("a", 1)])]);
    world.advance(secs(2));
    world.events();
    world.ask(Command::Shutdown);
    assert_eq!(
        world.events(),
        [
            "SUPERVISOR_STATE_CHANGE_STOPPING",
            "g:z RUNNING->STOPPING pid:2",
            "g:a RUNNING->STOPPING pid:4",
            "g:b RUNNING->STOPPING pid:3",
        ]
    );
}

/// `ev_l20`: a stop of all by a client goes up, listeners first.
#[test]
fn a_client_stops_listeners_first() {
    let mut world = World::started(vec![pool("l", &[EventKind::Tick], None), program("x", |_| {})]);
    world.advance(secs(2));
    world.stop("all", false);
    assert_eq!(world.signals(), ["l 15", "x 15"]);
}

/// Groups that are added later go behind those of their priority.
#[test]
fn a_group_that_is_added_goes_behind_its_equals() {
    let late = group("a", 5, vec![member("a", 999)]);
    let groups = vec![group("m", 5, vec![member("m", 999)]), group("n", 6, vec![member("n", 999)])];
    let mut world = World::new([groups.clone(), vec![late]].concat(), 0);
    for group in groups {
        world.input(crate::engine::Input::GroupActivated(group, Vec::new()));
    }
    world.input(crate::engine::Input::Started);
    world.ask(Command::AddGroup("a".into()));
    let names: Vec<_> = world.engine.active_groups().map(|group| group.name.clone()).collect();
    assert_eq!(names, ["m", "a", "n"]);
}

/// A group whose name is taken is not activated.
#[test]
fn of_two_groups_with_one_name_the_first_wins() {
    let mut world = World::watched(vec![program("x", |_| {}), program("x", |p| p.startretries = 9)]);
    assert_eq!(only(world.events(), "STARTING").len(), 1);
    assert_eq!(world.engine.process(world.id("x")).unwrap().config().startretries, 3);
}

/// `ev_e27`: an update of a changed group, as a client does it.
#[test]
fn an_update_stops_removes_adds_and_starts() {
    let mut world = World::watched(vec![program("x", |_| {})]);
    world.advance(secs(2));
    world.events();
    world.stop("x:*", true);
    world.exits("x", 0);
    world.ask(Command::RemoveGroup("x".into()));
    world.ask(Command::AddGroup("x".into()));
    world.advance(secs(1));
    assert_eq!(
        world.events(),
        [
            "x RUNNING->STOPPING pid:2",
            "x STOPPING->STOPPED pid:2",
            "PROCESS_GROUP_REMOVED groupname:x",
            "PROCESS_GROUP_ADDED groupname:x",
            "x STOPPED->STARTING tries:0",
            "x STARTING->RUNNING pid:3",
        ]
    );
}

/// `ev_e38`, `ev_e35`, `ev_e39`: what the shell saw before the death comes before it, with the pid.
#[test]
fn last_words_precede_the_end() {
    use crate::engine::Input;
    let mut world = World::watched(vec![program("x", |p| p.startsecs = Seconds(0))]);
    world.events();
    world.lines();
    let id = world.id("x");
    world.input(Input::Logged(id, Channel::Stdout, "a".into()));
    world.input(Input::Logged(id, Channel::Stderr, "".into()));
    world.input(Input::Captured(id, Channel::Stdout, "b".into()));
    world.exits("x", 0);
    assert_eq!(
        world.events(),
        [
            "PROCESS_LOG_STDOUT processname:x groupname:x pid:2 channel:stdout\na",
            "PROCESS_LOG_STDERR processname:x groupname:x pid:2 channel:stderr",
            "PROCESS_COMMUNICATION_STDOUT processname:x groupname:x pid:2\nb",
            "x RUNNING->EXITED expected:1 pid:2",
        ]
    );
    assert_eq!(world.lines(), ["DEBG 'x' stdout emitted a comm event", "INFO exited: x (exit status 0; expected)"]);
}

/// Deadlines that fall together are served in definition order, in one turn; early ones first.
#[test]
fn late_deadlines_are_served_by_time() {
    let mut world = World::watched(vec![
        program("slow", |p| p.startsecs = Seconds(2)),
        program("quick", |p| p.startsecs = Seconds(1)),
    ]);
    world.events();
    world.sleep(secs(3) + millis(5));
    world.advance(secs(0));
    assert_eq!(world.events(), ["quick STARTING->RUNNING pid:3", "slow STARTING->RUNNING pid:2"]);
}

/// `ctl_x27`: those of one request that become RUNNING in one turn are told in processing order, by priority, whatever
/// the order in which the turn came to them; those of a later turn come after them.
#[test]
fn results_that_come_true_together_are_told_in_processing_order() {
    let mut world = World::started(vec![group(
        "g",
        999,
        vec![
            process_with("slow", |p| (p.autostart, p.priority, p.startsecs) = (false, 1, Seconds(2))),
            process_with("late", |p| (p.autostart, p.priority) = (false, 30)),
            process_with("early", |p| (p.autostart, p.priority) = (false, 20)),
        ],
    )]);
    let ticket = world.start("g:*", true);
    world.advance(secs(1));
    assert_eq!(world.answer(ticket), None);
    world.advance(secs(1));
    assert_eq!(world.outcomes(ticket), ["g:early OK", "g:late OK", "g:slow OK"]);
}
