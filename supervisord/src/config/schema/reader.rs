//! The way a section is read: through the option table, and through nothing else.

use std::borrow::Cow;
use std::fmt::Display;

use super::super::World;
use super::super::canonical::Store;
use super::super::error::{Cause, ConfigError};
use super::super::findings::Findings;
use super::super::model::{LogLevel, Notice, Place};
use super::super::options::{Entry, Optional, Parser, Setting};
use super::super::value::ValueError;
use supervisor_protocol::ini::document::Section;
use supervisor_protocol::ini::expand::{Scope, expand_or_list};

/// One section.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) store: &'a Store,
    pub(super) world: &'a dyn World,
    pub(super) section: &'a str,
    /// What is written in it, if it is there.
    pub(super) own: Option<&'a Section>,
    pub(super) findings: &'a Findings,
}

impl<'a> Reader<'a> {
    /// An option with a default: expanded and parsed if it is written, else its default.
    pub(super) fn get<T>(&self, setting: &Setting<T>, scope: Scope<'_>) -> Result<T, ConfigError> {
        match self.or(self.written(&setting.entry, setting.parser, scope), || None)? {
            Some(value) => Ok(value),
            None => self.parse(&setting.entry, setting.parser, setting.default),
        }
    }

    /// An option that may be absent.
    pub(super) fn find<T>(&self, optional: &Optional<T>, scope: Scope<'_>) -> Result<Option<T>, ConfigError> {
        self.or(self.written(&optional.entry, optional.parser, scope), || None)
    }

    /// An option that must be there. Where mistakes are collected, `stand_in` lets the reading go on.
    pub(super) fn need<T>(
        &self,
        optional: &Optional<T>,
        scope: Scope<'_>,
        missing: Cause,
        stand_in: T,
    ) -> Result<T, ConfigError> {
        let written = self.written(&optional.entry, optional.parser, scope);
        let value = written.and_then(|value| value.ok_or_else(|| self.section_error(missing)));
        self.or(value, || stand_in)
    }

    fn written<T>(&self, entry: &Entry, parser: Parser<T>, scope: Scope<'_>) -> Result<Option<T>, ConfigError> {
        let text = self.expanded(entry, scope)?;
        text.map(|text| self.parse(entry, parser, &text)).transpose()
    }

    /// Where mistakes are collected, something else in the place of one.
    pub(super) fn or<T>(&self, result: Result<T, ConfigError>, stand_in: impl FnOnce() -> T) -> Result<T, ConfigError> {
        result.or_else(|error| self.findings.keep(error).map(|()| stand_in()))
    }

    /// Puts up with a mistake, if mistakes are collected.
    pub(super) fn keep(&self, error: ConfigError) -> Result<(), ConfigError> {
        self.findings.keep(error)
    }

    /// Notes something that is odd about an option, `For [SECTION], ` in front.
    pub(super) fn warn(&self, key: &str, text: &str) {
        self.note(LogLevel::Warn, key, text);
    }

    /// Notes that a wish cannot be fulfilled.
    pub(super) fn miss(&self, key: &str, text: &str) {
        self.note(LogLevel::Critical, key, text);
    }

    fn note(&self, level: LogLevel, key: &str, text: &str) {
        let text = format!("For [{}], {text}", self.section);
        self.findings.notice(Notice { level, text, place: Some(self.place(key)) });
    }

    /// An option as it is written, not expanded, or its default.
    pub(super) fn raw(&self, setting: &Setting<String>) -> &'a str {
        self.value(setting.entry.name).unwrap_or(setting.default)
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        self.own.and_then(|own| self.store.value(own, key))
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
        ConfigError::from(cause).at(self.place(key))
    }

    /// Where an option is written, else where its section begins.
    fn place(&self, key: &str) -> Place {
        self.store.place(self.section, key)
    }

    /// A mistake of the section as a whole.
    pub(super) fn section_error(&self, error: impl Into<ConfigError>) -> ConfigError {
        error.into().at(self.place(""))
    }

    /// Expands a text that belongs to an option, under a label of the caller's choice.
    pub(super) fn expand<'t>(
        &self,
        entry: &Entry,
        text: &'t str,
        scope: Scope<'_>,
        label: &str,
    ) -> Result<Cow<'t, str>, ConfigError> {
        self.expand_key(entry.name, text, scope, label)
    }

    fn expand_key<'t>(
        &self,
        key: &str,
        text: &'t str,
        scope: Scope<'_>,
        label: impl Display,
    ) -> Result<Cow<'t, str>, ConfigError> {
        let value = expand_or_list(text, scope, label, |scope| self.findings.names(scope))
            .map_err(|error| self.error_at(key, Cause::from(error)))?;
        // No argument, variable or path of the system can hold one.
        if value.contains('\0') {
            return Err(self.error_at(key, Cause::from(ValueError::NulByte)));
        }
        Ok(value)
    }

    /// An option that no table knows, as an expanded text.
    pub(super) fn extra(&self, key: &str, scope: Scope<'_>) -> Result<Option<Cow<'a, str>>, ConfigError> {
        let Some(text) = self.value(key) else { return Ok(None) };
        self.expand_key(key, text, scope, format_args!("{}.{key}", self.section)).map(Some)
    }

    /// The expanded text of an option, if it is written.
    pub(super) fn expanded(&self, entry: &Entry, scope: Scope<'_>) -> Result<Option<Cow<'a, str>>, ConfigError> {
        self.extra(entry.name, scope)
    }
}
