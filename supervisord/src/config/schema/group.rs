//! `[group:x]`: programs that start and stop together. Contract 2.5.
//!
//! Its members lose their own groups. They start in the order in which they are listed, and an fcgi-program
//! keeps its socket, shared by its processes in this group (Supervisor 4.3 loses it, Q13).

use std::collections::HashSet;

use super::super::error::{Cause, ConfigError};
use super::super::findings::Findings;
use super::super::model::{GroupConfig, GroupKind, ProcessConfig};
use super::super::options::table::group as table;
use super::{Context, Reader, fcgi, program};
use supervisor_protocol::ini::expand::Scope;

/// Reads a group; `members` collects the headers of the sections in it.
pub(super) fn read(
    context: &Context<'_>,
    section: &str,
    members: &mut HashSet<String>,
) -> Result<GroupConfig, ConfigError> {
    let reader = context.reader(section);
    let name = reader.or(program::name(&reader), String::new)?;
    let scope = Scope(&[&context.variables, &context.here_layer]);
    let programs = reader.get(&table::PROGRAMS, scope)?;
    let priority = reader.get(&table::PRIORITY, scope)?;
    let mut processes = Vec::new();
    for member in programs {
        let as_program = format!("program:{member}");
        let as_fcgi = format!("fcgi-program:{member}");
        let (is_program, is_fcgi) = (context.store.has(&as_program), context.store.has(&as_fcgi));
        let cause = |section: String| match is_program {
            true => Cause::AmbiguousMember { section, name: member.clone() },
            false => Cause::UnknownMember { section, name: member.clone() },
        };
        if is_program == is_fcgi {
            reader.keep(reader.error(&table::PROGRAMS.entry, cause(section.to_owned())))?;
            continue;
        }
        let member_section = if is_program { as_program } else { as_fcgi };
        let mut of_member = program::processes(context, &member_section, &name)?;
        if is_fcgi {
            share_socket(context, section, &member_section, &mut of_member);
        }
        processes.append(&mut of_member);
        members.insert(member_section);
    }
    let origin = context.store.section_origin(section);
    Ok(GroupConfig { name, priority, kind: GroupKind::Programs, processes, origin })
}

/// Gives the processes of an fcgi-program their socket. Supervisor does not even read the options of a member's
/// socket, so a mistake there is a warning.
fn share_socket(context: &Context<'_>, group: &str, section: &str, processes: &mut [ProcessConfig]) {
    let reader = context.reader(section);
    match fcgi::socket(context, &Reader { findings: &Findings::strict(), ..reader }) {
        Ok(socket) => processes.iter_mut().for_each(|process| process.fcgi = Some(socket.clone())),
        Err(error) => {
            let key = error.place().map_or("", |place| &place.key);
            reader.warn(key, &format!("its processes in [{group}] run without a shared socket: {error}"));
        }
    }
}
