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

/// Reads all sections, in file order.
pub(super) fn read(context: &Context<'_>) -> Result<Vec<RpcInterfaceConfig>, ConfigError> {
    let sections = context.store.sections().filter(|section| section.starts_with("rpcinterface:"));
    sections.map(|section| read_one(context, section)).collect()
}

fn read_one(context: &Context<'_>, section: &str) -> Result<RpcInterfaceConfig, ConfigError> {
    let reader = context.reader(section);
    let scope = Scope(&[&context.variables]);
    let Some(spec) = reader.find(&table::FACTORY, scope)? else {
        return Err(reader.section_error(Cause::NoFactory { section: section.to_owned() }));
    };
    if !is_spec(&spec, MAIN) {
        let cause = Cause::Unresolvable { spec, section: section.to_owned() };
        return Err(reader.error(&table::FACTORY.entry, cause));
    }
    let mut extra = BTreeMap::new();
    for key in context.store.keys(section) {
        if key != table::FACTORY.entry.name
            && let Some(value) = reader.extra(key, scope)?
        {
            extra.insert(key.to_owned(), value);
        }
    }
    Ok(RpcInterfaceConfig { namespace: program::after_colon(section).to_owned(), extra })
}
