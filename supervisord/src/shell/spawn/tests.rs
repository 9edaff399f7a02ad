//! Children as the system makes them, on each way to exec.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::*;

/// Runs `script` to its end: what it wrote to stdout and stderr, and its status.
fn run(launcher: &mut Launcher, file: &str, script: &str, adjust: impl Fn(&mut Plan)) -> (String, String, i32) {
    let program =
        Program { file: PathBuf::from(file), argv: ["sh", "-c", script].iter().map(|word| word.to_string()).collect() };
    let mut plan = Plan {
        program: &program,
        stdin: None,
        environment: vec!["WORD=hello".into()],
        directory: None,
        umask: None,
        user: None,
        redirect_stderr: false,
        close_below: None,
        children: 1,
    };
    adjust(&mut plan);
    let Spawned { pid, stdin, stdout, stderr } = spawn(&plan, launcher).unwrap();
    // A child that never had a program reads nothing.
    let _ = File::from(stdin.unwrap()).write_all(b"input\n");
    let text = |fd: OwnedFd| {
        // Without non-blocking, so that the end of the pipe is waited for.
        Errno::result(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, 0) }).unwrap();
        let mut text = String::new();
        File::from(fd).read_to_string(&mut text).unwrap();
        text
    };
    let (stdout, stderr) = (text(stdout), stderr.map(text).unwrap_or_default());
    let WaitStatus::Exited(_, status) = waitpid(Pid::from_raw(pid), None).unwrap() else { panic!("killed") };
    (stdout, stderr, status)
}

/// The ways to exec: in the daemon's memory, and as a copy of the daemon for each reason there is for one.
fn ways(mut each: impl FnMut(&mut Launcher, &dyn Fn(&mut Plan))) {
    let mut launcher = Launcher::for_many(1);
    each(&mut launcher, &|_| {});
    each(&mut launcher, &|plan| plan.children = 0);
    each(&mut launcher, &|plan| plan.close_below = Some(1000));
    each(&mut launcher, &|plan| plan.directory = Some(Path::new("/")));
}

#[test]
fn every_end_of_a_pipe_is_the_child_s_alone() {
    let script = "read line; echo $line $WORD; echo oops >&2; exit 3";
    ways(|launcher, adjust| {
        let told = run(launcher, "/bin/sh", script, adjust);
        assert_eq!(told, ("input hello\n".to_owned(), "oops\n".to_owned(), 3));
    });
}

#[test]
fn what_the_daemon_inherited_stays_behind() {
    // Not closed on exec, and beyond every seat.
    let inherited = unsafe { libc::fcntl(0, libc::F_DUPFD, 600) };
    assert!(inherited >= 600);
    let script = format!("test -e /proc/self/fd/{inherited}");
    ways(|launcher, adjust| assert_eq!(run(launcher, "/bin/sh", &script, adjust).2, 1));
    let handed_down = |plan: &mut Plan| plan.close_below = Some(600);
    assert_eq!(run(&mut Launcher::for_many(1), "/bin/sh", &script, handed_down).2, 0);
    nix::unistd::close(inherited).unwrap();
}

#[test]
fn a_child_without_a_program_says_why() {
    ways(|launcher, adjust| {
        let (stdout, stderr, status) = run(launcher, "/nonexistent", "", adjust);
        let text = "supervisor: couldn't exec sh: ENOENT\nsupervisor: child process was not spawned\n";
        assert_eq!((stdout.as_str(), stderr.as_str(), status), ("", text, 127));
    });
}
