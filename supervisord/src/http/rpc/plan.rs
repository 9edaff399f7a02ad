//! What a method means: one `match` from names and parameters to commands. Pure; answers come later.

use supervisor_protocol::event::Channel;
use supervisor_protocol::rpc::API_VERSION;
use supervisor_protocol::xmlrpc::{Fault, FaultCode, Value};

use super::params::Params;
use crate::engine::command::{Command, Target};

/// How to answer a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plan {
    /// By the daemon's answer.
    Ask(Command),
    /// With what is known, once past the state gate.
    Known(Value),
    /// With a range of the log that the command tells the path of.
    Read { log: Command, offset: i64, length: i64 },
    /// With what is new in that log.
    Tail { log: Command, offset: i64, length: i64 },
}

/// The plan for a method of the main interface, called with the right number of parameters.
///
/// # Errors
/// A parameter makes no sense (2), or the method does not exist (1).
pub(super) fn plan(name: &str, params: &[Value], version: &str) -> Result<Plan, Fault> {
    use Channel::{Stderr, Stdout};
    let params = Params(params);
    let named = |index| params.name(index).map(Target::Name);
    let group = |index| params.name(index).map(Target::Group);
    let log = |channel| params.name(0).map(|name| Command::LogPath { name, channel });

    Ok(Plan::Ask(match name {
        "getAPIVersion" | "getVersion" => return Ok(Plan::Known(API_VERSION.into())),
        "getSupervisorVersion" => return Ok(Plan::Known(version.into())),
        "getPID" => return Ok(Plan::Known(std::process::id().into())),
        "getIdentification" => Command::Identification,
        "getState" => Command::State,

        "readLog" | "readMainLog" => {
            let (offset, length) = (params.number(0)?, params.number(1)?);
            return Ok(Plan::Read { log: Command::MainLogPath, offset, length });
        }
        "readProcessStdoutLog" | "readProcessLog" => return read(log(Stdout)?, &params),
        "readProcessStderrLog" => return read(log(Stderr)?, &params),
        "tailProcessStdoutLog" | "tailProcessLog" => return tail(log(Stdout)?, &params),
        "tailProcessStderrLog" => return tail(log(Stderr)?, &params),
        "clearLog" => Command::ClearMainLog,
        "clearProcessLogs" | "clearProcessLog" => Command::ClearLogs(named(0)?),
        "clearAllProcessLogs" => Command::ClearLogs(Target::All),

        "startProcess" => Command::Start { target: named(0)?, wait: params.wait(1) },
        "startProcessGroup" => Command::Start { target: group(0)?, wait: params.wait(1) },
        "startAllProcesses" => Command::Start { target: Target::All, wait: params.wait(0) },
        "stopProcess" => Command::Stop { target: named(0)?, wait: params.wait(1) },
        "stopProcessGroup" => Command::Stop { target: group(0)?, wait: params.wait(1) },
        "stopAllProcesses" => Command::Stop { target: Target::All, wait: params.wait(0) },
        "signalProcess" => Command::Signal { target: named(0)?, signal: params.signal(1)? },
        "signalProcessGroup" => Command::Signal { target: group(0)?, signal: params.signal(1)? },
        "signalAllProcesses" => Command::Signal { target: Target::All, signal: params.signal(0)? },

        "getProcessInfo" => Command::ProcessInfo(params.name(0)?),
        "getAllProcessInfo" => Command::AllProcessInfo,
        "getAllConfigInfo" => Command::AllConfigInfo,
        // What to send is judged before whom to send it to.
        "sendProcessStdin" => {
            let data = params.chars(1)?;
            Command::SendStdin { name: params.name(0)?, data }
        }
        "sendRemoteCommEvent" => Command::SendRemoteEvent { kind: params.text(0), data: params.text(1) },

        "reloadConfig" => Command::Reread,
        "addProcessGroup" => Command::AddGroup(params.name(0)?),
        "removeProcessGroup" => Command::RemoveGroup(params.name(0)?),
        "shutdown" => Command::Shutdown,
        "restart" => Command::Restart,
        _ => return Err(FaultCode::UnknownMethod.into()),
    }))
}

fn read(log: Command, params: &Params<'_>) -> Result<Plan, Fault> {
    Ok(Plan::Read { log, offset: params.number(1)?, length: params.number(2)? })
}

fn tail(log: Command, params: &Params<'_>) -> Result<Plan, Fault> {
    Ok(Plan::Tail { log, offset: params.number(1)?, length: params.number(2)? })
}

#[cfg(test)]
mod tests {
    use supervisor_protocol::rpc::{METHODS, Type};

    use super::*;

    #[test]
    fn every_published_method_has_a_plan() {
        for method in METHODS.iter().filter(|method| method.namespace == "supervisor") {
            let sample = |kind| match kind {
                Type::Int => Value::from(1),
                Type::Boolean => true.into(),
                Type::String | Type::Array | Type::Struct => "1".into(),
            };
            let all: Vec<Value> = method.params.iter().map(|param| sample(param.kind)).collect();
            let plan = plan(method.name, &all, "9");
            assert!(plan.is_ok(), "{}: {plan:?}", method.name);
        }
        assert_eq!(plan("_secret", &[], "9").map_err(|fault| fault.code), Err(1));
    }

    #[test]
    fn groups_are_taken_bare_and_names_as_typed() {
        let ask = |name, params: &[Value]| match plan(name, params, "9") {
            Ok(Plan::Ask(command)) => command,
            other => panic!("{other:?}"),
        };
        let star = || Value::from("g:*");
        assert_eq!(
            ask("startProcessGroup", &[star()]),
            Command::Start { target: Target::Group("g:*".into()), wait: true }
        );
        assert_eq!(
            ask("stopProcess", &[star(), 0.into()]),
            Command::Stop { target: Target::Name("g:*".into()), wait: false }
        );
        assert_eq!(
            ask("signalAllProcesses", &["nope".into()]),
            Command::Signal { target: Target::All, signal: Err("nope".into()) }
        );
        assert_eq!(
            ask("sendRemoteCommEvent", &[1.into(), Value::Nil]),
            Command::SendRemoteEvent { kind: "1".into(), data: "None".into() }
        );
    }
}
