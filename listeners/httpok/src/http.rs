//! The probe: one GET, with the reasons for its failure in the words of Python's `http.client`.
//!
//! It connects to each address in turn, sends the request and reads the whole answer. The time limit is for
//! each socket operation, not for the whole. Redirects are not followed. Only http is spoken: an https URL is
//! refused when it is read, before anything is watched. Contract ids `ev_s09`, `ev_s10` and `ev_s23`.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use supervisor_protocol::repr::str_repr;
use supervisor_sdk::http::{Body, HttpError, read_head};
use supervisor_sdk::net::{errno_text, resolve};

/// How much of a body is read, in bytes.
const MAX_BODY: u64 = 64 << 20;

/// What to get, and from whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    host: String,
    port: u16,
    /// Path and query, as the request line has them.
    path: String,
}

/// A URL that can never be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    /// Neither http nor https.
    #[error("Bad scheme {0}")]
    Scheme(String),
    /// Not supported by this version.
    #[error("cannot check {0}: this version of httpok speaks http only, https needs a later one")]
    NoTls(String),
    /// As Python has it.
    #[error("nonnumeric port: {}", str_repr(.0))]
    Port(String),
}

impl Target {
    /// Reads a URL. Fragments are dropped; userinfo is part of the host name, as in the original.
    pub(crate) fn parse(url: &str) -> Result<Target, TargetError> {
        let is_scheme = |scheme: &str| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        };
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
            _ => (String::new(), url),
        };
        match scheme.as_str() {
            "http" => {}
            "https" => return Err(TargetError::NoTls(url.to_owned())),
            _ => return Err(TargetError::Scheme(scheme)),
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
            None => ("", rest),
        };
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let (host, port) = match authority.rfind(':') {
            Some(colon) if authority.rfind(']').is_none_or(|bracket| bracket < colon) => authority.split_at(colon),
            _ => (authority, ""),
        };
        let port = match port.strip_prefix(':').unwrap_or_default() {
            "" => 80,
            port => port.parse().map_err(|_| TargetError::Port(port.to_owned()))?,
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Target { host: host.to_owned(), port, path })
    }

    fn request(&self) -> Result<String, String> {
        if let Some(bad) = self.path.chars().find(|c| matches!(c, '\0'..=' ' | '\x7f')) {
            let (path, bad) = (str_repr(&self.path), str_repr(&bad.to_string()));
            return Err(format!("URL can't contain control characters. {path} (found at least {bad})"));
        }
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let host = if self.port == 80 { host } else { format!("{host}:{}", self.port) };
        let path = &self.path;
        Ok(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\nUser-Agent: httpok\r\n\r\n"))
    }
}

/// An answer, of whatever status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Status code.
    pub(crate) status: u16,
    /// Reason phrase as sent, possibly empty.
    pub(crate) reason: String,
    /// The body, or its first part if it is enormous.
    pub(crate) body: Vec<u8>,
}

/// Gets a URL; `timeout` in seconds for each socket operation.
///
/// # Errors
/// The reason as the original words it, such as `timed out` or `getaddrinfo returns an empty list`; a timeout
/// that is not positive is `Idle`, and nothing is sent.
pub(crate) fn get(target: &Target, timeout: i64) -> Result<Answer, String> {
    let timeout = match u64::try_from(timeout) {
        Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
        _ => return Err("Idle".to_owned()),
    };
    let request = target.request()?;
    let addresses = resolve(&target.host, target.port).map_err(|error| error.to_string())?;
    // The original forgets why the addresses failed, and says this.
    let socket = addresses
        .iter()
        .find_map(|address| TcpStream::connect_timeout(address, timeout).ok())
        .ok_or("getaddrinfo returns an empty list")?;
    exchange(socket, &request, timeout).map_err(|error| match error {
        HttpError::Io(error) => io_reason(&error),
        other => other.to_string(),
    })
}

fn exchange(mut socket: TcpStream, request: &str, timeout: Duration) -> Result<Answer, HttpError> {
    socket.set_read_timeout(Some(timeout))?;
    socket.set_write_timeout(Some(timeout))?;
    socket.write_all(request.as_bytes())?;
    let mut reader = BufReader::new(socket);
    let head = read_head(&mut reader)?;
    let mut body = Vec::new();
    Body::new(&head, reader).take(MAX_BODY).read_to_end(&mut body)?;
    Ok(Answer { status: head.status, reason: head.reason, body })
}

fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "timed out".to_owned(),
        _ => errno_text(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    /// Serves one connection: reads the request, then lets `answer` write. Returns what `get` made of it, and
    /// the request.
    fn against(path: &str, answer: impl FnOnce(TcpStream) + Send + 'static) -> (Result<Answer, String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                socket.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            answer(socket);
            String::from_utf8(request).unwrap().replace(&port.to_string(), "PORT")
        });
        let answer = get(&Target::parse(&format!("http://127.0.0.1:{port}{path}")).unwrap(), 5);
        (answer, server.join().unwrap())
    }

    #[test]
    fn the_request_is_superlances() {
        let (answer, request) = against("/a?b=c#d", |mut socket| {
            socket.write_all(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 4\r\n\r\nbody").unwrap();
        });
        assert_eq!(
            request,
            "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nAccept-Encoding: identity\r\nUser-Agent: httpok\r\n\r\n"
        );
        assert_eq!(answer, Ok(Answer { status: 302, reason: "Found".into(), body: b"body".into() }));
    }

    #[test]
    fn reasons_are_those_of_http_client() {
        let reason = |wire: &'static [u8]| against("", |mut socket| socket.write_all(wire).unwrap()).0.unwrap_err();
        assert_eq!(reason(b""), "Remote end closed connection without response");
        assert_eq!(reason(b"SSH-2.0-x\r\n"), "SSH-2.0-x\r\n");
        assert_eq!(
            reason(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody"),
            "IncompleteRead(4 bytes read, 5 more expected)"
        );
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let get = |url: &str, timeout| get(&Target::parse(url).unwrap(), timeout).unwrap_err();
        assert_eq!(get(&format!("http://{free}"), 5), "getaddrinfo returns an empty list");
        assert_eq!(get("http://127.0.0.1:1/", 0), "Idle");
        assert_eq!(
            get("http://127.0.0.1:1/a b", 5),
            "URL can't contain control characters. '/a b' (found at least ' ')"
        );
    }

    #[test]
    fn a_server_that_says_nothing_times_out() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        assert_eq!(get(&Target::parse(&url).unwrap(), 1), Err("timed out".into()));
    }

    #[test]
    fn urls_are_split_as_python_splits_them() {
        let target = |host: &str, port, path: &str| Ok(Target { host: host.into(), port, path: path.into() });
        assert_eq!(Target::parse("HTTP://h"), target("h", 80, "/"));
        assert_eq!(Target::parse("http://h?c=d"), target("h", 80, "/?c=d"));
        assert_eq!(Target::parse("http://h:8080/p/?q#f"), target("h", 8080, "/p/?q"));
        assert_eq!(Target::parse("http://[::1]:81/"), target("::1", 81, "/"));
        assert_eq!(Target::parse("http://[::1]"), target("::1", 80, "/"));
        assert_eq!(Target::parse("http://u@h:/x"), target("u@h", 80, "/x"));
        let error = |url| Target::parse(url).unwrap_err().to_string();
        assert_eq!(error("ftp://h"), "Bad scheme ftp");
        assert_eq!(error("/path"), "Bad scheme ");
        assert_eq!(error("http://h:abc/"), "nonnumeric port: 'abc'");
        assert_eq!(
            error("https://h"),
            "cannot check https://h: this version of httpok speaks http only, https needs a later one"
        );
    }
}
