//! Python's `optparse` rules over a table of options: what the batch listeners' command lines follow.
//!
//! It differs from the `getopt` of the other programs: options stand anywhere among other words, the help
//! option acts at once, in its place, and the errors read otherwise (`ev_s22`). Nothing here knows what an
//! option means, except that there is one that asks for help.

use std::ffi::OsString;

/// One option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opt<I> {
    /// What the program calls it.
    pub(crate) id: I,
    /// Its letter, if it has one.
    pub(crate) short: Option<char>,
    /// Its long name, without the dashes.
    pub(crate) long: &'static str,
    /// What its value is called; a flag has none.
    pub(crate) value: Option<&'static str>,
    /// A line for the manual.
    pub(crate) help: &'static str,
}

/// One option as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given<I> {
    /// Which one.
    pub(crate) id: I,
    /// `-i` or `--interval`, in full.
    pub(crate) spelled: String,
    /// Its value, empty for a flag.
    pub(crate) value: String,
}

/// Why a command line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OptError {
    /// Not in the table; as given, without a value.
    #[error("no such option: {0}")]
    NoSuchOption(String),
    /// A shortened long option that could mean several.
    #[error("ambiguous option: {given} ({}?)", possible.join(", "))]
    Ambiguous {
        /// As given.
        given: String,
        /// In full and in order.
        possible: Vec<String>,
    },
    /// The value is missing.
    #[error("{0} option requires 1 argument")]
    RequiresArgument(String),
    /// A flag with `=value`.
    #[error("{0} option does not take a value")]
    TakesNoValue(String),
    /// A value that its option cannot use.
    #[error("option {spelled}: invalid floating-point value: {value}")]
    NoFloat {
        /// The option, in full.
        spelled: String,
        /// The value as Python prints it.
        value: String,
    },
}

/// Reads a command line from left to right, and hands each option to `take`, which may end it by an error of
/// its own. Words that are no options are left out.
///
/// # Errors
/// The first thing that is wrong; of what comes after it nothing is looked at.
pub(crate) fn parse<I: Copy, E: From<OptError>>(
    table: &[Opt<I>],
    words: impl IntoIterator<Item = OsString>,
    mut take: impl FnMut(Given<I>) -> Result<(), E>,
) -> Result<(), E> {
    let mut words = words.into_iter().map(|word| word.to_string_lossy().into_owned());
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if let Some(long) = word.strip_prefix("--") {
            let (name, attached) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let opt = find_long(table, name)?;
            let spelled = format!("--{}", opt.long);
            let value = match (opt.value, attached) {
                (None, Some(_)) => return Err(OptError::TakesNoValue(spelled).into()),
                (None, None) => String::new(),
                (Some(_), Some(value)) => value,
                (Some(_), None) => words.next().ok_or_else(|| OptError::RequiresArgument(spelled.clone()))?,
            };
            take(Given { id: opt.id, spelled, value })?;
        } else if let Some(letters) = word.strip_prefix('-') {
            parse_letters(table, letters, &mut words, &mut take)?;
        }
    }
    Ok(())
}

/// One word of letters; the value of the last one may be attached. A dash alone has none.
fn parse_letters<I: Copy, E: From<OptError>>(
    table: &[Opt<I>],
    letters: &str,
    words: &mut impl Iterator<Item = String>,
    take: &mut impl FnMut(Given<I>) -> Result<(), E>,
) -> Result<(), E> {
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        let spelled = format!("-{letter}");
        let Some(opt) = table.iter().find(|opt| opt.short == Some(letter)) else {
            return Err(OptError::NoSuchOption(spelled).into());
        };
        if opt.value.is_none() {
            take(Given { id: opt.id, spelled, value: String::new() })?;
            continue;
        }
        let value = match rest.as_str() {
            "" => words.next().ok_or_else(|| OptError::RequiresArgument(spelled.clone()))?,
            attached => attached.to_owned(),
        };
        return take(Given { id: opt.id, spelled, value });
    }
    Ok(())
}

/// The option of this long name, else the only one whose name begins so.
fn find_long<'a, I>(table: &'a [Opt<I>], name: &str) -> Result<&'a Opt<I>, OptError> {
    if let Some(exact) = table.iter().find(|opt| opt.long == name) {
        return Ok(exact);
    }
    let possible: Vec<&Opt<I>> = table.iter().filter(|opt| opt.long.starts_with(name)).collect();
    match possible.as_slice() {
        [] => Err(OptError::NoSuchOption(format!("--{name}"))),
        [only] => Ok(only),
        several => {
            let mut possible: Vec<String> = several.iter().map(|opt| format!("--{}", opt.long)).collect();
            possible.sort();
            Err(OptError::Ambiguous { given: format!("--{name}"), possible })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [Opt<char>; 5] = [
        Opt { id: 'h', short: Some('h'), long: "help", value: None, help: "" },
        Opt { id: 'i', short: Some('i'), long: "interval", value: Some("I"), help: "" },
        Opt { id: 't', short: Some('t'), long: "toEmail", value: Some("T"), help: "" },
        Opt { id: 'e', short: Some('e'), long: "tickEvent", value: Some("E"), help: "" },
        Opt { id: 'x', short: None, long: "tls", value: None, help: "" },
    ];

    /// `spelled=value` for each option, or the error.
    fn shown(words: &[&str]) -> String {
        let mut given = Vec::new();
        let outcome: Result<(), OptError> = parse(&TABLE, words.iter().map(OsString::from), |option| {
            given.push(format!("{}={}", option.spelled, option.value));
            Ok(())
        });
        match outcome {
            Ok(()) => given.join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn options_stand_anywhere() {
        for (words, expected) in [
            (&[][..], ""),
            (&["-ta", "x", "-i", "5"], "-t=a -i=5"),
            (&["--toEmail=a", "--int", "5", "--tls"], "--toEmail=a --interval=5 --tls="),
            (&["-t", "-i", "-"], "-t=-i"),
            (&["-hta"], "-h= -t=a"),
            (&["-t", "a", "--", "-x"], "-t=a"),
            (&["--to="], "--toEmail="),
            (&["--toEmail", "--"], "--toEmail=--"),
        ] {
            assert_eq!(shown(words), expected, "{words:?}");
        }
    }

    #[test]
    fn errors_read_as_in_optparse() {
        for (words, expected) in [
            (&["--bogus=3"][..], "no such option: --bogus"),
            (&["-hx"], "no such option: -x"),
            (&["word", "-x"], "no such option: -x"),
            (&["-i"], "-i option requires 1 argument"),
            (&["--int"], "--interval option requires 1 argument"),
            (&["--tl=3"], "--tls option does not take a value"),
            (&["--t=3"], "ambiguous option: --t (--tickEvent, --tls, --toEmail?)"),
            (&["--=3"], "ambiguous option: -- (--help, --interval, --tickEvent, --tls, --toEmail?)"),
        ] {
            assert_eq!(shown(words), expected, "{words:?}");
        }
    }

    #[test]
    fn nothing_is_read_after_the_taker_has_had_enough() {
        let outcome = parse(&TABLE, ["-h", "-x"].map(OsString::from), |given| {
            Err(OptError::NoSuchOption(format!("enough at {}", given.spelled)))
        });
        assert_eq!(outcome, Err(OptError::NoSuchOption("enough at -h".into())));
    }
}
