//! Each situation of the contract's table of commands: what is called, what is printed, with which code.

mod act;
mod daemon;
mod groups;
mod help;
mod logs;
mod session;
mod status;
