//! config-and-lifecycle: the command line, the files, and the lives of processes.

mod bytes;
mod capture;
mod check;
mod cmdline;
mod conditions;
mod container;
mod expansion;
mod fastcgi;
mod fifos;
mod haste;
mod inherited;
mod ini;
mod logs;
mod losses;
mod matrix;
mod oddities;
mod outlets;
mod preflight;
mod privileges;
mod reread;
mod sections;
mod signals;
mod spawning;
mod states;
mod trouble;
