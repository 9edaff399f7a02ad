//! The two small programs beside the daemon, from outside. Contract: appendix B.

#![allow(clippy::unwrap_used)] // what tests share is test code too

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PIDPROXY: &str = env!("CARGO_BIN_EXE_pidproxy");

/// A shell that says what signals it gets until it gets one that ends it, and writes the pid file given to it. Left
/// alone, it ends after a minute.
const DAEMON: &str = r#"
for name in HUP USR1 USR2; do trap "echo $name" $name; done
for name in INT QUIT TERM; do trap "kill \$!; echo $name; exit 7" $name; done
sleep 60 >/dev/null 2>&1 &
echo $$ >"$0"
echo ready
while kill -0 $! 2>/dev/null; do wait; done
"#;

/// A running `pidproxy` and what it and its command print.
struct Proxy {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Proxy {
    fn start(pid_file: &Path, command: &[&str]) -> Self {
        let mut process = Command::new(PIDPROXY)
            .arg(pid_file)
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Proxy { process, lines }
    }

    fn daemon(pid_file: &Path) -> Self {
        let mut proxy = Self::start(pid_file, &["/bin/sh", "-c", DAEMON, pid_file.to_str().unwrap()]);
        assert_eq!(proxy.line(), "ready");
        proxy
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    fn send(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().try_into().unwrap()), signal).unwrap();
    }

    fn status(mut self) -> Option<i32> {
        self.process.wait().unwrap().code()
    }
}

fn output(arguments: &[&str]) -> Output {
    Command::new(PIDPROXY).args(arguments).output().unwrap()
}

#[test]
fn too_few_words_are_answered_with_the_usage() {
    for arguments in [&[][..], &["p"]] {
        let output = output(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(&format!("\nUsage: {PIDPROXY} <pidfile name> <command> [<cmdarg1> ...]\n")), "{text}");
        assert_eq!((output.status.code(), output.stderr.len()), (Some(1), 0));
    }
}

#[test]
fn signals_reach_the_process_of_the_pid_file_and_three_end_the_proxy() {
    let directory = tempfile::tempdir().unwrap();
    for last in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT] {
        let mut proxy = Proxy::daemon(&directory.path().join("pid"));
        for signal in [Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGHUP, last] {
            proxy.send(signal);
            assert_eq!(format!("SIG{}", proxy.line()), signal.as_str());
        }
        assert_eq!(proxy.status(), Some(0), "{last}");
    }
}

#[test]
fn the_pid_file_is_read_at_each_signal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pid");
    let mut proxy = Proxy::daemon(&path);
    let pid = fs::read(&path).unwrap();
    let complaint = format!("Can't read child pidfile {}!", path.display());
    fs::remove_file(&path).unwrap();
    proxy.send(Signal::SIGTERM);
    assert_eq!(proxy.line(), complaint);
    for unusable in ["", "x\n", "0\n", "-1\n"] {
        fs::write(&path, unusable).unwrap();
        proxy.send(Signal::SIGQUIT);
        assert_eq!(proxy.line(), complaint);
    }
    fs::write(&path, pid).unwrap();
    proxy.send(Signal::SIGTERM);
    assert_eq!((proxy.line().as_str(), proxy.status()), ("TERM", Some(0)));
}

#[test]
fn the_end_of_the_command_is_the_end_whatever_its_status() {
    for (command, expected) in [
        (&["/bin/sh", "-c", "echo \"$@\"; exit 3", "sh", "a b", "c"][..], "a b c\n"),
        (&["/bin/sh", "-c", "kill -9 $$"], ""),
        (&["/none"], ""),
        (&["sh", "-c", "echo not searched for"], ""),
    ] {
        let output = output(&[&["pid"], command].concat());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        assert_eq!(output.status.code(), Some(0), "{command:?}");
    }
    let mut proxy = Proxy::start(Path::new("pid"), &["/bin/cat"]);
    drop(proxy.process.stdin.take());
    assert_eq!(proxy.status(), Some(0));
}

#[test]
fn a_signal_for_nobody_is_a_failure() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pid");
    let proxy = Proxy::daemon(&path);
    let pid: i32 = fs::read_to_string(&path).unwrap().trim().parse().unwrap();
    fs::write(&path, "2147483647").unwrap();
    proxy.send(Signal::SIGHUP);
    assert_eq!(proxy.status(), Some(1));
    kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
}

#[test]
fn the_sample_is_printed_whatever_the_words() {
    let output = Command::new(env!("CARGO_BIN_EXE_echo_supervisord_conf")).arg("--help").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), supervisord::config::options::sample::sample());
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}
