//! Series S, memmon before a daemon that the test plays: what it finds too large, and what it does about it.

use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use supervisor_tests::fake::{self, Answer, Call, Fake};
use supervisor_tests::run::read;
use supervisor_tests::{Ran, Setup, Value, setup, subject, wait_until};

use super::superlance::{KEEP, drive_at};

/// One tick, answered.
const TICK: &[(&str, &str)] = &[("TICK_60", "when:60")];
const ANSWERED: &str = "READY\nRESULT 2\nOKREADY\n";

/// A process with memory of its own, that waits for ever.
struct Idle(Child);

impl Idle {
    fn start(setup: &Setup) -> Self {
        let mut command = Command::new(subject::misbehave());
        setup::prepare(&mut command, &setup.path(""), &[]);
        command.arg("play").arg(setup.path("idle.rec")).args(["touch:idle", "hang"]);
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        wait_until("the idle process", || setup.path("idle").exists().then_some(()));
        Self(child)
    }

    fn pid(&self) -> i64 {
        i64::from(self.0.id())
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs memmon for a tick before a daemon with these processes; what it did, and its end.
fn tick(setup: &Setup, processes: Vec<Value>, args: &[&str]) -> (Vec<String>, Ran) {
    tick_before(setup, args, fake::obedient(processes))
}

fn tick_before(
    setup: &Setup,
    args: &[&str],
    daemon: impl FnMut(&Call) -> Answer + Send + 'static,
) -> (Vec<String>, Ran) {
    let server = Fake::inet(daemon);
    let ran = drive_at(setup, server.url(), "memmon", args, TICK);
    (server.acts(), ran)
}

/// The lines `RSS of NAME is BYTES`.
fn sizes(ran: &Ran) -> Vec<(String, u64)> {
    let size = |line: &str| {
        let (name, bytes) = line.strip_prefix("RSS of ")?.split_once(" is ")?;
        Some((name.to_owned(), bytes.parse().ok()?))
    };
    ran.err.lines().filter_map(size).collect()
}

#[test]
fn ev_s04_memmon_limits() {
    let setup = Setup::new();
    let idle = Idle::start(&setup);
    let processes = || {
        vec![
            fake::process("g", "one", idle.pid(), "RUNNING"),
            fake::process("g", "off", 0, "STOPPED"),
            fake::process("h", "two", idle.pid(), "STARTING"),
        ]
    };
    let (acts, ran) = tick(&setup, processes(), &["-a", "1GB"]);
    assert_eq!(acts.len(), 0, "{acts:?}");
    let found = sizes(&ran);
    let rss = found[0].1;
    assert_eq!(found, [("g:one".to_owned(), rss), ("h:two".to_owned(), rss)], "{}", ran.err);
    // The limit itself is within it.
    let limit = |bytes: u64| bytes.to_string();
    let restart = |name: &str| vec![format!("stopProcess {name}"), format!("startProcess {name}")];
    assert_eq!(tick(&setup, processes(), &["-a", &limit(rss)]).0.len(), 0);
    let (acts, ran) = tick(&setup, processes(), &["-a", &limit(rss - 1)]);
    assert_eq!(acts, [restart("g:one"), restart("h:two")].concat());
    assert!(ran.err.starts_with(&format!("Checking any={}\n", rss - 1)), "{}", ran.err);
    assert_eq!(tick(&setup, processes(), &["-g", &format!("h={}", rss - 1)]).0, restart("h:two"));
    assert_eq!(tick(&setup, processes(), &["-g", &format!("h={rss}")]).0.len(), 0);
    assert_eq!(tick(&setup, processes(), &["-p", &format!("one={}", rss - 1)]).0, restart("g:one"));
    assert_eq!(tick(&setup, processes(), &["-p", &format!("one={rss}")]).0.len(), 0);
    assert_eq!(tick(&setup, processes(), &["-p", "off=1", "-g", "nosuch=1"]).0.len(), 0);
}

/// Processes that end with the test.
struct Family<'a>(&'a [i64]);

impl Drop for Family<'_> {
    fn drop(&mut self) {
        for pid in self.0 {
            // One that is gone already is no matter.
            let _ = kill(Pid::from_raw(*pid as i32), Signal::SIGKILL);
        }
    }
}

#[test]
fn ev_s06_memmon_adds_up_all_descendants() {
    let setup = Setup::new();
    // Three generations, two in the last; they are swept away with the directory.
    let mut command = Command::new("sh");
    setup::prepare(&mut command, &setup.path(""), &[]);
    let script = "echo $$ >>pids; sh -c 'echo $$ >>pids; sleep 1000 & echo $! >>pids; sleep 1000 & echo $! >>pids; touch up; wait; :'; :";
    let command = command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut root = command.spawn().unwrap();
    wait_until("the family", || setup.path("up").exists().then_some(()));
    let pids: Vec<i64> = read(&setup.path("pids")).lines().map(|pid| pid.parse().unwrap()).collect();
    let _family = Family(&pids);
    // The last ones are shells until they are programs.
    for pid in &pids[2..] {
        wait_until("the program", || (read(format!("/proc/{pid}/comm").as_ref()) == "sleep\n").then_some(()));
    }
    let family = |pids: &[i64]| -> Vec<Value> {
        pids.iter().map(|pid| fake::process("g", &format!("p{pid}"), *pid, "RUNNING")).collect()
    };
    let each: u64 = sizes(&tick(&setup, family(&pids), &["-a", "1GB"]).1).iter().map(|(_, size)| size).sum();
    for option in ["-c", "--cumulative"] {
        let (_, ran) = tick(&setup, family(&pids[..1]), &[option, "-a", "1GB"]);
        assert_eq!(sizes(&ran), [(format!("g:p{}", pids[0]), each)], "{}", ran.err);
    }
    let _ = root.kill();
    let _ = root.wait();
}

/// A mail with its time and size masked.
fn mail(setup: &Setup) -> String {
    let text = read(&setup.path("mail"));
    let Some((head, tail)) = text.split_once(" at ") else { return text };
    let (time, tail) = tail.split_once(" because ").expect("a reason");
    // `Sun Nov 22 11:02:37 2026 UTC`
    let shape: String = time.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    assert!(shape.ends_with(" 00:00:00 0000 UTC") && shape.len() == 28, "{time}");
    let bytes = tail.chars().filter(char::is_ascii_digit).collect::<String>();
    assert!(bytes.parse::<u64>().is_ok_and(|bytes| bytes % 1024 == 0), "{tail}");
    format!("{head} at TIME because {}", tail.replace(&bytes, "BYTES"))
}

#[test]
fn ev_s07_memmon_mails() {
    // The process has been up for a hundred seconds.
    let body = "memmon.py restarted the process named g:one at TIME because it was consuming too much memory (BYTES bytes RSS)";
    let with = ["-m", "a@b", "-s", KEEP];
    let cases: [(&[&str], Option<&str>); 7] = [
        (&[], Some("memmon: ")),
        (&["-n", "host"], Some("memmon [host]: ")),
        (&["--name=host"], Some("memmon [host]: ")),
        (&["-u", "100"], Some("memmon: ")),
        (&["-u", "100s"], Some("memmon: ")),
        (&["-u", "99"], None),
        (&["-u", "1m"], None),
    ];
    for (options, prefix) in cases {
        let setup = Setup::new();
        let idle = Idle::start(&setup);
        let processes = vec![fake::process("g", "one", idle.pid(), "RUNNING")];
        let (acts, ran) = tick(&setup, processes, &[&["-a", "1"][..], options, &with].concat());
        assert_eq!(acts, ["stopProcess g:one", "startProcess g:one"], "{options:?}");
        assert_eq!(ran.out, ANSWERED, "{}", ran.err);
        let wanted = prefix.map(|prefix| format!("To: a@b\nSubject: {prefix}process g:one restarted\n\n{body}"));
        assert_eq!(mail(&setup), wanted.unwrap_or_default(), "{options:?}");
    }
    let setup = Setup::new();
    let idle = Idle::start(&setup);
    let (acts, _) = tick(&setup, vec![fake::process("g", "one", idle.pid(), "RUNNING")], &["-a", "1", "-s", KEEP]);
    assert_eq!(acts.len(), 2);
    assert!(!setup.path("mail").exists(), "nobody is to be mailed");
}

#[test]
fn ev_s08_memmon_is_named_by_its_option_alone() {
    let setup = Setup::new();
    let idle = Idle::start(&setup);
    let processes = vec![fake::process("g", "one", idle.pid(), "RUNNING")];
    tick(&setup, processes, &["-n", "host", "-p", "one=1", "-m", "a@b", "-s", KEEP]);
    assert!(mail(&setup).starts_with("To: a@b\nSubject: memmon [host]: "), "{}", mail(&setup));
}

/// A daemon that refuses `method`, once.
fn refusing(method: &'static str, processes: Vec<Value>) -> impl FnMut(&Call) -> Answer + Send + 'static {
    let mut obedient = fake::obedient(processes);
    move |call| match call.method.ends_with(method) {
        true => Answer::Fault(70, "NOT_RUNNING: g:one"),
        false => obedient(call),
    }
}

fn survives_a_refusal(method: &'static str, act: &str) {
    let setup = Setup::new();
    let idle = Idle::start(&setup);
    let processes = vec![fake::process("g", "one", idle.pid(), "RUNNING")];
    let args = ["-a", "1", "-m", "a@b", "-s", KEEP];
    let (_, ran) = tick_before(&setup, &args, refusing(method, processes));
    let fault = "<Fault 70: 'NOT_RUNNING: g:one'>";
    let said = ran.err.lines().find(|line| line.starts_with(&format!("Failed to {act} process g:one")));
    let said = said.unwrap_or_else(|| panic!("{}", ran.err));
    assert!(said.contains(fault) && said.ends_with(", will try again at the next tick"), "{said}");
    assert_eq!((ran.code, ran.out.as_str()), (0, ANSWERED), "{}", ran.err);
    let mail = read(&setup.path("mail"));
    let subject =
        format!("To: a@b\nSubject: memmon: failed to {act} process g:one, will try again at the next tick\n\n");
    assert!(mail.starts_with(&subject) && mail.ends_with(said), "{mail}");
}

#[test]
fn ev_s08_memmon_survives_a_failed_stop() {
    survives_a_refusal("stopProcess", "stop");
}

#[test]
fn ev_s08_memmon_survives_a_failed_start() {
    survives_a_refusal("startProcess", "start");
}

#[test]
fn ev_s24_memmon_rules_meet() {
    let setup = Setup::new();
    let idle = Idle::start(&setup);
    let process = |group: &str, name: &str| fake::process(group, name, idle.pid(), "RUNNING");
    let processes = || vec![process("g", "one"), process("h", "one"), process("h", "two")];
    // A plain name means that process of each group.
    let (acts, _) = tick(&setup, processes(), &["-p", "one=1"]);
    let restart = |name: &str| [format!("stopProcess {name}"), format!("startProcess {name}")];
    assert_eq!(acts, [restart("g:one"), restart("h:one")].concat());
    // Who was restarted for its group is not measured again for all.
    let (acts, ran) = tick(&setup, processes(), &["-g", "g=1", "-a", "1"]);
    assert_eq!(acts, [restart("g:one"), restart("h:one"), restart("h:two")].concat());
    let names: Vec<String> = sizes(&ran).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["g:one", "h:one", "h:two"]);
}

/// A daemon that loses its connections when it has stopped a process: the answer to the first start is lost.
pub(super) fn forgetful(processes: Vec<Value>) -> impl FnMut(&Call) -> Answer + Send + 'static {
    let mut obedient = fake::obedient(processes);
    let mut lost = false;
    move |call| {
        if call.method.ends_with("startProcess") && !std::mem::replace(&mut lost, true) {
            return Answer::HangUp;
        }
        match call.brief().split_once(' ') {
            // By now it is stopped.
            Some(("getProcessInfo", name)) if lost => {
                let (group, name) = name.split_once(':').unwrap_or((name, name));
                Answer::Value(fake::process(group, name, 0, "STOPPED"))
            }
            _ => obedient(call),
        }
    }
}

#[test]
fn ev_s26_memmon_starts_over_a_new_connection() {
    let setup = Setup::new();
    let idle = Idle::start(&setup);
    let processes = vec![fake::process("g", "one", idle.pid(), "RUNNING")];
    let (acts, ran) = tick_before(&setup, &["-a", "1"], forgetful(processes));
    assert_eq!(acts, ["stopProcess g:one", "startProcess g:one", "startProcess g:one"], "{}", ran.err);
    assert_eq!((ran.code, ran.out.as_str()), (0, ANSWERED), "{}", ran.err);
}
