//! Python's `%` operator on a mapping: the engine below [`expand`](super::expand).
//!
//! A conversion is `%`, an optional `(name)`, flags, width, precision, an ignored length letter, and a type.
//! `%%` is a percent sign. Values are strings, except for the two numbers `process_num` and `numprocs`, so the
//! number types matter only for those. Problems are found in CPython's order: a name is looked up before its
//! conversion is read, and the leftmost problem wins.
//!
//! One thing is refused that Python does: `%s` without a name would print the whole mapping.

use std::borrow::Cow;
use std::str::Chars;

use crate::repr::str_repr;

/// Widths and precisions beyond this are refused instead of allocated.
const WIDEST: usize = 1 << 20;

/// A result longer than this is refused: one value that names a large variable often enough would take all memory. No
/// system passes as much to a program.
const LONGEST: usize = 1 << 24;

/// A value that a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A string.
    Text(String),
    /// A number.
    Int(i128),
}

/// Why a format string cannot be applied.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// No such name.
    Unknown(String),
    /// Anything else, in CPython's words.
    Malformed(String),
}

/// Applies a format string to the mapping that `lookup` answers for.
///
/// # Errors
/// The leftmost problem.
pub fn format<'a>(text: &str, lookup: &dyn Fn(&str) -> Option<&'a Term>) -> Result<String, Failure> {
    let mut formatter = Formatter { text, rest: text.chars(), out: String::with_capacity(text.len()), fresh: true };
    while let Some((plain, rest)) = formatter.rest.as_str().split_once('%') {
        formatter.out.push_str(plain);
        formatter.rest = rest.chars();
        formatter.conversion(lookup)?;
        if formatter.out.len() > LONGEST {
            return malformed("result too big");
        }
    }
    formatter.out.push_str(formatter.rest.as_str());
    Ok(formatter.out)
}

fn malformed<T>(detail: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Malformed(detail.into()))
}

/// What a conversion without a name would take: CPython offers the mapping itself, once.
enum Argument<'a> {
    Term(&'a Term),
    Mapping,
}

impl Argument<'_> {
    fn type_name(&self) -> &'static str {
        match self {
            Argument::Term(Term::Text(_)) => "str",
            Argument::Term(Term::Int(_)) => "int",
            Argument::Mapping => "dict",
        }
    }
}

#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    blank: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

struct Formatter<'t> {
    /// The whole format string.
    text: &'t str,
    /// What has not been read of it.
    rest: Chars<'t>,
    out: String,
    /// No conversion has taken an argument yet, so the mapping is still on offer.
    fresh: bool,
}

impl<'t> Formatter<'t> {
    fn must_next(&mut self) -> Result<char, Failure> {
        self.rest.next().map_or_else(|| malformed("incomplete format"), Ok)
    }

    /// Reads and applies one conversion; its `%` has been read.
    fn conversion<'a>(&mut self, lookup: &dyn Fn(&str) -> Option<&'a Term>) -> Result<(), Failure> {
        let mut c = self.must_next()?;
        if c == '%' {
            self.out.push('%');
            return Ok(());
        }
        let mut argument = None;
        if c == '(' {
            let name = self.name()?;
            let term = lookup(name).ok_or_else(|| Failure::Unknown(name.to_owned()))?;
            argument = Some(Argument::Term(term));
            self.fresh = false;
            c = self.must_next()?;
        } else if std::mem::replace(&mut self.fresh, false) {
            argument = Some(Argument::Mapping);
        }
        let mut spec = Spec::default();
        loop {
            match c {
                '-' => spec.left = true,
                '+' => spec.plus = true,
                ' ' => spec.blank = true,
                '#' => spec.alternate = true,
                '0' => spec.zero = true,
                _ => break,
            }
            c = self.must_next()?;
        }
        (spec.width, c) = match c {
            '*' => (take_star(&mut argument)?, self.must_next()?),
            c => self.number(c, "width too big")?,
        };
        if c == '.' {
            c = self.must_next()?;
            let (precision, next) = match c {
                '*' => (take_star(&mut argument)?, self.must_next()?),
                c => self.number(c, "precision too big")?,
            };
            spec.precision = Some(precision);
            c = next;
        }
        if matches!(c, 'h' | 'l' | 'L') {
            c = self.must_next()?;
        }
        let Some(argument) = argument else {
            return malformed("not enough arguments for format string");
        };
        self.apply(&spec, c, &argument)
    }

    /// The name in parentheses, which may contain balanced ones.
    fn name(&mut self) -> Result<&'t str, Failure> {
        let mut depth = 1;
        let text = self.rest.as_str();
        for (at, c) in text.char_indices() {
            match c {
                ')' => depth -= 1,
                '(' => depth += 1,
                _ => {}
            }
            if depth == 0 {
                let (name, rest) = text.split_at(at);
                self.rest = rest.chars();
                self.rest.next();
                return Ok(name);
            }
        }
        malformed("incomplete format key")
    }

    /// A run of digits starting with `c`, and the character after it.
    fn number(&mut self, mut c: char, too_big: &str) -> Result<(usize, char), Failure> {
        let mut number = 0;
        while let Some(digit) = c.to_digit(10) {
            number = number * 10 + digit as usize;
            if number > WIDEST {
                return malformed(too_big);
            }
            c = self.must_next()?;
        }
        Ok((number, c))
    }

    fn apply(&mut self, spec: &Spec, conversion: char, argument: &Argument<'_>) -> Result<(), Failure> {
        let text = match conversion {
            's' | 'r' | 'a' => {
                let Argument::Term(term) = argument else {
                    return malformed("not enough arguments for format string");
                };
                let text = textual(term, conversion);
                match spec.precision {
                    Some(precision) => text.chars().take(precision).collect(),
                    None => text,
                }
            }
            'c' => Cow::Owned(character(argument)?.to_string()),
            'd' | 'i' | 'u' | 'o' | 'x' | 'X' => {
                let Argument::Term(Term::Int(number)) = argument else {
                    let wanted = if matches!(conversion, 'd' | 'i' | 'u') { "a real number" } else { "an integer" };
                    return malformed(format!(
                        "%{conversion} format: {wanted} is required, not {}",
                        argument.type_name()
                    ));
                };
                let (prefix, digits) = integer(*number, conversion, spec);
                self.number_field(spec, *number < 0, prefix, &digits);
                return Ok(());
            }
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                let Argument::Term(Term::Int(number)) = argument else {
                    return malformed(format!("must be real number, not {}", argument.type_name()));
                };
                let digits = real(*number, conversion, spec);
                self.number_field(spec, *number < 0, "", &digits);
                return Ok(());
            }
            other => {
                let shown = if ('\x1f'..='~').contains(&other) { other } else { '?' };
                let read = self.text.len() - self.rest.as_str().len();
                let index = self.text.get(..read).map_or(0, |read| read.chars().count()).saturating_sub(1);
                let code = u32::from(other);
                return malformed(format!("unsupported format character '{shown}' (0x{code:x}) at index {index}"));
            }
        };
        let padding = if spec.width == 0 { 0 } else { spec.width.saturating_sub(text.chars().count()) };
        self.pad(' ', if spec.left { 0 } else { padding });
        self.out.push_str(&text);
        self.pad(' ', if spec.left { padding } else { 0 });
        Ok(())
    }

    fn number_field(&mut self, spec: &Spec, negative: bool, prefix: &str, digits: &str) {
        let sign = match spec {
            _ if negative => "-",
            Spec { plus: true, .. } => "+",
            Spec { blank: true, .. } => " ",
            _ => "",
        };
        let padding = spec.width.saturating_sub(sign.len() + prefix.len() + digits.len());
        let zeros = if spec.zero && !spec.left { padding } else { 0 };
        self.pad(' ', if spec.left || spec.zero { 0 } else { padding });
        self.out.push_str(sign);
        self.out.push_str(prefix);
        self.pad('0', zeros);
        self.out.push_str(digits);
        self.pad(' ', if spec.left { padding } else { 0 });
    }

    fn pad(&mut self, fill: char, count: usize) {
        self.out.extend(std::iter::repeat_n(fill, count));
    }
}

/// `*` takes the argument as a width, and nothing is left to convert then.
fn take_star(argument: &mut Option<Argument<'_>>) -> Result<usize, Failure> {
    match argument.take() {
        Some(Argument::Term(Term::Int(_))) => Ok(0),
        Some(_) => malformed("* wants int"),
        None => malformed("not enough arguments for format string"),
    }
}

fn textual(term: &Term, conversion: char) -> Cow<'_, str> {
    let text = match term {
        Term::Int(number) => return Cow::Owned(number.to_string()),
        Term::Text(text) => text,
    };
    Cow::Owned(match conversion {
        's' => return Cow::Borrowed(text),
        'r' => str_repr(text),
        _ => str_repr(text).chars().fold(String::new(), |mut out, c| {
            match u32::from(c) {
                0..=0x7f => out.push(c),
                code @ 0x80..=0xff => out.push_str(&format!("\\x{code:02x}")),
                code @ 0x100..=0xffff => out.push_str(&format!("\\u{code:04x}")),
                code => out.push_str(&format!("\\U{code:08x}")),
            }
            out
        }),
    })
}

fn character(argument: &Argument<'_>) -> Result<char, Failure> {
    match argument {
        Argument::Term(Term::Int(number)) => u32::try_from(*number)
            .ok()
            .and_then(char::from_u32)
            .map_or_else(|| malformed("%c arg not in range(0x110000)"), Ok),
        Argument::Term(Term::Text(text)) => {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Ok(c),
                _ => malformed("%c requires int or char"),
            }
        }
        Argument::Mapping => malformed("%c requires int or char"),
    }
}

/// Prefix and digits of a number without its sign.
fn integer(number: i128, conversion: char, spec: &Spec) -> (&'static str, String) {
    let number = number.unsigned_abs();
    let (prefix, digits) = match conversion {
        'o' => ("0o", format!("{number:o}")),
        'x' => ("0x", format!("{number:x}")),
        'X' => ("0X", format!("{number:X}")),
        _ => ("", number.to_string()),
    };
    let missing = spec.precision.unwrap_or(0).saturating_sub(digits.len());
    (if spec.alternate { prefix } else { "" }, "0".repeat(missing) + &digits)
}

/// A number without its sign as a float.
fn real(number: i128, conversion: char, spec: &Spec) -> String {
    let number = (number as f64).abs();
    let precision = spec.precision.unwrap_or(6);
    let mut text = match conversion.to_ascii_lowercase() {
        'f' => with_point(format!("{number:.precision$}"), spec.alternate),
        'e' => exponential(number, precision, spec.alternate),
        _ => {
            let significant = precision.max(1);
            // Scientific notation tells the exponent after rounding.
            let exponent = format!("{number:.*e}", significant - 1)
                .split_once('e')
                .and_then(|(_, exponent)| exponent.parse::<usize>().ok())
                .unwrap_or(0);
            if exponent < significant {
                let fixed = with_point(format!("{number:.*}", significant - 1 - exponent), spec.alternate);
                if spec.alternate { fixed } else { without_zeros(&fixed).to_owned() }
            } else {
                let text = exponential(number, significant - 1, spec.alternate);
                match text.split_once('e') {
                    Some((mantissa, exponent)) if !spec.alternate => {
                        format!("{}e{exponent}", without_zeros(mantissa))
                    }
                    _ => text,
                }
            }
        }
    };
    if conversion.is_ascii_uppercase() {
        text.make_ascii_uppercase();
    }
    text
}

/// `1.500000e+03`: integers have no negative exponents.
fn exponential(number: f64, precision: usize, alternate: bool) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e+{exponent:0>2}", with_point(mantissa.to_owned(), alternate))
}

fn with_point(mut text: String, always: bool) -> String {
    if always && !text.contains('.') {
        text.push('.');
    }
    text
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
