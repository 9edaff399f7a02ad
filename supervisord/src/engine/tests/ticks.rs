//! TICK events as pools get them.

use super::config::{millis, pool, secs};
use super::world::World;
use crate::engine::command::Command;
use supervisor_protocol::event::EventKind;

fn ticks(world: &mut World, listener: &str) -> Vec<String> {
    let mut ticks = Vec::new();
    loop {
        let delivered = world.deliveries();
        if delivered.is_empty() {
            return ticks;
        }
        ticks.extend(delivered.iter().map(|line| line.splitn(3, ' ').last().unwrap_or_default().to_owned()));
        world.says(listener, b"RESULT 2\nOKREADY\n");
    }
}

/// `ev_e29`, `ev_e30`: the first at the next boundary, coinciding ones shortest first.
#[test]
fn ticks_come_at_boundaries() {
    let mut world = World::started(vec![pool("l", &[EventKind::Tick], None)]);
    world.says("l", b"READY\n");
    world.advance(millis(4_999));
    assert_eq!(ticks(&mut world, "l"), Vec::<String>::new());
    world.advance(millis(1));
    assert_eq!(ticks(&mut world, "l"), ["TICK_5 when:1800000005"]);
    world.advance(secs(50));
    ticks(&mut world, "l");
    world.advance(secs(5));
    assert_eq!(ticks(&mut world, "l"), ["TICK_5 when:1800000060", "TICK_60 when:1800000060"]);
    world.advance(secs(3535));
    ticks(&mut world, "l");
    world.advance(secs(5));
    assert_eq!(
        ticks(&mut world, "l"),
        ["TICK_5 when:1800003600", "TICK_60 when:1800003600", "TICK_3600 when:1800003600"]
    );
}

/// `cfg_rr01`: what was missed is not made up for; a clock set back ticks too.
#[test]
fn missed_boundaries_stay_missed() {
    let mut world = World::started(vec![pool("l", &[EventKind::Tick5], None)]);
    world.says("l", b"READY\n");
    world.sleep(secs(23));
    world.advance(secs(0));
    assert_eq!(ticks(&mut world, "l"), ["TICK_5 when:1800000020"]);
    world.set_back(secs(13));
    world.advance(secs(5));
    assert_eq!(ticks(&mut world, "l"), ["TICK_5 when:1800000010", "TICK_5 when:1800000015"]);
}

/// A pool that is added while nobody listens to ticks hears the next boundary, and none of those before it.
#[test]
fn a_pool_that_is_added_later_hears_the_next_boundary_only() {
    let mut world = World::new(vec![pool("l", &[EventKind::Tick], None)], 0);
    world.input(crate::engine::Input::Started);
    world.advance(secs(4321));
    assert_eq!(world.engine.next_deadline(), None);
    world.ask(Command::AddGroup("l".into()));
    world.says("l", b"READY\n");
    world.advance(secs(4));
    assert_eq!(ticks(&mut world, "l"), ["TICK_5 when:1800004325"]);
    world.stop("l", false);
    world.exits("l", 0);
    world.ask(Command::RemoveGroup("l".into()));
    assert_eq!(world.engine.next_deadline(), None);
}
