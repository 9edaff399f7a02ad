//! Takes the addresses of the HTTP servers, before the daemon forks and before there is a runtime.
//!
//! Everything that can go wrong with a listener goes wrong here, while somebody still reads stderr. The sockets are
//! plain `std` ones, close-on-exec and non-blocking; `server.rs` hands them to the runtime. A [`BoundServer`] owns its
//! socket file: dropping it removes the file. A process that forks must therefore leave its parent by `_exit`.
//!
//! A name means its IPv4 address, as upstream, where it has one; an IPv6 address, in brackets or bare, works here only.
//! Source: Supervisor's `http.py`; contracts `ctl_h1`, `ctl_h3`, `ctl_h5` to `ctl_h9`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;

use nix::sys::socket::sockopt::{Ipv6V6Only, ReuseAddr};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind as bind_socket, listen};
use nix::sys::socket::{setsockopt, socket};
use supervisor_protocol::outside;

use super::auth::Credentials;
use super::bind_error::{BACKLOG, BindError, Reason, ServerError};
use super::socket_file::{self, SocketFile};
use crate::config::model::{ServerAddress, ServerConfig};

/// A server whose address is taken. Clients can connect; nobody answers yet.
#[derive(Debug)]
pub struct BoundServer {
    pub(super) section: String,
    pub(super) credentials: Option<Credentials>,
    pub(super) socket: BoundSocket,
}

/// A listening socket.
#[derive(Debug)]
pub(super) enum BoundSocket {
    Inet(TcpListener),
    /// The socket goes before its file does: fields drop in order.
    Unix(UnixListener, SocketFile),
}

impl BoundServer {
    /// The section it comes from, as written: `inet_http_server`, `unix_http_server:x`.
    pub fn section(&self) -> &str {
        &self.section
    }

    /// Whether it asks for no credentials; the caller logs CRIT
    /// `Server 'SECTION' running without any HTTP authentication checking`.
    pub fn is_open(&self) -> bool {
        self.credentials.is_none()
    }

    /// Where it listens, as the trace line of the start shows it: (`127.0.0.1`, `9001`), or the path twice.
    pub fn place(&self) -> (String, String) {
        match &self.socket {
            BoundSocket::Inet(listener) => match listener.local_addr() {
                Ok(address) => (address.ip().to_string(), address.port().to_string()),
                Err(_) => (String::new(), String::new()),
            },
            BoundSocket::Unix(_, file) => {
                let path = outside::text(file.path()).into_owned();
                (path.clone(), path)
            }
        }
    }

    /// Descriptor of the listening socket.
    pub fn raw_fd(&self) -> i32 {
        match &self.socket {
            BoundSocket::Inet(listener) => listener.as_raw_fd(),
            BoundSocket::Unix(listener, _) => listener.as_raw_fd(),
        }
    }
}

/// Opens every server, in the given order.
///
/// Says `Unlinking stale socket PATH` on stderr when it replaces what a dead server left behind.
///
/// # Errors
/// The first server that cannot be opened. Those opened before are closed, their files removed.
pub fn bind(servers: &[ServerConfig]) -> Result<Vec<BoundServer>, ServerError<'_>> {
    servers.iter().map(|server| bind_one(server).map_err(|error| ServerError { server, error })).collect()
}

fn bind_one(config: &ServerConfig) -> Result<BoundServer, BindError> {
    let socket = match &config.address {
        ServerAddress::Inet { host, port } => BoundSocket::Inet(bind_inet(host, *port)?),
        ServerAddress::Unix { path, chmod, chown } => {
            let (listener, file) = socket_file::bind(path, *chmod, *chown)?;
            BoundSocket::Unix(listener, file)
        }
    };
    let credentials = config.credentials.as_ref();
    Ok(BoundServer {
        section: config.section.clone(),
        // An empty user name switches authentication off.
        credentials: credentials
            .filter(|(user, _)| !user.is_empty())
            .map(|(user, word)| Credentials::new(&outside::shown(user), &outside::shown(word))),
        socket,
    })
}

fn bind_inet(host: &str, port: u16) -> Result<TcpListener, BindError> {
    let descriptor = bound(resolve(host, port)?)?;
    listen(&descriptor, Backlog::new(BACKLOG)?)?;
    Ok(TcpListener::from(descriptor))
}

/// Whether an address is one of this machine's. No port is taken that anybody waits for.
///
/// # Errors
/// What a server at this address would end with.
pub fn try_address(mut address: SocketAddr) -> Result<(), BindError> {
    address.set_port(0);
    bound(address).map(drop)
}

fn bound(address: SocketAddr) -> Result<OwnedFd, BindError> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let family = if address.is_ipv6() { AddressFamily::Inet6 } else { AddressFamily::Inet };
    let descriptor = socket(family, SockType::Stream, flags, None)?;
    setsockopt(&descriptor, ReuseAddr, &true)?;
    if address.is_ipv6() {
        // So that [::] and all IPv4 interfaces can have servers on one port.
        setsockopt(&descriptor, Ipv6V6Only, &true)?;
    }
    bind_socket(descriptor.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(descriptor)
}

/// Whether a host is an address or a word for one, about which nobody needs to be asked.
pub fn is_literal(host: &str) -> bool {
    matches!(host, "" | "*" | "<broadcast>") || without_brackets(host).parse::<IpAddr>().is_ok()
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The address that a server of this host and port listens at.
///
/// # Errors
/// [`Reason::UnknownHost`]
pub fn resolve(host: &str, port: u16) -> Result<SocketAddr, BindError> {
    if matches!(host, "" | "*") {
        return Ok((Ipv4Addr::UNSPECIFIED, port).into());
    }
    // The other name that Python's sockets know by themselves.
    if host == "<broadcast>" {
        return Ok((Ipv4Addr::BROADCAST, port).into());
    }
    let addresses =
        (without_brackets(host), port).to_socket_addrs().map_err(|_| BindError::Socket(Reason::UnknownHost))?;
    // The first one of the better kind.
    let address = addresses.min_by_key(SocketAddr::is_ipv6).ok_or(BindError::Socket(Reason::UnknownHost))?;
    // An IPv4 address in the clothes of IPv6 (::ffff:127.0.0.1) is one.
    Ok(match address.ip().to_canonical() {
        IpAddr::V4(ip) => (ip, address.port()).into(),
        // With its zone.
        IpAddr::V6(_) => address,
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn inet(host: &str, port: u16) -> ServerConfig {
        ServerConfig {
            section: "inet_http_server".into(),
            address: ServerAddress::Inet { host: host.into(), port },
            credentials: None,
        }
    }

    #[test]
    fn every_spelling_of_all_interfaces_listens() {
        for host in ["", "*", "127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
            let bound = bind_inet(host, 0).expect("bound");
            let port = bound.local_addr().expect("bound").port();
            TcpStream::connect(("127.0.0.1", port)).unwrap_or_else(|error| panic!("{host}: {error}"));
        }
        bind_inet("<broadcast>", 0).expect("bound, as useless as it is");
    }

    #[test]
    fn ipv6_addresses_listen_beside_ipv4() {
        if TcpListener::bind("[::1]:0").is_err() {
            // A machine without IPv6.
            return;
        }
        let all = bind_inet("", 0).expect("bound");
        let port = all.local_addr().expect("bound").port();
        for host in ["[::1]", "::1"] {
            let bound = bind_inet(host, 0).expect("bound");
            let address = bound.local_addr().expect("bound");
            assert_eq!(address.ip().to_string(), "::1", "{host}");
            TcpStream::connect(address).unwrap_or_else(|error| panic!("{host}: {error}"));
        }
        bind_inet("[::]", port).expect("both kinds of all interfaces");
    }

    #[test]
    fn a_taken_port_is_reported() {
        let first = bind_inet("127.0.0.1", 0).expect("bound");
        let port = first.local_addr().expect("bound").port();
        let servers = [inet("127.0.0.1", port)];
        let error = bind(&servers).expect_err("taken");
        assert_eq!(
            error.to_string(),
            "Another program is already listening on a port that one of our HTTP servers is configured to use.  Shut \
             this program down first before starting supervisord."
        );
    }

    #[test]
    fn other_errors_carry_pythons_name_and_number() {
        let prefix = "Cannot open an HTTP server: socket.error reported ";
        for (host, text) in
            [("192.0.2.1", "errno.EADDRNOTAVAIL (99)"), ("2001:db8::1", "errno.EADDRNOTAVAIL (99)"), ("[::1", "-2")]
        {
            let servers = [inet(host, 1)];
            let error = bind(&servers).expect_err(host);
            assert_eq!(error.to_string(), format!("{prefix}{text}"));
        }
    }

    #[test]
    fn only_a_user_name_asks_for_credentials() {
        for (credentials, open) in [(None, true), (Some(("", "")), true), (Some(("u", "p")), false)] {
            let credentials = credentials.map(|(user, word)| (user.to_owned(), word.to_owned()));
            let bound = bind_one(&ServerConfig { credentials, ..inet("127.0.0.1", 0) }).expect("bound");
            assert_eq!(bound.is_open(), open);
            assert_eq!(bound.section(), "inet_http_server");
            assert_eq!(bound.place().0, "127.0.0.1");
        }
    }
}
