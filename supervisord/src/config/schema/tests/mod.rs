//! Whole configurations, from text to records or to the message that users see.

mod daemon;
mod expansion;
mod groups;
mod includes;
mod programs;
mod servers;

use std::cell::RefCell;

use super::super::fake::FakeWorld;
use super::super::model::{Config, GroupConfig, LogLevel, ProcessConfig};
use super::super::{ConfigError, Included, Inputs, Overrides, SourceFile, read};

/// The environment of the tests.
fn environment() -> Vec<(String, String)> {
    [("HOME", "/home/me"), ("PERCENT", "50%"), ("PATTERN", "/tmp/%(program_name)s.log")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// Reads `/conf/s.conf`, given as `s.conf`, with the files `(path, content)` to include.
fn read_with(main: &str, files: &[(&str, &str)], overrides: &Overrides) -> (Result<Config, ConfigError>, Vec<String>) {
    let asked = RefCell::new(Vec::new());
    let include = |pattern: &str| {
        asked.borrow_mut().push(pattern.to_owned());
        let matching = files.iter().filter(|(path, _)| match pattern.split_once('*') {
            Some((start, end)) => path.starts_with(start) && path.ends_with(end),
            None => *path == pattern,
        });
        matching
            .map(|(path, content)| Included {
                path: (*path).to_owned(),
                content: match *content {
                    "UNREADABLE" => Err("Permission denied".to_owned()),
                    content => Ok(content.as_bytes().to_vec()),
                },
            })
            .collect()
    };
    let inputs = Inputs {
        environment: &environment(),
        overrides,
        here: "/conf",
        host_node_name: "node",
        world: &FakeWorld,
        include: &include,
    };
    let result = read(SourceFile { name: "s.conf", bytes: main.as_bytes() }, &inputs);
    (result, asked.into_inner())
}

fn config(text: &str) -> Config {
    read_with(text, &[], &Overrides::default()).0.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn error(text: &str) -> String {
    match read_with(text, &[], &Overrides::default()).0 {
        Ok(config) => panic!("no error in\n{text}\n{config:#?}"),
        Err(error) => error.to_string(),
    }
}

/// A configuration with `[supervisord]` in front.
fn daemon(text: &str) -> Config {
    config(&format!("[supervisord]\n{text}"))
}

fn daemon_error(text: &str) -> String {
    error(&format!("[supervisord]\n{text}"))
}

/// The groups of `[supervisord]` plus these sections.
fn groups(text: &str) -> Vec<GroupConfig> {
    daemon(text).groups
}

/// The only process of `[program:x]` with these lines.
fn program(lines: &str) -> ProcessConfig {
    let mut groups = groups(&format!("[program:x]\ncommand=cat\n{lines}\n"));
    assert_eq!((groups.len(), groups[0].processes.len()), (1, 1));
    groups.remove(0).processes.remove(0)
}

/// The error of `[program:x]` with these lines, without its suffix.
fn program_error(lines: &str) -> String {
    let error = daemon_error(&format!("[program:x]\ncommand=cat\n{lines}\n"));
    match error.strip_suffix(" in section 'program:x' (file: 's.conf')") {
        Some(error) => error.to_owned(),
        None => panic!("no suffix: {error}"),
    }
}

/// The texts of all warnings.
fn warnings(config: &Config) -> Vec<&str> {
    let warnings = config.notices.iter().filter(|notice| notice.level == LogLevel::Warn);
    warnings.map(|notice| notice.text.as_str()).collect()
}

/// `group: process process` for each group.
fn shown(groups: &[GroupConfig]) -> Vec<String> {
    groups
        .iter()
        .map(|group| {
            let names: Vec<&str> = group.processes.iter().map(|process| process.name.as_str()).collect();
            format!("{}: {}", group.name, names.join(" "))
        })
        .collect()
}
