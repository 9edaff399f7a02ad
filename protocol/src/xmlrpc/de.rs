//! [`Value`]s → Rust types.
//!
//! A client may talk to a daemon of another version, and some servers in the field are sloppy, so records are
//! read leniently, while a result as a whole must be what was asked for. The line is drawn by nesting:
//!
//! * the value itself is taken for what it is: an `i64` wants an int, a struct wants a struct;
//! * whatever is *inside* an array or a struct is converted as Python would ([`Value::to_int`],
//!   [`Value::is_truthy`], `str()`), and where that has no meaning it is zero, false, empty text or an empty
//!   list. Only structs and tuples keep their shape at any depth.
//!
//! Keys that the type does not know are skipped; those it misses are errors unless it says
//! `#[serde(default)]`, as the records do. Nil and the text `none` are `None`.

use std::fmt::Display;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

use super::ser::NONE;
use super::value::Value;

/// A value that is not of the shape asked for: `expected a process struct, not array`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongShape(String);

impl WrongShape {
    /// What was expected, in words, and what there is.
    pub fn new(expected: &dyn Expected, found: &Value) -> WrongShape {
        WrongShape(format!("expected {expected}, not {}", found.kind()))
    }
}

impl de::Error for WrongShape {
    fn custom<T: Display>(reason: T) -> WrongShape {
        WrongShape(reason.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> WrongShape {
        WrongShape(format!("expected {expected}, not {found}"))
    }
}

/// Reads a record, a list or a scalar.
///
/// ```
/// use supervisor_protocol::rpc::TaskResult;
/// use supervisor_protocol::xmlrpc::{Value, from_value};
/// let value = vec![Value::structure([("name", "web".into()), ("status", "80".into())])].into();
/// let results: Vec<TaskResult> = from_value(&value)?;
/// assert_eq!((results[0].name.as_str(), results[0].is_success()), ("web", true));
/// assert!(from_value::<i64>(&value).is_err());
/// # Ok::<(), supervisor_protocol::xmlrpc::WrongShape>(())
/// ```
///
/// # Errors
///
/// The value is of another kind, a struct or tuple inside it is, or whatever the type's own `Deserialize`
/// refuses.
pub fn from_value<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, WrongShape> {
    T::deserialize(FromValue { value, is_inside: false })
}

#[derive(Clone, Copy)]
struct FromValue<'de> {
    value: &'de Value,
    /// Whether it is in an array or a struct, and so read leniently.
    is_inside: bool,
}

impl<'de> FromValue<'de> {
    fn inside(value: &'de Value) -> FromValue<'de> {
        FromValue { value, is_inside: true }
    }

    fn visit_items<V: Visitor<'de>>(items: &'de [Value], visitor: V) -> Result<V::Value, WrongShape> {
        visitor.visit_seq(SeqDeserializer::new(items.iter().map(FromValue::inside)))
    }
}

impl<'de> IntoDeserializer<'de, WrongShape> for FromValue<'de> {
    type Deserializer = FromValue<'de>;

    fn into_deserializer(self) -> FromValue<'de> {
        self
    }
}

/// Methods for integers; inside, what is none or does not fit is zero.
macro_rules! integers {
    ($($deserialize:ident $visit:ident $type:ty,)*) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongShape> {
            if !self.is_inside {
                return self.deserialize_any(visitor);
            }
            let number = self.value.to_int().unwrap_or_default();
            visitor.$visit(<$type>::try_from(number).unwrap_or_default())
        })*
    };
}

impl<'de> Deserializer<'de> for FromValue<'de> {
    type Error = WrongShape;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongShape> {
        match self.value {
            Value::Nil => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Int(number) => visitor.visit_i64(*number),
            Value::Double(number) => visitor.visit_f64(*number),
            Value::String(text) | Value::DateTime(text) => visitor.visit_borrowed_str(text),
            Value::Bytes(data) => visitor.visit_borrowed_bytes(data),
            Value::Array(items) => FromValue::visit_items(items, visitor),
            Value::Struct(members) => {
                let members = members.iter().map(|(key, value)| (key.as_str(), FromValue::inside(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
        }
    }

    integers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongShape> {
        match self.is_inside {
            true => visitor.visit_bool(self.value.is_truthy()),
            false => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongShape> {
        match self.value {
            Value::Nil if self.is_inside => visitor.visit_borrowed_str(""),
            Value::String(text) => visitor.visit_borrowed_str(text),
            other if self.is_inside => visitor.visit_string(other.to_string()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongShape> {
        self.deserialize_string(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongShape> {
        match self.value {
            Value::Array(items) => FromValue::visit_items(items, visitor),
            _ if self.is_inside => FromValue::visit_items(&[], visitor),
            other => Err(WrongShape::new(&"an array", other)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongShape> {
        match self.value {
            Value::Nil => visitor.visit_none(),
            Value::String(text) if text == NONE => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, WrongShape> {
        match self.value {
            Value::Array(items) if items.len() == length => FromValue::visit_items(items, visitor),
            other => Err(WrongShape::new(&visitor, other)),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, WrongShape> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, WrongShape> {
        match self.value {
            Value::Struct(_) => self.deserialize_any(visitor),
            other => Err(WrongShape::new(&visitor, other)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, WrongShape> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, WrongShape> {
        match self.value {
            Value::String(variant) => visitor.visit_enum(variant.as_str().into_deserializer()),
            other => Err(WrongShape::new(&visitor, other)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, WrongShape> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct map identifier
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, expecting = "a record")]
    struct Record<'a> {
        text: String,
        borrowed: &'a str,
        number: u16,
        flag: bool,
        list: Vec<i64>,
        absent: Option<String>,
        ratio: f64,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Newtype(i64);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair(Newtype, Unit);

    #[derive(Debug, PartialEq, Deserialize)]
    enum Unit {
        Bytes,
    }

    fn error<'de, T: Deserialize<'de> + std::fmt::Debug>(value: &'de Value) -> String {
        from_value::<T>(value).unwrap_err().to_string()
    }

    #[test]
    fn a_value_by_itself_is_taken_for_what_it_is() {
        assert_eq!(from_value(&7.into()), Ok(7_u8));
        assert_eq!(from_value(&true.into()), Ok(true));
        assert_eq!(from_value(&1.5.into()), Ok(1.5));
        assert_eq!(from_value(&"text".into()), Ok("text"));
        assert_eq!(from_value(&Value::Nil), Ok(()));
        assert_eq!(error::<i64>(&"7".into()), "expected i64, not string \"7\"");
        assert_eq!(error::<bool>(&1.into()), "expected a boolean, not integer `1`");
        assert_eq!(error::<String>(&7.into()), "expected a string, not integer `7`");
        assert_eq!(error::<Vec<i64>>(&"7".into()), "expected an array, not string");
        assert_eq!(error::<Record<'_>>(&Value::Array(vec![])), "expected a record, not array");
        assert!(from_value::<u8>(&256.into()).is_err());
    }

    #[test]
    fn what_is_inside_is_converted() {
        let odd = Value::structure([
            ("text", 7.into()),
            ("borrowed", "b".into()),
            ("number", " 80 ".into()),
            ("flag", "false".into()),
            ("list", vec!["1".into(), 2.9.into(), Value::Nil].into()),
            ("absent", "none".into()),
            ("ratio", 2.into()),
            ("unknown", Value::Bytes(vec![0xff])),
        ]);
        let expected = Record {
            text: "7".into(),
            borrowed: "b",
            number: 80,
            flag: true,
            list: vec![1, 2, 0],
            absent: None,
            ratio: 2.0,
        };
        assert_eq!(from_value(&odd), Ok(expected));
        let meaningless =
            Value::structure([("text", Value::Nil), ("number", (-1).into()), ("list", 7.into()), ("flag", 0.into())]);
        assert_eq!(from_value(&meaningless), Ok(Record::default()));
        assert_eq!(from_value(&Value::Struct(vec![])), Ok(Record::default()));
    }

    #[test]
    fn shapes_hold_at_any_depth() {
        let pair = Value::Array(vec!["7".into(), "Bytes".into()]);
        assert_eq!(from_value(&pair), Ok(Pair(Newtype(7), Unit::Bytes)));
        assert_eq!(
            from_value(&Value::structure([("k", pair.clone())])),
            Ok(BTreeMap::from([("k".to_owned(), ("7", "Bytes"))]))
        );
        assert_eq!(error::<(i64,)>(&pair), "expected a tuple of size 1, not array");
        assert_eq!(error::<Vec<Record<'_>>>(&pair), "expected a record, not string");
        assert_eq!(error::<Unit>(&"Other".into()), "unknown variant `Other`, expected `Bytes`");
        assert_eq!(error::<Unit>(&7.into()), "expected enum Unit, not int");
    }
}
