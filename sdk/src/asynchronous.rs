//! The listener's loop as a future, for listeners that have other things to wait for.
//!
//! The rules are those of `listener.rs`, and the protocol allows one event in hand here too: the next one is not
//! asked for before the future of the last one has ended. What is gained is that timers, sockets and tasks of
//! the same runtime go on meanwhile. Events come from [`ListenerCodec`], so cancelling loses none.

use std::fs::File;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;

use futures_core::Stream;
use supervisor_protocol::codec::ListenerCodec;
use supervisor_protocol::listener as wire;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio_util::codec::FramedRead;

use crate::listener::{Delivery, IntoReply, ListenerError};
use crate::sys;

/// Runs an asynchronous listener on the process's own standard input and output, until the daemon is gone.
///
/// As [`run`](crate::run), with a closure that may wait. Both channels must be pipes, as the daemon makes them.
///
/// ```no_run
/// use supervisor_sdk::{Delivery, ListenerError, run_async};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), ListenerError> {
///     run_async(async |delivery: &Delivery| {
///         tokio::time::sleep(std::time::Duration::from_millis(10)).await;
///         eprintln!("{}", delivery.name());
///     })
///     .await
/// }
/// ```
///
/// # Errors
/// As [`run`](crate::run); besides, channels that are no pipes.
///
/// # Panics
/// Outside of a tokio runtime with I/O enabled.
pub async fn run_async<R: IntoReply>(listener: impl AsyncFnMut(&Delivery) -> R) -> Result<(), ListenerError> {
    let (input, output) = sys::take_over_stdio()?;
    run_on_pipes(listener, input, output).await
}

async fn run_on_pipes<R: IntoReply>(
    listener: impl AsyncFnMut(&Delivery) -> R,
    input: File,
    output: File,
) -> Result<(), ListenerError> {
    let (reader, writer) = (Receiver::from_file(input)?, Sender::from_file(output)?);
    run_async_with(listener, reader, writer).await
}

/// Runs an asynchronous listener on any two channels, until the input ends.
///
/// # Errors
/// As [`run`](crate::run).
pub async fn run_async_with<R: IntoReply>(
    mut listener: impl AsyncFnMut(&Delivery) -> R,
    reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
) -> Result<(), ListenerError> {
    let mut events = FramedRead::new(reader, ListenerCodec::default());
    let mut answer = wire::READY.to_vec();
    loop {
        match write(&mut writer, &answer).await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let delivery = match poll_fn(|context| Pin::new(&mut events).poll_next(context)).await {
            Some(Ok(received)) => Delivery::from(received),
            None => return Ok(()),
            Some(Err(error)) => return end(error),
        };
        answer = wire::result(listener(&delivery).await.into_reply().body());
        answer.extend_from_slice(wire::READY);
    }
}

async fn write(writer: &mut (impl AsyncWrite + Unpin), answer: &[u8]) -> io::Result<()> {
    writer.write_all(answer).await?;
    writer.flush().await
}

/// What an error of reading means: an end in the middle of an event is an end.
fn end(error: io::Error) -> Result<(), ListenerError> {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => Ok(()),
        _ => Err(match error.downcast() {
            Ok(protocol) => ListenerError::Protocol(protocol),
            Err(error) => ListenerError::Io(error),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reply;
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;
    use std::thread;

    const TICK: &[u8] = b"ver:3.0 server:s serial:0 pool:p poolserial:0 eventname:TICK_5 len:6\nwhen:5";

    #[tokio::test]
    async fn end_of_input_is_a_clean_end_wherever_it_falls() {
        for end in 0..=TICK.len() {
            let mut output = Vec::new();
            let mut seen = 0;
            run_async_with(async |_: &Delivery| seen += 1, &TICK[..end], &mut output).await.unwrap();
            let is_complete = end == TICK.len();
            assert_eq!(seen, usize::from(is_complete), "cut at {end}");
            assert_eq!(output, if is_complete { &b"READY\nRESULT 2\nOKREADY\n"[..] } else { b"READY\n" });
        }
    }

    #[tokio::test]
    async fn a_listener_may_wait_and_answers_are_its_own() {
        let mut output = Vec::new();
        let listener = async |delivery: &Delivery| {
            tokio::task::yield_now().await;
            if delivery.is_tick() { Err("no") } else { Ok(Reply::Body("né".into())) }
        };
        let input = "eventname:REMOTE_COMMUNICATION len:8\ntype:é\nxeventname:TICK_5 len:0\n";
        run_async_with(listener, input.as_bytes(), &mut output).await.unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), "READY\nRESULT 3\nnéREADY\nRESULT 4\nFAILREADY\n");
    }

    #[tokio::test]
    async fn input_that_is_no_protocol_is_an_error() {
        let result = run_async_with(async |_: &Delivery| {}, &b"hello there\n"[..], Vec::new()).await;
        assert!(matches!(result, Err(ListenerError::Protocol(_))), "{result:?}");
    }

    #[tokio::test]
    async fn pipes_are_what_it_runs_on() {
        let (input, mut to_listener) = io::pipe().unwrap();
        let (mut from_listener, output) = io::pipe().unwrap();
        let daemon = thread::spawn(move || {
            let mut ready = [0; 6];
            from_listener.read_exact(&mut ready).unwrap();
            to_listener.write_all(TICK).unwrap();
            drop(to_listener);
            let mut answer = String::new();
            from_listener.read_to_string(&mut answer).unwrap();
            (ready, answer)
        });
        let (input, output) = (File::from(OwnedFd::from(input)), File::from(OwnedFd::from(output)));
        run_on_pipes(async |_: &Delivery| {}, input, output).await.unwrap();
        assert_eq!(daemon.join().unwrap(), (*b"READY\n", "RESULT 2\nOKREADY\n".to_owned()));
    }
}
