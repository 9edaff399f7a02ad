//! XML-RPC values as lines, so that a difference is a line.

use std::fmt::Write as _;

use crate::xmlrpc::{Fault, Value};

/// Members that are times or pids: a number other than 0 shows as `N`.
const VARYING: &[&str] = &["pid", "start", "stop", "now"];

/// An answer as lines.
pub fn answer(outcome: Option<&Result<Value, Fault>>) -> String {
    match outcome {
        None => "no answer\n".to_owned(),
        Some(Err(fault)) => format!("fault {} {}\n", fault.code, fault.text),
        Some(Ok(value)) => {
            let mut out = String::new();
            lines(value, "", &mut out);
            out
        }
    }
}

fn lines(value: &Value, path: &str, out: &mut String) {
    match value {
        Value::Array(items) => {
            if items.is_empty() {
                let _ = writeln!(out, "{path}[]");
            }
            for (at, item) in items.iter().enumerate() {
                lines(item, &format!("{path}{}.", label(item).unwrap_or_else(|| at.to_string())), out);
            }
        }
        Value::Struct(members) => {
            for (name, member) in members {
                let shown = match (name.as_str(), member) {
                    (name, Value::Int(number)) if VARYING.contains(&name) && *number != 0 => "N".into(),
                    ("description", Value::Str(text)) => description(text).as_str().into(),
                    _ => member.clone(),
                };
                lines(&shown, &format!("{path}{name}"), out);
            }
        }
        // Writing to a string cannot fail.
        Value::Int(number) => drop(writeln!(out, "{path} = {number}")),
        Value::Bool(flag) => drop(writeln!(out, "{path} = {flag}")),
        Value::Double(number) => drop(writeln!(out, "{path} = {number}")),
        Value::Nil => drop(writeln!(out, "{path} = nil")),
        Value::Str(text) => drop(writeln!(out, "{path} = {text:?}")),
    }
}

/// A struct of a list by what it is about: `group:name`.
fn label(value: &Value) -> Option<String> {
    let Value::Struct(members) = value else { return None };
    let text = |wanted: &str| match members.iter().find(|(name, _)| name == wanted) {
        Some((_, Value::Str(text))) => Some(text.clone()),
        _ => None,
    };
    Some(format!("{}:{}", text("group")?, text("name")?))
}

/// `pid 4711, uptime 0:00:02` and `Nov 29 03:05 AM` without their numbers.
fn description(text: &str) -> String {
    if text.starts_with("pid ") {
        return "pid N, uptime N".to_owned();
    }
    let words: Vec<&str> = text.split(' ').collect();
    match words[..] {
        [_, _, time, "AM" | "PM"] if time.len() == 5 && time.as_bytes()[2] == b':' => "DATE".to_owned(),
        _ => text.to_owned(),
    }
}

/// A word of a case as a parameter: numbers and booleans are what they look like, and an underscore is a blank.
pub fn parameter(word: &str) -> Value {
    match word {
        "true" => true.into(),
        "false" => false.into(),
        word => word.parse::<i64>().map_or_else(|_| word.replace("\\n", "\n").as_str().into(), Value::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_lines() {
        let process = Value::Struct(vec![
            ("name".into(), "a".into()),
            ("group".into(), "g".into()),
            ("pid".into(), 4711.into()),
            ("stop".into(), 0.into()),
            ("description".into(), "Nov 29 03:05 AM".into()),
        ]);
        let text = answer(Some(&Ok(Value::Array(vec![process]))));
        let expected =
            "g:a.name = \"a\"\ng:a.group = \"g\"\ng:a.pid = \"N\"\ng:a.stop = 0\ng:a.description = \"DATE\"\n";
        assert_eq!(text, expected);
        assert_eq!(parameter("12"), Value::Int(12));
    }
}
