//! Method responses: a result or a fault.

use super::decode::{ParseError, read};
use super::encode::{DECLARATION, write_params, write_value};
use super::fault::Fault;
use super::value::Value;

/// What a method returned.
pub type MethodResponse = Result<Value, Fault>;

/// Reads a response body.
///
/// # Errors
///
/// XML that is not well-formed or too deep, a value that does not parse, or neither a result nor a fault.
pub fn parse_response(body: &[u8]) -> Result<MethodResponse, ParseError> {
    let document = read(body)?;
    if let Some(fault) = document.fault {
        return Fault::from_value(&fault).map(Err).ok_or(ParseError::NoResult);
    }
    document.params.unwrap_or_default().into_iter().next().map(Ok).ok_or(ParseError::NoResult)
}

/// Writes a response body.
pub fn render_response(response: &MethodResponse) -> String {
    let mut out = format!("{DECLARATION}<methodResponse>\n");
    match response {
        Ok(value) => write_params(&mut out, [value]),
        Err(fault) => {
            out.push_str("<fault>\n");
            write_value(&mut out, &fault.to_value());
            out.push_str("</fault>\n");
        }
    }
    out.push_str("</methodResponse>\n");
    out
}
