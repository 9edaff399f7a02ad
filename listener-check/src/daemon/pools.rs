//! Scene: what pools do with events: queue, choose, drop, copy, keep apart (series L of the contract).
//!
//! All pools hear the same REMOTE_COMMUNICATION events, sent one after the other by the kit alone, so each knows
//! exactly what it must have got.

use super::Findings;
use super::log::Log;
use super::ops::Op;
use super::stage::{Setting, Stage};
use super::transcript::{Event, Transcript};
use crate::check::Check;

/// The checks of this scene.
pub(crate) fn checks() -> Vec<Check> {
    [
        (
            "pool-choice",
            "gives an event to the first ready process, in the order of names as text",
            &["ev_l08", "ev_l24"][..],
        ),
        (
            "pool-overflow",
            "lets a stopped pool collect events, and drops the oldest of too many",
            &["ev_l05", "ev_l13"],
        ),
        (
            "pool-put-back",
            "puts a failed event at the head; a full buffer drops the one behind it",
            &["ev_l06", "ev_l07"],
        ),
        ("pool-overlap", "delivers an event once to a pool whose event names overlap", &["ev_l12"]),
        ("pool-repeat", "delivers an event once to a pool that names its type twice", &["ev_l12"]),
        ("pool-rejection", "returns a failed event to its own pool and to no other", &["ev_l11"]),
        ("pool-copies", "gives each pool its copy, with one serial and poolserials of their own", &["ev_l10"]),
        ("pool-order", "first delivers events in the order of poolserials", &["ev_l09"]),
        ("pool-own-events", "tells a pool of its own start", &["ev_l14"]),
        ("pool-removed", "forgets a removed pool, and numbers from 0 when it is added again", &["ev_l15"]),
        ("pool-output", "makes no events of a listener's stdout, and those of its stderr if asked", &["ev_l03"]),
        ("pool-accepts", "accepts unknown keys, no processes, blanks in the default handler", &["ev_l04", "ev_l25"]),
        ("pool-priorities", "has priority -1 for pools and 999 for their processes unless told otherwise", &["ev_l02"]),
        ("pool-reread", "reports changes of events, buffer_size and priority, but not of order", &["ev_l16"]),
    ]
    .into_iter()
    .map(|(name, proves, contract)| Check::new(name, proves, contract))
    .collect()
}

/// Name, events, and further lines of each pool. The placeholders are for the changes that `pool-reread` makes.
const POOLS: &[(&str, &str, &str)] = &[
    ("parked", "REMOTE_COMMUNICATION", "priority=1\nautostart=false\nbuffer_size=2\n"),
    ("head", "REMOTE_COMMUNICATION", "priority=2\nbuffer_size=2\n"),
    ("crowd", "REMOTE_COMMUNICATION", "priority=3\nnumprocs=11\nprocess_name=%(program_name)s_%(process_num)s\n"),
    ("overlap", "REMOTE_COMMUNICATION,EVENT", "priority=4\nbuffer_size=500\n"),
    ("twice", "REMOTE_COMMUNICATION,remote_communication", "priority=5\n"),
    ("leaky", "REMOTE_COMMUNICATION", "priority=6\n"),
    ("bystander", "TICK_3600", "priority=6\n"),
    ("own", "PROCESS_STATE", "priority=7\nbuffer_size=500\n"),
    ("later", "REMOTE_COMMUNICATION", "priority=8\n"),
    (
        "loud",
        "REMOTE_COMMUNICATION",
        "priority=9\nstdout_capture_maxbytes=1KB\nstdout_events_enabled=true\nstderr_events_enabled=true\n",
    ),
    ("watch", "PROCESS_LOG,PROCESS_COMMUNICATION", "priority=10\n"),
    (
        "odd",
        "REMOTE_COMMUNICATION",
        "priority=11\nevent_nonsense=1\nresult_handler = supervisor.dispatchers : default_handler\n",
    ),
    ("nobody", "REMOTE_COMMUNICATION", "priority=12\nnumprocs=0\n"),
    ("plain", "REMOTE_COMMUNICATION", ""),
];

fn sections(pools: &[(&str, &str, &str)]) -> String {
    let section = |(name, events, options): &(&str, &str, &str)| {
        format!("[eventlistener:{name}]\ncommand={{actor}}\nstartsecs=0\nevents={events}\n{options}")
    };
    pools.iter().map(section).collect()
}

/// Plays it.
pub(crate) fn play(setting: &Setting, findings: &mut Findings) -> Result<(), String> {
    let mut stage = Stage::start(setting, &sections(POOLS))?;
    let mut found = |name: &str, result| findings.push((name.to_owned(), result));
    found("pool-accepts", Ok(()));
    found("pool-priorities", priorities(&mut stage));
    let everybody: Vec<String> = POOLS
        .iter()
        .flat_map(|(name, _, _)| match *name {
            "crowd" => (0..11).map(|number| format!("crowd_{number}")).collect(),
            "parked" | "nobody" => vec![],
            other => vec![other.to_owned()],
        })
        .collect();
    let all_ready = stage.wait(|stage| {
        let log = stage.log();
        everybody.iter().all(|name| log.has(&format!("DEBG {name}: ACKNOWLEDGED -> READY")))
    });
    if !all_ready {
        return Err("not all listeners became READY".to_owned());
    }
    found("pool-choice", choice(&mut stage)?);
    found("pool-put-back", put_back(&mut stage)?);
    found("pool-overflow", overflow(&mut stage)?);
    found("pool-rejection", rejection(&mut stage)?);
    found("pool-removed", removed(&mut stage)?);
    found("pool-output", output(&mut stage)?);
    found("pool-own-events", own_events(&stage));
    // A pool of all events has more to hear before. What it has not heard in time is judged below.
    stage.wait(|stage| {
        let has = |pool: &str, kind: &str| !stage.transcript(pool).remotes(kind).is_empty();
        COPIES.iter().all(|pool| COPIED.iter().all(|kind| has(pool, kind)))
    });
    found("pool-overlap", each_once(&stage.transcript("overlap")));
    found("pool-repeat", each_once(&stage.transcript("twice")));
    found("pool-copies", copies(&COPIES.map(|pool| stage.transcript(pool))));
    let ordered = ["twice", "odd", "head", "plain", "overlap"]
        .into_iter()
        .try_for_each(|name| in_order(name, &stage.transcript(name)));
    found("pool-order", ordered);
    found("pool-reread", reread(&mut stage)?);
    Ok(())
}

fn ensure(holds: bool, reason: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason.into()) }
}

/// Sends a plain event and waits until pool `twice`, which is always ready, has it. By then all pools have queued it.
fn send(stage: &mut Stage<'_>, kind: &str) -> Result<Event, String> {
    stage.emit(kind, "")?;
    let mut event = None;
    stage.wait(|stage| {
        event = stage.transcript("twice").remotes(kind).first().map(|(_, event)| (*event).clone());
        event.is_some()
    });
    event.ok_or_else(|| format!("the event {kind:?} reached nobody"))
}

fn priorities(stage: &mut Stage<'_>) -> Result<(), String> {
    let info = stage.client().call("supervisor.getAllConfigInfo", []).map_err(|error| error.to_string())?;
    let pools = info.as_array().unwrap_or_default();
    let plain = pools.iter().find(|pool| pool.get("group").and_then(|name| name.as_str()) == Some("plain"));
    let plain = plain.ok_or("the daemon does not list the pool")?;
    let number = |key| plain.get(key).and_then(|value| value.as_int());
    let found = (number("group_prio"), number("process_prio"));
    ensure(found == (Some(-1), Some(999)), format!("they are {found:?}"))
}

fn choice(stage: &mut Stage<'_>) -> Result<Result<(), String>, String> {
    let expected = ["crowd_0", "crowd_1", "crowd_10", "crowd_2"];
    for _ in expected {
        stage.direct("crowd", &[Op::Gate("crowd".into()), Op::Write("RESULT 2\nOKREADY\n".into())])?;
    }
    let all_given = stage.wait(|stage| expected.iter().all(|name| !stage.transcript(name).remotes("crowd").is_empty()));
    stage.open("crowd")?;
    let of = |name: &&str| stage.transcript(name).remotes("crowd").first().map(|(_, event)| event.poolserial);
    let serials: Vec<Option<u64>> = expected.iter().map(of).collect();
    Ok(ensure(all_given && serials.is_sorted(), format!("{expected:?} got {serials:?}")))
}

fn put_back(stage: &mut Stage<'_>) -> Result<Result<(), String>, String> {
    // What came before has left its small buffer first.
    send(stage, "before-head")?;
    stage.wait(|stage| !stage.transcript("head").remotes("before-head").is_empty());
    let early = discards(&stage.log(), "head").len();
    stage.direct("head", &[Op::Gate("head".into()), Op::Write("RESULT 4\nFAILREADY\n".into())])?;
    stage.wait(|stage| !stage.transcript("head").remotes("head").is_empty());
    send(stage, "head-1")?;
    let second = send(stage, "head-2")?;
    let is_early = discards(&stage.log(), "head").len() > early;
    let third = send(stage, "head-3")?;
    stage.open("head")?;
    stage.wait(|stage| !stage.transcript("head").remotes("head-3").is_empty());
    let transcript = stage.transcript("head");
    let kinds: Vec<&str> = transcript
        .events()
        .filter_map(|(_, event)| event.remote())
        .map(|(kind, _)| kind)
        .filter(|kind| kind.starts_with("head"))
        .collect();
    let serial = transcript.remotes("head").first().map(|(_, event)| event.serial).unwrap_or_default();
    Ok(ensure(!is_early, "the event in flight was counted as one in the buffer")
        .and_then(|()| ensure(kinds == ["head", "head", "head-3"], format!("it got {kinds:?}")))
        .and_then(|()| {
            stage.log().has_in_order(&[
                "WARN head: event was rejected".to_owned(),
                format!("DEBG rebuffering event {serial} for pool head (buf size=2, max=2)"),
                format!("ERRO pool head event buffer overflowed, discarding event {}", second.serial),
            ])
        })
        .and_then(|()| ensure(third.serial > second.serial, "serials do not increase")))
}

/// The serials of the events that a pool is said to have dropped.
fn discards(log: &Log, pool: &str) -> Vec<u64> {
    let start = format!("ERRO pool {pool} event buffer overflowed, discarding event ");
    let lines = log.all(|line| line.starts_with(&start));
    lines.into_iter().filter_map(|(_, line)| line.strip_prefix(&start)?.parse().ok()).collect()
}

fn overflow(stage: &mut Stage<'_>) -> Result<Result<(), String>, String> {
    let first = send(stage, "parked-1")?;
    send(stage, "parked-2")?;
    send(stage, "parked-3")?;
    stage.client().start_process("parked", false).map_err(|error| error.to_string())?;
    stage.wait(|stage| !stage.transcript("parked").remotes("parked-3").is_empty());
    let transcript = stage.transcript("parked");
    let kinds: Vec<&str> = transcript.events().filter_map(|(_, event)| event.remote()).map(|(kind, _)| kind).collect();
    let dropped = discards(&stage.log(), "parked");
    Ok(ensure(kinds == ["parked-2", "parked-3"], format!("it kept {kinds:?}")).and_then(|()| {
        ensure(dropped.is_sorted() && dropped.last() == Some(&first.serial), format!("the log names {dropped:?}"))
    }))
}

fn rejection(stage: &mut Stage<'_>) -> Result<Result<(), String>, String> {
    stage.direct("leaky", &[Op::Write("RESULT 4\nFAILREADY\n".into())])?;
    stage.wait(|stage| stage.transcript("leaky").remotes("leaky").len() == 2);
    send(stage, "after-leaky")?;
    let leaky = stage.transcript("leaky").remotes("leaky").len();
    let astray = stage.transcript("bystander").remotes("leaky").len();
    Ok(ensure(leaky == 2, format!("its own pool got the event {leaky} times instead of twice")).and_then(|()| {
        ensure(astray == 0, "a pool of the same priority, which never asked for such events, got it too")
    }))
}

fn removed(stage: &mut Stage<'_>) -> Result<Result<(), String>, String> {
    let failed = |error: supervisor_sdk::rpc::Error| error.to_string();
    stage.client().stop_process_group("later", true).map_err(failed)?;
    stage.client().remove_process_group("later").map_err(failed)?;
    let before = stage.transcript("later").events().count();
    send(stage, "gone")?;
    stage.client().add_process_group("later").map_err(failed)?;
    send(stage, "back")?;
    stage.wait(|stage| !stage.transcript("later").remotes("back").is_empty());
    let transcript = stage.transcript("later");
    let next = transcript.events().nth(before).map(|(_, event)| event);
    Ok(match next {
        None => Err("it got no event after it was added again".to_owned()),
        Some(event) if event.is_remote("gone") => Err("it got an event from the time when it was removed".to_owned()),
        Some(event) => ensure(event.poolserial == 0, format!("its first event has poolserial {}", event.poolserial)),
    })
}

fn output(stage: &mut Stage<'_>) -> Result<Result<(), String>, String> {
    let tokens = "<!--XSUPERVISOR:BEGIN-->OK<!--XSUPERVISOR:END-->";
    // 48 bytes, not OK, so the event comes a second time.
    let script = [Op::Complain("out loud\n".into()), Op::Write(format!("RESULT {}\n{tokens}READY\n", tokens.len()))];
    stage.direct("loud", &script)?;
    let is_heard = |transcript: &Transcript, channel: &str| {
        let start = "processname:loud ";
        transcript.events().any(|(_, event)| event.name.ends_with(channel) && event.payload.starts_with(start))
    };
    stage.wait(|stage| {
        stage.transcript("loud").remotes("loud").len() == 2 && is_heard(&stage.transcript("watch"), "LOG_STDERR")
    });
    send(stage, "after-loud")?;
    let watch = stage.transcript("watch");
    Ok(ensure(is_heard(&watch, "LOG_STDERR"), "its stderr made no PROCESS_LOG_STDERR event")
        .and_then(|()| ensure(!is_heard(&watch, "_STDOUT"), "its stdout made an event")))
}

fn own_events(stage: &Stage<'_>) -> Result<(), String> {
    let transcript = stage.transcript("own");
    let own: Vec<&str> = transcript
        .events()
        .filter(|(_, event)| event.payload.starts_with("processname:own groupname:own "))
        .map(|(_, event)| event.name.as_str())
        .collect();
    ensure(own == ["PROCESS_STATE_STARTING", "PROCESS_STATE_RUNNING"], format!("it got {own:?}"))
}

fn each_once(transcript: &Transcript) -> Result<(), String> {
    let mut serials: Vec<u64> = transcript.events().map(|(_, event)| event.serial).collect();
    serials.sort_unstable();
    let double = serials.windows(2).find(|pair| pair.first() == pair.last());
    double.map_or(Ok(()), |pair| Err(format!("the event with serial {:?} came more than once", pair.first())))
}

/// The pools whose copies of these events are compared. The second has a small buffer, so it may miss others.
const COPIES: [&str; 3] = ["twice", "odd", "overlap"];
const COPIED: [&str; 3] = ["head-1", "parked-1", "after-leaky"];

fn copies(pools: &[Transcript; 3]) -> Result<(), String> {
    let serial = |transcript: &Transcript, kind| transcript.remotes(kind).first().map(|(_, event)| event.serial);
    for kind in COPIED {
        let serials = pools.each_ref().map(|transcript| serial(transcript, kind));
        let [first, ..] = serials;
        ensure(
            first.is_some() && serials.iter().all(|found| *found == first),
            format!("serials of one event: {serials:?}"),
        )?;
    }
    let [one, _, third] = pools;
    for transcript in [one, third] {
        let mut poolserials: Vec<u64> = transcript.events().map(|(_, event)| event.poolserial).collect();
        poolserials.dedup();
        ensure(
            (0..).zip(&poolserials).all(|(expected, found)| expected == *found),
            format!("poolserials: {poolserials:?}"),
        )?;
    }
    Ok(())
}

fn in_order(pool: &str, transcript: &Transcript) -> Result<(), String> {
    let poolserials: Vec<u64> = transcript.events().map(|(_, event)| event.poolserial).collect();
    ensure(poolserials.is_sorted(), format!("{pool} got {poolserials:?}"))
}

fn reread(stage: &mut Stage<'_>) -> Result<Result<(), String>, String> {
    let changed: Vec<_> = POOLS
        .iter()
        .map(|(name, events, options)| match *name {
            "odd" => (*name, "REMOTE_COMMUNICATION,TICK_5", *options),
            "overlap" => (*name, "EVENT,REMOTE_COMMUNICATION", *options),
            "twice" => (*name, *events, "priority=50\n"),
            "head" => (*name, *events, "priority=2\nbuffer_size=3\n"),
            _ => (*name, *events, *options),
        })
        .collect();
    stage.rewrite(&sections(&changed))?;
    let mut result = stage.client().reload_config().map_err(|error| error.to_string())?;
    result.changed.sort_unstable();
    Ok(ensure(
        result.changed == ["head", "odd", "twice"] && result.added.is_empty() && result.removed.is_empty(),
        format!("changed {:?}, added {:?}, removed {:?}", result.changed, result.added, result.removed),
    ))
}
