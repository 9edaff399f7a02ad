//! Golden transcripts: the set under test plays each scenario, and what is seen equals what the original showed, by
//! byte. A golden file is never edited by hand; `golden` records it.

use supervisor_tests::{Subject, scenario};

fn compare(name: &str) {
    let (_, play) = scenario::ALL.iter().find(|(other, _)| *other == name).expect("a scenario");
    let wanted = std::fs::read_to_string(scenario::file(name)).expect("the golden file");
    let Some(seen) = play(&Subject::under_test()) else { return };
    if seen == wanted {
        return;
    }
    let differing = wanted.lines().zip(seen.lines()).position(|(one, two)| one != two);
    let at = differing.unwrap_or_else(|| wanted.lines().count().min(seen.lines().count()));
    let show = |text: &str| text.lines().skip(at.saturating_sub(3)).take(8).collect::<Vec<_>>().join("\n    ");
    panic!("{name} differs from line {} on\n  golden:\n    {}\n  seen:\n    {}", at + 1, show(&wanted), show(&seen));
}

macro_rules! golden {
    ($($test:ident $name:literal)*) => {
        $(#[test]
        fn $test() {
            compare($name);
        })*

        #[test]
        fn golden_every_scenario_is_compared() {
            let names: Vec<&str> = scenario::ALL.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, [$($name),*]);
        }
    };
}

#[test]
fn golden_holds_every_kind_of_event() {
    let mut kinds = std::collections::BTreeSet::new();
    for (name, _) in scenario::ALL.iter().filter(|(name, _)| name.starts_with("events-")) {
        let text = std::fs::read_to_string(scenario::file(name)).expect("the golden file");
        let names = text.lines().filter_map(|line| line.split_once(" eventname:")?.1.split(' ').next());
        kinds.extend(names.map(str::to_owned));
    }
    assert_eq!(kinds.len(), 20, "{kinds:?}");
}

golden! {
    golden_events_states "events-states"
    golden_events_output "events-output"
    golden_events_groups "events-groups"
    golden_events_remote "events-remote"
    golden_events_shutdown "events-shutdown"
    golden_events_ticks "events-ticks"
    golden_events_unknown "events-unknown"
    golden_xmlrpc_bodies "xmlrpc-bodies"
    golden_supervisorctl "supervisorctl"
    golden_supervisorctl_help "supervisorctl-help"
    golden_log_processes "log-processes"
    golden_log_listener "log-listener"
    golden_usage "usage"
}
