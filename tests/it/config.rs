//! config-and-lifecycle: the command line, the files, and the lives of processes.

mod cmdline;
mod expansion;
mod ini;
mod logs;
mod reread;
mod sections;
mod signals;
mod spawning;
mod states;
