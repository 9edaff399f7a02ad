//! Plays a configuration on one set of programs: start, the script of calls, end.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;

use super::cases::{Case, Step};
use super::mask::{mask, sure};
use super::{Aspects, Seen, logs, values};
use crate::run::read;
use crate::{Daemon, Setup, Subject, Value};

/// Plays a case and returns what was seen.
pub fn play(case: &Case, subject: &Subject) -> Seen {
    let mut setup = Setup::new().subject(subject);
    for (path, text) in &case.files {
        setup = setup.write(path, text);
    }
    if let Some(log) = &case.log {
        setup = setup.log_file(log);
    }
    setup = if case.whole { setup.file(&case.text) } else { setup.with(&case.text) };
    let daemon = setup.start();
    let mut player = Player { daemon: &daemon, case, rpc: String::new(), aspects: Aspects::new() };
    player.settle();
    let times = logs::times(&daemon.log_text());
    player.script();
    let names = player.names();
    let Player { rpc, mut aspects, .. } = player;
    let code = daemon.stop();
    aspects.insert("calls".to_owned(), mask(daemon.setup(), &rpc));
    aspects.insert("exit".to_owned(), format!("{code}\n"));
    leftovers(&daemon, &names, &mut aspects);
    Seen { aspects, times }
}

struct Player<'a> {
    daemon: &'a Daemon,
    case: &'a Case,
    rpc: String,
    aspects: Aspects,
}

impl Player<'_> {
    /// Waits until every process is where it will stay.
    fn settle(&self) {
        let configured = self.daemon.ok("getAllConfigInfo", &[]);
        let autostart = |name: &str| {
            configured
                .array()
                .iter()
                .any(|info| info.get("name").str() == name && *info.get("autostart") == Value::Bool(true))
        };
        self.daemon.wait("the processes to come to rest", || {
            let all = self.daemon.ok("getAllProcessInfo", &[]);
            all.array()
                .iter()
                .all(|info| {
                    let (name, state) = (info.get("name").str(), info.get("statename").str());
                    let rests = match self.case.ends.iter().find(|(wanted, _)| wanted == name) {
                        Some((_, wanted)) => wanted == "*" || wanted == state,
                        None => !autostart(name) || state == "RUNNING",
                    };
                    rests && self.is_itself(info.get("pid").int())
                })
                .then_some(())
        });
    }

    /// Whether a child has executed its program. Until then it is a copy of the daemon, to which a signal may be lost.
    fn is_itself(&self, pid: i64) -> bool {
        let program = |pid: i64| fs::read_link(format!("/proc/{pid}/exe")).ok();
        pid == 0 || program(pid) != program(self.daemon.pid().into())
    }

    fn call(&mut self, method: &str, params: &[Value]) -> Option<Value> {
        let full = if method.contains('.') { method.to_owned() } else { format!("supervisor.{method}") };
        let mut outcome = self.daemon.try_rpc(&full, params);
        // Children die in any order.
        if let (true, Some(Ok(Value::Array(items)))) = (method.starts_with("stop"), &mut outcome) {
            items.sort_by_key(|item| format!("{item:?}"));
        }
        let _ = write!(self.rpc, "=== {method} {params:?}\n{}", values::answer(outcome.as_ref()));
        outcome?.ok()
    }

    fn config_info(&mut self, aspect: &str) {
        let outcome = self.daemon.try_rpc("supervisor.getAllConfigInfo", &[]);
        let text = mask(self.daemon.setup(), &values::answer(outcome.as_ref()));
        self.aspects.insert(aspect.to_owned(), text);
    }

    /// Names of all processes and groups.
    fn names(&self) -> Vec<String> {
        let Some(Ok(all)) = self.daemon.try_rpc("supervisor.getAllProcessInfo", &[]) else { return Vec::new() };
        let mut names: Vec<String> = Vec::new();
        for info in all.array() {
            names.push(info.get("name").str().to_owned());
            names.push(info.get("group").str().to_owned());
        }
        names.sort();
        names.dedup();
        names.retain(|name| !name.is_empty());
        names
    }

    /// The calls every configuration answers, and those of its own.
    fn script(&mut self) {
        self.config_info("config");
        self.call("getIdentification", &[]);
        self.call("getState", &[]);
        let all = self.call("getAllProcessInfo", &[]);
        let all: Vec<Value> = all.map(|all| all.array().to_vec()).unwrap_or_default();
        let full = |info: &Value| format!("{}:{}", info.get("group").str(), info.get("name").str());
        for name in all.iter().map(full) {
            let name = name.as_str();
            self.call("readProcessStdoutLog", &[name.into(), 0.into(), 0.into()]);
            self.call("readProcessStderrLog", &[name.into(), (-20).into(), 0.into()]);
            self.call("tailProcessStdoutLog", &[name.into(), 0.into(), 1.into()]);
        }
        if !self.case.brief {
            self.call("signalAllProcesses", &["CONT".into()]);
            let mut groups: Vec<&str> = all.iter().map(|info| info.get("group").str()).collect();
            groups.dedup();
            for group in groups {
                self.call("stopProcessGroup", &[group.into()]);
                self.call("startProcessGroup", &[group.into()]);
            }
            self.settle();
            if let Some(next) = &self.case.next {
                self.reread(next);
            } else {
                self.call("reloadConfig", &[]);
                self.config_info("config after a reread");
            }
        }
        for step in &self.case.steps {
            match step {
                Step::Call(method, words) => {
                    let params: Vec<Value> = words.iter().map(|word| values::parameter(word)).collect();
                    self.call(method, &params);
                }
                Step::Until(name, state) => self.daemon.wait_state(name, state),
                Step::File(name, text, count) => self.daemon.wait(&format!("{text:?} in {name}"), || {
                    (self.daemon.read(name).matches(text.as_str()).count() >= *count).then_some(())
                }),
            }
        }
        if !self.case.brief {
            self.call("stopAllProcesses", &[]);
            self.call("getAllProcessInfo", &[]);
        }
    }

    /// Another configuration takes effect, as `supervisorctl update` does it.
    fn reread(&mut self, next: &str) {
        if self.case.whole {
            fs::write(self.daemon.path("supervisord.conf"), self.daemon.fill(next)).unwrap();
        } else {
            self.daemon.rewrite(next);
        }
        self.call("reloadConfig", &[]);
        self.config_info("config after a reread");
        let ran = self.daemon.ctl(&["update"]);
        let _ = write!(self.rpc, "=== supervisorctl update\n{}{}{}\n", ran.out, ran.err, ran.code);
        self.config_info("config after an update");
        self.call("getAllProcessInfo", &[]);
    }
}

/// What the daemon left behind: log, console, files.
fn leftovers(daemon: &Daemon, names: &[String], aspects: &mut Aspects) {
    let setup = daemon.setup();
    let log = daemon.log_text();
    aspects.insert("order".to_owned(), logs::order(&log));
    let masked = mask(setup, &log);
    for (name, records) in logs::by_process(&sure(&masked), names) {
        let aspect = if name.is_empty() { "log".to_owned() } else { format!("log {name}") };
        aspects.insert(aspect, records);
    }
    let console = daemon.read("stdout.txt");
    let shown = if console == log { "the log\n".to_owned() } else { sure(&mask(setup, &console)) };
    aspects.insert("console".to_owned(), shown + &mask(setup, &daemon.read("stderr.txt")));
    aspects.insert("files".to_owned(), listing(setup));
    let mut contents: Vec<(String, String)> = Vec::new();
    content(setup, setup.dir.path(), &mut contents);
    contents.sort();
    for (name, text) in contents {
        let text = format!("{}\n", mask(setup, &text));
        aspects.entry(format!("file {name}")).or_default().push_str(&text);
    }
}

/// Files that have an aspect of their own, or are the case's.
const KNOWN: &[&str] = &["supervisord.log", "stdout.txt", "stderr.txt", "supervisord.conf"];

fn content(setup: &Setup, dir: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let place = path.strip_prefix(setup.dir.path()).expect("a path in the directory").display().to_string();
        let kind = entry.file_type().expect("its type");
        if kind.is_dir() {
            content(setup, &path, out);
        } else if kind.is_file() && !KNOWN.contains(&place.as_str()) {
            out.push((mask(setup, &place), read(&path)));
        }
    }
}

/// All files of the directory with type and mode.
pub fn listing(setup: &Setup) -> String {
    let mut lines = Vec::new();
    list(setup, setup.dir.path(), &mut lines);
    lines.sort();
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn list(setup: &Setup, dir: &Path, lines: &mut Vec<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        let kind = meta.file_type();
        let kind = match () {
            () if kind.is_dir() => "directory",
            () if kind.is_socket() => "socket",
            () if kind.is_fifo() => "fifo",
            () if kind.is_symlink() => "link",
            () => "file",
        };
        let place = path.strip_prefix(setup.dir.path()).expect("a path in the directory").display().to_string();
        lines.push(format!("{} {kind} {:o}", mask(setup, &place), meta.permissions().mode() & 0o7777));
        if kind == "directory" {
            list(setup, &path, lines);
        }
    }
}
