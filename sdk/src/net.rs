//! Names to addresses, and system errors in the words Supervisor's messages use.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// A host name that could not be resolved. Displayed as Python does: `[Errno -2] Name or service not known`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[Errno {code}] {text}")]
pub struct ResolveError {
    /// The C library's code, such as -2 (`EAI_NONAME`).
    pub code: i32,
    /// Its text.
    pub text: String,
}

/// The codes of `getaddrinfo` with glibc's texts, which are what the standard library passes on.
const RESOLVER_TEXTS: [(i32, &str); 8] = [
    (-2, "Name or service not known"),
    (-3, "Temporary failure in name resolution"),
    (-4, "Non-recoverable failure in name resolution"),
    (-5, "No address associated with hostname"),
    (-6, "ai_family not supported"),
    (-7, "ai_socktype not supported"),
    (-8, "Servname not supported for ai_socktype"),
    (-10, "Memory allocation failure"),
];

/// The addresses of a host, in the order the resolver gives them; at least one.
///
/// # Errors
/// The resolver's answer. Texts of other C libraries count as code -2.
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ResolveError> {
    let unknown = || ResolveError { code: -2, text: "Name or service not known".to_owned() };
    match (host, port).to_socket_addrs() {
        Ok(addresses) => {
            let addresses: Vec<_> = addresses.collect();
            if addresses.is_empty() { Err(unknown()) } else { Ok(addresses) }
        }
        Err(error) if error.raw_os_error().is_none() => {
            let text = error.to_string();
            let text = text.rsplit_once(": ").map_or(text.as_str(), |(_, text)| text);
            let code = RESOLVER_TEXTS.iter().find(|(_, known)| *known == text).map_or(-2, |(code, _)| *code);
            // A name the resolver cannot even be asked for (with a NUL byte) has no text of its own.
            if error.kind() == io::ErrorKind::InvalidInput {
                return Err(unknown());
            }
            Err(ResolveError { code, text: text.to_owned() })
        }
        Err(error) => Err(ResolveError { code: error.raw_os_error().unwrap_or_default(), text: system_text(&error) }),
    }
}

/// A system error as Python prints it: `[Errno 111] Connection refused`; errors without a number by their text.
pub fn errno_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => format!("[Errno {number}] {}", system_text(error)),
        None => error.to_string(),
    }
}

/// The C library's text alone, without the number the standard library appends.
fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    match (text.rfind(" (os error "), error.raw_os_error()) {
        (Some(at), Some(_)) => text.get(..at).unwrap_or_default().to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_read_as_in_python() {
        assert_eq!(errno_text(&io::Error::from_raw_os_error(111)), "[Errno 111] Connection refused");
        assert_eq!(errno_text(&io::Error::from_raw_os_error(2)), "[Errno 2] No such file or directory");
        assert_eq!(errno_text(&io::Error::other("why (os error 1)")), "why (os error 1)");
    }

    #[test]
    fn addresses_and_names_resolve_or_say_why() {
        assert_eq!(resolve("127.0.0.1", 80), Ok(vec![([127, 0, 0, 1], 80).into()]));
        assert_eq!(resolve("::1", 80).map(|found| found.len()), Ok(1));
        let error = resolve("a\0b", 80).unwrap_err();
        assert_eq!(error.to_string(), "[Errno -2] Name or service not known");
    }
}
