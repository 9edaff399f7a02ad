//! Method calls: the request of XML-RPC.

use super::decode::{ParseError, read};
use super::encode::{DECLARATION, write_params, write_text};
use super::value::Value;

/// A method and its positional parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodCall {
    /// The name as sent, such as `supervisor.startProcess`; never empty when read.
    pub method: String,
    /// The parameters; none if the document had no `<params>`.
    pub params: Vec<Value>,
}

impl MethodCall {
    /// A call.
    pub fn new(method: impl Into<String>, params: Vec<Value>) -> MethodCall {
        MethodCall { method: method.into(), params }
    }
}

/// Reads a request body.
///
/// # Errors
///
/// Whatever Supervisor answers with HTTP 400: XML that is not well-formed or too deep, a `DOCTYPE`, a scalar
/// that does not parse, a structure that lacks a part, no method name.
pub fn parse_call(body: &[u8]) -> Result<MethodCall, ParseError> {
    let document = read(body)?;
    let method = document.method.filter(|method| !method.is_empty()).ok_or(ParseError::NoMethodName)?;
    Ok(MethodCall { method, params: document.params.unwrap_or_default() })
}

/// Writes a request body.
pub fn render_call(call: &MethodCall) -> String {
    let mut out = format!("{DECLARATION}<methodCall>\n<methodName>");
    write_text(&mut out, &call.method);
    out.push_str("</methodName>\n");
    write_params(&mut out, &call.params);
    out.push_str("</methodCall>\n");
    out
}
