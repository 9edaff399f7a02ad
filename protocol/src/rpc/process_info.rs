//! What clients see of one process.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::records::record_value;
use crate::state::ProcessState;
use crate::xmlrpc::{Value, WrongShape, from_value};

/// One process, from `getProcessInfo` and `getAllProcessInfo`: a struct of 14 keys.
///
/// Times are Unix seconds, 0 for never. Two of the keys follow from others and have no field: `statename`
/// from the state, and `logfile`, the old name of `stdout_logfile`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, expecting = "a process struct")]
pub struct ProcessInfo {
    /// The process.
    pub name: String,
    /// Its group.
    pub group: String,
    /// When it was last started.
    pub start: i64,
    /// When it last ended.
    pub stop: i64,
    /// The daemon's time of day.
    pub now: i64,
    /// Its state; it travels as its code, and one that does not exist is UNKNOWN.
    #[serde(deserialize_with = "state_of_code")]
    pub state: ProcessState,
    /// Why its last start failed, or empty.
    pub spawnerr: String,
    /// The exit code of its last run, -1 if a signal ended it, 0 if it runs or never ran.
    pub exitstatus: i32,
    /// The path of its stdout log, or empty.
    pub stdout_logfile: String,
    /// The path of its stderr log, or empty.
    pub stderr_logfile: String,
    /// Its process id, 0 if it does not run.
    pub pid: i32,
    /// The state in words, such as `pid 18575, uptime 0:05:36`.
    pub description: String,
}

impl ProcessInfo {
    /// The struct, its keys in wire order.
    pub fn to_value(&self) -> Value {
        record_value(self)
    }

    /// Reads the struct.
    ///
    /// # Errors
    ///
    /// No struct.
    pub fn from_value(value: &Value) -> Result<ProcessInfo, WrongShape> {
        from_value(value)
    }
}

/// By hand, because two keys have no field.
impl Serialize for ProcessInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut keys = serializer.serialize_struct("ProcessInfo", 14)?;
        keys.serialize_field("name", &self.name)?;
        keys.serialize_field("group", &self.group)?;
        keys.serialize_field("start", &self.start)?;
        keys.serialize_field("stop", &self.stop)?;
        keys.serialize_field("now", &self.now)?;
        keys.serialize_field("state", &self.state.code())?;
        keys.serialize_field("statename", self.state.name())?;
        keys.serialize_field("spawnerr", &self.spawnerr)?;
        keys.serialize_field("exitstatus", &self.exitstatus)?;
        keys.serialize_field("logfile", &self.stdout_logfile)?;
        keys.serialize_field("stdout_logfile", &self.stdout_logfile)?;
        keys.serialize_field("stderr_logfile", &self.stderr_logfile)?;
        keys.serialize_field("pid", &self.pid)?;
        keys.serialize_field("description", &self.description)?;
        keys.end()
    }
}

fn state_of_code<'de, D: Deserializer<'de>>(code: D) -> Result<ProcessState, D::Error> {
    let code = i32::deserialize(code)?;
    Ok(ProcessState::from_code(code).unwrap_or(ProcessState::Unknown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_keys_in_wire_order() {
        let info = ProcessInfo {
            name: "g1".into(),
            group: "grp".into(),
            start: 1_795_344_755,
            stop: 0,
            now: 1_795_345_091,
            state: ProcessState::Running,
            spawnerr: String::new(),
            exitstatus: 0,
            stdout_logfile: "/tmp/g1.log".into(),
            stderr_logfile: String::new(),
            pid: 18575,
            description: "pid 18575, uptime 0:05:36".into(),
        };
        assert_eq!(
            info.to_value().to_string(),
            "{'name': 'g1', 'group': 'grp', 'start': 1795344755, 'stop': 0, 'now': 1795345091, 'state': 20, \
             'statename': 'RUNNING', 'spawnerr': '', 'exitstatus': 0, 'logfile': '/tmp/g1.log', \
             'stdout_logfile': '/tmp/g1.log', 'stderr_logfile': '', 'pid': 18575, \
             'description': 'pid 18575, uptime 0:05:36'}"
        );
        assert_eq!(ProcessInfo::from_value(&info.to_value()), Ok(info));
    }

    #[test]
    fn reading_is_lenient() {
        let sparse = Value::structure([("name", "n".into()), ("state", 20.into()), ("pid", "7".into())]);
        let info = ProcessInfo::from_value(&sparse).unwrap();
        assert_eq!((info.name.as_str(), info.state, info.pid, info.start), ("n", ProcessState::Running, 7, 0));
        let odd = Value::structure([("state", 33.into()), ("pid", i64::MAX.into())]);
        let info = ProcessInfo::from_value(&odd).unwrap();
        assert_eq!((info.state, info.pid), (ProcessState::Unknown, 0));
        let error = ProcessInfo::from_value(&Value::Array(vec![])).unwrap_err();
        assert_eq!(error.to_string(), "expected a process struct, not array");
    }
}
