//! Parameters, read as leniently as upstream's clients need: Python's truth, numbers as text, names as numbers.
//!
//! What makes no sense at all is fault 2 where upstream answers HTTP 500. Contract `ctl_x9`, quirk 30.

use bytes::Bytes;
use supervisor_protocol::xmlrpc::{Fault, FaultCode, Value};

/// The parameters of a call whose number is right.
pub(super) struct Params<'a>(pub(super) &'a [Value]);

impl Params<'_> {
    fn at(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::Nil)
    }

    /// A process or group name. Clients that guess types send `8080` as a number.
    pub(super) fn name(&self, index: usize) -> Result<String, Fault> {
        match self.at(index) {
            Value::Nil | Value::Array(_) | Value::Struct(_) => Err(FaultCode::IncorrectParameters.into()),
            scalar => Ok(scalar.to_string()),
        }
    }

    /// Whether to wait, by default yes. Any text that is not empty says yes, `false` too.
    pub(super) fn wait(&self, index: usize) -> bool {
        self.0.get(index).is_none_or(Value::is_truthy)
    }

    /// An offset or a length.
    pub(super) fn number(&self, index: usize) -> Result<i64, Fault> {
        self.at(index).to_int().ok_or_else(|| FaultCode::IncorrectParameters.into())
    }

    /// A signal: its number, or what was typed if that names none.
    pub(super) fn signal(&self, index: usize) -> Result<Result<i32, String>, Fault> {
        match self.at(index) {
            Value::Nil | Value::Array(_) | Value::Struct(_) => Err(FaultCode::IncorrectParameters.into()),
            scalar => Ok(super::signals::parse(scalar)),
        }
    }

    /// Text for a process. A number is no text, and quoted back.
    pub(super) fn chars(&self, index: usize) -> Result<Bytes, Fault> {
        match self.at(index) {
            Value::String(text) => Ok(Bytes::from(text.clone())),
            Value::Bytes(data) => Ok(Bytes::from(data.clone())),
            Value::Nil => Err(FaultCode::IncorrectParameters.into()),
            other => Err(Fault::new(FaultCode::IncorrectParameters, Some(&other.to_string()))),
        }
    }

    /// Anything, as Python prints it.
    pub(super) fn text(&self, index: usize) -> String {
        self.at(index).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_but_not_boundless() {
        let values =
            [8080.into(), "false".into(), Value::Nil, Value::Array(vec![]), "12".into(), 1.9.into(), true.into()];
        let params = Params(&values);
        assert_eq!(params.name(0).as_deref(), Ok("8080"));
        assert!(params.wait(1) && params.wait(99) && !params.wait(2) && !params.wait(3));
        assert_eq!((params.number(4), params.number(5)), (Ok(12), Ok(1)));
        for index in [2, 3, 99] {
            assert_eq!(params.name(index).map_err(|fault| fault.code), Err(2));
            assert_eq!(params.number(index).map_err(|fault| fault.code), Err(2));
            assert_eq!(params.signal(index).map_err(|fault| fault.code), Err(2));
        }
        assert_eq!(params.number(1).map_err(|fault| fault.code), Err(2));
    }

    #[test]
    fn only_text_goes_to_stdin() {
        let values =
            ["h\u{e9}".into(), Value::Bytes(b"\xff".to_vec()), Value::Nil, true.into(), Value::Array(vec![1.into()])];
        let params = Params(&values);
        assert_eq!(params.chars(0).as_deref(), Ok("h\u{e9}".as_bytes()));
        assert_eq!(params.chars(1).as_deref(), Ok(b"\xff".as_slice()));
        let text = |index| params.chars(index).map_err(|fault| fault.string);
        assert_eq!(text(2), Err("INCORRECT_PARAMETERS".into()));
        assert_eq!(text(3), Err("INCORRECT_PARAMETERS: True".into()));
        assert_eq!(text(4), Err("INCORRECT_PARAMETERS: [1]".into()));
    }
}
