//! Programs: whether they could be started, and what of theirs would keep the daemon from it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use supervisor_protocol::outside;

use super::super::model::{GroupConfig, GroupKind, LogTarget, ProcessConfig};
use super::super::preflight::Refusal;
use super::super::remedy;
use super::super::report::{Report, Severity};
use super::{Purpose, View};

/// What the programs would start with.
pub(super) fn lint(view: &View<'_>, report: &mut Report) {
    let daemon = &view.config.daemon;
    let cwd = match &daemon.directory {
        // A daemon changes to it before it starts a program.
        Some(directory) if !daemon.nodaemon => view.world.cwd().join(directory),
        _ => view.world.cwd().to_owned(),
    };
    // What is wrong with one process of a section is wrong with all.
    let mut seen = HashSet::new();
    for group in &view.config.groups {
        let of_group = socket_of_group(view, group);
        let of_processes = group.processes.iter().flat_map(|process| oddities(view, &cwd, process));
        for Oddity { severity, section, key, text, hint } in of_group.into_iter().chain(of_processes) {
            if !seen.insert((section, key)) {
                continue;
            }
            let (place, hint) = ((view.place)(section, key), Some(hint.to_owned()));
            match severity {
                Severity::Error => report.error(place, text, hint),
                Severity::Warning => report.warn(place, text, hint),
            }
        }
    }
}

/// What would keep a process from being started, or the daemon.
struct Oddity<'a> {
    severity: Severity,
    section: &'a str,
    key: &'static str,
    text: String,
    hint: &'static str,
}

fn socket_of_group<'a>(view: &View<'_>, group: &'a GroupConfig) -> Option<Oddity<'a>> {
    let (GroupKind::FastCgi(socket), Some(process)) = (&group.kind, group.processes.first()) else { return None };
    let Refusal { key, text } = view.ahead.fcgi_socket(socket, view.uid).err()?;
    Some(Oddity { severity: Severity::Error, section: &process.section, key, text, hint: remedy::of(key) })
}

fn oddities<'a>(view: &View<'_>, cwd: &Path, process: &'a ProcessConfig) -> Vec<Oddity<'a>> {
    let View { ahead, world, uid: daemon, config, .. } = *view;
    let mut found = Vec::new();
    if has_auto_log(process)
        && let Err(text) = ahead.auto_log(&config.daemon, &process.name, daemon)
    {
        let (section, key) = remedy::of_auto_log(&config.daemon, process);
        found.push(Oddity { severity: Severity::Error, section, key, text, hint: remedy::of(key) });
    }
    if view.purpose == Purpose::Restart {
        return found;
    }
    let mut warn = |key, text, hint| {
        found.push(Oddity { severity: Severity::Warning, section: process.section.as_str(), key, text, hint });
    };
    if let Some(Err(Refusal { key, text })) = process.fcgi.as_ref().map(|socket| ahead.fcgi_socket(socket, daemon)) {
        warn(key, text, remedy::of(key));
    }
    for (key, path) in log_files(process) {
        if let Err(text) = ahead.child_log(&process.name, &cwd.join(path), daemon) {
            warn(key, text, remedy::of(key));
        }
    }
    let uid = match process.uid {
        Some(own) if daemon != 0 && own != daemon => {
            let text = format!("only a daemon that is root can start it as uid {own}, and it will be uid {daemon}");
            warn("user", text, "remove user, or run the daemon as root");
            daemon
        }
        own => own.unwrap_or(daemon),
    };
    let directory = process.directory.as_deref().map(|directory| match directory.as_os_str().is_empty() {
        // It leads nowhere, though joined to another it would.
        true => Cow::Borrowed(directory),
        false => Cow::Owned(cwd.join(directory)),
    });
    match (&process.directory, &directory) {
        (Some(written), Some(directory)) if !world.is_directory(directory) => {
            let text = format!("{} is no directory", outside::text(written));
            warn("directory", text, "make it, or name one that exists");
        }
        (_, Some(directory)) => {
            if let Err(text) = ahead.directory(directory, uid) {
                warn("directory", text, remedy::of("directory"));
            }
        }
        (_, None) => {}
    }
    if let Err(text) = ahead.command(process, cwd, daemon, uid) {
        warn("command", text, "correct the path, or install the program");
    }
    found
}

fn has_auto_log(process: &ProcessConfig) -> bool {
    let is_auto = |target: &LogTarget| *target == LogTarget::Auto;
    is_auto(&process.stdout.logfile) || (!process.redirect_stderr && is_auto(&process.stderr.logfile))
}

fn log_files(process: &ProcessConfig) -> impl Iterator<Item = (&'static str, &PathBuf)> {
    let stderr = Some(&process.stderr).filter(|_| !process.redirect_stderr);
    let targets = [("stdout_logfile", Some(&process.stdout)), ("stderr_logfile", stderr)];
    targets.into_iter().filter_map(|(key, channel)| match &channel?.logfile {
        LogTarget::File(path) => Some((key, path)),
        LogTarget::Auto | LogTarget::None | LogTarget::Empty => None,
    })
}
