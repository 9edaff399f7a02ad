use std::path::Path;

use super::super::super::model::ServerAddress;
use super::*;

fn unix(text: &str) -> (std::path::PathBuf, u32, (Option<u32>, Option<u32>)) {
    match daemon(&format!("[unix_http_server]\n{text}")).servers.remove(0).address {
        ServerAddress::Unix { path, chmod, chown } => (path, chmod, chown),
        other => panic!("{other:?}"),
    }
}

#[test]
fn unix_servers_se02() {
    assert_eq!(unix("file=x.sock"), ("/cwd/x.sock".into(), 0o700, (None, None)));
    assert_eq!(unix("file=~/a/../x.sock\nchmod=0770\nchown=www").0, Path::new("/home/me/x.sock"));
    assert_eq!(unix("file=%(here)s/x\nchmod=0770\nchown=www:staff").1, 0o770);
    assert_eq!(unix("file=x\nchown=www:staff").2, (Some(33), Some(50)));
    assert_eq!(unix("file=x\nchown=www").2, (Some(33), None));
    assert_eq!(unix("file=").0, Path::new("/cwd"));
    for (lines, expected) in [
        ("", "section [unix_http_server] has no file value"),
        ("file=x\nchmod=9", "Invalid chmod value 9"),
        ("file=x\nchown=nope", "Invalid sockchown value nope"),
        ("file=x\nchown=nope\nchmod=9", "Invalid sockchown value nope"),
        (
            "file=x\nchown=nope\nusername=a",
            "Section [unix_http_server] contains incomplete authentication: If a username or a password is specified, both the username and password must be specified",
        ),
    ] {
        assert_eq!(daemon_error(&format!("[unix_http_server]\n{lines}")), expected);
    }
}

#[test]
fn inet_servers_se03_vt03() {
    for (port, expected) in
        [("9001", ":9001"), (":9001", ":9001"), ("*:9001", ":9001"), ("127.0.0.1:80", "127.0.0.1:80"), ("LH:1", "lh:1")]
    {
        match &daemon(&format!("[inet_http_server]\nport={port}")).servers[0].address {
            ServerAddress::Inet { host, port } => assert_eq!(format!("{host}:{port}"), expected),
            other => panic!("{other:?}"),
        }
    }
    for (lines, expected) in [
        ("", "section [inet_http_server] has no port value"),
        ("port=foo", "not a valid port number: 'foo' "),
        ("port=h:0", "0 is below lower bound (1)"),
        ("port=h:70000", "70000 is above upper bound (65535)"),
        (
            "password=x",
            "Section [inet_http_server] contains incomplete authentication: If a username or a password is specified, both the username and password must be specified",
        ),
    ] {
        assert_eq!(daemon_error(&format!("[inet_http_server]\n{lines}")), expected);
    }
}

#[test]
fn credentials_se04_se05() {
    let credentials =
        |lines: &str| daemon(&format!("[inet_http_server]\nport=1\n{lines}")).servers.remove(0).credentials;
    assert_eq!(credentials(""), None);
    assert_eq!(credentials("username=\npassword=x"), None);
    assert_eq!(credentials("username=a\npassword="), Some(("a".to_owned(), String::new())));
    assert_eq!(credentials("username=a\npassword={SHA}ab"), Some(("a".to_owned(), "{SHA}ab".to_owned())));
    assert_eq!(credentials("username=%(ENV_HOME)s\npassword=x").unwrap().0, "/home/me");
}

#[test]
fn order_and_names_of_several_servers() {
    let config = daemon(
        "[unix_http_server:b]\nfile=b\n[inet_http_server]\nport=1\n[unix_http_serverX]\nfile=x\n[inet_http_server:2]\nport=h:2\n",
    );
    let names: Vec<&str> = config.servers.iter().map(|server| server.section.as_str()).collect();
    assert_eq!(names, ["inet_http_server", "inet_http_server:2", "unix_http_server:b", "unix_http_serverX"]);
    assert_eq!(config.server_url().as_deref(), Some("unix:///cwd/b"));
}

#[test]
fn the_url_for_children() {
    for (text, expected) in [
        ("", None),
        ("[inet_http_server]\nport=1\n[inet_http_server:2]\nport=*:2\n", Some("http://localhost:2")),
        ("[inet_http_server]\nport=Host:1\n", Some("http://host:1")),
        ("[inet_http_server]\nport=[::1]:1\n", Some("http://[::1]:1")),
        ("[inet_http_server]\nport=::1:1\n", Some("http://[::1]:1")),
    ] {
        assert_eq!(daemon(text).server_url().as_deref(), expected);
    }
}

#[test]
fn rpc_interfaces_se21() {
    const MAIN: &str = "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n";
    let config = daemon(&format!("[rpcinterface:supervisor]\n{MAIN}A=%(ENV_HOME)s\n[rpcinterface:b]\n{MAIN}"));
    let shown: Vec<String> = config
        .rpc_interfaces
        .iter()
        .map(|interface| format!("{} {:?}", interface.namespace, interface.extra))
        .collect();
    assert_eq!(shown, ["supervisor {\"a\": \"/home/me\"}", "b {}"]);
    let of = |spec: &str| format!("[rpcinterface:x]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface{spec}\n");
    for spec in [" : make_main_rpcinterface", ":make_main_rpcinterface [x]", ":SupervisorNamespaceRPCInterface"] {
        assert_eq!(daemon(&of(spec)).rpc_interfaces[0].flaw(), None, "{spec}");
    }
    // Nothing is made without a server, so nothing can be wrong with what would make it.
    let server = "[unix_http_server]\nfile=/s\n";
    let module = of("");
    assert_eq!(daemon(&module).refused_interfaces().count(), 0);
    assert_eq!(daemon(&format!("{server}{module}")).refused_interfaces().count(), 1);
    let foreign = daemon("[rpcinterface:x]\nsupervisor.rpcinterface_factory=foo:bar\n");
    let text = "For [rpcinterface:x], foo:bar is Python code, which would be missing if there were a server";
    assert_eq!(foreign.notices.iter().map(|notice| notice.text.as_str()).collect::<Vec<_>>(), [text]);
    for spec in ["", "foo:", "a b", "a..b"] {
        let expected = format!("{spec} cannot be resolved within [rpcinterface:x]");
        assert_eq!(daemon_error(&format!("[rpcinterface:x]\nsupervisor.rpcinterface_factory={spec}")), expected);
    }
    for (lines, expected) in [
        ("", "section [rpcinterface:x] does not specify a supervisor.rpcinterface_factory"),
        ("supervisor.rpcinterface_factory=foo:bar", "foo:bar cannot be resolved within [rpcinterface:x]"),
        ("supervisor.rpcinterface_factory=foo", "foo cannot be resolved within [rpcinterface:x]"),
    ] {
        assert_eq!(daemon_error(&format!("{server}[rpcinterface:x]\n{lines}")), expected);
    }
    let defaults = super::config(&format!("[DEFAULT]\nd=1\n[supervisord]\n[rpcinterface:x]\n{MAIN}"));
    assert_eq!(defaults.rpc_interfaces[0].extra.keys().collect::<Vec<_>>(), ["d"]);
}

#[test]
fn unknown_sections_and_options_are_ignored_se22() {
    let config = daemon(
        "x=%(nope)s\n[program]\n[foo]\nbar=%\n[supervisorctl]\nserverurl=%\n[ctlplugin:x]\n[Program:y]\n[program:a]\ncommand=cat\nlogfile=%\n",
    );
    assert_eq!(shown(&config.groups), ["a: a"]);
}
