//! One option value from text: the types of contract 3.7, with their messages.
//!
//! Each parser takes the expanded text and a [`World`], which answers what only the system knows (users,
//! directories); most do not ask it. The option table names the parser of every option, so a type is read the
//! same way from a file and from the command line.

use std::path::PathBuf;

use supervisor_protocol::outside;
use supervisor_protocol::repr::str_repr;
use thiserror::Error;

use super::World;
use super::environment::EnvironmentError;
use super::model::{AutoRestart, LogLevel};
use super::signals;
use supervisor_protocol::ini::paths;
use supervisor_protocol::text::{decimal, int as parse_int, int_error, strip, wide_int};

/// Why a text is no value of its type; the message users see.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)] // each variant is its message
pub enum ValueError {
    #[error("{}", int_error(.0))]
    Int(String),
    #[error("not a valid boolean value: {}", str_repr(.0))]
    Boolean(String),
    #[error("{0} can not be converted to an octal type")]
    Octal(String),
    #[error("bad logging level name {}", str_repr(.0))]
    Level(String),
    #[error("{0} is not an existing directory")]
    NoDirectory(String),
    #[error("The directory named as part of the path {0} does not exist")]
    NoParentDirectory(String),
    #[error("value {} is not a valid signal name", str_repr(.0))]
    SignalName(String),
    #[error("value {} is not a valid signal number", str_repr(.0))]
    SignalNumber(String),
    #[error("Invalid user name {0}")]
    UserName(String),
    #[error("Invalid user id {0}")]
    UserId(String),
    #[error("Invalid {option} value {text}")]
    Refused { option: &'static str, text: String },
    #[error("not a valid list of exit codes: {}", str_repr(.0))]
    ExitCodes(String),
    #[error("invalid 'autorestart' value {}", str_repr(.0))]
    AutoRestart(String),
    #[error("not a valid port number: {} ", str_repr(.0))]
    PortNumber(String),
    #[error("no port number specified in ''")]
    NoPort,
    #[error("{0} is below lower bound (1)")]
    PortTooLow(String),
    #[error("{0} is above upper bound (65535)")]
    PortTooHigh(String),
    #[error("Invalid name: {} because of character: '{character}'", str_repr(name))]
    Name { name: String, character: char },
    #[error("the number has more than 38 digits")]
    TooWide,
    #[error("embedded null byte")]
    NulByte,
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

type Parsed<T> = Result<T, ValueError>;

/// Any text.
pub fn text(text: &str, _: &dyn World) -> Parsed<String> {
    Ok(text.to_owned())
}

/// A decimal integer as Python's `int` reads it.
pub fn int(text: &str, _: &dyn World) -> Parsed<i64> {
    parse_int(text, 10).ok_or_else(|| ValueError::Int(text.to_owned()))
}

/// A decimal integer of up to 38 digits.
pub fn wide(text: &str, _: &dyn World) -> Parsed<i128> {
    let number = wide_int(text).ok_or_else(|| ValueError::Int(text.to_owned()))?;
    match number.unsigned_abs() >= 10u128.pow(38) {
        true => Err(ValueError::TooWide),
        false => Ok(number),
    }
}

/// The number that was read from a text, as messages tell it: all of its digits, though we keep 64 bits.
pub(super) fn shown(text: &str, number: i64) -> String {
    decimal(text).unwrap_or_else(|| number.to_string())
}

const TRUE: &[&str] = &["yes", "true", "on", "1"];
const FALSE: &[&str] = &["no", "false", "off", "0"];

/// `yes true on 1` or `no false off 0`, any case, no blanks.
pub fn boolean(text: &str, _: &dyn World) -> Parsed<bool> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(TRUE) {
        Ok(true)
    } else if is(FALSE) {
        Ok(false)
    } else {
        Err(ValueError::Boolean(text.to_owned()))
    }
}

/// An int, or an int with `KB`, `MB` or `GB` (1024-based). The error shows the text lower-cased, without suffix.
pub fn byte_size(text: &str, _: &dyn World) -> Parsed<i64> {
    let lower = text.to_lowercase();
    let (number, unit) = [("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30)]
        .into_iter()
        .find_map(|(suffix, unit)| lower.strip_suffix(suffix).map(|number| (number, unit)))
        .unwrap_or((&lower, 1));
    let count = parse_int(number, 10).ok_or_else(|| ValueError::Int(number.to_owned()))?;
    Ok(count.saturating_mul(unit))
}

/// File mode bits in base 8. A negative number keeps its low bits, which is what the system makes of it.
pub fn octal(text: &str, _: &dyn World) -> Parsed<u32> {
    let bits = parse_int(text, 8).ok_or_else(|| ValueError::Octal(text.to_owned()))?;
    // 12 bits fit.
    Ok((bits & 0o7777) as u32)
}

/// A level of the activity log by name, any case.
pub fn level(text: &str, _: &dyn World) -> Parsed<LogLevel> {
    Ok(match text.to_lowercase().as_str() {
        "critical" => LogLevel::Critical,
        "error" => LogLevel::Error,
        "warn" => LogLevel::Warn,
        "info" => LogLevel::Info,
        "debug" => LogLevel::Debug,
        "trace" => LogLevel::Trace,
        "blather" => LogLevel::Blather,
        _ => return Err(ValueError::Level(text.to_owned())),
    })
}

/// `~` and `~name` at the start of a path become home directories.
pub(super) fn expand_user(path: &str, world: &dyn World) -> String {
    paths::expand_user(path, |name| match name {
        None => world.home(),
        Some(name) => world.user_by_name(name).map(|user| user.home),
    })
}

/// A directory that exists; `~` is expanded.
pub fn existing_directory(text: &str, world: &dyn World) -> Parsed<PathBuf> {
    let path = outside::path(&expand_user(text, world)).into_owned();
    if world.is_directory(&path) { Ok(path) } else { Err(ValueError::NoDirectory(text.to_owned())) }
}

/// A path whose directory, if it names one, exists; `~` is expanded.
pub fn existing_dirpath(text: &str, world: &dyn World) -> Parsed<String> {
    let path = expand_user(text, world);
    let parent = paths::parent(&path);
    if parent.is_empty() || world.is_directory(&outside::path(parent)) {
        Ok(path)
    } else {
        Err(ValueError::NoParentDirectory(text.to_owned()))
    }
}

/// What a child's `*_logfile` can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogfileName {
    /// `AUTO`
    Auto,
    /// `NONE` or `OFF`
    None,
    /// `syslog`
    Syslog,
    /// A path, possibly empty.
    Path(String),
}

/// `AUTO`, `NONE`, `OFF` or `syslog` in any case, or a path whose directory exists.
pub fn logfile(text: &str, world: &dyn World) -> Parsed<LogfileName> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    Ok(if is("auto") {
        LogfileName::Auto
    } else if is("none") || is("off") {
        LogfileName::None
    } else if is("syslog") {
        LogfileName::Syslog
    } else {
        LogfileName::Path(existing_dirpath(text, world)?)
    })
}

/// A signal by name, with or without `SIG`, or by number.
pub fn signal(text: &str, _: &dyn World) -> Parsed<i32> {
    let Some(number) = parse_int(text, 10) else {
        return signals::number(&strip(text).to_uppercase()).ok_or_else(|| ValueError::SignalName(text.to_owned()));
    };
    i32::try_from(number)
        .ok()
        .filter(|_| signals::is_known(number))
        .ok_or_else(|| ValueError::SignalNumber(text.to_owned()))
}

/// The id of a user given by name, or by a number that the user database knows.
pub fn user(text: &str, world: &dyn World) -> Parsed<u32> {
    match parse_int(text, 10) {
        Some(number) => u32::try_from(number)
            .ok()
            .and_then(|uid| world.user_by_id(uid))
            .map(|user| user.uid)
            .ok_or_else(|| ValueError::UserId(text.to_owned())),
        None => world.user_by_name(text).map(|user| user.uid).ok_or_else(|| ValueError::UserName(text.to_owned())),
    }
}

/// `user` or `user:group`, names or numbers; a missing group is `None`. The caller words the refusal.
pub(super) fn user_group(text: &str, world: &dyn World) -> Option<(u32, Option<u32>)> {
    let Some((name, group)) = text.split_once(':') else {
        return Some((user(text, world).ok()?, None));
    };
    let uid = user(name, world).ok()?;
    let gid = match parse_int(group, 10) {
        Some(number) => u32::try_from(number).ok().filter(|&gid| world.has_group(gid))?,
        None => world.group_by_name(group)?,
    };
    Some((uid, Some(gid)))
}

fn refused<T>(option: &'static str, text: &str, value: Option<T>) -> Parsed<T> {
    value.ok_or_else(|| ValueError::Refused { option, text: text.to_owned() })
}

/// `chown=` of a unix server.
pub fn chown(text: &str, world: &dyn World) -> Parsed<(u32, Option<u32>)> {
    refused("sockchown", text, user_group(text, world))
}

/// `chmod=` of a unix server.
pub fn chmod(text: &str, world: &dyn World) -> Parsed<u32> {
    refused("chmod", text, octal(text, world).ok())
}

/// `socket_owner=` of a FastCGI program.
pub fn socket_owner(text: &str, world: &dyn World) -> Parsed<(u32, Option<u32>)> {
    refused("socket_owner", text, user_group(text, world))
}

/// `socket_mode=` of a FastCGI program.
pub fn socket_mode(text: &str, world: &dyn World) -> Parsed<u32> {
    refused("socket_mode", text, octal(text, world).ok())
}

/// `socket_backlog=` of a FastCGI program, 1 to 65535.
pub fn socket_backlog(text: &str, world: &dyn World) -> Parsed<u16> {
    let number = int(text, world)?;
    let backlog = u16::try_from(number).ok().filter(|&backlog| backlog > 0);
    refused("socket_backlog", &shown(text, number), backlog)
}

/// Exit codes from 0 to 255 between commas; an empty text is an empty list.
pub fn exit_codes(text: &str, _: &dyn World) -> Parsed<Vec<i32>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',')
        .map(|item| parse_int(item, 10).and_then(|code| u8::try_from(code).ok()).map(i32::from))
        .collect::<Option<Vec<i32>>>()
        .ok_or_else(|| ValueError::ExitCodes(text.to_owned()))
}

/// Words between commas, each stripped; an empty text is an empty list, and a trailing comma an empty word.
pub fn list(text: &str, _: &dyn World) -> Parsed<Vec<String>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    Ok(text.split(',').map(|item| strip(item).to_owned()).collect())
}

/// A boolean spelling or `unexpected`, any case.
pub fn autorestart(text: &str, world: &dyn World) -> Parsed<AutoRestart> {
    if text.eq_ignore_ascii_case("unexpected") {
        return Ok(AutoRestart::Unexpected);
    }
    match boolean(text, world) {
        Ok(true) => Ok(AutoRestart::Always),
        Ok(false) => Ok(AutoRestart::Never),
        Err(_) => Err(ValueError::AutoRestart(text.to_lowercase())),
    }
}

/// A port between 1 and 65535.
pub(super) fn port_number(text: &str, world: &dyn World) -> Parsed<u16> {
    match int(text, world)? {
        low if low < 1 => Err(ValueError::PortTooLow(shown(text, low))),
        number => u16::try_from(number).map_err(|_| ValueError::PortTooHigh(shown(text, number))),
    }
}

/// `PORT`, `HOST:PORT`, `:PORT` or `*:PORT`: the host in lower case, empty for all interfaces.
pub fn address(text: &str, world: &dyn World) -> Parsed<(String, u16)> {
    let Some((host, port)) = text.rsplit_once(':') else {
        let port = port_number(text, world).map_err(|_| ValueError::PortNumber(text.to_owned()))?;
        return Ok((String::new(), port));
    };
    if port.is_empty() {
        return Err(ValueError::NoPort);
    }
    let port = port_number(port, world)?;
    let host = if host == "*" { String::new() } else { host.to_lowercase() };
    Ok((host, port))
}

/// The name of a process or group: stripped, without blank, colon or slash.
pub fn name(text: &str, _: &dyn World) -> Parsed<String> {
    let name = strip(text);
    match find_forbidden(name) {
        Some(character) => Err(ValueError::Name { name: text.to_owned(), character }),
        None => Ok(name.to_owned()),
    }
}

/// The character that a name must not have, the most important one first.
pub(super) fn find_forbidden(name: &str) -> Option<char> {
    [' ', ':', '/'].into_iter().find(|&character| name.contains(character))
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
