//! A tiny XML-RPC server on a unix socket, for listeners that ask the daemon about its processes.
//!
//! It knows two processes, the listener itself and a program `web` with the pid of this program, so that a look
//! at its memory finds something. Starts and stops are granted and change nothing.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;

use supervisor_protocol::rpc::ProcessInfo;
use supervisor_protocol::state::ProcessState;
use supervisor_protocol::xmlrpc::{Fault, FaultCode, MethodCall, MethodResponse, Value, parse_call, render_response};

use super::events::POOL;

/// The largest request, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// Serves on a socket at `path` until the program ends.
///
/// # Errors
/// The socket cannot be bound.
pub(crate) fn serve(path: &Path) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A client that breaks off is its own affair.
            thread::spawn(move || converse(connection));
        }
    });
    Ok(())
}

/// Answers requests on one connection, until the client closes it.
fn converse(connection: UnixStream) -> io::Result<()> {
    let mut writer = connection.try_clone()?;
    let mut reader = BufReader::new(connection);
    while let Some(body) = read_request(&mut reader)? {
        let response = match parse_call(&body) {
            Ok(call) => {
                let body = render_response(&answer(&call));
                let length = body.len();
                format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{body}")
            }
            Err(_) => "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_owned(),
        };
        writer.write_all(response.as_bytes())?;
    }
    Ok(())
}

/// The body of the next request; none at the end of the connection and for a request that is too large.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.by_ref().take(64 * 1024).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(usize::MAX);
        }
    }
    if length > MAX_BODY {
        return Ok(None);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(body))
}

fn answer(call: &MethodCall) -> MethodResponse {
    let name = call.params.first().and_then(Value::as_str).unwrap_or_default();
    let method = call.method.strip_prefix("supervisor.").unwrap_or(&call.method);
    match method {
        "getState" => Ok(Value::structure([("statecode", 1.into()), ("statename", "RUNNING".into())])),
        "getAPIVersion" | "getVersion" => Ok("3.0".into()),
        "getSupervisorVersion" => Ok("4.3.0".into()),
        "getIdentification" => Ok("supervisor".into()),
        "getPID" => Ok(std::process::id().into()),
        "getAllProcessInfo" => Ok(Value::Array(processes().iter().map(ProcessInfo::to_value).collect())),
        "getProcessInfo" => find(name).map(|process| process.to_value()),
        "startProcess" | "stopProcess" | "signalProcess" | "sendProcessStdin" => find(name).map(|_| true.into()),
        "sendRemoteCommEvent" => Ok(true.into()),
        _ => Err(FaultCode::UnknownMethod.into()),
    }
}

fn find(name: &str) -> Result<ProcessInfo, Fault> {
    processes()
        .into_iter()
        .find(|process| name == process.name || name == format!("{}:{}", process.group, process.name))
        .ok_or_else(|| Fault::new(FaultCode::BadName, Some(name)))
}

fn processes() -> [ProcessInfo; 2] {
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    [POOL, "web"].map(|name| ProcessInfo {
        name: name.to_owned(),
        group: name.to_owned(),
        start: 1_795_344_000,
        stop: 0,
        now: 1_795_344_900,
        state: ProcessState::Running,
        spawnerr: String::new(),
        exitstatus: 0,
        stdout_logfile: String::new(),
        stderr_logfile: String::new(),
        pid,
        description: format!("pid {pid}, uptime 0:15:00"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_finds_a_plausible_daemon() {
        use supervisor_sdk::rpc::{Client, ServerUrl};

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rpc.sock");
        serve(&path).unwrap();
        let url = ServerUrl::parse(&format!("unix://{}", path.display())).unwrap();
        let mut client = Client::new(&url, None);
        let names: Vec<String> = client.get_all_process_info().unwrap().into_iter().map(|info| info.name).collect();
        assert_eq!(names, ["check", "web"]);
        client.stop_process("web:web", true).unwrap();
        let refused = client.start_process("nope", true).unwrap_err();
        assert_eq!(refused.fault(), Some(FaultCode::BadName));
    }
}
