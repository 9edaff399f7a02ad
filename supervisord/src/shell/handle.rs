//! What the HTTP side sees of the daemon: a handle whose calls are commands to the owner.
//!
//! The channel is bounded: when the owner is busy, callers wait for a place. Nobody but the owner touches the
//! engine.

use tokio::sync::{mpsc, oneshot};

use crate::engine::command::{Command, Refusal, Reply};

/// How many commands may wait for the owner.
const QUEUE: usize = 128;

/// A command on its way to the owner, with the way back.
#[derive(Debug)]
pub struct Request {
    /// What is asked.
    pub command: Command,
    /// Where the answer goes. Nobody may be listening any more.
    pub answer: oneshot::Sender<Result<Reply, Refusal>>,
}

/// A cheap, cloneable way to ask the owner for something.
#[derive(Debug, Clone)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
}

/// The owner has stopped: the daemon is exiting and there will be no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the daemon is exiting")]
pub struct Gone;

impl Handle {
    /// A handle and the receiving end for the owner.
    pub fn channel() -> (Handle, mpsc::Receiver<Request>) {
        let (requests, receiver) = mpsc::channel(QUEUE);
        (Handle { requests }, receiver)
    }

    /// Sends a command and waits for its answer, however long that takes.
    ///
    /// # Errors
    /// [`Gone`] when the daemon exits first; the inner result is the daemon's own answer.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the answer, not the action.
    pub async fn request(&self, command: Command) -> Result<Result<Reply, Refusal>, Gone> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request { command, answer }).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }
}
