//! Real sockets, real hyper, raw bytes; only the daemon behind the handle is a fake.

mod calls;
mod pages;
mod protocol;
mod streams;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use supervisor_protocol::state::{ProcessState, SupervisorState};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::describe::tests::snapshot;
use super::{Note, Site, bind, serve};
use crate::config::model::{ServerAddress, ServerConfig};
use crate::engine::command::{Command, Refusal, Reply, Reread, Target};
use crate::shell::handle::Handle;

/// A test that hangs for so long has failed.
const GUARD: Duration = Duration::from_secs(30);

/// What the fake daemon answers; `None`: nothing, ever.
type Daemon = fn(&Command, &Path) -> Option<Result<Reply, Refusal>>;

/// A server on a unix socket, in a thread of its own.
struct Fixture {
    directory: TempDir,
    notes: Arc<Mutex<Vec<Note>>>,
    close: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

fn fixed_clock() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_344_755)
}

fn config(path: &Path, credentials: Option<(&str, &str)>) -> ServerConfig {
    ServerConfig {
        section: "unix_http_server".into(),
        address: ServerAddress::Unix { path: path.to_owned(), chmod: 0o700, chown: (None, None) },
        credentials: credentials.map(|(user, password)| (user.into(), password.into())),
    }
}

fn site(handle: Handle, notes: &Arc<Mutex<Vec<Note>>>) -> Site {
    let notes = Arc::clone(notes);
    Site {
        handle,
        namespaces: vec!["supervisor".into()],
        version: "4.3.0".into(),
        wall_clock: fixed_clock,
        log: Arc::new(move |note| notes.lock().expect("unpoisoned").push(note)),
    }
}

/// A daemon with the process `cat`, which runs, and `g:p`, which does not.
fn daemon(command: &Command, directory: &Path) -> Option<Result<Reply, Refusal>> {
    let cat = || {
        let mut cat = snapshot("cat", "cat", ProcessState::Running);
        (cat.pid, cat.start) = (18575, cat.now - 336);
        cat
    };
    let bad = |name: &str| Err(Refusal::BadName(name.into()));
    Some(match command {
        Command::State => Ok(Reply::State(SupervisorState::Running)),
        Command::Identification => Ok(Reply::Text("supervisor".into())),
        Command::ProcessInfo(name) if name == "cat" => Ok(Reply::Process(Box::new(cat()))),
        Command::ProcessInfo(name) | Command::SendStdin { name, .. } => bad(name),
        Command::AllProcessInfo => Ok(Reply::Processes(vec![cat(), snapshot("g", "p", ProcessState::Stopped)])),
        Command::LogPath { name, .. } | Command::TailPath(Some((name, _))) if name == "cat" || name == "caf\u{e9}" => {
            Ok(Reply::LogPath(Some(directory.join("log"))))
        }
        Command::LogPath { name, .. } | Command::TailPath(Some((name, _))) => bad(name),
        Command::MainLogPath | Command::TailPath(None) => Ok(Reply::LogPath(None)),
        Command::Reread => Ok(Reply::Reread(Reread { added: vec!["a".into()], ..Reread::default() })),
        // Never gets up.
        Command::Start { target: Target::Name(name), wait: true } if name == "slow" => return None,
        Command::Start { target: Target::Name(name), .. } if name == "g:p" => Err(Refusal::SpawnError(name.clone())),
        Command::Stop { target: Target::Name(name), .. } if name == "g:p" => Err(Refusal::NotRunning(name.clone())),
        Command::Start { target: Target::Name(name), .. } | Command::Stop { target: Target::Name(name), .. }
            if name != "cat" =>
        {
            bad(name)
        }
        Command::Start { target: Target::All, .. } | Command::Stop { target: Target::All, .. } => {
            Ok(Reply::Tasks(vec![]))
        }
        _ => Ok(Reply::Done),
    })
}

/// A daemon on its way down.
fn daemon_going_down(command: &Command, _: &Path) -> Option<Result<Reply, Refusal>> {
    Some(match command {
        Command::SendRemoteEvent { .. } => Ok(Reply::Done),
        _ => Err(Refusal::ShuttingDown),
    })
}

impl Fixture {
    fn new() -> Fixture {
        Fixture::with(daemon, None)
    }

    fn with(daemon: Daemon, credentials: Option<(&str, &str)>) -> Fixture {
        let directory = tempfile::tempdir().expect("tempdir");
        let bound = bind(&[config(&directory.path().join("s"), credentials)]).expect("bound");
        let notes = Arc::new(Mutex::new(Vec::new()));
        let (handle, mut requests) = Handle::channel();
        let site = site(handle, &notes);
        let (close, closed) = oneshot::channel();
        let logs = directory.path().to_owned();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let server = serve(bound, site).expect("served");
                let mut unanswered = Vec::new();
                let owner = async {
                    while let Some(request) = requests.recv().await {
                        match daemon(&request.command, &logs) {
                            // The client may have left.
                            Some(answer) => drop(request.answer.send(answer)),
                            None => unanswered.push(request.answer),
                        }
                    }
                };
                tokio::select! {
                    () = owner => {}
                    _ = closed => {}
                }
                server.close().await;
            });
        });
        Fixture { directory, notes, close: Some(close), thread: Some(thread) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Closes the server and waits until it is.
    fn close(&mut self) {
        if let Some(close) = self.close.take() {
            close.send(()).expect("the server runs");
        }
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }

    fn connect(&self) -> Client {
        let stream = UnixStream::connect(self.path("s")).expect("connected");
        stream.set_read_timeout(Some(GUARD)).expect("set");
        Client(BufReader::new(stream))
    }

    /// Sends a request on a new connection and reads its reply.
    fn ask(&self, request: &str) -> (String, String) {
        let mut client = self.connect();
        client.send(request);
        client.reply()
    }

    /// A GET with more header lines, each ending in CRLF.
    fn get(&self, path: &str, fields: &str) -> (String, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n"))
    }

    /// Calls a method with parameters as XML; the reply's body.
    fn call(&self, method: &str, params: &[&str]) -> String {
        let (head, body) = self.ask(&rpc(method, params));
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        body
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.close();
        }
    }
}

/// A connection, one reply at a time.
struct Client(BufReader<UnixStream>);

impl Client {
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).expect("sent");
    }

    /// Up to the empty line, which is included.
    fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.0.read_line(&mut head).expect("a head"), 0, "closed after {head:?}");
        }
        head
    }

    /// Head and body of a reply that tells its length.
    fn reply(&mut self) -> (String, String) {
        let head = self.head();
        let length = field(&head, "Content-Length").map_or(0, |length| length.parse().expect("a length"));
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        (head, String::from_utf8(body).expect("text"))
    }

    /// One chunk of a chunked body; empty at the end.
    fn chunk(&mut self) -> String {
        let mut size = String::new();
        self.0.read_line(&mut size).expect("a size");
        let size = usize::from_str_radix(size.trim_end(), 16).expect("hexadecimal");
        let mut data = vec![0; size + 2];
        self.0.read_exact(&mut data).expect("a chunk");
        assert_eq!(data.split_off(size), b"\r\n");
        String::from_utf8(data).expect("text")
    }

    /// Everything up to the end of the connection.
    fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).expect("closed in order");
        String::from_utf8(rest).expect("text")
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn status(head: &str) -> &str {
    head.split(' ').nth(1).expect("a status line")
}

fn post(path: &str, fields: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn call_document(method: &str, params: &[&str]) -> String {
    let params: String = params.iter().map(|param| format!("<param>\n<value>{param}</value>\n</param>\n")).collect();
    format!(
        "<?xml version='1.0'?>\n<methodCall>\n<methodName>{method}</methodName>\n<params>\n{params}</params>\n\
         </methodCall>\n"
    )
}

fn rpc(method: &str, params: &[&str]) -> String {
    post("/RPC2", "Content-Type: text/xml\r\n", &call_document(method, params))
}
