//! `[rpcinterface:x]`: namespaces of the XML-RPC interface. Contract 2.9.
//!
//! Supervisor imports Python code here, and calls it for each server. Only the factory of the main interface can be known;
//! it takes no further options, but complains of them later, when a server is opened, so they are passed on. So is a
//! module, which cannot be called.

use std::collections::BTreeMap;

use super::super::error::{Cause, ConfigError};
use super::super::model::RpcInterfaceConfig;
use super::super::options::table::rpc_interface as table;
use super::spec::Spec;
use super::{Context, program, servers};
use supervisor_protocol::ini::expand::Scope;

const MAIN: &str = "supervisor.rpcinterface:make_main_rpcinterface";

/// What a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    /// What makes the main interface: the function of the manual, or the class that it makes one of.
    Factory,
    /// Something of Supervisor's that cannot be called.
    Module,
    /// Code of others.
    Foreign,
    /// Nothing that Python could find.
    Nothing,
}

impl Code {
    fn of(text: &str) -> Code {
        const MODULE: &str = "supervisor.rpcinterface";
        match Spec::parse(text) {
            None => Code::Nothing,
            Some(spec) if spec.is(MODULE, "make_main_rpcinterface") => Code::Factory,
            Some(spec) if spec.is(MODULE, "SupervisorNamespaceRPCInterface") => Code::Factory,
            Some(spec) if [MODULE, "supervisor"].contains(&spec.module) && spec.attributes.is_empty() => Code::Module,
            Some(_) => Code::Foreign,
        }
    }
}

/// Reads all sections, in file order. Those of other factories are mistakes, or passed over on request.
pub(super) fn read(context: &Context<'_>, ignore_plugins: bool) -> Result<Vec<RpcInterfaceConfig>, ConfigError> {
    let sections = context.store.sections().filter(|section| section.starts_with("rpcinterface:"));
    let has_servers = servers::sections(context).next().is_some();
    let interfaces = sections.filter_map(|section| read_one(context, section, ignore_plugins, has_servers).transpose());
    interfaces.collect()
}

fn read_one(
    context: &Context<'_>,
    section: &str,
    ignore_plugins: bool,
    has_servers: bool,
) -> Result<Option<RpcInterfaceConfig>, ConfigError> {
    let reader = context.reader(section);
    let scope = Scope(&[&context.variables]);
    let missing = Cause::NoFactory { section: section.to_owned() };
    let spec = reader.need(&table::FACTORY, scope, missing, MAIN.to_owned())?;
    let code = Code::of(&spec);
    match code {
        Code::Factory => {}
        _ if ignore_plugins => {
            reader.miss(table::FACTORY.entry.name, &format!("{spec} is Python code, so its methods are missing"));
            return Ok(None);
        }
        Code::Module => {}
        // Nobody would make an interface of it, and it may well be there.
        Code::Foreign if !has_servers => {
            let text = format!("{spec} is Python code, which would be missing if there were a server");
            reader.warn(table::FACTORY.entry.name, &text);
            return Ok(None);
        }
        Code::Foreign | Code::Nothing => {
            let cause = Cause::Unresolvable { spec, section: section.to_owned() };
            reader.keep(reader.error(&table::FACTORY.entry, cause))?;
            return Ok(None);
        }
    }
    let mut extra = BTreeMap::new();
    for key in context.store.keys(section) {
        if key != table::FACTORY.entry.name
            && let Some(value) = reader.extra(key, scope)?
        {
            extra.insert(key.to_owned(), value.into_owned());
        }
    }
    let is_module = code == Code::Module;
    Ok(Some(RpcInterfaceConfig { namespace: program::after_colon(section).to_owned(), is_module, extra }))
}
