//! The small records: the daemon's state, the outcome of one task among many, a piece of a log, and what a
//! reread found.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::state::SupervisorState;
use crate::xmlrpc::{Fault, FaultCode, Value, WrongShape, from_value, to_value};

/// The value of a record.
pub(super) fn record_value<T: Serialize>(record: &T) -> Value {
    to_value(record).expect("a record consists of texts, numbers, flags and lists")
}

/// The state of the daemon, `getState`: `{statecode, statename}`.
///
/// The one record without serde: it has one field for two keys, and a code that is odd must not become 0, which
/// means RESTARTING.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateInfo {
    /// Both members of the struct.
    pub state: SupervisorState,
}

impl StateInfo {
    /// The struct.
    pub fn to_value(&self) -> Value {
        Value::structure([("statecode", self.state.code().into()), ("statename", self.state.name().into())])
    }

    /// Reads the struct.
    ///
    /// # Errors
    ///
    /// No struct with a `statecode` that exists.
    pub fn from_value(value: &Value) -> Result<StateInfo, WrongShape> {
        let code = value.get("statecode").and_then(Value::to_int).and_then(|code| i32::try_from(code).ok());
        let state = code.and_then(SupervisorState::from_code);
        state.map(|state| StateInfo { state }).ok_or_else(|| WrongShape::new(&"a struct with a statecode", value))
    }
}

/// What became of one process in a method for a group or for all: `{name, group, status, description}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, expecting = "a result struct")]
pub struct TaskResult {
    /// The process.
    pub name: String,
    /// Its group.
    pub group: String,
    /// A fault code, 80 for success.
    pub status: i64,
    /// `OK`, or the fault's text, such as `SPAWN_ERROR: web:one`.
    pub description: String,
}

impl TaskResult {
    /// The outcome for one process: `OK`, or the fault.
    pub fn new(group: impl Into<String>, name: impl Into<String>, outcome: Result<(), Fault>) -> TaskResult {
        let (status, description) = match outcome {
            Ok(()) => (FaultCode::Success.code(), "OK".to_owned()),
            Err(fault) => (fault.code, fault.string),
        };
        TaskResult { name: name.into(), group: group.into(), status, description }
    }

    /// Whether the task succeeded.
    pub fn is_success(&self) -> bool {
        self.status == FaultCode::Success.code()
    }

    /// The fault, as a call for this process alone would have returned it.
    ///
    /// # Errors
    ///
    /// The fault is the error; success is `Ok`.
    pub fn outcome(&self) -> Result<(), Fault> {
        match self.is_success() {
            true => Ok(()),
            false => Err(Fault { code: self.status, string: self.description.clone() }),
        }
    }

    /// The struct.
    pub fn to_value(&self) -> Value {
        record_value(self)
    }

    /// Reads the struct.
    ///
    /// # Errors
    ///
    /// No struct.
    pub fn from_value(value: &Value) -> Result<TaskResult, WrongShape> {
        from_value(value)
    }
}

/// A piece of a log and where to go on: `[text, size, overflow]`, from `tailProcess*Log`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TailResult {
    /// The piece.
    pub text: String,
    /// The size of the log in bytes, which is the offset to ask for next.
    pub size: i64,
    /// Whether more was written than fits, so that the piece does not begin at the offset asked for.
    pub overflow: bool,
}

impl TailResult {
    /// The array.
    pub fn to_value(&self) -> Value {
        record_value(self)
    }

    /// Reads the array.
    ///
    /// # Errors
    ///
    /// No array of three.
    pub fn from_value(value: &Value) -> Result<TailResult, WrongShape> {
        from_value(value).map_err(|_| WrongShape::new(&"an array of text, size and overflow", value))
    }
}

impl Serialize for TailResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.text, self.size, self.overflow).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TailResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TailResult, D::Error> {
        let (text, size, overflow) = Deserialize::deserialize(deserializer)?;
        Ok(TailResult { text, size, overflow })
    }
}

/// How the configuration files differ from the active groups: `[[added, changed, removed]]`, from
/// `reloadConfig`. The outer array of one element is part of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RereadResult {
    /// Groups in the files that are not active.
    pub added: Vec<String>,
    /// Active groups that the files describe in another way.
    pub changed: Vec<String>,
    /// Active groups that are no longer in the files.
    pub removed: Vec<String>,
}

impl RereadResult {
    /// The array.
    pub fn to_value(&self) -> Value {
        record_value(self)
    }

    /// Reads the array.
    ///
    /// # Errors
    ///
    /// No array of one array of three.
    pub fn from_value(value: &Value) -> Result<RereadResult, WrongShape> {
        from_value(value).map_err(|_| WrongShape::new(&"an array of one array of added, changed and removed", value))
    }
}

impl Serialize for RereadResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [(&self.added, &self.changed, &self.removed)].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RereadResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RereadResult, D::Error> {
        let [(added, changed, removed)] = Deserialize::deserialize(deserializer)?;
        Ok(RereadResult { added, changed, removed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_the_daemon() {
        let info = StateInfo { state: SupervisorState::Running };
        assert_eq!(info.to_value().to_string(), "{'statecode': 1, 'statename': 'RUNNING'}");
        for state in SupervisorState::ALL {
            let info = StateInfo { state: *state };
            assert_eq!(StateInfo::from_value(&info.to_value()), Ok(info));
        }
        let error = StateInfo::from_value(&Value::structure([("statecode", 7.into())])).unwrap_err();
        assert_eq!(error.to_string(), "expected a struct with a statecode, not struct");
    }

    #[test]
    fn the_outcome_of_a_task() {
        let ok = TaskResult::new("g", "n", Ok(()));
        assert_eq!(ok.to_value().to_string(), "{'name': 'n', 'group': 'g', 'status': 80, 'description': 'OK'}");
        assert_eq!((ok.is_success(), ok.outcome()), (true, Ok(())));
        let fault = Fault::new(FaultCode::SpawnError, Some("g:n"));
        let failed = TaskResult::new("g", "n", Err(fault.clone()));
        assert_eq!((failed.is_success(), failed.outcome()), (false, Err(fault)));
        assert_eq!(TaskResult::from_value(&failed.to_value()), Ok(failed));
        let sparse = Value::structure([("name", 8080.into()), ("status", "80".into()), ("extra", Value::Nil)]);
        let expected = TaskResult { name: "8080".into(), status: 80, ..TaskResult::default() };
        assert_eq!(TaskResult::from_value(&sparse), Ok(expected));
        assert!(TaskResult::from_value(&"x".into()).is_err());
    }

    #[test]
    fn a_piece_of_a_log() {
        let tail = TailResult { text: "derr\n".into(), size: 13, overflow: true };
        assert_eq!(tail.to_value().to_string(), r"['derr\n', 13, True]");
        assert_eq!(TailResult::from_value(&tail.to_value()), Ok(tail));
        assert!(TailResult::from_value(&vec!["".into(), 0.into()].into()).is_err());
    }

    #[test]
    fn a_reread() {
        let reread = RereadResult { added: vec!["a".into()], changed: vec![], removed: vec!["b".into(), "c".into()] };
        assert_eq!(reread.to_value().to_string(), "[[['a'], [], ['b', 'c']]]");
        assert_eq!(RereadResult::from_value(&reread.to_value()), Ok(reread));
        let empty = RereadResult::from_value(&RereadResult::default().to_value());
        assert_eq!(empty, Ok(RereadResult::default()));
        let flat = Value::Array(vec![Value::Array(vec![]), Value::Array(vec![]), Value::Array(vec![])]);
        assert_eq!(
            RereadResult::from_value(&flat).unwrap_err().to_string(),
            "expected an array of one array of added, changed and removed, not array"
        );
    }
}
