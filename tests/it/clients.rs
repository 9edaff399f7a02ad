//! The client matrix: programs of the original and of the set under test, each under the other's daemon. The effects
//! are the same whoever serves whom.

use supervisor_tests::scenario::{self, commands_of};
use supervisor_tests::{Setup, Subject};

/// The two ways to mix the sets, or nothing where the original is not at hand.
pub(crate) fn mixed() -> Vec<(Subject, Subject)> {
    let Some(original) = Subject::original() else { return Vec::new() };
    let ours = Subject::under_test();
    vec![(ours.clone(), original.clone()), (original, ours)]
}

fn commands_golden() -> String {
    std::fs::read_to_string(scenario::file("supervisorctl")).expect("the golden file")
}

#[test]
fn client_original_supervisorctl_on_the_daemon() {
    let Some(original) = Subject::original() else { return };
    assert_eq!(commands_of(&Subject::under_test(), &original), commands_golden());
}

#[test]
fn client_supervisorctl_on_the_original_daemon() {
    let Some(original) = Subject::original() else { return };
    assert_eq!(commands_of(&original, &Subject::under_test()), commands_golden());
}

#[test]
fn client_original_supervisorctl_follows_a_log() {
    let Some(original) = Subject::original() else { return };
    let daemon =
        Setup::new().program("p", "stdout_logfile={dir}/p.out", r"'say:hello\n' wait:go 'say:more\n' hang").start();
    daemon.wait_file("p.out", "hello");
    let mut command = std::process::Command::new(original.program("supervisorctl"));
    supervisor_tests::setup::prepare(&mut command, daemon.dir(), &[]);
    command.arg("-c").arg(daemon.path("supervisord.conf")).args(["tail", "-f", "p"]);
    command.stdout(std::fs::File::create(daemon.path("tail.txt")).unwrap());
    let mut tail = command.spawn().unwrap();
    daemon.wait_file("tail.txt", "hello\n");
    daemon.touch("go");
    daemon.wait_file("tail.txt", "more\n");
    assert_eq!(daemon.read("tail.txt"), "==> Press Ctrl-C to exit <==\nhello\nmore\n");
    // The stream ends with the daemon.
    daemon.stop();
    supervisor_tests::wait_until("the tail to end", || tail.try_wait().unwrap());
}

#[test]
fn client_crashmail_under_the_other_daemon() {
    for (daemon, listeners) in mixed() {
        super::events::superlance::crashmail(&daemon, &listeners);
    }
}

#[test]
fn client_memmon_under_the_other_daemon() {
    for (daemon, listeners) in mixed() {
        super::events::superlance::memmon(&daemon, &listeners);
    }
}

#[test]
fn client_httpok_under_the_other_daemon() {
    for (daemon, listeners) in mixed() {
        super::events::superlance::httpok(&daemon, &listeners);
    }
}
