//! What clients ask that needs no waiting: information, groups, logs, life cycle.

use super::config::{group, pool, process, program, secs};
use super::world::{EPOCH, World};
use crate::config::model::LogTarget;
use crate::engine::command::{Command, ListenerSnapshot, Refusal, Reply, Target};
use crate::engine::process::LogPaths;
use crate::engine::{After, Effect, Facts, Input};
use supervisor_protocol::event::{Channel, EventKind};
use supervisor_protocol::state::{ListenerState, ProcessState, SupervisorState};

fn ask(world: &mut World, command: Command) -> Result<Reply, Refusal> {
    let ticket = world.ask(command);
    world.answer(ticket).expect("answered at once")
}

/// `ctl_x14`, `ctl_x16`, `ctl_x17`: one process over its life.
#[test]
fn a_process_tells_what_it_is_and_was() {
    let mut world = World::started(vec![program("x", |p| p.autorestart = crate::config::model::AutoRestart::Never)]);
    world.advance(secs(5));
    let info = |world: &mut World| match ask(world, Command::ProcessInfo("x".into())) {
        Ok(Reply::Process(info)) => info,
        other => panic!("{other:?}"),
    };
    let running = info(&mut world);
    assert_eq!((running.state, running.pid, running.exitstatus), (ProcessState::Running, 1, 0));
    assert_eq!((running.start, running.stop, running.now), (EPOCH.as_secs(), 0, EPOCH.as_secs() + 5));
    assert_eq!(running.listener, None);
    world.exits("x", 7);
    let exited = info(&mut world);
    assert_eq!((exited.state, exited.pid, exited.exitstatus), (ProcessState::Exited, 0, 7));
    assert_eq!((exited.stop, &*exited.spawnerr), (EPOCH.as_secs() + 5, "Bad exit code 7"));
    for name in ["nope", "x:*", "x:"] {
        assert_eq!(ask(&mut world, Command::ProcessInfo(name.into())), Err(Refusal::BadName(name.into())));
    }
}

/// The protocol session of a listener is shown.
#[test]
fn a_listener_shows_its_session() {
    let mut world = World::started(vec![pool("l", &[EventKind::RemoteCommunication], None)]);
    world.says("l", b"READY\n");
    world.advance(secs(3));
    world.emit("one");
    world.advance(secs(3));
    let Ok(Reply::Process(info)) = ask(&mut world, Command::ProcessInfo("l".into())) else { panic!() };
    let busy = ListenerSnapshot { state: ListenerState::Busy, busy_since: Some(EPOCH.as_secs() + 3) };
    assert_eq!(info.listener, Some(busy));
}

/// `ctl_x19`: by group, then by name, whatever the priorities.
#[test]
fn all_processes_come_by_name() {
    let mut world =
        World::started(vec![group("b", 1, vec![process("z"), process("a")]), group("a", 2, vec![process("m")])]);
    let Ok(Reply::Processes(all)) = ask(&mut world, Command::AllProcessInfo) else { panic!() };
    let names: Vec<_> = all.iter().map(|info| format!("{}:{}", info.group, info.name)).collect();
    assert_eq!(names, ["a:m", "b:a", "b:z"]);
}

/// `ctl_x20`: the latest configuration, active or not, with active AUTO paths.
#[test]
fn configurations_are_the_latest_and_know_who_is_active() {
    let active = program("x", |p| p.stdout.logfile = LogTarget::Auto);
    let latest = vec![active.clone(), program("y", |p| p.stdout.logfile = LogTarget::Auto)];
    let mut world = World::new(latest, 0);
    let logs = LogPaths { stdout: Some("/tmp/x.log".into()), stderr: None };
    world.input(Input::GroupActivated(active, vec![logs]));
    world.input(Input::Started);
    let Ok(Reply::Configs(configs)) = ask(&mut world, Command::AllConfigInfo) else { panic!() };
    let shown: Vec<_> = configs.iter().map(|c| (&*c.group, c.inuse, c.process.stdout.logfile.clone())).collect();
    assert_eq!(shown, [("x", true, LogTarget::File("/tmp/x.log".into())), ("y", false, LogTarget::Auto)]);
    let path = |channel| Command::LogPath { name: "x".into(), channel };
    assert_eq!(ask(&mut world, path(Channel::Stdout)), Ok(Reply::LogPath(Some("/tmp/x.log".into()))));
    assert_eq!(ask(&mut world, path(Channel::Stderr)), Ok(Reply::LogPath(None)));
}

/// `ctl_x20`: a removed group has the AUTO files that it would have again, until the configuration is read again; and a
/// file that was named is no AUTO file.
#[test]
fn automatic_files_are_those_that_a_group_would_have() {
    let auto = program("x", |p| p.stdout.logfile = LogTarget::Auto);
    let mut world = World::new(vec![auto.clone()], 0);
    let logs = || vec![LogPaths { stdout: Some("/tmp/x.log".into()), stderr: None }];
    world.input(Input::Started);
    let shown = |world: &mut World| {
        let Ok(Reply::Configs(configs)) = ask(world, Command::AllConfigInfo) else { panic!() };
        (configs[0].inuse, configs[0].process.stdout.logfile.clone())
    };
    let reread = |world: &mut World| {
        let ticket = world.ask_with(Command::Reread, Facts::Configuration(Ok(vec![auto.clone()])));
        assert!(matches!(world.answer(ticket), Some(Ok(Reply::Reread(_)))));
    };
    let remove = |world: &mut World| {
        world.stop("x", false);
        world.exits("x", 0);
        assert_eq!(ask(world, Command::RemoveGroup("x".into())), Ok(Reply::Done));
    };
    let file = || LogTarget::File("/tmp/x.log".into());
    world.input(Input::GroupActivated(auto.clone(), logs()));
    assert_eq!(shown(&mut world), (true, file()));
    remove(&mut world);
    assert_eq!(shown(&mut world), (false, file()));
    reread(&mut world);
    assert_eq!(shown(&mut world), (false, LogTarget::Auto));
    world.input(Input::GroupActivated(auto.clone(), logs()));
    reread(&mut world);
    assert_eq!(shown(&mut world), (true, file()));
    remove(&mut world);
    assert_eq!(shown(&mut world), (false, LogTarget::Auto));
    world.input(Input::GroupActivated(program("x", |p| p.stdout.logfile = file()), logs()));
    assert_eq!(shown(&mut world), (true, LogTarget::Auto));
}

/// `ctl_x32`: an empty value is told as the path it is, NONE as none.
#[test]
fn an_empty_log_is_an_empty_path() {
    let mut world = World::started(vec![program("x", |p| p.stdout.logfile = LogTarget::Empty)]);
    let path = |channel| Command::LogPath { name: "x".into(), channel };
    assert_eq!(ask(&mut world, path(Channel::Stdout)), Ok(Reply::LogPath(Some("".into()))));
    assert_eq!(ask(&mut world, path(Channel::Stderr)), Ok(Reply::LogPath(None)));
}

/// `ctl_x39`, `cfg_rr08`: adding and removing groups.
#[test]
fn groups_are_added_and_removed() {
    let mut world = World::new(vec![program("x", |_| {})], 0);
    world.input(Input::Started);
    assert_eq!(ask(&mut world, Command::AddGroup("nope".into())), Err(Refusal::BadName("nope".into())));
    assert_eq!(ask(&mut world, Command::RemoveGroup("x".into())), Err(Refusal::BadName("x".into())));
    let ticket = world.ask_with(Command::AddGroup("x".into()), Facts::Logs(Err("no socket".into())));
    assert_eq!(world.answer(ticket), Some(Err(Refusal::Failed(Some("no socket".into())))));
    assert_eq!(ask(&mut world, Command::AddGroup("x".into())), Ok(Reply::Done));
    assert_eq!(world.state("x"), ProcessState::Starting);
    assert_eq!(ask(&mut world, Command::AddGroup("x".into())), Err(Refusal::AlreadyAdded("x".into())));
    assert_eq!(ask(&mut world, Command::RemoveGroup("x".into())), Err(Refusal::StillRunning("x".into())));
    world.stop("x", false);
    assert_eq!(ask(&mut world, Command::RemoveGroup("x".into())), Err(Refusal::StillRunning("x".into())));
    world.exits("x", 0);
    let id = world.id("x");
    assert_eq!(ask(&mut world, Command::RemoveGroup("x".into())), Ok(Reply::Done));
    assert_eq!(world.other_effects(), [Effect::Forget(id)]);
    assert_eq!(world.engine.all_processes().count(), 0);
    assert_eq!(world.engine.next_deadline(), None);
}

/// A group with an UNKNOWN process can be removed; its child is a stranger then.
#[test]
fn the_child_of_a_removed_process_is_a_stranger() {
    let mut world = World::started(vec![program("x", |_| {})]);
    world.signals_fail("x", &[super::world::EPERM]);
    world.stop("x", false);
    assert_eq!(ask(&mut world, Command::RemoveGroup("x".into())), Ok(Reply::Done));
    world.lines();
    world.input(Input::Exited(1, crate::engine::Death::Code(0)));
    assert_eq!(world.lines(), ["INFO reaped unknown pid 1 (exit status 0)"]);
}

/// `cfg_rr06`, `ctl_x38`: a reread replaces what can be added, or nothing.
#[test]
fn a_reread_changes_what_can_be_added() {
    let mut world = World::new(vec![program("old", |_| {})], 0);
    world.input(Input::Started);
    let ticket = world.ask_with(Command::Reread, Facts::Configuration(Err("broken".into())));
    assert_eq!(world.answer(ticket), Some(Err(Refusal::CantReread("broken".into()))));
    assert!(world.engine.latest_group("old").is_some());
    let ticket = world.ask_with(Command::Reread, Facts::Configuration(Ok(vec![program("new", |_| {})])));
    assert!(matches!(world.answer(ticket), Some(Ok(Reply::Reread(_)))));
    assert_eq!(ask(&mut world, Command::AddGroup("old".into())), Err(Refusal::BadName("old".into())));
    assert_eq!(ask(&mut world, Command::AddGroup("new".into())), Ok(Reply::Done));
}

/// `ctl_x36`: bytes for stdin go to what runs.
#[test]
fn stdin_is_for_what_runs() {
    let mut world = World::started(vec![program("x", |_| {})]);
    let send = |name: &str| Command::SendStdin { name: name.into(), data: "hello".into() };
    let ticket = world.ask(send("x"));
    assert_eq!(world.answer(ticket), None, "the shell answers");
    let effects = world.other_effects();
    assert!(matches!(&effects[..], [Effect::SendStdin(t, _, data)] if t.0 == ticket && data == "hello"));
    assert_eq!(ask(&mut world, send("x:*")), Err(Refusal::BadName("x:*".into())));
    world.stop("x", false);
    assert_eq!(ask(&mut world, send("x")), Err(Refusal::NotRunning("x".into())));
    world.exits("x", 0);
    assert_eq!(ask(&mut world, send("x")), Err(Refusal::NotRunning("x".into())));
}

/// `ctl_x35`: one process or all, never a group.
#[test]
fn logs_are_cleared_for_one_or_for_all() {
    let mut world = World::started(vec![group("g", 999, vec![process("a"), process("b")])]);
    let clear = |name: &str| Command::ClearLogs(Target::Name(name.into()));
    assert_eq!(ask(&mut world, clear("g:*")), Err(Refusal::BadName("g:*".into())));
    assert_eq!(ask(&mut world, clear("a")), Err(Refusal::BadName("a".into())));
    world.ask(clear("g:b"));
    world.ask(Command::ClearLogs(Target::All));
    let (a, b) = (world.id("g:a"), world.id("g:b"));
    let cleared: Vec<_> = world
        .other_effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::ClearLogs { processes, many, .. } => Some((processes, many)),
            _ => None,
        })
        .collect();
    assert_eq!(cleared, [(vec![b], false), (vec![a, b], true)]);
}

/// `ctl_x12`, `ctl_x11`: the daemon about itself.
#[test]
fn the_daemon_tells_about_itself() {
    let mut world = World::started(vec![]);
    assert_eq!(ask(&mut world, Command::State), Ok(Reply::State(SupervisorState::Running)));
    assert_eq!(ask(&mut world, Command::Ping), Ok(Reply::Done));
    assert_eq!(ask(&mut world, Command::Identification), Ok(Reply::Text("supervisor".into())));
    world.engine.set_identifier("other".into());
    assert_eq!(ask(&mut world, Command::Identification), Ok(Reply::Text("other".into())));
}

/// `ctl_x41`: a restart for a configuration that cannot be read is refused, and nothing stops.
#[test]
fn a_restart_needs_a_readable_configuration() {
    let mut world = World::started(vec![program("x", |_| {})]);
    world.lines();
    let ticket = world.ask_with(Command::Restart, Facts::Configuration(Err("broken".into())));
    assert_eq!(world.answer(ticket), Some(Err(Refusal::CantReread("broken".into()))));
    assert_eq!(world.lines(), ["CRIT cannot restart, the configuration cannot be used, nothing was changed: broken"]);
    assert_eq!(world.engine.mood(), SupervisorState::Running);
    let ticket = world.ask_with(Command::Restart, Facts::Configuration(Ok(Vec::new())));
    assert_eq!(world.answer(ticket), Some(Ok(Reply::Done)));
    assert_eq!(world.engine.mood(), SupervisorState::Restarting);
    world.exits("x", 0);
    assert_eq!(world.finished(), [After::Restart]);
}
