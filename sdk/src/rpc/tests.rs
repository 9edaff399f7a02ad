//! The client against a scripted server on a unix socket.
//!
//! The script is a list of connections, each a list of answers. An answer is written piece by piece; an empty
//! list of pieces is a request that is read and answered by closing the connection.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use supervisor_protocol::state::ProcessState;
use supervisor_protocol::xmlrpc::{Fault, FaultCode, MethodResponse, Value, parse_call, render_response};

use super::*;

type Pieces = Vec<Vec<u8>>;

struct Server {
    path: PathBuf,
    thread: JoinHandle<Vec<Vec<String>>>,
}

impl Server {
    fn new(script: Vec<Vec<Pieces>>) -> Server {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("sdk-rpc-{}-{}.sock", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&path).unwrap();
        let thread = thread::spawn(move || {
            let serve = |answers: Vec<Pieces>| {
                let (mut socket, _) = listener.accept().unwrap();
                let serve_one = |pieces: Pieces| {
                    let request = read_request(&mut socket);
                    for piece in pieces {
                        socket.write_all(&piece).unwrap();
                    }
                    request
                };
                answers.into_iter().map(serve_one).collect()
            };
            script.into_iter().map(serve).collect()
        });
        Server { path, thread }
    }

    fn client(&self) -> Client {
        Client::new(&ServerUrl::Unix(self.path.clone()), None)
    }

    /// The requests of each connection.
    fn requests(self) -> Vec<Vec<String>> {
        let requests = self.thread.join().unwrap();
        std::fs::remove_file(self.path).unwrap();
        requests
    }

    /// The methods called on each connection.
    fn methods(self) -> Vec<Vec<String>> {
        let method = |request: &String| {
            let (_, body) = request.split_once("\r\n\r\n").unwrap();
            parse_call(body.as_bytes()).unwrap().method.trim_start_matches("supervisor.").to_owned()
        };
        self.requests().iter().map(|connection| connection.iter().map(method).collect()).collect()
    }
}

/// One request as text: head, blank line, and as much body as announced.
fn read_request(socket: &mut UnixStream) -> String {
    let mut request = String::new();
    let mut byte = [0];
    while !request.ends_with("\r\n\r\n") {
        socket.read_exact(&mut byte).unwrap();
        request.push(byte[0].into());
    }
    let length = request.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    socket.read_exact(&mut body).unwrap();
    request + std::str::from_utf8(&body).unwrap()
}

/// A complete answer with a length.
fn answer(response: &MethodResponse) -> Vec<u8> {
    let body = render_response(response);
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn ok(value: impl Into<Value>) -> Pieces {
    vec![answer(&Ok(value.into()))]
}

fn fault(code: FaultCode) -> Pieces {
    vec![answer(&Err(Fault::from(code)))]
}

fn state(state: ProcessState) -> Pieces {
    ok(Value::structure([("name", "p".into()), ("group", "g".into()), ("state", state.code().into())]))
}

const CLOSE: Pieces = Vec::new();

#[test]
fn a_reply_is_read_however_it_is_split() {
    let whole = answer(&Ok("héllo".into()));
    let splits = (1..whole.len()).map(|at| vec![whole[..at].to_vec(), whole[at..].to_vec()]);
    let count = whole.len() - 1;
    let server = Server::new(vec![splits.collect()]);
    let mut client = server.client();
    for _ in 0..count {
        assert_eq!(client.get_identification().unwrap(), "héllo");
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_chunked_reply_keeps_the_connection() {
    let body = render_response(&Ok(7.into()));
    let (first, second) = body.split_at(30);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:X};x\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    let bytes: Pieces = chunked.bytes().map(|byte| vec![byte]).collect();
    let server = Server::new(vec![vec![bytes, ok(8)]]);
    let mut client = server.client();
    assert_eq!(client.get_pid().unwrap(), 7);
    assert_eq!(client.get_pid().unwrap(), 8);
    assert_eq!(server.methods(), [["getPID", "getPID"]]);
}

#[test]
fn the_request_is_complete() {
    let server = Server::new(vec![vec![ok(true)]]);
    let url = ServerUrl::Unix(server.path.clone());
    Client::new(&url, Some((String::new(), String::new()))).start_process("g:p", true).unwrap();
    let request = server.requests().remove(0).remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        head,
        format!(
            "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\
             User-Agent: supervisor-sdk/{version}\r\nContent-Type: text/xml\r\nAccept: text/xml\r\n\
             Content-Length: {}\r\nAuthorization: Basic Og==",
            body.len()
        )
    );
    let call = parse_call(body.as_bytes()).unwrap();
    assert_eq!((call.method.as_str(), call.params), ("supervisor.startProcess", vec!["g:p".into(), true.into()]));
}

#[test]
fn any_result_is_read_as_a_type() {
    let names = Value::Array(vec!["system.listMethods".into()]);
    let server = Server::new(vec![vec![ok(names.clone()), ok(names)]]);
    let mut client = server.client();
    assert_eq!(client.call_as::<Vec<String>>("system.listMethods", []).unwrap(), ["system.listMethods"]);
    let error = client.call_as::<i64>("system.listMethods", []).unwrap_err();
    assert!(matches!(&error, Error::Result { method, source }
        if method == "system.listMethods" && source.to_string() == "expected i64, not sequence"));
    server.requests();
}

#[test]
fn errors_are_told_apart() {
    let refused = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno".to_vec();
    let server = Server::new(vec![
        vec![fault(FaultCode::BadName), vec![refused]],
        vec![vec![b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a>>".to_vec()]],
        vec![ok("text")],
        vec![vec![b"nonsense\r\n".to_vec()]],
        vec![CLOSE],
    ]);
    let mut client = server.client();
    let error = client.get_pid().unwrap_err();
    assert_eq!((error.fault(), error.to_string().as_str()), (Some(FaultCode::BadName), "<Fault 10: 'BAD_NAME'>"));
    let error = client.get_pid().unwrap_err();
    assert!(matches!(&error, Error::Http { status: 401, reason } if reason == "Unauthorized"), "{error:?}");
    assert!(!error.is_connection_lost());
    assert!(matches!(client.get_pid(), Err(Error::Xml(_))));
    assert!(matches!(client.get_pid(), Err(Error::Result { .. })));
    client = server.client();
    assert!(matches!(client.get_pid(), Err(Error::NotHttp(_))));
    let error = client.get_pid().unwrap_err();
    assert!(matches!(error, Error::Closed) && error.is_connection_lost());
    let path = server.path.clone();
    server.requests();
    let error = Client::new(&ServerUrl::Unix(path), None).get_pid().unwrap_err();
    assert_eq!(error.to_string(), "[Errno 2] No such file or directory");
}

#[test]
fn a_connection_closed_while_idle_goes_unnoticed() {
    // The first connection ends after its answer, without having announced it.
    let server = Server::new(vec![vec![ok(true)], vec![ok(true)]]);
    let mut client = server.client();
    client.stop_process("p", true).unwrap();
    wait_for_close(&mut client);
    client.start_process("p", true).unwrap();
    assert_eq!(server.methods(), [["stopProcess"], ["startProcess"]]);
}

/// Waits until the other end of the kept connection is closed.
fn wait_for_close(client: &mut Client) {
    while client.is_connection_idle() {
        thread::yield_now();
    }
}

#[test]
fn only_calls_that_read_are_sent_twice() {
    let server = Server::new(vec![vec![ok(1), CLOSE], vec![ok(2), CLOSE]]);
    let mut client = server.client();
    assert_eq!(client.get_pid().unwrap(), 1);
    assert_eq!(client.get_pid().unwrap(), 2);
    let error = client.start_process("p", true).unwrap_err();
    assert!(error.is_connection_lost(), "{error:?}");
    assert_eq!(server.methods(), [["getPID", "getPID"], ["getPID", "startProcess"]]);
}

#[test]
fn a_lost_start_is_made_again_unless_it_worked() {
    let server = Server::new(vec![vec![CLOSE], vec![state(ProcessState::Stopped), ok(true)]]);
    server.client().ensure_started("g:p").unwrap();
    assert_eq!(server.methods(), [vec!["startProcess"], vec!["getProcessInfo", "startProcess"]]);

    let server = Server::new(vec![vec![CLOSE], vec![state(ProcessState::Starting)]]);
    server.client().ensure_started("g:p").unwrap();
    assert_eq!(server.methods(), [["startProcess"], ["getProcessInfo"]]);

    let server = Server::new(vec![vec![fault(FaultCode::SpawnError)]]);
    let error = server.client().ensure_started("g:p").unwrap_err();
    assert_eq!(error.fault(), Some(FaultCode::SpawnError));
    assert_eq!(server.methods(), [["startProcess"]]);
}

#[test]
fn a_lost_stop_waits_for_its_end() {
    let stopping = state(ProcessState::Stopping);
    let server = Server::new(vec![vec![CLOSE], vec![stopping, state(ProcessState::Stopped)]]);
    server.client().ensure_stopped("g:p").unwrap();
    assert_eq!(server.methods(), [vec!["stopProcess"], vec!["getProcessInfo", "getProcessInfo"]]);

    let server = Server::new(vec![vec![CLOSE], vec![state(ProcessState::Running), ok(true)]]);
    server.client().ensure_stopped("g:p").unwrap();
    assert_eq!(server.methods(), [vec!["stopProcess"], vec!["getProcessInfo", "stopProcess"]]);
}

#[test]
fn a_log_is_streamed_to_its_end() {
    let pieces = ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "lo\r\n1\r\n\n\r\n", "0\r\n\r\n"];
    let pieces = pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect();
    let missing = vec![b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()];
    let server = Server::new(vec![vec![pieces], vec![missing]]);
    let client = server.client();
    let mut text = String::new();
    client.get_stream("/logtail/g:p/stdout").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello\n");
    let error = client.get_stream("/mainlogtail").unwrap_err();
    assert!(matches!(error, Error::Http { status: 404, .. }), "{error:?}");
    assert_eq!(
        server.requests()[0][0],
        "GET /logtail/g:p/stdout HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: chunked\r\nAccept: */*\r\n\
         User-agent: Supervisor HTTP Client\r\n\r\n"
    );
}

#[test]
fn a_stream_is_closed_from_elsewhere() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let connection = std::io::BufReader::new(socket::Socket::Unix(ours));
    let wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let head = crate::http::read_head(&mut &wire[..]).unwrap();
    let mut stream = LogStream::new(&head, connection).unwrap();
    let closer = stream.closer().unwrap();
    let reader = thread::spawn(move || stream.read(&mut [0; 10]));
    closer.close();
    assert!(!matches!(reader.join().unwrap(), Ok(1..)));
    drop(theirs);
}
