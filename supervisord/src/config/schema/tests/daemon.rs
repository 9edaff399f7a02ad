use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::super::model::{DaemonLog, LogLevel};
use super::super::super::resolve_user;
use super::*;

#[test]
fn the_section_is_required_cl13() {
    for text in ["", "[program:a]\ncommand=cat\n", "[Supervisord]\n", "[ supervisord ]\n"] {
        assert_eq!(error(text), ".ini file does not include supervisord section");
    }
}

#[test]
fn defaults_se01() {
    let daemon = config("[supervisord]\n").daemon;
    assert_eq!(daemon.logfile, DaemonLog::File("/cwd/supervisord.log".into()));
    assert_eq!((daemon.logfile_maxbytes, daemon.logfile_backups), (50 * 1024 * 1024, 10));
    assert_eq!(daemon.loglevel, LogLevel::Info);
    assert_eq!(daemon.pidfile, Path::new("/cwd/supervisord.pid"));
    assert_eq!((daemon.umask, daemon.minfds, daemon.minprocs), (0o22, 1024, 200));
    assert!(!daemon.nodaemon && !daemon.silent && !daemon.nocleanup && !daemon.strip_ansi);
    assert_eq!((daemon.childlogdir, daemon.user, daemon.directory), (None, None, None));
    assert_eq!(daemon.identifier, "supervisor");
    assert!(daemon.environment.is_empty());
}

#[test]
fn values() {
    let text = "logfile=/tmp//y.log\nlogfile_maxbytes=-1\nlogfile_backups=0\nloglevel=BLATHER\npidfile=a.pid\n\
                umask=077\nnodaemon=ON\nsilent=1\nminfds= 5\nnocleanup=yes\nchildlogdir=/tmp\nuser=nobody-yet\n\
                directory=~\nstrip_ansi=true\nidentifier=%(here)s-%(ENV_HOME)s\nunknown=%(nope)s\n";
    let daemon = daemon(text).daemon;
    assert_eq!(daemon.logfile, DaemonLog::File("/tmp/y.log".into()));
    assert_eq!((daemon.logfile_maxbytes, daemon.logfile_backups), (-1, 0));
    assert_eq!(daemon.pidfile, Path::new("/cwd/a.pid"));
    assert_eq!((daemon.umask, daemon.minfds), (0o77, 5));
    assert!(daemon.nodaemon && daemon.silent && daemon.nocleanup && daemon.strip_ansi);
    assert_eq!(daemon.childlogdir, Some(PathBuf::from("/tmp")));
    assert_eq!(daemon.directory, Some(PathBuf::from("/home/me")));
    assert_eq!(daemon.identifier, "/conf-/home/me");
    assert_eq!(daemon.user.as_deref(), Some("nobody-yet"));
}

#[test]
fn logfile_words() {
    for (value, expected) in [
        ("syslog", DaemonLog::Syslog),
        ("SYSLOG", DaemonLog::File("/cwd/SYSLOG".into())),
        ("NONE", DaemonLog::File("/cwd/NONE".into())),
        ("", DaemonLog::File("/cwd".into())),
    ] {
        assert_eq!(daemon(&format!("logfile={value}\n")).daemon.logfile, expected);
    }
}

/// Errors of this section have no suffix, and the order of evaluation is fixed (`se23`).
#[test]
fn errors() {
    for (lines, expected) in [
        ("nodaemon=maybe", "not a valid boolean value: 'maybe'"),
        ("nodaemon=\n  true", "not a valid boolean value: '\\ntrue'"),
        ("minfds=x", "invalid literal for int() with base 10: 'x'"),
        ("umask=9", "9 can not be converted to an octal type"),
        ("loglevel=warning", "bad logging level name 'warning'"),
        ("directory=/none", "/none is not an existing directory"),
        ("childlogdir=/none", "/none is not an existing directory"),
        ("logfile=/none/x", "The directory named as part of the path /none/x does not exist"),
        ("pidfile=/none/x", "The directory named as part of the path /none/x does not exist"),
        ("environment=A", "Unexpected end of key/value pairs in value 'A'"),
        ("environment=A=\"", "No closing quotation"),
        ("strip_ansi=x\nminprocs=y", "invalid literal for int() with base 10: 'y'"),
        ("environment=A\nstrip_ansi=x", "not a valid boolean value: 'x'"),
        ("[program:a]\n[unix_http_server]\n[supervisord]\nstrip_ansi=x", "not a valid boolean value: 'x'"),
    ] {
        assert_eq!(daemon_error(lines), expected, "{lines}");
    }
}

#[test]
fn the_place_of_a_mistake_is_kept_beside_its_text() {
    let (result, _) = read_with("[supervisord]\n\nnodaemon=maybe\n", &[], &Overrides::default());
    let error = result.unwrap_err();
    let place = error.place().unwrap();
    assert_eq!((place.origin.file.as_str(), place.origin.line), ("s.conf", 3));
    assert_eq!((place.section.as_str(), place.key.as_str()), ("supervisord", "nodaemon"));
}

#[test]
fn environment_is_expanded_twice_q18() {
    for (value, expected) in [
        ("G=\"50%%\"", "50%"),
        ("G=\"%(host_node_name)s\"", "node"),
        ("G=\"%%(here)s\"", "/conf"),
        ("G=\"%(here)s\"", "/conf"),
        ("G=\"%(ENV_PERCENT)s\"", "50%"),
        ("G=$HOME", "$"),
    ] {
        let config = daemon(&format!("environment={value}\n"));
        assert_eq!(config.daemon.environment, BTreeMap::from([("G".to_owned(), expected.to_owned())]), "{value}");
        assert_eq!(!warnings(&config).is_empty(), value.contains('$'), "{value}");
    }
    assert_eq!(
        daemon_error("environment=A=%(nope)s"),
        "Format string 'A=%(nope)s' for 'supervisord.environment' contains names ('nope') which cannot be expanded. \
         Available names: ENV_HOME, ENV_PATTERN, ENV_PERCENT, here"
    );
}

#[test]
fn the_command_line_wins_cl08() {
    let overrides = Overrides {
        nodaemon: true,
        silent: true,
        nocleanup: true,
        strip_ansi: true,
        user: Some("root".to_owned()),
        umask: Some(0o77),
        directory: Some("/etc".into()),
        logfile: Some("a.log".to_owned()),
        logfile_maxbytes: Some(1),
        logfile_backups: Some(2),
        loglevel: Some(LogLevel::Debug),
        pidfile: Some(String::new()),
        identifier: Some("%(here)s".to_owned()),
        childlogdir: Some("/tmp".into()),
        minfds: Some(3),
        minprocs: Some(4),
        ignore_plugins: false,
    };
    let text = "[supervisord]\nnodaemon=false\nuser=www\numask=022\nlogfile=b.log\npidfile=b.pid\nidentifier=b\n";
    let daemon = read_with(text, &[], &overrides).0.unwrap().daemon;
    assert!(daemon.nodaemon && daemon.silent && daemon.nocleanup && daemon.strip_ansi);
    assert_eq!((daemon.user.as_deref(), daemon.umask), (Some("root"), 0o77));
    assert_eq!(daemon.logfile, DaemonLog::File("/cwd/a.log".into()));
    assert_eq!((daemon.logfile_maxbytes, daemon.logfile_backups), (1, 2));
    assert_eq!(daemon.loglevel, LogLevel::Debug);
    assert_eq!(daemon.pidfile, Path::new("/cwd/b.pid"));
    assert_eq!(daemon.identifier, "%(here)s");
    assert_eq!((daemon.directory, daemon.childlogdir), (Some("/etc".into()), Some("/tmp".into())));
    assert_eq!((daemon.minfds, daemon.minprocs), (3, 4));
    // The file is checked all the same.
    let (result, _) = read_with("[supervisord]\nminfds=x\n", &[], &overrides);
    assert_eq!(result.unwrap_err().to_string(), "invalid literal for int() with base 10: 'x'");
}

#[test]
fn the_user_is_resolved_at_last() {
    for (user, expected) in [
        (None, Ok(None)),
        (Some("www"), Ok(Some((33, 34)))),
        (Some("0"), Ok(Some((0, 0)))),
        (Some("nope"), Err("Invalid user name nope")),
        (Some("4711"), Err("Invalid user id 4711")),
        (Some(""), Err("Invalid user name ")),
    ] {
        let line = user.map(|user| format!("user={user}\n")).unwrap_or_default();
        let resolved = resolve_user(&daemon(&line).daemon, &FakeWorld).map_err(|error| {
            assert_eq!(error.place().map(ToString::to_string).as_deref(), Some("s.conf:2: [supervisord] user"));
            error.to_string()
        });
        assert_eq!(resolved.map(|user| user.map(|user| (user.uid, user.gid))), expected.map_err(str::to_owned));
    }
}

#[test]
fn default_section_in02() {
    let config = config("[DEFAULT]\nidentifier=d\ncommand=cat\n[supervisord]\n[program:x]\n");
    assert_eq!(config.daemon.identifier, "d");
    assert_eq!(config.groups[0].processes[0].command, "cat");
}
