//! The methods of Supervisor's XML-RPC interface, and the records they return.
//!
//! [`METHODS`] is the published interface as one table: names, signatures, arity and help all come from it.
//! The records turn into [`Value`](crate::xmlrpc::Value)s through serde, their fields in wire order, and are
//! read back leniently, because a client may talk to another version: unknown keys are ignored, a missing or
//! odd one is empty or zero, and only something of another shape altogether is an error.
//!
//! Nothing here calls, dispatches or waits; the meaning of the methods is the daemon's.

mod config_info;
mod methods;
mod process_info;
mod records;

pub use crate::xmlrpc::WrongShape;
pub use config_info::ConfigInfo;
pub use methods::{METHODS, Method, Param, Type, method_names};
pub use process_info::ProcessInfo;
pub use records::{RereadResult, StateInfo, TailResult, TaskResult};

/// The version that `getAPIVersion` returns; clients refuse to work with another one.
pub const API_VERSION: &str = "3.0";
