//! A configuration to start from, as `echo_supervisord_conf` prints it.
//!
//! Every option of the table is on a line of its own, with its help line as a comment. Most are commented out: they
//! show their default or, where there is none, an example. What is active is listed here, and the remarks between
//! the sections; nothing else is. Contract: appendix B.

use std::fmt::Write;

use super::{Entry, SECTIONS, SectionTable};

const PREAMBLE: &str = "\
; Sample supervisor config file.
;
; Every option is listed. A line that is commented out shows the default; where the remark ends in (example),
; there is no default.
;
; - A comment begins with ; at the start of a line, or with a blank and ; after a value. So a command cannot hold
;   a semicolon after a blank.
; - %(ENV_HOME)s is the environment variable HOME, %(here)s the directory of this file, %% a percent sign. No shell
;   looks at a value: ~ works only at the start of a path, $HOME nowhere.
; - Quotes belong to the value, except in environment= and within a command.
; - Files in /tmp are for a first try only. Other users may take their names, and cleaners delete them.
";

const UNIX_SERVER: &str = "\
; Whoever may open this socket may do everything that the daemon can, as its user.
";

const INET_SERVER: &str = "\
; A TCP port is off by default. Whoever reaches it, and knows the password if there is one, may do everything that
; the daemon can, as its user. Nothing is encrypted. Keep it on localhost or a network you trust, set a password,
; and never let the Internet reach it.
";

const RPC_INTERFACE: &str = "\
; Without this section supervisorctl and the web page do not work.
";

const CLIENT: &str = "\
; It must say the same as the section of one of the servers above.
";

const EXTENSION: &str = "\
; First its own options, then those of a program.
";

const INCLUDE: &str = "\
; An included file cannot include another, and supervisorctl reads none of them.
";

/// A section of the sample.
struct Part {
    /// As in the table.
    header: &'static str,
    /// What is written in place of the table's header.
    shown: &'static str,
    /// A remark above it, lines of comment.
    remark: &'static str,
    /// The options that are not commented out, with a value unless it is the default. If there are none, the whole
    /// section is commented out.
    active: &'static [(&'static str, Option<&'static str>)],
}

const PARTS: &[Part] = &[
    Part {
        header: "unix_http_server",
        shown: "unix_http_server",
        remark: UNIX_SERVER,
        active: &[("file", Some("/tmp/supervisor.sock"))],
    },
    Part { header: "inet_http_server", shown: "inet_http_server", remark: INET_SERVER, active: &[] },
    Part {
        header: "supervisord",
        shown: "supervisord",
        remark: "",
        active: &[
            ("logfile", Some("/tmp/supervisord.log")),
            ("logfile_maxbytes", None),
            ("logfile_backups", None),
            ("loglevel", None),
            ("pidfile", Some("/tmp/supervisord.pid")),
            ("nodaemon", None),
            ("silent", None),
            ("minfds", None),
            ("minprocs", None),
        ],
    },
    Part {
        header: "rpcinterface:NAME",
        shown: "rpcinterface:supervisor",
        remark: RPC_INTERFACE,
        active: &[("supervisor.rpcinterface_factory", Some("supervisor.rpcinterface:make_main_rpcinterface"))],
    },
    Part {
        header: "supervisorctl",
        shown: "supervisorctl",
        remark: CLIENT,
        active: &[("serverurl", Some("unix:///tmp/supervisor.sock"))],
    },
    Part { header: "program:NAME", shown: "program:NAME", remark: "", active: &[] },
    Part { header: "eventlistener:NAME", shown: "eventlistener:NAME", remark: EXTENSION, active: &[] },
    Part { header: "fcgi-program:NAME", shown: "fcgi-program:NAME", remark: EXTENSION, active: &[] },
    Part { header: "group:NAME", shown: "group:NAME", remark: "", active: &[] },
    Part { header: "include", shown: "include", remark: INCLUDE, active: &[] },
];

/// The column at which the remarks of options begin, if the option leaves room.
const REMARKS: usize = 36;

/// The sample, ending in a line feed.
pub fn sample() -> String {
    let mut text = PREAMBLE.to_owned();
    for part in PARTS {
        if let Some(section) = SECTIONS.iter().find(|section| section.header == part.header) {
            text += &part.render(section);
        }
    }
    text
}

impl Part {
    fn render(&self, section: &SectionTable) -> String {
        let mark = if self.active.is_empty() { ";" } else { "" };
        let mut text = format!("\n; {}\n{}{mark}[{}]\n", section.help, self.remark, self.shown);
        let is_active = |entry: &Entry| self.active.iter().any(|(name, _)| *name == entry.name);
        for &(name, value) in self.active {
            if let Some(entry) = section.options.iter().find(|entry| entry.name == name) {
                let setting = format!("{name}={}", value.or(entry.default).unwrap_or_default());
                line(&mut text, &setting, entry.help);
            }
        }
        for entry in all_options(section).filter(|entry| !is_active(entry)) {
            let setting = format!(";{}={}", entry.name, entry.example.or(entry.default).unwrap_or_default());
            match entry.example {
                Some(_) => line(&mut text, &setting, &format!("{} (example)", entry.help)),
                None => line(&mut text, &setting, entry.help),
            }
        }
        text
    }
}

/// The options of a section, then those of the kind it is built on, but for the ones it has itself.
fn all_options(section: &SectionTable) -> impl Iterator<Item = &'static Entry> {
    let own = section.options;
    let base = SECTIONS.iter().filter(|kind| section.extends == Some(kind.header)).flat_map(|kind| kind.options);
    let inherited = base.filter(|entry| !own.iter().any(|one| one.name == entry.name));
    own.iter().chain(inherited).copied()
}

fn line(text: &mut String, setting: &str, remark: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{setting:<REMARKS$} ; {remark}");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::super::fake::FakeWorld;
    use super::super::super::{Inputs, Overrides, SourceFile, read};
    use super::*;
    use crate::config::model::Config;

    fn config(text: &str) -> Result<Config, String> {
        let inputs = Inputs {
            environment: &[],
            overrides: &Overrides::default(),
            here: "/etc",
            host_node_name: "host",
            world: &FakeWorld,
            include: &|_| Vec::new(),
        };
        read(SourceFile { name: "sample", bytes: text.as_bytes() }, &inputs).map_err(|error| error.to_string())
    }

    /// A line of the sample that is commented out, as it is without the mark.
    fn uncommented(line: &str) -> Option<&str> {
        line.strip_prefix(';').filter(|rest| !rest.is_empty() && !rest.starts_with(' '))
    }

    #[test]
    fn the_sample_is_a_configuration() {
        let config = config(&sample()).unwrap();
        assert_eq!((config.servers.len(), config.groups.len(), config.rpc_interfaces.len()), (1, 0, 1));
        assert!(config.notices.is_empty());
    }

    #[test]
    fn what_is_active() {
        let text = sample();
        let active: Vec<&str> = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with(';'))
            .map(|line| line.split(" ;").next().unwrap_or(line).trim_end())
            .collect();
        let expected = "[unix_http_server]\nfile=/tmp/supervisor.sock\n[supervisord]\nlogfile=/tmp/supervisord.log\n\
                        logfile_maxbytes=50MB\nlogfile_backups=10\nloglevel=info\npidfile=/tmp/supervisord.pid\n\
                        nodaemon=false\nsilent=false\nminfds=1024\nminprocs=200\n[rpcinterface:supervisor]\n\
                        supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
                        [supervisorctl]\nserverurl=unix:///tmp/supervisor.sock";
        assert_eq!(active.join("\n"), expected);
        assert!(text.starts_with("; Sample supervisor config file.\n"));
        assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 120), "{text}");
    }

    #[test]
    fn every_option_is_there_once() {
        let text = sample();
        for part in PARTS {
            let start = text.find(&format!("[{}]\n", part.shown)).unwrap();
            let block = text[start..].split("\n\n").next().unwrap();
            let shown: Vec<&str> = block
                .lines()
                .skip(1)
                .map(|line| line.trim_start_matches(';').split('=').next().unwrap_or(line))
                .collect();
            let section = SECTIONS.iter().find(|section| section.header == part.header).unwrap();
            let names: BTreeSet<&str> = all_options(section).map(|entry| entry.name).collect();
            assert_eq!(shown.len(), names.len(), "{}", part.header);
            assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), names, "{}", part.header);
        }
        assert_eq!(PARTS.len(), SECTIONS.len());
    }

    #[test]
    fn every_line_can_be_uncommented() {
        let text: String = sample().lines().map(|line| format!("{}\n", uncommented(line).unwrap_or(line))).collect();
        let text = text
            .replace("[eventlistener:NAME]", "[eventlistener:LISTENER]")
            .replace("[fcgi-program:NAME]", "[fcgi-program:OTHER]")
            .replace("=nobody", "=www");
        let config = config(&text).unwrap();
        let names: Vec<&str> = config.groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!((names, config.servers.len()), (vec!["LISTENER", "NAME"], 2), "{text}");
        assert_eq!(config.groups[1].processes.len(), 2);
    }
}
