//! events-and-listeners: what is emitted, how it looks on the pipe, and how listeners answer.

mod batch;
mod capture;
mod emission;
mod hostile;
mod httpok;
mod lifetimes;
mod memmon;
mod pools;
mod printing;
mod protocol;
mod results;
mod rpc;
pub(crate) mod superlance;
mod types;
