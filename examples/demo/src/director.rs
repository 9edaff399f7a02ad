//! The director: sets the stage, lifts the curtain, watches, and puts everything away.
//!
//! It looks at the daemon only from outside, as any user could: `supervisorctl status` for the table and the
//! pids, the mailbox for the mails, the activity log for dropped events.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, timeout};

use crate::mailbox::{Mail, Mailbox};
use crate::port::ReservedPort;
use crate::screen::Screen;
use crate::status::{self, Row};
use crate::story::{Story, dropped_events};

/// When to bring the curtain down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Ctrl-C.
    Interrupted,
    /// Everything has been seen, or [`PATIENCE`] is over.
    AllSeen,
}

/// How long `--once` waits for the end of the story.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at the daemon.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A daemon that does not stop within this time is killed: ten seconds for each group would be its own limit.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// A Unix socket address holds 107 bytes; the daemon binds a longer name (`.PID` at the end) first.
const SOCKET_PATH_BYTES: usize = 96;

/// Runs the demo.
///
/// # Errors
/// The stage cannot be set, the daemon ends by itself, or (with [`Until::AllSeen`]) something is missing in
/// the end.
pub(crate) fn run(until: Until) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stage = Stage::set()?;
        let outcome = perform(&stage, until).await;
        match &outcome {
            Ok(()) => fs::remove_dir_all(&stage.directory).context("failed to clean up")?,
            Err(_) => Screen::new().note(Duration::ZERO, &format!("logs are kept in {}", stage.directory.display())),
        }
        outcome
    })
}

/// The directory the play takes place in.
struct Stage {
    directory: PathBuf,
    socket: String,
    port: ReservedPort,
}

impl Stage {
    /// Makes `target/demo/run-PID` with the configuration and links to the programs.
    fn set() -> Result<Self> {
        let own = std::env::current_exe().context("failed to find this program")?;
        let beside = own.parent().context("this program lies in no directory")?;
        let programs = match std::env::var_os("SUPERVISOR_BIN_DIR") {
            Some(directory) => fs::canonicalize(&directory)
                .with_context(|| format!("failed to find {}", Path::new(&directory).display()))?,
            None => beside.to_owned(),
        };
        for name in ["supervisord", "supervisorctl", "crashmail", "memmon", "httpok"] {
            if !programs.join(name).exists() {
                bail!(
                    "{} is missing: build it first, or say where it is by SUPERVISOR_BIN_DIR",
                    programs.join(name).display()
                );
            }
        }
        let target = beside.parent().unwrap_or(beside);
        let directory = target.join("demo").join(format!("run-{}", std::process::id()));
        let set = || -> std::io::Result<()> {
            fs::create_dir_all(&directory)?;
            symlink(&programs, directory.join("bin"))?;
            symlink(&own, directory.join("demo"))?;
            fs::write(directory.join("demo.conf"), include_str!("../demo.conf"))
        };
        set().with_context(|| format!("failed to prepare {}", directory.display()))?;
        Ok(Self { socket: socket_path(&directory)?, directory, port: ReservedPort::take()? })
    }

    /// A command that runs on the stage.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.directory)
            .env("DEMO_SOCKET", &self.socket)
            .env("DEMO_PORT", self.port.number().to_string())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// The daemon, in the foreground, in a process group of its own: a Ctrl-C is the director's business.
    fn start_daemon(&self) -> Result<Child> {
        let output = fs::File::create(self.directory.join("supervisord.out"))?;
        self.command("./demo")
            .args(["leash", "bin/supervisord", "-n", "-c", "demo.conf"])
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .context("failed to start supervisord")
    }

    /// What `supervisorctl status` says; `None` while the daemon does not answer.
    async fn status(&self) -> Result<Option<Vec<Row>>> {
        let output = self
            .command("bin/supervisorctl")
            .args(["-c", "demo.conf", "status"])
            .process_group(0)
            .output()
            .await
            .context("failed to run supervisorctl")?;
        Ok(status::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    fn read(&self, name: &str) -> String {
        fs::read(self.directory.join(name))
            .map_or_else(|_| String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Where the socket goes. The daemon makes its path absolute, so a deep checkout needs another way to say "the
/// current directory" in few bytes: all who use the socket have the stage as theirs.
fn socket_path(directory: &Path) -> Result<String> {
    let plain = directory.join("s.sock");
    let plain = plain.to_str().context("the path of the target directory is not UTF-8")?;
    // A `%` would start an expansion, a blank or comma is nothing to try in a URL.
    let is_plain = plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
    Ok(if is_plain && plain.len() < SOCKET_PATH_BYTES { plain.to_owned() } else { "/proc/self/cwd/s.sock".to_owned() })
}

/// From the first line to the last.
async fn perform(stage: &Stage, until: Until) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let start = Instant::now();
    let screen = Screen::new();
    screen.opening();

    let mut daemon = stage.start_daemon()?;
    let pid = daemon.id().context("supervisord ended at once")?;
    screen.note(start.elapsed(), &format!("supervisord is running, pid {pid}\n"));

    let mut play = Play {
        stage,
        screen: &screen,
        start,
        until,
        mailbox: Mailbox::new(&stage.directory),
        story: Story::default(),
        table: Vec::new(),
    };
    let outcome = tokio::select! {
        outcome = play.watch() => outcome.map(|()| Ending::Told),
        status = daemon.wait() => Err(died(stage, status?)),
        () = sleep(PATIENCE), if until == Until::AllSeen => Err(play.too_late()),
        _ = interrupt.recv() => Ok(Ending::Interrupted),
        _ = terminate.recv() => Ok(Ending::Interrupted),
        _ = hangup.recv() => Ok(Ending::Interrupted),
    };
    let stopped = stop(&mut daemon, pid).await;
    match outcome? {
        Ending::Told => play.epilogue()?,
        Ending::Interrupted if until == Until::AllSeen => bail!("interrupted before all was seen"),
        Ending::Interrupted => {}
    }
    stopped?;
    screen.note(start.elapsed(), "supervisord has stopped, and everything it had started with it");
    Ok(())
}

/// How a performance ends when nothing failed.
enum Ending {
    Told,
    Interrupted,
}

/// A performance under way.
struct Play<'a> {
    stage: &'a Stage,
    screen: &'a Screen,
    start: Instant,
    until: Until,
    mailbox: Mailbox,
    story: Story,
    table: Vec<Row>,
}

impl Play<'_> {
    /// Shows every change. Returns when the story is told, if that is what it runs for.
    async fn watch(&mut self) -> Result<()> {
        let mut is_told = false;
        loop {
            for mail in self.mailbox.fetch()? {
                self.show_mail(&mail);
            }
            if let Some(rows) = self.stage.status().await? {
                self.show_table(rows);
            }
            if !is_told && self.story.missing().is_empty() {
                is_told = true;
                if self.until == Until::AllSeen {
                    return Ok(());
                }
                self.screen.note(self.start.elapsed(), "That was all three. It goes on like this; Ctrl-C ends it.\n");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn show_mail(&mut self, mail: &Mail) {
        self.story.mail(mail);
        self.screen.mail(self.start.elapsed(), mail);
    }

    fn show_table(&mut self, rows: Vec<Row>) {
        self.story.table(&rows);
        let is_same =
            rows.len() == self.table.len() && rows.iter().zip(&self.table).all(|(new, old)| new.says_the_same_as(old));
        if !is_same {
            self.screen.table(self.start.elapsed(), &rows, &self.table);
            self.table = rows;
        }
    }

    /// The sum of it, and the last condition: no event was dropped.
    fn epilogue(&self) -> Result<()> {
        let log = self.stage.read("supervisord.log");
        let dropped = dropped_events(&log);
        if !dropped.is_empty() {
            bail!("events were dropped:\n{}", dropped.join("\n"));
        }
        let pids = |name: &str| self.story.pids_of(name).iter().map(u32::to_string).collect::<Vec<_>>().join(" -> ");
        for line in [
            "crash was mailed by crashmail".to_owned(),
            format!("hog was restarted by memmon (pid {})", pids("hog")),
            format!("web was restarted by httpok (pid {})", pids("web")),
            "no event was dropped".to_owned(),
        ] {
            self.screen.note(self.start.elapsed(), &line);
        }
        Ok(())
    }

    fn too_late(&self) -> anyhow::Error {
        anyhow::anyhow!("after {} seconds: {}", PATIENCE.as_secs(), self.story.missing().join("; "))
    }
}

/// Asks the daemon to end and waits for it.
async fn stop(daemon: &mut Child, pid: u32) -> Result<()> {
    if daemon.try_wait()?.is_some() {
        return Ok(());
    }
    // It may end between the two lines; that is what is wanted.
    let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM);
    match timeout(STOP_PATIENCE, daemon.wait()).await {
        Ok(status) => {
            let status = status?;
            if !status.success() {
                bail!("supervisord ended with {status}");
            }
            Ok(())
        }
        Err(_) => {
            daemon.kill().await?;
            bail!("supervisord did not stop within {} seconds and was killed", STOP_PATIENCE.as_secs())
        }
    }
}

/// Why a daemon that should be running is not: its last words.
fn died(stage: &Stage, status: ExitStatus) -> anyhow::Error {
    let said = stage.read("supervisord.out");
    let lines: Vec<&str> = said.lines().collect();
    let last = &lines[lines.len().saturating_sub(10)..];
    anyhow::anyhow!("supervisord ended with {status}; the end of what it said:\n{}", last.join("\n"))
}
