use std::fmt::Debug;

use super::super::fake::FakeWorld;
use super::*;

fn check<T: Debug>(parser: fn(&str, &dyn World) -> Parsed<T>, rows: &[(&str, &str)]) {
    let world = FakeWorld;
    for (text, expected) in rows {
        let shown = match parser(text, &world) {
            Ok(value) => format!("{value:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, *expected, "{text:?}");
    }
}

#[test]
fn int_vt01() {
    check(
        int,
        &[
            ("0", "0"),
            (" 42\n", "42"),
            ("-7", "-7"),
            ("+1_000", "1000"),
            ("007", "7"),
            ("-١٢", "-12"),
            ("²", "invalid literal for int() with base 10: '²'"),
            ("99999999999999999999", "9223372036854775807"),
            ("x", "invalid literal for int() with base 10: 'x'"),
            ("", "invalid literal for int() with base 10: ''"),
            (" 1 2", "invalid literal for int() with base 10: ' 1 2'"),
            ("1__0", "invalid literal for int() with base 10: '1__0'"),
            ("_1", "invalid literal for int() with base 10: '_1'"),
            ("1_", "invalid literal for int() with base 10: '1_'"),
            ("- 1", "invalid literal for int() with base 10: '- 1'"),
            ("--1", "invalid literal for int() with base 10: '--1'"),
            ("0x1", "invalid literal for int() with base 10: '0x1'"),
            ("1.5", "invalid literal for int() with base 10: '1.5'"),
        ],
    );
}

#[test]
fn boolean_vt01() {
    check(
        boolean,
        &[
            ("yes", "true"),
            ("TRUE", "true"),
            ("On", "true"),
            ("1", "true"),
            ("no", "false"),
            ("False", "false"),
            ("oFF", "false"),
            ("0", "false"),
            ("maybe", "not a valid boolean value: 'maybe'"),
            ("", "not a valid boolean value: ''"),
            ("\ntrue", "not a valid boolean value: '\\ntrue'"),
        ],
    );
}

#[test]
fn byte_size_vt01() {
    check(
        byte_size,
        &[
            ("0", "0"),
            ("-1", "-1"),
            ("5kb", "5120"),
            ("٥MB", "5242880"),
            ("50MB", "52428800"),
            ("1 Gb", "1073741824"),
            ("9999999999999GB", "9223372036854775807"),
            ("10xb", "invalid literal for int() with base 10: '10xb'"),
            ("10XB", "invalid literal for int() with base 10: '10xb'"),
            ("1.5MB", "invalid literal for int() with base 10: '1.5'"),
            ("KB", "invalid literal for int() with base 10: ''"),
            ("10K", "invalid literal for int() with base 10: '10k'"),
        ],
    );
}

#[test]
fn octal_and_level_vt01() {
    check(
        octal,
        &[
            ("022", "18"),
            ("0700", "448"),
            ("0o22", "18"),
            ("0O_22", "18"),
            (" 7_7 ", "63"),
            ("-1", "4095"),
            ("٠o٢２", "18"),
            ("8", "8 can not be converted to an octal type"),
            ("٨", "٨ can not be converted to an octal type"),
            ("0x7", "0x7 can not be converted to an octal type"),
            ("", " can not be converted to an octal type"),
        ],
    );
    check(
        level,
        &[
            ("critical", "Critical"),
            ("ERROR", "Error"),
            ("warn", "Warn"),
            ("Info", "Info"),
            ("debug", "Debug"),
            ("trace", "Trace"),
            ("blather", "Blather"),
            ("warning", "bad logging level name 'warning'"),
            ("DEBG", "bad logging level name 'DEBG'"),
        ],
    );
}

#[test]
fn paths_vt01() {
    check(
        existing_directory,
        &[
            ("/tmp", "\"/tmp\""),
            ("~", "\"/home/me\""),
            ("~/none", "~/none is not an existing directory"),
            ("", " is not an existing directory"),
        ],
    );
    check(
        existing_dirpath,
        &[
            ("x.log", "\"x.log\""),
            ("/tmp/x.log", "\"/tmp/x.log\""),
            ("/x.log", "\"/x.log\""),
            ("~/x.log", "\"/home/me/x.log\""),
            ("", "\"\""),
            ("/none/x", "The directory named as part of the path /none/x does not exist"),
            ("\nx/y", "The directory named as part of the path \nx/y does not exist"),
        ],
    );
    check(
        logfile,
        &[
            ("Auto", "Auto"),
            ("NONE", "None"),
            ("off", "None"),
            ("SysLog", "Syslog"),
            ("", "Path(\"\")"),
            ("~/a", "Path(\"/home/me/a\")"),
            ("/none/x", "The directory named as part of the path /none/x does not exist"),
        ],
    );
}

#[test]
fn signal_vt01() {
    check(
        signal,
        &[
            ("TERM", "15"),
            (" sigusr1\n", "10"),
            ("9", "9"),
            ("１５", "15"),
            ("0", "0"),
            ("34", "34"),
            ("64", "64"),
            ("SIG_DFL", "0"),
            ("_ign", "1"),
            ("x", "value 'x' is not a valid signal name"),
            ("SIGRTMIN+1", "value 'SIGRTMIN+1' is not a valid signal name"),
            ("99", "value '99' is not a valid signal number"),
            ("-1", "value '-1' is not a valid signal number"),
            ("33", "value '33' is not a valid signal number"),
        ],
    );
}

#[test]
fn users_vt01() {
    check(
        user,
        &[
            ("root", "0"),
            ("33", "33"),
            ("٣３", "33"),
            ("www", "33"),
            ("nope", "Invalid user name nope"),
            ("", "Invalid user name "),
            ("4711", "Invalid user id 4711"),
            ("-1", "Invalid user id -1"),
        ],
    );
    check(
        chown,
        &[
            ("www", "(33, None)"),
            ("www:staff", "(33, Some(50))"),
            ("33:50", "(33, Some(50))"),
            ("३3:5०", "(33, Some(50))"),
            ("www:nope", "Invalid sockchown value www:nope"),
            ("nope", "Invalid sockchown value nope"),
            ("www:99", "Invalid sockchown value www:99"),
            ("www:a:b", "Invalid sockchown value www:a:b"),
        ],
    );
    check(socket_owner, &[("www:", "Invalid socket_owner value www:"), ("root", "(0, None)")]);
    check(chmod, &[("0770", "504"), ("9", "Invalid chmod value 9")]);
    check(socket_mode, &[("0770", "504"), ("x", "Invalid socket_mode value x")]);
    check(
        socket_backlog,
        &[
            ("1", "1"),
            ("65535", "65535"),
            ("0", "Invalid socket_backlog value 0"),
            ("65536", "Invalid socket_backlog value 65536"),
            ("x", "invalid literal for int() with base 10: 'x'"),
        ],
    );
}

#[test]
fn lists_vt01() {
    check(
        exit_codes,
        &[
            ("0", "[0]"),
            ("0, 2 ,255", "[0, 2, 255]"),
            ("", "[]"),
            ("256", "not a valid list of exit codes: '256'"),
            ("0\u{1c},2", r"not a valid list of exit codes: '0\x1c,2'"),
            ("-1", "not a valid list of exit codes: '-1'"),
            ("0,", "not a valid list of exit codes: '0,'"),
            ("a", "not a valid list of exit codes: 'a'"),
        ],
    );
    check(list, &[("", "[]"), (" a ,b\n, c", "[\"a\", \"b\", \"c\"]"), ("a,", "[\"a\", \"\"]")]);
    check(
        autorestart,
        &[("Unexpected", "Unexpected"), ("TRUE", "Always"), ("off", "Never"), ("X", "invalid 'autorestart' value 'x'")],
    );
}

#[test]
fn address_vt01_vt03() {
    check(
        address,
        &[
            ("9001", "(\"\", 9001)"),
            (":9001", "(\"\", 9001)"),
            (":٩٠٠١", "(\"\", 9001)"),
            ("*:9001", "(\"\", 9001)"),
            ("LocalHost:9001", "(\"localhost\", 9001)"),
            ("::1:9001", "(\"::1\", 9001)"),
            ("foo", "not a valid port number: 'foo' "),
            ("0", "not a valid port number: '0' "),
            ("70000", "not a valid port number: '70000' "),
            ("", "not a valid port number: '' "),
            ("h:", "no port number specified in ''"),
            ("h:0", "0 is below lower bound (1)"),
            ("h:70000", "70000 is above upper bound (65535)"),
            ("h:x", "invalid literal for int() with base 10: 'x'"),
            ("h:99999999999999999999", "99999999999999999999 is above upper bound (65535)"),
            ("h:-99999999999999999999", "-99999999999999999999 is below lower bound (1)"),
        ],
    );
}

#[test]
fn names_se07() {
    check(
        name,
        &[
            (" a ", "\"a\""),
            ("", "\"\""),
            ("a b", "Invalid name: 'a b' because of character: ' '"),
            ("a:b c", "Invalid name: 'a:b c' because of character: ' '"),
            ("a:b", "Invalid name: 'a:b' because of character: ':'"),
            ("a/b", "Invalid name: 'a/b' because of character: '/'"),
        ],
    );
}
