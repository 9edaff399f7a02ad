//! The example listeners in seven languages, under the daemon of the set: every one takes every kind of event that is
//! about now, a payload of other letters included, and is still in the protocol afterwards.
//!
//! That they pass the conformance kit, and do what they are for, is tested beside the kit.

use std::path::{Path, PathBuf};
use std::process::Command;

use supervisor_tests::{Setup, skip, subject};

/// An example, by its path from the folder of examples.
fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/listeners").join(name);
    path.canonicalize().unwrap().display().to_string()
}

/// A program on PATH; says so when it is not there.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file());
    if found.is_none() {
        skip::skip(true, &format!("there is no {name} here"));
    }
    found
}

/// Runs a listener, `command` as the configuration has it, through the lives of three programs and two messages.
fn serves(setup: Setup, command: &str) {
    let daemon = setup
        .with(&format!("[eventlistener:l]\ncommand={command}\nevents=EVENT\nbuffer_size=100\nstartsecs=0"))
        .program("größe", "startsecs=0\nautostart=false\nautorestart=false", "exit:3")
        .program("gone", "startsecs=30\nstartretries=0\nautostart=false", "exit:1")
        .start();
    daemon.wait_log("l: ACKNOWLEDGED -> READY");
    daemon.request_start("größe");
    daemon.wait_state("größe", "EXITED");
    daemon.request_start("gone");
    daemon.wait_state("gone", "FATAL");
    daemon.remote("kind", "two lines\nof größe €\n");
    daemon.remote("last", "");
    // STARTING, RUNNING, EXITED; STARTING, BACKOFF, FATAL; two messages; and whatever came before.
    daemon.wait_log_times("l: event was processed", 8);
    assert!(!daemon.has_logged("has entered the UNKNOWN state"), "{}", daemon.log_text());
    assert_eq!(daemon.state("l"), "RUNNING");
}

#[test]
fn listener_in_rust() {
    serves(Setup::new(), &format!("{} 5", subject::fixture("count-restarts").display()));
}

#[test]
fn listener_in_python() {
    let Some(python) = tool("python3") else { return };
    // Nobody answers there: a hook that is away is no reason to leave the protocol.
    serves(Setup::new(), &format!("{} {} http://127.0.0.1:9/hook", python.display(), example("python/webhook.py")));
}

#[test]
fn listener_in_sh() {
    serves(Setup::new(), &format!("/bin/sh {} /bin/true", example("sh/on-fatal.sh")));
}

#[test]
fn listener_in_perl() {
    let Some(perl) = tool("perl") else { return };
    let setup = Setup::new();
    let file = setup.path("exits.csv");
    serves(setup, &format!("{} {} {}", perl.display(), example("perl/exits-csv.pl"), file.display()));
}

#[test]
fn listener_in_node() {
    let Some(node) = tool("node") else { return };
    let setup = Setup::new();
    let file = setup.path("events.json");
    serves(setup, &format!("{} {} {}", node.display(), example("node/json-lines.js"), file.display()));
}

#[test]
fn listener_in_c() {
    let Some(compiler) = tool("cc") else { return };
    let setup = Setup::new();
    let program = setup.path("syslog-exits");
    let built = Command::new(compiler).arg("-o").arg(&program).arg(example("c/syslog-exits.c")).status().unwrap();
    assert!(built.success());
    serves(setup, &program.display().to_string());
}

#[test]
fn listener_in_ruby() {
    let Some(ruby) = tool("ruby") else { return };
    serves(Setup::new(), &format!("{} {} ops@example.com 15", ruby.display(), example("ruby/digest.rb")));
}
