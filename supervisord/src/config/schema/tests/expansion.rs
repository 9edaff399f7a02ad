//! Which names work where: the matrix of contract 3.5 (`ex01`).

use super::super::super::model::LogTarget;
use super::*;

const ENV: &str = "ENV_HOME, ENV_PATTERN, ENV_PERCENT";

/// Names that may be tried in every place.
const NAMES: &[&str] = &[
    "ENV_HOME",
    "ENV_GLOBAL",
    "ENV_OWN",
    "here",
    "host_node_name",
    "program_name",
    "group_name",
    "process_num",
    "numprocs",
];

/// The names that work in an option, each tried by itself: those that are not reported as unknown.
fn working(text: &str) -> Vec<&'static str> {
    NAMES
        .iter()
        .copied()
        .filter(|name| {
            let text = text.replace("NAME", &format!("%({name})s"));
            match read_with(&text, &[], &Overrides::default()).0 {
                Ok(_) => true,
                Err(error) => !error.to_string().contains("which cannot be expanded"),
            }
        })
        .collect()
}

const GLOBAL: &str = "[supervisord]\nenvironment=GLOBAL=\"g\"\n";

#[test]
fn the_matrix_ex01() {
    let here = &["ENV_HOME", "here"][..];
    let group_pass = &["ENV_HOME", "ENV_GLOBAL", "here"][..];
    let program = &["ENV_HOME", "ENV_GLOBAL", "here", "host_node_name", "program_name", "group_name"][..];
    let process = &NAMES.iter().copied().filter(|name| *name != "ENV_OWN").collect::<Vec<_>>()[..];
    for (text, expected) in [
        ("[supervisord]\nidentifier=NAME\nenvironment=GLOBAL=\"g\"\n", here),
        ("[supervisord]\nenvironment=GLOBAL=\"g\",X=\"NAME\"\n", &["ENV_HOME", "here", "host_node_name"]),
        ("GLOBAL[group:g]\nprograms=NAME\n", group_pass),
        ("GLOBAL[group:g]\npriority=NAME\n", group_pass),
        ("GLOBAL[program:x]\npriority=NAME\n", group_pass),
        ("GLOBAL[eventlistener:x]\nevents=NAME\n", group_pass),
        ("GLOBAL[eventlistener:x]\nbuffer_size=NAME\n", group_pass),
        ("GLOBAL[eventlistener:x]\nresult_handler=NAME\n", group_pass),
        ("GLOBAL[eventlistener:x]\nevents=TICK\nredirect_stderr=NAME\n", group_pass),
        ("GLOBAL[fcgi-program:x]\nuser=NAME\n", group_pass),
        ("GLOBAL[fcgi-program:x]\nsocket_backlog=NAME\n", group_pass),
        ("GLOBAL[fcgi-program:x]\nsocket_owner=NAME\n", group_pass),
        ("GLOBAL[fcgi-program:x]\nsocket_mode=NAME\n", group_pass),
        ("GLOBAL[fcgi-program:x]\nsocket=NAME\n", &["ENV_HOME", "ENV_GLOBAL", "here", "program_name"]),
        ("GLOBAL[group:g]\nprograms=x\n[program:x]\npriority=NAME\n", program),
        ("GLOBAL[program:x]\nautostart=NAME\n", program),
        ("GLOBAL[program:x]\nserverurl=NAME\n", program),
        ("GLOBAL[program:x]\nuser=NAME\n", program),
        ("GLOBAL[program:x]\numask=NAME\n", program),
        ("GLOBAL[program:x]\nnumprocs=NAME\n", program),
        ("GLOBAL[program:x]\nstdout_capture_maxbytes=NAME\n", program),
        ("GLOBAL[program:x]\nenvironment=X=\"NAME\",OWN=\"o\"\n", process),
        ("GLOBAL[program:x]\nenvironment=OWN=\"o\"\ncommand=NAME\n", NAMES),
        ("GLOBAL[program:x]\nenvironment=OWN=\"o\"\ndirectory=NAME\n", NAMES),
        ("GLOBAL[program:x]\ncommand=c\nenvironment=OWN=\"o\"\nprocess_name=NAME\n", NAMES),
        ("GLOBAL[program:x]\nenvironment=OWN=\"o\"\nstdout_logfile=NAME\n", NAMES),
        ("GLOBAL[program:x]\nenvironment=OWN=\"o\"\nstderr_logfile_maxbytes=NAME\n", NAMES),
        ("GLOBAL[program:x]\nenvironment=OWN=\"o\"\nstderr_logfile_backups=NAME\n", NAMES),
        ("GLOBAL[program:x]\nenvironment=OWN=\"o\"\nstdout_syslog=NAME\n", NAMES),
        ("GLOBAL[unix_http_server]\nfile=NAME\n", group_pass),
        ("GLOBAL[unix_http_server]\nfile=x\nchmod=NAME\n", &["ENV_HOME", "ENV_GLOBAL"]),
        ("GLOBAL[inet_http_server]\nport=NAME\n", &["ENV_HOME", "ENV_GLOBAL"]),
        ("GLOBAL[rpcinterface:x]\nsupervisor.rpcinterface_factory=NAME\n", &["ENV_HOME", "ENV_GLOBAL"]),
    ] {
        let text = text.replace("GLOBAL[", &format!("{GLOBAL}["));
        assert_eq!(working(&text), expected, "{text}");
    }
}

#[test]
fn messages_with_labels_and_suffix_ex02_ex10() {
    for (sections, expected) in [
        (
            "[program:x]\ncommand=%(a)s %(b)s",
            format!(
                "Format string '%(a)s %(b)s' for 'program:x.command' contains names ('a') which cannot be expanded. \
                 Available names: {ENV}, group_name, here, host_node_name, numprocs, process_num, program_name \
                 in section 'program:x' (file: 's.conf')"
            ),
        ),
        (
            "[program:x]\ncommand=c\nenvironment=A=%(a)s",
            format!(
                "Format string 'A=%(a)s' for 'environment' contains names ('a') which cannot be expanded. \
                 Available names: {ENV}, group_name, here, host_node_name, numprocs, process_num, program_name \
                 in section 'program:x' (file: 's.conf')"
            ),
        ),
        (
            "[program:x]\ncommand=c\nprocess_name=%(program_name)d",
            "Format string '%(program_name)d' for 'process_name' is badly formatted: %d format: a real number is \
             required, not str in section 'program:x' (file: 's.conf')"
                .to_owned(),
        ),
        (
            "[group:g]\npriority=%(a)s",
            format!(
                "Format string '%(a)s' for 'group:g.priority' contains names ('a') which cannot be expanded. \
                 Available names: {ENV}, here"
            ),
        ),
    ] {
        assert_eq!(daemon_error(sections), expected);
    }
}

#[test]
fn environments_ex04_ex06_ex07() {
    let text = "[supervisord]\nenvironment=A=\"g\",B=\"%(here)s\",P=\"%(ENV_PERCENT)s\"\n\
                [program:x]\ncommand=%(ENV_A)s %(ENV_B)s %(ENV_P)s %(ENV_C)s 50%%\n\
                environment=A=\"%(ENV_A)s%(process_num)02d\",C=\"%(ENV_PERCENT)s 1%%\"\n";
    let process = config(text).groups.remove(0).processes.remove(0);
    assert_eq!(process.command, "g00 /conf 50% 50% 1% 50%");
    let environment: Vec<(&str, &str)> =
        process.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(environment, [("A", "g00"), ("B", "/conf"), ("C", "50% 1%"), ("P", "50%")]);
}

/// Later processes may use the names of earlier ones, which the variables of the daemon hide; they are not given them.
#[test]
fn names_of_earlier_processes_stay() {
    let text = "[supervisord]\nenvironment=G2=\"daemon\"\n\
                [program:x]\ncommand=%(ENV_G0)s %(ENV_G2)s %(ENV_X)s %(ENV_HOME)s\nprocess_name=%(process_num)d\n\
                numprocs=4\nenvironment=G%(process_num)d=\"own%(process_num)d\",X=\"%(ENV_G2)s\",HOME=\"home%(process_num)d\"\n";
    let processes = config(text).groups.remove(0).processes;
    let commands: Vec<&str> = processes.iter().map(|process| process.command.as_str()).collect();
    assert_eq!(
        commands,
        [
            "own0 daemon daemon home0",
            "own0 daemon daemon home1",
            // Its own variable wins over the daemon's, but not while its own are read.
            "own0 own2 daemon home2",
            // That of an earlier process does not.
            "own0 daemon daemon home3",
        ]
    );
    let names: Vec<&str> = processes[3].environment.keys().map(String::as_str).collect();
    assert_eq!(names, ["G2", "G3", "HOME", "X"]);
}

#[test]
fn quotes_and_commas_can_come_from_names() {
    let text = "[supervisord]\nenvironment=Q=\"1,B=2\"\n[program:x]\ncommand=c\nenvironment=A=%(ENV_Q)s\n";
    let process = config(text).groups.remove(0).processes.remove(0);
    assert_eq!(process.environment.get("B").map(String::as_str), Some("2"));
}

#[test]
fn log_files_are_expanded_twice_ex12() {
    for (value, expected) in [
        ("50%%%%", "50%"),
        ("50%%", "50%"),
        ("%%(program_name)s", "x"),
        ("%(ENV_PATTERN)s", "/tmp/x.log"),
        ("%(ENV_PERCENT)s", "50%"),
        ("%%(nope)s", "%(nope)s"),
        ("%%s", "%s"),
    ] {
        let process = program(&format!("stdout_logfile={value}"));
        assert_eq!(process.stdout.logfile, LogTarget::File(expected.into()), "{value}");
    }
    assert_eq!(program("stdout_logfile=%(program_name)s").stdout.logfile, LogTarget::File("x".into()));
    assert!(program_error("stdout_logfile=%s").ends_with("is badly formatted: not enough arguments for format string"));
}

#[test]
fn cut_environments_are_warned_about_once_q20() {
    let config = daemon("[program:x]\ncommand=c\nnumprocs=2\nprocess_name=%(process_num)d\nenvironment=A=foo bar\n");
    assert_eq!(warnings(&config).len(), 1);
    assert_eq!(config.groups[0].processes[1].environment.get("A").map(String::as_str), Some("foo"));
}

#[test]
fn group_name_is_that_of_the_group() {
    let text = "[program:x]\ncommand=%(group_name)s/%(program_name)s\n[group:g]\nprograms=x\n";
    assert_eq!(groups(text)[0].processes[0].command, "g/x");
    assert_eq!(program("command=%(group_name)s").command, "x");
}
