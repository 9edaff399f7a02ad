//! One listener: what it may say, and what becomes of the event it was sent.

use std::time::Duration;

use bytes::Bytes;

use super::config::{pool, process_with, program, secs};
use super::world::World;
use crate::config::model::Seconds;
use crate::config::model::{AutoRestart, GroupConfig, GroupKind, ResultHandler};
use crate::engine::{Effect, Input};
use supervisor_protocol::event::{Channel, EventKind};
use supervisor_protocol::state::{ListenerState, ProcessState};

const UNKNOWN: &str = "WARN l: has entered the UNKNOWN state and will no longer receive events, this usually \
                       indicates the process violated the eventlistener protocol";

fn listener(buffer_size: Option<usize>) -> GroupConfig {
    pool("l", &[EventKind::RemoteCommunication], buffer_size)
}

/// A daemon with one listener that is RUNNING and has said nothing.
fn world() -> World {
    let mut world = World::started(vec![listener(Some(10))]);
    world.lines();
    world
}

/// The same, BUSY with the event `one`.
fn busy() -> World {
    let mut world = world();
    world.says("l", b"READY\n");
    world.emit("one");
    assert_eq!(world.deliveries(), ["l 0/0 one"]);
    world.lines();
    world
}

fn session(world: &World) -> Option<ListenerState> {
    world.engine.process(world.id("l")).and_then(|process| process.session.as_ref()).map(|session| session.state())
}

/// `ev_p01`: READY during STARTING is remembered; the log has the original's order.
#[test]
fn delivery_waits_for_running() {
    let mut config = listener(Some(10));
    config.processes = vec![process_with("l", |p| p.startsecs = Seconds(1))];
    let mut world = World::started(vec![config]);
    assert_eq!(session(&world), Some(ListenerState::Acknowledged));
    world.says("l", b"READY\n");
    world.emit("one");
    assert_eq!(world.deliveries(), Vec::<String>::new());
    world.advance(secs(1));
    assert_eq!(world.deliveries(), ["l 0/0 one"]);
    assert_eq!(
        world.lines(),
        [
            "INFO spawned: 'l' with pid 1",
            "DEBG l: ACKNOWLEDGED -> READY",
            "INFO success: l entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
            "DEBG event 0 sent to listener l",
        ]
    );
}

/// `ev_p02`, `ev_p03`, `ev_p23`: any split of the stream means the same and is told the same.
#[test]
fn every_split_of_an_answer_means_the_same() {
    let answer = b"RESULT 2\nOKREADY\n";
    for at in 0..=answer.len() {
        let mut world = busy();
        world.says("l", &answer[..at]);
        world.says("l", &answer[at..]);
        world.emit("two");
        assert_eq!(world.deliveries(), ["l 1/1 two"], "split at {at}");
        assert_eq!(
            world.lines(),
            [
                "DEBG l: event was processed",
                "DEBG l: BUSY -> ACKNOWLEDGED",
                "DEBG l: ACKNOWLEDGED -> READY",
                "DEBG event 1 sent to listener l",
            ]
        );
    }
    let mut world = busy();
    for byte in answer {
        world.says("l", &[*byte]);
    }
    assert_eq!(session(&world), Some(ListenerState::Ready));
}

/// `ev_p04`: five bytes say nothing, six do.
#[test]
fn a_wrong_word_is_known_at_its_sixth_byte() {
    let mut world = world();
    world.says("l", b"hello");
    assert_eq!(world.lines(), Vec::<String>::new());
    world.says("l", b"!");
    assert_eq!(
        world.lines(),
        [
            "DEBG l: ACKNOWLEDGED -> UNKNOWN",
            UNKNOWN,
            r"WARN l: wrote b'hello!' while ACKNOWLEDGED, where the protocol allows only b'READY\n'",
        ]
    );
}

/// `ev_p05`, `ev_p06`, `ev_p16`: any byte in READY is a violation; nothing helps then but a restart.
#[test]
fn a_listener_must_be_silent_while_ready() {
    for words in [&b"READY\nREADY\n"[..], b"READY\nx", b"READY\n\n"] {
        let mut world = world();
        world.says("l", words);
        let lines = world.lines();
        assert_eq!(lines[..3], ["DEBG l: ACKNOWLEDGED -> READY", "DEBG l: READY -> UNKNOWN", UNKNOWN]);
        world.says("l", b"READY\n");
        world.emit("one");
        world.advance(secs(60));
        assert_eq!(world.deliveries(), Vec::<String>::new());
        assert_eq!(session(&world), Some(ListenerState::Unknown));
        assert_eq!(world.state("l"), ProcessState::Running);
        world.exits("l", 1);
        assert_eq!(session(&world), Some(ListenerState::Acknowledged));
        world.says("l", b"READY\n");
        assert_eq!(world.deliveries(), ["l 0/0 one"]);
    }
    let mut world = world();
    world.says("l", b"READY\r\n");
    assert_eq!(session(&world), Some(ListenerState::Unknown));
}

/// `ev_p07`: the stray newline of an `echo`, after the event was accepted.
#[test]
fn a_stray_newline_costs_the_listener_but_not_the_event() {
    let mut world = busy();
    world.says("l", b"RESULT 2\nOK\nREADY\n");
    let lines = world.lines();
    assert_eq!(
        lines[..4],
        ["DEBG l: event was processed", "DEBG l: BUSY -> ACKNOWLEDGED", "DEBG l: ACKNOWLEDGED -> UNKNOWN", UNKNOWN]
    );
    assert_eq!(world.engine.pools().next().unwrap().1, 0);
}

/// `ev_p08`, `ev_p09`: what counts as a result line.
#[test]
fn result_lines_are_read_liberally() {
    for line in ["XXXXXXX2", "result 2", "RESULT 2\r", "RESULT +2", "RESULT 002", "RESULT 0_2", "RESULT  2 \t"] {
        let mut world = busy();
        world.says("l", format!("{line}\nOK").as_bytes());
        assert_eq!(world.lines()[0], "DEBG l: event was processed", "{line:?}");
    }
    for line in ["RESULT 0x2", "RESULT 1__2", "RESULT ", "RESULT two", "RESULT2", "RESULT -1", "OK"] {
        let mut world = busy();
        world.says("l", format!("{line}\nOK").as_bytes());
        assert_eq!(
            world.lines(),
            [
                format!("WARN l: bad result line: '{line}'"),
                "DEBG l: BUSY -> UNKNOWN".to_owned(),
                UNKNOWN.to_owned(),
                "DEBG rebuffering event 0 for pool l (buf size=0, max=10)".to_owned(),
            ]
        );
    }
}

/// `ev_p10`, `ev_p11`, `ev_p32`: a bad line puts the event back, in a full queue at the cost of the next one.
#[test]
fn a_bad_result_line_puts_the_event_back() {
    let mut world = World::started(vec![listener(Some(2))]);
    world.says("l", b"READY\n");
    for data in ["one", "two", "three"] {
        world.emit(data);
    }
    world.lines();
    world.says("l", b"READY\n");
    assert_eq!(
        world.lines(),
        [
            "WARN l: bad result line: 'READY'",
            "DEBG l: BUSY -> UNKNOWN",
            UNKNOWN,
            "DEBG rebuffering event 0 for pool l (buf size=2, max=2)",
            "ERRO pool l event buffer overflowed, discarding event 1",
        ]
    );
    world.exits("l", 1);
    world.deliveries();
    world.says("l", b"READY\n");
    world.says("l", b"RESULT 2\nOKREADY\n");
    assert_eq!(world.deliveries(), ["l 0/0 one", "l 2/2 three"]);
}

/// `ev_p12`, `ev_p13`: any body but OK is a rejection: the same event again, at once.
#[test]
fn a_rejected_event_comes_again() {
    for answer in
        [&b"RESULT 4\nFAILREADY\n"[..], b"RESULT 3\nOK\nREADY\n", b"RESULT 0\nREADY\n", b"RESULT 2\nokREADY\n"]
    {
        let mut world = busy();
        world.emit("two");
        world.says("l", answer);
        assert_eq!(
            world.lines(),
            [
                "WARN l: event was rejected",
                "DEBG l: BUSY -> ACKNOWLEDGED",
                "DEBG rebuffering event 0 for pool l (buf size=1, max=10)",
                "DEBG l: ACKNOWLEDGED -> READY",
                "DEBG event 0 sent to listener l",
            ]
        );
        assert_eq!(world.deliveries(), ["l 0/0 one"]);
    }
}

/// A listener that rejects an event again and again is given time: ten deliveries at once, then with pauses, and
/// a line a second. When it accepts at last, what waited behind comes at once and in order.
#[test]
fn rejections_without_end_are_slowed_down() {
    let mut world = busy();
    world.emit("two");
    for _ in 0..10 {
        world.says("l", b"RESULT 4\nFAILREADY\n");
        assert_eq!(world.deliveries(), ["l 0/0 one"]);
        assert_eq!(world.lines()[0], "WARN l: event was rejected");
    }
    let mut told = Vec::new();
    let mut wait = Duration::from_millis(1);
    for _ in 0..13 {
        world.says("l", b"RESULT 4\nFAILREADY\n");
        told.extend(world.lines().into_iter().filter(|line| line.contains("rejected")));
        assert_eq!(world.deliveries(), Vec::<String>::new(), "before the pause of {wait:?}");
        world.advance(wait - Duration::from_micros(1));
        assert_eq!(world.deliveries(), Vec::<String>::new());
        world.advance(Duration::from_micros(1));
        assert_eq!(world.deliveries(), ["l 0/0 one"]);
        wait = (wait * 2).min(Duration::from_secs(1));
    }
    let counts = [1, 10, 1, 1].map(|count| format!("event 0 was rejected {count} more times"));
    assert!(told.len() == 4 && told.iter().zip(&counts).all(|(line, count)| line.contains(count)), "{told:?}");
    world.says("l", b"RESULT 2\nOKREADY\n");
    assert_eq!(world.deliveries(), ["l 1/1 two"]);
}

/// `ev_p14`, `ev_p28`: a negative length is a bad line, an endless one is waited for.
#[test]
fn lengths_out_of_range() {
    let mut world = busy();
    world.says("l", b"RESULT 99999999999999999999999\nOK");
    assert_eq!(world.lines(), Vec::<String>::new());
    assert_eq!(session(&world), Some(ListenerState::Busy));
}

/// `ev_p15`: large bodies pass.
#[test]
fn a_large_body_is_collected() {
    let mut world = busy();
    world.says("l", b"RESULT 200000\n");
    for _ in 0..20 {
        world.says("l", &[b'x'; 10_000]);
    }
    assert_eq!(world.lines()[0], "WARN l: event was rejected");
}

/// `ev_p17`, `ev_p19`: death in BUSY puts the event back, after half an answer too; numbers stay.
#[test]
fn death_puts_the_event_back() {
    let mut world = busy();
    world.says("l", b"RESULT 2\nO");
    world.exits("l", 0);
    assert_eq!(
        world.lines(),
        ["INFO exited: l (exit status 0; expected)", "DEBG rebuffering event 0 for pool l (buf size=0, max=10)"]
    );
    world.start("l", false);
    world.says("l", b"READY\n");
    assert_eq!(world.deliveries(), ["l 0/0 one"]);
}

/// `ev_p18`: a full answer counts although its writer is dead already.
#[test]
fn a_full_answer_before_death_counts() {
    let mut world = busy();
    world.says("l", b"RESULT 2\nOK");
    world.exits("l", 1);
    world.says("l", b"READY\n");
    assert_eq!(world.deliveries(), Vec::<String>::new());
    assert_eq!(world.engine.pools().next().unwrap().2.delivered, 1);
}

/// Nothing is sent to a listener that is known to be dead, even if it became RUNNING by that knowledge.
#[test]
fn the_dead_get_nothing() {
    let mut config = pool("l", &[EventKind::Event], None);
    config.processes = vec![process_with("l", |p| p.autorestart = AutoRestart::Never)];
    let mut world = World::started(vec![config]);
    world.says("l", b"READY\n");
    world.sleep(secs(5));
    world.exits("l", 0);
    assert_eq!(world.deliveries(), Vec::<String>::new());
}

/// `ev_p20`: with stdin closed the event stays, and the listener is as READY as before.
#[test]
fn a_closed_stdin_costs_nothing() {
    let mut world = world();
    world.close_stdin("l");
    world.says("l", b"READY\n");
    world.emit("one");
    assert_eq!(
        world.lines()[1..],
        [
            "DEBG epipe occurred while sending event 0 to listener l, listener state unchanged",
            "DEBG rebuffering event 0 for pool l (buf size=0, max=10)",
        ]
    );
    assert_eq!(session(&world), Some(ListenerState::Ready));
    assert_eq!(world.engine.next_deadline(), None, "nothing is retried by time");
    // A second report, for what was written long ago, changes nothing.
    world.says("l", b"x");
    world.input(crate::engine::Input::StdinClosed(world.id("l")));
    assert_eq!(session(&world), Some(ListenerState::Unknown));
}

/// One line a stall, however much follows; none for a listener that is merely slow, or gone.
#[test]
fn a_listener_that_does_not_read_is_told_of_once() {
    const LINE: &str = "WARN l: has left unread for 5 seconds what it was sent, its standard input is full";
    let mut world = busy();
    let l = world.id("l");
    world.input(Input::LeftUnread(l));
    world.advance(secs(4));
    world.input(Input::NothingUnread(l));
    world.advance(secs(10));
    assert_eq!(world.lines(), Vec::<String>::new());
    for _ in 0..2 {
        world.input(Input::LeftUnread(l));
        world.advance(secs(4));
        world.input(Input::LeftUnread(l));
        world.advance(secs(1));
        assert_eq!(world.lines(), [LINE]);
        world.input(Input::LeftUnread(l));
        world.advance(secs(10));
        assert_eq!(world.lines(), Vec::<String>::new());
        world.input(Input::NothingUnread(l));
    }
    world.input(Input::LeftUnread(l));
    world.exits("l", 0);
    world.advance(secs(10));
    assert!(!world.lines().contains(&LINE.to_owned()));
}

/// `ev_p29`: an answer while STOPPING counts, but nothing more is sent.
#[test]
fn an_answer_while_stopping_counts() {
    let mut world = busy();
    world.emit("two");
    world.stop("l", false);
    world.lines();
    world.says("l", b"RESULT 2\nOKREADY\n");
    assert_eq!(
        world.lines(),
        ["DEBG l: event was processed", "DEBG l: BUSY -> ACKNOWLEDGED", "DEBG l: ACKNOWLEDGED -> READY"]
    );
    assert_eq!(world.deliveries(), Vec::<String>::new());
}

/// supervisor-stdout: a payload that comes back is shown, and the event is done.
#[test]
fn a_pool_may_show_results_on_standard_output() {
    let mut config = pool("l", &[EventKind::ProcessLog], Some(10));
    if let GroupKind::EventListener(pool) = &mut config.kind {
        pool.result_handler = ResultHandler::SupervisorStdout;
    }
    let mut world = World::started(vec![config, program("cat", |_| {})]);
    world.says("l", b"READY\n");
    let cat = world.id("cat");
    world.input(Input::Logged(cat, Channel::Stdout, Bytes::from_static("né\n".as_bytes())));
    world.lines();
    // A listener that counts characters is understood.
    let payload = "processname:cat groupname:cat pid:2 channel:stdout\nné\n";
    world.says("l", format!("RESULT {}\n{payload}READY\n", payload.chars().count()).as_bytes());
    assert_eq!(world.other, [Effect::Print(Bytes::from_static("cat stdout | né\n".as_bytes()))]);
    assert_eq!(
        world.lines(),
        ["DEBG l: event was processed", "DEBG l: BUSY -> ACKNOWLEDGED", "DEBG l: ACKNOWLEDGED -> READY"]
    );

    world.input(Input::Logged(cat, Channel::Stdout, Bytes::from_static(b"text")));
    world.lines();
    world.says("l", b"RESULT 2\nOKREADY\n");
    assert_eq!(
        world.lines(),
        [
            "WARN l: event caused an error",
            "DEBG l: BUSY -> UNKNOWN",
            UNKNOWN,
            "WARN l: answered b'OK', where supervisor_stdout:event_handler allows only a PROCESS_LOG payload",
            "DEBG rebuffering event 1 for pool l (buf size=0, max=10)",
        ]
    );
    assert_eq!(session(&world), Some(ListenerState::Unknown));
}
