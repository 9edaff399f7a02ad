//! Values to XML, byte for byte the layout of Python's `xmlrpc.client.dumps`: a line feed after nearly every
//! element, no `encoding` in the declaration, non-ASCII text as it is.
//!
//! Where that layout would give a document no parser accepts, this departs from it: characters that XML 1.0
//! has no way to write become U+FFFD (one for one, so that offsets stay), a carriage return is written as a
//! reference (else it would be read as a line feed), and integers saturate at the 32 bits `<int>` has.

use super::base64;
use super::value::{Value, float_repr};

/// The first line of every document.
pub(super) const DECLARATION: &str = "<?xml version='1.0'?>\n";

/// Appends `<value>…</value>` and, as Python does for all but nil, a line feed.
pub(super) fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push_str("<value><nil/></value>"),
        Value::Bool(flag) => write_scalar(out, "boolean", if *flag { "1" } else { "0" }),
        Value::Int(number) => {
            let number = (*number).clamp(i64::from(i32::MIN), i64::from(i32::MAX));
            write_scalar(out, "int", &number.to_string());
        }
        Value::Double(number) => write_scalar(out, "double", &float_repr(*number)),
        Value::String(text) => write_scalar(out, "string", text),
        Value::DateTime(text) => write_scalar(out, "dateTime.iso8601", text),
        Value::Bytes(data) => write_scalar(out, "base64", &format!("\n{}", base64::encode(data))),
        Value::Array(items) => {
            out.push_str("<value><array><data>\n");
            for item in items {
                write_value(out, item);
            }
            out.push_str("</data></array></value>\n");
        }
        Value::Struct(members) => {
            out.push_str("<value><struct>\n");
            for (key, value) in members {
                out.push_str("<member>\n<name>");
                write_text(out, key);
                out.push_str("</name>\n");
                write_value(out, value);
                out.push_str("</member>\n");
            }
            out.push_str("</struct></value>\n");
        }
    }
}

/// Appends a parameter list.
pub(super) fn write_params<'a>(out: &mut String, params: impl IntoIterator<Item = &'a Value>) {
    out.push_str("<params>\n");
    for value in params {
        out.push_str("<param>\n");
        write_value(out, value);
        out.push_str("</param>\n");
    }
    out.push_str("</params>\n");
}

/// Appends text with markup escaped and everything illegal replaced.
pub(super) fn write_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            c if is_legal(c) => out.push(c),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}

/// Whether a document may contain the character at all: the `Char` production of XML 1.0.
pub(super) fn is_legal(c: char) -> bool {
    !matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

fn write_scalar(out: &mut String, element: &str, text: &str) {
    out.push_str("<value><");
    out.push_str(element);
    out.push('>');
    write_text(out, text);
    out.push_str("</");
    out.push_str(element);
    out.push_str("></value>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(value: Value) -> String {
        let mut out = String::new();
        write_value(&mut out, &value);
        out
    }

    /// The expectations are what Python 3.11's `xmlrpc.client.dumps` wrote.
    #[test]
    fn every_type_as_python_writes_it() {
        for (value, expected) in [
            (Value::Nil, "<value><nil/></value>"),
            (true.into(), "<value><boolean>1</boolean></value>\n"),
            ((-5).into(), "<value><int>-5</int></value>\n"),
            (1.5.into(), "<value><double>1.5</double></value>\n"),
            ("".into(), "<value><string></string></value>\n"),
            ("a&b<c>'d\"é\t\n".into(), "<value><string>a&amp;b&lt;c&gt;'d\"é\t\n</string></value>\n"),
            (
                Value::DateTime("20260101T00:00:00".into()),
                "<value><dateTime.iso8601>20260101T00:00:00</dateTime.iso8601></value>\n",
            ),
            (
                Value::Bytes(vec![b'a'; 60]),
                "<value><base64>\nYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\nYWFh\n</base64></value>\n",
            ),
            (Value::Array(vec![]), "<value><array><data>\n</data></array></value>\n"),
            (Value::Struct(vec![]), "<value><struct>\n</struct></value>\n"),
            (
                Value::structure([("<k>", Value::Array(vec![1.into()]))]),
                "<value><struct>\n<member>\n<name>&lt;k&gt;</name>\n<value><array><data>\n<value><int>1</int></value>\n\
                 </data></array></value>\n</member>\n</struct></value>\n",
            ),
        ] {
            assert_eq!(rendered(value), expected);
        }
    }

    #[test]
    fn what_xml_cannot_write_is_replaced() {
        assert_eq!(
            rendered("\0\x1b[0m\x0c\r\n\u{7f}\u{fffe}".into()),
            "<value><string>\u{fffd}\u{fffd}[0m\u{fffd}&#13;\n\u{7f}\u{fffd}</string></value>\n"
        );
    }

    #[test]
    fn integers_saturate_at_32_bits() {
        assert_eq!(rendered(i64::MAX.into()), "<value><int>2147483647</int></value>\n");
        assert_eq!(rendered(2_147_483_648_i64.into()), "<value><int>2147483647</int></value>\n");
        assert_eq!(rendered(i64::MIN.into()), "<value><int>-2147483648</int></value>\n");
    }
}
