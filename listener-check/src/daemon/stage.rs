//! A daemon under test: its directory, its process, a client, and what can be seen of it from outside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use supervisor_sdk::rpc::{Client, ServerUrl};
use tempfile::TempDir;

use super::actor::{GATES, TRANSCRIPTS};
use super::log::Log;
use super::ops::{self, Op};
use super::transcript::Transcript;
use crate::clock::wait_until;

/// What all scenes have in common.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The daemon's program.
    pub(crate) daemon: PathBuf,
    /// This program, for the configuration.
    kit: PathBuf,
    /// How long to wait for one condition.
    pub(crate) patience: Duration,
}

impl Setting {
    /// A setting for this daemon.
    ///
    /// # Errors
    /// There is no such program.
    pub(crate) fn new(daemon: &Path, patience: Duration) -> io::Result<Setting> {
        Ok(Setting { daemon: daemon.canonicalize()?, kit: std::env::current_exe()?, patience })
    }

    /// The command of a listener in the configuration of a scene in `dir`.
    pub(crate) fn command(&self, dir: &Path) -> String {
        format!("{} --play {}", self.kit.display(), dir.display())
    }

    /// The daemon's command, not yet started: in the foreground, on this configuration.
    pub(crate) fn daemon(&self, configuration: &Path) -> Command {
        let mut command = Command::new(&self.daemon);
        command.arg("-n").arg("-c").arg(configuration).stdin(Stdio::null());
        // Of two listeners with the same name as the kit's, the environment would win.
        for key in ["SUPERVISOR_ENABLED", "SUPERVISOR_PROCESS_NAME", "SUPERVISOR_GROUP_NAME", "SUPERVISOR_SERVER_URL"] {
            command.env_remove(key);
        }
        command
    }
}

/// A running daemon and its actors.
pub(crate) struct Stage<'a> {
    setting: &'a Setting,
    // Fields are dropped in this order, so the daemon has ended before its directory goes.
    daemon: Daemon,
    client: Client,
    dir: TempDir,
}

impl<'a> Stage<'a> {
    /// Starts a daemon with these sections beside those of the daemon itself, and waits until it answers. In the
    /// sections `{dir}` and `{actor}` stand for the scene's directory and the command of an actor.
    ///
    /// # Errors
    /// In words: the daemon does not start, or does not answer.
    pub(crate) fn start(setting: &'a Setting, sections: &str) -> Result<Stage<'a>, String> {
        let dir = tempfile::Builder::new().prefix("listener-check-").tempdir().map_err(failed("make a directory"))?;
        for name in [TRANSCRIPTS, GATES] {
            fs::create_dir(dir.path().join(name)).map_err(failed("make a directory"))?;
        }
        configure(setting, dir.path(), sections)?;
        let console = fs::File::create(dir.path().join("console")).map_err(failed("make a file"))?;
        let errors = console.try_clone().map_err(failed("make a file"))?;
        let child = setting
            .daemon(&dir.path().join("supervisord.conf"))
            .stdout(console)
            .stderr(errors)
            .spawn()
            .map_err(failed("start the daemon"))?;
        let url = format!("unix://{}", dir.path().join("s").display());
        let url = ServerUrl::parse(&url).map_err(|error| format!("no usable directory for sockets: {error}"))?;
        let mut stage = Stage { setting, daemon: Daemon(child), client: Client::new(&url, None), dir };
        let mut status = None;
        let answers = wait_until(setting.patience, || {
            status = stage.daemon.0.try_wait().ok().flatten();
            status.is_some() || stage.client.get_state().is_ok()
        });
        match status {
            None if answers => Ok(stage),
            None => Err(format!("the daemon did not answer within {:?}", setting.patience)),
            Some(status) => Err(format!("the daemon ended at once ({status}): {}", stage.console())),
        }
    }

    /// Replaces the sections of the configuration, for the next time it is read.
    pub(crate) fn rewrite(&self, sections: &str) -> Result<(), String> {
        configure(self.setting, self.dir.path(), sections)
    }

    /// A client of the daemon.
    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Sends a REMOTE_COMMUNICATION event.
    pub(crate) fn emit(&mut self, kind: &str, data: &str) -> Result<(), String> {
        self.client.send_remote_comm_event(kind, data).map_err(|error| format!("the daemon took no event: {error}"))
    }

    /// Sends a pool its script.
    pub(crate) fn direct(&mut self, pool: &str, script: &[Op]) -> Result<(), String> {
        self.emit(pool, &ops::encode(script))
    }

    /// Opens a gate.
    pub(crate) fn open(&self, gate: &str) -> Result<(), String> {
        fs::write(self.dir.path().join(GATES).join(gate), "").map_err(failed("open a gate"))
    }

    /// What the processes of this name have seen so far.
    pub(crate) fn transcript(&self, process: &str) -> Transcript {
        Transcript::parse(&self.read(&format!("{TRANSCRIPTS}/{process}")))
    }

    /// The activity log so far.
    pub(crate) fn log(&self) -> Log {
        Log::parse(&self.read("supervisord.log"))
    }

    /// A file of the scene's directory; empty if it is not there.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read(self.dir.path().join(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Waits for a condition; whether it came true. What did not happen is for the judgement to say.
    pub(crate) fn wait(&mut self, mut condition: impl FnMut(&mut Stage<'a>) -> bool) -> bool {
        wait_until(self.setting.patience, || condition(self))
    }

    /// Whether the daemon still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.daemon.0.try_wait(), Ok(None))
    }

    /// Sends the daemon a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        // It may be gone already, which is seen elsewhere.
        let _ = kill(self.daemon.pid(), signal);
    }

    /// Waits for the daemon's end; none if it does not come.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let mut status = None;
        wait_until(self.setting.patience, || {
            status = self.daemon.0.try_wait().ok().flatten();
            status.is_some()
        });
        status
    }

    /// The end of what the daemon printed.
    pub(crate) fn console(&self) -> String {
        let text = self.read("console");
        // A traceback underlines things.
        let lines = text.lines().map(str::trim).filter(|line| line.contains(|c: char| c.is_alphanumeric()));
        let lines: Vec<&str> = lines.rev().take(2).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("; ")
    }
}

/// The daemon's process, which does not outlive the scene.
struct Daemon(Child);

impl Daemon {
    fn pid(&self) -> Pid {
        // Pids of Linux are below 2^22.
        Pid::from_raw(self.0.id() as i32)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            // Its own end stops its children; a daemon that does not end is killed, and they see the end of their input.
            let _ = kill(self.pid(), Signal::SIGTERM);
            if !wait_until(Duration::from_secs(15), || !matches!(self.0.try_wait(), Ok(None))) {
                let _ = self.0.kill();
            }
        }
        let _ = self.0.wait();
    }
}

fn configure(setting: &Setting, dir: &Path, sections: &str) -> Result<(), String> {
    let path = dir.display();
    let sections = sections.replace("{actor}", &setting.command(dir)).replace("{dir}", &path.to_string());
    let text = format!(
        "[supervisord]\nlogfile={path}/supervisord.log\nlogfile_maxbytes=0\nloglevel=debug\npidfile={path}/pid\n\
         childlogdir={path}\nidentifier=kit\n\
         [unix_http_server]\nfile={path}/s\n\
         [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         {sections}"
    );
    fs::write(dir.join("supervisord.conf"), text).map_err(failed("write a configuration"))
}

/// Turns a failure of the system into a reason.
pub(crate) fn failed(what: &str) -> impl Fn(io::Error) -> String {
    move |error| format!("cannot {what}: {error}")
}
