//! Faults: the ways a method says no, and their numbers, names and texts.

use std::fmt;

use super::value::Value;
use crate::repr::str_repr;

macro_rules! fault_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $name:literal,)*) => {
        /// Supervisor's fault codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FaultCode { $($(#[$doc])* $variant,)* }

        impl FaultCode {
            /// Every code, in ascending order.
            pub const ALL: &'static [FaultCode] = &[$(FaultCode::$variant,)*];

            /// The number in `faultCode`.
            pub fn code(self) -> i64 {
                match self { $(FaultCode::$variant => $code,)* }
            }

            /// The name that `faultString` begins with.
            pub fn name(self) -> &'static str {
                match self { $(FaultCode::$variant => $name,)* }
            }

            /// The code with this number.
            pub fn from_code(code: i64) -> Option<Self> {
                match code { $($code => Some(FaultCode::$variant),)* _ => None }
            }
        }
    };
}

fault_codes! {
    /// No such method or namespace.
    UnknownMethod = 1 "UNKNOWN_METHOD",
    /// Wrong number or type of parameters.
    IncorrectParameters = 2 "INCORRECT_PARAMETERS",
    /// Offset and length do not fit together.
    BadArguments = 3 "BAD_ARGUMENTS",
    /// Help or signature of an unknown method.
    SignatureUnsupported = 4 "SIGNATURE_UNSUPPORTED",
    /// The daemon is shutting down or restarting.
    ShutdownState = 6 "SHUTDOWN_STATE",
    /// No such process or group; extra: the name as passed.
    BadName = 10 "BAD_NAME",
    /// No such signal; extra: the signal as passed.
    BadSignal = 11 "BAD_SIGNAL",
    /// No log, no command, or no stdin.
    NoFile = 20 "NO_FILE",
    /// The command cannot be executed; extra: why.
    NotExecutable = 21 "NOT_EXECUTABLE",
    /// Anything else; extra: why, if known.
    Failed = 30 "FAILED",
    /// The process ended before it counted as started.
    AbnormalTermination = 40 "ABNORMAL_TERMINATION",
    /// The process could not be started, or exited too quickly.
    SpawnError = 50 "SPAWN_ERROR",
    /// The process runs or is about to.
    AlreadyStarted = 60 "ALREADY_STARTED",
    /// The process does not run.
    NotRunning = 70 "NOT_RUNNING",
    /// No fault: the status of a success in an array of results.
    Success = 80 "SUCCESS",
    /// The group is active already.
    AlreadyAdded = 90 "ALREADY_ADDED",
    /// A member of the group to remove still runs.
    StillRunning = 91 "STILL_RUNNING",
    /// The configuration cannot be read; extra: the parser's message.
    CantReread = 92 "CANT_REREAD",
}

/// A fault as it travels: a number and a text. Foreign servers may send numbers Supervisor does not know.
///
/// Displayed the way Python prints it: `<Fault 70: 'NOT_RUNNING: g:n'>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("<Fault {code}: {}>", str_repr(string))]
pub struct Fault {
    /// `faultCode`.
    pub code: i64,
    /// `faultString`: `NAME` or `NAME: extra`.
    pub string: String,
}

impl Fault {
    /// A fault of Supervisor: `NAME`, or `NAME: extra`; an empty extra leaves `NAME: `.
    pub fn new(code: FaultCode, extra: Option<&str>) -> Fault {
        let name = code.name();
        let string = extra.map_or_else(|| name.to_owned(), |extra| format!("{name}: {extra}"));
        Fault { code: code.code(), string }
    }

    /// Which of Supervisor's faults this is.
    pub fn known(&self) -> Option<FaultCode> {
        FaultCode::from_code(self.code)
    }

    /// The text after `NAME: `, if the fault is Supervisor's and has one.
    pub fn extra(&self) -> Option<&str> {
        self.string.strip_prefix(self.known()?.name())?.strip_prefix(": ")
    }

    /// The struct `{faultCode, faultString}`, which is also how `system.multicall` reports a failed call.
    pub fn to_value(&self) -> Value {
        Value::structure([("faultCode", self.code.into()), ("faultString", self.string.as_str().into())])
    }

    /// The fault in a struct `{faultCode, faultString}`; none if it is something else.
    pub fn from_value(value: &Value) -> Option<Fault> {
        let code = value.get("faultCode")?.to_int()?;
        let string = value.get("faultString")?.to_string();
        Some(Fault { code, string })
    }
}

impl From<FaultCode> for Fault {
    /// A fault without extra text.
    fn from(code: FaultCode) -> Fault {
        Fault::new(code, None)
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_supervisors() {
        let codes: Vec<i64> = FaultCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes, [1, 2, 3, 4, 6, 10, 11, 20, 21, 30, 40, 50, 60, 70, 80, 90, 91, 92]);
        for code in FaultCode::ALL {
            assert_eq!(FaultCode::from_code(code.code()), Some(*code));
        }
        assert_eq!(FaultCode::from_code(5), None);
    }

    #[test]
    fn texts() {
        let fault = Fault::new(FaultCode::NotRunning, Some("g:n"));
        assert_eq!(fault.string, "NOT_RUNNING: g:n");
        assert_eq!(fault.to_string(), "<Fault 70: 'NOT_RUNNING: g:n'>");
        assert_eq!((fault.known(), fault.extra()), (Some(FaultCode::NotRunning), Some("g:n")));
        assert_eq!(Fault::new(FaultCode::BadName, Some("")).string, "BAD_NAME: ");
        let bare = Fault::from(FaultCode::ShutdownState);
        assert_eq!((bare.string.as_str(), bare.extra()), ("SHUTDOWN_STATE", None));
        let quoted = Fault { code: -32500, string: "it's\n".into() };
        assert_eq!(quoted.to_string(), r#"<Fault -32500: "it's\n">"#);
        assert_eq!(quoted.extra(), None);
    }

    #[test]
    fn a_fault_is_a_struct() {
        let fault = Fault::new(FaultCode::BadName, Some("nope"));
        assert_eq!(fault.to_value().to_string(), "{'faultCode': 10, 'faultString': 'BAD_NAME: nope'}");
        assert_eq!(Fault::from_value(&fault.to_value()), Some(fault));
        assert_eq!(Fault::from_value(&Value::structure([("faultCode", 10.into())])), None);
        assert_eq!(Fault::from_value(&Value::Nil), None);
    }
}
