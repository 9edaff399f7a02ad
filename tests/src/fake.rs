//! A daemon's XML-RPC side, played by the test: what a listener that calls back is told, and a record of its calls.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::xmlrpc::{self, Fault, Value};

/// What a call is answered with.
pub enum Answer {
    /// A value.
    Value(Value),
    /// A fault: code and text.
    Fault(i64, &'static str),
    /// Nothing: the connection is closed.
    HangUp,
}

/// One call as it came in.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method's name.
    pub method: String,
    /// Its parameters.
    pub params: Vec<Value>,
    /// The value of the `Authorization` header.
    pub authorization: Option<String>,
    /// The number of the connection it came over, from 0.
    pub connection: usize,
}

impl Call {
    /// `stopProcess g:n`: the method without its namespace, and the parameters that are texts.
    pub fn brief(&self) -> String {
        let texts = self.params.iter().filter_map(|param| match param {
            Value::Str(text) => Some(text.as_str()),
            _ => None,
        });
        let method = self.method.trim_start_matches("supervisor.");
        std::iter::once(method).chain(texts).collect::<Vec<_>>().join(" ")
    }
}

type Answering = dyn FnMut(&Call) -> Answer + Send;

/// A server that plays a daemon. It ends with the test program.
#[derive(Clone)]
pub struct Fake {
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Fake {
    /// Answers on a unix socket at `path`.
    pub fn unix(path: &Path, answer: impl FnMut(&Call) -> Answer + Send + 'static) -> Self {
        let listener = UnixListener::bind(path).expect("a unix socket");
        let streams = move || listener.accept().ok().map(|(stream, _)| stream);
        Self::serve(format!("unix://{}", path.display()), streams, answer)
    }

    /// Answers on a port of the loopback interface.
    pub fn inet(answer: impl FnMut(&Call) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let streams = move || listener.accept().ok().map(|(stream, _)| stream);
        Self::serve(url, streams, answer)
    }

    fn serve<S>(
        url: String,
        mut streams: impl FnMut() -> Option<S> + Send + 'static,
        answer: impl FnMut(&Call) -> Answer + Send + 'static,
    ) -> Self
    where
        S: Send + 'static,
        for<'a> &'a S: Read + Write,
    {
        let fake = Self { url, calls: Arc::default() };
        let (calls, answer): (_, Arc<Mutex<Box<Answering>>>) =
            (Arc::clone(&fake.calls), Arc::new(Mutex::new(Box::new(answer))));
        std::thread::spawn(move || {
            let mut connection = 0;
            while let Some(stream) = streams() {
                let (calls, answer) = (Arc::clone(&calls), Arc::clone(&answer));
                std::thread::spawn(move || converse(&stream, connection, &calls, &answer));
                connection += 1;
            }
        });
        fake
    }

    /// The value for `SUPERVISOR_SERVER_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The calls so far that change something, in brief.
    pub fn acts(&self) -> Vec<String> {
        self.calls().iter().map(Call::brief).filter(|brief| !brief.starts_with("get")).collect()
    }
}

/// One connection, until either side has enough.
fn converse<S>(stream: &S, connection: usize, calls: &Mutex<Vec<Call>>, answer: &Mutex<Box<Answering>>)
where
    for<'a> &'a S: Read + Write,
{
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut authorization) = (0, None);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).map_or(0, |count| count) == 0 {
                return;
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            match line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value)) {
                Some((name, value)) if name == "content-length" => length = value.parse().expect("a length"),
                Some((name, value)) if name == "authorization" => authorization = Some(value.to_owned()),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let (method, params) = xmlrpc::read_call(&String::from_utf8_lossy(&body));
        let call = Call { method, params, authorization, connection };
        let answer = answer.lock().unwrap_or_else(PoisonError::into_inner)(&call);
        calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        let body = match answer {
            Answer::HangUp => return,
            Answer::Value(value) => xmlrpc::reply(&Ok(value)),
            Answer::Fault(code, text) => xmlrpc::reply(&Err(Fault { code, text: text.to_owned() })),
        };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut writer = stream;
        if writer.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

/// A process as `getProcessInfo` shows it, up for a hundred seconds.
pub fn process(group: &str, name: &str, pid: i64, state: &str) -> Value {
    let code = match state {
        "STOPPED" => 0,
        "STARTING" => 10,
        "RUNNING" => 20,
        "STOPPING" => 40,
        other => panic!("no code for {other}"),
    };
    let members: [(&str, Value); 14] = [
        ("name", name.into()),
        ("group", group.into()),
        ("description", "".into()),
        ("start", 1_000_000.into()),
        ("stop", 0.into()),
        ("now", 1_000_100.into()),
        ("state", code.into()),
        ("statename", state.into()),
        ("spawnerr", "".into()),
        ("exitstatus", 0.into()),
        ("logfile", "".into()),
        ("stdout_logfile", "".into()),
        ("stderr_logfile", "".into()),
        ("pid", pid.into()),
    ];
    Value::Struct(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A daemon with these processes, that does whatever it is asked.
pub fn obedient(processes: Vec<Value>) -> impl FnMut(&Call) -> Answer + Send + 'static {
    move |call| match call.brief().split_once(' ') {
        None if call.method.ends_with("getAllProcessInfo") => Answer::Value(Value::Array(processes.clone())),
        Some(("getProcessInfo", name)) => {
            let is_meant = |process: &&Value| {
                let (group, own) = (process.get("group").str(), process.get("name").str());
                format!("{group}:{own}") == name || own == name
            };
            match processes.iter().find(is_meant) {
                Some(process) => Answer::Value(process.clone()),
                None => Answer::Fault(10, "BAD_NAME"),
            }
        }
        _ => Answer::Value(true.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{self, Address};

    #[test]
    fn calls_are_answered_and_recorded() {
        let fake = Fake::inet(obedient(vec![process("g", "n", 5, "RUNNING")]));
        let port = fake.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let address = Address::Port(port);
        let infos = http::rpc(&address, "supervisor.getAllProcessInfo", &[]).expect("an answer").expect("a value");
        assert_eq!(infos.array()[0].get("pid").int(), 5);
        let done = http::rpc(&address, "supervisor.stopProcess", &["g:n".into()]);
        assert_eq!(done, Some(Ok(true.into())));
        assert_eq!(fake.acts(), ["stopProcess g:n"]);
    }
}
