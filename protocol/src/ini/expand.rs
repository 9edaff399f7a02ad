//! `%(name)s` in option values: which names a place may use, and the two messages when it goes wrong.
//!
//! What a conversion means is [`format`](mod@super::format)'s affair. A [`Scope`] is a stack of maps, looked
//! through from the top, so that the thousand variables of the environment are shared by all sections and a
//! process adds only its own few names.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Bound;

use crate::repr::str_repr;
use thiserror::Error;

use super::format::{Failure, Term, format};

/// One map of names.
pub type Layer = BTreeMap<Cow<'static, str>, Term>;

/// The names that a place may use. Later layers hide earlier ones.
#[derive(Clone, Copy)]
pub struct Scope<'a>(pub &'a [&'a Layer]);

impl<'a> Scope<'a> {
    fn get(&self, name: &str) -> Option<&'a Term> {
        self.0.iter().rev().find_map(|layer| layer.get(name))
    }

    /// Every name once, sorted.
    pub fn names(&self) -> Vec<String> {
        sorted(self.0.iter().flat_map(|layer| layer.keys()))
    }

    /// The same without environment variables, over which this does not go.
    pub fn names_but_variables(&self) -> Vec<String> {
        // `ENV_` and everything that begins with it stands between these two.
        let before = (Bound::Unbounded, Bound::Excluded("ENV_"));
        let after = (Bound::Included("ENV`"), Bound::Unbounded);
        let others = |layer: &'a Layer| layer.range::<str, _>(before).chain(layer.range::<str, _>(after));
        sorted(self.0.iter().flat_map(|layer| others(layer)).map(|(name, _)| name))
    }

    /// How many names all layers have.
    pub fn count(&self) -> usize {
        self.0.iter().map(|layer| layer.len()).sum()
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a Cow<'static, str>>) -> Vec<String> {
    names.map(|name| &**name).collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
}

/// A layer of texts.
pub fn texts<'a>(names: impl IntoIterator<Item = (&'static str, &'a str)>) -> Layer {
    names.into_iter().map(|(name, value)| (Cow::Borrowed(name), Term::Text(value.to_owned()))).collect()
}

/// Environment variables under their names `ENV_X`.
pub fn variables<'a>(
    variables: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> impl Iterator<Item = (Cow<'static, str>, Term)> {
    variables.into_iter().map(|(name, value)| (Cow::Owned(format!("ENV_{name}")), Term::Text(value.clone())))
}

/// A value that cannot be expanded. Contract 3.3.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExpandError {
    /// A name that this place does not know.
    #[error(
        "Format string {} for {} contains names ({}) which cannot be expanded. Available names: {}",
        str_repr(value), str_repr(label), str_repr(name), available.join(", ")
    )]
    UnknownName {
        /// The whole value.
        value: String,
        /// `section.option`, mostly.
        label: String,
        /// The first unknown name.
        name: String,
        /// What could have been used, sorted.
        available: Vec<String>,
    },
    /// Not a format string.
    #[error("Format string {} for {} is badly formatted: {detail}", str_repr(value), str_repr(label))]
    Malformed {
        /// The whole value.
        value: String,
        /// `section.option`, mostly.
        label: String,
        /// What is wrong, in Python's words.
        detail: String,
    },
}

/// Expands a value once. The label is only made into a text when there is something to say.
///
/// # Errors
/// [`ExpandError`], which shows the value and the label.
pub fn expand<'v>(value: &'v str, scope: Scope<'_>, label: impl Display) -> Result<Cow<'v, str>, ExpandError> {
    expand_or_list(value, scope, label, |scope| scope.names())
}

/// The same; `names` lists what could have been used where a name is unknown, for whoever has many such mistakes.
///
/// # Errors
/// [`ExpandError`], which shows the value, the label and the list.
pub fn expand_or_list<'v, 's>(
    value: &'v str,
    scope: Scope<'s>,
    label: impl Display,
    names: impl FnOnce(Scope<'s>) -> Vec<String>,
) -> Result<Cow<'v, str>, ExpandError> {
    if !value.contains('%') {
        return Ok(Cow::Borrowed(value));
    }
    format(value, &|name| scope.get(name)).map(Cow::Owned).map_err(|failure| {
        let (value, label) = (value.to_owned(), label.to_string());
        match failure {
            Failure::Unknown(name) => ExpandError::UnknownName { value, label, name, available: names(scope) },
            Failure::Malformed(detail) => ExpandError::Malformed { value, label, detail },
        }
    })
}

/// Expands an already expanded value again, or leaves it alone if that is impossible.
///
/// Supervisor expands log file names and `[supervisord] environment` twice, and files rely on it (`ex12`); what
/// only the second pass dislikes, such as the percent sign left by `%%`, is no error here.
pub fn expand_again<'v>(value: Cow<'v, str>, scope: Scope<'_>) -> Cow<'v, str> {
    if !value.contains('%') {
        return value;
    }
    format(&value, &|name| scope.get(name)).map_or(value, Cow::Owned)
}

#[cfg(test)]
#[path = "expand_tests.rs"]
mod tests;
