//! What clients see of one process' configuration.

use serde::{Deserialize, Serialize};

use super::records::record_value;
use crate::xmlrpc::{Value, WrongShape, from_value};

/// The configuration of one process, from `getAllConfigInfo`: a struct of 29 keys.
///
/// An absent text or number travels as the string `none`. Sizes are bytes and times seconds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, expecting = "a configuration struct")]
pub struct ConfigInfo {
    /// Started with the daemon.
    pub autostart: bool,
    /// Where it runs.
    pub directory: Option<String>,
    /// The user it runs as.
    pub uid: Option<i64>,
    /// The command line.
    pub command: String,
    /// Exit codes that are no failure.
    pub exitcodes: Vec<i64>,
    /// Its group.
    pub group: String,
    /// The group's place in the order of starts.
    pub group_prio: i64,
    /// Whether a group of this name is active.
    pub inuse: bool,
    /// SIGKILL goes to the whole process group.
    pub killasgroup: bool,
    /// The process.
    pub name: String,
    /// Its place in the order of starts within the group.
    pub process_prio: i64,
    /// Stderr goes where stdout goes.
    pub redirect_stderr: bool,
    /// Failed starts before FATAL.
    pub startretries: i64,
    /// How long it must run to count as started.
    pub startsecs: i64,
    /// Limit of a captured piece of stdout, 0 for no capture.
    pub stdout_capture_maxbytes: i64,
    /// Stdout is sent as events.
    pub stdout_events_enabled: bool,
    /// The path of the stdout log, or `auto`.
    pub stdout_logfile: Option<String>,
    /// Rotated stdout logs to keep.
    pub stdout_logfile_backups: i64,
    /// Size at which the stdout log is rotated, 0 for never.
    pub stdout_logfile_maxbytes: i64,
    /// Stdout goes to syslog.
    pub stdout_syslog: bool,
    /// The number of the signal that stops it.
    pub stopsignal: i64,
    /// How long it may take to stop before SIGKILL.
    pub stopwaitsecs: i64,
    /// Limit of a captured piece of stderr, 0 for no capture.
    pub stderr_capture_maxbytes: i64,
    /// Stderr is sent as events.
    pub stderr_events_enabled: bool,
    /// The path of the stderr log, or `auto`.
    pub stderr_logfile: Option<String>,
    /// Rotated stderr logs to keep.
    pub stderr_logfile_backups: i64,
    /// Size at which the stderr log is rotated, 0 for never.
    pub stderr_logfile_maxbytes: i64,
    /// Stderr goes to syslog.
    pub stderr_syslog: bool,
    /// The URL it finds in its environment.
    pub serverurl: Option<String>,
}

impl ConfigInfo {
    /// The struct, its keys in wire order.
    pub fn to_value(&self) -> Value {
        record_value(self)
    }

    /// Reads the struct.
    ///
    /// # Errors
    ///
    /// No struct.
    pub fn from_value(value: &Value) -> Result<ConfigInfo, WrongShape> {
        from_value(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_nine_keys_in_wire_order() {
        let info = ConfigInfo {
            directory: Some("/tmp".into()),
            command: "/bin/cat".into(),
            exitcodes: vec![0, 2],
            stdout_logfile: Some("auto".into()),
            ..ConfigInfo::default()
        };
        let value = info.to_value();
        let Value::Struct(members) = &value else { panic!("{value:?}") };
        let keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys.join(" "),
            "autostart directory uid command exitcodes group group_prio inuse killasgroup name process_prio \
             redirect_stderr startretries startsecs stdout_capture_maxbytes stdout_events_enabled stdout_logfile \
             stdout_logfile_backups stdout_logfile_maxbytes stdout_syslog stopsignal stopwaitsecs \
             stderr_capture_maxbytes stderr_events_enabled stderr_logfile stderr_logfile_backups \
             stderr_logfile_maxbytes stderr_syslog serverurl"
        );
        assert_eq!(keys.len(), 29);
        for (key, expected) in [
            ("autostart", "False"),
            ("directory", "/tmp"),
            ("uid", "none"),
            ("exitcodes", "[0, 2]"),
            ("stdout_logfile", "auto"),
            ("stderr_logfile", "none"),
            ("serverurl", "none"),
        ] {
            assert_eq!(value.get(key).map(ToString::to_string).as_deref(), Some(expected), "{key}");
        }
        assert_eq!(ConfigInfo::from_value(&value), Ok(info));
    }

    #[test]
    fn reading_is_lenient() {
        let sparse =
            Value::structure([("uid", 1000.into()), ("inuse", 1.into()), ("autorestart", "unexpected".into())]);
        let expected = ConfigInfo { uid: Some(1000), inuse: true, ..ConfigInfo::default() };
        assert_eq!(ConfigInfo::from_value(&sparse), Ok(expected));
        assert!(ConfigInfo::from_value(&Value::Nil).is_err());
    }
}
