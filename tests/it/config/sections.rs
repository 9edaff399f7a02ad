//! Series VT and SE: types of values and the options of each section, mostly through the errors of a reread.

use std::os::unix::fs::PermissionsExt as _;

use supervisor_tests::{Daemon, Setup, Value};

use super::cmdline::refused;

/// The error of options in `[program:a]`, without its suffix.
fn error_of(daemon: &Daemon, options: &str) -> String {
    let text = daemon.reread_error(&format!("[program:a]\ncommand=/bin/cat\nautostart=false\n{options}\n"));
    let suffix = " in section 'program:a' (file: '{dir}/supervisord.conf')";
    text.strip_suffix(suffix).unwrap_or_else(|| panic!("no suffix: {text}")).to_owned()
}

/// The configuration the daemon reports for options in `[program:a]`.
fn config_of(daemon: &Daemon, options: &str) -> Value {
    daemon.rewrite(&format!("[program:a]\ncommand=/bin/cat\nautostart=false\n{options}\n"));
    daemon.reread();
    daemon.ok("getAllConfigInfo", &[]).array()[0].clone()
}

#[test]
fn cfg_vt01_types_of_values() {
    let daemon = Setup::new().start();
    let int = |text: &str| format!("invalid literal for int() with base 10: '{text}'");
    let bad = [
        ("startsecs=1.5", int("1.5")),
        ("startsecs=1__0", int("1__0")),
        ("redirect_stderr=ja", "not a valid boolean value: 'ja'".to_owned()),
        ("stdout_logfile_maxbytes=10XB", int("10xb")),
        ("stdout_logfile_maxbytes=1.5MB", int("1.5")),
        ("stdout_logfile_maxbytes=KB", int("")),
        ("stdout_logfile_maxbytes=10K", int("10k")),
        ("umask=9", "9 can not be converted to an octal type".to_owned()),
        ("stopsignal=NOPE", "value 'NOPE' is not a valid signal name".to_owned()),
        ("stopsignal=99", "value '99' is not a valid signal number".to_owned()),
        ("stopsignal=SIGRTMIN+1", "value 'SIGRTMIN+1' is not a valid signal name".to_owned()),
        ("user=nosuchuser", "Invalid user name nosuchuser".to_owned()),
        ("user=123456", "Invalid user id 123456".to_owned()),
        ("exitcodes=0,256", "not a valid list of exit codes: '0,256'".to_owned()),
        ("exitcodes=a", "not a valid list of exit codes: 'a'".to_owned()),
    ];
    for (options, text) in bad {
        assert_eq!(error_of(&daemon, options), text);
    }
    let good = [
        ("startsecs= +1_0 ", "startsecs", 10),
        ("startsecs=-3", "startsecs", -3),
        ("stdout_logfile_maxbytes=10 kb", "stdout_logfile_maxbytes", 10 * 1024),
        ("stdout_logfile_maxbytes=2Mb", "stdout_logfile_maxbytes", 2 * 1024 * 1024),
        ("stdout_logfile_maxbytes=1GB", "stdout_logfile_maxbytes", 1024 * 1024 * 1024),
        ("stopsignal= sigint ", "stopsignal", 2),
        ("stopsignal=9", "stopsignal", 9),
        ("stopsignal=RTMIN", "stopsignal", 34),
    ];
    for (options, key, number) in good {
        assert_eq!(config_of(&daemon, options).get(key).int(), number, "{options}");
    }
    for (spelling, flag) in [("YES", true), ("On", true), ("1", true), ("no", false), ("OFF", false), ("0", false)] {
        let config = config_of(&daemon, &format!("redirect_stderr={spelling}"));
        assert_eq!(config.get("redirect_stderr"), &Value::Bool(flag));
    }
    let level = |level: &str| refused(&format!("[supervisord]\nloglevel={level}"));
    assert_eq!(level("warning"), "bad logging level name 'warning'");
    assert_eq!(refused("[supervisord]\ndirectory=/nonexistent"), "/nonexistent is not an existing directory");
}

/// The variables a program with this `environment` sees, of those named by one capital letter.
fn environment(value: &str) -> String {
    let daemon = Setup::new().program("p", &format!("environment={value}"), "facts:facts hang").start();
    let facts = daemon.wait_file("facts", "fd0");
    let one_letter = |line: &&str| line.as_bytes().get(1) == Some(&b'=');
    facts.lines().filter_map(|line| line.strip_prefix("env ")).filter(one_letter).collect::<Vec<_>>().join(" ")
}

#[test]
fn cfg_vt03_ports() {
    let daemon = Setup::new().start();
    let error = |port: &str| daemon.reread_error(&format!("[inet_http_server]\nport={port}"));
    for port in ["0", "70000", "foo", ""] {
        assert_eq!(error(port), format!("not a valid port number: '{port}' "));
    }
    assert_eq!(error("localhost:0"), "0 is below lower bound (1)");
    assert_eq!(error(":70000"), "70000 is above upper bound (65535)");
    assert_eq!(error("localhost:"), "no port number specified in ''");
    assert_eq!(error("localhost:foo"), "invalid literal for int() with base 10: 'foo'");
}

#[test]
fn cfg_vt04_environment_values_that_work_today() {
    assert_eq!(environment("A=it's,B=a\"b"), "A=it's B=a\"b");
    assert_eq!(environment(r#"A="C:\\dir",B="'x'",C="x,y",D='z',E="""#), r"A=C:\\dir B=x C=x,y D=z E=");
    assert_eq!(environment("A=foo bar"), "A=foo");
    assert_eq!(environment("A=/usr/bin:/bin , B = 2,\n  C=\"#x\","), "A=/usr/bin:/bin B=2 C=#x");
}

#[test]
fn cfg_se02_unix_server() {
    let daemon = Setup::new().start();
    let error = |lines: &str| daemon.reread_error(&format!("[unix_http_server:b]\n{lines}"));
    assert_eq!(error("chmod=0700"), "section [unix_http_server:b] has no file value");
    assert_eq!(error("file={dir}/b.sock\nchmod=rwx"), "Invalid chmod value rwx");
    assert_eq!(error("file={dir}/b.sock\nchown=nosuch:zzz"), "Invalid sockchown value nosuch:zzz");
    let mode = |name: &str, daemon: &Daemon| std::fs::metadata(daemon.path(name)).unwrap().permissions().mode() & 0o777;
    let two = Setup::new().with("[unix_http_server:b]\nfile={dir}/b.sock\nchmod=0770").start();
    assert_eq!((mode("s.sock", &two), mode("b.sock", &two)), (0o700, 0o770));
}

#[test]
fn cfg_se03_inet_server() {
    let daemon = Setup::new().start();
    assert_eq!(daemon.reread_error("[inet_http_server:x]\n"), "section [inet_http_server:x] has no port value");
    for host in ["", ":", "*:", "LocalHost:"] {
        let one = Setup::new().with(&format!("[inet_http_server:any]\nport={host}{{port}}")).start();
        let address = supervisor_tests::http::Address::Port(one.port());
        assert!(supervisor_tests::http::rpc(&address, "supervisor.getPID", &[]).is_some(), "{host}");
    }
}

#[test]
fn cfg_se04_half_credentials() {
    let daemon = Setup::new().start();
    let text = "Section [inet_http_server] contains incomplete authentication: If a username or a password is \
        specified, both the username and password must be specified";
    assert_eq!(daemon.reread_error("[inet_http_server]\nport=127.0.0.1:{port}\nusername=u"), text);
    assert_eq!(daemon.reread_error("[inet_http_server]\nport=127.0.0.1:{port}\npassword=p"), text);
    daemon.wait_log("CRIT Server 'unix_http_server' running without any HTTP authentication checking");
}

#[test]
fn cfg_se06_command_missing_or_empty() {
    let daemon = Setup::new().with("[program:e]\ncommand=\nautostart=false").start();
    assert_eq!(daemon.fault("startProcess", &["e".into()]), "21 NOT_EXECUTABLE: command is empty");
    let text = daemon.reread_error("[program:a]\nautostart=true");
    let suffix = " in section 'program:a' (file: '{dir}/supervisord.conf')";
    assert_eq!(text, format!("program section program:a does not specify a command{suffix}"));
}

#[test]
fn cfg_se07_names() {
    let daemon = Setup::new().start();
    for (name, letter) in [("a b", ' '), ("a:b", ':'), ("a/b", '/')] {
        let wanted = format!("Invalid name: '{name}' because of character: '{letter}'");
        assert_eq!(daemon.reread_error(&format!("[program:{name}]\ncommand=x")), wanted);
        assert_eq!(daemon.reread_error(&format!("[group:{name}]\nprograms=")), wanted);
    }
}

#[test]
fn cfg_se08_numprocs() {
    let daemon = Setup::new().start();
    let text = "%(process_num) must be present within process_name when numprocs > 1";
    assert_eq!(error_of(&daemon, "numprocs=2"), text);
    daemon.rewrite(
        "[program:a]\ncommand=x\nautostart=false\nnumprocs=3\nnumprocs_start=9\nprocess_name=n%(process_num)d",
    );
    daemon.reread();
    let infos = daemon.ok("getAllConfigInfo", &[]);
    let names: Vec<&str> = infos.array().iter().map(|info| info.get("name").str()).collect();
    assert_eq!(names, ["n10", "n11", "n9"]);
}

#[test]
fn cfg_se09_stopasgroup_and_killasgroup() {
    let daemon = Setup::new().start();
    let text = "Cannot set stopasgroup=true and killasgroup=false";
    assert_eq!(error_of(&daemon, "stopasgroup=true\nkillasgroup=false"), text);
    assert_eq!(config_of(&daemon, "stopasgroup=true").get("killasgroup"), &Value::Bool(true));
    assert_eq!(config_of(&daemon, "").get("killasgroup"), &Value::Bool(false));
}

#[test]
fn cfg_se10_autorestart() {
    let daemon = Setup::new().start();
    for good in ["true", "FALSE", "Unexpected", "yes", "0"] {
        config_of(&daemon, &format!("autorestart={good}"));
    }
    assert_eq!(error_of(&daemon, "autorestart=Maybe"), "invalid 'autorestart' value 'maybe'");
}

#[test]
fn cfg_se11_exitcodes() {
    let daemon = Setup::new().start();
    let codes = |options: &str| -> Vec<i64> {
        config_of(&daemon, options).get("exitcodes").array().iter().map(Value::int).collect()
    };
    assert_eq!(codes(""), [0]);
    assert_eq!(codes("exitcodes="), [0; 0]);
    assert_eq!(codes("exitcodes= 0, 2 ,255"), [0, 2, 255]);
    assert_eq!(error_of(&daemon, "exitcodes=-1"), "not a valid list of exit codes: '-1'");
    assert_eq!(error_of(&daemon, "exitcodes=1,"), "not a valid list of exit codes: '1,'");
}

#[test]
fn cfg_se12_a_file_for_redirected_stderr() {
    let daemon = Setup::new()
        .with("[program:a]\ncommand=/bin/cat\nautostart=false\nredirect_stderr=true\nstderr_logfile={dir}/a.err")
        .start();
    daemon.wait_log(
        "WARN For [program:a], redirect_stderr=true but stderr_logfile has also been set to a filename, the filename \
         has been ignored",
    );
    assert_eq!(daemon.info("a").get("stderr_logfile").str(), "");
}

#[test]
fn cfg_se13_odd_log_files() {
    let daemon = Setup::new()
        .with("[program:a]\ncommand=/bin/cat\nautostart=false\nstdout_logfile_maxbytes=0")
        .with("[program:b]\ncommand=/bin/cat\nautostart=false\nstdout_logfile=syslog")
        .start();
    daemon.wait_log(
        "WARN For [program:a], AUTO logging used for stdout_logfile without rollover, set maxbytes > 0 to avoid \
         filling up filesystem unintentionally",
    );
    daemon.wait_log(
        "WARN For [program:b], stdout_logfile=syslog but this is deprecated and will be removed.  Use \
         stdout_syslog=true to enable syslog instead.",
    );
    let infos = daemon.ok("getAllConfigInfo", &[]);
    assert_eq!(infos.array()[1].get("stdout_syslog"), &Value::Bool(true));
}

#[test]
fn cfg_se14_no_log_file() {
    let mut setup = Setup::new();
    for (name, value) in [("a", "NONE"), ("b", "off"), ("c", "")] {
        setup = setup.program(name, &format!("stdout_logfile={value}\nstderr_logfile=none"), "say:words hang");
    }
    let daemon = setup.start();
    daemon.wait_log_times("words", 3);
    for name in ["a", "b", "c"] {
        assert_eq!(daemon.info(name).get("stdout_logfile").str(), "");
    }
    let files = std::fs::read_dir(daemon.dir()).unwrap().flatten();
    let names: Vec<_> = files.map(|file| file.file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.contains("---") || name.eq_ignore_ascii_case("none")), "{names:?}");
}

#[test]
fn cfg_se16_missing_log_directory() {
    let daemon = Setup::new().start();
    let text = "The directory named as part of the path /nonexistent/a.log does not exist";
    assert_eq!(error_of(&daemon, "stdout_logfile=/nonexistent/a.log"), text);
    assert_eq!(refused("[supervisord]\nlogfile=/nonexistent/a.log"), text);
}

#[test]
fn cfg_se17_serverurl() {
    let daemon = Setup::new().start();
    let url = |options: &str| config_of(&daemon, options).get("serverurl").str().to_owned();
    assert_eq!(url(""), "none");
    assert_eq!(url("serverurl= auto "), "none");
    assert_eq!(url("serverurl=http://x:1"), "http://x:1");
    let seen = Setup::new().program("p", "serverurl=", "facts:facts hang").start();
    assert!(!seen.wait_file("facts", "fd0").contains("SUPERVISOR_SERVER_URL"));
}

#[test]
fn cfg_se18_groups() {
    let programs = "[program:a]\ncommand=x\nautostart=false\n[program:b]\ncommand=x\nautostart=false\n";
    let fcgi = "[fcgi-program:a]\ncommand=x\nsocket=unix:///tmp/x\n";
    let daemon = Setup::new().start();
    let text = daemon.reread_error(&format!("{programs}[group:g]\nprograms=zz"));
    assert_eq!(text, "[group:g] names unknown program or fcgi-program zz");
    let text = daemon.reread_error(&format!("{programs}{fcgi}[group:g]\nprograms=a"));
    assert_eq!(text, "[group:g] name a is ambiguous (exists as program and fcgi-program)");
    daemon.rewrite(&format!("{programs}[group:g]\nprograms=b, a\npriority=7\n[group:empty]\n"));
    assert_eq!(daemon.reread(), "g empty//");
    let infos = daemon.ok("getAllConfigInfo", &[]);
    let groups: Vec<&str> = infos.array().iter().map(|info| info.get("group").str()).collect();
    assert_eq!((groups, infos.array()[0].get("group_prio").int()), (vec!["g", "g"], 7));
}

#[test]
fn cfg_se19_fcgi_sections() {
    let daemon = Setup::new().start();
    let error = |lines: &str| daemon.reread_error(&format!("[fcgi-program:f]\ncommand=/bin/cat\n{lines}"));
    assert_eq!(error(""), "[fcgi-program:f] section requires a \"socket\" line");
    assert_eq!(error("socket=tcp://localhost:1\nsocket_backlog=0"), "Invalid socket_backlog value 0");
    assert_eq!(error("socket=unix:///tmp/x\nsocket_owner=nosuch"), "Invalid socket_owner value nosuch");
    assert_eq!(error("socket=unix:///tmp/x\nsocket_mode=rwx"), "Invalid socket_mode value rwx");
    let text = "socket_owner and socket_mode params should only be used with a Unix domain socket in [fcgi-program:f] \
        socket";
    assert_eq!(error("socket=tcp://localhost:1\nsocket_mode=0700"), text);
    assert_eq!(error("socket=tcp://localhost:0"), "0 is below lower bound (1) in [fcgi-program:f] socket");
}

#[test]
fn cfg_se20_listener_sections() {
    let daemon = Setup::new().start();
    let error = |lines: &str| daemon.reread_error(&format!("[eventlistener:l]\ncommand=/bin/cat\n{lines}"));
    assert_eq!(error(""), "[eventlistener:l] section requires an \"events\" line");
    assert_eq!(error("events=FOO"), "Unknown event type FOO in [eventlistener:l] events");
    assert_eq!(error("events=EVENT\nbuffer_size=0"), "[eventlistener:l] section sets invalid buffer_size (0)");
    let text = "[eventlistener:l] section sets redirect_stderr=true but this is not allowed because it will interfere \
        with the eventlistener protocol";
    assert_eq!(error("events=EVENT\nredirect_stderr=true"), text);
    daemon.rewrite("[eventlistener:l]\ncommand=/bin/cat\nevents=EVENT");
    daemon.reread();
    assert_eq!(daemon.ok("getAllConfigInfo", &[]).array()[0].get("group_prio").int(), -1);
}

#[test]
fn cfg_se21_rpc_interfaces() {
    let text = "section [rpcinterface:x] does not specify a supervisor.rpcinterface_factory";
    assert_eq!(refused("[rpcinterface:x]\na=b"), text);
    let text = refused("[rpcinterface:x]\nsupervisor.rpcinterface_factory=nosuchmod:foo");
    assert!(text.starts_with("nosuchmod:foo cannot be resolved within [rpcinterface:x]"), "{text}");
    let ran = Setup::new().with("[rpcinterface:supervisor]\nextra=1").run();
    assert_eq!(ran.code, 2);
    assert!(ran.err.starts_with("Error: Could not make supervisor rpc interface\n"), "{}", ran.err);
}

/// What an interface is made of is called for each server; where there is none, nobody finds out that it cannot be.
#[test]
fn what_no_server_calls_may_be_a_module() {
    const MODULE: &str = "[rpcinterface:x]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface\nmore=1\n";
    assert_eq!(Setup::new().servers("").with(MODULE).start().stop(), 0);
    let ran = Setup::new().with(MODULE).run();
    assert_eq!(ran.code, 2);
    assert!(ran.err.starts_with("Error: Could not make x rpc interface\n"), "{}", ran.err);
    let text = refused("[rpcinterface:x]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:");
    assert_eq!(text, "supervisor.rpcinterface: cannot be resolved within [rpcinterface:x]");
}

#[test]
fn ours_se21_what_no_server_calls_may_be_a_plugin() {
    let setup = Setup::new().servers("").with("[rpcinterface:x]\nsupervisor.rpcinterface_factory=nosuchmod:foo\n");
    if setup.subject.is_original() {
        return;
    }
    let line = "WARN For [rpcinterface:x], nosuchmod:foo is Python code, which would be missing if there were a server";
    setup.start().wait_log(line);
}

#[test]
fn cfg_se22_unknown_sections_and_options() {
    let daemon = Setup::new()
        .supervisord("frobnicate=%(x")
        .with("[foo]\nbar=1\n[program]\nx=y\n[program:a]\ncommand=/bin/cat\nautostart=false\nlogfile=/nonexistent/x")
        .start();
    assert_eq!(daemon.ok("getAllConfigInfo", &[]).array().len(), 1);
}

#[test]
fn cfg_se23_the_first_error_in_evaluation_order() {
    let later = "[inet_http_server]\n[eventlistener:l]\ncommand=x\n[program:b]\n[group:g]\nprograms=zz\n";
    let daemon = Setup::new().start();
    assert_eq!(daemon.reread_error(later), "[group:g] names unknown program or fcgi-program zz");
    let text = daemon.reread_error(&later.replace("programs=zz", ""));
    assert!(text.starts_with("program section program:b does not specify a command"), "{text}");
    let text = daemon.reread_error(&later.replace("programs=zz", "").replace("[program:b]", ""));
    assert_eq!(text, "[eventlistener:l] section requires an \"events\" line");
    assert_eq!(error_of(&daemon, "stopsignal=NOPE\nstartsecs=x"), "invalid literal for int() with base 10: 'x'");
}

#[test]
fn cfg_se24_no_processes() {
    let daemon =
        Setup::new().with("[program:none]\nnumprocs=0\n[program:a]\ncommand=/bin/cat\nautostart=false").start();
    assert_eq!(daemon.ok("getAllConfigInfo", &[]).array().len(), 1);
    assert_eq!(daemon.ok("startProcessGroup", &["none".into()]), Value::Array(Vec::new()));
}
