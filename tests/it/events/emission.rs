//! Series E, what is emitted when and in which order.

use nix::sys::signal::Signal;
use supervisor_tests::{Daemon, Event, Setup};

use super::types::{VICTIM, make_unknown, watched};

/// What a recorder of everything has read, in short, without ticks.
fn briefs(daemon: &Daemon) -> Vec<String> {
    let events = daemon.events("rec");
    events.iter().map(supervisor_tests::Event::brief).filter(|brief| !brief.starts_with("TICK")).collect()
}

#[test]
fn ev_e25_order_of_a_start() {
    let daemon = watched("[program:cat]\ncommand=/bin/cat\nstartsecs=0");
    daemon.wait_brief("rec", "cat RUNNING");
    let wanted = [
        "PROCESS_GROUP_ADDED",
        "PROCESS_GROUP_ADDED",
        "SUPERVISOR_STATE_CHANGE_RUNNING",
        "rec STARTING",
        "cat STARTING",
        "rec RUNNING",
        "cat RUNNING",
    ];
    assert_eq!(briefs(&daemon), wanted);
}

#[test]
fn ev_e26_all_stopping_before_the_stopped_of_a_batch() {
    let daemon = watched(
        "[program:one]\ncommand=/bin/cat\nstartsecs=0\n[program:two]\ncommand=/bin/cat\nstartsecs=0\n\
         [group:g]\nprograms=one,two",
    );
    daemon.wait_brief("rec", "two RUNNING");
    daemon.ok("stopProcessGroup", &["g".into()]);
    let read: Vec<_> = daemon.sync("rec").iter().map(supervisor_tests::Event::brief).collect();
    let stops: Vec<_> = read.iter().filter(|brief| brief.contains("STOPP")).collect();
    assert_eq!(stops[..2], ["one STOPPING", "two STOPPING"]);
    assert_eq!(stops.len(), 4);
}

#[test]
fn ev_e27_order_of_an_update() {
    let daemon = watched("[program:cat]\ncommand=/bin/cat\nstartsecs=0");
    daemon.wait_brief("rec", "cat RUNNING");
    let before = briefs(&daemon).len();
    let recorder = r"[eventlistener:rec]
command={misbehave} play {dir}/rec.rec label:top 'say:READY\n' event 'say:RESULT 2\nOK' goto:top
startsecs=0
events=EVENT
buffer_size=100
[program:cat]
command=/bin/cat
startsecs=0
priority=5";
    daemon.rewrite(recorder);
    assert_eq!(daemon.ctl(&["update"]).out, "cat: stopped\ncat: updated process group\n");
    daemon.wait("cat to run again", || (briefs(&daemon).last()? == "cat RUNNING").then_some(()));
    let wanted =
        ["cat STOPPING", "cat STOPPED", "PROCESS_GROUP_REMOVED", "PROCESS_GROUP_ADDED", "cat STARTING", "cat RUNNING"];
    assert_eq!(briefs(&daemon)[before..], wanted);
}

#[test]
fn ev_e28_no_removed_at_a_reload_but_added_again() {
    let daemon = watched("[program:cat]\ncommand=/bin/cat\nstartsecs=0");
    daemon.wait_brief("rec", "cat RUNNING");
    daemon.ok("restart", &[]);
    daemon.wait("the second start", || {
        (daemon.events("rec").iter().filter(|event| event.brief() == "cat RUNNING").count() == 2).then_some(())
    });
    let read = briefs(&daemon);
    assert_eq!(read.iter().filter(|brief| *brief == "PROCESS_GROUP_ADDED").count(), 4);
    assert!(!read.iter().any(|brief| brief == "PROCESS_GROUP_REMOVED"));
}

#[test]
fn ev_e29_ticks_are_multiples_of_their_period() {
    let daemon = Setup::new().recorder("rec", "events=TICK_5").start();
    let second = daemon.wait_event("rec", "two ticks", |event| event.poolserial() == 1);
    let when = |payload: &str| payload.strip_prefix("when:").unwrap().parse::<u64>().unwrap();
    let (first, second) = (when(&daemon.events("rec")[0].payload), when(&second.payload));
    assert_eq!((first % 5, second - first), (0, 5));
}

#[test]
fn ev_e30_coinciding_ticks_come_from_short_to_long() {
    let Some(setup) = Setup::new().at_time("2026-11-22 10:59:50") else { return };
    let daemon = setup.recorder("rec", "events=TICK").start();
    let hour = daemon.wait_brief("rec", "TICK_3600");
    assert_eq!(hour.payload, "when:1795345200");
    let read = daemon.events("rec");
    let together = read.iter().filter(|event| event.payload == hour.payload);
    assert_eq!(together.map(Event::name).collect::<Vec<_>>(), ["TICK_5", "TICK_60", "TICK_3600"]);
}

#[test]
fn ev_e31_a_tick_is_delivered_soon_after_its_boundary() {
    let daemon = Setup::new().recorder("rec", "events=TICK_5").start();
    daemon.wait_event("rec", "two ticks", |event| event.poolserial() == 1);
    // The daemon's own log tells when it delivered each. The machine may have been busy at one of them.
    let delivered = |event: &Event| {
        let line = format!("event {} sent to listener rec", event.serial());
        let log = daemon.log_text();
        let time = log.lines().find(|text| text.ends_with(&line)).unwrap_or_default();
        let [hours, minutes, seconds] = [11..13, 14..16, 17..19].map(|part| time[part].parse::<u64>().unwrap());
        hours * 3600 + minutes * 60 + seconds
    };
    let when = |event: &Event| event.payload.trim_start_matches("when:").parse::<u64>().unwrap() % 86400;
    let delays = daemon.events("rec").iter().map(|event| (delivered(event) + 86400 - when(event)) % 86400).min();
    assert!(delays.unwrap() <= 2, "{delays:?} s after the boundary");
}

#[test]
fn ev_e32_log_events_need_the_option_but_no_log_file() {
    let daemon = Setup::new()
        .recorder("rec", "events=PROCESS_LOG,REMOTE_COMMUNICATION\nbuffer_size=100")
        .program("loud", "stdout_events_enabled=true\nstdout_logfile=NONE", "'say:heard' hang")
        .program("mute", "stderr_events_enabled=true", "'say:not heard' hang")
        .start();
    daemon.wait_log("not heard");
    daemon.wait_brief("rec", "loud PROCESS_LOG_STDOUT");
    assert_eq!(daemon.sync("rec").len(), 1);
}

#[test]
fn ev_e33_redirected_stderr_appears_as_stdout() {
    let options = "redirect_stderr=true\nstdout_events_enabled=true\nstderr_events_enabled=true";
    let daemon = Setup::new()
        .recorder("rec", "events=PROCESS_LOG,REMOTE_COMMUNICATION\nbuffer_size=100")
        .program("both", options, "'err:an error' hang")
        .start();
    let event = daemon.wait_event("rec", "the line", |event| event.payload.ends_with("channel:stdout\nan error"));
    assert_eq!(event.name(), "PROCESS_LOG_STDOUT");
    assert!(daemon.sync("rec").iter().all(|event| event.name() != "PROCESS_LOG_STDERR"));
}

#[test]
fn ev_e34_chunks_follow_reads() {
    let daemon = Setup::new()
        .recorder("rec", "events=PROCESS_LOG\nbuffer_size=100")
        .program("p", "stdout_events_enabled=true", r"'say:one\ntwo\nhal' wait:go 'say:f\n' hang")
        .start();
    daemon.wait_event("rec", "the first chunk", |event| event.payload.ends_with("\none\ntwo\nhal"));
    daemon.touch("go");
    daemon.wait_event("rec", "the second chunk", |event| event.payload.ends_with("channel:stdout\nf\n"));
    assert_eq!(daemon.events("rec").len(), 2);
}

#[test]
fn ev_e35_captured_data_yields_log_then_communication_and_no_log_text() {
    let daemon = Setup::new()
        .recorder("rec", "events=PROCESS_LOG,PROCESS_COMMUNICATION\nbuffer_size=100")
        .program(
            "p",
            "stdout_events_enabled=true\nstdout_capture_maxbytes=1MB\nstdout_logfile={dir}/p.out",
            r"'say:before it <!--XSUPERVISOR:BEGIN-->secret<!--XSUPERVISOR:END-->after it, some more text\n' hang",
        )
        .start();
    daemon.wait_file("p.out", "some more text\n");
    daemon.wait_event("rec", "the text after", |event| event.payload.ends_with("text\n"));
    let short = |event: &supervisor_tests::Event| {
        format!("{} {}", event.name().trim_start_matches("PROCESS_"), event.payload.split_once('\n').unwrap().1)
    };
    let wanted = [
        "LOG_STDOUT before it ",
        "LOG_STDOUT secret",
        "COMMUNICATION_STDOUT secret",
        "LOG_STDOUT after it, some more text\n",
    ];
    assert_eq!(daemon.events("rec").iter().map(short).collect::<Vec<_>>(), wanted);
    assert_eq!(daemon.read("p.out"), "before it after it, some more text\n");
}

#[test]
fn ev_e36_the_death_of_an_unknown_process() {
    let Some(setup) = Setup::new().as_nobody() else { return };
    let daemon = setup.recorder("rec", "events=PROCESS_STATE\nbuffer_size=100").with(VICTIM).start();
    make_unknown(&daemon);
    daemon.wait_brief("rec", "victim UNKNOWN");
    daemon.touch("end");
    let event = daemon.wait_brief("rec", "victim EXITED");
    assert!(event.payload.contains(" from_state:UNKNOWN expected:0 pid:"), "{}", event.payload);
    let wanted = ["STARTING", "RUNNING", "STOPPING", "UNKNOWN", "EXITED"];
    let life = daemon.life_of("rec", "victim");
    assert_eq!(life.iter().map(|entry| entry.split(' ').next().unwrap()).collect::<Vec<_>>(), wanted);
    // It can be started again, and ends at once now.
    daemon.request_start("victim");
    daemon.wait("its second life", || {
        let ends = daemon.life_of("rec", "victim").into_iter().filter(|entry| entry.starts_with("EXITED"));
        (ends.count() == 2).then_some(())
    });
}

#[test]
fn ev_e37_order_inside_a_group() {
    let daemon = watched(
        "[program:a]\ncommand=/bin/cat\npriority=1\n[program:b]\ncommand=/bin/cat\npriority=2\n\
         [group:x]\nprograms=b,a",
    );
    let members = || -> Vec<String> {
        let read = briefs(&daemon).into_iter();
        read.filter(|brief| brief.starts_with("a ") || brief.starts_with("b ")).collect()
    };
    let wait_for = |count| daemon.wait("the members", || Some(members()).filter(|read| read.len() >= count));
    assert_eq!(wait_for(4), ["b STARTING", "a STARTING", "b RUNNING", "a RUNNING"]);
    daemon.ok("stopProcessGroup", &["x".into()]);
    assert_eq!(wait_for(8)[4..6], ["a STOPPING", "b STOPPING"]);
    daemon.ok("startProcessGroup", &["x".into()]);
    assert_eq!(wait_for(12)[8..], ["a STARTING", "b STARTING", "b RUNNING", "a RUNNING"]);
}

#[test]
fn ev_e38_last_words_come_before_the_death() {
    let capture = "<!--XSUPERVISOR:BEGIN-->data<!--XSUPERVISOR:END-->";
    let options = "stdout_events_enabled=true\nstderr_capture_maxbytes=1KB\nautorestart=false\nautostart=false";
    let daemon = Setup::new()
        .recorder("rec", "events=EVENT\nbuffer_size=100")
        .program("p", options, &format!("'err:{capture}' 'say:last words'"))
        .start();
    daemon.start_process("p");
    daemon.wait_brief("rec", "p EXITED");
    let read = briefs(&daemon);
    let place = |brief: &str| read.iter().position(|other| other == brief);
    assert!(place("p PROCESS_LOG_STDOUT").unwrap() < place("p EXITED").unwrap());
    assert!(place("p PROCESS_COMMUNICATION_STDERR").unwrap() < place("p EXITED").unwrap());
}

#[test]
fn ev_e39_a_chunk_stripped_to_nothing_is_still_an_event() {
    let daemon = Setup::new()
        .supervisord("strip_ansi=true")
        .recorder("rec", "events=PROCESS_LOG\nbuffer_size=100")
        .program("p", "stdout_events_enabled=true", r"'say:\e[31m' hang")
        .start();
    daemon.wait_event("rec", "the empty chunk", |event| event.payload.ends_with("channel:stdout\n"));
}

#[test]
fn ev_e41_calls_about_an_unknown_process() {
    let Some(setup) = Setup::new().as_nobody() else { return };
    let daemon = setup.with(VICTIM).start();
    make_unknown(&daemon);
    let fault = daemon.fault("startProcess", &["victim".into()]);
    assert_eq!(fault, "30 FAILED: victim is in an unknown process state");
    assert_eq!(daemon.fault("stopProcess", &["victim".into()]), "70 NOT_RUNNING: victim");
    assert_eq!(daemon.fault("signalProcess", &["victim".into(), "HUP".into()]), "70 NOT_RUNNING: victim");
}

#[test]
fn ev_e40_one_stopping_per_stop_phase() {
    let daemon = Setup::new()
        .recorder("rec", "events=SUPERVISOR_STATE_CHANGE,REMOTE_COMMUNICATION")
        .program("slow", "stopwaitsecs=100", "block:TERM touch:up wait:go")
        .start();
    daemon.wait("the stubborn program", || daemon.path("up").exists().then_some(()));
    daemon.wait_brief("rec", "SUPERVISOR_STATE_CHANGE_RUNNING");
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log("received SIGHUP indicating restart request");
    daemon.wait_brief("rec", "SUPERVISOR_STATE_CHANGE_STOPPING");
    daemon.signal(Signal::SIGTERM);
    daemon.wait_log("received SIGTERM indicating exit request");
    daemon.sync("rec");
    daemon.touch("go");
    assert_eq!(daemon.wait_exit(), 0);
    let names: Vec<_> = daemon.events("rec").iter().map(|event| event.name().to_owned()).collect();
    let wanted = ["SUPERVISOR_STATE_CHANGE_RUNNING", "SUPERVISOR_STATE_CHANGE_STOPPING", "REMOTE_COMMUNICATION"];
    assert_eq!(names, wanted);
}
