//! Where the daemon listens: `http://host[:port]` or `unix:///path`.

use std::fmt;
use std::path::PathBuf;

use supervisor_protocol::outside;

/// The address of a control interface.
///
/// Of an http URL only host and port count (80 by default); userinfo, path and the rest are ignored. What
/// follows `unix://` is a path, taken as it is; bytes that are no text are in it as [`outside`] has them.
///
/// ```
/// use supervisor_sdk::rpc::ServerUrl;
/// assert_eq!(ServerUrl::parse("http://me:pw@Host/x")?, ServerUrl::Http { host: "host".into(), port: 80 });
/// assert_eq!(ServerUrl::parse("unix:///run/s.sock")?, ServerUrl::Unix("/run/s.sock".into()));
/// # Ok::<(), supervisor_sdk::rpc::UnknownProtocol>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerUrl {
    /// A TCP address.
    Http {
        /// Host name or address, in lower case and without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// The path of a unix socket.
    Unix(PathBuf),
}

/// A URL of neither kind, or with a port that is no port. Displayed as in the original:
/// `Unknown protocol for serverurl ftp://x`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Unknown protocol for serverurl {0}")]
pub struct UnknownProtocol(pub String);

impl ServerUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// Anything but `http://` with a usable port and `unix://`; the scheme is case-sensitive (contract id
    /// `ev_r09`).
    pub fn parse(url: &str) -> Result<ServerUrl, UnknownProtocol> {
        if let Some(path) = url.strip_prefix("unix://") {
            return Ok(ServerUrl::Unix(outside::path(path).into_owned()));
        }
        let unknown = || UnknownProtocol(url.to_owned());
        let rest = url.strip_prefix("http://").ok_or_else(unknown)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
        let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            // RFC 6874: the percent sign before a zone is written %25. It is taken as it is, too.
            Some((host, port)) => (host.replacen("%25", "%", 1), port.strip_prefix(':').unwrap_or_default()),
            None => {
                let (host, port) = address.split_once(':').unwrap_or((address, ""));
                (host.to_owned(), port)
            }
        };
        let port = if port.is_empty() { 80 } else { port.parse().map_err(|_| unknown())? };
        Ok(ServerUrl::Http { host: host.to_lowercase(), port })
    }

    /// The value of the `Host` header: `localhost` for a unix socket, no port if it is 80.
    pub(super) fn host_header(&self) -> String {
        match self {
            ServerUrl::Unix(_) => "localhost".to_owned(),
            ServerUrl::Http { host, port } => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                if *port == 80 { host } else { format!("{host}:{port}") }
            }
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerUrl::Unix(path) => write!(f, "unix://{}", path.display()),
            ServerUrl::Http { host, port } if host.contains(':') => write!(f, "http://[{host}]:{port}"),
            ServerUrl::Http { host, port } => write!(f, "http://{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_the_original_reads_them() {
        let http = |host: &str, port| Ok(ServerUrl::Http { host: host.into(), port });
        assert_eq!(ServerUrl::parse("http://localhost:9001"), http("localhost", 9001));
        assert_eq!(ServerUrl::parse("http://localhost:9001/RPC2?x"), http("localhost", 9001));
        assert_eq!(ServerUrl::parse("http://u:p@h"), http("h", 80));
        assert_eq!(ServerUrl::parse("http://h:"), http("h", 80));
        assert_eq!(ServerUrl::parse("http://[::1]:7"), http("::1", 7));
        for url in ["http://[fe80::1%25eth0]:7", "http://[fe80::1%eth0]:7"] {
            assert_eq!(ServerUrl::parse(url), http("fe80::1%eth0", 7));
        }
        assert_eq!(ServerUrl::parse("unix://relative"), Ok(ServerUrl::Unix("relative".into())));
        for bad in ["https://h", "ftp://h", "HTTP://h", "/run/s.sock", "", "http://h:x", "http://h:70000"] {
            let error = ServerUrl::parse(bad).unwrap_err();
            assert_eq!(error.to_string(), format!("Unknown protocol for serverurl {bad}"));
        }
    }

    #[test]
    fn the_host_header_omits_the_default_port() {
        for (url, header) in [
            ("unix:///x", "localhost"),
            ("http://h", "h"),
            ("http://h:9001", "h:9001"),
            ("http://[::1]:9001", "[::1]:9001"),
        ] {
            assert_eq!(ServerUrl::parse(url).unwrap().host_header(), header);
        }
    }
}
