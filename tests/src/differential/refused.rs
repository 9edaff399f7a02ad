//! What is refused, read from `tests/differential/refused`.
//!
//! * `lines.txt`: one option a line, `SECTION OPTION=VALUE`, put at the end of a section that is right without it;
//!   `\n` is a line end. The line is the case's name.
//! * `files.txt`: whole sections, `=== NAME` before each. `=== NAME whole` has nothing put before it; in
//!   `=== NAME bytes` escapes `\xHH` are bytes. `--- PATH` begins another file of the case.
//! * `commands.txt`: a command line each, `PROGRAM WORD ...`; `''` is an empty word. `@` alone stands for
//!   `-c {dir}/supervisord.conf`.
//!
//! Lines that begin with `#` are comments. Behind each configuration comes a server whose directory does not exist, so
//! that none of them can start.

use std::fs;

use super::home;

/// Something that is refused.
#[derive(Clone, Debug, Default)]
pub struct Refused {
    /// What documented differences call it.
    pub name: String,
    /// The configuration.
    pub text: Vec<u8>,
    /// Nothing comes before or behind the text.
    pub whole: bool,
    /// Other files: path and text.
    pub files: Vec<(String, String)>,
    /// Program and words; without it supervisord on the configuration.
    pub command: Option<Vec<String>>,
}

/// All of them, in the order of the files.
pub fn all() -> Vec<Refused> {
    let read = |name: &str| {
        let path = home().join("refused").join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut all: Vec<Refused> = data(&read("lines.txt")).map(line).collect();
    all.extend(blocks(&read("files.txt")));
    all.extend(data(&read("commands.txt")).map(command));
    all
}

fn data(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

/// What a section is made of when it is right.
const RIGHT: &[(&str, &str)] = &[
    ("supervisord", "[supervisord]"),
    ("program", "[program:cat]\ncommand=/bin/cat"),
    ("eventlistener", "[eventlistener:ears]\ncommand=/bin/cat\nevents=TICK_60"),
    ("fcgi-program", "[fcgi-program:fast]\ncommand=/bin/cat\nsocket=unix://{dir}/fast.sock"),
    ("group", "[program:cat]\ncommand=/bin/cat\n[group:all]\nprograms=cat"),
    ("unix_http_server", "[unix_http_server]\nfile={dir}/s.sock"),
    ("inet_http_server", "[inet_http_server]\nport=127.0.0.1:{port}"),
    ("include", "[program:cat]\ncommand=/bin/cat\n[include]"),
    ("rpcinterface", "[rpcinterface:more]"),
];

fn line(line: &str) -> Refused {
    let (section, option) = line.split_once(' ').unwrap_or_else(|| panic!("no section in {line:?}"));
    let right =
        RIGHT.iter().find(|(name, _)| *name == section).unwrap_or_else(|| panic!("unknown section: {line:?}")).1;
    let text = format!("{right}\n{}\n", option.replace("\\n", "\n")).into_bytes();
    Refused { name: line.to_owned(), text, ..Refused::default() }
}

fn command(line: &str) -> Refused {
    let words = line.split(' ').flat_map(|word| match word {
        "@" => vec!["-c".to_owned(), "{dir}/supervisord.conf".to_owned()],
        "''" => vec![String::new()],
        word => vec![word.to_owned()],
    });
    let text = b"[program:cat]\ncommand=/bin/cat\n".to_vec();
    Refused { name: line.to_owned(), text, command: Some(words.collect()), ..Refused::default() }
}

fn blocks(text: &str) -> Vec<Refused> {
    let mut blocks: Vec<Refused> = Vec::new();
    let mut bytes = false;
    for line in text.lines() {
        if let Some(header) = line.strip_prefix("=== ") {
            let mut words = header.split(' ');
            let name = words.next().unwrap_or_default().to_owned();
            let flags: Vec<&str> = words.collect();
            bytes = flags.contains(&"bytes");
            blocks.push(Refused { name, whole: flags.contains(&"whole"), ..Refused::default() });
            continue;
        }
        let Some(block) = blocks.last_mut() else { continue };
        if let Some(path) = line.strip_prefix("--- ") {
            block.files.push((path.to_owned(), String::new()));
        } else if let Some((_, text)) = block.files.last_mut() {
            text.push_str(line);
            text.push('\n');
        } else if !line.starts_with('#') || bytes {
            block.text.extend(if bytes { escaped(line) } else { line.as_bytes().to_vec() });
            block.text.push(b'\n');
        }
    }
    blocks
}

/// A line with `\xHH` as bytes.
fn escaped(line: &str) -> Vec<u8> {
    let mut pieces = line.split("\\x");
    let mut out = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at(2);
        out.push(u8::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("no byte: {line:?}")));
        out.extend(rest.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_cut() {
        let all = blocks("# ignored\n=== one\n[a]\nb=1\n--- x/y.conf\n[c]\n=== two whole bytes\n\\xff#\n");
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].text, b"[a]\nb=1\n");
        assert_eq!(all[0].files, [("x/y.conf".to_owned(), "[c]\n".to_owned())]);
        assert!(all[1].whole);
        assert_eq!(all[1].text, b"\xff#\n");
    }

    #[test]
    fn names_are_unique_and_many() {
        let all = all();
        let names: std::collections::BTreeSet<&String> = all.iter().map(|case| &case.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.len() >= 120, "only {} refusals", all.len());
    }
}
