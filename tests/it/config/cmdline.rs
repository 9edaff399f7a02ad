//! Series CL: options, errors at the start, and what a start leaves behind.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

use supervisor_tests::{Setup, wait_until};

/// The message of a start that is refused: `Error: MESSAGE` and the pointer to the help, exit code 2. Ours may say in
/// a further line where the mistake is and how to mend it.
pub(super) fn refusal(setup: &Setup, args: &[&str]) -> String {
    let ran = setup.run_with(args);
    let program = setup.subject.program("supervisord");
    let help = format!("\nFor help, use {} -h\n", program.display());
    let (text, further) =
        ran.err.strip_prefix("Error: ").and_then(|text| text.split_once(&help)).unwrap_or_else(|| panic!("{ran:?}"));
    assert!(further.lines().count() <= usize::from(!setup.subject.is_original()), "{ran:?}");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    text.replace(&setup.path("").display().to_string(), "{dir}/")
}

/// The message of a refused start on a configuration of these sections.
pub(super) fn refused(sections: &str) -> String {
    let setup = Setup::new().with(sections);
    std::fs::write(setup.path("supervisord.conf"), setup.text()).unwrap();
    refusal(&setup, &["-n", "-c", "{dir}/supervisord.conf"])
}

/// Is the test run by root? Some facts can only be made by root, others only be seen by somebody else.
pub(super) fn is_root() -> bool {
    let root = nix::unistd::Uid::current().is_root();
    if !root {
        eprintln!("SKIPPED in part: needs root");
    }
    root
}

#[test]
fn cfg_cl01_version() {
    for option in ["-v", "--version"] {
        let ran = Setup::new().run_with(&[option]);
        let digits = ran.out.strip_suffix('\n').unwrap().split('.').map(|part| part.parse::<u32>().is_ok());
        assert!(digits.clone().all(|is_number| is_number) && digits.count() == 3, "{}", ran.out);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    }
}

#[test]
fn cfg_cl02_help() {
    for option in ["-h", "--help", "-?"] {
        let ran = Setup::new().run_with(&[option]);
        assert!(ran.out.starts_with("supervisord -- run a set of applications as daemons.\n\nUsage: "), "{}", ran.out);
        assert!(ran.out.contains("-l/--logfile FILENAME -- use FILENAME as") && ran.out.ends_with("\n\n"));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    }
}

#[test]
fn cfg_cl03_prefixes_of_long_options() {
    let setup = Setup::new();
    assert_eq!(setup.run_with(&["--vers"]).code, 0);
    assert_eq!(refusal(&setup, &["--log"]), "option --log not a unique prefix");
}

#[test]
fn cfg_cl04_four_getopt_errors() {
    let setup = Setup::new();
    assert_eq!(refusal(&setup, &["--bogus"]), "option --bogus not recognized");
    assert_eq!(refusal(&setup, &["-Z"]), "option -Z not recognized");
    assert_eq!(refusal(&setup, &["-c"]), "option -c requires argument");
    assert_eq!(refusal(&setup, &["--configuration"]), "option --configuration requires argument");
    assert_eq!(refusal(&setup, &["--silent=1"]), "option --silent must not have an argument");
}

#[test]
fn cfg_cl05_positional_arguments() {
    let text = refusal(&Setup::new(), &["-n", "foo", "it's"]);
    assert_eq!(text, "positional arguments are not supported: ['foo', \"it's\"]");
}

#[test]
fn cfg_cl06_repeated_option() {
    let setup = Setup::new();
    assert_eq!(refusal(&setup, &["-n", "-n"]), "conflicting command line option '-n'");
    assert_eq!(refusal(&setup, &["-e", "info", "--loglevel=debug"]), "conflicting command line option '--loglevel'");
}

#[test]
fn cfg_cl07_bad_values() {
    let setup = Setup::new();
    let cases = [
        ("-e", "bogus", "bad logging level name 'bogus'"),
        ("-m", "9", "9 can not be converted to an octal type"),
        ("-d", "/nonexistent", "/nonexistent is not an existing directory"),
        ("-l", "/nonexistent/log", "The directory named as part of the path /nonexistent/log does not exist"),
        ("-y", "10XB", "invalid literal for int() with base 10: '10xb'"),
        ("-z", "x", "invalid literal for int() with base 10: 'x'"),
        ("-a", "x", "invalid literal for int() with base 10: 'x'"),
        ("-q", "/nonexistent", "/nonexistent is not an existing directory"),
        ("-j", "/nonexistent/pid", "The directory named as part of the path /nonexistent/pid does not exist"),
        ("--minprocs", "x", "invalid literal for int() with base 10: 'x'"),
    ];
    for (option, value, detail) in cases {
        assert_eq!(refusal(&setup, &[option, value]), format!("invalid value for {option} '{value}': {detail}"));
    }
}

#[test]
fn cfg_cl09_no_expansion_in_values() {
    let daemon = Setup::new().args(&["-i", "%(here)s%"]).start();
    assert_eq!(daemon.ok("getIdentification", &[]).str(), "%(here)s%");
}

#[test]
fn cfg_cl10_search_of_the_configuration() {
    let setup = Setup::new();
    if ["/etc/supervisord.conf", "/etc/supervisor/supervisord.conf"].iter().any(|path| std::fs::exists(path).unwrap()) {
        eprintln!("SKIPPED: this machine has a configuration of its own");
        return;
    }
    let ran = setup.run_with(&["-n"]);
    let program = setup.subject.program("supervisord");
    let root = program.parent().and_then(std::path::Path::parent).unwrap().display();
    let text = format!(
        "Error: No config file found at default paths ({root}/etc/supervisord.conf, {root}/supervisord.conf, \
         supervisord.conf, etc/supervisord.conf, /etc/supervisord.conf, /etc/supervisor/supervisord.conf); use the -c \
         option to specify a config file at a different path\n"
    );
    assert!(ran.err.contains(&text), "{}", ran.err);
    assert_eq!(ran.code, 2);
    // The third place comes before the fourth.
    let setup =
        setup.write("supervisord.conf", "[third]").write("etc/supervisord.conf", "[supervisord]\nminfds=fourth");
    assert!(setup.run_with(&["-n"]).err.contains("Error: .ini file does not include supervisord section\n"));
    std::fs::remove_file(setup.path("supervisord.conf")).unwrap();
    assert!(setup.run_with(&["-n"]).err.contains("Error: invalid literal for int() with base 10: 'fourth'\n"));
}

#[test]
fn cfg_cl11_warning_of_a_search_by_root() {
    if !is_root() {
        return;
    }
    let setup = Setup::new().write("supervisord.conf", "[nothing]");
    let text = "Supervisord is running as root and it is searching for its configuration file in default locations \
        (including its current working directory); you probably want to specify a \"-c\" argument specifying an \
        absolute path to a configuration file for improved security.";
    assert!(setup.run_with(&["-n"]).err.contains(text));
    assert!(!setup.run_with(&["-n", "-c", "supervisord.conf"]).err.contains(text));
}

#[test]
fn cfg_cl12_a_configuration_that_cannot_be_read() {
    let setup = Setup::new();
    assert_eq!(refusal(&setup, &["-c", "missing.conf"]), "could not find config file missing.conf");
    if nix::unistd::Uid::current().is_root() {
        eprintln!("SKIPPED in part: root can read everything");
        return;
    }
    let setup = setup.write("secret.conf", "");
    std::fs::set_permissions(setup.path("secret.conf"), std::fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(refusal(&setup, &["-c", "secret.conf"]), "could not read config file secret.conf");
}

#[test]
fn cfg_cl13_missing_section() {
    let setup = Setup::new().write("x.conf", "[program:a]\ncommand=/bin/cat\n");
    assert_eq!(refusal(&setup, &["-c", "x.conf"]), ".ini file does not include supervisord section");
}

const IN_USE: &str = "Another program is already listening on a port that one of our HTTP servers is configured to \
    use.  Shut this program down first before starting supervisord.";

#[test]
fn cfg_cl15_port_in_use() {
    let setup = Setup::new().servers("[inet_http_server]\nport=127.0.0.1:{port}\n");
    std::fs::write(setup.path("supervisord.conf"), setup.text()).unwrap();
    let port: u16 = setup.fill("{port}").parse().unwrap();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert_eq!(refusal(&setup, &["-n", "-s", "-c", "{dir}/supervisord.conf"]), IN_USE);
    assert_eq!(refusal(&setup, &["-c", "{dir}/supervisord.conf"]), IN_USE);
}

#[test]
fn cfg_cl16_other_socket_errors() {
    let setup = Setup::new().servers("[unix_http_server]\nfile={dir}/missing/s.sock\n");
    std::fs::write(setup.path("supervisord.conf"), setup.text()).unwrap();
    let text = refusal(&setup, &["-n", "-s", "-c", "{dir}/supervisord.conf"]);
    assert_eq!(text, "Cannot open an HTTP server: socket.error reported errno.ENOENT (2)");
}

#[test]
fn cfg_cl17_a_failed_start_leaves_the_running_one_alone() {
    let daemon = Setup::new().start();
    let pid = daemon.read("supervisord.pid");
    let mut command = daemon.command("supervisord");
    command.args(["-n", "-s", "-l"]).arg(daemon.path("second.log")).arg("-c").arg(daemon.path("supervisord.conf"));
    let ran = supervisor_tests::run::run(command, "", daemon.dir());
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains(IN_USE));
    assert_eq!(daemon.read("supervisord.pid"), pid);
    assert_eq!(daemon.ok("getPID", &[]).int(), i64::from(daemon.pid()));
}

/// Not even its log, which a second start would write to, and rotate when it is nearly full.
#[test]
fn ours_cl17_a_failed_start_leaves_the_log_of_the_running_one_alone() {
    let daemon = Setup::new().start();
    if daemon.subject().is_original() {
        return;
    }
    daemon.ok("getState", &[]);
    let log = daemon.log_text();
    let refused = || {
        let mut command = daemon.command("supervisord");
        command.args(["-n", "-s", "-c"]).arg(daemon.path("supervisord.conf"));
        let ran = supervisor_tests::run::run(command, "", daemon.dir());
        assert!(ran.code == 2 && ran.err.contains(IN_USE), "{ran:?}");
    };
    refused();
    let root = "Supervisor is running as root";
    assert_eq!(daemon.log_text().matches(root).count(), log.matches(root).count());
    // Nor does it make one, where the log has just been moved away.
    std::fs::rename(daemon.path("supervisord.log"), daemon.path("supervisord.log.old")).unwrap();
    refused();
    assert!(!daemon.path("supervisord.log").exists());
}

/// Where there is no server, no address tells that the configuration is taken; the original starts and takes it over.
#[test]
fn ours_cl17_a_second_daemon_without_servers_is_refused() {
    let daemon = Setup::new().servers("").with("[program:a]\ncommand=/bin/echo first\nstartsecs=0").start();
    if daemon.subject().is_original() {
        return;
    }
    daemon.wait_log("exited: a");
    let second = |more: &[&str]| {
        let mut command = daemon.command("supervisord");
        command.arg("-s").args(more).arg("-c").arg(daemon.path("supervisord.conf"));
        supervisor_tests::run::run(command, "", daemon.dir())
    };
    let refused = |ran: &supervisor_tests::run::Ran| {
        let text = "Error: Another supervisord is running on this configuration, with the pid file ";
        ran.code == 2 && ran.err.starts_with(text) && ran.err.contains(&format!("names pid {})", daemon.pid()))
    };
    let log = daemon.log_text();
    for options in [&["-n"][..], &[], &["-n", "-i", "other"]] {
        let ran = second(options);
        assert!(refused(&ran), "{options:?}: {ran:?}");
    }
    assert_eq!(daemon.log_text(), log);
    let auto = std::fs::read_dir(daemon.dir()).unwrap().filter_map(|entry| {
        Some(entry.ok()?.file_name().into_string().ok()?).filter(|name| name.starts_with("a-stdout---"))
    });
    let auto: Vec<String> = auto.collect();
    assert_eq!(auto.iter().map(|name| daemon.read(name)).collect::<Vec<_>>(), ["first\n"]);
    assert_eq!(daemon.read("supervisord.pid"), format!("{}\n", daemon.pid()));

    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    daemon.wait_log_times("supervisord started with pid", 2);
    let ran = second(&["-n"]);
    assert!(refused(&ran), "after a restart: {ran:?}");
}

/// Only one of two that are started at once runs.
#[test]
fn ours_cl17_two_daemons_that_are_started_at_once() {
    let setup = Setup::new().servers("").daemonize();
    if setup.subject.is_original() {
        return;
    }
    std::fs::write(setup.path("supervisord.conf"), setup.text()).unwrap();
    let children: Vec<_> = (0..2)
        .map(|_| {
            let mut command = setup.command("supervisord");
            command.arg("-c").arg(setup.path("supervisord.conf"));
            command.stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    let mut codes: Vec<_> = children.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(2)]);
}

/// A device is no pid file to be claimed, and of one configuration there may be many, where each has its own port.
#[test]
fn daemons_that_are_not_in_each_others_way() {
    for pidfile in ["{dir}/shared.pid", "/dev/null"] {
        if pidfile == "/dev/null" && Setup::new().subject.is_original() {
            // When it ends, it removes what is there: as root, the device.
            return;
        }
        let daemon = Setup::new()
            .servers("[inet_http_server]\nport=127.0.0.1:%(ENV_OWN_PORT)s\n")
            .env("OWN_PORT", &supervisor_tests::setup::free_port().to_string())
            .supervisord(&format!("pidfile={pidfile}"))
            .start();
        let mut command = daemon.command("supervisord");
        command.env("OWN_PORT", supervisor_tests::setup::free_port().to_string());
        command.args(["-n", "-l"]).arg(daemon.path("second.log")).arg("-c").arg(daemon.path("supervisord.conf"));
        let mut second = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        daemon.wait_file("second.log", "INFO supervisord started with pid");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(second.id() as i32), nix::sys::signal::SIGTERM).unwrap();
        assert_eq!(second.wait().unwrap().code(), Some(0));
        assert_eq!(daemon.stop(), 0);
    }
}

/// A daemon in the background: its pid, from the pid file.
pub(super) fn background(setup: &Setup) -> String {
    let ran = setup.run();
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    let read = || Some(supervisor_tests::run::read(&setup.path("supervisord.pid"))).filter(|pid| pid.ends_with('\n'));
    wait_until("the pid file", read).trim().to_owned()
}

#[test]
fn cfg_cl18_a_daemon_goes_to_the_background() {
    let setup = Setup::new().daemonize();
    let pid = background(&setup);
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!(fields[3], pid, "it leads its session");
    assert_ne!(fields[1], std::process::id().to_string(), "its parent has left");
    for fd in 0..3 {
        assert_eq!(std::fs::read_link(format!("/proc/{pid}/fd/{fd}")).unwrap().to_str(), Some("/dev/null"));
    }
}

#[test]
fn cfg_cl19_directory_and_umask_are_for_the_background() {
    let options = "directory={dir}/work\numask=027";
    let program = "[program:cat]\ncommand=/bin/cat\nstdout_logfile={dir}/cat.out";
    let setup = Setup::new().daemonize().write("work/x", "").supervisord(options).with(program);
    let pid = background(&setup);
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), setup.path("work"));
    wait_until("the log of the child", || setup.path("cat.out").exists().then_some(()));
    let mode = |path: std::path::PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(setup.path("cat.out")), 0o640);
    assert_eq!(mode(setup.path("supervisord.pid")), 0o640);

    let front = Setup::new().write("work/x", "").supervisord(options).with(program).start();
    assert_eq!(std::fs::read_link(format!("/proc/{}/cwd", front.pid())).unwrap(), front.dir());
    front.wait_state("cat", "RUNNING");
    assert_ne!(mode(front.path("cat.out")), 0o640);
}

#[test]
fn cfg_cl20_lines_of_a_start() {
    let setup = Setup::new().daemonize().write("work/x", "").supervisord("directory={dir}/work");
    let pid = background(&setup);
    let log = || supervisor_tests::run::read(&setup.path("supervisord.log"));
    wait_until("the start", || log().contains(&format!("INFO supervisord started with pid {pid}\n")).then_some(()));
    let log = log();
    let at = |text: &str| log.find(text).unwrap_or_else(|| panic!("no {text:?} in {log}"));
    let work = format!("INFO set current directory: '{}'\n", setup.path("work").display());
    assert!(at("INFO daemonizing the supervisord process\n") < at(&work));
    assert!(at(&work) < at("INFO supervisord started"));
}

#[test]
fn cfg_cl21_pid_file() {
    let daemon = Setup::new().start();
    assert_eq!(daemon.read("supervisord.pid"), format!("{}\n", daemon.pid()));
    assert_eq!(daemon.stop(), 0);
    assert!(!daemon.path("supervisord.pid").exists());

    let setup = Setup::new().write("a directory/x", "").args(&["-j", "{dir}/a directory"]).daemonize();
    let text = format!("CRIT could not write pidfile {}\n", setup.path("a directory").display());
    assert_eq!(setup.run().code, 0);
    let log = || supervisor_tests::run::read(&setup.path("supervisord.log"));
    wait_until("the complaint", || log().contains(&text).then_some(()));
    assert!(!log().contains("started with pid"));
}

#[test]
fn cfg_cl22_running_as_root() {
    if !is_root() {
        return;
    }
    let daemon = Setup::new().start();
    let text = "CRIT Supervisor is running as root.  Privileges were not dropped because no user is specified in the \
        config file.  If you intend to run as root, you can set user=root in the config file to avoid this message.";
    assert_eq!(daemon.log()[0], text);
    let daemon = Setup::new().supervisord("user=root").start();
    assert_eq!(daemon.log()[0], "INFO Set uid to user 0 succeeded");
    assert!(!daemon.has_logged("running as root"));
}

#[test]
fn cfg_cl26_silent_is_about_stdout() {
    let loud = Setup::new().start();
    assert_eq!(loud.stop(), 0);
    assert_eq!(loud.read("stdout.txt"), loud.log_text());
    let silent = Setup::new().args(&["-s"]).start();
    assert_eq!(silent.stop(), 0);
    assert_eq!(silent.read("stdout.txt"), "");
    assert!(silent.has_logged("supervisord started with pid"));
}

#[test]
fn cfg_cl27_a_normal_end() {
    let daemon = Setup::new().with("[program:cat]\ncommand=/bin/cat\nstartsecs=0").start();
    daemon.wait_state("cat", "RUNNING");
    assert_eq!(daemon.stop(), 0);
    let daemon = Setup::new().start();
    daemon.ok("shutdown", &[]);
    assert_eq!(daemon.wait_exit(), 0);
}

#[test]
fn cfg_cl28_shortened_options_are_shown_in_full() {
    let setup = Setup::new();
    let text = "invalid value for --loglevel 'x': bad logging level name 'x'";
    assert_eq!(refusal(&setup, &["--logl", "x"]), text);
    assert_eq!(refusal(&setup, &["--nodae", "--nodaem"]), "conflicting command line option '--nodaemon'");
    assert_eq!(refusal(&setup, &["--conf"]), "option --configuration requires argument");
}

#[test]
fn cfg_cl29_parsing_stops_at_the_first_word() {
    let setup = Setup::new();
    let text = |words: &str| format!("positional arguments are not supported: {words}");
    assert_eq!(refusal(&setup, &["-v", "foo"]), text("['foo']"));
    assert_eq!(refusal(&setup, &["foo", "--bogus"]), text("['foo', '--bogus']"));
    assert_eq!(refusal(&setup, &["-", "-n"]), text("['-', '-n']"));
    assert_eq!(refusal(&setup, &["-n", "--", "-v"]), text("['-v']"));
}

#[test]
fn cfg_cl31_usage_errors_are_not_logged() {
    let setup = Setup::new().with("[program:a]\nautostart=true");
    assert_eq!(setup.run().code, 2);
    assert!(!setup.path("supervisord.log").exists());
}

#[test]
fn cfg_cl32_sockets_of_a_failed_start_do_not_stand_in_the_way() {
    let servers = "[unix_http_server:a]\nfile={dir}/s.sock\n[unix_http_server:b]\nfile={dir}/missing/s.sock\n";
    let setup = Setup::new().servers(servers);
    assert_eq!(setup.run().code, 2);
    let setup = setup.servers("[unix_http_server]\nfile={dir}/s.sock\n");
    let daemon = setup.start();
    assert!(std::fs::metadata(daemon.path("s.sock")).unwrap().file_type().is_socket());
}
