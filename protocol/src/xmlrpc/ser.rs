//! Rust types → [`Value`]s.
//!
//! Structs become structs with their fields in order, because the order is part of the contract; sequences
//! and tuples become arrays. XML-RPC as Supervisor speaks it has no null, so `None` is the text `none`, and
//! no wider integer than [`Value::Int`], so what does not fit saturates. Enums are their variants' names;
//! variants with data have no form that a client would know, and are refused.

use std::fmt::Display;

use serde::ser::{self, Impossible};
use serde::{Serialize, Serializer};

use super::value::Value;

/// What `None` travels as, and what is read as `None`.
pub(super) const NONE: &str = "none";

/// A type that no value stands for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no xml-rpc value for {0}")]
pub struct Unrepresentable(String);

/// The value that stands for a record, a list or a scalar.
///
/// ```
/// use supervisor_protocol::xmlrpc::to_value;
/// assert_eq!(to_value(&("web", None::<i64>, [true]))?.to_string(), "['web', 'none', [True]]");
/// # Ok::<(), supervisor_protocol::xmlrpc::Unrepresentable>(())
/// ```
///
/// # Errors
///
/// An enum's variant with data, a map whose keys are no texts, a 128-bit integer, or whatever the type's own
/// `Serialize` refuses.
pub fn to_value<T: Serialize + ?Sized>(data: &T) -> Result<Value, Unrepresentable> {
    data.serialize(ToValue)
}

impl ser::Error for Unrepresentable {
    fn custom<T: Display>(reason: T) -> Unrepresentable {
        Unrepresentable(reason.to_string())
    }
}

struct ToValue;

/// Methods for scalars that a [`Value`] can be made from.
macro_rules! scalars {
    ($($method:ident($type:ty) as $wide:ty,)*) => {
        $(fn $method(self, scalar: $type) -> Result<Value, Unrepresentable> {
            Ok(<$wide>::from(scalar).into())
        })*
    };
}

impl Serializer for ToValue {
    type Ok = Value;
    type Error = Unrepresentable;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Impossible<Value, Unrepresentable>;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Impossible<Value, Unrepresentable>;

    scalars! {
        serialize_bool(bool) as bool,
        serialize_i8(i8) as i64,
        serialize_i16(i16) as i64,
        serialize_i32(i32) as i64,
        serialize_i64(i64) as i64,
        serialize_u8(u8) as i64,
        serialize_u16(u16) as i64,
        serialize_u32(u32) as i64,
        serialize_f32(f32) as f64,
        serialize_f64(f64) as f64,
        serialize_char(char) as String,
        serialize_str(&str) as String,
    }

    fn serialize_u64(self, number: u64) -> Result<Value, Unrepresentable> {
        Ok(Value::Int(number.try_into().unwrap_or(i64::MAX)))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value, Unrepresentable> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn serialize_none(self) -> Result<Value, Unrepresentable> {
        Ok(NONE.into())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, data: &T) -> Result<Value, Unrepresentable> {
        data.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Unrepresentable> {
        Ok(Value::Nil)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value, Unrepresentable> {
        Ok(Value::Nil)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Value, Unrepresentable> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        data: &T,
    ) -> Result<Value, Unrepresentable> {
        data.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        _data: &T,
    ) -> Result<Value, Unrepresentable> {
        Err(with_data(name, variant))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items, Unrepresentable> {
        Ok(Items(Vec::with_capacity(length.unwrap_or_default())))
    }

    fn serialize_tuple(self, length: usize) -> Result<Items, Unrepresentable> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> Result<Items, Unrepresentable> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, Unrepresentable> {
        Err(with_data(name, variant))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Members, Unrepresentable> {
        Ok(Members { members: Vec::with_capacity(length.unwrap_or_default()), key: String::new() })
    }

    fn serialize_struct(self, _name: &'static str, length: usize) -> Result<Members, Unrepresentable> {
        self.serialize_map(Some(length))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, Unrepresentable> {
        Err(with_data(name, variant))
    }
}

fn with_data(name: &str, variant: &str) -> Unrepresentable {
    Unrepresentable(format!("{name}::{variant} with its data"))
}

/// An array so far.
struct Items(Vec<Value>);

/// The three traits of arrays differ in the name of one method.
macro_rules! array {
    ($($trait:ident $method:ident,)*) => {
        $(impl ser::$trait for Items {
            type Ok = Value;
            type Error = Unrepresentable;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Unrepresentable> {
                self.0.push(to_value(item)?);
                Ok(())
            }

            fn end(self) -> Result<Value, Unrepresentable> {
                Ok(Value::Array(self.0))
            }
        })*
    };
}

array! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
}

/// A struct so far, and in a map the key whose value comes next.
struct Members {
    members: Vec<(String, Value)>,
    key: String,
}

impl ser::SerializeStruct for Members {
    type Ok = Value;
    type Error = Unrepresentable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, data: &T) -> Result<(), Unrepresentable> {
        self.members.push((key.to_owned(), to_value(data)?));
        Ok(())
    }

    fn end(self) -> Result<Value, Unrepresentable> {
        Ok(Value::Struct(self.members))
    }
}

impl ser::SerializeMap for Members {
    type Ok = Value;
    type Error = Unrepresentable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unrepresentable> {
        match to_value(key)? {
            Value::String(key) => self.key = key,
            other => return Err(Unrepresentable(format!("a key of type {}", other.kind()))),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, data: &T) -> Result<(), Unrepresentable> {
        self.members.push((std::mem::take(&mut self.key), to_value(data)?));
        Ok(())
    }

    fn end(self) -> Result<Value, Unrepresentable> {
        Ok(Value::Struct(self.members))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize)]
    enum Enum {
        Unit,
        One(u8),
        Two(u8, u8),
        Named { a: u8 },
    }

    #[derive(Serialize)]
    struct Newtype(f32);

    #[derive(Serialize)]
    struct Pair(char, ());

    #[derive(Serialize)]
    struct Record<'a> {
        zulu: u64,
        alpha: Option<&'a str>,
        map: BTreeMap<&'a str, Newtype>,
        pairs: Vec<Pair>,
        #[serde(skip_serializing_if = "Option::is_none")]
        left_out: Option<i64>,
        unit: Enum,
    }

    #[test]
    fn fields_keep_their_order() {
        let record = Record {
            zulu: u64::MAX,
            alpha: None,
            map: [("y", Newtype(0.5)), ("x", Newtype(1.0))].into(),
            pairs: vec![Pair('é', ())],
            left_out: None,
            unit: Enum::Unit,
        };
        assert_eq!(
            to_value(&record).unwrap().to_string(),
            "{'zulu': 9223372036854775807, 'alpha': 'none', 'map': {'x': 1.0, 'y': 0.5}, 'pairs': [['é', None]], \
             'unit': 'Unit'}"
        );
    }

    #[test]
    fn what_has_no_value_is_refused() {
        for variant in [Enum::One(1), Enum::Two(1, 2), Enum::Named { a: 1 }] {
            let error = to_value(&[variant]).unwrap_err().to_string();
            assert!(error.starts_with("no xml-rpc value for Enum::") && error.ends_with(" with its data"), "{error}");
        }
        let error = to_value(&BTreeMap::from([(1, "one")])).unwrap_err();
        assert_eq!(error.to_string(), "no xml-rpc value for a key of type int");
        assert!(to_value(&1_i128).is_err());
    }
}
