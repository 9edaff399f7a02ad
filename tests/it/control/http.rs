//! Series H: listeners, requests and replies of the HTTP server.

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

use supervisor_tests::http::{Address, Conn, Reply, post, rpc};
use supervisor_tests::{Daemon, Setup, xmlrpc};

const STATE: &str = "supervisor.getState";

/// Sends one request on a new connection.
pub(super) fn ask(daemon: &Daemon, request: &str) -> Reply {
    let mut conn = daemon.connect();
    conn.send(request);
    conn.reply().unwrap_or_else(|| panic!("no reply to {request:?}"))
}

pub(super) fn get(daemon: &Daemon, path: &str) -> Reply {
    ask(daemon, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
}

fn call(extra: &str) -> String {
    post(&xmlrpc::call(STATE, &[]), extra)
}

/// `user:pass` and `us:pa:ss` in base64 are written out by the tests that use them.
fn basic(token: &str) -> String {
    call(&format!("Authorization: Basic {token}\r\n"))
}

#[test]
fn ctl_h01_several_servers_with_their_own_credentials() {
    let daemon = Setup::new()
        .with("[inet_http_server:a]\nport=127.0.0.1:{port}\nusername=user\npassword=pass")
        .with("[unix_http_server:b]\nfile={dir}/b.sock")
        .start();
    let mut conn = Conn::open(&Address::Port(daemon.port())).unwrap();
    conn.send(call(""));
    assert_eq!(conn.reply().unwrap().code(), 401);
    let mut conn = Conn::open(&Address::Port(daemon.port())).unwrap();
    conn.send(basic("dXNlcjpwYXNz"));
    assert_eq!(conn.reply().unwrap().code(), 200);
    for socket in ["s.sock", "b.sock"] {
        assert!(rpc(&Address::Unix(daemon.path(socket)), STATE, &[]).is_some());
    }
}

#[test]
fn ctl_h02_no_server_section() {
    let daemon = Setup::new().servers("").with("[program:a]\ncommand=/bin/cat\nstartsecs=0").start();
    daemon.wait_log("entered RUNNING");
    assert!(!daemon.path("s.sock").exists());
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn ctl_h03_mode_of_the_socket() {
    let daemon = Setup::new().with("[unix_http_server:b]\nfile={dir}/b.sock\nchmod=0757").start();
    for (socket, mode) in [("s.sock", 0o700), ("b.sock", 0o757)] {
        let metadata = std::fs::metadata(daemon.path(socket)).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o777, mode);
    }
}

#[test]
fn ctl_h04_path_of_the_socket() {
    let daemon = Setup::new()
        .env("NAME", "env")
        .with("[unix_http_server:b]\nfile=%(here)s/%(ENV_NAME)s.sock\n[unix_http_server:c]\nfile=~/sub/../home.sock")
        .with("[unix_http_server:d]\nfile=relative.sock")
        .write("sub/x", "")
        .start();
    for socket in ["env.sock", "home.sock", "relative.sock"] {
        assert!(rpc(&Address::Unix(daemon.path(socket)), STATE, &[]).is_some(), "{socket}");
    }
}

#[test]
fn ctl_h05_a_stale_socket_is_replaced() {
    let setup = Setup::new();
    drop(std::os::unix::net::UnixListener::bind(setup.path("s.sock")).unwrap());
    let daemon = setup.start();
    let text = format!("Unlinking stale socket {}\n", daemon.path("s.sock").display());
    assert_eq!(daemon.read("stderr.txt"), text);
}

#[test]
fn ctl_h06_a_live_socket_is_not() {
    let daemon = Setup::new().start();
    let mut command = daemon.command("supervisord");
    command.args(["-n", "-s"]).arg("-c").arg(daemon.path("supervisord.conf")).arg("-l").arg(daemon.path("other.log"));
    let ran = supervisor_tests::run::run(command, "", daemon.dir());
    assert!(ran.err.starts_with("Error: Another program is already listening on a port"), "{}", ran.err);
    assert_eq!((ran.code, daemon.ok("getPID", &[]).int()), (2, i64::from(daemon.pid())));
}

#[test]
fn ctl_h08_the_socket_comes_and_goes() {
    let daemon = Setup::new().start();
    daemon.ok("restart", &[]);
    daemon.wait_log_times("supervisord started with pid", 2);
    let _state = daemon.wait("the new socket", || daemon.try_rpc(STATE, &[]));
    assert_eq!(daemon.stop(), 0);
    assert!(!daemon.path("s.sock").exists());
}

#[test]
fn ctl_h09_errors_of_a_start() {
    let daemon = Setup::new().start();
    let unix = |lines: &str| daemon.reread_error(&format!("[unix_http_server:x]\n{lines}"));
    let inet = |lines: &str| daemon.reread_error(&format!("[inet_http_server:x]\n{lines}"));
    assert_eq!(unix(""), "section [unix_http_server:x] has no file value");
    assert_eq!(inet(""), "section [inet_http_server:x] has no port value");
    assert_eq!(inet("port=99999"), "not a valid port number: '99999' ");
    assert_eq!(inet("port=x:99999"), "99999 is above upper bound (65535)");
    assert_eq!(unix("file=x\nchmod=rwx"), "Invalid chmod value rwx");
    let ran = Setup::new().servers("[inet_http_server]\nport=192.0.2.1:9001\n").run();
    assert_eq!(ran.code, 2);
    let text = "Error: Cannot open an HTTP server: socket.error reported errno.EADDRNOTAVAIL (99)\n";
    assert!(ran.err.starts_with(text), "{}", ran.err);
}

#[test]
fn ctl_h10_half_credentials_are_refused() {
    let daemon = Setup::new().start();
    let text = "Section [unix_http_server:x] contains incomplete authentication: If a username or a password is \
        specified, both the username and password must be specified";
    for half in ["username=u", "password=p"] {
        assert_eq!(daemon.reread_error(&format!("[unix_http_server:x]\nfile=x\n{half}")), text);
    }
}

#[test]
fn ctl_h11_warning_of_an_open_server() {
    let daemon = Setup::new()
        .with(
            "[unix_http_server:b]\nfile={dir}/b.sock\n[unix_http_server:c]\nfile={dir}/c.sock\nusername=u\npassword=p",
        )
        .start();
    let line = |section: &str| format!("CRIT Server '{section}' running without any HTTP authentication checking");
    let lines = daemon.log();
    assert!(lines.contains(&line("unix_http_server")) && lines.contains(&line("unix_http_server:b")));
    assert!(!lines.contains(&line("unix_http_server:c")));
}

#[test]
fn ctl_h12_line_of_the_interface() {
    let daemon = Setup::new().with("[unix_http_server:b]\nfile={dir}/b.sock").start();
    let count = daemon.log().iter().filter(|line| *line == "INFO RPC interface 'supervisor' initialized").count();
    assert_eq!(count, 2);
}

#[test]
fn ctl_h13_the_rpc_path() {
    let daemon = Setup::new().inet().start();
    let unix = Address::Unix(daemon.path("s.sock"));
    assert!(rpc(&unix, STATE, &[]).is_some());
    let slash = call("").replace("/RPC2", "/RPC2/");
    assert_eq!((ask(&daemon, &call("")).code(), ask(&daemon, &slash).code()), (200, 200));
    assert_eq!(get(&daemon, "/RPC2").code(), 400);
}

#[test]
fn ctl_h14_headers_of_a_reply() {
    let daemon = Setup::new().start();
    let reply = ask(&daemon, &call(""));
    let names: Vec<&str> = reply.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Server", "Date", "Content-Type", "Content-Length"]);
    assert_eq!(reply.status_line, "HTTP/1.1 200 OK");
    assert_eq!((reply.header("Content-Type"), reply.header("Content-Length")), (Some("text/xml"), Some("279")));
    let date = reply.header("Date").unwrap();
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
}

#[test]
fn ctl_h15_error_pages() {
    let daemon = Setup::new().start();
    let page = |code: u16, reason: &str| {
        format!(
            "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n\
             <p>Error code {code}.\r\n<p>Message: {reason}.\r\n</body>\r\n"
        )
    };
    let cases = [
        (get(&daemon, "/RPC2"), 400, "Bad Request", 136),
        (get(&daemon, "/nothing"), 404, "Not Found", 134),
        (ask(&daemon, "POST /RPC2 HTTP/1.1\r\nHost: x\r\n\r\n"), 411, "Length Required", 140),
    ];
    for (reply, code, reason, length) in cases {
        assert_eq!(reply.status_line, format!("HTTP/1.1 {code} {reason}"));
        assert_eq!((reply.text(), reply.body.len()), (page(code, reason), length));
        assert_eq!(reply.header("Content-Type"), Some("text/html"));
    }
}

#[test]
fn ctl_h17_connections_are_kept() {
    let daemon = Setup::new().start();
    let mut conn = daemon.connect();
    for _ in 0..3 {
        conn.send(call(""));
        assert_eq!(conn.reply().unwrap().code(), 200);
    }
    conn.send(call("Connection: close\r\n"));
    assert_eq!(conn.reply().unwrap().code(), 200);
    assert!(conn.is_closed());
}

#[test]
fn ctl_h18_the_old_protocol() {
    let daemon = Setup::new().start();
    let mut conn = daemon.connect();
    conn.send(call("").replace("HTTP/1.1", "HTTP/1.0"));
    assert_eq!(conn.reply().unwrap().status_line, "HTTP/1.0 200 OK");
    assert!(conn.is_closed());
    let mut conn = daemon.connect();
    for _ in 0..2 {
        conn.send(call("Connection: keep-alive\r\n").replace("HTTP/1.1", "HTTP/1.0"));
        assert_eq!(conn.reply().unwrap().header("Connection"), Some("Keep-Alive"));
    }
}

#[test]
fn ctl_h20_an_empty_line_between_requests() {
    let daemon = Setup::new().start();
    let mut conn = daemon.connect();
    conn.send(call(""));
    assert_eq!(conn.reply().unwrap().code(), 200);
    conn.send(format!("\r\n{}", call("")));
    assert_eq!(conn.reply().unwrap().code(), 200);
}

#[test]
fn ctl_h21_basic_authentication() {
    let server = "[inet_http_server:a]\nport=127.0.0.1:{port}\nusername=user\npassword=pass";
    let daemon = Setup::new().with(server).start();
    let ask = |request: &str| {
        let mut conn = Conn::open(&Address::Port(daemon.port())).unwrap();
        conn.send(request);
        conn.reply().unwrap()
    };
    assert_eq!(ask(&basic("dXNlcjpwYXNz")).code(), 200);
    assert_eq!(ask(&call("authorization: bASIC dXNlcjpwYXNz\r\n")).code(), 200);
    for refused in [call(""), basic("dXNlcjpub3Bl"), call("Authorization: Digest x\r\n")] {
        let reply = ask(&refused);
        assert_eq!(reply.status_line, "HTTP/1.1 401 Unauthorized");
        assert_eq!(reply.header("WWW-Authenticate"), Some("Basic realm=\"default\""));
        assert_eq!(reply.body.len(), 137);
    }
    assert_eq!(ask(&basic("dXNlcjpwYXN")).code(), 400);
}

#[test]
fn ctl_h22_passwords() {
    let sha = "[unix_http_server:sha]\nfile={dir}/sha.sock\nusername=user\n\
        password={SHA}9d4e1e23bd5b727046a9e3b4b7db57bd8d6ee684";
    let colons = "[unix_http_server:colons]\nfile={dir}/colons.sock\nusername=us\npassword=pa:ss";
    let daemon = Setup::new().with(sha).with(colons).start();
    let code = |socket: &str, token: &str| {
        let mut conn = Conn::open(&Address::Unix(daemon.path(socket))).unwrap();
        conn.send(basic(token));
        conn.reply().unwrap().code()
    };
    assert_eq!(code("sha.sock", "dXNlcjpwYXNz"), 200);
    // The stored text itself: user:{SHA}9d4e....
    let literal = "dXNlcjp7U0hBfTlkNGUxZTIzYmQ1YjcyNzA0NmE5ZTNiNGI3ZGI1N2JkOGQ2ZWU2ODQ=";
    assert_eq!(code("sha.sock", literal), 401);
    assert_eq!(code("colons.sock", "dXM6cGE6c3M="), 200);
    assert_eq!(code("colons.sock", "dXM6cGE="), 401);
}

#[test]
fn ctl_h23_everything_needs_credentials() {
    let daemon = Setup::new().with("[unix_http_server:a]\nfile={dir}/a.sock\nusername=u\npassword=p").start();
    for path in ["/", "/nothing", "/stylesheets/supervisor.css", "/mainlogtail", "/logtail/x", "/ok.html"] {
        let mut conn = Conn::open(&Address::Unix(daemon.path("a.sock"))).unwrap();
        conn.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_eq!(conn.reply().unwrap().code(), 401, "{path}");
    }
}

#[test]
fn ctl_h24_the_health_page() {
    let daemon = Setup::new().start();
    let reply = get(&daemon, "/ok.html");
    assert_eq!((reply.code(), reply.text()), (200, "OK".to_owned()));
}

#[test]
fn ctl_h32_static_files() {
    let daemon = Setup::new().start();
    for (path, kind) in [
        ("/stylesheets/supervisor.css", "text/css"),
        ("/images/icon.png", "image/png"),
        ("/images/state0.gif", "image/gif"),
    ] {
        let reply = get(&daemon, path);
        assert_eq!((reply.code(), reply.header("Content-Type")), (200, Some(kind)));
        let date = reply.header("Last-Modified").unwrap().to_owned();
        let mut conn = daemon.connect();
        conn.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\nIf-Modified-Since: {date}\r\n\r\n"));
        let status = String::from_utf8(conn.bytes(25)).unwrap();
        assert_eq!(status, "HTTP/1.1 304 Not Modified");
        let mut conn = daemon.connect();
        conn.send(format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        assert_eq!(String::from_utf8(conn.bytes(15)).unwrap(), "HTTP/1.1 200 OK");
    }
    for path in ["/../supervisor/http.py", "/%2e%2e/supervisor/http.py", "/images/../../http.py"] {
        assert_eq!(get(&daemon, path).code(), 404, "{path}");
    }
}

/// A client that insists on HTTP/2 is refused as any other that speaks no HTTP/1; the original hangs up.
#[test]
fn ours_h16_an_http_2_client_is_refused() {
    let daemon = Setup::new().start();
    if !daemon.subject().is_original() {
        assert_eq!(ask(&daemon, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").code(), 400);
    }
}

#[test]
fn ctl_h35_an_idle_client_blocks_nobody() {
    let daemon = Setup::new().start();
    let mut idle = daemon.connect();
    idle.send("POST /RPC2 HTTP/1.1\r\nContent-Le");
    let _silent = daemon.connect();
    assert_eq!(ask(&daemon, &call("")).code(), 200);
}

#[test]
fn ctl_h37_server_settings_need_a_restart() {
    let daemon = Setup::new().start();
    daemon.rewrite("[unix_http_server:b]\nfile={dir}/b.sock");
    daemon.reread();
    assert!(!daemon.path("b.sock").exists());
    daemon.ok("restart", &[]);
    let _state = daemon.wait("the second server", || rpc(&Address::Unix(daemon.path("b.sock")), STATE, &[]));
}

#[test]
fn ctl_h39_credentials_without_authentication_are_ignored() {
    let daemon = Setup::new().start();
    for header in ["Basic Og==", "Basic !!!", "Digest x", "nonsense"] {
        assert_eq!(ask(&daemon, &call(&format!("Authorization: {header}\r\n"))).code(), 200, "{header}");
    }
}
