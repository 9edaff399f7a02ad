//! `[fcgi-program:x]`: a program whose processes share a listening socket. Contract 2.6.

use super::super::error::{Cause, ConfigError, SocketProblem};
use super::super::model::{FastCgiConfig, GroupConfig, GroupKind};
use super::super::options::table::{fcgi as table, program as program_table};
use super::super::{World, value};
use super::{Context, Reader, program};
use supervisor_protocol::digits::digit;
use supervisor_protocol::ini::expand::{Scope, texts};
use supervisor_protocol::ini::paths;
use supervisor_protocol::text::is_blank;

/// Reads the section as a group of its own.
pub(super) fn read(context: &Context<'_>, section: &str) -> Result<GroupConfig, ConfigError> {
    let reader = context.reader(section);
    let name = reader.or(program::name(&reader), String::new)?;
    let scope = Scope(&[&context.variables, &context.here_layer]);
    let priority = reader.get(&program_table::PRIORITY, scope)?;
    let unusable = || FastCgiConfig { url: String::new(), backlog: None, owner: None, mode: DEFAULT_MODE };
    let socket = reader.or(socket(context, &reader), unusable)?;
    let processes = program::processes(context, section, &name)?;
    let origin = context.store.section_origin(section);
    Ok(GroupConfig { name, priority, kind: GroupKind::FastCgi(socket), processes, origin })
}

/// The socket of a section.
pub(super) fn socket(context: &Context<'_>, reader: &Reader<'_>) -> Result<FastCgiConfig, ConfigError> {
    let scope = Scope(&[&context.variables, &context.here_layer]);
    let user = reader.find(&program_table::USER_, scope)?;
    let backlog = reader.find(&table::BACKLOG_, scope)?;
    let owner = reader.find(&table::OWNER, scope)?;
    let mode = reader.find(&table::MODE, scope)?;
    let names = texts([("program_name", program::name(reader)?.as_str())]);
    let scope = Scope(&[&context.variables, &context.here_layer, &names]);
    let section = || reader.section.to_owned();
    let Some(text) = reader.find(&table::SOCKET, scope)?.filter(|text| !text.is_empty()) else {
        return Err(reader.error(&table::SOCKET.entry, Cause::NoSocket { section: section() }));
    };
    let written = Written { user, owner, mode };
    let (url, owner, mode) = address(&text, &written, context.world)
        .map_err(|problem| reader.error(&table::SOCKET.entry, Cause::Socket { problem, section: section() }))?;
    Ok(FastCgiConfig { url, backlog, owner, mode })
}

/// What was written about the ownership of a socket.
struct Written {
    user: Option<u32>,
    owner: Option<(u32, Option<u32>)>,
    mode: Option<u32>,
}

type Address = (String, Option<(u32, Option<u32>)>, u32);

const DEFAULT_MODE: u32 = 0o700;

fn address(text: &str, written: &Written, world: &dyn World) -> Result<Address, SocketProblem> {
    if let Some(path) = text.strip_prefix("unix://") {
        if !path.starts_with('/') {
            return Err(SocketProblem::Relative(path.to_owned()));
        }
        let of_user = || {
            let user = world.user_by_id(written.user.filter(|&uid| uid != world.uid())?)?;
            Some((user.uid, Some(user.gid)))
        };
        let url = format!("unix://{}", paths::normal(path));
        return Ok((url, written.owner.or_else(of_user), written.mode.unwrap_or(DEFAULT_MODE)));
    }
    if written.owner.is_some() || written.mode.is_some() {
        return Err(SocketProblem::NotUnix);
    }
    let bad_format = || SocketProblem::Format(text.to_owned());
    let (host, port) = text.strip_prefix("tcp://").and_then(|rest| rest.split_once(':')).ok_or_else(bad_format)?;
    let is_host = !host.is_empty() && !host.contains(is_blank);
    let is_port = !port.is_empty() && port.chars().all(|c| digit(c).is_some());
    if !is_host || !is_port {
        return Err(bad_format());
    }
    let port = value::port_number(port, world)?;
    Ok((format!("tcp://{}:{port}", host.to_lowercase()), None, DEFAULT_MODE))
}
