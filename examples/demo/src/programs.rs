//! The three programs that go wrong, each in the way that one listener watches for.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use crate::{complain, leash};

/// How long `crash` runs before it gives up.
pub(crate) const CRASH_AFTER: Duration = Duration::from_secs(6);

/// Once a second `hog` takes this much more.
pub(crate) const HOG_MB_PER_SECOND: usize = 32;

/// A machine should survive the demo also when memmon does not act.
const HOG_STOPS_AT_MB: usize = 160;

/// So many requests `web` answers before it falls silent.
pub(crate) const WEB_ANSWERS: usize = 1;

/// Runs for a while, then exits with status 1, which `exitcodes` does not expect.
pub(crate) fn crash() -> Result<()> {
    leash::hold(Signal::SIGKILL)?;
    sleep(CRASH_AFTER);
    complain("crash: something I did not foresee\n");
    process::exit(1);
}

/// Leaks memory, a megabyte at a time.
pub(crate) fn hog() -> Result<()> {
    leash::hold(Signal::SIGKILL)?;
    let mut leak: Vec<Vec<u8>> = Vec::new();
    loop {
        if leak.len() < HOG_STOPS_AT_MB {
            // Not zeroes: those pages would exist only on paper.
            leak.push(vec![0x55; 1 << 20]);
        }
        sleep(Duration::from_secs(1) / HOG_MB_PER_SECOND as u32);
    }
}

/// Answers [`WEB_ANSWERS`] requests. Later ones are accepted and never answered, as by a server that has run out of
/// worker threads.
pub(crate) fn web(port: &str) -> Result<()> {
    leash::hold(Signal::SIGKILL)?;
    let port: u16 = port.parse().with_context(|| format!("not a port: {port}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).with_context(|| format!("failed to listen on {port}"))?;
    let mut answered = 0;
    let mut unanswered = Vec::new();
    for connection in listener.incoming() {
        let connection = connection.context("failed to accept")?;
        if answered < WEB_ANSWERS {
            // A client that went away is not this server's trouble.
            if answer(&connection).is_ok() {
                answered += 1;
            }
        } else {
            unanswered.push(connection);
        }
    }
    Ok(())
}

/// Reads one request's header block and says 200.
fn answer(connection: &TcpStream) -> io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut lines = BufReader::new(connection).lines();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let mut connection = connection;
    connection
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nOK\n")
}
