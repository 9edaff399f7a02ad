//! From a method's name to its result: namespaces, arity, the state gate, multicall.
//!
//! Methods are found in the published table and nowhere else; there is nothing behind a name but a `match`. The order
//! of complaints is upstream's: unknown method (1), wrong number of parameters (2), daemon going down (6), and only
//! then what the parameters say. Contracts `ctl_x8`, `ctl_x9`, `ctl_x40`, `ctl_x42` to `ctl_x44`, `ctl_x47`, `ctl_x49`.

use supervisor_protocol::rpc::{METHODS, Method};
use supervisor_protocol::xmlrpc::{Fault, FaultCode, Value};

use super::plan::{Plan, plan};
use super::{logs, replies};
use crate::engine::command::Command;
use crate::http::site::{Closing, OpenSite};

const MULTICALL: &str = "multicall";

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http) enum Problem {
    /// A fault for the client.
    Fault(Fault),
    /// No reply at all.
    Closing,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        Problem::Fault(fault)
    }
}

impl From<FaultCode> for Problem {
    fn from(code: FaultCode) -> Problem {
        Problem::Fault(code.into())
    }
}

impl From<Closing> for Problem {
    fn from(_: Closing) -> Problem {
        Problem::Closing
    }
}

/// Carries out a call.
pub(super) async fn call(site: &OpenSite, name: &str, params: &[Value]) -> Result<Value, Problem> {
    let method = find(site, name).ok_or(FaultCode::UnknownMethod)?;
    match (is_multicall(method), params) {
        (true, [calls]) => multicall(site, calls).await,
        _ => single(site, method, params).await,
    }
}

/// The method of a full name, in the namespaces that are configured.
fn find(site: &OpenSite, name: &str) -> Option<&'static Method> {
    let (namespace, name) = name.split_once('.')?;
    let published = match namespace {
        "system" => "system",
        other if site.namespaces.iter().any(|known| known == other) => "supervisor",
        _ => return None,
    };
    METHODS.iter().find(|method| method.namespace == published && method.name == name)
}

fn is_multicall(method: &Method) -> bool {
    method.namespace == "system" && method.name == MULTICALL
}

/// Any call but a multicall.
async fn single(site: &OpenSite, method: &Method, params: &[Value]) -> Result<Value, Problem> {
    if !method.accepts(params.len()) {
        return Err(FaultCode::IncorrectParameters.into());
    }
    if method.namespace == "system" {
        return system(site, method.name, params);
    }
    match plan(method.name, params, &site.version) {
        Ok(Plan::Ask(command)) => match site.ask(command).await? {
            Ok(reply) => Ok(replies::value(reply)),
            Err(refusal) => Err(replies::fault(&refusal).into()),
        },
        Ok(Plan::Known(value)) => pass_gate(site).await.map(|()| value),
        Ok(Plan::Read { log, offset, length }) => {
            let path = log_path(site, log).await?;
            Ok(logs::read(path, offset, length).await?.into())
        }
        Ok(Plan::Tail { log, offset, length }) => {
            let path = log_path(site, log).await?;
            Ok(logs::tail(path, offset, length).await.to_value())
        }
        Err(fault) => {
            pass_gate(site).await?;
            Err(fault.into())
        }
    }
}

/// Fails when the daemon goes down.
async fn pass_gate(site: &OpenSite) -> Result<(), Problem> {
    match site.ask(Command::Ping).await? {
        Ok(_) => Ok(()),
        Err(refusal) => Err(replies::fault(&refusal).into()),
    }
}

async fn log_path(site: &OpenSite, log: Command) -> Result<Option<std::path::PathBuf>, Problem> {
    match site.ask(log).await? {
        Ok(crate::engine::command::Reply::LogPath(path)) => Ok(path),
        Ok(_) => Err(FaultCode::Failed.into()),
        Err(refusal) => Err(replies::fault(&refusal).into()),
    }
}

/// The methods that describe the others; they pass no gate.
fn system(site: &OpenSite, name: &str, params: &[Value]) -> Result<Value, Problem> {
    let subject = || {
        let method = params.first().and_then(Value::as_str).and_then(|name| find(site, name));
        method.ok_or(FaultCode::SignatureUnsupported)
    };
    match name {
        "listMethods" => Ok(list(site).into()),
        "methodHelp" => Ok(subject()?.help().into()),
        "methodSignature" => Ok(subject()?.signature().into_iter().map(Value::from).collect::<Vec<_>>().into()),
        _ => Err(FaultCode::UnknownMethod.into()),
    }
}

fn list(site: &OpenSite) -> Vec<Value> {
    let mut names: Vec<String> = Vec::new();
    for method in METHODS {
        match method.namespace {
            "system" => names.push(method.full_name()),
            _ => names.extend(site.namespaces.iter().map(|namespace| format!("{namespace}.{}", method.name))),
        }
    }
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(Value::from).collect()
}

/// One call after the other; each result stands bare in the array, a failure as the struct of its fault.
async fn multicall(site: &OpenSite, calls: &Value) -> Result<Value, Problem> {
    let Value::Array(calls) = calls else { return Err(FaultCode::IncorrectParameters.into()) };
    let mut results = Vec::with_capacity(calls.len());
    for call in calls {
        results.push(match item(site, call).await {
            Ok(value) => value,
            Err(Problem::Fault(fault)) => fault.to_value(),
            Err(Problem::Closing) => return Err(Problem::Closing),
        });
    }
    Ok(results.into())
}

/// One `{methodName, params}` of a multicall.
async fn item(site: &OpenSite, call: &Value) -> Result<Value, Problem> {
    let incorrect = |extra| Fault::new(FaultCode::IncorrectParameters, extra);
    let name = match call.get("methodName") {
        Some(Value::String(name)) => name,
        Some(Value::Nil) | None if matches!(call, Value::Struct(_)) => {
            return Err(incorrect(Some("No methodName")).into());
        }
        _ => return Err(incorrect(None).into()),
    };
    let params = match call.get("params") {
        None => &[],
        Some(Value::Array(params)) => params.as_slice(),
        Some(_) => return Err(incorrect(None).into()),
    };
    let method = find(site, name).ok_or(FaultCode::UnknownMethod)?;
    if is_multicall(method) {
        return Err(incorrect(Some("Recursive system.multicall forbidden")).into());
    }
    if method.name != "sendProcessStdin" && params.iter().any(Value::contains_bytes) {
        return Err(incorrect(None).into());
    }
    single(site, method, params).await
}
