use std::path::{Path, PathBuf};

use super::super::super::model::{AutoRestart, LogTarget, ServerUrl};
use super::*;
use crate::config::model::Seconds;

#[test]
fn defaults() {
    let process = program("");
    assert_eq!((process.name.as_str(), process.section.as_str()), ("x", "program:x"));
    assert_eq!((process.command.as_str(), process.priority), ("cat", 999));
    assert!(process.autostart);
    assert_eq!(process.autorestart, AutoRestart::Unexpected);
    assert_eq!((process.startsecs, process.startretries), (Seconds(1), 3));
    assert_eq!((process.exitcodes.as_slice(), process.stopsignal), (&[0][..], 15));
    assert_eq!(process.stopwaitsecs, Seconds(10));
    assert!(!process.stopasgroup && !process.killasgroup && !process.redirect_stderr);
    assert_eq!((process.uid, process.umask, process.directory.clone()), (None, None, None));
    assert_eq!(process.serverurl, ServerUrl::Auto);
    for channel in [&process.stdout, &process.stderr] {
        assert_eq!(channel.logfile, LogTarget::Auto);
        assert_eq!((channel.logfile_maxbytes, channel.logfile_backups), (50 * 1024 * 1024, 10));
        assert_eq!((channel.capture_maxbytes, channel.events_enabled, channel.syslog), (0, false, false));
    }
}

#[test]
fn commands_se06() {
    assert_eq!(
        daemon_error("[program:x]\n"),
        "program section program:x does not specify a command in section 'program:x' (file: 's.conf')"
    );
    assert_eq!(program("command=").command, "");
    assert_eq!(program("command=\n  a\n  b").command, "\na\nb");
}

#[test]
fn names_se07() {
    for (header, expected) in [
        ("program:a b", "Invalid name: 'a b' because of character: ' '"),
        ("program:a:b", "Invalid name: 'a:b' because of character: ':'"),
        ("program:a/b", "Invalid name: 'a/b' because of character: '/'"),
        ("group:a/b", "Invalid name: 'a/b' because of character: '/'"),
        ("fcgi-program:a/b", "Invalid name: 'a/b' because of character: '/'"),
        (
            "eventlistener:a/b",
            "Invalid name: 'a/b' because of character: '/' in section 'eventlistener:a/b' (file: 's.conf')",
        ),
    ] {
        assert_eq!(daemon_error(&format!("[{header}]\ncommand=cat\nevents=TICK\n")), expected);
    }
    assert_eq!(program_error("process_name=a b"), "Invalid name: 'a b' because of character: ' '");
    assert_eq!(shown(&groups("[program: a ]\ncommand=cat\n")), ["a: a"]);
}

#[test]
fn odd_names_are_warned_about_q11() {
    let config = daemon("[program:]\ncommand=cat\n[program:x]\ncommand=cat\nprocess_name=%(here)s\n");
    assert_eq!(shown(&config.groups), [": ", "x: /conf"]);
    assert_eq!(
        warnings(&config),
        [
            "For [program:], the program name is empty",
            "For [program:x], the process name /conf contains '/', so that clients may be unable to name it",
        ]
    );
}

#[test]
fn numprocs_se08_se24() {
    let several = "[program:x]\ncommand=cat %(process_num)d/%(numprocs)d\nprocess_name=n%(process_num)d\n";
    let read = groups(&format!("{several}numprocs=3\nnumprocs_start=9\n"));
    assert_eq!(shown(&read), ["x: n10 n11 n9"]);
    assert_eq!(read[0].processes[2].command, "cat 9/3");
    // Numbers are larger than what a machine has words for.
    let read = groups(&format!("{several}numprocs=2\nnumprocs_start=9223372036854775807\n"));
    assert_eq!(shown(&read), ["x: n9223372036854775807 n9223372036854775808"]);
    let read = groups(&format!("{several}numprocs_start=-{}\n", "9".repeat(38)));
    assert_eq!(shown(&read), [format!("x: n-{}", "9".repeat(38))]);
    let too_wide = program_error("numprocs_start=100000000000000000000000000000000000000");
    assert_eq!(too_wide, "the number has more than 38 digits");
    let expected = "%(process_num) must be present within process_name when numprocs > 1";
    assert_eq!(program_error("numprocs=2"), expected);
    assert_eq!(program_error("numprocs=2\nprocess_name=%(process_number)d"), expected);
    for lines in ["numprocs=0", "numprocs=-1\nenvironment=%\ndirectory=%(nope)s\nstdout_logfile=/none/x"] {
        assert_eq!(shown(&groups(&format!("[program:x]\n{lines}\n"))), ["x: "]);
    }
}

#[test]
fn stop_and_kill_as_group_se09() {
    for (lines, stop, kill) in [
        ("stopasgroup=true", true, true),
        ("killasgroup=true", false, true),
        ("stopasgroup=true\nkillasgroup=true", true, true),
    ] {
        let process = program(lines);
        assert_eq!((process.stopasgroup, process.killasgroup), (stop, kill));
    }
    let expected = "Cannot set stopasgroup=true and killasgroup=false";
    assert_eq!(program_error("stopasgroup=true\nkillasgroup=false"), expected);
}

#[test]
fn restart_codes_and_signals_se10_se11() {
    assert_eq!(program("autorestart=TRUE").autorestart, AutoRestart::Always);
    assert_eq!(program("autorestart=no").autorestart, AutoRestart::Never);
    assert_eq!(program("exitcodes=").exitcodes, [] as [i32; 0]);
    assert_eq!(program("exitcodes=\n  0,2").exitcodes, [0, 2]);
    assert_eq!(program("stopsignal=\n  usr1").stopsignal, 10);
    assert_eq!(program_error("autorestart=Maybe"), "invalid 'autorestart' value 'maybe'");
    assert_eq!(program_error("exitcodes=256"), "not a valid list of exit codes: '256'");
    assert_eq!(program_error("stopsignal=FOO"), "value 'FOO' is not a valid signal name");
    let config = daemon("[program:x]\ncommand=cat\nstopsignal=0\n");
    assert_eq!(config.groups[0].processes[0].stopsignal, 0);
    assert_eq!(warnings(&config).len(), 1);
}

#[test]
fn log_files_se12_to_se16() {
    let stdout = |value: &str| program(&format!("stdout_logfile={value}")).stdout.logfile;
    assert_eq!(stdout("auto"), LogTarget::Auto);
    for none in ["NONE", "Off"] {
        assert_eq!(stdout(none), LogTarget::None);
    }
    assert_eq!(stdout(""), LogTarget::Empty);
    assert_eq!(stdout("x.log"), LogTarget::File(PathBuf::from("x.log")));
    assert_eq!(stdout("~/x.log"), LogTarget::File(PathBuf::from("/home/me/x.log")));
    assert_eq!(program("directory=~/x").directory.as_deref(), Some(Path::new("~/x")));
    assert_eq!(
        program_error("stderr_logfile=/none/x.log"),
        "The directory named as part of the path /none/x.log does not exist"
    );
    assert_eq!(program("stdout_logfile_maxbytes=-1").stdout.logfile_maxbytes, -1);
}

#[test]
fn warnings_of_2_4() {
    const SYSLOG: &str = "For [program:x], stdout_logfile=syslog but this is deprecated and will be removed.  Use \
                          stdout_syslog=true to enable syslog instead.";
    const STDOUT_AUTO: &str = "For [program:x], AUTO logging used for stdout_logfile without rollover, set maxbytes > 0 \
                               to avoid filling up filesystem unintentionally";
    const STDERR_AUTO: &str = "For [program:x], AUTO logging used for stderr_logfile without rollover, set maxbytes > 0 \
                               to avoid filling up filesystem unintentionally";
    const REDIRECTED: &str = "For [program:x], redirect_stderr=true but stderr_logfile has also been set to a filename, \
                              the filename has been ignored";
    for (lines, expected) in [
        ("", &[][..]),
        ("stdout_logfile=SysLog", &[SYSLOG]),
        ("stdout_logfile=syslog\nstdout_logfile_maxbytes=0", &[SYSLOG]),
        ("stdout_logfile_maxbytes=0\nstderr_logfile_maxbytes=0", &[STDOUT_AUTO, STDERR_AUTO]),
        ("stderr_logfile_maxbytes=0\nredirect_stderr=true", &[STDERR_AUTO]),
        ("redirect_stderr=true\nstderr_logfile=x", &[REDIRECTED]),
        ("redirect_stderr=true\nstderr_logfile=", &[REDIRECTED]),
        ("redirect_stderr=true\nstderr_logfile=NONE", &[]),
        ("redirect_stderr=true\nstderr_logfile=auto", &[]),
        ("stdout_logfile_maxbytes=0\nnumprocs=2\nprocess_name=%(process_num)d", &[STDOUT_AUTO, STDOUT_AUTO]),
    ] {
        let config = daemon(&format!("[program:x]\ncommand=cat\n{lines}\n"));
        assert_eq!(warnings(&config), expected, "{lines}");
        let process = &config.groups[0].processes[0];
        if process.redirect_stderr {
            assert_eq!(process.stderr.logfile, LogTarget::None);
        }
        assert_eq!(process.stdout.syslog, lines.to_lowercase().contains("syslog"));
    }
}

#[test]
fn server_urls_se17() {
    for (lines, expected) in [
        ("serverurl= aUtO ", ServerUrl::Auto),
        ("serverurl=\n  auto", ServerUrl::Auto),
        ("serverurl=", ServerUrl::Explicit(String::new())),
        ("serverurl=foo", ServerUrl::Explicit("foo".to_owned())),
    ] {
        assert_eq!(program(lines).serverurl, expected);
    }
}

#[test]
fn numbers_and_users() {
    let process = program("startsecs=-1\nstopwaitsecs=0\nstartretries=-2\numask=027\nuser=www");
    assert_eq!((process.startsecs, process.stopwaitsecs), (Seconds(-1), Seconds(0)));
    assert_eq!((process.startretries, process.umask, process.uid), (-2, Some(0o27), Some(33)));
    assert_eq!(program_error("user=nope"), "Invalid user name nope");
    assert_eq!(program_error("user=4711"), "Invalid user id 4711");
    assert_eq!(program_error("umask=x"), "x can not be converted to an octal type");
}

/// Errors come in the order of evaluation, not in that of the file (`se23`).
#[test]
fn the_first_error_in_order_is_reported_se23() {
    let wrong = [
        ("autostart=x", "not a valid boolean value: 'x'"),
        ("autorestart=x", "invalid 'autorestart' value 'x'"),
        ("startsecs=x1", "invalid literal for int() with base 10: 'x1'"),
        ("startretries=x2", "invalid literal for int() with base 10: 'x2'"),
        ("stopsignal=x", "value 'x' is not a valid signal name"),
        ("stopwaitsecs=x3", "invalid literal for int() with base 10: 'x3'"),
        ("stopasgroup=x4", "not a valid boolean value: 'x4'"),
        ("killasgroup=x5", "not a valid boolean value: 'x5'"),
        ("exitcodes=x", "not a valid list of exit codes: 'x'"),
        ("redirect_stderr=x6", "not a valid boolean value: 'x6'"),
        ("numprocs=x7", "invalid literal for int() with base 10: 'x7'"),
        ("numprocs_start=x8", "invalid literal for int() with base 10: 'x8'"),
        ("stdout_capture_maxbytes=x9", "invalid literal for int() with base 10: 'x9'"),
        ("stdout_events_enabled=xa", "not a valid boolean value: 'xa'"),
        ("stderr_capture_maxbytes=xb", "invalid literal for int() with base 10: 'xb'"),
        ("stderr_events_enabled=xc", "not a valid boolean value: 'xc'"),
        ("serverurl=%", "Format string '%' for 'program:x.serverurl' is badly formatted: incomplete format"),
        ("user=xd", "Invalid user name xd"),
        ("umask=xe", "xe can not be converted to an octal type"),
        ("process_name=a/b", "Invalid name: 'a/b' because of character: '/'"),
        ("environment=xf", "Unexpected end of key/value pairs in value 'xf'"),
        ("directory=%", "Format string '%' for 'program:x.directory' is badly formatted: incomplete format"),
        ("stdout_logfile=/xg/x", "The directory named as part of the path /xg/x does not exist"),
        ("stdout_logfile_backups=xh", "invalid literal for int() with base 10: 'xh'"),
        ("stdout_logfile_maxbytes=xi", "invalid literal for int() with base 10: 'xi'"),
        ("stdout_syslog=xj", "not a valid boolean value: 'xj'"),
        ("stderr_logfile=/xk/x", "The directory named as part of the path /xk/x does not exist"),
        ("stderr_logfile_backups=xl", "invalid literal for int() with base 10: 'xl'"),
        ("stderr_logfile_maxbytes=xm", "invalid literal for int() with base 10: 'xm'"),
        ("stderr_syslog=xn", "not a valid boolean value: 'xn'"),
        ("command=%", "Format string '%' for 'program:x.command' is badly formatted: incomplete format"),
    ];
    for first in 0..wrong.len() {
        let lines: Vec<&str> = wrong[first..].iter().rev().map(|(line, _)| *line).collect();
        assert_eq!(program_error(&lines.join("\n")), wrong[first].1);
    }
    // The group pass evaluates priority first, without a suffix.
    assert_eq!(daemon_error("[program:x]\npriority=x\nautostart=x\n"), "invalid literal for int() with base 10: 'x'");
}
