//! Series EX and IC: names in values, and included files.

use supervisor_tests::{Daemon, Setup};

const SUFFIX: &str = " in section 'program:a' (file: '{dir}/supervisord.conf')";

/// The commands of all programs, by name.
fn commands(daemon: &Daemon) -> Vec<String> {
    let infos = daemon.ok("getAllConfigInfo", &[]);
    infos.array().iter().map(|info| format!("{}: {}", info.get("name").str(), info.get("command").str())).collect()
}

fn program(options: &str) -> String {
    format!("[program:a]\nautostart=false\n{options}\n")
}

#[test]
fn cfg_ex02_unknown_names() {
    let daemon = Setup::new().env("ONLY", "1").start();
    let text = daemon.reread_error(&program("command=%(program_name)s %(one)s %(two)s"));
    let head = "Format string '%(program_name)s %(one)s %(two)s' for 'program:a.command' contains names ('one') which \
        cannot be expanded. Available names: ENV_";
    assert!(text.starts_with(head), "{text}");
    let names = text.split_once("Available names: ").unwrap().1.strip_suffix(SUFFIX).unwrap();
    let names: Vec<&str> = names.split(", ").collect();
    assert!(names.is_sorted());
    let plain: Vec<&&str> = names.iter().filter(|name| !name.starts_with("ENV_")).collect();
    assert_eq!(plain, [&"group_name", &"here", &"host_node_name", &"numprocs", &"process_num", &"program_name"]);
    assert!(names.contains(&"ENV_ONLY"));
}

#[test]
fn cfg_ex03_bad_formats() {
    let daemon = Setup::new().start();
    let cases = [
        ("50%", "incomplete format"),
        ("%(here", "incomplete format key"),
        ("%(here)", "incomplete format"),
        ("ab %H", "unsupported format character 'H' (0x48) at index 4"),
        ("%(program_name)d", "%d format: a real number is required, not str"),
        ("%(program_name)x", "%x format: an integer is required, not str"),
    ];
    for (value, detail) in cases {
        let text = daemon.reread_error(&program(&format!("command={value}")));
        assert_eq!(
            text,
            format!("Format string '{value}' for 'program:a.command' is badly formatted: {detail}{SUFFIX}")
        );
    }
}

#[test]
fn cfg_ex04_a_doubled_percent() {
    let daemon = Setup::new()
        .with("[program:a]\ncommand=date +%%s\nautostart=false")
        .program("b", "environment=RATE=\"50%%\"", "facts:facts hang")
        .start();
    assert_eq!(commands(&daemon)[0], "a: date +%s");
    daemon.wait_file("facts", "env RATE=50%\n");
}

#[test]
fn cfg_ex05_numbers_and_flags() {
    let options = "command=%(program_name)-4s|%(process_num)03d|%(process_num)x|%(numprocs)d|%(program_name).1s\n\
        numprocs=2\nnumprocs_start=10\nprocess_name=%(program_name)s_%(process_num)03d";
    let daemon = Setup::new().with(&program(options)).start();
    assert_eq!(commands(&daemon), ["a_010: a   |010|a|2|a", "a_011: a   |011|b|2|a"]);
}

#[test]
fn cfg_ex06_environment_names() {
    let daemon = Setup::new()
        .env("OUTER", "outer")
        .supervisord("environment=GLOBAL=\"global\",BOTH=\"global\"")
        .with(&program(
            "environment=OWN=\"own %(ENV_GLOBAL)s\",BOTH=\"own\"\n\
             command=%(ENV_OUTER)s %(ENV_GLOBAL)s %(ENV_OWN)s %(ENV_BOTH)s\nprocess_name=%(ENV_BOTH)s\n\
             stdout_logfile={dir}/%(ENV_GLOBAL)s.out",
        ))
        .start();
    assert_eq!(commands(&daemon), ["own: outer global own global own"]);
    let logfile = daemon.info("a:own").get("stdout_logfile").str().to_owned();
    assert_eq!(logfile, daemon.path("global.out").display().to_string());
}

#[test]
fn cfg_ex07_percent_in_the_process_environment() {
    let daemon = Setup::new()
        .env("RATE", "100% %(here)s")
        .program("p", "", "facts:facts hang")
        .with(&program("command=x %(ENV_RATE)s"))
        .start();
    assert_eq!(commands(&daemon)[0], "a: x 100% %(here)s");
    daemon.wait_file("facts", "env RATE=100% %(here)s\n");
}

#[test]
fn cfg_ex08_here_of_an_included_file() {
    let daemon = Setup::new()
        .with("[include]\nfiles=sub/*.ini")
        .with("[program:main]\ncommand=%(here)s\nautostart=false")
        .write("sub/x.ini", "[program:sub]\ncommand=%(here)s\nautostart=false\n")
        .start();
    let dir = daemon.dir().display();
    assert_eq!(commands(&daemon), [format!("main: {dir}"), format!("sub: {dir}/sub")]);
}

#[test]
fn cfg_ex09_the_file_of_an_included_section() {
    let daemon = Setup::new().with("[include]\nfiles=sub/*.ini").write("sub/x.ini", "").start();
    std::fs::write(daemon.path("sub/x.ini"), "[program:sub]\ncommand=x\nstartsecs=soon\n").unwrap();
    let text = daemon.reread_error("[include]\nfiles=sub/*.ini");
    let suffix = " in section 'program:sub' (file: '{dir}/sub/x.ini')";
    assert_eq!(text, format!("invalid literal for int() with base 10: 'soon'{suffix}"));
}

#[test]
fn cfg_ex10_where_the_suffix_is() {
    let daemon = Setup::new().start();
    let text = daemon.reread_error(&program("command=x\nautostart=maybe"));
    assert_eq!(text, format!("not a valid boolean value: 'maybe'{SUFFIX}"));
    assert_eq!(daemon.reread_error("[program:a b]\ncommand=x"), "Invalid name: 'a b' because of character: ' '");
    assert_eq!(
        daemon.reread_error(&program("command=x\npriority=high")),
        "invalid literal for int() with base 10: 'high'"
    );
}

#[test]
fn cfg_ex11_leftmost_problem() {
    let daemon = Setup::new().start();
    let detail = |value: &str| {
        let text = daemon.reread_error(&program(&format!("command={value}")));
        let text = text.strip_suffix(SUFFIX).unwrap().to_owned();
        text.rsplit_once("badly formatted: ").map_or(text.clone(), |(_, detail)| detail.to_owned())
    };
    assert!(detail("%(nope)H %").contains("contains names ('nope')"));
    assert_eq!(detail("%H %(nope)s"), "unsupported format character 'H' (0x48) at index 1");
    assert_eq!(detail("%(here)%"), "unsupported format character '%' (0x25) at index 7");
    daemon.rewrite(&program("command=%(program_name)ls"));
    assert_eq!(daemon.reread(), "a//");
}

#[test]
fn cfg_ic01_patterns_and_their_order() {
    let section = |value: &str| format!("[program:a]\ncommand={value}\nautostart=false\n");
    let daemon = Setup::new()
        .with("[include]\nfiles=z.ini [ab]?.ini {dir}/abs/*.ini")
        .write("z.ini", &section("z"))
        .write("a1.ini", &section("a1"))
        .write("b1.ini", &section("b1"))
        .write("c1.ini", &section("c1"))
        .write("abs/y.ini", &section("y"))
        .write("abs/.hidden.ini", &section("hidden"))
        .start();
    assert_eq!(commands(&daemon), ["a: y"]);
    let dir = daemon.dir().display().to_string();
    let read: Vec<String> = daemon
        .log()
        .iter()
        .filter_map(|line| line.strip_prefix("INFO Included extra file \""))
        .map(|line| line.replace(&format!("{dir}/"), "").replace("\" during parsing", ""))
        .collect();
    assert_eq!(read, ["z.ini", "a1.ini", "b1.ini", "abs/y.ini"]);
}

#[test]
fn cfg_ic02_lines_about_includes() {
    let daemon = Setup::new().with("[include]\nfiles=none.ini x.ini").write("x.ini", "").start();
    daemon.wait_log(&daemon.fill("WARN No file matches via include \"{dir}/none.ini\""));
    daemon.wait_log(&daemon.fill("INFO Included extra file \"{dir}/x.ini\" during parsing"));
    assert_eq!(daemon.reread(), "//");
    assert_eq!(daemon.log().iter().filter(|line| line.contains("none.ini")).count(), 1);
}

#[test]
fn cfg_ic03_a_section_without_files() {
    let text = super::cmdline::refused("[include]\nfile=x.ini");
    assert_eq!(text, ".ini file has [include] section, but no files setting");
}

#[test]
fn cfg_ic04_nested_includes_are_not_followed() {
    let daemon = Setup::new()
        .with("[include]\nfiles=x.ini")
        .write("x.ini", "[include]\nfiles=y.ini\n[program:x]\ncommand=x\nautostart=false\n")
        .write("y.ini", "[program:y]\ncommand=y\nautostart=false\n")
        .start();
    assert_eq!(commands(&daemon), ["x: x"]);
}

#[test]
fn cfg_ic05_later_files_win() {
    let daemon = Setup::new()
        .with("[include]\nfiles=x.ini\n[program:a]\ncommand=main\nautostart=false")
        .write("x.ini", "[supervisord]\nidentifier=included\n[program:a]\ncommand=included\n")
        .start();
    assert_eq!(commands(&daemon), ["a: included"]);
    assert_eq!(daemon.ok("getIdentification", &[]).str(), "included");
}

#[test]
fn cfg_ic06_names_in_files() {
    let daemon = Setup::new()
        .env("PART", "x")
        .with("[include]\nfiles=%(here)s/%(ENV_PART)s.ini %(here)s/%(host_node_name)s.ini")
        .write("x.ini", "[program:x]\ncommand=x\nautostart=false\n")
        .start();
    assert_eq!(commands(&daemon), ["x: x"]);
    daemon.wait_log("WARN No file matches via include");
}
