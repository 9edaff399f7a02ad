use super::*;

const FILES: &[(&str, &str)] = &[
    ("/conf/d/a.ini", "[program:a]\ncommand=%(here)s\n[include]\nfiles=/conf/e/*\n"),
    ("/conf/d/b.ini", "[program:a]\ncommand=b\n[supervisord]\nidentifier=b\n[program:main]\nuser=nope\n"),
    ("/conf/bad/x.ini", "[program:bad]\ncommand=%(here)s\nautostart=x\n"),
    ("/conf/broken/x.ini", "a=1\n"),
    ("/conf/broken/y.ini", "[s]\nfoo\n"),
    ("/conf/locked/x.ini", "UNREADABLE"),
];

fn read_files(text: &str) -> (Result<Config, String>, Vec<String>) {
    let (result, asked) = read_with(text, FILES, &Overrides::default());
    (result.map_err(|error| error.to_string()), asked)
}

#[test]
fn patterns_and_order_ic01_ic06() {
    let files = "d/*.ini\n  /abs/%(ENV_HOME)s %(here)s/%(host_node_name)s%%";
    let (result, asked) = read_files(&format!("[supervisord]\n[include]\nfiles={files}\n"));
    assert_eq!(asked, ["/conf/d/*.ini", "/abs//home/me", "/conf/node%"]);
    assert!(result.is_err_and(|error| error.starts_with("Invalid user name nope in section 'program:main'")));
    let (_, asked) = read_files("[supervisord]\n");
    assert!(asked.is_empty());
}

#[test]
fn notices_ic02_and_nested_includes_ic04() {
    let (result, asked) = read_files("[supervisord]\n[include]\nfiles=d/a* none locked/*\n");
    let config = result.unwrap();
    assert_eq!(asked.len(), 3);
    assert_eq!(
        config.notices.iter().map(|notice| (notice.level, notice.text.as_str())).collect::<Vec<_>>(),
        [
            (LogLevel::Info, "Included extra file \"/conf/d/a.ini\" during parsing"),
            (LogLevel::Warn, "No file matches via include \"/conf/none\""),
            (LogLevel::Warn, "Could not read extra file \"/conf/locked/x.ini\", skipping it: Permission denied"),
        ]
    );
}

#[test]
fn a_section_without_files_ic03() {
    assert_eq!(daemon_error("[include]\n"), ".ini file has [include] section, but no files setting");
    // Before anything else is looked at.
    assert_eq!(error("[include]\n"), ".ini file has [include] section, but no files setting");
}

#[test]
fn later_files_override_ic05() {
    let text = "[supervisord]\nidentifier=main\n[include]\nfiles=d/*.ini\n[program:a]\ncommand=a\n\
                [program:main]\ncommand=%(here)s\nuser=root\n";
    let (result, _) = read_files(text);
    assert_eq!(result.unwrap_err(), "Invalid user name nope in section 'program:main' (file: 's.conf')");
    let (result, _) =
        read_files("[supervisord]\nidentifier=main\n[include]\nfiles=d/b.ini\n[program:main]\ncommand=x\nuser=0");
    assert!(result.is_err());
    let overlay = &[("/conf/d/b.ini", "[program:a]\ncommand=b\n[supervisord]\nidentifier=b\n")];
    let text = "[supervisord]\nidentifier=main\n[include]\nfiles=d/b.ini\n[program:a]\ncommand=a\npriority=5\n";
    let config = read_with(text, overlay, &Overrides::default()).0.unwrap();
    let process = &config.groups[0].processes[0];
    assert_eq!((config.daemon.identifier.as_str(), process.command.as_str(), process.priority), ("b", "b", 5));
}

#[test]
fn here_is_each_files_directory_ex08() {
    let (result, _) = read_files("[supervisord]\n[include]\nfiles=d/a.ini\n[program:m]\ncommand=%(here)s %%(here)s\n");
    let commands: Vec<String> = result.unwrap().groups.iter().map(|group| group.processes[0].command.clone()).collect();
    assert_eq!(commands, ["/conf/d", "/conf %(here)s"]);
    // With includes it works where it is no name otherwise.
    let server = "[inet_http_server]\nport=1\nusername=%(here)s\npassword=x\n";
    let (result, _) = read_files(&format!("[supervisord]\n[include]\nfiles=x\n{server}"));
    assert_eq!(result.unwrap().servers[0].credentials.as_ref().unwrap().0, "/conf");
    assert_eq!(
        daemon_error(server),
        "Format string '%(here)s' for 'inet_http_server.username' contains names ('here') which cannot be \
         expanded. Available names: ENV_HOME, ENV_PATTERN, ENV_PERCENT"
    );
}

#[test]
fn errors_name_the_right_file_ex09() {
    for (files, expected) in [
        ("bad/x.ini", "not a valid boolean value: 'x' in section 'program:bad' (file: '/conf/bad/x.ini')"),
        ("broken/x.ini", "File contains no section headers.\nfile: '/conf/broken/x.ini', line: 1\n'a=1\\n'"),
        ("broken/y.ini", "Source contains parsing errors: '/conf/broken/y.ini'\n\t[line  2]: 'foo\\n'"),
        (
            "%(nope)s",
            "Format string '%(nope)s' for 'include.files' contains names ('nope') which cannot be expanded. \
             Available names: ENV_HOME, ENV_PATTERN, ENV_PERCENT, here, host_node_name",
        ),
        ("%(here)", "Format string '%(here)' for 'include.files' is badly formatted: incomplete format"),
    ] {
        let (result, _) = read_files(&format!("[supervisord]\n[include]\nfiles={files}\n"));
        assert_eq!(result.unwrap_err(), expected, "{files}");
    }
}
