//! Series IN: the dialect of the file, seen through the commands that the daemon reports.

use supervisor_tests::Setup;

use super::cmdline::refusal;

/// What the daemon makes of lines inside `[program:a]`, which begins with an `autostart` line.
fn command(lines: &str) -> String {
    let daemon = Setup::new().with(&format!("[program:a]\nautostart=false\n{lines}")).start();
    daemon.ok("getAllConfigInfo", &[]).array()[0].get("command").str().to_owned()
}

#[test]
fn cfg_in01_lines_of_the_grammar() {
    let rows = [
        ("command=foo ; bar", "foo"),
        ("command=foo;bar", "foo;bar"),
        ("command=foo#bar", "foo#bar"),
        ("command=bash -c 'a ; b'", "bash -c 'a"),
        (r"command=foo \; bar", r"foo \; bar"),
        ("command=foo\t;bar", "foo"),
        ("command=;foo", ";foo"),
        ("command= ;foo", ""),
        ("command=a;b ;c", "a;b"),
        ("command=a;b ;c #d", "a;b ;c"),
        ("command=foo\n  bar\n\n  baz", "foo\nbar\n\nbaz"),
        ("command=foo\n# c\n  bar", "foo\nbar"),
        ("command: foo = bar", "foo = bar"),
        ("COMMAND=x", "x"),
        ("command=foo\n  priority=4", "foo\npriority=4"),
        ("command=foo\ncommand=bar", "bar"),
        ("command=\n  foo\n  bar", "\nfoo\nbar"),
        ("command=x\n[program:a] junk\nnumprocs=1", "x"),
    ];
    // All rows in one file, as programs of their own.
    let mut sections = String::new();
    for (at, (lines, _)) in rows.iter().enumerate() {
        let lines = lines.replace("program:a", &format!("program:p{at:02}"));
        sections.push_str(&format!("[program:p{at:02}]\nautostart=false\n{lines}\n"));
    }
    sections.push_str("[ program:x ]\ncommand=x\n[Program:y]\ncommand=y\n[program:z]b]\ncommand=z\nautostart=false\n");
    let daemon = Setup::new().with(&sections).start();
    let infos = daemon.ok("getAllConfigInfo", &[]);
    let read: Vec<&str> = infos.array().iter().map(|info| info.get("command").str()).collect();
    let wanted: Vec<&str> = rows.iter().map(|(_, command)| *command).chain(["z"]).collect();
    assert_eq!(read, wanted);
    assert_eq!(infos.array().last().unwrap().get("name").str(), "z]b");
}

#[test]
fn cfg_in02_default_section() {
    let file = "[DEFAULT]\ncommand=/bin/cat\nautostart=false\nidentifier=fallback\n[supervisord]\n\
        logfile={dir}/supervisord.log\npidfile={dir}/pid\n[unix_http_server]\nfile={dir}/s.sock\n\
        [program:a]\n[program:b]\ncommand=own\n";
    let setup = Setup::new().file(file);
    // The main interface takes no further keys, so it cannot stand beside a `[DEFAULT]`; reread errors do without.
    let ran = setup.run_with(&["-v"]);
    assert_eq!(ran.code, 0);
    let text = "[DEFAULT]\ncommand=%(oops)s\n[supervisord]\n[program:a]\n";
    let setup = setup.write("x.conf", text);
    let message = refusal(&setup, &["-n", "-c", "x.conf"]);
    assert!(
        message.starts_with("Format string '%(oops)s' for 'program:a.command' contains names ('oops')"),
        "{message}"
    );
    let setup = setup.write("x.conf", "[DEFAULT]\nminfds=many\n[supervisord]\n");
    assert_eq!(refusal(&setup, &["-n", "-c", "x.conf"]), "invalid literal for int() with base 10: 'many'");
}

#[test]
fn cfg_in03_parse_errors() {
    let setup = Setup::new().write("a.conf", "\nno header\n[supervisord]\n");
    let text = "File contains no section headers.\nfile: 'a.conf', line: 2\n'no header\\n'";
    assert_eq!(refusal(&setup, &["-n", "-c", "a.conf"]), text);
    let setup = setup.write("b.conf", "[supervisord]\ngarbage\nlogfile=x\n= 'value'\n");
    let text = "Source contains parsing errors: 'b.conf'\n\t[line  2]: 'garbage\\n'\n\t[line  4]: \"= 'value'\\n\"";
    assert_eq!(refusal(&setup, &["-n", "-c", "b.conf"]), text);
}

#[test]
fn cfg_in04_undecodable_file() {
    let setup = Setup::new();
    std::fs::write(setup.path("x.conf"), b"[supervisord]\nidentifier=a\xff\n").unwrap();
    let text = "'utf-8' codec can't decode byte 0xff in position 26: invalid start byte";
    assert_eq!(refusal(&setup, &["-n", "-c", "x.conf"]), text);
}

#[test]
fn cfg_in05_line_ends_of_another_system() {
    let setup = Setup::new().with("[program:a]\ncommand=/bin/cat\nautostart=false\n");
    let text = setup.text().replace('\n', "\r\n");
    let daemon = setup.file(&text).start();
    assert_eq!(daemon.ok("getAllConfigInfo", &[]).array()[0].get("command").str(), "/bin/cat");
}

#[test]
fn cfg_in06_case_of_keys_and_sections() {
    assert_eq!(command("CoMMand=/bin/cat"), "/bin/cat");
    let daemon = Setup::new().with("[Program:a]\ncommand=/bin/cat\n[PROGRAM:b]\ncommand=/bin/cat").start();
    assert!(daemon.ok("getAllConfigInfo", &[]).array().is_empty());
}

#[test]
fn cfg_in07_duplicates() {
    let again = "command=first\ncommand=second\n[program:b]\ncommand=b\nautostart=false\n[program:a]\ncommand=third";
    assert_eq!(command(again), "third");
}

#[test]
fn cfg_in08_headers_that_are_none() {
    assert_eq!(command("command=x\n  [program:b]\nstartsecs=0"), "x\n[program:b]");
    assert_eq!(command("command=x\n[program:b\nstartsecs=0"), "x");
}

#[test]
fn cfg_in09_values_on_the_next_line() {
    let good = "command=\n  /bin/cat\nstartsecs=\n  0\nexitcodes=\n  0,2\nstopsignal=\n  INT\nenvironment=\n  A=1,B=2";
    assert_eq!(command(good), "\n/bin/cat");
    let daemon = Setup::new().start();
    let text = daemon.reread_error("[program:a]\ncommand=/bin/cat\nautostart=\n  true");
    let suffix = " in section 'program:a' (file: '{dir}/supervisord.conf')";
    assert_eq!(text, format!("not a valid boolean value: '\\ntrue'{suffix}"));
    let text = daemon.reread_error("[program:a]\ncommand=/bin/cat\nstdout_logfile=\n  /tmp/x");
    assert_eq!(text, format!("The directory named as part of the path \n/tmp/x does not exist{suffix}"));
}

#[test]
fn cfg_in10_a_semicolon_in_lock_step() {
    assert_eq!(command(r#"command=bash -c "while true; do x ;done" # c"#), r#"bash -c "while true; do x ;done""#);
}
