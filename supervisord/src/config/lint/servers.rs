//! Servers: whether they could open, who gets in, and what is found there.

use core::net::SocketAddr;
use std::collections::HashSet;
use std::path::Path;

use super::super::model::{ServerAddress, ServerConfig};
use super::super::preflight::Refusal;
use super::super::remedy;
use super::super::report::Report;
use super::View;

/// A path that leaves room for the seven digits of the largest process id, and the dot before it.
const SAFE_PATH_BYTES: usize = 99;

/// What the servers would open with.
pub(super) fn lint(view: &View<'_>, report: &mut Report) {
    let mut taken: Vec<(Spot<'_>, &str)> = Vec::new();
    for server in &view.config.servers {
        let section = server.section.as_str();
        let (key, hint) = remedy::of_server(server);
        match spot(view, server) {
            Err(Refusal { key: own, text }) => {
                let hint = if own == key { hint } else { remedy::of(own).to_owned() };
                report.error((view.place)(section, own), text, Some(hint));
            }
            Ok(spot) => {
                // They open in this order, so it is the later one that fails.
                if let Some((_, first)) = taken.iter().find(|(other, _)| other.meets(&spot)) {
                    let hint = Some("give each server an address of its own".to_owned());
                    report.error((view.place)(section, key), format!("[{first}] listens there already"), hint);
                }
                if let Spot::Unix(path) = &spot
                    && path.as_os_str().len() > SAFE_PATH_BYTES
                {
                    let what = "its first name, which has the process id of the daemon behind it, may be too long for a socket";
                    report.warn((view.place)(section, key), what, Some(hint));
                }
                taken.push((spot, section));
            }
        }
        if let (ServerAddress::Inet { host, .. }, None) = (&server.address, &server.credentials) {
            let what = format!("anybody who reaches {} may start and stop programs", shown(host));
            report.warn((view.place)(section, ""), what, Some("set username and password".to_owned()));
        }
    }
    interfaces(view, report);
}

/// Where a server listens.
enum Spot<'a> {
    Inet(SocketAddr),
    /// Wherever that is.
    Named(&'a str, u16),
    Unix(&'a Path),
}

impl Spot<'_> {
    /// Whether there is room for one of the two only.
    fn meets(&self, other: &Spot<'_>) -> bool {
        match (self, other) {
            (Spot::Unix(one), Spot::Unix(other)) => one == other,
            (Spot::Inet(one), Spot::Inet(other)) => {
                let is_all = one.ip().is_unspecified() || other.ip().is_unspecified();
                one == other || (is_all && one.port() == other.port() && one.is_ipv4() == other.is_ipv4())
            }
            (Spot::Named(one, port), Spot::Named(other, other_port)) => (one, port) == (other, other_port),
            (Spot::Unix(_) | Spot::Inet(_) | Spot::Named(..), _) => false,
        }
    }
}

fn spot<'a>(view: &View<'_>, server: &'a ServerConfig) -> Result<Spot<'a>, Refusal> {
    match &server.address {
        ServerAddress::Inet { host, port } => {
            let refusal = |text| Refusal { key: "port", text };
            let Some(address) = view.ahead.address(host, *port).map_err(refusal)? else {
                return Ok(Spot::Named(host, *port));
            };
            view.ahead.inet_server(address, view.uid).map_err(refusal)?;
            Ok(Spot::Inet(address))
        }
        ServerAddress::Unix { path, chown, .. } => {
            view.ahead.unix_server(path, *chown, view.uid).map(|()| Spot::Unix(path))
        }
    }
}

fn shown(host: &str) -> &str {
    if host.is_empty() { "any address of this machine" } else { host }
}

fn interfaces(view: &View<'_>, report: &mut Report) {
    let config = view.config;
    let mut seen = HashSet::new();
    for interface in config.refused_interfaces() {
        let (key, hint) = remedy::of_interface(interface);
        let section = format!("rpcinterface:{}", interface.namespace);
        if interface.is_module {
            report.error((view.place)(&section, key), "a module, which makes no interface", Some(hint.to_owned()));
        }
        for key in interface.extra.keys() {
            let place = (view.place)(&section, key);
            // One in [DEFAULT] is in all of them.
            if seen.insert(place.origin.clone()) {
                let hint = Some("remove it: with it no server opens".to_owned());
                report.error(place, "an option that the interface does not take", hint);
            }
        }
    }
    let is_missing = !config.rpc_interfaces.iter().any(|interface| interface.namespace == "supervisor");
    if let (Some(ServerConfig { section, .. }), true) = (config.servers.first(), is_missing) {
        let what = "clients such as supervisorctl find no methods here, for want of [rpcinterface:supervisor]";
        let hint =
            "add that section, with supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface";
        report.warn((view.place)(section, ""), what, Some(hint.to_owned()));
    }
}
