//! `[inet_http_server]` and `[unix_http_server]`: any section whose name starts so. Contract 2.2 and 2.3.

use super::super::error::{Cause, ConfigError};
use super::super::model::{ServerAddress, ServerConfig};
use super::super::options::Optional;
use super::super::options::table::{inet_server, unix_server};
use super::{Context, Reader};
use supervisor_protocol::ini::expand::Scope;
use supervisor_protocol::ini::paths;
use supervisor_protocol::text::strip;

const INET: &str = "inet_http_server";
const UNIX: &str = "unix_http_server";

/// All servers in the order in which they open: inet, then unix, each in file order.
pub(super) fn read(context: &Context<'_>) -> Result<Vec<ServerConfig>, ConfigError> {
    let read = |section: &str| match section.starts_with(INET) {
        true => inet(context, section),
        false => unix(context, section),
    };
    sections(context).map(read).collect()
}

/// Their sections, in that order.
pub(super) fn sections<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a str> {
    let store = context.store;
    let of_kind = move |kind: &'static str| store.sections().filter(move |section| section.starts_with(kind));
    of_kind(INET).chain(of_kind(UNIX))
}

fn inet(context: &Context<'_>, section: &str) -> Result<ServerConfig, ConfigError> {
    let reader = context.reader(section);
    let scope = Scope(&[&context.variables]);
    let credentials = credentials(&reader, &inet_server::USERNAME, &inet_server::PASSWORD, scope)?;
    let missing = Cause::NoPort { section: section.to_owned() };
    let (host, port) = reader.need(&inet_server::PORT, scope, missing, (String::new(), 0))?;
    Ok(ServerConfig { section: section.to_owned(), address: ServerAddress::Inet { host, port }, credentials })
}

fn unix(context: &Context<'_>, section: &str) -> Result<ServerConfig, ConfigError> {
    let reader = context.reader(section);
    let with_here = Scope(&[&context.variables, &context.here_layer]);
    let missing = Cause::NoFile { section: section.to_owned() };
    let file = reader.need(&unix_server::FILE, with_here, missing, String::new())?;
    let file = super::super::value::expand_user(strip(&file), context.world);
    let path = paths::absolute(context.world.cwd(), &file);
    let scope = Scope(&[&context.variables]);
    let credentials = credentials(&reader, &unix_server::USERNAME, &unix_server::PASSWORD, scope)?;
    let chown = match reader.find(&unix_server::CHOWN_, scope)? {
        Some((uid, gid)) => (Some(uid), gid),
        None => (None, None),
    };
    let chmod = reader.get(&unix_server::CHMOD_, scope)?;
    Ok(ServerConfig { section: section.to_owned(), address: ServerAddress::Unix { path, chmod, chown }, credentials })
}

/// Both or neither. An empty user name switches authentication off.
fn credentials(
    reader: &Reader<'_>,
    username: &Optional<String>,
    password: &Optional<String>,
    scope: Scope<'_>,
) -> Result<Option<(String, String)>, ConfigError> {
    match (reader.find(username, scope)?, reader.find(password, scope)?) {
        (Some(username), Some(password)) => Ok(Some((username, password)).filter(|(username, _)| !username.is_empty())),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => {
            let cause = Cause::HalfAuthentication { section: reader.section.to_owned() };
            reader.keep(reader.section_error(cause))?;
            Ok(None)
        }
    }
}
