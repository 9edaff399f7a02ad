//! The probe: one GET, with the reasons for its failure in the words of Python's `http.client`.
//!
//! It connects to each address in turn, sends the request and reads the whole answer. The time limit is for
//! each socket operation, not for the whole. Redirects are not followed. Over https a refused connection is
//! tried once more after [`PAUSE`] if the time limit is longer than that; over http it is not, because the
//! original forgets there why it failed. Contract ids `ev_s09`, `ev_s10` and `ev_s23`.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use supervisor_protocol::repr::str_repr;
use supervisor_sdk::http::{Body, HttpError, read_head};
use supervisor_sdk::net::{errno_text, resolve};

use crate::tls::Tls;

/// How much of a body is read, in bytes.
const MAX_BODY: u64 = 64 << 20;

/// What lies between the two attempts at an https server that refuses connections.
const PAUSE: Duration = Duration::from_secs(10);

/// What to get, and from whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    is_encrypted: bool,
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
        let is_encrypted = match scheme.as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(TargetError::Scheme(scheme)),
        };
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
            "" => default_port(is_encrypted),
            port => port.parse().map_err(|_| TargetError::Port(port.to_owned()))?,
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Target { is_encrypted, host: host.to_owned(), port, path })
    }

    /// Whether it takes TLS to get it.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    fn request(&self) -> Result<String, String> {
        if let Some(bad) = self.path.chars().find(|c| matches!(c, '\0'..=' ' | '\x7f')) {
            let (path, bad) = (str_repr(&self.path), str_repr(&bad.to_string()));
            return Err(format!("URL can't contain control characters. {path} (found at least {bad})"));
        }
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let host = if self.port == default_port(self.is_encrypted) { host } else { format!("{host}:{}", self.port) };
        let path = &self.path;
        Ok(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\nUser-Agent: httpok\r\n\r\n"))
    }
}

fn default_port(is_encrypted: bool) -> u16 {
    if is_encrypted { 443 } else { 80 }
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

/// Gets a URL; `timeout` in seconds for each socket operation. `tls` is for an encrypted target.
///
/// # Errors
/// The reason as the original words it, such as `timed out` or `getaddrinfo returns an empty list`; a timeout
/// that is not positive is `Idle`, and nothing is sent. What TLS complains about is in its own words.
pub(crate) fn get(target: &Target, timeout: i64, tls: Option<&Tls>) -> Result<Answer, String> {
    let timeout = match u64::try_from(timeout) {
        Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
        _ => return Err("Idle".to_owned()),
    };
    let request = target.request()?;
    let addresses = resolve(&target.host, target.port).map_err(|error| error.to_string())?;
    let Some(tls) = tls else {
        // The original forgets why the addresses failed, and says this.
        let socket = connect(&addresses, timeout).map_err(|_| "getaddrinfo returns an empty list".to_owned())?;
        return exchange(socket, &request).map_err(|error| reason(error, "timed out"));
    };
    let pause = (timeout > PAUSE).then_some(PAUSE);
    let socket = connect_again(&addresses, timeout, pause)?;
    let stream =
        tls.connect(&target.host, socket).map_err(|error| reason(error.into(), "The handshake operation timed out"))?;
    exchange(stream, &request).map_err(|error| reason(error, "The read operation timed out"))
}

/// Connects to the first address that answers; the error of the last one.
fn connect(addresses: &[SocketAddr], timeout: Duration) -> io::Result<TcpStream> {
    let mut outcome = Err(ErrorKind::AddrNotAvailable.into());
    for address in addresses {
        outcome = TcpStream::connect_timeout(address, timeout);
        if outcome.is_ok() {
            break;
        }
    }
    let socket = outcome?;
    socket.set_read_timeout(Some(timeout))?;
    socket.set_write_timeout(Some(timeout))?;
    Ok(socket)
}

/// As [`connect`]; with a pause, a refused connection is tried a second time after it. That it is then refused
/// again is `Request-sent`, which is what the original makes of its second attempt.
fn connect_again(addresses: &[SocketAddr], timeout: Duration, pause: Option<Duration>) -> Result<TcpStream, String> {
    let is_refusal = |error: &io::Error| error.kind() == ErrorKind::ConnectionRefused;
    let error = match (connect(addresses, timeout), pause) {
        (Ok(socket), _) => return Ok(socket),
        (Err(error), Some(pause)) if is_refusal(&error) => {
            thread::sleep(pause);
            match connect(addresses, timeout) {
                Ok(socket) => return Ok(socket),
                Err(error) if is_refusal(&error) => return Err("Request-sent".to_owned()),
                Err(error) => error,
            }
        }
        (Err(error), _) => error,
    };
    Err(reason(error.into(), "timed out"))
}

fn exchange(mut stream: impl Read + Write, request: &str) -> Result<Answer, HttpError> {
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let mut reader = BufReader::new(stream);
    let head = read_head(&mut reader)?;
    let mut body = Vec::new();
    Body::new(&head, reader).take(MAX_BODY).read_to_end(&mut body)?;
    Ok(Answer { status: head.status, reason: head.reason, body })
}

/// The words for an error; `timed_out` for one that took too long.
fn reason(error: HttpError, timed_out: &str) -> String {
    match error {
        HttpError::Io(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            timed_out.to_owned()
        }
        HttpError::Io(error) => errno_text(&error),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::tests::serve;
    use std::net::TcpListener;

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
        let answer = get(&Target::parse(&format!("http://127.0.0.1:{port}{path}")).unwrap(), 5, None);
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
        let get = |url: &str, timeout| get(&Target::parse(url).unwrap(), timeout, None).unwrap_err();
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
        assert_eq!(get(&Target::parse(&url).unwrap(), 1, None), Err("timed out".into()));
        let https = Target::parse(&url.replace("http", "https")).unwrap();
        let tls = Tls::new(false).unwrap();
        assert_eq!(get(&https, 1, Some(&tls)), Err("The handshake operation timed out".into()));
    }

    #[test]
    fn https_is_http_in_an_envelope() {
        let tls = Tls::new(false).unwrap();
        let get = |port: u16| get(&Target::parse(&format!("https://localhost:{port}/")).unwrap(), 5, Some(&tls));
        let (port, server) = serve(b"HTTP/1.1 200 OK\r\n\r\nbody");
        assert_eq!(get(port), Ok(Answer { status: 200, reason: "OK".into(), body: b"body".into() }));
        assert_eq!(server.join().unwrap().as_deref(), Some("localhost"));
        let (port, _) = serve(b"");
        assert_eq!(get(port), Err("Remote end closed connection without response".into()));
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert_eq!(get(free), Err("[Errno 111] Connection refused".into()));
    }

    #[test]
    fn a_refused_https_server_has_a_second_chance() {
        let seconds = Duration::from_secs(5);
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let again = |pause| connect_again(&[free], seconds, pause).map(drop);
        assert_eq!(again(None), Err("[Errno 111] Connection refused".into()));
        assert_eq!(again(Some(Duration::ZERO)), Err("Request-sent".into()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(connect_again(&[free, listener.local_addr().unwrap()], seconds, None).is_ok());
    }

    #[test]
    fn urls_are_split_as_python_splits_them() {
        let target = |host: &str, port, path: &str| {
            Ok(Target { is_encrypted: false, host: host.into(), port, path: path.into() })
        };
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
        let https =
            |url| Target::parse(url).map(|target| (target.is_encrypted, target.port, target.request().unwrap()));
        let request =
            |host| format!("GET / HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\nUser-Agent: httpok\r\n\r\n");
        assert_eq!(https("https://h"), Ok((true, 443, request("h"))));
        assert_eq!(https("https://h:80/"), Ok((true, 80, request("h:80"))));
    }
}
