//! A running daemon under test: what it says over RPC, in its log and through its listeners.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Mutex;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::envelope::{self, Event};
use crate::http::{self, Address, Conn};
use crate::run::{Ran, read, run};
use crate::setup::{Setup, prepare};
use crate::wait::wait_until;
use crate::xmlrpc::{Fault, Value};
use crate::{Subject, activity};

/// A daemon in the foreground of the rig.
pub struct Daemon {
    setup: Setup,
    child: Mutex<Child>,
    address: Address,
}

/// Starts the daemon of a setup and waits until it answers, or has said that it started when it has no server.
pub(crate) fn start(setup: Setup) -> Daemon {
    let conf = setup.write_config();
    let mut command = setup.command("supervisord");
    command.arg("-c").arg(&conf).args(&setup.args).stdin(Stdio::null());
    command.stdout(File::create(setup.path("stdout.txt")).unwrap());
    command.stderr(File::create(setup.path("stderr.txt")).unwrap());
    let child = Mutex::new(command.spawn().expect("start supervisord"));
    let address = if setup.inet { Address::Port(setup.port) } else { Address::Unix(setup.path("s.sock")) };
    let daemon = Daemon { setup, child, address };
    daemon.wait_log("supervisord started with pid");
    if daemon.setup.inet || daemon.setup.text().contains(&daemon.fill("file={dir}/s.sock")) {
        let _pid = daemon.wait("the daemon to answer", || daemon.try_rpc("supervisor.getPID", &[]));
    }
    daemon
}

impl Daemon {
    /// The daemon's directory.
    pub fn dir(&self) -> &Path {
        self.setup.dir.path()
    }

    /// What it was started from.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// A path in the daemon's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.setup.path(name)
    }

    /// The port of `{port}`.
    pub fn port(&self) -> u16 {
        self.setup.port
    }

    /// Replaces the placeholders.
    pub fn fill(&self, text: &str) -> String {
        self.setup.fill(text)
    }

    /// The programs in use.
    pub fn subject(&self) -> &Subject {
        &self.setup.subject
    }

    /// The pid of the daemon.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.lock().unwrap().id()).expect("a pid")
    }

    /// Whether the daemon lives.
    pub fn is_alive(&self) -> bool {
        self.child.lock().unwrap().try_wait().expect("the state of the daemon").is_none()
    }

    /// Waits for a condition; a daemon that ends meanwhile ends the wait.
    pub fn wait<T>(&self, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
        wait_until(what, || {
            let alive = self.is_alive();
            let found = probe();
            assert!(found.is_some() || alive, "the daemon ended before {what}");
            found
        })
    }

    /// Sends a signal to the daemon.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("signal the daemon");
    }

    /// Waits for the daemon's end: its exit code, or minus the signal.
    pub fn wait_exit(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        let status = wait_until("the daemon to end", || self.child.lock().unwrap().try_wait().expect("its state"));
        status.code().unwrap_or_else(|| -status.signal().unwrap_or(0))
    }

    /// Ends the daemon by SIGTERM and waits for it.
    pub fn stop(&self) -> i32 {
        self.signal(Signal::SIGTERM);
        self.wait_exit()
    }

    /// A new connection to the daemon.
    pub fn connect(&self) -> Conn {
        Conn::open(&self.address).expect("connect to the daemon")
    }

    /// A call, or nothing when the daemon does not answer it properly.
    pub fn try_rpc(&self, method: &str, params: &[Value]) -> Option<Result<Value, Fault>> {
        http::rpc(&self.address, method, params)
    }

    /// A call and its answer. `method` without a dot is one of the `supervisor` namespace.
    pub fn rpc(&self, method: &str, params: &[Value]) -> Result<Value, Fault> {
        let method = if method.contains('.') { method.to_owned() } else { format!("supervisor.{method}") };
        self.try_rpc(&method, params).unwrap_or_else(|| panic!("no XML-RPC answer to {method} {params:?}"))
    }

    /// A call that must succeed.
    pub fn ok(&self, method: &str, params: &[Value]) -> Value {
        self.rpc(method, params).unwrap_or_else(|fault| panic!("{method} {params:?}: {fault:?}"))
    }

    /// A call that must fail, as `CODE TEXT`.
    pub fn fault(&self, method: &str, params: &[Value]) -> String {
        match self.rpc(method, params) {
            Err(fault) => format!("{} {}", fault.code, fault.text),
            Ok(value) => panic!("{method} {params:?} succeeded: {value:?}"),
        }
    }

    /// Waits until one of several texts is in the activity log, and returns that text.
    pub fn wait_any<'a>(&self, texts: &[&'a str]) -> &'a str {
        self.wait(&format!("one of the log lines {texts:?}"), || {
            let log = self.log_text();
            texts.iter().copied().find(|text| log.contains(text))
        })
    }

    /// Whether a text is in the activity log now.
    pub fn has_logged(&self, text: &str) -> bool {
        self.log_text().contains(text)
    }

    /// `startProcess` without waiting for its success.
    pub fn start_process(&self, name: &str) {
        assert_eq!(self.ok("startProcess", &[name.into(), false.into()]), Value::Bool(true));
    }

    /// `startProcess` without waiting, of a program that may have failed before the answer is written.
    pub fn request_start(&self, name: &str) {
        if let Err(fault) = self.rpc("startProcess", &[name.into(), false.into()]) {
            assert_eq!(fault.text, format!("SPAWN_ERROR: {name}"));
        }
    }

    /// `stopProcess`, waiting for its end.
    pub fn stop_process(&self, name: &str) {
        assert_eq!(self.ok("stopProcess", &[name.into()]), Value::Bool(true));
    }

    /// `getProcessInfo`.
    pub fn info(&self, name: &str) -> Value {
        self.ok("getProcessInfo", &[name.into()])
    }

    /// The state of a process.
    pub fn state(&self, name: &str) -> String {
        self.info(name).get("statename").str().to_owned()
    }

    /// The pid of a process; 0 when it does not run.
    pub fn pid_of(&self, name: &str) -> i64 {
        self.info(name).get("pid").int()
    }

    /// Waits until a process is in a state.
    pub fn wait_state(&self, name: &str, state: &str) {
        self.wait(&format!("{name} to be {state}"), || (self.state(name) == state).then_some(()));
    }

    /// The activity log, time cut off.
    pub fn log(&self) -> Vec<String> {
        activity::records(&self.log_text())
    }

    /// The activity log as it is.
    pub fn log_text(&self) -> String {
        read(&self.path(&self.setup.log))
    }

    /// Waits until a line of the activity log contains a text, and returns the line.
    pub fn wait_log(&self, text: &str) -> String {
        self.wait(&format!("the log line {text:?}"), || self.log().into_iter().find(|line| line.contains(text)))
    }

    /// Waits until `count` lines of the activity log contain a text.
    pub fn wait_log_times(&self, text: &str, count: usize) {
        self.wait(&format!("{count} times the log line {text:?}"), || {
            (self.log().iter().filter(|line| line.contains(text)).count() >= count).then_some(())
        });
    }

    /// Those of `texts` that begin a log line, in the order of the log, each as often as it does.
    pub fn log_order(&self, texts: &[&str]) -> Vec<String> {
        let hits = |line: &String| texts.iter().find(|text| line.contains(**text)).map(|text| (*text).to_owned());
        self.log().iter().filter_map(hits).collect()
    }

    /// The milliseconds between the log lines that contain a text, each to the one before, by what the log says.
    pub fn gaps(&self, text: &str) -> Vec<u64> {
        let log = self.log_text();
        let times: Vec<u64> =
            log.lines().filter(|line| line.contains(text)).filter_map(activity::millis_of_day).collect();
        // Over midnight it is the same as at any other time.
        const DAY: u64 = 24 * 60 * 60 * 1000;
        times.windows(2).map(|pair| (pair[1] + DAY - pair[0]) % DAY).collect()
    }

    /// The content of a file in the daemon's directory; nothing when it is not there.
    pub fn read(&self, name: &str) -> String {
        read(&self.path(name))
    }

    /// Waits until a file in the daemon's directory contains a text, and returns the file.
    pub fn wait_file(&self, name: &str, text: &str) -> String {
        self.wait(&format!("{text:?} in {name}"), || Some(self.read(name)).filter(|content| content.contains(text)))
    }

    /// Creates an empty file in the daemon's directory: the go-ahead for a fixture that waits for it.
    pub fn touch(&self, name: &str) {
        File::create(self.path(name)).unwrap();
    }

    /// Waits until a file exists in the daemon's directory: the sign of a program that it is up. A program that was only
    /// just forked does not have it, and may lose a signal to the handler that it has inherited.
    pub fn wait_path(&self, name: &str) {
        self.wait(&format!("{name} to exist"), || self.path(name).exists().then_some(()));
    }

    /// What a recording listener has read so far.
    pub fn events(&self, listener: &str) -> Vec<Event> {
        envelope::parse(&fs::read(self.path(&format!("{listener}.rec"))).unwrap_or_default())
    }

    /// Waits until a recording listener has read an event.
    pub fn wait_event(&self, listener: &str, what: &str, mut wanted: impl FnMut(&Event) -> bool) -> Event {
        self.wait(&format!("{listener} to read {what}"), || self.events(listener).into_iter().find(&mut wanted))
    }

    /// Waits for an event by its brief form: `web STARTING`, `TICK_5`.
    pub fn wait_brief(&self, listener: &str, brief: &str) -> Event {
        self.wait_event(listener, brief, |event| event.brief() == brief)
    }

    /// Sends a remote event and waits until a listener of such events has read it: whatever was emitted before has
    /// been delivered then, in order. Returns all events before it.
    pub fn sync(&self, listener: &str) -> Vec<Event> {
        let before = self.events(listener).len();
        let kind = format!("sync{before}");
        self.remote(&kind, "");
        let payload = format!("type:{kind}\n");
        self.wait_event(listener, "the sync event", |event| event.payload == payload);
        self.events(listener).into_iter().take_while(|event| event.payload != payload).collect()
    }

    /// The events a listener has read about one process, state changes only, as `STARTING tries:0`.
    pub fn life_of(&self, listener: &str, process: &str) -> Vec<String> {
        let about = |event: &Event| event.process() == Some(process) && event.name().starts_with("PROCESS_STATE_");
        let last = |event: &Event| event.payload.rsplit(' ').next().unwrap_or_default().to_owned();
        let word = |event: &Event| format!("{} {}", event.name().trim_start_matches("PROCESS_STATE_"), last(event));
        self.events(listener).iter().filter(|event| about(event)).map(word).collect()
    }

    /// `sendRemoteCommEvent`.
    pub fn remote(&self, kind: &str, data: &str) {
        assert_eq!(self.ok("sendRemoteCommEvent", &[kind.into(), data.into()]), Value::Bool(true));
    }

    /// Replaces the sections after the base configuration.
    pub fn rewrite(&self, sections: &str) {
        let base = self.setup.text();
        let end = base.find("[supervisorctl]\n").and_then(|at| base[at..].find(".sock\n").map(|len| at + len + 6));
        let base = &base[..end.expect("the base configuration")];
        fs::write(self.path("supervisord.conf"), format!("{base}{}", self.fill(sections))).unwrap();
    }

    /// `reloadConfig` as `added / changed / removed`.
    pub fn reread(&self) -> String {
        let lists = self.ok("reloadConfig", &[]);
        let names = |list: &Value| list.array().iter().map(Value::str).collect::<Vec<_>>().join(" ");
        lists.array()[0].array().iter().map(names).collect::<Vec<_>>().join("/")
    }

    /// The fault text of a reread with these sections, without its prefix and with `{dir}` for the directory.
    pub fn reread_error(&self, sections: &str) -> String {
        self.rewrite(sections);
        let fault = self.fault("reloadConfig", &[]);
        let text = fault.strip_prefix("92 CANT_REREAD: ").unwrap_or_else(|| panic!("another fault: {fault}"));
        text.replace(&self.dir().display().to_string(), "{dir}")
    }

    /// Runs supervisorctl on this daemon.
    pub fn ctl(&self, args: &[&str]) -> Ran {
        self.ctl_of(&self.setup.subject, args, "")
    }

    /// Runs the supervisorctl of another set on this daemon, with `input` on its stdin.
    pub fn ctl_of(&self, subject: &Subject, args: &[&str], input: &str) -> Ran {
        let mut command = std::process::Command::new(subject.program("supervisorctl"));
        prepare(&mut command, self.dir(), &self.setup.env);
        command.arg("-c").arg(self.path("supervisord.conf")).args(args);
        run(command, input, self.dir())
    }

    /// A program of the set in the daemon's directory.
    pub fn command(&self, program: &str) -> std::process::Command {
        self.setup.command(program)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let tail = |text: String| text.lines().rev().take(60).map(str::to_owned).collect::<Vec<_>>();
            for file in ["supervisord.log", "stderr.txt"] {
                let lines: Vec<String> = tail(self.read(file)).into_iter().rev().collect();
                eprintln!("--- {file} ---\n{}", lines.join("\n"));
            }
        }
        // A test that is about the end of a daemon stops it itself; the others need not wait for a tidy shutdown.
        let mut child = self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}
