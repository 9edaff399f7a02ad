//! `[eventlistener:x]`: a pool of processes that are told of events. Contract 2.7.

use supervisor_protocol::event::EventKind;

use super::super::error::{Cause, ConfigError};
use super::super::model::{GroupConfig, GroupKind, PoolConfig, ResultHandler};
use super::super::options::table::listener as table;
use super::super::value;
use super::spec::Spec;
use super::{Context, Reader, program};
use supervisor_protocol::ini::expand::Scope;

/// Reads a pool. Its name is the text after the colon as it stands, unlike that of a program.
pub(super) fn read(context: &Context<'_>, section: &str) -> Result<GroupConfig, ConfigError> {
    let reader = context.reader(section);
    let scope = Scope(&[&context.variables, &context.here_layer]);
    let name = program::after_colon(section).to_owned();
    let priority = reader.get(&table::PRIORITY, scope)?;
    let buffer_size = buffer_size(&reader, scope)?;
    let result_handler = result_handler(&reader, scope)?;
    let events = events(&reader, scope)?;
    if reader.get(&table::REDIRECT_STDERR, scope)? {
        let cause = Cause::RedirectedListener { section: section.to_owned() };
        reader.keep(reader.error(&table::REDIRECT_STDERR.entry, cause))?;
    }
    let processes = program::processes(context, section, &name)?;
    let origin = context.store.section_origin(section);
    let kind = GroupKind::EventListener(PoolConfig { events, buffer_size, result_handler });
    Ok(GroupConfig { name, priority, kind, processes, origin })
}

fn result_handler(reader: &Reader<'_>, scope: Scope<'_>) -> Result<ResultHandler, ConfigError> {
    let spec = reader.get(&table::RESULT_HANDLER, scope)?;
    match Spec::parse(&spec) {
        Some(spec) if spec.is("supervisor.dispatchers", "default_handler") => return Ok(ResultHandler::Default),
        // PyPI's supervisor-stdout, which many container images use, has its handler in a module of its own.
        Some(spec) if spec.is("supervisor_stdout", "event_handler") => return Ok(ResultHandler::SupervisorStdout),
        _ => {}
    }
    let cause = Cause::Unresolvable { spec, section: reader.section.to_owned() };
    reader.keep(reader.error(&table::RESULT_HANDLER.entry, cause))?;
    Ok(ResultHandler::Default)
}

fn buffer_size(reader: &Reader<'_>, scope: Scope<'_>) -> Result<Option<usize>, ConfigError> {
    let Some(size) = reader.find(&table::BUFFER_SIZE, scope)? else { return Ok(None) };
    match usize::try_from(size) {
        Ok(events) if events > 0 => Ok(Some(events)),
        _ => {
            let text = reader.expanded(&table::BUFFER_SIZE.entry, scope)?;
            let size = value::shown(&text.unwrap_or_default(), size);
            let cause = Cause::BufferSize { section: reader.section.to_owned(), size };
            reader.keep(reader.error(&table::BUFFER_SIZE.entry, cause))?;
            Ok(None)
        }
    }
}

/// The kinds of `events=`, each once, in the order in which they are written.
fn events(reader: &Reader<'_>, scope: Scope<'_>) -> Result<Vec<EventKind>, ConfigError> {
    let names = reader.get(&table::EVENTS, scope)?;
    let section = || reader.section.to_owned();
    if names.is_empty() {
        reader.keep(reader.error(&table::EVENTS.entry, Cause::NoEvents { section: section() }))?;
    }
    let mut events = Vec::new();
    for name in names {
        let name = name.to_uppercase();
        let Ok(kind) = name.parse::<EventKind>() else {
            reader.keep(reader.error(&table::EVENTS.entry, Cause::UnknownEvent { name, section: section() }))?;
            continue;
        };
        if !events.contains(&kind) {
            events.push(kind);
        }
    }
    Ok(events)
}
