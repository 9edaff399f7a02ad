//! Random configurations: a few groups and pools, options at the ends of their ranges.

use supervisor_protocol::event::EventKind;

use super::rng::Rng;
use crate::config::model::Seconds;
use crate::config::model::{AutoRestart, GroupConfig, GroupKind, PoolConfig, ProcessConfig, ResultHandler};
use crate::engine::tests::config::{group, pool, process};

/// The listener that gets every event and answers at once. Its pool is the first to be activated.
pub(super) const AUDITOR: &str = "auditor";

/// Groups in start order. Every process name is unique.
pub(super) fn random(rng: &mut Rng) -> Vec<GroupConfig> {
    let mut groups = Vec::new();
    for index in 0..1 + rng.below(3) {
        let priority = *rng.pick(&[1, 1, 5, 999]);
        groups.push(group(&format!("g{index}"), priority, members(rng, &format!("p{index}"))));
    }
    for index in 0..1 + rng.below(2) {
        let mut listeners = members(rng, &format!("l{index}"));
        for listener in &mut listeners {
            // Listeners that come up are worth more than others.
            listener.startsecs = Seconds(rng.below(2) as i64);
            listener.autostart = true;
        }
        let result_handler = ResultHandler::Default;
        let pool = PoolConfig { events: events(rng), buffer_size: buffer_size(rng), result_handler };
        let kind = GroupKind::EventListener(pool);
        let priority = *rng.pick(&[-1, -1, 1, 1000]);
        groups.push(GroupConfig { kind, ..group(&format!("q{index}"), priority, listeners) });
    }
    groups.sort_by_key(|group| (group.priority, group.name.clone()));
    groups.insert(0, GroupConfig { priority: -100, ..pool(AUDITOR, &[EventKind::Event], None) });
    groups
}

fn members(rng: &mut Rng, prefix: &str) -> Vec<ProcessConfig> {
    (0..1 + rng.below(3))
        .map(|index| ProcessConfig {
            priority: *rng.pick(&[1, 2, 999]),
            autostart: !rng.once_in(4),
            autorestart: *rng.pick(&[AutoRestart::Never, AutoRestart::Always, AutoRestart::Unexpected]),
            startsecs: Seconds(rng.below(3) as i64),
            startretries: *rng.pick(&[0, 1, 3, -1]),
            stopwaitsecs: Seconds(*rng.pick(&[0, 1, 10])),
            stopasgroup: rng.once_in(2),
            killasgroup: rng.once_in(2),
            ..process(&format!("{prefix}{index}"))
        })
        .collect()
}

fn events(rng: &mut Rng) -> Vec<EventKind> {
    let choices: [&[EventKind]; 6] = [
        &[EventKind::Event],
        &[EventKind::Event, EventKind::ProcessState],
        &[EventKind::ProcessState],
        &[EventKind::RemoteCommunication, EventKind::ProcessLog],
        &[EventKind::Tick, EventKind::RemoteCommunication],
        &[EventKind::ProcessGroup, EventKind::SupervisorStateChange, EventKind::ProcessStateExited],
    ];
    rng.pick(&choices).to_vec()
}

fn buffer_size(rng: &mut Rng) -> Option<usize> {
    *rng.pick(&[Some(1), Some(2), Some(10), None])
}
