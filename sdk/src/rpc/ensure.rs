//! Starting and stopping across a lost connection.
//!
//! A listener that restarts a program makes two calls, and whatever happens between them, the program must
//! not be left stopped (`ev_s26`). When a connection is lost the daemon may or may not have acted, so the two
//! methods here ask for the process's state on a new connection and carry on from there. They give up when
//! the daemon cannot be reached for a while; every answer of the daemon is final.

use std::thread;
use std::time::Duration;

use supervisor_protocol::state::ProcessState;

use super::{Client, Error};

/// The pauses before each further attempt. Together they outlast a daemon that re-reads its configuration.
const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1000),
    Duration::from_millis(3500),
];

/// How often a process that is stopping is looked at, after the call that waited for it was lost.
const STOPPING_POLL: Duration = Duration::from_millis(200);

impl Client {
    /// Like [`Client::start_process`], but a call that is lost with its connection is made again.
    ///
    /// # Errors
    /// A fault of the daemon, or the last error if it stays out of reach.
    pub fn ensure_started(&mut self, name: &str) -> Result<(), Error> {
        persist(self, |client, is_first| {
            if !is_first && client.state_of(name)?.is_running() {
                return Ok(());
            }
            client.start_process(name, true)
        })
    }

    /// Like [`Client::stop_process`], but a call that is lost with its connection is made again.
    ///
    /// # Errors
    /// A fault of the daemon, or the last error if it stays out of reach.
    pub fn ensure_stopped(&mut self, name: &str) -> Result<(), Error> {
        persist(self, |client, is_first| {
            if !is_first && client.settled_state(name)?.is_stopped() {
                return Ok(());
            }
            client.stop_process(name, true)
        })
    }

    /// The state once it is not STOPPING; the daemon kills a process that does not stop.
    fn settled_state(&mut self, name: &str) -> Result<ProcessState, Error> {
        loop {
            match self.state_of(name)? {
                ProcessState::Stopping => thread::sleep(STOPPING_POLL),
                state => return Ok(state),
            }
        }
    }

    fn state_of(&mut self, name: &str) -> Result<ProcessState, Error> {
        self.get_process_info(name).map(|info| info.state)
    }
}

/// Repeats an action that fails for want of a connection.
fn persist(client: &mut Client, mut act: impl FnMut(&mut Client, bool) -> Result<(), Error>) -> Result<(), Error> {
    let mut outcome = act(client, true);
    for pause in PAUSES {
        match &outcome {
            Err(error) if error.is_connection_lost() => {}
            _ => break,
        }
        thread::sleep(pause);
        outcome = act(client, false);
    }
    outcome
}
