//! Series CL, the part that is about users, limits and the order of a start.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use supervisor_tests::run::run;
use supervisor_tests::setup::prepare;
use supervisor_tests::{Daemon, Ran, Setup};

use super::cmdline::refusal;
use super::conditions::{AS_NOBODY, can_be_root, is_ours, open_to_all};

/// The value of a field in `/proc/PID/status`.
fn status(pid: impl std::fmt::Display, field: &str) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{field}:"))).unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}

/// A soft limit of a process, by its name in `/proc/PID/limits`.
fn soft_limit(daemon: &Daemon, name: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().to_owned()
}

/// The error of a start with this setup.
fn error(setup: &Setup) -> String {
    std::fs::write(setup.path("supervisord.conf"), setup.text()).unwrap();
    refusal(setup, &["-n", "-s", "-c", "{dir}/supervisord.conf"])
}

/// More than any system allows.
const TOO_MANY: &str = "minfds=2000000000";

const TOO_FEW: &str = " file descriptors.  Either raise the number of usable file descriptors in your environment (see \
    README.rst) or lower the minfds setting in the config file to allow the process to start.";

#[test]
fn cfg_cl14_order_of_the_steps_of_a_start() {
    // Each start has all mistakes from its own on.
    let mistakes = [
        ("[program:a]\n", "program section program:a does not specify a command in section"),
        ("[supervisord]\nuser=nosuchuser\n", "Invalid user name nosuchuser"),
        ("[supervisord]\nminfds=2000000000\n", "The minimum number of file descriptors required"),
        ("[supervisord]\nlogfile={dir}\n", "Is a directory"),
        ("[inet_http_server]\nport=127.0.0.1:{port}\n", "Another program is already listening"),
    ];
    let ways = [2, 2, 2, 1, 2];
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (at, ((_, text), code)) in mistakes.iter().zip(ways).enumerate() {
        let sections: String = mistakes[at..].iter().map(|(section, _)| section.replace("{port}", &port)).collect();
        let ran = Setup::new().args(&["-s"]).with(&sections).run();
        assert!(ran.err.contains(text), "{text}: {}", ran.err);
        assert_eq!(ran.code, code, "{text}");
    }
}

#[test]
fn cfg_cl23_another_user() {
    if !can_be_root("another user") {
        return;
    }
    // A group file of the test's own, so that there is a supplementary group.
    let script = "mount --bind {dir}/group /etc/group && exec \"$@\"";
    let setup =
        Setup::new().write("group", "root:x:0:\nnogroup:x:65534:\nextra:x:4242:somebody,nobody\nno:x:4343:nob\n");
    let setup = setup
        .supervisord("user=nobody")
        .through(&["unshare", "-m", "sh", "-c", script, "sh"])
        .with("[program:cat]\ncommand=/bin/cat\nstartsecs=0");
    open_to_all(&setup.path(""));
    let daemon = setup.start();
    daemon.wait_log("INFO Set uid to user 65534 succeeded");
    daemon.wait_state("cat", "RUNNING");
    for pid in [i64::from(daemon.pid()), daemon.pid_of("cat")] {
        assert_eq!(status(pid, "Uid"), ["65534"; 4]);
        assert_eq!(status(pid, "Gid"), ["65534"; 4]);
        assert_eq!(status(pid, "Groups"), ["4242", "65534"], "the kernel sorts them");
    }
    let log = daemon.info("cat").get("stdout_logfile").str().to_owned();
    for path in ["supervisord.log", "supervisord.pid", "s.sock"].map(|name| daemon.path(name).display().to_string()) {
        assert_eq!(std::fs::metadata(&path).unwrap().uid(), 65534, "{path}");
    }
    assert_eq!(std::fs::metadata(&log).unwrap().uid(), 65534, "{log}");
}

#[test]
fn cfg_cl24_another_user_without_being_root() {
    let as_nobody = |setup: Setup| match can_be_root("to become nobody first") {
        true => setup.through(AS_NOBODY),
        false => setup,
    };
    let setup = as_nobody(Setup::new().supervisord("user=root"));
    assert_eq!(error(&setup), "Can't drop privilege as nonroot user");

    let uid = if nix::unistd::Uid::current().is_root() { 65534 } else { nix::unistd::Uid::current().as_raw() };
    let setup = as_nobody(Setup::new().supervisord(&format!("user={uid}")));
    open_to_all(&setup.path(""));
    let daemon = setup.start();
    daemon.wait_log(&format!("INFO Set uid to user {uid} succeeded"));
    assert_eq!(status(daemon.pid(), "Uid"), [uid.to_string(), uid.to_string(), uid.to_string(), uid.to_string()]);
}

#[test]
fn cfg_cl25_limits_are_raised() {
    let limits: &[&str] = &["prlimit", "--nofile=512:4000", "--nproc=4000:5000"];
    let daemon = Setup::new().supervisord("minfds=600\nminprocs=4500").through(limits).start();
    let lines = ["INFO Increased RLIMIT_NOFILE limit to 600", "INFO Increased RLIMIT_NPROC limit to 4500"];
    assert_eq!(daemon.log_order(&lines), lines);
    assert_eq!(
        (soft_limit(&daemon, "Max open files"), soft_limit(&daemon, "Max processes")),
        ("600".into(), "4500".into())
    );

    let daemon = Setup::new().supervisord("minfds=100\nminprocs=100").through(limits).start();
    assert!(!daemon.has_logged("Increased"));
    assert_eq!(
        (soft_limit(&daemon, "Max open files"), soft_limit(&daemon, "Max processes")),
        ("512".into(), "4000".into())
    );

    let text = error(&Setup::new().supervisord(TOO_MANY));
    let head = "The minimum number of file descriptors required to run this process is 2000000000 as per the \"minfds\" \
        command-line argument or config file setting. The current environment will only allow you to open ";
    let number = text.strip_prefix(head).and_then(|rest| rest.strip_suffix(TOO_FEW));
    let number = number.unwrap_or_else(|| panic!("another text: {text}"));
    assert!(number.parse::<u64>().is_ok(), "{number}");
}

#[test]
fn ours_cl25_the_limit_that_is_named_is_the_limit() {
    if !is_ours() {
        return;
    }
    let text = error(&Setup::new().supervisord(TOO_MANY).through(&["prlimit", "--nofile=512:4000"]));
    assert!(text.contains(&format!("will only allow you to open 4000{TOO_FEW}")), "{text}");
}

#[test]
fn cfg_cl08_the_command_line_wins() {
    let daemon = Setup::new()
        .supervisord("identifier=file\nlogfile=/nonexistent/log")
        .args(&[
            "-i",
            "given",
            "-l",
            "{dir}/supervisord.log",
            "-j",
            "{dir}/other.pid",
            "-e",
            "info",
            "-q",
            "{dir}/logs",
        ])
        .write("logs/keep", "")
        .with("[program:cat]\ncommand=/bin/cat\nautostart=false");
    // A bad value of the file is still an error, so it must be a good one that loses.
    let daemon = daemon.supervisord("logfile={dir}/unused.log\nnodaemon=false").start();
    assert_eq!(daemon.ok("getIdentification", &[]).str(), "given");
    assert_eq!(daemon.read("other.pid"), format!("{}\n", daemon.pid()));
    assert!(!daemon.path("unused.log").exists() && !daemon.path("supervisord.pid").exists());
    assert!(daemon.info("cat").get("stdout_logfile").str().contains("/logs/cat-stdout---given-"));
    assert!(!daemon.log().iter().any(|line| line.starts_with("DEBG")));

    let old = "p-stdout---supervisor-abcdefgh.log";
    let daemon = Setup::new()
        .supervisord("silent=false\nnocleanup=false\nstrip_ansi=false\nminfds=600\nminprocs=4300")
        .supervisord("logfile_maxbytes=0\nlogfile_backups=9")
        .args(&["-s", "-k", "-t", "-a", "700", "--minprocs", "4500", "-y", "100000", "-z", "1"])
        .through(&["prlimit", "--nofile=512:4000", "--nproc=4000:5000"])
        .write(old, "")
        // The first record makes it full.
        .write("supervisord.log", &"x".repeat(99_999))
        .write("supervisord.log.1", "the only copy")
        .program("p", "stdout_logfile={dir}/p.out", r"'say:\e[1mbold\n' hang")
        .start();
    assert_eq!(daemon.wait_file("p.out", "bold"), "bold\n");
    assert_eq!(daemon.read("stdout.txt"), "");
    assert!(daemon.path(old).exists());
    assert_eq!(
        (soft_limit(&daemon, "Max open files"), soft_limit(&daemon, "Max processes")),
        ("700".into(), "4500".into())
    );
    assert!(daemon.read("supervisord.log.1").starts_with("xxx") && !daemon.path("supervisord.log.2").exists());

    // Directory and umask are for the background.
    let setup = Setup::new().daemonize().write("file/x", "").write("given/x", "");
    let setup = setup.supervisord("directory={dir}/file\numask=022").args(&["-d", "{dir}/given", "-m", "027"]);
    let pid = super::cmdline::background(&setup);
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), setup.path("given"));
    assert_eq!(std::fs::metadata(setup.path("supervisord.pid")).unwrap().mode() & 0o777, 0o640);

    if can_be_root("a choice of users") {
        let daemon = Setup::new().supervisord("user=nobody").args(&["-u", "root"]).start();
        daemon.wait_log("INFO Set uid to user 0 succeeded");
        assert_eq!(status(daemon.pid(), "Uid"), ["0"; 4]);
    }
}

/// Runs supervisord by these words, in the directory of a setup, until it ends.
fn spoken(setup: &Setup, words: &[&str], path: Option<&str>) -> Ran {
    let mut command = Command::new(words[0]);
    prepare(&mut command, &setup.path(""), &[]);
    if let Some(path) = path {
        command.env("PATH", format!("{path}:/usr/bin:/bin"));
    }
    command.args(&words[1..]);
    run(command, "", &setup.path(""))
}

#[test]
fn cfg_cl30_the_program_is_shown_as_it_was_found() {
    let setup = Setup::new().write("bin/x", "");
    let program = setup.subject.program("supervisord");
    std::os::unix::fs::symlink(&program, setup.path("bin/supervisord")).unwrap();
    let bin = setup.fill("{dir}/bin");
    let help = |program: &str| format!("\nFor help, use {program} -h\n");
    let places = |root: &str| {
        format!(
            "No config file found at default paths ({root}etc/supervisord.conf, {root}supervisord.conf, supervisord.conf, "
        )
    };
    let absolute = format!("{bin}/supervisord");
    let cases = [
        (absolute.as_str(), absolute.as_str(), setup.fill("{dir}/")),
        ("supervisord", absolute.as_str(), setup.fill("{dir}/")),
        ("bin/supervisord", "bin/supervisord", String::new()),
    ];
    for (word, shown, root) in cases {
        let path = (word == "supervisord").then_some(bin.as_str());
        let refused = spoken(&setup, &[word, "--bogus"], path);
        assert!(refused.code == 2 && refused.err.ends_with(&help(shown)), "{word}: {refused:?}");
        let lost = spoken(&setup, &[word, "-n"], path);
        if ["/etc/supervisord.conf", "/etc/supervisor/supervisord.conf"].iter().any(|path| Path::new(path).exists()) {
            eprintln!("SKIPPED in part: this machine has a configuration of its own");
        } else {
            assert!(lost.code == 2 && lost.err.contains(&places(&root)), "{word}: {lost:?}");
        }
        let usage = spoken(&setup, &[word, "-h"], path);
        assert!(usage.out.contains(&format!("\nUsage: {shown} [options]\n")), "{word}: {usage:?}");
    }
    // Some service managers have another word there.
    let renamed = spoken(&setup, &["/bin/bash", "-c", &format!("exec -a /x/y/z {absolute} --bogus")], None);
    assert!(renamed.err.ends_with(&help(&absolute)), "{renamed:?}");
}
