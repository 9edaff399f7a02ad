//! `cfg_ex01`, `cfg_ex12`: which names work where, each cell, and the second pass over log files.

use supervisor_tests::{Daemon, Setup};

use super::conditions::is_ours;

/// The columns: a letter, and the names it stands for.
const COLUMNS: &[(char, &[&str])] = &[
    ('P', &["ENV_PROCESS"]),
    ('S', &["ENV_SECTION"]),
    ('h', &["here"]),
    ('n', &["host_node_name"]),
    ('p', &["program_name"]),
    ('g', &["group_name"]),
    ('#', &["process_num", "numprocs"]),
    ('o', &["ENV_OWN"]),
];

/// A kind of place: what stands before the option, the options, and the columns that work. `@` stands for the name,
/// `?` for a column that is not looked at.
type Row = (&'static str, &'static [&'static str], &'static str);

const PROGRAM: &str = "[program:a]\ncommand=/bin/cat\nautostart=false\nenvironment=OWN=x\n";
const MEMBER: &str = "[group:g]\nprograms=a\n[program:a]\ncommand=/bin/cat\nautostart=false\nenvironment=OWN=x\n";
const LISTENER: &str = "[eventlistener:a]\ncommand=/bin/cat\nautostart=false\nevents=EVENT\nenvironment=OWN=x\n";
const FASTCGI: &str = "[fcgi-program:a]\ncommand=/bin/cat\nautostart=false\nsocket=unix:///tmp/x\nenvironment=OWN=x\n";
const INTERFACE: &str =
    "[rpcinterface:x]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n";

/// Of `[supervisord]`. What its own `environment` defines is not known here at a start.
const DAEMON: &[&str] = &[
    "logfile",
    "logfile_maxbytes",
    "logfile_backups",
    "loglevel",
    "pidfile",
    "umask",
    "silent",
    "minfds",
    "minprocs",
    "nocleanup",
    "childlogdir",
    "user",
    "directory",
    "strip_ansi",
    "identifier",
];

const ROWS: &[Row] = &[
    ("[supervisord]\n", DAEMON, "P?h"),
    ("[include]\n", &["files"], "P?hn"),
    ("[group:g]\n", &["programs", "priority"], "PSh"),
    (PROGRAM, &["priority"], "PSh"),
    (LISTENER, &["priority", "events", "buffer_size", "result_handler", "redirect_stderr"], "PSh"),
    (FASTCGI, &["priority", "user", "socket_backlog", "socket_owner", "socket_mode"], "PSh"),
    (FASTCGI, &["socket"], "PShp"),
    (MEMBER, &["priority"], "PShnpg"),
    (
        PROGRAM,
        &[
            "autostart",
            "autorestart",
            "startsecs",
            "startretries",
            "stopsignal",
            "stopwaitsecs",
            "stopasgroup",
            "killasgroup",
            "exitcodes",
            "redirect_stderr",
            "numprocs",
            "numprocs_start",
            "stdout_capture_maxbytes",
            "stderr_capture_maxbytes",
            "stdout_events_enabled",
            "stderr_events_enabled",
            "serverurl",
            "user",
            "umask",
        ],
        "PShnpg",
    ),
    (PROGRAM, &["environment=OWN=x,V=\"@\""], "PShnpg#"),
    (
        PROGRAM,
        &[
            "command",
            "directory",
            "process_name",
            "stdout_logfile",
            "stdout_logfile_maxbytes",
            "stdout_logfile_backups",
            "stdout_syslog",
            "stderr_logfile",
            "stderr_logfile_maxbytes",
            "stderr_logfile_backups",
            "stderr_syslog",
        ],
        "PShnpg#o",
    ),
    ("[unix_http_server:x]\n", &["file"], "PSh"),
    ("[unix_http_server:x]\nfile={dir}/x.sock\n", &["chmod", "chown", "username", "password"], "PS"),
    ("[inet_http_server]\n", &["port"], "PS"),
    ("[inet_http_server]\nport=127.0.0.1:1\n", &["username", "password"], "PS"),
    (INTERFACE, &["supervisor.rpcinterface_factory", "extra"], "PS"),
];

fn line(option: &str, name: &str) -> String {
    let option = if option.contains('@') { option.to_owned() } else { format!("{option}=@") };
    option.replace('@', &format!("%({name})s"))
}

/// The names without those of variables that an error lists as available; nothing when the name was not the problem.
fn available(text: &str, name: &str) -> Option<Vec<String>> {
    let (_, list) =
        text.split_once(&format!("contains names ('{name}') which cannot be expanded. Available names: "))?;
    let list = list.split(" in section ").next().unwrap_or_default();
    assert!(list.split(", ").is_sorted(), "{text}");
    Some(list.split(", ").filter(|name| !name.starts_with("ENV_")).map(str::to_owned).collect())
}

/// The names of columns, without those of variables.
fn plain(works: &str) -> Vec<&'static str> {
    let columns = COLUMNS.iter().filter(|(column, _)| works.contains(*column)).flat_map(|(_, names)| names.iter());
    let mut names: Vec<&str> = columns.copied().filter(|name| !name.starts_with("ENV_")).collect();
    names.sort_unstable();
    names
}

fn daemon() -> Daemon {
    Setup::new().env("PROCESS", "1").supervisord("environment=SECTION=1").start()
}

/// The error of a reread with these sections, or nothing.
fn reread(daemon: &Daemon, sections: &str) -> String {
    daemon.rewrite(sections);
    daemon.rpc("reloadConfig", &[]).map_or_else(|fault| fault.text, |_| String::new())
}

fn check(daemon: &Daemon, (head, options, works): &Row) {
    for option in *options {
        for (column, names) in COLUMNS {
            // Known here only to a reread of the original; the start is looked at below.
            if *column == 'S' && works.contains('?') {
                continue;
            }
            for name in *names {
                let text = reread(daemon, &format!("{head}{}\n", line(option, name)));
                let place = format!("%({name})s in {option} of {head}: {text:?}");
                match available(&text, name) {
                    None => assert!(works.contains(*column), "works: {place}"),
                    Some(names) => {
                        assert!(!works.contains(*column), "does not work: {place}");
                        assert_eq!(names, plain(works), "{place}");
                    }
                }
            }
        }
    }
}

#[test]
fn cfg_ex01_which_names_work_where() {
    let daemon = daemon();
    for row in ROWS {
        check(&daemon, row);
    }
    // The host's name is the one cell of this row on which the sets differ.
    for (name, works) in [("ENV_PROCESS", true), ("here", true), ("program_name", false), ("ENV_OWN", false)] {
        let text = reread(&daemon, &format!("[supervisord]\nenvironment=V=\"%({name})s\""));
        assert_eq!(available(&text, name).is_none(), works, "{name}: {text}");
    }
    // An [include] section makes the directory known in all places.
    for head in ["[inet_http_server]\nport=%(here)s\n", "[unix_http_server:x]\nfile={dir}/x\nchmod=%(here)s\n"] {
        let text = reread(&daemon, &format!("[include]\nfiles=none\n{head}"));
        assert!(!text.is_empty() && available(&text, "here").is_none(), "{text}");
    }
    // At a start the variables that the section defines are not known to itself.
    for option in ["logfile", "identifier"] {
        let text =
            super::cmdline::refused(&format!("[supervisord]\nenvironment=SECTION=1\n{}", line(option, "ENV_SECTION")));
        assert_eq!(available(&text, "ENV_SECTION"), Some(vec!["here".to_owned()]), "{option}: {text}");
    }
    let text = super::cmdline::refused(&format!(
        "[supervisord]\nenvironment=SECTION=1\n[include]\n{}",
        line("files", "ENV_SECTION")
    ));
    assert_eq!(available(&text, "ENV_SECTION"), Some(vec!["here".to_owned(), "host_node_name".to_owned()]), "{text}");

    for (option, works) in
        [("serverurl", true), ("history_file", true), ("prompt", false), ("username", false), ("password", false)]
    {
        daemon.rewrite(&format!("[supervisorctl]\n{}", line(option, "here")));
        let ran = daemon.ctl(&["help"]);
        assert_eq!(available(&ran.err, "here").is_none(), works, "{option}: {ran:?}");
        daemon.rewrite(&format!("[supervisorctl]\n{}", line(option, "ENV_SECTION")));
        let ran = daemon.ctl(&["help"]);
        assert!(available(&ran.err, "ENV_SECTION").is_some(), "{option}: {ran:?}");
    }
}

#[test]
fn ours_ex01_the_name_of_the_host_in_the_environment_of_all() {
    if !is_ours() {
        return;
    }
    let daemon = daemon();
    assert_eq!(reread(&daemon, "[supervisord]\nenvironment=V=\"%(host_node_name)s\""), "");
}

/// The log file that the daemon makes of a value, without its directory.
fn logfile(daemon: &Daemon, value: &str) -> String {
    let text =
        reread(daemon, &format!("[program:a]\ncommand=/bin/cat\nautostart=false\nstdout_logfile={{dir}}/{value}"));
    assert_eq!(text, "", "{value}");
    let path = daemon.ok("getAllConfigInfo", &[]).array()[0].get("stdout_logfile").str().to_owned();
    path.strip_prefix(&daemon.fill("{dir}/")).unwrap_or_else(|| panic!("{path}")).to_owned()
}

#[test]
fn cfg_ex12_the_second_pass_over_log_files() {
    let daemon = Setup::new().env("PATTERN", "%(program_name)s.log").start();
    assert_eq!(logfile(&daemon, "50%%%%"), "50%");
    assert_eq!(logfile(&daemon, "%%(program_name)s"), "a");
    assert_eq!(logfile(&daemon, "%(ENV_PATTERN)s"), "a.log");
}

#[test]
fn ours_ex12_a_percent_sign_in_the_name_of_a_log_file() {
    if !is_ours() {
        return;
    }
    let daemon = Setup::new().env("RATE", "50%").supervisord("environment=G=\"50%%\"").start();
    assert_eq!(logfile(&daemon, "50%%"), "50%");
    assert_eq!(logfile(&daemon, "%(ENV_RATE)s"), "50%");
    let text = reread(&daemon, "[program:a]\ncommand=x\nautostart=false\nstdout_logfile=/nonexistent/%s");
    assert!(text.contains("'program:a.stdout_logfile' is badly formatted"), "{text}");
}
