//! `[rpcinterface:x]`: namespaces of the XML-RPC interface. Contract 2.9.
//!
//! Supervisor imports a Python factory here. Only the one of the main interface can be known; it takes no
//! further options, but complains of them later, when a server is opened, so they are passed on.

use std::collections::BTreeMap;

use super::super::error::{Cause, ConfigError};
use super::super::model::RpcInterfaceConfig;
use super::super::options::table::rpc_interface as table;
use super::listener::is_spec;
use super::{Context, program};
use supervisor_protocol::ini::expand::Scope;

const MAIN: &str = "supervisor.rpcinterface:make_main_rpcinterface";

/// Reads all sections, in file order. Those of other factories are mistakes, or passed over on request.
pub(super) fn read(context: &Context<'_>, ignore_plugins: bool) -> Result<Vec<RpcInterfaceConfig>, ConfigError> {
    let sections = context.store.sections().filter(|section| section.starts_with("rpcinterface:"));
    let interfaces = sections.filter_map(|section| read_one(context, section, ignore_plugins).transpose());
    interfaces.collect()
}

fn read_one(
    context: &Context<'_>,
    section: &str,
    ignore_plugins: bool,
) -> Result<Option<RpcInterfaceConfig>, ConfigError> {
    let reader = context.reader(section);
    let scope = Scope(&[&context.variables]);
    let missing = Cause::NoFactory { section: section.to_owned() };
    let spec = reader.need(&table::FACTORY, scope, missing, MAIN.to_owned())?;
    if !is_spec(&spec, MAIN) {
        if ignore_plugins {
            reader.miss(table::FACTORY.entry.name, &format!("{spec} is Python code, so its methods are missing"));
            return Ok(None);
        }
        let cause = Cause::Unresolvable { spec, section: section.to_owned() };
        reader.keep(reader.error(&table::FACTORY.entry, cause))?;
        return Ok(None);
    }
    let mut extra = BTreeMap::new();
    for key in context.store.keys(section) {
        if key != table::FACTORY.entry.name
            && let Some(value) = reader.extra(key, scope)?
        {
            extra.insert(key.to_owned(), value.into_owned());
        }
    }
    Ok(Some(RpcInterfaceConfig { namespace: program::after_colon(section).to_owned(), extra }))
}
