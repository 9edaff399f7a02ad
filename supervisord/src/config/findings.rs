//! What comes up while a configuration is read: remarks, and mistakes.
//!
//! A start ends with the first mistake. A check collects them all: whoever reads an option then goes on with
//! its default, so that one run shows everything.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use super::error::ConfigError;
use super::model::{Notice, Place};
use supervisor_protocol::ini::expand::Scope;

/// How many names a check lists, and compares with unknown ones, in all. Only thousands of mistakes under thousands of
/// variables come to as many, and would take the product of both.
const NAMES: usize = 100_000;

/// The remarks so far, and the mistakes if they are collected.
#[derive(Debug, Default)]
pub(super) struct Findings {
    notices: RefCell<Vec<Notice>>,
    mistakes: Option<RefCell<Mistakes>>,
    /// How many names were listed.
    listed: Cell<usize>,
}

#[derive(Debug, Default)]
struct Mistakes {
    errors: Vec<ConfigError>,
    /// A section is read for each group that it is a member of.
    seen: HashSet<(Option<Place>, String)>,
}

impl Findings {
    /// For a start: the first mistake is the last.
    pub(super) fn strict() -> Self {
        Findings::default()
    }

    /// For a check.
    pub(super) fn collecting() -> Self {
        Findings { mistakes: Some(RefCell::default()), ..Findings::default() }
    }

    /// Takes a remark for the activity log.
    pub(super) fn notice(&self, notice: Notice) {
        self.notices.borrow_mut().push(notice);
    }

    /// Takes a mistake, if mistakes are collected.
    ///
    /// # Errors
    /// The mistake itself, if they are not.
    pub(super) fn keep(&self, error: ConfigError) -> Result<(), ConfigError> {
        let Some(mistakes) = &self.mistakes else { return Err(error) };
        let (mistakes, error) = (&mut *mistakes.borrow_mut(), error.condensed());
        if mistakes.seen.insert((error.place().cloned(), error.to_string())) {
            mistakes.errors.push(error);
        }
        Ok(())
    }

    /// The names that could have been used in the place of an unknown one.
    pub(super) fn names(&self, scope: Scope<'_>) -> Vec<String> {
        if self.mistakes.is_some() {
            self.listed.set(self.listed.get().saturating_add(scope.count()));
        }
        if self.listed.get() <= NAMES {
            return scope.names();
        }
        let mut names = scope.names_but_variables();
        names.push("environment variables as ENV_NAME".to_owned());
        names
    }

    /// How many mistakes there are so far.
    pub(super) fn mistakes(&self) -> usize {
        self.mistakes.as_ref().map_or(0, |mistakes| mistakes.borrow().errors.len())
    }

    /// Everything, in the order in which it came up.
    pub(super) fn into_parts(self) -> (Vec<Notice>, Vec<ConfigError>) {
        let errors = self.mistakes.map(|mistakes| mistakes.into_inner().errors).unwrap_or_default();
        (self.notices.into_inner(), errors)
    }
}
