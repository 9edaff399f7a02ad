//! The daemon at the other end of a socket.

use supervisor_protocol::outside;
use supervisor_protocol::xmlrpc::Value;
use supervisor_sdk::rpc::{Client, ServerUrl};

use crate::daemon::{CallError, Closer, Daemon, Opening, Target};

/// Talks to the daemon that it was last aimed at.
#[derive(Debug, Default)]
pub(crate) struct Remote {
    target: Target,
    /// Keeps a connection for the calls of one command.
    client: Option<Client>,
}

impl Daemon for Remote {
    fn aim(&mut self, target: &Target) {
        self.target = target.clone();
        self.client = None;
    }

    fn call(&mut self, method: &str, params: Vec<Value>) -> Result<Value, CallError> {
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(client(&self.target)?),
        };
        Ok(client.call(method, params)?)
    }

    fn follow(&self, path: &str) -> Opening {
        let (target, path) = (self.target.clone(), path.to_owned());
        Box::new(move || {
            let stream = client(&target)?.get_stream(&path)?;
            let closer = stream.closer().map_err(supervisor_sdk::rpc::Error::Io)?;
            Ok((Box::new(stream), Box::new(move || closer.close()) as Closer))
        })
    }
}

fn client(target: &Target) -> Result<Client, CallError> {
    let shown = |text: &String| outside::shown(text).into_owned();
    let credentials = target.username.as_ref().map(shown).zip(target.password.as_ref().map(shown));
    Ok(Client::new(&ServerUrl::parse(&target.server_url)?, credentials))
}
