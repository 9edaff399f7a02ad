//! XML-RPC as little as the tests need: calls are written, replies are read. The reader takes any white space between
//! elements and nothing it does not know, so that an unexpected reply is a failure and not an empty value.

use std::fmt::Write as _;

/// A value on the wire.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `<int>` or `<i4>`.
    Int(i64),
    /// `<boolean>`.
    Bool(bool),
    /// `<string>`, or a value without a type.
    Str(String),
    /// `<double>`.
    Double(f64),
    /// `<nil/>`.
    Nil,
    /// `<array>`.
    Array(Vec<Value>),
    /// `<struct>`, in wire order.
    Struct(Vec<(String, Value)>),
}

/// A fault reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `faultCode`.
    pub code: i64,
    /// `faultString`.
    pub text: String,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl Value {
    /// The text of a string.
    pub fn str(&self) -> &str {
        match self {
            Self::Str(text) => text,
            other => panic!("not a string: {other:?}"),
        }
    }

    /// The number of an int.
    pub fn int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            other => panic!("not an int: {other:?}"),
        }
    }

    /// The elements of an array.
    pub fn array(&self) -> &[Value] {
        match self {
            Self::Array(items) => items,
            other => panic!("not an array: {other:?}"),
        }
    }

    /// The member `key` of a struct.
    pub fn get(&self, key: &str) -> &Value {
        let Self::Struct(members) = self else { panic!("not a struct: {self:?}") };
        &members.iter().find(|(name, _)| name == key).unwrap_or_else(|| panic!("no member {key} in {self:?}")).1
    }

    /// The names of a struct's members, in wire order.
    pub fn keys(&self) -> Vec<&str> {
        let Self::Struct(members) = self else { panic!("not a struct: {self:?}") };
        members.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn write(&self, out: &mut String) {
        out.push_str("<value>");
        match self {
            Self::Int(number) => write!(out, "<int>{number}</int>").unwrap(),
            Self::Bool(flag) => write!(out, "<boolean>{}</boolean>", u8::from(*flag)).unwrap(),
            Self::Str(text) => write!(out, "<string>{}</string>", escape(text)).unwrap(),
            Self::Double(number) => write!(out, "<double>{number}</double>").unwrap(),
            Self::Nil => out.push_str("<nil/>"),
            Self::Array(items) => {
                out.push_str("<array><data>");
                items.iter().for_each(|item| item.write(out));
                out.push_str("</data></array>");
            }
            Self::Struct(members) => {
                out.push_str("<struct>");
                for (name, value) in members {
                    write!(out, "<member><name>{}</name>", escape(name)).unwrap();
                    value.write(out);
                    out.push_str("</member>");
                }
                out.push_str("</struct>");
            }
        }
        out.push_str("</value>");
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The body of a call.
pub fn call(method: &str, params: &[Value]) -> String {
    let mut out =
        format!("<?xml version='1.0'?>\n<methodCall>\n<methodName>{}</methodName>\n<params>\n", escape(method));
    for param in params {
        out.push_str("<param>");
        param.write(&mut out);
        out.push_str("</param>\n");
    }
    out.push_str("</params>\n</methodCall>\n");
    out
}

/// Reads a call: its method and its parameters. Panics on anything that is not one.
pub fn read_call(body: &str) -> (String, Vec<Value>) {
    let at = body.find("<methodName>").unwrap_or_else(|| panic!("no call: {body}"));
    let mut reader = Reader { rest: &body[at + "<methodName>".len()..] };
    let method = reader.text("</methodName>").to_owned();
    let mut params = Vec::new();
    if reader.accept("<params>") {
        while reader.accept("<param>") {
            params.push(reader.value());
            reader.expect("</param>");
        }
    }
    (method, params)
}

/// The body of a reply.
pub fn reply(outcome: &Result<Value, Fault>) -> String {
    let mut out = "<?xml version='1.0'?>\n<methodResponse>\n".to_owned();
    match outcome {
        Ok(value) => {
            out.push_str("<params>\n<param>\n");
            value.write(&mut out);
            out.push_str("</param>\n</params>\n");
        }
        Err(fault) => {
            out.push_str("<fault>\n");
            let members = vec![
                ("faultCode".to_owned(), fault.code.into()),
                ("faultString".to_owned(), fault.text.as_str().into()),
            ];
            Value::Struct(members).write(&mut out);
            out.push_str("</fault>\n");
        }
    }
    out.push_str("</methodResponse>\n");
    out
}

/// Reads a reply: its value or its fault. Panics on anything that is not an XML-RPC reply.
pub fn response(body: &str) -> Result<Value, Fault> {
    let mut reader = Reader { rest: body };
    let header_end = body.find("?>").unwrap_or_else(|| panic!("no XML declaration: {body}"));
    reader.rest = &body[header_end + 2..];
    reader.expect("<methodResponse>");
    if reader.accept("<fault>") {
        let value = reader.value();
        return Err(Fault { code: value.get("faultCode").int(), text: value.get("faultString").str().to_owned() });
    }
    reader.expect("<params>");
    reader.expect("<param>");
    let value = reader.value();
    reader.expect("</param>");
    reader.expect("</params>");
    reader.expect("</methodResponse>");
    Ok(value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn accept(&mut self, tag: &str) -> bool {
        match self.rest.trim_start().strip_prefix(tag) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, tag: &str) {
        assert!(self.accept(tag), "expected {tag} before {:.200}", self.rest);
    }

    /// Everything up to the end tag, which is taken too.
    fn text(&mut self, end: &str) -> &'a str {
        let at = self.rest.find(end).unwrap_or_else(|| panic!("no {end} in {:.200}", self.rest));
        let text = &self.rest[..at];
        self.rest = &self.rest[at + end.len()..];
        text
    }

    fn value(&mut self) -> Value {
        self.expect("<value>");
        let value = if self.accept("<int>") {
            Value::Int(self.text("</int>").parse().unwrap())
        } else if self.accept("<boolean>") {
            Value::Bool(self.text("</boolean>") == "1")
        } else if self.accept("<double>") {
            Value::Double(self.text("</double>").parse().unwrap())
        } else if self.accept("<string>") {
            let text = self.text("</string>");
            Value::Str(text.replace("&lt;", "<").replace("&gt;", ">").replace("&#13;", "\r").replace("&amp;", "&"))
        } else if self.accept("<string/>") {
            Value::Str(String::new())
        } else if self.accept("<array>") {
            self.array()
        } else if self.accept("<struct>") {
            self.members()
        } else {
            panic!("unknown value: {:.200}", self.rest)
        };
        self.expect("</value>");
        value
    }

    fn array(&mut self) -> Value {
        let mut items = Vec::new();
        self.expect("<data>");
        while !self.accept("</data>") {
            items.push(self.value());
        }
        self.expect("</array>");
        Value::Array(items)
    }

    fn members(&mut self) -> Value {
        let mut members = Vec::new();
        while !self.accept("</struct>") {
            self.expect("<member>");
            self.expect("<name>");
            let name = self.text("</name>").to_owned();
            let value = self.value();
            self.expect("</member>");
            members.push((name, value));
        }
        Value::Struct(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_as_they_are_written() {
        let value = Value::Struct(vec![
            ("a".to_owned(), Value::Array(vec![Value::Int(-5), Value::Bool(true), Value::Double(1.5)])),
            ("b".to_owned(), " a < b &amp; c ".into()),
        ]);
        let outcomes = [Ok(value.clone()), Err(Fault { code: 70, text: "NOT_RUNNING: <x>".to_owned() })];
        for outcome in outcomes {
            assert_eq!(response(&reply(&outcome)), outcome);
        }
        let params = [value, 5.into()];
        assert_eq!(read_call(&call("a.b", &params)), ("a.b".to_owned(), params.to_vec()));
        assert_eq!(read_call(&call("a.b", &[])).1, []);
    }
}
