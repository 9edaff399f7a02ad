use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;

use super::*;
use crate::config::model::Origin;
use crate::engine::tests::config::process;

fn fast_cgi(url: String) -> FastCgiConfig {
    FastCgiConfig { url, backlog: None, owner: None, mode: 0o700 }
}

fn group(config: FastCgiConfig) -> GroupConfig {
    GroupConfig {
        name: "f".into(),
        priority: 999,
        kind: GroupKind::FastCgi(config),
        processes: ["a", "b"].map(|name| ProcessConfig { section: "fcgi-program:f".into(), ..process(name) }).into(),
        origin: Origin { file: "x.conf".into(), line: 1 },
    }
}

/// Calls and what they made the log say.
struct Said(Vec<String>);

impl Said {
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0)
    }
}

fn hold(sockets: &mut Sockets, id: u32, group: &GroupConfig, said: &mut Said) -> Result<(), String> {
    let process = &group.processes[0];
    let held = sockets.hold(ProcessId(id), group, process, &mut |message| said.0.push(message.to_string()));
    held.map_err(|error| error.to_string())
}

#[test]
fn a_socket_lives_as_long_as_somebody_holds_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f.sock");
    let url = format!("unix://{}", path.display());
    let group = group(fast_cgi(url.clone()));
    let (mut sockets, mut said) = (Sockets::default(), Said(Vec::new()));

    hold(&mut sockets, 1, &group, &mut said).unwrap();
    hold(&mut sockets, 2, &group, &mut said).unwrap();
    assert_eq!(said.take(), [format!("Creating socket {url}")]);
    let (one, two) = (sockets.of(ProcessId(1)).unwrap(), sockets.of(ProcessId(2)).unwrap());
    assert_eq!(one.as_raw_fd(), two.as_raw_fd());

    assert_eq!(sockets.let_go(ProcessId(1)), None);
    UnixStream::connect(&path).expect("it still listens");
    assert!(sockets.of(ProcessId(1)).is_none());
    assert_eq!(sockets.let_go(ProcessId(2)), Some(Message::ClosingSocket { url }));
    UnixStream::connect(&path).expect_err("nobody listens");
    assert!(path.exists(), "the file is left for the next one to replace");
    assert_eq!(sockets.let_go(ProcessId(2)), None);
}

#[test]
fn ordinary_programs_have_none() {
    let mut group = group(fast_cgi("unix:///nonexistent/x".into()));
    group.kind = GroupKind::Programs;
    let (mut sockets, mut said) = (Sockets::default(), Said(Vec::new()));
    hold(&mut sockets, 1, &group, &mut said).unwrap();
    sockets.try_out(&group, &mut |message| said.0.push(message.to_string())).unwrap();
    assert!(said.take().is_empty() && sockets.of(ProcessId(1)).is_none());
    assert!(!is_needed(&group));
}

#[test]
fn a_member_of_a_group_has_its_own_and_shares_it_with_other_groups() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("unix://{}/f.sock", directory.path().display());
    let mut group = group(fast_cgi("unix:///nonexistent/x".into()));
    group.kind = GroupKind::Programs;
    group.processes[0].fcgi = Some(fast_cgi(url.clone()));
    let other = GroupConfig { name: "other".into(), ..group.clone() };
    let (mut sockets, mut said) = (Sockets::default(), Said(Vec::new()));
    hold(&mut sockets, 1, &group, &mut said).unwrap();
    // What is in use is not tried out: that would take the path from those who live.
    sockets.try_out(&other, &mut |message| said.0.push(message.to_string())).unwrap();
    hold(&mut sockets, 2, &other, &mut said).unwrap();
    assert_eq!(said.take(), [format!("Creating socket {url}")]);
}

#[test]
fn a_trial_opens_and_closes_once_for_a_group() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("unix://{}/f.sock", directory.path().display());
    let group = group(fast_cgi(url.clone()));
    let mut said = Vec::new();
    Sockets::default().try_out(&group, &mut |message| said.push(message.to_string())).unwrap();
    assert_eq!(said, [format!("Creating socket {url}"), format!("Closing socket {url}")]);
    assert!(is_needed(&group));
}

#[test]
fn the_file_has_its_mode_and_replaces_another() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f.sock");
    fs::write(&path, "a regular file").unwrap();
    let config =
        FastCgiConfig { mode: 0o640, backlog: Some(u16::MAX), ..fast_cgi(format!("unix://{}", path.display())) };
    Sockets::default().make(&config).unwrap();
    let metadata = fs::symlink_metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.mode() & 0o7777, 0o640);
}

#[test]
fn names_are_looked_up_by_the_trial_only() {
    let mut sockets = Sockets::default();
    let group = group(fast_cgi("tcp://localhost:1".into()));
    let known: SocketAddrV4 = "127.0.0.1:0".parse().unwrap();
    sockets.addresses.insert("tcp://localhost:1".into(), known);
    let mut said = Said(Vec::new());
    hold(&mut sockets, 1, &group, &mut said).expect("any free port of the address that is known");
    assert!(sockets.of(ProcessId(1)).is_some());
}

#[test]
fn what_goes_wrong_is_told_with_the_address() {
    let directory = tempfile::tempdir().unwrap();
    let at = |path: &str| format!("unix://{}/{path}", directory.path().display());
    let long = at(&"x".repeat(120));
    let (missing, itself) = (at("missing/f.sock"), at(""));
    for (url, problem) in [
        ("tcp://192.0.2.1:80", "[Errno 99] Cannot assign requested address"),
        ("tcp://::80", "no IPv4 address of this name is known"),
        (missing.as_str(), "[Errno 2] No such file or directory"),
        (itself.as_str(), "[Errno 21] Is a directory"),
        (long.as_str(), "AF_UNIX path too long"),
    ] {
        let group = group(fast_cgi(url.to_owned()));
        let (mut sockets, mut said) = (Sockets::default(), Said(Vec::new()));
        let error = hold(&mut sockets, 1, &group, &mut said).unwrap_err();
        assert_eq!(error, format!("Could not create FastCGI socket {url}: {problem}"));
        assert_eq!(said.take(), [format!("Creating socket {url}")]);
        assert!(sockets.of(ProcessId(1)).is_none());
    }
}
