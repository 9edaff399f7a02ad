//! What happens to the bytes that children write: pure functions and small state machines.
//!
//! A chunk read from a child's pipe goes through [`capture`], which separates ordinary output from captured
//! payloads and applies [`ansi`] to each piece, and then to the log file, whose [`rotation`] is planned here and whose [`losses`] are counted.
//! How often the pipe is read is a matter of its [`pace`]. [`tail`] is the arithmetic by which clients read the logs back.
//!
//! Nothing here touches a file, a descriptor or a clock, and nothing allocates per chunk on the common path: the
//! shell owns one read buffer and hands out slices of it.

pub mod ansi;
pub mod capture;
pub mod losses;
pub mod pace;
pub mod rotation;
pub mod tail;
