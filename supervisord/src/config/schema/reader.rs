//! The way a section is read: through the option table, and through nothing else.

use super::super::World;
use super::super::canonical::Store;
use super::super::error::{Cause, ConfigError, Place};
use super::super::options::{Entry, Optional, Parser, Setting};
use supervisor_protocol::ini::expand::{Scope, expand};

/// One section.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) store: &'a Store,
    pub(super) world: &'a dyn World,
    pub(super) section: &'a str,
}

impl<'a> Reader<'a> {
    /// An option with a default: expanded and parsed if it is written, else its default.
    pub(super) fn get<T>(&self, setting: &Setting<T>, scope: Scope<'_>) -> Result<T, ConfigError> {
        match self.expanded(&setting.entry, scope)? {
            Some(text) => self.parse(&setting.entry, setting.parser, &text),
            None => self.parse(&setting.entry, setting.parser, setting.default),
        }
    }

    /// An option that may be absent.
    pub(super) fn find<T>(&self, optional: &Optional<T>, scope: Scope<'_>) -> Result<Option<T>, ConfigError> {
        let text = self.expanded(&optional.entry, scope)?;
        text.map(|text| self.parse(&optional.entry, optional.parser, &text)).transpose()
    }

    /// An option as it is written, not expanded, or its default.
    pub(super) fn raw(&self, setting: &Setting<String>) -> &'a str {
        self.store.get(self.section, setting.entry.name).unwrap_or(setting.default)
    }

    /// Parses a text as the value of an option.
    pub(super) fn parse<T>(&self, entry: &Entry, parser: Parser<T>, text: &str) -> Result<T, ConfigError> {
        (parser.parse)(text, self.world).map_err(|error| self.error(entry, error))
    }

    /// A mistake in an option.
    pub(super) fn error(&self, entry: &Entry, cause: impl Into<Cause>) -> ConfigError {
        self.error_at(entry.name, cause.into())
    }

    fn error_at(&self, key: &str, cause: Cause) -> ConfigError {
        match self.store.origin(self.section, key) {
            Some(origin) => {
                let place = Place { origin, section: self.section.to_owned(), key: key.to_owned() };
                ConfigError::from(cause).at(place)
            }
            None => self.section_error(cause),
        }
    }

    /// A mistake of the section as a whole.
    pub(super) fn section_error(&self, error: impl Into<ConfigError>) -> ConfigError {
        let origin = self.store.section_origin(self.section);
        error.into().at(Place { origin, section: self.section.to_owned(), key: String::new() })
    }

    /// Expands a text that belongs to an option, under a label of the caller's choice.
    pub(super) fn expand(
        &self,
        entry: &Entry,
        text: &str,
        scope: Scope<'_>,
        label: &str,
    ) -> Result<String, ConfigError> {
        expand(text, scope, label).map_err(|error| self.error(entry, error))
    }

    /// An option that no table knows, as an expanded text.
    pub(super) fn extra(&self, key: &str, scope: Scope<'_>) -> Result<Option<String>, ConfigError> {
        let Some(text) = self.store.get(self.section, key) else { return Ok(None) };
        let label = format!("{}.{key}", self.section);
        expand(text, scope, &label).map(Some).map_err(|error| self.error_at(key, Cause::from(error)))
    }

    /// The expanded text of an option, if it is written.
    pub(super) fn expanded(&self, entry: &Entry, scope: Scope<'_>) -> Result<Option<String>, ConfigError> {
        self.extra(entry.name, scope)
    }
}
