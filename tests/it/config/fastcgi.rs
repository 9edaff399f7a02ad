//! Series FC: programs that share a listening socket.

use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use nix::unistd::Pid;
use supervisor_tests::setup::free_port;
use supervisor_tests::{Daemon, Setup, Subject, Value};

use super::conditions::{can_be_root, is_ours};

/// A section of two processes, `f0` and `f1`, that play `steps`, in which `%(process_num)d` may stand.
fn pair(options: &str, steps: &str) -> String {
    format!(
        "[fcgi-program:f]\ncommand={{misbehave}} play {{dir}}/f.rec {steps}\nprocess_name=f%(process_num)d\nnumprocs=2\n\
         startsecs=0\n{options}\n"
    )
}

/// What descriptor 0 is in a file of facts.
fn stdin_of(daemon: &Daemon, facts: &str) -> String {
    let text = daemon.wait_file(facts, "fd0=");
    text.lines().find_map(|line| line.strip_prefix("fd0=")).unwrap().to_owned()
}

/// The text that whoever accepts the connection writes.
fn answer(path: &Path) -> String {
    let mut text = String::new();
    UnixStream::connect(path).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn kill_process(daemon: &Daemon, name: &str) {
    kill(Pid::from_raw(i32::try_from(daemon.pid_of(name)).unwrap()), Signal::SIGKILL).unwrap();
}

const SOCKET: &str = "socket=unix://{dir}/f.sock";

#[test]
fn cfg_fc01_a_shared_listening_socket() {
    let steps = "facts:facts%(process_num)d touch:up%(process_num)d wait:go%(process_num)d serve:%(process_num)d hang";
    let daemon = Setup::new().with(&pair(SOCKET, steps)).start();
    let (one, two) = (stdin_of(&daemon, "facts0"), stdin_of(&daemon, "facts1"));
    assert!(one.starts_with("socket:[") && one == two, "{one} {two}");
    // Whichever of them accepts gets the connection.
    for process in ["1", "0"] {
        daemon.touch(&format!("go{process}"));
        assert_eq!(answer(&daemon.path("f.sock")), process);
    }
    assert_eq!(daemon.fault("sendProcessStdin", &["f:f0".into(), "x".into()]), "20 NO_FILE: f:f0");

    let port = free_port();
    let daemon = Setup::new().with(&pair(&format!("socket=tcp://localhost:{port}"), "serve:served hang")).start();
    daemon.wait_state("f:f1", "RUNNING");
    let mut text = String::new();
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "served");
}

#[test]
fn cfg_fc02_lines_around_the_first_and_the_last_process() {
    let daemon = Setup::new()
        .with(&pair(SOCKET, "hang"))
        .with("[fcgi-program:none]\ncommand=/nonexistent\nsocket=unix://{dir}/n.sock\nstartretries=0")
        .start();
    daemon.wait_state("f:f0", "RUNNING");
    daemon.wait_state("f:f1", "RUNNING");
    daemon.stop_process("f:f0");
    daemon.stop_process("f:f1");
    let (creating, closing) = (
        daemon.fill("INFO Creating socket unix://{dir}/f.sock"),
        daemon.fill("INFO Closing socket unix://{dir}/f.sock"),
    );
    daemon.wait_log_times(&closing, 2);
    let started = "supervisord started with pid";
    let lines = [&*creating, &*closing, started, "spawned: 'f0'", "spawned: 'f1'", "stopped: f0", "stopped: f1"];
    let order = [0, 1, 2, 0, 3, 4, 5, 6, 1].map(|at| lines[at]);
    assert_eq!(daemon.log_order(&lines), order);

    // An attempt that fails has a socket of its own.
    let lines =
        ["Creating socket unix://{dir}/n.sock", "Closing socket unix://{dir}/n.sock", "spawnerr:", "gave up: none"]
            .map(|line| daemon.fill(line));
    let lines = lines.each_ref().map(String::as_str);
    daemon.wait_log(lines[3]);
    assert_eq!(daemon.log_order(&lines), [0, 1, 0, 2, 1, 3].map(|at| lines[at]));
}

#[test]
fn cfg_fc03_the_socket_survives_restarts() {
    let options = format!("{SOCKET}\nautorestart=true");
    let daemon = Setup::new()
        .with(&pair(
            &options,
            "facts:facts%(process_num)d touch:up%(process_num)d wait:go%(process_num)d serve:hello hang",
        ))
        .start();
    let before = stdin_of(&daemon, "facts1");
    // f0 has written its facts before it says that it is up.
    daemon.wait_path("up0");
    for name in ["facts0", "up0"] {
        std::fs::remove_file(daemon.path(name)).unwrap();
    }
    // A client that came before the death is served after it.
    let mut early = UnixStream::connect(daemon.path("f.sock")).unwrap();
    kill_process(&daemon, "f:f0");
    assert_eq!(stdin_of(&daemon, "facts0"), before);
    daemon.touch("go0");
    let mut text = String::new();
    early.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
    assert_eq!(daemon.log_order(&["Closing socket"]).len(), 1, "the one of the start");

    daemon.ok("stopProcessGroup", &["f".into()]);
    daemon.wait_log_times("Closing socket", 2);
    let refused = UnixStream::connect(daemon.path("f.sock")).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    std::fs::remove_file(daemon.path("facts1")).unwrap();
    daemon.ok("startProcessGroup", &["f".into()]);
    assert_ne!(stdin_of(&daemon, "facts1"), before);
}

/// How many clients get into the queue of a socket on which nobody accepts.
fn room(path: &Path) -> usize {
    let mut clients = Vec::new();
    loop {
        let client = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_NONBLOCK, None).unwrap();
        match connect(client.as_raw_fd(), &UnixAddr::new(path).unwrap()) {
            Ok(()) => clients.push(client),
            Err(Errno::EAGAIN) => return clients.len(),
            Err(errno) => panic!("{errno}"),
        }
    }
}

#[test]
fn cfg_fc04_mode_owner_and_backlog() {
    let daemon = Setup::new()
        .with(&pair(&format!("{SOCKET}\nsocket_mode=0640\nsocket_backlog=3"), "hang"))
        .with("[fcgi-program:plain]\ncommand=/bin/sleep 1000\nsocket=unix://{dir}/plain.sock\nstartsecs=0")
        .start();
    daemon.wait_state("f:f0", "RUNNING");
    daemon.wait_state("plain", "RUNNING");
    let metadata = |name: &str| std::fs::metadata(daemon.path(name)).unwrap();
    assert_eq!(metadata("f.sock").mode() & 0o7777, 0o640);
    assert_eq!(metadata("plain.sock").mode() & 0o7777, 0o700);
    // The system lets one more in than was asked for.
    assert_eq!(room(&daemon.path("f.sock")), 4);
    if can_be_root("a socket of another owner") {
        let owned = |options: &str| {
            let daemon = Setup::new().with(&format!("[fcgi-program:f]\ncommand=/bin/cat\n{SOCKET}\n{options}")).start();
            daemon.wait_log_times("Creating socket", 2);
            daemon.wait_log("spawned: 'f'");
            let metadata = std::fs::metadata(daemon.path("f.sock")).unwrap();
            (metadata.uid(), metadata.gid())
        };
        assert_eq!(owned("socket_owner=nobody:daemon"), (65534, 1));
        assert_eq!(owned("socket_owner=nobody").0, 65534);
        assert_eq!(owned("user=nobody"), (65534, 65534));
        assert_eq!(owned("").0, 0);
    }
}

#[test]
fn cfg_fc05_what_is_at_the_path_is_replaced() {
    let setup = Setup::new().with(&pair(SOCKET, "serve:%(process_num)d hang"));
    let _other = UnixListener::bind(setup.path("f.sock")).unwrap();
    let setup = setup.write("g.sock", "a regular file");
    let daemon = setup
        .with("[fcgi-program:g]\ncommand={misbehave} play {dir}/g.rec serve:g hang\nsocket=unix://{dir}/g.sock\nstartsecs=0")
        .start();
    daemon.wait_state("f:f1", "RUNNING");
    daemon.wait_state("g", "RUNNING");
    assert!(["0", "1"].contains(&answer(&daemon.path("f.sock")).as_str()));
    assert!(std::fs::metadata(daemon.path("g.sock")).unwrap().file_type().is_socket());
    assert_eq!(answer(&daemon.path("g.sock")), "g");
}

#[test]
fn cfg_fc06_a_start_without_its_socket() {
    for (url, problem) in [
        ("tcp://192.0.2.1:80", "[Errno 99] Cannot assign requested address"),
        ("unix://{dir}/missing/f.sock", "[Errno 2] No such file or directory"),
    ] {
        let setup = Setup::new().with(&pair(&format!("socket={url}"), "hang"));
        let ran = setup.run();
        let text = setup.fill(&format!("Could not create FastCGI socket {url}: {problem}"));
        assert!(ran.err.contains(&text), "{}", ran.err);
        assert_eq!(ran.code, 1);
    }
}

#[test]
fn ours_fc06_a_restart_without_its_socket_is_a_failed_start() {
    if !is_ours() {
        return;
    }
    let setup = Setup::new().write("sub/keep", "").with(
        "[fcgi-program:f]\ncommand=/bin/sleep 1000\nsocket=unix://{dir}/sub/f.sock\nautorestart=true\nstartsecs=0",
    );
    let daemon = setup.start();
    daemon.wait_state("f", "RUNNING");
    std::fs::remove_dir_all(daemon.path("sub")).unwrap();
    kill_process(&daemon, "f");
    let text =
        daemon.fill("Could not create FastCGI socket unix://{dir}/sub/f.sock: [Errno 2] No such file or directory");
    daemon.wait_log(&format!("INFO spawnerr: {text}"));
    assert_eq!(daemon.info("f").get("spawnerr").str(), text);
    // Its next attempt may come at any time.
    std::fs::create_dir(daemon.path("sub")).unwrap();
    daemon.wait_state("f", "RUNNING");
    let life = ["entered RUNNING", "exited: f", "spawnerr:", "entered RUNNING"];
    assert_eq!(daemon.log_order(&["entered RUNNING", "exited: f"]), [life[0], life[1], life[3]]);
}

#[test]
fn cfg_fc07_a_member_of_a_group_runs() {
    let daemon = Setup::new().with(&pair(SOCKET, "hang")).with("[group:g]\nprograms=f").start();
    daemon.wait_state("g:f0", "RUNNING");
    daemon.wait_state("g:f1", "RUNNING");
    assert_eq!(daemon.fault("getProcessInfo", &["f:f0".into()]), "10 BAD_NAME: f:f0");
}

#[test]
fn ours_fc07_a_member_of_a_group_has_its_socket() {
    if !is_ours() {
        return;
    }
    let wrong =
        "[fcgi-program:wrong]\ncommand={misbehave} play {dir}/wrong.rec facts:wrong line hang\nstartsecs=0\nsocket=x";
    let daemon = Setup::new()
        .with(&pair(SOCKET, "facts:facts%(process_num)d serve:hello hang"))
        .with(wrong)
        .with("[group:g]\nprograms=f,wrong")
        .start();
    let (one, two) = (stdin_of(&daemon, "facts0"), stdin_of(&daemon, "facts1"));
    assert!(one.starts_with("socket:[") && one == two, "{one} {two}");
    assert_eq!(answer(&daemon.path("f.sock")), "hello");
    // One whose socket is wrong runs as it always did.
    assert!(stdin_of(&daemon, "wrong").starts_with("pipe:["));
    daemon.ok("sendProcessStdin", &["g:wrong".into(), "a line\n".into()]);
    daemon.wait_file("wrong.rec", "a line\n");
    let warned = |line: &String| line.starts_with("WARN") && line.contains("fcgi-program:wrong");
    assert!(daemon.log().iter().any(warned), "no warning");

    // One that cannot be made is no reason to refuse what was never refused.
    let daemon = Setup::new()
        .with(&pair("socket=tcp://192.0.2.1:80\nstartretries=0", "facts:facts%(process_num)d hang"))
        .with("[group:g]\nprograms=f")
        .start();
    daemon.wait_log("WARN Could not create FastCGI socket tcp://192.0.2.1:80");
    daemon.wait_state("g:f0", "RUNNING");
    assert!(stdin_of(&daemon, "facts0").starts_with("pipe:["));
}

#[test]
fn each_spawn_says_that_there_is_no_stdin() {
    let daemon = Setup::new().with(&pair(SOCKET, "hang")).start();
    for name in ["f0", "f1"] {
        daemon.wait_state(&format!("f:{name}"), "RUNNING");
        let line = format!("with name {name} in state STARTING> (stdin)>");
        let spawned = format!("INFO spawned: '{name}'");
        assert_eq!(daemon.log_order(&[&line, &spawned]), [line, spawned]);
    }
}

#[test]
fn cfg_fc08_an_addition_without_its_socket() {
    let daemon = Setup::new().start();
    daemon.rewrite(&pair("socket=unix://{dir}/missing/f.sock", "hang"));
    assert_eq!(daemon.reread(), "f//");
    let answered = daemon.try_rpc("supervisor.addProcessGroup", &["f".into()]);
    assert!(!matches!(answered, Some(Ok(_))), "{answered:?}");
    assert_eq!(daemon.ok("getAllProcessInfo", &[]), Value::Array(Vec::new()));
    daemon.rewrite(&pair(SOCKET, "hang"));
    assert_eq!(daemon.reread(), "f//");
    daemon.ok("addProcessGroup", &["f".into()]);
    daemon.wait_state("f:f0", "RUNNING");
}

/// One FastCGI record of request 1.
fn fcgi_record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[1, kind, 0, 1, length[0], length[1], 0, 0], content].concat()
}

/// What a responder answers to a GET of `path`: the STDOUT records, joined.
fn get(socket: &Path, path: &str) -> String {
    const BEGIN: u8 = 1;
    const PARAMS: u8 = 4;
    const STDIN: u8 = 5;
    const STDOUT: u8 = 6;
    const END: u8 = 3;
    let pairs = [("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", ""), ("PATH_INFO", path), ("QUERY_STRING", "")]
        .into_iter()
        .chain([("SERVER_NAME", "x"), ("SERVER_PORT", "80"), ("SERVER_PROTOCOL", "HTTP/1.0")]);
    let params: Vec<u8> = pairs
        .flat_map(|(name, value)| {
            let lengths = [name.len(), value.len()].map(|length| u8::try_from(length).unwrap());
            [&lengths[..], name.as_bytes(), value.as_bytes()].concat()
        })
        .collect();
    let mut connection = UnixStream::connect(socket).unwrap();
    // With the flag that keeps the connection, so that its end cuts nothing off.
    for (kind, content) in [(BEGIN, &[0, 1, 1, 0, 0, 0, 0, 0][..]), (PARAMS, &params), (PARAMS, &[]), (STDIN, &[])] {
        connection.write_all(&fcgi_record(kind, content)).unwrap();
    }
    let mut text = Vec::new();
    loop {
        let mut header = [0; 8];
        connection.read_exact(&mut header).unwrap();
        let [_, kind, _, _, high, low, padding, _] = header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let mut content = vec![0; length + usize::from(padding)];
        connection.read_exact(&mut content).unwrap();
        match kind {
            STDOUT => text.extend_from_slice(&content[..length]),
            END => break,
            _ => {}
        }
    }
    String::from_utf8(text).unwrap()
}

/// PyPI's flup, a FastCGI server as applications use it, on descriptor 0.
const RESPONDER: &str = "import os\n\
    from flup.server.fcgi import WSGIServer\n\
    def application(environ, start_response):\n    \
        start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
        return [('%s %d' % (environ['PATH_INFO'], os.getpid())).encode()]\n\
    WSGIServer(application).run()\n";

#[test]
fn a_real_fastcgi_responder_answers_and_is_replaced() {
    let Some(python) = Subject::original().map(|original| original.dir().join("python")) else { return };
    let section = format!(
        "[fcgi-program:r]\ncommand={} {{dir}}/responder.py\nstartsecs=0\nautorestart=true\n{SOCKET}\n",
        python.display()
    );
    let daemon = Setup::new().write("responder.py", RESPONDER).with(&section).start();
    daemon.wait_state("r", "RUNNING");
    let socket = daemon.path("f.sock");
    let first = daemon.pid_of("r");
    let answer = get(&socket, "/hello");
    assert!(answer.starts_with("Status: 200 OK") && answer.ends_with(&format!("/hello {first}")), "{answer}");
    // The socket outlives its processes: the next one answers at the same place.
    kill_process(&daemon, "r");
    daemon.wait("another process", || (![0, first].contains(&daemon.pid_of("r"))).then_some(()));
    let answer = get(&socket, "/again");
    assert!(answer.starts_with("Status: 200 OK") && !answer.ends_with(&format!(" {first}")), "{answer}");
}
