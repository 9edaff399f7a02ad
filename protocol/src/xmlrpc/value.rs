//! What a parameter or a result can be, with the conversions a lenient server needs.

use std::fmt;

use crate::repr::str_repr;
use crate::text;

/// One XML-RPC value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `<nil/>`. Accepted, never sent by the daemon.
    Nil,
    /// `<boolean>`.
    Bool(bool),
    /// `<int>`, and when read also `<i4>` and `<i8>`. Read values of any size saturate at 64 bits, written
    /// ones at 32.
    Int(i64),
    /// `<double>`.
    Double(f64),
    /// `<string>`, an untyped value, or `<base64>` that holds UTF-8: Supervisor has no binary type.
    String(String),
    /// `<dateTime.iso8601>`, in the form `20261122T10:52:35`.
    DateTime(String),
    /// `<base64>` that is not UTF-8. Only `sendProcessStdin` has a use for it; see
    /// [`contains_bytes`](Value::contains_bytes).
    Bytes(Vec<u8>),
    /// `<array>`.
    Array(Vec<Value>),
    /// `<struct>`, in wire order. Keys are unique when read: the last of several wins.
    Struct(Vec<(String, Value)>),
}

impl Value {
    /// A struct from its members in wire order.
    pub fn structure<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
        Value::Struct(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an integer.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The member of a struct with this key; none if it has none, or this is no struct.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Struct(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// What Python's `int()` makes of it: numbers truncated, booleans 0 or 1, text parsed with blanks
    /// around it allowed. Offsets, lengths and signal numbers arrive in all these shapes.
    pub fn to_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            Value::Bool(flag) => Some(i64::from(*flag)),
            // `as` saturates, which is what sizes beyond any file want.
            Value::Double(number) => number.is_finite().then_some(*number as i64),
            Value::String(text) => text::int(text, 10),
            _ => None,
        }
    }

    /// Python's truth of a value: empty, zero and nil are false, everything else is true, `'false'` too.
    /// This is how `wait` is read.
    pub fn is_truthy(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(flag) => *flag,
            Value::Int(number) => *number != 0,
            Value::Double(number) => *number != 0.0,
            Value::String(text) => !text.is_empty(),
            Value::DateTime(_) => true,
            Value::Bytes(data) => !data.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Struct(members) => !members.is_empty(),
        }
    }

    /// Whether binary data that is not text is in it, at any depth.
    ///
    /// Supervisor refuses such a request with HTTP 400. A server that wants to let `sendProcessStdin` carry
    /// raw bytes asks this of every other call.
    pub fn contains_bytes(&self) -> bool {
        match self {
            Value::Bytes(_) => true,
            Value::Array(items) => items.iter().any(Value::contains_bytes),
            Value::Struct(members) => members.iter().any(|(_, value)| value.contains_bytes()),
            _ => false,
        }
    }

    /// The kind of value, for messages: `nil`, `boolean`, `int`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Bool(_) => "boolean",
            Value::Int(_) => "int",
            Value::Double(_) => "double",
            Value::String(_) => "string",
            Value::DateTime(_) => "dateTime.iso8601",
            Value::Bytes(_) => "base64",
            Value::Array(_) => "array",
            Value::Struct(_) => "struct",
        }
    }

    fn fmt_repr(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::String(text) => f.write_str(&str_repr(text)),
            Value::Bytes(data) => f.write_str(&str_repr(&String::from_utf8_lossy(data))),
            Value::DateTime(text) => match date_time_fields(text) {
                // Python leaves out seconds of zero.
                Some([year, month, day, hour, minute, 0]) => {
                    write!(f, "datetime.datetime({year}, {month}, {day}, {hour}, {minute})")
                }
                Some([year, month, day, hour, minute, second]) => {
                    write!(f, "datetime.datetime({year}, {month}, {day}, {hour}, {minute}, {second})")
                }
                None => f.write_str(&str_repr(text)),
            },
            other => write!(f, "{other}"),
        }
    }
}

/// What Python's `str()` prints: `True`, `None`, `[1, 'a']`, `{'a': 1}`; a string as it is.
///
/// Fault texts quote odd arguments this way, and `sendRemoteCommEvent` turns its arguments into text.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => f.write_str("None"),
            Value::Bool(flag) => f.write_str(if *flag { "True" } else { "False" }),
            Value::Int(number) => write!(f, "{number}"),
            Value::Double(number) => f.write_str(&float_repr(*number)),
            Value::String(text) => f.write_str(text),
            Value::DateTime(text) => match date_time_fields(text) {
                Some([year, month, day, hour, minute, second]) => {
                    write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
                }
                None => f.write_str(text),
            },
            Value::Bytes(data) => f.write_str(&String::from_utf8_lossy(data)),
            Value::Array(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    item.fmt_repr(f)?;
                }
                f.write_str("]")
            }
            Value::Struct(members) => {
                f.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    write!(f, "{}: ", str_repr(key))?;
                    value.fmt_repr(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

macro_rules! value_from {
    ($($type:ty => $variant:ident,)*) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::$variant(value.into())
            }
        })*
    };
}

value_from! {
    bool => Bool,
    i32 => Int,
    u32 => Int,
    i64 => Int,
    f64 => Double,
    &str => String,
    String => String,
    Vec<Value> => Array,
}

/// Year, month, day, hour, minute and second of `20261122T10:52:35`, if it is a date that exists.
pub(super) fn date_time_fields(text: &str) -> Option<[u16; 6]> {
    let (date, time) = text.split_once('T')?;
    let separators_fit = time.get(2..3) == Some(":") && time.get(5..6) == Some(":");
    if date.len() != 8 || time.len() != 8 || !separators_fit {
        return None;
    }
    let number = |digits: Option<&str>| {
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<u16>().ok()
    };
    let fields = [
        number(date.get(..4))?,
        number(date.get(4..6))?,
        number(date.get(6..))?,
        number(time.get(..2))?,
        number(time.get(3..5))?,
        number(time.get(6..))?,
    ];
    let [year, month, day, hour, minute, second] = fields;
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap_year => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let exists = year >= 1 && (1..=12).contains(&month) && (1..=days).contains(&day);
    (exists && hour < 24 && minute < 60 && second < 60).then_some(fields)
}

/// A float the way Python prints it: the shortest digits that read back the same, `1.0`, `1e-05`, `1e+16`.
pub(super) fn float_repr(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string().to_lowercase();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(-4..16) | Err(_) => format!("{number:?}"),
        Ok(power) => format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_python_prints_them() {
        for (number, expected) in [
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (0.1, "0.1"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (-2.5, "-2.5"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(float_repr(number), expected);
        }
    }

    #[test]
    fn display_is_pythons_str() {
        let value = Value::Array(vec![
            Value::Int(1),
            "it's".into(),
            true.into(),
            Value::Nil,
            Value::structure([("a", 1.5.into()), ("b", Value::Array(vec![]))]),
            Value::DateTime("20260102T03:04:00".into()),
            Value::DateTime("20260102T03:04:05".into()),
        ]);
        assert_eq!(
            value.to_string(),
            "[1, \"it's\", True, None, {'a': 1.5, 'b': []}, datetime.datetime(2026, 1, 2, 3, 4), \
             datetime.datetime(2026, 1, 2, 3, 4, 5)]"
        );
        assert_eq!(Value::from("it's").to_string(), "it's");
        assert_eq!(Value::DateTime("20260102T03:04:00".into()).to_string(), "2026-01-02 03:04:00");
        assert_eq!(Value::Bytes(b"a\xff".to_vec()).to_string(), "a\u{fffd}");
    }

    #[test]
    fn integers_from_odd_shapes() {
        for (value, expected) in [
            (Value::from(" -7\n"), Some(-7)),
            (Value::from("+7"), Some(7)),
            (Value::from("1_0"), Some(10)),
            (Value::from("99999999999999999999"), Some(i64::MAX)),
            (Value::from("-99999999999999999999"), Some(i64::MIN)),
            (Value::from("1.5"), None),
            (Value::from(""), None),
            (Value::from(-1.9), Some(-1)),
            (Value::from(f64::NAN), None),
            (Value::from(true), Some(1)),
            (Value::Nil, None),
            (Value::Array(vec![]), None),
        ] {
            assert_eq!(value.to_int(), expected, "{value:?}");
        }
    }

    #[test]
    fn truth_is_pythons() {
        for value in [Value::Nil, 0.into(), 0.0.into(), "".into(), false.into(), Value::Array(vec![])] {
            assert!(!value.is_truthy(), "{value:?}");
        }
        for value in [Value::from("false"), "0".into(), (-1).into(), f64::NAN.into(), vec![Value::Nil].into()] {
            assert!(value.is_truthy(), "{value:?}");
        }
    }

    #[test]
    fn bytes_are_found_at_any_depth() {
        let deep = Value::Array(vec![Value::structure([("a", Value::Bytes(vec![0xff]))])]);
        assert!(deep.contains_bytes());
        assert!(!Value::Array(vec!["text".into()]).contains_bytes());
    }

    #[test]
    fn only_existing_dates_are_dates() {
        for text in ["20240229T23:59:59", "20000229T00:00:00", "00010101T00:00:00"] {
            assert!(date_time_fields(text).is_some(), "{text}");
        }
        for text in [
            "20230229T00:00:00",
            "19000229T00:00:00",
            "20260431T00:00:00",
            "20261301T00:00:00",
            "20260100T00:00:00",
            "20260101T24:00:00",
            "20260101T00:00:60",
            "20260101 00:00:00",
            "2026-01-01T00:00:00",
            "20260101T00-00-00",
            "20260101T00:00:0é",
            "+0260101T00:00:00",
            "00000101T00:00:00",
            " 20260101T00:00:00",
            "",
        ] {
            assert!(date_time_fields(text).is_none(), "{text}");
        }
    }
}
