//! The tables themselves, one module per kind of section. Source: contract 2.1 to 2.11,
//! <http://supervisord.org/configuration.html>.

use super::super::value::{self, LogfileName};
use super::Parser;

/// Lists the options of a section as constants and as a table.
macro_rules! section {
    (
        $(#[$attribute:meta])*
        $module:ident $header:literal $(extends $extends:literal)? $help:literal
        $($name:ident: $type:ty = $value:expr;)*
    ) => {
        $(#[$attribute])*
        #[allow(missing_docs)] // each constant carries its help line
        pub mod $module {
            #[allow(unused_imports)]
            use super::{*, super::{Entry, Optional, SectionTable, Setting, optional, setting}};
            #[allow(unused_imports)]
            use crate::config::model::{AutoRestart, LogLevel};

            $(pub const $name: $type = $value;)*

            pub const TABLE: SectionTable = SectionTable {
                header: $header,
                help: $help,
                options: const { &[$(&$name.entry as &Entry),*] },
                extends: section!(@extends $($extends)?),
            };
        }
    };
    (@extends) => { None };
    (@extends $extends:literal) => { Some($extends) };
}

macro_rules! parsers {
    ($($(#[$attribute:meta])* $name:ident: $type:ty = $kind:literal $parse:path;)*) => {
        $(
            $(#[$attribute])*
            #[allow(missing_docs)]
            pub const $name: Parser<$type> = Parser { kind: $kind, parse: $parse };
        )*
    };
}

parsers! {
    TEXT: String = "text" value::text;
    INT: i64 = "integer" value::int;
    WIDE: i128 = "integer" value::wide;
    BOOLEAN: bool = "boolean" value::boolean;
    SIZE: i64 = "byte size" value::byte_size;
    OCTAL: u32 = "octal number" value::octal;
    LEVEL: crate::config::model::LogLevel = "level" value::level;
    DIRECTORY: std::path::PathBuf = "existing directory" value::existing_directory;
    PATH: String = "path in an existing directory" value::existing_dirpath;
    LOGFILE: LogfileName = "AUTO, NONE, or a path in an existing directory" value::logfile;
    SIGNAL: i32 = "signal" value::signal;
    USER: u32 = "user name or id" value::user;
    CHOWN: (u32, Option<u32>) = "user or user:group" value::chown;
    CHMOD: u32 = "octal number" value::chmod;
    SOCKET_OWNER: (u32, Option<u32>) = "user or user:group" value::socket_owner;
    SOCKET_MODE: u32 = "octal number" value::socket_mode;
    BACKLOG: u16 = "integer from 1 to 65535" value::socket_backlog;
    EXIT_CODES: Vec<i32> = "list of exit codes" value::exit_codes;
    LIST: Vec<String> = "comma-separated list" value::list;
    AUTORESTART: crate::config::model::AutoRestart = "boolean or unexpected" value::autorestart;
    ADDRESS: (String, u16) = "[host:]port" value::address;
    NAME: String = "name" value::name;
    /// Split into pairs once it is expanded as a whole.
    PAIRS: String = "list of KEY=\"value\"" value::text;
}

section! {
    /// `[supervisord]`
    daemon "supervisord" "The daemon itself."
    MINFDS: Setting<i64> = setting("minfds", INT, "1024", "Open files the daemon needs; its soft limit is raised to this.");
    MINPROCS: Setting<i64> = setting("minprocs", INT, "200", "Processes its user must be able to have; likewise.");
    DIRECTORY_: Optional<std::path::PathBuf> = optional("directory", DIRECTORY, "/",
        "Where a daemon changes to; ignored in the foreground.");
    USER_: Optional<String> = optional("user", TEXT, "nobody", "The user to become, by name or id, when started as root.");
    UMASK: Setting<u32> = setting("umask", OCTAL, "022", "File mode mask of a daemon; ignored in the foreground.");
    LOGFILE: Setting<String> = setting("logfile", PATH, "supervisord.log",
        "The activity log; the word syslog sends it there.");
    LOGFILE_MAXBYTES: Setting<i64> = setting("logfile_maxbytes", SIZE, "50MB",
        "Size at which the activity log is rotated; 0 for never.");
    LOGFILE_BACKUPS: Setting<i64> = setting("logfile_backups", INT, "10",
        "Rotated copies to keep.");
    LOGLEVEL: Setting<LogLevel> = setting("loglevel", LEVEL, "info", "Lowest level to log: critical, error, warn, info, debug, trace or blather.");
    PIDFILE: Setting<String> = setting("pidfile", PATH, "supervisord.pid", "Where the daemon's process id is written.");
    IDENTIFIER: Setting<String> = setting("identifier", TEXT, "supervisor", "The name of this instance: server: of events, part of AUTO log names.");
    NODAEMON: Setting<bool> = setting("nodaemon", BOOLEAN, "false", "Stay in the foreground.");
    SILENT: Setting<bool> = setting("silent", BOOLEAN, "false",
        "Do not copy the activity log to standard output in the foreground.");
    CHILDLOGDIR: Optional<std::path::PathBuf> = optional("childlogdir", DIRECTORY, "/tmp",
        "Directory of AUTO child logs; the system's temporary one if not set.");
    NOCLEANUP: Setting<bool> = setting("nocleanup", BOOLEAN, "false", "Keep the AUTO child logs of earlier runs.");
    STRIP_ANSI: Setting<bool> = setting("strip_ansi", BOOLEAN, "false",
        "Remove terminal escape sequences from child logs and events.");
    ENVIRONMENT: Setting<String> = setting("environment", PAIRS, "", "Variables for every child.")
        .example("KEY=\"value\"");
}

section! {
    /// `[program:x]`
    program "program:NAME" "A program to run, once or several times."
    COMMAND: Optional<String> = optional("command", TEXT, "/usr/local/bin/web --port 8000", "Words and quotes, no shell; required.");
    PROCESS_NAME: Setting<String> = setting("process_name", TEXT, "%(program_name)s", "Names of the processes; must hold %(process_num) if numprocs is above 1.");
    NUMPROCS: Setting<i64> = setting("numprocs", INT, "1", "How many processes to run.");
    NUMPROCS_START: Setting<i128> = setting("numprocs_start", WIDE, "0", "The process_num of the first one.");
    PRIORITY: Setting<i64> = setting("priority", INT, "999", "Lower ones start first and stop last.");
    AUTOSTART: Setting<bool> = setting("autostart", BOOLEAN, "true", "Start with the daemon.");
    STARTSECS: Setting<i64> = setting("startsecs", INT, "1", "RUNNING once up for longer than so many seconds; 0 at once.");
    STARTRETRIES: Setting<i64> = setting("startretries", INT, "3", "Further attempts when a start fails, 1, 2, 3 s apart; then FATAL.");
    AUTORESTART_: Setting<AutoRestart> = setting("autorestart", AUTORESTART, "unexpected",
        "Restart after an exit from RUNNING: true, false, or unexpected, by exitcodes.");
    EXITCODES: Setting<Vec<i32>> = setting("exitcodes", EXIT_CODES, "0", "Exit codes that are expected.");
    STOPSIGNAL: Setting<i32> = setting("stopsignal", SIGNAL, "TERM", "The signal that asks it to stop.");
    STOPWAITSECS: Setting<i64> = setting("stopwaitsecs", INT, "10", "Seconds to wait before SIGKILL.");
    STOPASGROUP: Setting<bool> = setting("stopasgroup", BOOLEAN, "false",
        "Send the stop signal to the whole process group; implies killasgroup.");
    KILLASGROUP: Optional<bool> = optional("killasgroup", BOOLEAN, "false",
        "Send SIGKILL to the whole process group; as stopasgroup if not set.");
    USER_: Optional<u32> = optional("user", USER, "nobody", "The user to run as.");
    UMASK: Optional<u32> = optional("umask", OCTAL, "022", "File mode mask of the process.");
    DIRECTORY_: Optional<String> = optional("directory", TEXT, "/tmp", "Working directory of the process.");
    ENVIRONMENT: Setting<String> = setting("environment", PAIRS, "",
        "Variables on top of those of the daemon's section.").example("A=\"1\",B=\"two words\"");
    SERVERURL: Setting<String> = setting("serverurl", TEXT, "AUTO", "SUPERVISOR_SERVER_URL of the process; AUTO is the first server.");
    REDIRECT_STDERR: Setting<bool> = setting("redirect_stderr", BOOLEAN, "false",
        "Send standard error where standard output goes.");
    STDOUT_LOGFILE: Setting<LogfileName> = setting("stdout_logfile", LOGFILE, "AUTO", "A path, NONE, or AUTO: a file in childlogdir that the next start deletes.");
    STDOUT_LOGFILE_MAXBYTES: Setting<i64> = setting("stdout_logfile_maxbytes", SIZE, "50MB",
        "Size at which it is rotated; 0 for never.");
    STDOUT_LOGFILE_BACKUPS: Setting<i64> = setting("stdout_logfile_backups", INT, "10", "Rotated copies to keep.");
    STDOUT_CAPTURE_MAXBYTES: Setting<i64> = setting("stdout_capture_maxbytes", SIZE, "0",
        "Room for process communication; 0 is off.");
    STDOUT_EVENTS_ENABLED: Setting<bool> = setting("stdout_events_enabled", BOOLEAN, "false",
        "Emit PROCESS_LOG_STDOUT events.");
    STDOUT_SYSLOG: Setting<bool> = setting("stdout_syslog", BOOLEAN, "false",
        "Send standard output to syslog as well.");
    STDERR_LOGFILE: Setting<LogfileName> = setting("stderr_logfile", LOGFILE, "AUTO", "Likewise, of standard error.");
    STDERR_LOGFILE_MAXBYTES: Setting<i64> = setting("stderr_logfile_maxbytes", SIZE, "50MB",
        "Size at which it is rotated; 0 for never.");
    STDERR_LOGFILE_BACKUPS: Setting<i64> = setting("stderr_logfile_backups", INT, "10", "Rotated copies to keep.");
    STDERR_CAPTURE_MAXBYTES: Setting<i64> = setting("stderr_capture_maxbytes", SIZE, "0",
        "Room for process communication; 0 is off.");
    STDERR_EVENTS_ENABLED: Setting<bool> = setting("stderr_events_enabled", BOOLEAN, "false",
        "Emit PROCESS_LOG_STDERR events.");
    STDERR_SYSLOG: Setting<bool> = setting("stderr_syslog", BOOLEAN, "false", "Send standard error to syslog as well.");
}

section! {
    /// `[group:x]`
    group "group:NAME" "Programs that are started and stopped together."
    PROGRAMS: Setting<Vec<String>> = setting("programs", LIST, "",
        "Its programs, in starting order; they lose their own groups.").example("NAME,OTHER");
    PRIORITY: Setting<i64> = setting("priority", INT, "999", "Lower ones start first and stop last.");
}

section! {
    /// `[fcgi-program:x]`
    fcgi "fcgi-program:NAME" extends "program:NAME" "A program whose processes share a FastCGI socket."
    SOCKET: Optional<String> = optional("socket", TEXT, "unix:///tmp/%(program_name)s.sock", "tcp://host:port or unix:///path; required.");
    BACKLOG_: Optional<u16> = optional("socket_backlog", BACKLOG, "128",
        "Connections that may wait; the system's maximum if not set.");
    OWNER: Optional<(u32, Option<u32>)> = optional("socket_owner", SOCKET_OWNER, "nobody",
        "Owner of a unix socket; as user if not set.");
    MODE: Optional<u32> = optional("socket_mode", SOCKET_MODE, "0700", "Mode of a unix socket; 0700 if not set.");
}

section! {
    /// `[eventlistener:x]`
    listener "eventlistener:NAME" extends "program:NAME" "A pool of processes that are told of events."
    EVENTS: Setting<Vec<String>> = setting("events", LIST, "", "The kinds of event it wants; required.")
        .example("PROCESS_STATE,TICK_60");
    BUFFER_SIZE: Optional<i64> = optional("buffer_size", INT, "1024",
        "Events that may wait, exactly; if not set, 1024 and at most 1 MiB.");
    RESULT_HANDLER: Setting<String> = setting("result_handler", TEXT, "supervisor.dispatchers:default_handler",
        "Also: supervisor_stdout:event_handler.");
    PRIORITY: Setting<i64> = setting("priority", INT, "-1",
        "Priority of the pool; its processes have that of a program.");
    REDIRECT_STDERR: Setting<bool> = setting("redirect_stderr", BOOLEAN, "false",
        "Must stay false: standard output carries the protocol.");
}

section! {
    /// `[unix_http_server]`, and any other section whose name starts so.
    unix_server "unix_http_server" "An HTTP server on a unix socket."
    FILE: Optional<String> = optional("file", TEXT, "/tmp/supervisor.sock", "Path of the socket; required.");
    CHMOD_: Setting<u32> = setting("chmod", CHMOD, "0700", "Mode of the socket.");
    CHOWN_: Optional<(u32, Option<u32>)> = optional("chown", CHOWN, "nobody", "Owner of the socket.");
    USERNAME: Optional<String> = optional("username", TEXT, "user", "User name that clients must give; both or neither.");
    PASSWORD: Optional<String> = optional("password", TEXT, "123", "Their password, in clear or as {SHA} and 40 hexadecimal digits.");
}

section! {
    /// `[inet_http_server]`, and any other section whose name starts so.
    inet_server "inet_http_server" "An HTTP server on a TCP port."
    PORT: Optional<(String, u16)> = optional("port", ADDRESS, "127.0.0.1:9001", "Address and port; * or no address is all of them; required.");
    USERNAME: Optional<String> = optional("username", TEXT, "user", "User name that clients must give; both or neither.");
    PASSWORD: Optional<String> = optional("password", TEXT, "123", "Their password, in clear or as {SHA} and 40 hexadecimal digits.");
}

section! {
    /// `[rpcinterface:x]`
    rpc_interface "rpcinterface:NAME" "A namespace of XML-RPC methods."
    FACTORY: Optional<String> = optional("supervisor.rpcinterface_factory", TEXT, "supervisor.rpcinterface:make_main_rpcinterface",
        "Nothing else can be loaded; required.");
}

section! {
    /// `[include]`
    include "include" "Further files to read."
    FILES: Optional<String> = optional("files", TEXT, "conf.d/*.conf", "File name patterns, between blanks, relative to this file; required.");
}

section! {
    /// `[supervisorctl]`: not read by the daemon. It is here for the sample and the manual.
    client "supervisorctl" "How supervisorctl reaches the daemon."
    SERVERURL: Setting<String> = setting("serverurl", TEXT, "http://localhost:9001",
        "The server's address, also unix:///path.");
    USERNAME: Optional<String> = optional("username", TEXT, "user", "As in the section of that server.");
    PASSWORD: Optional<String> = optional("password", TEXT, "123", "As there, in clear.");
    PROMPT: Setting<String> = setting("prompt", TEXT, "supervisor", "The prompt of the interactive shell.");
    HISTORY_FILE: Optional<String> = optional("history_file", TEXT, "~/.supervisor_history",
        "Where that shell keeps its history; nowhere if not set.");
}
