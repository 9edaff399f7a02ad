//! The methods of the interface, typed. What is not here is reached with [`Client::call`] and
//! [`Client::call_as`].
//!
//! Names are `process` or `group:process`; `wait` makes a call answer when the thing is done instead of when
//! it has begun.

use serde::de::DeserializeOwned;
use supervisor_protocol::rpc::{ProcessInfo, RereadResult, StateInfo, TailResult, TaskResult};
use supervisor_protocol::state::SupervisorState;
use supervisor_protocol::xmlrpc::Value;

use super::{Client, Error};

/// Every method here fails as [`Client::call`] does, and if the result is not of the expected shape.
impl Client {
    /// The version of the interface, `3.0`.
    pub fn get_api_version(&mut self) -> Result<String, Error> {
        self.get("getAPIVersion", [])
    }

    /// The version of the daemon.
    pub fn get_supervisor_version(&mut self) -> Result<String, Error> {
        self.get("getSupervisorVersion", [])
    }

    /// The daemon's identifier.
    pub fn get_identification(&mut self) -> Result<String, Error> {
        self.get("getIdentification", [])
    }

    /// The state of the daemon.
    pub fn get_state(&mut self) -> Result<SupervisorState, Error> {
        let method = "supervisor.getState";
        let info = StateInfo::from_value(&self.call(method, [])?);
        info.map(|info| info.state).map_err(|source| Error::Result { method: method.to_owned(), source })
    }

    /// The daemon's process id.
    pub fn get_pid(&mut self) -> Result<i64, Error> {
        self.get("getPID", [])
    }

    /// One process.
    pub fn get_process_info(&mut self, name: &str) -> Result<ProcessInfo, Error> {
        self.get("getProcessInfo", [name.into()])
    }

    /// Every process, by group and name.
    pub fn get_all_process_info(&mut self) -> Result<Vec<ProcessInfo>, Error> {
        self.get("getAllProcessInfo", [])
    }

    /// Starts a process.
    pub fn start_process(&mut self, name: &str, wait: bool) -> Result<(), Error> {
        self.act("startProcess", [name.into(), wait.into()])
    }

    /// Starts the processes of a group.
    pub fn start_process_group(&mut self, group: &str, wait: bool) -> Result<Vec<TaskResult>, Error> {
        self.get("startProcessGroup", [group.into(), wait.into()])
    }

    /// Starts every process.
    pub fn start_all_processes(&mut self, wait: bool) -> Result<Vec<TaskResult>, Error> {
        self.get("startAllProcesses", [wait.into()])
    }

    /// Stops a process.
    pub fn stop_process(&mut self, name: &str, wait: bool) -> Result<(), Error> {
        self.act("stopProcess", [name.into(), wait.into()])
    }

    /// Stops the processes of a group.
    pub fn stop_process_group(&mut self, group: &str, wait: bool) -> Result<Vec<TaskResult>, Error> {
        self.get("stopProcessGroup", [group.into(), wait.into()])
    }

    /// Stops every process.
    pub fn stop_all_processes(&mut self, wait: bool) -> Result<Vec<TaskResult>, Error> {
        self.get("stopAllProcesses", [wait.into()])
    }

    /// Sends a signal, by name or number, to a process.
    pub fn signal_process(&mut self, name: &str, signal: &str) -> Result<(), Error> {
        self.act("signalProcess", [name.into(), signal.into()])
    }

    /// Sends a signal to the processes of a group.
    pub fn signal_process_group(&mut self, group: &str, signal: &str) -> Result<Vec<TaskResult>, Error> {
        self.get("signalProcessGroup", [group.into(), signal.into()])
    }

    /// Sends a signal to every process.
    pub fn signal_all_processes(&mut self, signal: &str) -> Result<Vec<TaskResult>, Error> {
        self.get("signalAllProcesses", [signal.into()])
    }

    /// Writes text to a process's standard input.
    pub fn send_process_stdin(&mut self, name: &str, chars: &str) -> Result<(), Error> {
        self.act("sendProcessStdin", [name.into(), chars.into()])
    }

    /// Emits a REMOTE_COMMUNICATION event.
    pub fn send_remote_comm_event(&mut self, kind: &str, data: &str) -> Result<(), Error> {
        self.act("sendRemoteCommEvent", [kind.into(), data.into()])
    }

    /// Compares the configuration files with the active groups.
    pub fn reload_config(&mut self) -> Result<RereadResult, Error> {
        self.get("reloadConfig", [])
    }

    /// Makes a configured group active.
    pub fn add_process_group(&mut self, group: &str) -> Result<(), Error> {
        self.act("addProcessGroup", [group.into()])
    }

    /// Makes a stopped group inactive.
    pub fn remove_process_group(&mut self, group: &str) -> Result<(), Error> {
        self.act("removeProcessGroup", [group.into()])
    }

    /// Reads the daemon's log; a negative offset counts from the end, a length of 0 means all.
    pub fn read_log(&mut self, offset: i64, length: i64) -> Result<String, Error> {
        self.get("readLog", [offset.into(), length.into()])
    }

    /// Empties the daemon's log.
    pub fn clear_log(&mut self) -> Result<(), Error> {
        self.act("clearLog", [])
    }

    /// Reads a process's stdout log, as [`Client::read_log`].
    pub fn read_process_stdout_log(&mut self, name: &str, offset: i64, length: i64) -> Result<String, Error> {
        self.get("readProcessStdoutLog", [name.into(), offset.into(), length.into()])
    }

    /// Reads a process's stderr log, as [`Client::read_log`].
    pub fn read_process_stderr_log(&mut self, name: &str, offset: i64, length: i64) -> Result<String, Error> {
        self.get("readProcessStderrLog", [name.into(), offset.into(), length.into()])
    }

    /// The next piece of a process's stdout log.
    pub fn tail_process_stdout_log(&mut self, name: &str, offset: i64, length: i64) -> Result<TailResult, Error> {
        self.get("tailProcessStdoutLog", [name.into(), offset.into(), length.into()])
    }

    /// The next piece of a process's stderr log.
    pub fn tail_process_stderr_log(&mut self, name: &str, offset: i64, length: i64) -> Result<TailResult, Error> {
        self.get("tailProcessStderrLog", [name.into(), offset.into(), length.into()])
    }

    /// Empties a process's logs.
    pub fn clear_process_logs(&mut self, name: &str) -> Result<(), Error> {
        self.act("clearProcessLogs", [name.into()])
    }

    /// Empties the logs of every process.
    pub fn clear_all_process_logs(&mut self) -> Result<Vec<TaskResult>, Error> {
        self.get("clearAllProcessLogs", [])
    }

    /// Stops everything, then the daemon; answers at once.
    pub fn shutdown(&mut self) -> Result<(), Error> {
        self.act("shutdown", [])
    }

    /// Stops everything, re-reads the configuration and starts again; answers at once.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.act("restart", [])
    }

    /// A call for the sake of its result.
    fn get<T: DeserializeOwned, const N: usize>(&mut self, method: &str, params: [Value; N]) -> Result<T, Error> {
        self.call_as(&format!("supervisor.{method}"), params)
    }

    /// A call whose result says nothing beyond the absence of a fault.
    fn act<const N: usize>(&mut self, method: &str, params: [Value; N]) -> Result<(), Error> {
        self.call(&format!("supervisor.{method}"), params).map(drop)
    }
}
