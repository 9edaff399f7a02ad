//! Signals to the daemon, as one stream.
//!
//! A signal that arrives twice before it is looked at counts once. The stream lives as long as the process, so
//! a signal that comes while the daemon is being set up again after a reload is not lost (`cfg_sg14`).

use std::io;
use std::task::{Context, Poll};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal that means something to the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signalled {
    /// TERM, INT or QUIT: stop everything and exit. The name is logged.
    Exit(&'static str),
    /// HUP: stop everything and start again.
    Restart,
    /// CHLD: a child ended.
    Child,
    /// USR2: reopen the logs.
    Reopen,
}

/// The signals the daemon handles.
#[derive(Debug)]
pub(super) struct Signals {
    streams: Vec<(Signal, Signalled)>,
}

/// Has a write beyond the limit of file sizes (`ulimit -f`) fail, which the logs put up with, instead of ending the
/// daemon. Children get the default back.
pub(super) fn survive_full_files() {
    // SAFETY: SIG_IGN runs no code.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

impl Signals {
    /// Installs the handlers. To be called within the runtime.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub(super) fn install() -> io::Result<Self> {
        let kinds = [
            (SignalKind::child(), Signalled::Child),
            (SignalKind::user_defined2(), Signalled::Reopen),
            (SignalKind::hangup(), Signalled::Restart),
            (SignalKind::terminate(), Signalled::Exit("SIGTERM")),
            (SignalKind::interrupt(), Signalled::Exit("SIGINT")),
            (SignalKind::quit(), Signalled::Exit("SIGQUIT")),
        ];
        let streams = kinds.into_iter().map(|(kind, means)| Ok((signal(kind)?, means))).collect::<io::Result<_>>()?;
        Ok(Signals { streams })
    }

    /// Waits for a signal.
    ///
    /// # Cancel safety
    /// No signal is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Signalled {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    /// A signal that is pending right now.
    pub(super) fn pending(&mut self) -> Option<Signalled> {
        match self.poll(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(signalled) => Some(signalled),
            Poll::Pending => None,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Signalled> {
        for (stream, means) in &mut self.streams {
            if let Poll::Ready(Some(())) = stream.poll_recv(context) {
                return Poll::Ready(*means);
            }
        }
        Poll::Pending
    }
}
