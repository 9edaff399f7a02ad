//! The bad peer: one small program that plays whatever a listener or a program can do wrong.
//!
//! `misbehave play FILE STEP...` performs its steps one after the other and exits 0 at the end. A text may contain
//! `\n`, `\r`, `\t`, `\0`, `\e`, `\\` and `\xHH`; a step that takes a text takes all of the rest, colons included.
//!
//! | step | does |
//! |---|---|
//! | `say:TEXT`, `err:TEXT` | writes the text to stdout or stderr in one write |
//! | `slow:TEXT` | writes it to stdout byte by byte |
//! | `fill:N:TEXT` | writes the text N times, in one go; `KILOBYTE` is one |
//! | `event` | reads one event from stdin and appends its exact bytes to FILE |
//! | `echo` | the same, and answers with the payload |
//! | `header` | reads one line from stdin and appends it to FILE |
//! | `line` | the same; for programs |
//! | `blind` | waits until stdin has bytes, reads none of them |
//! | `eof` | reads stdin to its end |
//! | `close:N` | closes descriptor N |
//! | `hold:NAME` | starts a grandchild that keeps the inherited pipes open until file NAME exists |
//! | `serve:TEXT` | accepts a connection on descriptor 0 and writes the text to it |
//! | `desert` | leaves its own process group for that of its parent |
//! | `facts:NAME` | writes argv, environment, cwd, ids, umask, signals and descriptors to a file |
//! | `touch:NAME`, `wait:NAME` | creates an empty file; waits until a file exists |
//! | `pass:NAME` | waits until a file exists and removes it |
//! | `root` | becomes root for good; for a copy that is setuid root |
//! | `block:SIG` | makes a signal have no effect |
//! | `trap:SIG` | waits for a signal and goes on |
//! | `ms:N`, `hang` | sleeps N milliseconds, or for ever |
//! | `exit:N`, `die:SIG` | exits with code N; kills itself |
//! | `label:L`, `goto:L` | a place, and a jump to it |
//! | `once:NAME` | if file NAME is absent, creates it and goes on; else skips one step |
//!
//! Names of files are relative to the directory of FILE.
//!
//! `misbehave bad FILE NAME` plays one of the listeners of [`BAD`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd as _, RawFd};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::str::FromStr as _;
use std::thread::sleep;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, raise};

/// Listeners nobody wants to have. Most wait for file `go` before they do it.
const BAD: &[(&str, &[&str])] = &[
    ("negative-length", &["say:READY\\n", "event", "say:RESULT -1\\nOK", "hang"]),
    (
        "huge-length",
        &["say:READY\\n", "event", "say:RESULT 99999999999999999999\\n", "fill:43000:KILOBYTE", "touch:done", "hang"],
    ),
    ("missing-length", &["say:READY\\n", "event", "say:RESULT \\nOK", "hang"]),
    ("garbage-first", &["say:Loading configuration...\\nREADY\\n", "hang"]),
    ("garbage-for-ever", &["wait:go", "label:top", "fill:64:KILOBYTE", "goto:top"]),
    ("endless-line", &["say:READY\\n", "event", "fill:43000:KILOBYTE", "touch:done", "hang"]),
    ("endless-length", &["say:READY\\n", "event", "say:RESULT ", "fill:44032000:1", "touch:done", "hang"]),
    (
        "long-result",
        &[
            "say:READY\\n",
            "event",
            "say:RESULT 44032000\\n",
            "fill:43000:KILOBYTE",
            "say:READY\\n",
            "event",
            "say:RESULT 2\\nOK",
            "hang",
        ],
    ),
    ("slow", &["label:top", "slow:READY\\n", "event", "slow:RESULT 2\\nOK", "goto:top"]),
    // After one answer the next event is due; that it was sent shows only in that the pipe does not fill further.
    ("blind", &["say:READY\\n", "label:top", "pass:go", "say:RESULT 2\\nOKREADY\\n", "goto:top"]),
    ("never-reads", &["say:READY\\n", "hang"]),
    ("closed-stdin", &["close:0", "say:READY\\n", "hang"]),
    ("closed-stdout", &["say:READY\\n", "event", "close:1", "hang"]),
    (
        "dies-in-answer",
        &[
            "label:top",
            "say:READY\\n",
            "event",
            "once:died",
            "goto:die",
            "say:RESULT 2\\nOK",
            "goto:top",
            "label:die",
            "say:RESULT 2\\nO",
            "die:KILL",
        ],
    ),
    (
        "grandchild",
        &[
            "label:top",
            "say:READY\\n",
            "event",
            "once:left",
            "goto:leave",
            "say:RESULT 2\\nOK",
            "goto:top",
            "label:leave",
            "hold:release",
            "exit:3",
        ],
    ),
    ("always-fails", &["label:top", "say:READY\\n", "event", "say:RESULT 4\\nFAIL", "goto:top"]),
];

/// What `fill` repeats for a kilobyte.
const KILOBYTE: [u8; 1024] = [b'x'; 1024];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.split_first() {
        Some((mode, rest)) if mode == "play" && !rest.is_empty() => play(Path::new(&rest[0]), &rest[1..]),
        Some((mode, rest)) if mode == "bad" && rest.len() == 2 => match BAD.iter().find(|(name, _)| *name == rest[1]) {
            Some((_, steps)) => {
                let steps: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
                play(Path::new(&rest[0]), &steps)
            }
            None => Err(bad(&rest[1])),
        },
        Some((mode, rest)) if mode == "hold" && rest.len() == 1 => wait_for(Path::new(&rest[0])).map(|()| 0),
        _ => Err(io::Error::other("usage: misbehave play FILE STEP...")),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        // Nobody may be left to read it.
        Err(error) => writeln!(io::stderr(), "misbehave: {error}").map_or(ExitCode::from(98), |()| ExitCode::from(99)),
    }
}

/// Plays the steps; the exit code at their end.
fn play(record: &Path, steps: &[String]) -> io::Result<u8> {
    let dir = record.parent().unwrap_or(Path::new("."));
    let mut at = 0;
    while let Some(step) = steps.get(at) {
        at += 1;
        let (verb, rest) = step.split_once(':').unwrap_or((step, ""));
        match verb {
            "say" => write_out(1, &unescape(rest))?,
            "err" => write_out(2, &unescape(rest))?,
            "slow" => slowly(&unescape(rest))?,
            "fill" => {
                let (count, text) = rest.split_once(':').ok_or_else(|| bad(step))?;
                let text = if text == "KILOBYTE" { KILOBYTE.to_vec() } else { unescape(text) };
                write_out(1, &text.repeat(number(count)?))?;
            }
            "event" | "echo" => match read_event()? {
                Some(bytes) => {
                    append(record, &bytes)?;
                    if verb == "echo" {
                        let at = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                        let payload = &bytes[at..];
                        write_out(1, &[format!("RESULT {}\n", payload.len()).as_bytes(), payload].concat())?;
                    }
                }
                None => return Ok(0),
            },
            "header" | "line" => match read_line()? {
                Some(bytes) => append(record, &bytes)?,
                None => return Ok(0),
            },
            "blind" => {
                let stdin = io::stdin();
                poll(&mut [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE)?;
            }
            "eof" => {
                io::stdin().read_to_end(&mut Vec::new())?;
            }
            "close" => nix::unistd::close(rest.parse::<RawFd>().map_err(|_| bad(step))?)?,
            "hold" => hold(&dir.join(rest))?,
            "serve" => serve(&unescape(rest))?,
            "desert" => {
                let theirs = nix::unistd::getpgid(Some(nix::unistd::getppid()))?;
                nix::unistd::setpgid(nix::unistd::Pid::from_raw(0), theirs)?;
            }
            "facts" => facts(&dir.join(rest))?,
            "touch" => drop(File::create(dir.join(rest))?),
            "wait" => wait_for(&dir.join(rest))?,
            "root" => nix::unistd::setresuid(0.into(), 0.into(), 0.into())?,
            "pass" => {
                let gate = dir.join(rest);
                wait_for(&gate)?;
                fs::remove_file(gate)?;
            }
            "block" => set(rest)?.thread_block()?,
            "trap" => {
                set(rest)?.thread_block()?;
                set(rest)?.wait()?;
            }
            "ms" => sleep(Duration::from_millis(number(rest)? as u64)),
            "hang" => loop {
                sleep(Duration::from_secs(3600));
            },
            "exit" => return rest.parse().map_err(|_| bad(step)),
            "die" => raise(signal(rest)?)?,
            "label" => {}
            "goto" => {
                let label = format!("label:{rest}");
                at = steps.iter().position(|step| *step == label).ok_or_else(|| bad(step))?;
            }
            "once" => {
                if OpenOptions::new().write(true).create_new(true).open(dir.join(rest)).is_err() {
                    at += 1;
                }
            }
            _ => return Err(bad(step)),
        }
    }
    Ok(0)
}

fn bad(step: &str) -> io::Error {
    io::Error::other(format!("bad step {step:?}"))
}

fn number(text: &str) -> io::Result<usize> {
    text.parse().map_err(|_| bad(text))
}

fn signal(name: &str) -> io::Result<Signal> {
    Signal::from_str(&format!("SIG{name}")).map_err(io::Error::from)
}

fn set(name: &str) -> io::Result<SigSet> {
    let mut set = SigSet::empty();
    set.add(signal(name)?);
    Ok(set)
}

/// One write, past the buffer that std puts before stdout.
fn write_out(fd: RawFd, bytes: &[u8]) -> io::Result<()> {
    let target =
        if fd == 1 { io::stdout().as_fd().try_clone_to_owned()? } else { io::stderr().as_fd().try_clone_to_owned()? };
    File::from(target).write_all(bytes)
}

/// Byte by byte, with pauses that make the reader see them apart now and then.
fn slowly(bytes: &[u8]) -> io::Result<()> {
    for byte in bytes {
        write_out(1, &[*byte])?;
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// One byte of stdin, unbuffered; nothing at its end.
fn read_byte() -> io::Result<Option<u8>> {
    let mut byte = [0];
    let mut stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    Ok((stdin.read(&mut byte)? == 1).then_some(byte[0]))
}

fn read_line() -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        match read_byte()? {
            Some(byte) => line.push(byte),
            None => return Ok(None),
        }
        if line.last() == Some(&b'\n') {
            return Ok(Some(line));
        }
    }
}

/// A header and as many code points as it announces.
fn read_event() -> io::Result<Option<Vec<u8>>> {
    let Some(mut event) = read_line()? else { return Ok(None) };
    let header = String::from_utf8_lossy(&event).into_owned();
    let len = header.rsplit_once("len:").and_then(|(_, len)| len.trim().parse::<usize>().ok());
    let mut wanted = len.ok_or_else(|| io::Error::other(format!("no length in {header:?}")))?;
    let mut stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    while wanted > 0 {
        // Every code point has at least one byte, so this many bytes are surely part of the payload. Those that
        // continue a character do not count; the last character may still be cut, which the next round sees.
        let mut chunk = vec![0; wanted];
        stdin.read_exact(&mut chunk)?;
        event.extend_from_slice(&chunk);
        wanted = chunk.iter().filter(|byte| **byte & 0xc0 == 0x80).count();
    }
    let mut missing = vec![0; missing_bytes(&event)];
    stdin.read_exact(&mut missing)?;
    event.extend_from_slice(&missing);
    Ok(Some(event))
}

/// How many bytes the last character of a text still lacks.
fn missing_bytes(text: &[u8]) -> usize {
    let tail = text.iter().rev().take_while(|byte| **byte & 0xc0 == 0x80).count();
    let lead = text.iter().rev().nth(tail).copied().unwrap_or(0);
    let follow = match lead {
        0xc0..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xff => 3,
        _ => 0,
    };
    usize::saturating_sub(follow, tail)
}

/// Whole events appear in the file at once.
fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(bytes)
}

/// Whatever kind of socket it is.
fn serve(bytes: &[u8]) -> io::Result<()> {
    let connection = nix::sys::socket::accept(io::stdin())?;
    File::from(connection).write_all(bytes)
}

/// A child of this process that inherits all three pipes.
fn hold(until: &Path) -> io::Result<()> {
    Command::new(std::env::current_exe()?).arg("hold").arg(until).spawn().map(drop)
}

fn wait_for(path: &Path) -> io::Result<()> {
    while !path.try_exists()? {
        sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Everything a child can know of itself, one fact a line; the file appears complete.
fn facts(path: &Path) -> io::Result<()> {
    let mut text = String::new();
    for (at, arg) in std::env::args().enumerate() {
        text.push_str(&format!("argv{at}={arg}\n"));
    }
    for (name, value) in std::env::vars_os() {
        text.push_str(&format!("env {}={}\n", name.to_string_lossy(), value.to_string_lossy()));
    }
    text.push_str(&format!("cwd={}\n", std::env::current_dir()?.display()));
    text.push_str(&fs::read_to_string("/proc/self/status")?);
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').collect();
    text.push_str(&format!("pgid={}\nsid={}\n", fields[2], fields[3]));
    let mut fds: Vec<PathBuf> = fs::read_dir("/proc/self/fd")?.flatten().map(|entry| entry.path()).collect();
    fds.sort();
    for fd in fds {
        // The descriptor of this very listing is gone again.
        if let Ok(target) = fs::read_link(&fd) {
            text.push_str(&format!("fd{}={}\n", fd.file_name().unwrap_or_default().display(), target.display()));
        }
    }
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text)?;
    fs::rename(unfinished, path)
}

/// Replaces the escapes of a text.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'0') => out.push(0),
            Some(b'e') => out.push(0x1b),
            Some(b'x') => {
                let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                out.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            Some(other) => out.push(other),
            None => out.push(b'\\'),
        }
    }
    out
}
