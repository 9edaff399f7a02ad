//! The rows: configurations of every size and of every kind of malice.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::{fs, str::FromStr};

/// The file that is read; it may include others beside it.
pub(super) const MAIN: &str = "supervisord.conf";

/// What is done with the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Read, as at a start.
    Load,
    /// Checked, as by `--check`, and the report written.
    Check,
    /// Read and compared with what runs, as by `reread`.
    Reread,
}

impl How {
    pub(super) fn word(self) -> &'static str {
        match self {
            How::Load => "load",
            How::Check => "check",
            How::Reread => "reread",
        }
    }
}

impl FromStr for How {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let all = [How::Load, How::Check, How::Reread];
        all.into_iter().find(|how| how.word() == word).ok_or_else(|| format!("no way to measure: {word}"))
    }
}

/// One row.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) how: How,
    /// Writes the files into a directory.
    pub(super) write: fn(&Path) -> io::Result<()>,
    /// By how many the time is divided; 0: not at all.
    pub(super) sections: usize,
    /// Whether the original reads it too.
    pub(super) is_compared: bool,
}

impl Case {
    fn sections(self, sections: usize) -> Self {
        Case { sections, ..self }
    }

    fn compared(self) -> Self {
        Case { is_compared: true, ..self }
    }
}

fn case(name: &'static str, how: How, write: fn(&Path) -> io::Result<()>) -> Case {
    Case { name, how, write, sections: 0, is_compared: false }
}

const MIB: usize = 1 << 20;

pub(super) fn all() -> Vec<Case> {
    use How::{Check, Load, Reread};
    vec![
        case("5,000 programs", Load, |d| main(d, &programs(5_000))).sections(5_000).compared(),
        case("5,000 programs, a command each", Load, |d| main(d, &commands(5_000))).sections(5_000).compared(),
        case("1,000 sections", Load, |d| main(d, &programs(1_000))).sections(1_000).compared(),
        case("10,000 sections", Load, |d| main(d, &programs(10_000))).sections(10_000),
        case("100,000 sections", Load, |d| main(d, &programs(100_000))).sections(100_000),
        case("one program, numprocs=5000, 100 variables", Load, |d| main(d, &many_processes("")))
            .sections(5_000)
            .compared(),
        case("the same, other values for each process", Load, |d| main(d, &many_processes("N=\"%(process_num)d\",")))
            .sections(5_000)
            .compared(),
        case("one program, numprocs=5000, a variable of each", Load, |d| main(d, &named_processes(5_000)))
            .sections(5_000)
            .compared(),
        case("one program, numprocs=50000, a variable of each", Load, |d| main(d, &named_processes(50_000)))
            .sections(50_000),
        case("2,000 programs under 100 variables", Load, |d| main(d, &commands_under_variables(2_000)))
            .sections(2_000)
            .compared(),
        case("20,000 programs under 100 variables", Load, |d| main(d, &commands_under_variables(20_000)))
            .sections(20_000),
        case("2,000 included files", Load, included_files).sections(2_000).compared(),
        case("2,000 included files with a DEFAULT", Load, included_defaults).sections(2_000),
        case("10,000 options of DEFAULT, as many programs", Load, |d| main(d, &defaults(10_000))).sections(10_000),
        case("check of the same", Check, |d| main(d, &defaults(10_000))).sections(10_000),
        case("1,000 files that include one another", Load, include_loop),
        case("a group of 20,000 programs", Load, |d| main(d, &one_group(20_000))).sections(20_000),
        case("50,000 groups, each defined twice", Load, |d| main(d, &doubled_groups(50_000))).sections(100_000),
        case("one section opened 100,000 times", Load, |d| main(d, &reopened(100_000))).sections(100_000),
        case("one section of 100,000 options", Load, |d| main(d, &options(100_000))).sections(100_000),
        case("reread of 20,000 programs", Reread, |d| main(d, &programs(20_000))).sections(20_000),
        case("check of 5,000 programs", Check, |d| main(d, &programs(5_000))).sections(5_000),
        case("check of 100,000 unknown sections", Check, |d| main(d, &unknown_sections(100_000))).sections(100_000),
        case("check of 100,000 unknown options", Check, |d| main(d, &options(100_000))).sections(100_000),
        case("check of 20,000 files with a mistake", Check, mistaken_files).sections(20_000),
        case("check of an unknown option of 10 MiB", Check, |d| main(d, &format!("[DEFAULT]\n{} = 1\n", long()))),
        case("check of 10,000 unknown names, as many known", Check, |d| main(d, &unknown_names(10_000)))
            .sections(10_000),
        case("an unknown name of 1 MiB beside one like it", Load, |d| main(d, &long_names())),
        case("an unknown name of 10 MiB", Check, |d| main(d, &format!("[program:a]\ncommand = %({})s\n", long()))),
        case("a value of 10 MiB on one line", Load, |d| main(d, &format!("[program:a]\ncommand = {}\n", long()))),
        case("the same with expansions", Load, |d| main(d, &format!("[program:a]\ncommand = {}\n", expansions()))),
        case("expansions that come to 800 GB", Load, |d| {
            main(d, &format!("[program:a]\ncommand = {}\n", "%(here)1000000s".repeat(800_000)))
        }),
        case("a value of 10 MiB on many lines", Load, |d| {
            main(d, &format!("[program:a]\ncommand = x\n{}", continued()))
        }),
        case("an environment of 10 MiB", Load, |d| {
            main(d, &format!("[program:a]\ncommand=x\nenvironment=\n{}", pairs()))
        }),
        case("a line of 10 MiB that is no option", Load, |d| main(d, &long())),
        case("10 MiB of comments", Load, |d| main(d, &"; a remark, and nothing but a remark\n".repeat(10 * MIB / 37))),
        case("a line of 10 MiB of comment signs", Load, |d| main(d, &format!("[program:a]\ncommand=x{}\n", signs()))),
        case("10 MiB of blank lines in a value", Load, |d| {
            main(d, &format!("[program:a]\ncommand=x\n{}", "\n".repeat(10 * MIB)))
        }),
        case("10 MiB of lines that are nothing", Load, |d| main(d, &"nothing\n".repeat(10 * MIB / 8))),
        case("10 MiB of brackets", Load, |d| main(d, &format!("{}\n", "[".repeat(10 * MIB)))),
        case("10 MiB that are not UTF-8", Load, |d| fs::write(d.join(MAIN), vec![0xff; 10 * MIB])),
        case("10 MiB, the last byte not UTF-8", Load, |d| {
            let mut bytes = programs(50_000).into_bytes();
            bytes.truncate(10 * MIB);
            bytes.push(0xff);
            fs::write(d.join(MAIN), bytes)
        }),
        case("10 MiB of NUL bytes", Load, |d| fs::write(d.join(MAIN), vec![0; 10 * MIB])),
        case("a value of 10 MiB of NUL bytes", Load, |d| {
            main(d, &format!("[program:a]\ncommand = x{}\n", "\0".repeat(10 * MIB)))
        }),
    ]
}

/// Writes the main file: the given sections after that of the daemon.
fn main(directory: &Path, sections: &str) -> io::Result<()> {
    fs::write(directory.join(MAIN), format!("[supervisord]\nnodaemon = true\n{sections}"))
}

/// One text for each number.
fn each(count: usize, text: impl Fn(&mut String, usize) -> std::fmt::Result) -> String {
    let mut out = String::new();
    for number in 0..count {
        // Writing to a String cannot fail.
        let _ = text(&mut out, number);
    }
    out
}

/// Programs such as people write them.
fn programs(count: usize) -> String {
    each(count, |out, n| {
        writeln!(
            out,
            "[program:web{n}]\n\
             command = /usr/local/bin/web --port {n} --name %(program_name)s   ; the server\n\
             directory = /tmp\n\
             priority = {}\n\
             autostart = false\n\
             autorestart = unexpected\n\
             startsecs = 5\n\
             stopwaitsecs = 30\n\
             redirect_stderr = true\n\
             stdout_logfile = /tmp/%(program_name)s.log\n\
             environment = PORT=\"{n}\",HOME=\"%(here)s\"\n",
            n % 1000
        )
    })
}

fn commands(count: usize) -> String {
    each(count, |out, n| writeln!(out, "[program:p{n}]\ncommand=/bin/cat"))
}

fn variables() -> String {
    each(100, |out, n| writeln!(out, " VARIABLE_{n}=\"a value of some length, number {n}\","))
}

/// Many processes of one program; the text of `first` stands in front of their variables.
fn many_processes(first: &str) -> String {
    format!(
        "[program:many]\ncommand=/bin/cat %(process_num)d\nprocess_name=%(process_num)05d\nnumprocs=5000\n\
         environment={first}{}",
        variables()
    )
}

/// Processes of one program, each with a variable that no other has.
fn named_processes(count: usize) -> String {
    format!(
        "[program:many]\ncommand=/bin/cat %(ENV_PORT_0)s\nprocess_name=%(process_num)05d\nnumprocs={count}\n\
         environment=PORT_%(process_num)d=\"80%(process_num)02d\"\n"
    )
}

fn commands_under_variables(count: usize) -> String {
    format!("environment={}{}", variables(), commands(count))
}

fn included(directory: &Path, count: usize, text: impl Fn(usize) -> String) -> io::Result<()> {
    main(directory, "[include]\nfiles = conf.d/*.conf\n")?;
    fs::create_dir(directory.join("conf.d"))?;
    (0..count).try_for_each(|n| fs::write(directory.join(format!("conf.d/{n:06}.conf")), text(n)))
}

fn included_files(directory: &Path) -> io::Result<()> {
    included(directory, 2_000, |n| format!("[program:p{n}]\ncommand=%(here)s/cat\n"))
}

fn included_defaults(directory: &Path) -> io::Result<()> {
    included(directory, 2_000, |n| format!("[DEFAULT]\ndirectory=%(here)s\n[program:p{n}]\ncommand=/bin/cat\n"))
}

/// With an `[include]`, every program takes over every option.
fn defaults(count: usize) -> String {
    let options = each(count, |out, n| writeln!(out, "option{n}=%(here)s"));
    let programs = each(count, |out, n| writeln!(out, "[fcgi-program:p{n}]\ncommand=x\nsocket=unix:///tmp/{n}"));
    format!("[include]\nfiles = none*\n[DEFAULT]\n{options}{programs}")
}

fn include_loop(directory: &Path) -> io::Result<()> {
    included(directory, 1_000, |_| "[include]\nfiles = ../supervisord.conf *.conf\n".to_owned())
}

fn mistaken_files(directory: &Path) -> io::Result<()> {
    included(directory, 20_000, |n| format!("[program:p{n}]\ncomand=/bin/cat\n"))
}

fn one_group(count: usize) -> String {
    let names: Vec<String> = (0..count).map(|n| format!("p{n}")).collect();
    format!("[group:all]\nprograms = {}\n{}", names.join(", "), commands(count))
}

fn doubled_groups(count: usize) -> String {
    let listener = |out: &mut String, n| writeln!(out, "[eventlistener:p{n}]\ncommand=/bin/cat\nevents=TICK_5");
    commands(count) + &each(count, listener)
}

fn reopened(count: usize) -> String {
    each(count, |out, n| writeln!(out, "[program:p]\ncommand=/bin/cat {n}"))
}

fn options(count: usize) -> String {
    format!("[program:p]\ncommand=/bin/cat\n{}", each(count, |out, n| writeln!(out, "option{n} = {n}")))
}

fn unknown_sections(count: usize) -> String {
    each(count, |out, n| writeln!(out, "[programm:p{n}]\ncommand=/bin/cat"))
}

fn unknown_names(count: usize) -> String {
    let variables = each(count, |out, n| writeln!(out, " V{n}=\"1\","));
    let programs = each(count, |out, n| writeln!(out, "[program:p{n}]\ncommand=%(ENV_U{n})s"));
    format!("environment={variables}{programs}")
}

fn long_names() -> String {
    let name = "X".repeat(MIB);
    format!("environment={name}=\"1\"\n[program:a]\ncommand=%(ENV_{name}Y)s\n")
}

fn long() -> String {
    "x".repeat(10 * MIB)
}

fn expansions() -> String {
    "%(program_name)s 100%% of it; and more ".repeat(10 * MIB / 39)
}

fn continued() -> String {
    "    and some more of the words of this command, line by line\n".repeat(10 * MIB / 61)
}

fn pairs() -> String {
    each(10 * MIB / 32, |out, n| writeln!(out, " KEY{n:08}=\"value{n:08}\","))
}

fn signs() -> String {
    ";#".repeat(5 * MIB)
}
