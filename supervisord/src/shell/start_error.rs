//! Why the daemon did not start: two lines that are Supervisor's, and one that says where it is and how to mend it.

use crate::config::model::{Config, GroupConfig, Place, RpcInterfaceConfig};
use crate::config::remedy;
use crate::http::{BindError, ServerError};

use super::load::LoadError;
use super::privileges::TooLow;

/// Exit status of a usage, configuration or set-up error.
const EXIT_USAGE: u8 = 2;

/// Exit status when a log file cannot be made.
const EXIT_FAILURE: u8 = 1;

/// Why the daemon did not start, or did not start again.
#[derive(Debug)]
pub(super) struct StartError {
    pub(super) text: String,
    /// Where it is, and how to mend it: a further line on the terminal.
    pub(super) hint: Option<String>,
    pub(super) status: u8,
}

pub(super) fn usage(error: impl ToString) -> StartError {
    StartError { text: error.to_string(), hint: None, status: EXIT_USAGE }
}

pub(super) fn failure(error: impl ToString) -> StartError {
    StartError { text: error.to_string(), hint: None, status: EXIT_FAILURE }
}

pub(super) fn unusable(error: LoadError) -> StartError {
    StartError { hint: error.advice(), ..usage(error) }
}

impl StartError {
    /// Blames an option.
    pub(super) fn because_of(self, config: &Config, section: &str, key: &str) -> Self {
        self.at(config.places.find(section, key), remedy::of(key))
    }

    /// The same of a server, which fails for its address or its owner.
    pub(super) fn of_server(config: &Config, error: &ServerError<'_>) -> Self {
        let (key, hint) = remedy::of_server(error.server);
        let (key, hint) = match error.error {
            BindError::Chown { .. } => ("chown", remedy::of("chown").to_owned()),
            BindError::InUse => (key, remedy::TAKEN.to_owned()),
            BindError::Socket(_) => (key, hint),
        };
        usage(error).at(config.places.find(&error.server.section, key), &hint)
    }

    /// The same of an interface that cannot be made.
    pub(super) fn of_interface(config: &Config, interface: &RpcInterfaceConfig) -> Self {
        let (key, hint) = remedy::of_interface(interface);
        let place = config.places.find(&format!("rpcinterface:{}", interface.namespace), key);
        usage(LoadError::RpcInterface(interface.namespace.clone())).at(place, hint)
    }

    /// The same of a limit.
    pub(super) fn of_limit(config: &Config, error: &TooLow) -> Self {
        usage(error).because_of(config, "supervisord", error.option)
    }

    /// The same of the AUTO logs of a group.
    pub(super) fn of_auto_logs(config: &Config, group: &GroupConfig, error: &std::io::Error) -> Self {
        let (section, key) = remedy::of_auto_logs(&config.daemon, group);
        let of_group = || Place { origin: group.origin.clone(), ..Place::default() };
        failure(error).at(Some(config.places.find(section, key).unwrap_or_else(of_group)), remedy::of(key))
    }

    fn at(self, place: Option<Place>, hint: &str) -> Self {
        let hint = place.map_or_else(|| hint.to_owned(), |place| format!("{place}: {hint}"));
        StartError { hint: Some(hint), ..self }
    }
}
