//! XML to values: one pass over the document, folding each element into a value when it ends.
//!
//! Supervisor looks at elements as they close and asks little of their surroundings, so a type element may
//! stand without `<value>`, a `<value>` without `<param>`, and `<methodName>` anywhere. The fold keeps that:
//! an element's value depends on its name, on the text before its first child and on its children's values,
//! never on its parent. Elements without a meaning have their text as value, or nil without text, which is
//! how `<nil/>` and unknown types come to be read (`<i2>7</i2>` is the string `7`).
//!
//! The stack of open elements is on the heap and bounded, so no input can exhaust the call stack, here or
//! when the value is dropped.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::base64;
use super::encode::is_legal;
use super::value::{Value, date_time_fields};
use crate::text::{float, int};

/// Levels of arrays and structs that a document may have.
pub const MAX_DEPTH: usize = 32;

/// The same in elements: three for each level (`value array data`), and `methodCall params param value int`.
const MAX_ELEMENT_DEPTH: usize = 3 * MAX_DEPTH + 5;

/// Why a document is not a call or a response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The body is not UTF-8.
    #[error("document is not valid UTF-8")]
    NotUtf8,
    /// The XML is not well-formed, for a reason in words.
    #[error("document is not well-formed: {0}")]
    Malformed(String),
    /// There is a `DOCTYPE`; its entities would have to be expanded.
    #[error("document has a DOCTYPE")]
    Doctype,
    /// More than [`MAX_DEPTH`] levels of arrays and structs, or as many elements as that takes.
    #[error("document is nested too deeply")]
    TooDeep,
    /// The text of a scalar is not what its type wants.
    #[error("invalid {element} {text:?}")]
    Scalar {
        /// The type element, such as `int`.
        element: &'static str,
        /// Its text.
        text: String,
    },
    /// `param`, `array` or `fault` without a child.
    #[error("element {0} is empty")]
    EmptyElement(&'static str),
    /// A member of a struct is not a key and a value.
    #[error("member of a struct is not a key and a value")]
    Member,
    /// A call without a method name.
    #[error("no method name")]
    NoMethodName,
    /// A response with neither a result nor a fault.
    #[error("response has neither a result nor a fault")]
    NoResult,
}

/// What a document said, before anyone asks whether it is a call or a response.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) method: Option<String>,
    pub(super) params: Option<Vec<Value>>,
    pub(super) fault: Option<Value>,
}

/// Reads a whole document.
pub(super) fn read(body: &[u8]) -> Result<Document, ParseError> {
    let text = std::str::from_utf8(body).map_err(|_| ParseError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(c) = text.chars().find(|c| !is_legal(*c)) {
        return Err(malformed(format!("character {c:?}")));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut fold = Fold::default();
    let mut is_first = true;
    loop {
        match reader.read_event().map_err(malformed)? {
            Event::Start(start) => fold.open(&start)?,
            // Empty elements are expanded into a start and an end.
            Event::End(_) | Event::Empty(_) => fold.close()?,
            Event::Text(text) if text.contains("]]>") => return Err(malformed("']]>' in text")),
            Event::Text(text) => fold.text(&text.xml10_content())?,
            Event::CData(text) if fold.open.is_empty() => return Err(outside(&text.xml10_content())),
            Event::CData(text) => fold.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let c = match reference.resolve_char_ref().map_err(malformed)? {
                    Some(c) if is_legal(c) => c,
                    Some(c) => return Err(malformed(format!("reference to character {c:?}"))),
                    None => predefined_entity(&reference)?,
                };
                fold.text(c.encode_utf8(&mut [0; 4]))?;
            }
            Event::Decl(_) if is_first => {}
            Event::Decl(_) => return Err(malformed("XML declaration not at the start")),
            Event::Comment(_) | Event::PI(_) => {}
            Event::DocType(_) => return Err(ParseError::Doctype),
            Event::Eof => break,
        }
        is_first = false;
    }
    match (fold.open.pop(), fold.has_root) {
        (Some(element), _) => Err(malformed(format!("element {} is not closed", element.name))),
        (None, false) => Err(malformed("no element found")),
        (None, true) => Ok(fold.document),
    }
}

/// The open elements, and what the closed ones have said so far.
#[derive(Default)]
struct Fold {
    open: Vec<Element>,
    has_root: bool,
    document: Document,
}

/// An open element.
struct Element {
    name: String,
    /// The text before the first child; what follows is white space, or ignored.
    text: String,
    children: Vec<Node>,
}

/// A closed element.
struct Node {
    value: Value,
    /// What was in it, kept only for elements without a meaning: a struct looks into its members.
    children: Vec<Node>,
}

impl Fold {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), ParseError> {
        let qualified = start.name();
        if !is_name(qualified.0) {
            return Err(malformed(format!("element name {:?}", qualified.0)));
        }
        for attribute in start.attributes() {
            attribute.map_err(malformed)?;
        }
        if self.open.is_empty() && self.has_root {
            return Err(malformed("more than one root element"));
        }
        if self.open.len() >= MAX_ELEMENT_DEPTH {
            return Err(ParseError::TooDeep);
        }
        self.has_root = true;
        // Extension types come with a prefix, such as ex:i8; no two meanings share a local name.
        let name = start.local_name().as_ref().to_owned();
        self.open.push(Element { name, text: String::new(), children: Vec::new() });
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), ParseError> {
        match self.open.last_mut() {
            Some(element) if element.children.is_empty() => element.text.push_str(text),
            Some(_) => {}
            None if text.trim_matches([' ', '\t', '\n']).is_empty() => {}
            None => return Err(outside(text)),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), ParseError> {
        // The reader has compared the names; an end without a start does not get here.
        let Some(element) = self.open.pop() else { return Err(malformed("unexpected closing tag")) };
        let mut node = Node { value: Value::Nil, children: Vec::new() };
        match element.name.as_str() {
            "methodName" => self.document.method = Some(element.text),
            "params" => self.document.params = Some(element.into_values()),
            "fault" => self.document.fault = Some(element.into_first("fault")?),
            _ => node = element.into_node()?,
        }
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(node);
        }
        Ok(())
    }
}

impl Element {
    fn into_node(self) -> Result<Node, ParseError> {
        let value = match self.name.as_str() {
            "value" if self.children.is_empty() => Value::String(self.text),
            "value" => self.into_first("value")?,
            "param" => self.into_first("param")?,
            "array" => self.into_first("array")?,
            "data" => Value::Array(self.into_values()),
            "struct" => Value::Struct(self.into_members()?),
            "string" => Value::String(self.text),
            "boolean" => Value::Bool(self.text == "1"),
            "int" => Value::Int(scalar("int", self.text, decimal)?),
            "i4" => Value::Int(scalar("i4", self.text, decimal)?),
            "i8" => Value::Int(scalar("i8", self.text, decimal)?),
            "double" => Value::Double(scalar("double", self.text, float)?),
            "dateTime.iso8601" => Value::DateTime(scalar("dateTime.iso8601", self.text, |text| {
                date_time_fields(text).map(|_| text.to_owned())
            })?),
            "base64" => {
                let data = scalar("base64", self.text, base64::decode)?;
                String::from_utf8(data).map_or_else(|error| Value::Bytes(error.into_bytes()), Value::String)
            }
            _ => {
                let value = if self.text.is_empty() { Value::Nil } else { Value::String(self.text) };
                return Ok(Node { value, children: self.children });
            }
        };
        Ok(Node { value, children: Vec::new() })
    }

    fn into_values(self) -> Vec<Value> {
        self.children.into_iter().map(|child| child.value).collect()
    }

    fn into_first(self, element: &'static str) -> Result<Value, ParseError> {
        let first = self.children.into_iter().next();
        first.map(|child| child.value).ok_or(ParseError::EmptyElement(element))
    }

    fn into_members(self) -> Result<Vec<(String, Value)>, ParseError> {
        let mut members: Vec<(String, Value)> = Vec::with_capacity(self.children.len());
        for member in self.children {
            let [key, value] = <[Node; 2]>::try_from(member.children).map_err(|_| ParseError::Member)?;
            let key = match key.value {
                Value::Nil => String::new(),
                Value::Array(_) | Value::Struct(_) => return Err(ParseError::Member),
                key => key.to_string(),
            };
            members.push((key, value.value));
        }
        Ok(without_duplicates(members))
    }
}

/// Keeps the place of the first of equal keys and the value of the last, as a Python dict does.
fn without_duplicates(members: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut places = std::collections::HashMap::with_capacity(members.len());
    let mut unique: Vec<(String, Value)> = Vec::with_capacity(members.len());
    for (key, value) in members {
        let place = *places.entry(key.clone()).or_insert(unique.len());
        match unique.get_mut(place) {
            Some(member) => member.1 = value,
            None => unique.push((key, value)),
        }
    }
    unique
}

fn scalar<T>(element: &'static str, text: String, parse: impl Fn(&str) -> Option<T>) -> Result<T, ParseError> {
    parse(&text).ok_or(ParseError::Scalar { element, text })
}

fn decimal(text: &str) -> Option<i64> {
    int(text, 10)
}

fn predefined_entity(name: &str) -> Result<char, ParseError> {
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(malformed(format!("undefined entity {name:?}"))),
    }
}

/// The `Name` production of XML 1.0, non-ASCII characters taken on trust.
fn is_name(name: &str) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':' || !c.is_ascii();
    name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_ascii_digit() || c == '-' || c == '.')
}

fn outside(text: &str) -> ParseError {
    malformed(format!("text {text:?} outside the root element"))
}

fn malformed(reason: impl ToString) -> ParseError {
    ParseError::Malformed(reason.to_string())
}
