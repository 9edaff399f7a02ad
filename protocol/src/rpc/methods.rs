//! The published interface: 41 methods in two namespaces, aliases included.

use std::fmt::Write as _;

/// The type of a parameter or result, as signatures name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `string`
    String,
    /// `int`
    Int,
    /// `boolean`
    Boolean,
    /// `array`
    Array,
    /// `struct`
    Struct,
}

impl Type {
    /// The name in signatures and help.
    pub const fn name(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::Int => "int",
            Type::Boolean => "boolean",
            Type::Array => "array",
            Type::Struct => "struct",
        }
    }
}

/// A positional parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param {
    /// Its type.
    pub kind: Type,
    /// Its name in the help text.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Whether it may be left out; only trailing ones are.
    pub is_optional: bool,
}

/// A method of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// `supervisor` or `system`.
    pub namespace: &'static str,
    /// The name within the namespace.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// The type of its result.
    pub returns: Type,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// What it returns.
    pub result: &'static str,
}

impl Method {
    /// The method with this full name, such as `supervisor.startProcess`.
    pub fn find(full_name: &str) -> Option<&'static Method> {
        let (namespace, name) = full_name.split_once('.')?;
        METHODS.iter().find(|method| method.namespace == namespace && method.name == name)
    }

    /// `namespace.name`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.namespace, self.name)
    }

    /// Whether it can be called with this many parameters.
    pub fn accepts(&self, params: usize) -> bool {
        let required = self.params.iter().filter(|param| !param.is_optional).count();
        (required..=self.params.len()).contains(&params)
    }

    /// The type of the result, then those of the parameters: what `system.methodSignature` returns.
    pub fn signature(&self) -> Vec<&'static str> {
        let params = self.params.iter().map(|param| param.kind);
        [self.returns].into_iter().chain(params).map(Type::name).collect()
    }

    /// The text that `system.methodHelp` returns: the summary, then lines `@param <type> <name> <text>` and
    /// `@return <type> <name> <text>`, which programs read.
    pub fn help(&self) -> String {
        let mut help = format!("{}\n\n", self.summary);
        // Writing to a String cannot fail.
        for Param { kind, name, help: text, .. } in self.params {
            let _ = writeln!(help, "@param {} {name} {text}", kind.name());
        }
        let _ = writeln!(help, "@return {} result {}", self.returns.name(), self.result);
        help
    }

    /// The same method under its other name.
    const fn called(self, name: &'static str) -> Method {
        Method { name, ..self }
    }
}

/// All full names, sorted: what `system.listMethods` returns.
pub fn method_names() -> Vec<String> {
    let mut names: Vec<String> = METHODS.iter().map(Method::full_name).collect();
    names.sort_unstable();
    names
}

const fn method(
    name: &'static str,
    params: &'static [Param],
    returns: Type,
    summary: &'static str,
    result: &'static str,
) -> Method {
    Method { namespace: "supervisor", name, params, returns, summary, result }
}

const fn system(
    name: &'static str,
    params: &'static [Param],
    returns: Type,
    summary: &'static str,
    result: &'static str,
) -> Method {
    Method { namespace: "system", ..method(name, params, returns, summary, result) }
}

const fn param(kind: Type, name: &'static str, help: &'static str) -> Param {
    Param { kind, name, help, is_optional: false }
}

const PROCESS: Param = param(Type::String, "name", "The process, as 'name' or 'group:name'");
const TARGET: Param =
    param(Type::String, "name", "The process, as 'name' or 'group:name', or a whole group as 'group:*'");
const GROUP: Param = param(Type::String, "name", "The group, without ':*'");
const SIGNAL: Param = param(Type::String, "signal", "The signal, as 'HUP', 'SIGHUP' or its number");
const OFFSET: Param = param(Type::Int, "offset", "Byte to begin at; below 0, bytes counted from the end");
const LENGTH: Param = param(Type::Int, "length", "Bytes to read; 0 for all up to the end");
const TAIL_OFFSET: Param = param(Type::Int, "offset", "Byte to begin at: the size returned by the call before");
const TAIL_LENGTH: Param = param(Type::Int, "length", "Most bytes to read");
const WAIT: Param = Param {
    is_optional: true,
    ..param(Type::Boolean, "wait", "Answer when it is done, not when it has begun (default: true)")
};
const METHOD: Param = param(Type::String, "name", "A full method name, such as 'supervisor.getState'");

const ALWAYS_TRUE: &str = "Always true";
const RESULTS: &str = "A struct of name, group, status and description for each process concerned";
const TEXT: &str = "That part of the log";
const TAIL: &str = "Text, size of the log, and whether more was written than was asked for";

const GET_API_VERSION: Method =
    method("getAPIVersion", &[], Type::String, "Tell the version of this interface.", "The version, such as '3.0'");
const READ_LOG: Method =
    method("readLog", &[OFFSET, LENGTH], Type::String, "Read a part of the daemon's own log.", TEXT);
const READ_STDOUT: Method = method(
    "readProcessStdoutLog",
    &[PROCESS, OFFSET, LENGTH],
    Type::String,
    "Read a part of what a process wrote to stdout.",
    TEXT,
);
const TAIL_STDOUT: Method = method(
    "tailProcessStdoutLog",
    &[PROCESS, TAIL_OFFSET, TAIL_LENGTH],
    Type::Array,
    "Follow what a process writes to stdout, call after call.",
    TAIL,
);
const CLEAR_LOGS: Method = method(
    "clearProcessLogs",
    &[PROCESS],
    Type::Boolean,
    "Empty the stdout and stderr logs of a process.",
    ALWAYS_TRUE,
);

/// Every method, by topic.
pub const METHODS: &[Method] = &[
    GET_API_VERSION,
    GET_API_VERSION.called("getVersion"),
    method("getSupervisorVersion", &[], Type::String, "Tell the version of the daemon.", "The version of the package"),
    method("getIdentification", &[], Type::String, "Tell which daemon this is.", "The identifier that was configured"),
    method("getState", &[], Type::Struct, "Tell the state of the daemon.", "Its statecode and statename"),
    method("getPID", &[], Type::Int, "Tell the process id of the daemon.", "The process id"),
    READ_LOG,
    READ_LOG.called("readMainLog"),
    method("clearLog", &[], Type::Boolean, "Empty the daemon's own log.", ALWAYS_TRUE),
    method("shutdown", &[], Type::Boolean, "Stop all processes, then the daemon.", "True, at once"),
    method("restart", &[], Type::Boolean, "Stop all processes, then start anew with the same pid.", "True, at once"),
    method(
        "reloadConfig",
        &[],
        Type::Array,
        "Read the configuration files again and compare them to the active groups; changes nothing that runs.",
        "One array of three: the names of added, changed and removed groups",
    ),
    method(
        "addProcessGroup",
        &[GROUP],
        Type::Boolean,
        "Make a group of the configuration files active, and start what starts by itself.",
        ALWAYS_TRUE,
    ),
    method(
        "removeProcessGroup",
        &[GROUP],
        Type::Boolean,
        "Make a group whose processes are all stopped inactive.",
        ALWAYS_TRUE,
    ),
    method("startProcess", &[TARGET, WAIT], Type::Boolean, "Start a process.", "True; for a whole group, an array"),
    method("startProcessGroup", &[GROUP, WAIT], Type::Array, "Start the processes of a group.", RESULTS),
    method("startAllProcesses", &[WAIT], Type::Array, "Start every process.", RESULTS),
    method("stopProcess", &[TARGET, WAIT], Type::Boolean, "Stop a process.", "True; for a whole group, an array"),
    method("stopProcessGroup", &[GROUP, WAIT], Type::Array, "Stop the processes of a group.", RESULTS),
    method("stopAllProcesses", &[WAIT], Type::Array, "Stop every process.", RESULTS),
    method(
        "signalProcess",
        &[TARGET, SIGNAL],
        Type::Boolean,
        "Send a signal to a process.",
        "True; for a whole group, an array",
    ),
    method("signalProcessGroup", &[GROUP, SIGNAL], Type::Array, "Send a signal to the processes of a group.", RESULTS),
    method("signalAllProcesses", &[SIGNAL], Type::Array, "Send a signal to every process.", RESULTS),
    method("getProcessInfo", &[PROCESS], Type::Struct, "Describe a process.", "Its state, times, pid, logs, and so on"),
    method("getAllProcessInfo", &[], Type::Array, "Describe every process.", "A struct as of getProcessInfo for each"),
    method(
        "getAllConfigInfo",
        &[],
        Type::Array,
        "Describe how each process is configured.",
        "A struct for each process",
    ),
    READ_STDOUT,
    READ_STDOUT.called("readProcessLog"),
    method(
        "readProcessStderrLog",
        &[PROCESS, OFFSET, LENGTH],
        Type::String,
        "Read a part of what a process wrote to stderr.",
        TEXT,
    ),
    TAIL_STDOUT,
    TAIL_STDOUT.called("tailProcessLog"),
    method(
        "tailProcessStderrLog",
        &[PROCESS, TAIL_OFFSET, TAIL_LENGTH],
        Type::Array,
        "Follow what a process writes to stderr, call after call.",
        TAIL,
    ),
    CLEAR_LOGS,
    CLEAR_LOGS.called("clearProcessLog"),
    method("clearAllProcessLogs", &[], Type::Array, "Empty the logs of every process.", RESULTS),
    method(
        "sendProcessStdin",
        &[PROCESS, param(Type::String, "chars", "The text; it is sent as UTF-8")],
        Type::Boolean,
        "Write text to the stdin of a process.",
        ALWAYS_TRUE,
    ),
    method(
        "sendRemoteCommEvent",
        &[
            param(Type::String, "type", "A word that tells listeners what the event is about"),
            param(Type::String, "data", "The body of the event"),
        ],
        Type::Boolean,
        "Emit a REMOTE_COMMUNICATION event to the listeners subscribed to it.",
        ALWAYS_TRUE,
    ),
    system("listMethods", &[], Type::Array, "List the methods.", "Their full names, sorted"),
    system("methodHelp", &[METHOD], Type::String, "Describe a method.", "This kind of text"),
    system(
        "methodSignature",
        &[METHOD],
        Type::Array,
        "Tell the types a method deals in.",
        "The type of the result, then those of the parameters",
    ),
    system(
        "multicall",
        &[param(Type::Array, "calls", "A struct of methodName and params for each call")],
        Type::Array,
        "Make several calls, one after the other.",
        "For each call its bare result, or a struct of faultCode and faultString",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What Supervisor 4.3 answers to `listMethods` and, for each of them, `methodSignature`.
    const SIGNATURES: &str = "\
supervisor.addProcessGroup boolean string
supervisor.clearAllProcessLogs array
supervisor.clearLog boolean
supervisor.clearProcessLog boolean string
supervisor.clearProcessLogs boolean string
supervisor.getAPIVersion string
supervisor.getAllConfigInfo array
supervisor.getAllProcessInfo array
supervisor.getIdentification string
supervisor.getPID int
supervisor.getProcessInfo struct string
supervisor.getState struct
supervisor.getSupervisorVersion string
supervisor.getVersion string
supervisor.readLog string int int
supervisor.readMainLog string int int
supervisor.readProcessLog string string int int
supervisor.readProcessStderrLog string string int int
supervisor.readProcessStdoutLog string string int int
supervisor.reloadConfig array
supervisor.removeProcessGroup boolean string
supervisor.restart boolean
supervisor.sendProcessStdin boolean string string
supervisor.sendRemoteCommEvent boolean string string
supervisor.shutdown boolean
supervisor.signalAllProcesses array string
supervisor.signalProcess boolean string string
supervisor.signalProcessGroup array string string
supervisor.startAllProcesses array boolean
supervisor.startProcess boolean string boolean
supervisor.startProcessGroup array string boolean
supervisor.stopAllProcesses array boolean
supervisor.stopProcess boolean string boolean
supervisor.stopProcessGroup array string boolean
supervisor.tailProcessLog array string int int
supervisor.tailProcessStderrLog array string int int
supervisor.tailProcessStdoutLog array string int int
system.listMethods array
system.methodHelp string string
system.methodSignature array string
system.multicall array array
";

    #[test]
    fn names_and_signatures_are_supervisors() {
        let ours: Vec<String> = method_names()
            .iter()
            .map(|name| {
                let signature = Method::find(name).map(Method::signature).unwrap_or_default();
                format!("{name} {}", signature.join(" "))
            })
            .collect();
        assert_eq!(ours.len(), 41);
        assert_eq!(ours.join("\n"), SIGNATURES.trim_end());
    }

    #[test]
    fn optional_parameters_are_the_last_ones() {
        for method in METHODS {
            assert!(method.params.is_sorted_by_key(|param| param.is_optional), "{}", method.name);
        }
        let accepts = |name, params: &[usize]| {
            let method = Method::find(name).unwrap();
            (0..6).filter(|count| method.accepts(*count)).collect::<Vec<_>>() == params
        };
        assert!(accepts("supervisor.getState", &[0]));
        assert!(accepts("supervisor.startProcess", &[1, 2]));
        assert!(accepts("supervisor.startAllProcesses", &[0, 1]));
        assert!(accepts("supervisor.tailProcessLog", &[3]));
        assert!(accepts("system.multicall", &[1]));
    }

    #[test]
    fn only_full_names_are_found() {
        for name in [
            "",
            ".",
            "getState",
            "supervisor",
            "supervisor.",
            "supervisor._stop",
            "supervisor.getState.x",
            "system.getState",
        ] {
            assert_eq!(Method::find(name), None, "{name}");
        }
    }

    #[test]
    fn help_has_a_line_for_each_parameter_and_the_result() {
        assert_eq!(
            Method::find("supervisor.startProcess").unwrap().help(),
            "Start a process.\n\n\
             @param string name The process, as 'name' or 'group:name', or a whole group as 'group:*'\n\
             @param boolean wait Answer when it is done, not when it has begun (default: true)\n\
             @return boolean result True; for a whole group, an array\n"
        );
        for method in METHODS {
            let help = method.help();
            let types: Vec<&str> = help
                .lines()
                .filter_map(|line| line.strip_prefix("@param ").or(line.strip_prefix("@return ")))
                .filter_map(|line| line.split(' ').next())
                .collect();
            let mut expected = method.signature();
            expected.rotate_left(1);
            assert_eq!(types, expected, "{}", method.name);
        }
    }
}
