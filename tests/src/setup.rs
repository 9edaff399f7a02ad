//! The configuration of a daemon to be tested, and the ways to start it.
//!
//! Text is written as a user would write it, with four placeholders: `{dir}` is the daemon's own temporary directory,
//! `{bin}` that of the programs, `{misbehave}` the bad peer and `{port}` a free port of the loopback interface.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::unistd::User;
use tempfile::TempDir;

use crate::run::{Ran, run};
use crate::subject::{self, Subject};
use crate::sweep::{MARK, sweep};
use crate::{Daemon, daemon, skip};

const RPC: &str = "[rpcinterface:supervisor]\n\
    supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n";

/// A daemon that is not started yet.
pub struct Setup {
    /// The programs to use.
    pub subject: Subject,
    pub(crate) dir: TempDir,
    pub(crate) port: u16,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    wrapper: Vec<String>,
    pub(crate) inet: bool,
    head: String,
    servers: String,
    body: String,
    whole: Option<String>,
    misbehave: PathBuf,
    pub(crate) log: String,
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

impl Setup {
    /// A daemon without programs, on one unix socket, logging at debug level; all its files lie in its own directory.
    pub fn new() -> Self {
        // The path as the kernel tells it, whatever links lead there.
        let temp = std::env::temp_dir().canonicalize().expect("the place of temporary directories");
        let dir = tempfile::Builder::new().prefix("svt").tempdir_in(temp).expect("a temporary directory");
        Self {
            subject: Subject::under_test(),
            dir,
            port: free_port(),
            args: vec!["-n".to_owned()],
            env: Vec::new(),
            wrapper: Vec::new(),
            inet: false,
            head: "logfile={dir}/supervisord.log\npidfile={dir}/supervisord.pid\nchildlogdir={dir}\nloglevel=debug\n"
                .to_owned(),
            servers: "[unix_http_server]\nfile={dir}/s.sock\n".to_owned(),
            body: String::new(),
            whole: None,
            misbehave: subject::misbehave(),
            log: "supervisord.log".to_owned(),
        }
    }

    /// Uses another set of programs.
    pub fn subject(mut self, subject: &Subject) -> Self {
        self.subject = subject.clone();
        self
    }

    /// Adds lines to `[supervisord]`; a later line wins over an earlier one.
    pub fn supervisord(mut self, lines: &str) -> Self {
        self.head.push_str(lines);
        self.head.push('\n');
        self
    }

    /// Adds sections.
    pub fn with(mut self, sections: &str) -> Self {
        self.body.push_str(sections);
        self.body.push('\n');
        self
    }

    /// Replaces the server sections.
    pub fn servers(mut self, sections: &str) -> Self {
        sections.clone_into(&mut self.servers);
        self
    }

    /// Adds an inet server on `{port}` without credentials, and talks to the daemon through it.
    pub fn inet(mut self) -> Self {
        self.servers.push_str("[inet_http_server]\nport=127.0.0.1:{port}\n");
        self.inet = true;
        self
    }

    /// Adds a listener that records what it reads and answers OK: `{dir}/NAME.rec`.
    pub fn recorder(self, name: &str, options: &str) -> Self {
        self.listener(name, options, r"label:top 'say:READY\n' event 'say:RESULT 2\nOK' goto:top")
    }

    /// Adds a listener that plays `steps` (see the `misbehave` program) and records what it reads.
    pub fn listener(self, name: &str, options: &str, steps: &str) -> Self {
        self.with(&format!(
            "[eventlistener:{name}]\ncommand={{misbehave}} play {{dir}}/{name}.rec {steps}\nstartsecs=0\n{options}\n"
        ))
    }

    /// Adds a listener that is bad in a known way (see the table of the `misbehave` program).
    pub fn bad_listener(self, name: &str, options: &str, kind: &str) -> Self {
        self.with(&format!(
            "[eventlistener:{name}]\ncommand={{misbehave}} bad {{dir}}/{name}.rec {kind}\nstartsecs=0\n{options}\n"
        ))
    }

    /// Adds a program that plays `steps`.
    pub fn program(self, name: &str, options: &str, steps: &str) -> Self {
        self.with(&format!(
            "[program:{name}]\ncommand={{misbehave}} play {{dir}}/{name}.rec {steps}\nstartsecs=0\n{options}\n"
        ))
    }

    /// The whole configuration file, instead of the one made from sections.
    pub fn file(mut self, text: &str) -> Self {
        self.whole = Some(text.to_owned());
        self
    }

    /// Says which file has the activity log, if it is not `supervisord.log`.
    pub fn log_file(mut self, name: &str) -> Self {
        name.clone_into(&mut self.log);
        self
    }

    /// Adds command line options of supervisord.
    pub fn args(mut self, args: &[&str]) -> Self {
        let args: Vec<String> = args.iter().map(|arg| self.fill(arg)).collect();
        self.args.extend(args);
        self
    }

    /// Does not pass `-n`: the daemon goes to the background.
    pub fn daemonize(mut self) -> Self {
        self.args.retain(|arg| arg != "-n");
        self
    }

    /// Adds a variable to the daemon's environment, which is otherwise nearly empty.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Copies a fixture into the daemon's directory, where any user can run it.
    pub fn fixture(self, name: &str) -> Self {
        std::fs::copy(subject::fixture(name), self.path(name)).expect("copy a fixture");
        self
    }

    /// Gives the daemon and its children another wall clock, `YYYY-MM-DD hh:mm:ss` when they start; the monotonic one
    /// stays as it is. `None` where that cannot be done.
    pub fn at_time(self, start: &str) -> Option<Self> {
        let library = skip::faketime()?.display().to_string();
        let setup = self.env("LD_PRELOAD", &library).env("DONT_FAKE_MONOTONIC", "1");
        Some(setup.env("FAKETIME", &format!("@{start}")))
    }

    /// Makes all clocks of the daemon and its children run `factor` times as fast. `None` where that cannot be done.
    pub fn at_speed(self, factor: u32) -> Option<Self> {
        let library = skip::faketime()?.display().to_string();
        Some(self.env("LD_PRELOAD", &library).env("FAKETIME", &format!("+0 x{factor}")))
    }

    /// Makes the daemon run as `nobody`, beside a bad peer that may become root: `{dir}/rootly`. `None` where that cannot
    /// be done. To be called before listeners and programs are added.
    pub fn as_nobody(mut self) -> Option<Self> {
        if !skip::is_root() {
            skip::skip(false, "only root can make a daemon run as nobody");
            return None;
        }
        let nobody = User::from_name("nobody").expect("the users").expect("a user nobody");
        chown(self.dir.path(), Some(nobody.uid.as_raw()), Some(nobody.gid.as_raw())).expect("give the directory away");
        // The one that was built may lie where nobody cannot look.
        for (name, mode) in [("misbehave", 0o755), ("rootly", 0o4755)] {
            let path = self.path(name);
            std::fs::copy(&self.misbehave, &path).expect("copy the bad peer");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        }
        self.misbehave = self.path("misbehave");
        Some(self.supervisord("user=nobody"))
    }

    /// Starts supervisord through another program, whose words come before its own and which must execute it in its own
    /// place: `prlimit`, `setpriv`, `sh -c 'exec "$@"' sh`.
    pub fn through(mut self, words: &[&str]) -> Self {
        let words: Vec<String> = words.iter().map(|word| self.fill(word)).collect();
        self.wrapper.extend(words);
        self
    }

    /// Writes a file into the daemon's directory before it starts.
    pub fn write(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, self.fill(text)).unwrap();
        self
    }

    /// A path in the daemon's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The port of `{port}`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Replaces the placeholders.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{dir}", &self.dir.path().display().to_string())
            .replace("{misbehave}", &self.misbehave.display().to_string())
            .replace("{bin}", &self.subject.dir().display().to_string())
            .replace("{port}", &self.port.to_string())
    }

    /// The configuration, placeholders replaced.
    pub fn text(&self) -> String {
        match &self.whole {
            Some(text) => self.fill(text),
            None => self.fill(&format!(
                "[supervisord]\n{}{}{RPC}[supervisorctl]\nserverurl=unix://{{dir}}/s.sock\n{}",
                self.head, self.servers, self.body
            )),
        }
    }

    /// Starts the daemon in the foreground and waits until it answers.
    pub fn start(self) -> Daemon {
        daemon::start(self)
    }

    /// Runs supervisord on the configuration until it ends by itself: a start that is expected to fail, or to fork.
    pub fn run(&self) -> Ran {
        let conf = self.write_config();
        let mut args = vec!["-c".to_owned(), conf.display().to_string()];
        args.extend(self.args.iter().cloned());
        self.run_with(&args)
    }

    /// Runs supervisord with exactly these arguments until it ends by itself.
    pub fn run_with<S: AsRef<str>>(&self, args: &[S]) -> Ran {
        let mut command = self.command("supervisord");
        command.args(args.iter().map(|arg| self.fill(arg.as_ref())));
        run(command, "", self.dir.path())
    }

    /// A program of the set, in the daemon's directory and environment.
    pub fn command(&self, program: &str) -> Command {
        let path = self.subject.program(program);
        let mut command = match self.wrapper.split_first() {
            Some((first, words)) if program == "supervisord" => {
                let mut command = Command::new(first);
                command.args(words).arg(path);
                command
            }
            _ => Command::new(path),
        };
        prepare(&mut command, self.dir.path(), &self.env);
        command
    }

    pub(crate) fn write_config(&self) -> PathBuf {
        let conf = self.path("supervisord.conf");
        std::fs::write(&conf, self.text()).unwrap();
        conf
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        // A daemon that went to the background, or a start that succeeded against expectation.
        sweep(self.dir.path());
    }
}

/// Gives a command the rig's environment and the daemon's directory.
pub fn prepare(command: &mut Command, dir: &Path, env: &[(String, String)]) {
    command
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir)
        .env("LANG", "C.UTF-8")
        .env("TZ", "UTC")
        .env(MARK, dir)
        .envs(env.iter().map(|(name, value)| (name, value)));
}

/// A port nobody listens on at this moment, which neither another test gets nor, before it is used, the near end of some
/// connection: those have numbers from 32768.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 16_384;
    // Processes that run at the same time begin at different places.
    let first = std::process::id().wrapping_mul(7919);
    let candidates =
        std::iter::repeat_with(|| FIRST + first.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % FIRST);
    let mut ports = candidates.take(FIRST as usize).filter_map(|port| u16::try_from(port).ok());
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}
