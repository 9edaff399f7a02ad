//! The exit codes of the program, after the Linux Standard Base's conventions for init scripts.
//!
//! A command sets a code when something went wrong and never resets it, so the code of the process is that
//! of the last complaint. Contract: `ctl_c8` to `ctl_c16`.

/// All went well.
pub(crate) const SUCCESS: u8 = 0;
/// Something went wrong that has no code of its own.
pub(crate) const GENERIC: u8 = 1;
/// Wrong command line or configuration; `start` without names or with an unknown group.
pub(crate) const INVALID_ARGUMENTS: u8 = 2;
/// The daemon lacks the `supervisor` namespace.
pub(crate) const UNIMPLEMENTED: u8 = 3;
/// The connection was refused.
pub(crate) const REFUSED: u8 = 4;
/// The daemon speaks another version of the API.
pub(crate) const WRONG_VERSION: u8 = 5;
/// A process does not run or could not be started; or the socket file is missing.
pub(crate) const NOT_RUNNING: u8 = 7;

/// `status`: a process that was asked for is stopped.
pub(crate) const STATUS_STOPPED: u8 = 3;
/// `status`: an unknown name, or no usable daemon.
pub(crate) const STATUS_UNKNOWN: u8 = 4;
