//! The options that all program-like sections share, and `[program:x]` itself. Contract 2.4.
//!
//! A section is read in two stages: once what holds for all its processes, then for each process what may use
//! its number and its own environment. The order inside is fixed and decides which mistake is reported. Every
//! error of either stage names the section and its file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::environment;
use super::super::error::{Cause, ConfigError, MAX_PROCESSES};
use super::super::model::{ChannelConfig, GroupConfig, GroupKind, LogTarget, ProcessConfig, ServerUrl};
use super::super::options::table::program as table;
use super::super::options::{Setting, table::NAME};
use super::super::value::{LogfileName, ValueError, find_forbidden};
use super::{Context, Reader};
use crate::config::model::Seconds;
use supervisor_protocol::ini::expand::{Layer, Scope, expand_again, texts, variables};
use supervisor_protocol::ini::format::Term;
use supervisor_protocol::outside;
use supervisor_protocol::text::strip;

/// `[program:x]` as a group of its own.
pub(super) fn read(context: &Context<'_>, section: &str) -> Result<GroupConfig, ConfigError> {
    let reader = context.reader(section);
    let name = reader.or(name(&reader), String::new)?;
    let scope = Scope(&[&context.variables, &context.here_layer]);
    let priority = reader.get(&table::PRIORITY, scope)?;
    let processes = processes(context, section, &name)?;
    let origin = context.store.section_origin(section);
    Ok(GroupConfig { name, priority, kind: GroupKind::Programs, processes, origin })
}

/// The text after the first colon of a header.
pub(super) fn after_colon(section: &str) -> &str {
    section.split_once(':').map_or("", |(_, name)| name)
}

/// The name of a program or group, from its header.
pub(super) fn name(reader: &Reader<'_>) -> Result<String, ConfigError> {
    (NAME.parse)(after_colon(reader.section), reader.world).map_err(|error| reader.section_error(error))
}

/// The processes of one program-like section in the group of that name, sorted by name.
pub(super) fn processes(context: &Context<'_>, section: &str, group: &str) -> Result<Vec<ProcessConfig>, ConfigError> {
    let reader = context.reader(section);
    Program::read(context, reader, group)
        .and_then(Program::processes)
        .map_err(|error| error.in_section(section, &context.store.section_origin(section).file))
}

/// What holds for every process of a section.
struct Program<'a> {
    context: &'a Context<'a>,
    reader: Reader<'a>,
    /// `here`, `program_name`, `host_node_name`, `group_name`
    names: Layer,
    /// Pattern of process names, not yet expanded.
    process_name: String,
    numprocs: i64,
    numprocs_start: i128,
    stdout: Capture,
    stderr: Capture,
    /// A process with everything that needs no process number.
    template: ProcessConfig,
}

/// The options of a channel that need no process number.
struct Capture {
    maxbytes: i64,
    events_enabled: bool,
}

impl<'a> Program<'a> {
    fn read(context: &'a Context<'a>, reader: Reader<'a>, group: &str) -> Result<Self, ConfigError> {
        let section = reader.section;
        let program_name = reader.or(name(&reader), String::new)?;
        let names = texts([
            ("here", context.here),
            ("program_name", &program_name),
            ("host_node_name", context.host_node_name),
            ("group_name", group),
        ]);
        let scope = Scope(&[&context.variables, &names]);
        let priority = reader.get(&table::PRIORITY, scope)?;
        let autostart = reader.get(&table::AUTOSTART, scope)?;
        let autorestart = reader.get(&table::AUTORESTART_, scope)?;
        let startsecs = reader.get(&table::STARTSECS, scope)?;
        let startretries = reader.get(&table::STARTRETRIES, scope)?;
        let stopsignal = reader.get(&table::STOPSIGNAL, scope)?;
        let stopwaitsecs = reader.get(&table::STOPWAITSECS, scope)?;
        let stopasgroup = reader.get(&table::STOPASGROUP, scope)?;
        let killasgroup = reader.find(&table::KILLASGROUP, scope)?.unwrap_or(stopasgroup);
        let exitcodes = reader.get(&table::EXITCODES, scope)?;
        let redirect_stderr = reader.get(&table::REDIRECT_STDERR, scope)?;
        let numprocs = reader.get(&table::NUMPROCS, scope)?;
        let numprocs_start = reader.get(&table::NUMPROCS_START, scope)?;
        let stdout = Capture {
            maxbytes: reader.get(&table::STDOUT_CAPTURE_MAXBYTES, scope)?,
            events_enabled: reader.get(&table::STDOUT_EVENTS_ENABLED, scope)?,
        };
        let stderr = Capture {
            maxbytes: reader.get(&table::STDERR_CAPTURE_MAXBYTES, scope)?,
            events_enabled: reader.get(&table::STDERR_EVENTS_ENABLED, scope)?,
        };
        let serverurl = match reader.get(&table::SERVERURL, scope)? {
            url if strip(&url).eq_ignore_ascii_case("auto") => ServerUrl::Auto,
            url => ServerUrl::Explicit(url),
        };
        let uid = reader.find(&table::USER_, scope)?;
        let umask = reader.find(&table::UMASK, scope)?;
        let entry = &table::PROCESS_NAME.entry;
        let process_name = reader.or(reader.parse(entry, NAME, reader.raw(&table::PROCESS_NAME)), String::new)?;
        let numprocs = match numprocs {
            many if many > MAX_PROCESSES => {
                reader.keep(reader.error(&table::NUMPROCS.entry, Cause::TooManyProcesses(many)))?;
                1
            }
            numprocs => numprocs,
        };
        if numprocs > 1 && !process_name.contains("%(process_num)") {
            reader.keep(reader.error(entry, Cause::NoProcessNum))?;
        }
        if stopasgroup && !killasgroup {
            reader.keep(reader.error(&table::KILLASGROUP.entry, Cause::StopButNotKillGroup))?;
        }
        if program_name.is_empty() {
            reader.warn("", "the program name is empty");
        }
        if stopsignal == 0 {
            reader.warn(
                table::STOPSIGNAL.entry.name,
                "stopsignal is 0, so nothing is sent and every stop ends with SIGKILL after stopwaitsecs",
            );
        }
        let template = ProcessConfig {
            name: String::new(),
            section: section.to_owned(),
            command: String::new(),
            priority,
            autostart,
            autorestart,
            startsecs: Seconds(startsecs),
            startretries,
            exitcodes,
            stopsignal,
            stopwaitsecs: Seconds(stopwaitsecs),
            stopasgroup,
            killasgroup,
            uid,
            umask,
            directory: None,
            environment: Arc::clone(&context.environment),
            serverurl,
            redirect_stderr,
            stdout: EMPTY_CHANNEL,
            stderr: EMPTY_CHANNEL,
            fcgi: None,
        };
        Ok(Program { context, reader, names, process_name, numprocs, numprocs_start, stdout, stderr, template })
    }

    fn processes(self) -> Result<Vec<ProcessConfig>, ConfigError> {
        let end = self.numprocs_start.saturating_add(self.numprocs.into());
        // Mostly there is one, and room for more would be most of the memory of a large configuration.
        let mut processes = Vec::with_capacity(1);
        let mistakes = self.context.findings.mistakes();
        let mut environment = Environment::default();
        for number in self.numprocs_start..end {
            processes.push(self.process(number, &mut environment)?);
            if self.context.findings.mistakes() > mistakes {
                // What is wrong with one is wrong with all.
                break;
            }
        }
        processes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(processes)
    }

    /// Reads the process of a number; `environment` is that of the one before.
    fn process(&self, number: i128, environment: &mut Environment) -> Result<ProcessConfig, ConfigError> {
        let (reader, context) = (&self.reader, self.context);
        let section = reader.section;
        let numbers = Layer::from([
            ("process_num".into(), Term::Int(number)),
            ("numprocs".into(), Term::Int(self.numprocs.into())),
        ]);
        self.environment(&numbers, number, environment)?;

        let scope = Scope(&[&environment.earlier, &context.variables, &self.names, &numbers, &environment.layer]);
        let directory = reader.find(&table::DIRECTORY_, scope)?;
        let stdout = channel(reader, &STDOUT, &self.stdout, scope)?;
        let mut stderr = channel(reader, &STDERR, &self.stderr, scope)?;
        if self.template.redirect_stderr {
            if stderr.was_path {
                reader.warn(
                    table::STDERR_LOGFILE.entry.name,
                    "redirect_stderr=true but stderr_logfile has also been set to a filename, the filename has been ignored",
                );
            }
            stderr.config.logfile = LogTarget::None;
        }
        let missing = Cause::NoCommand { section: section.to_owned() };
        let command = reader.need(&table::COMMAND, scope, missing, String::new())?;
        let name = reader.expand(&table::PROCESS_NAME.entry, &self.process_name, scope, "process_name");
        let name = reader.or(name, Default::default)?;
        if let Some(character) = find_forbidden(&name) {
            reader.warn(
                table::PROCESS_NAME.entry.name,
                &format!("the process name {name} contains '{character}', so that clients may be unable to name it"),
            );
        }
        Ok(ProcessConfig {
            name: name.into_owned(),
            command,
            directory: directory.map(|directory| outside::path(&directory).into_owned()),
            environment: Arc::clone(&environment.variables),
            stdout: stdout.config,
            stderr: stderr.config,
            ..self.template.clone()
        })
    }

    /// Reads the variables of the process of a number, unless they are those of the one before.
    fn environment(&self, numbers: &Layer, number: i128, environment: &mut Environment) -> Result<(), ConfigError> {
        let (reader, entry) = (&self.reader, &table::ENVIRONMENT.entry);
        let scope = Scope(&[&environment.earlier, &environment.layer, &self.context.variables, &self.names, numbers]);
        let text = reader.expand(entry, reader.raw(&table::ENVIRONMENT), scope, "environment");
        if let (Ok(text), Some(last)) = (&text, &environment.text)
            && *text == **last
        {
            return Ok(());
        }
        let parsed = text.and_then(|text| {
            let parsed = environment::parse(&text).map_err(|error| reader.error(entry, ValueError::from(error)))?;
            environment.text = Some(text.into_owned());
            Ok(parsed)
        });
        let parsed = reader.or(parsed, Default::default)?;
        if parsed.is_cut && number == self.numprocs_start {
            reader.warn(entry.name, CUT_ENVIRONMENT);
        }
        environment.replace(variables(parsed.pairs.iter().map(|(name, value)| (name, value))).collect());
        environment.variables = Arc::clone(&self.context.environment);
        if !parsed.pairs.is_empty() {
            Arc::make_mut(&mut environment.variables).extend(parsed.pairs);
        }
        Ok(())
    }
}

/// The variables of the process last read. Those of the next are mostly the same, and shared then.
#[derive(Default)]
struct Environment {
    /// `environment=`, expanded, if it made sense.
    text: Option<String>,
    /// The same as names for expansions.
    layer: Layer,
    /// Names that only processes before it had. Expansions may use them, below the variables of the daemon, while
    /// the processes themselves are not given them.
    earlier: Layer,
    /// The daemon's, overlaid by these.
    variables: Arc<BTreeMap<String, String>>,
}

impl Environment {
    /// Goes on to the names of the next process. What is not hidden by them is kept, each name once, so that the time
    /// for all processes grows with what is written and not with its square.
    fn replace(&mut self, layer: Layer) {
        let last = std::mem::replace(&mut self.layer, layer);
        let hidden = &self.layer;
        self.earlier.extend(last.into_iter().filter(|(name, _)| !hidden.contains_key(name)));
    }
}

/// Of `environment=` text that no grammar reads as pairs (Q20).
pub(super) const CUT_ENVIRONMENT: &str =
    "environment has text that is not part of any KEY=\"value\" pair, the text has been ignored";

const EMPTY_CHANNEL: ChannelConfig = ChannelConfig {
    logfile: LogTarget::None,
    logfile_maxbytes: 0,
    logfile_backups: 0,
    capture_maxbytes: 0,
    events_enabled: false,
    syslog: false,
};

/// The options of one channel that may differ between processes.
struct ChannelTable {
    logfile: Setting<LogfileName>,
    backups: Setting<i64>,
    maxbytes: Setting<i64>,
    syslog: Setting<bool>,
}

const STDOUT: ChannelTable = ChannelTable {
    logfile: table::STDOUT_LOGFILE,
    backups: table::STDOUT_LOGFILE_BACKUPS,
    maxbytes: table::STDOUT_LOGFILE_MAXBYTES,
    syslog: table::STDOUT_SYSLOG,
};

const STDERR: ChannelTable = ChannelTable {
    logfile: table::STDERR_LOGFILE,
    backups: table::STDERR_LOGFILE_BACKUPS,
    maxbytes: table::STDERR_LOGFILE_MAXBYTES,
    syslog: table::STDERR_SYSLOG,
};

struct Channel {
    config: ChannelConfig,
    /// The log file was given as a path, if only an empty one.
    was_path: bool,
}

fn channel(
    reader: &Reader<'_>,
    options: &ChannelTable,
    capture: &Capture,
    scope: Scope<'_>,
) -> Result<Channel, ConfigError> {
    let key = options.logfile.entry.name;
    let logfile = reader.or(logfile(reader, &options.logfile, scope), || LogfileName::None)?;
    let logfile_backups = reader.get(&options.backups, scope)?;
    let logfile_maxbytes = reader.get(&options.maxbytes, scope)?;
    let mut syslog = reader.get(&options.syslog, scope)?;
    let was_path = matches!(logfile, LogfileName::Path(_));
    let target = match logfile {
        LogfileName::Syslog => {
            let replacement = options.syslog.entry.name;
            reader.warn(
                key,
                &format!("{key}=syslog but this is deprecated and will be removed.  Use {replacement}=true to enable syslog instead."),
            );
            syslog = true;
            LogTarget::None
        }
        LogfileName::Auto => {
            if logfile_maxbytes == 0 {
                reader.warn(
                    key,
                    &format!("AUTO logging used for {key} without rollover, set maxbytes > 0 to avoid filling up filesystem unintentionally"),
                );
            }
            LogTarget::Auto
        }
        LogfileName::None => LogTarget::None,
        LogfileName::Path(path) if path.is_empty() => LogTarget::Empty,
        LogfileName::Path(path) => LogTarget::File(outside::path(&path).into_owned()),
    };
    let config = ChannelConfig {
        logfile: target,
        logfile_maxbytes,
        logfile_backups,
        capture_maxbytes: capture.maxbytes,
        events_enabled: capture.events_enabled,
        syslog,
    };
    Ok(Channel { config, was_path })
}

/// A log file name is expanded twice, the second time tolerantly (Q18).
fn logfile(reader: &Reader<'_>, setting: &Setting<LogfileName>, scope: Scope<'_>) -> Result<LogfileName, ConfigError> {
    let Some(text) = reader.expanded(&setting.entry, scope)? else { return reader.get(setting, scope) };
    reader.parse(&setting.entry, setting.parser, &expand_again(text, scope))
}
