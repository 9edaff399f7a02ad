//! The methods of the interface, typed. What is not here is reached with [`Client::call`].
//!
//! Names are `process` or `group:process`; `wait` makes a call answer when the thing is done instead of when
//! it has begun.

use supervisor_protocol::rpc::{ProcessInfo, RereadResult, StateInfo, TailResult, TaskResult, WrongShape};
use supervisor_protocol::state::SupervisorState;
use supervisor_protocol::xmlrpc::Value;

use super::{Client, Error};

/// Every method here fails as [`Client::call`] does, and if the result is not of the expected shape.
impl Client {
    /// The version of the interface, `3.0`.
    pub fn get_api_version(&mut self) -> Result<String, Error> {
        self.get("getAPIVersion", [], text)
    }

    /// The version of the daemon.
    pub fn get_supervisor_version(&mut self) -> Result<String, Error> {
        self.get("getSupervisorVersion", [], text)
    }

    /// The daemon's identifier.
    pub fn get_identification(&mut self) -> Result<String, Error> {
        self.get("getIdentification", [], text)
    }

    /// The state of the daemon.
    pub fn get_state(&mut self) -> Result<SupervisorState, Error> {
        self.get("getState", [], |value| StateInfo::from_value(value).map(|info| info.state))
    }

    /// The daemon's process id.
    pub fn get_pid(&mut self) -> Result<i64, Error> {
        self.get("getPID", [], |value| value.as_int().ok_or_else(|| wrong("an int", value)))
    }

    /// One process.
    pub fn get_process_info(&mut self, name: &str) -> Result<ProcessInfo, Error> {
        self.get("getProcessInfo", [name.into()], ProcessInfo::from_value)
    }

    /// Every process, by group and name.
    pub fn get_all_process_info(&mut self) -> Result<Vec<ProcessInfo>, Error> {
        self.get("getAllProcessInfo", [], |value| list(value, ProcessInfo::from_value))
    }

    /// Starts a process.
    pub fn start_process(&mut self, name: &str, wait: bool) -> Result<(), Error> {
        self.get("startProcess", [name.into(), wait.into()], anything)
    }

    /// Starts the processes of a group.
    pub fn start_process_group(&mut self, group: &str, wait: bool) -> Result<Vec<TaskResult>, Error> {
        self.get("startProcessGroup", [group.into(), wait.into()], tasks)
    }

    /// Starts every process.
    pub fn start_all_processes(&mut self, wait: bool) -> Result<Vec<TaskResult>, Error> {
        self.get("startAllProcesses", [wait.into()], tasks)
    }

    /// Stops a process.
    pub fn stop_process(&mut self, name: &str, wait: bool) -> Result<(), Error> {
        self.get("stopProcess", [name.into(), wait.into()], anything)
    }

    /// Stops the processes of a group.
    pub fn stop_process_group(&mut self, group: &str, wait: bool) -> Result<Vec<TaskResult>, Error> {
        self.get("stopProcessGroup", [group.into(), wait.into()], tasks)
    }

    /// Stops every process.
    pub fn stop_all_processes(&mut self, wait: bool) -> Result<Vec<TaskResult>, Error> {
        self.get("stopAllProcesses", [wait.into()], tasks)
    }

    /// Sends a signal, by name or number, to a process.
    pub fn signal_process(&mut self, name: &str, signal: &str) -> Result<(), Error> {
        self.get("signalProcess", [name.into(), signal.into()], anything)
    }

    /// Sends a signal to the processes of a group.
    pub fn signal_process_group(&mut self, group: &str, signal: &str) -> Result<Vec<TaskResult>, Error> {
        self.get("signalProcessGroup", [group.into(), signal.into()], tasks)
    }

    /// Sends a signal to every process.
    pub fn signal_all_processes(&mut self, signal: &str) -> Result<Vec<TaskResult>, Error> {
        self.get("signalAllProcesses", [signal.into()], tasks)
    }

    /// Writes text to a process's standard input.
    pub fn send_process_stdin(&mut self, name: &str, chars: &str) -> Result<(), Error> {
        self.get("sendProcessStdin", [name.into(), chars.into()], anything)
    }

    /// Emits a REMOTE_COMMUNICATION event.
    pub fn send_remote_comm_event(&mut self, kind: &str, data: &str) -> Result<(), Error> {
        self.get("sendRemoteCommEvent", [kind.into(), data.into()], anything)
    }

    /// Compares the configuration files with the active groups.
    pub fn reload_config(&mut self) -> Result<RereadResult, Error> {
        self.get("reloadConfig", [], RereadResult::from_value)
    }

    /// Makes a configured group active.
    pub fn add_process_group(&mut self, group: &str) -> Result<(), Error> {
        self.get("addProcessGroup", [group.into()], anything)
    }

    /// Makes a stopped group inactive.
    pub fn remove_process_group(&mut self, group: &str) -> Result<(), Error> {
        self.get("removeProcessGroup", [group.into()], anything)
    }

    /// Reads the daemon's log; a negative offset counts from the end, a length of 0 means all.
    pub fn read_log(&mut self, offset: i64, length: i64) -> Result<String, Error> {
        self.get("readLog", [offset.into(), length.into()], text)
    }

    /// Empties the daemon's log.
    pub fn clear_log(&mut self) -> Result<(), Error> {
        self.get("clearLog", [], anything)
    }

    /// Reads a process's stdout log, as [`Client::read_log`].
    pub fn read_process_stdout_log(&mut self, name: &str, offset: i64, length: i64) -> Result<String, Error> {
        self.get("readProcessStdoutLog", [name.into(), offset.into(), length.into()], text)
    }

    /// Reads a process's stderr log, as [`Client::read_log`].
    pub fn read_process_stderr_log(&mut self, name: &str, offset: i64, length: i64) -> Result<String, Error> {
        self.get("readProcessStderrLog", [name.into(), offset.into(), length.into()], text)
    }

    /// The next piece of a process's stdout log.
    pub fn tail_process_stdout_log(&mut self, name: &str, offset: i64, length: i64) -> Result<TailResult, Error> {
        self.get("tailProcessStdoutLog", [name.into(), offset.into(), length.into()], TailResult::from_value)
    }

    /// The next piece of a process's stderr log.
    pub fn tail_process_stderr_log(&mut self, name: &str, offset: i64, length: i64) -> Result<TailResult, Error> {
        self.get("tailProcessStderrLog", [name.into(), offset.into(), length.into()], TailResult::from_value)
    }

    /// Empties a process's logs.
    pub fn clear_process_logs(&mut self, name: &str) -> Result<(), Error> {
        self.get("clearProcessLogs", [name.into()], anything)
    }

    /// Empties the logs of every process.
    pub fn clear_all_process_logs(&mut self) -> Result<Vec<TaskResult>, Error> {
        self.get("clearAllProcessLogs", [], tasks)
    }

    /// Stops everything, then the daemon; answers at once.
    pub fn shutdown(&mut self) -> Result<(), Error> {
        self.get("shutdown", [], anything)
    }

    /// Stops everything, re-reads the configuration and starts again; answers at once.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.get("restart", [], anything)
    }

    fn get<T, const N: usize>(
        &mut self,
        method: &str,
        params: [Value; N],
        read: impl FnOnce(&Value) -> Result<T, WrongShape>,
    ) -> Result<T, Error> {
        let method = format!("supervisor.{method}");
        let value = self.call(&method, params)?;
        read(&value).map_err(|source| Error::Result { method, source })
    }
}

/// A result that says nothing beyond the absence of a fault.
fn anything(_: &Value) -> Result<(), WrongShape> {
    Ok(())
}

fn text(value: &Value) -> Result<String, WrongShape> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong("a string", value))
}

fn tasks(value: &Value) -> Result<Vec<TaskResult>, WrongShape> {
    list(value, TaskResult::from_value)
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> Result<T, WrongShape>) -> Result<Vec<T>, WrongShape> {
    value.as_array().ok_or_else(|| wrong("an array", value))?.iter().map(read).collect()
}

fn wrong(expected: &'static str, value: &Value) -> WrongShape {
    WrongShape { expected, found: value.kind() }
}
