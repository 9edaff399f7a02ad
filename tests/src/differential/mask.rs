//! What varies between two runs besides the table of [`crate::redact`], and says nothing about either side.

use crate::{Setup, redact, subject};

/// A text without what varies. Paths of the programs, which differ between the sides, become `BIN`.
pub fn mask(setup: &Setup, text: &str) -> String {
    let text = text.replace(&subject::misbehave().display().to_string(), "MISBEHAVE");
    let text = text.replace(&setup.subject.dir().join("").display().to_string(), "BIN/");
    let text = redact::redact(&text, setup.dir.path(), setup.port());
    let text = text.split('\n').map(|line| place(&killed(&random(line)))).collect::<Vec<_>>().join("\n");
    untraced(&text)
}

/// The pid of `killing 'NAME' (PID) with SIGKILL`.
fn killed(line: &str) -> String {
    let rewritten = line.split_once("WARN killing '").zip(line.rsplit_once("' (")).map(|(_, (before, pid))| {
        format!("{before}' ({}", pid.replace(|letter: char| letter.is_ascii_digit(), "").replacen(')', "PID)", 1))
    });
    rewritten.unwrap_or_else(|| line.to_owned())
}

/// `: file: FILE line: N`, by which supervisorctl ends some errors with a place in its own source.
fn place(line: &str) -> String {
    match line.rsplit_once(": file: ") {
        Some((before, place)) if line.starts_with("error: ") && place.contains(" line: ") => {
            format!("{before}: file: FILE line: N")
        }
        _ => line.to_owned(),
    }
}

/// Tracebacks of Python, chained ones included, without their lines and the exception at their end.
fn untraced(text: &str) -> String {
    const BEGIN: &str = "Traceback (most recent call last):";
    let mut out: Vec<String> = Vec::new();
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let Some((before, _)) = line.split_once(BEGIN) else {
            out.push(line.to_owned());
            continue;
        };
        // A further one of a chain shows as one with the first.
        if before.is_empty()
            && out.iter().rev().find(|line| !line.is_empty()).is_some_and(|line| line.starts_with("During "))
        {
            while out.pop_if(|line| line.is_empty() || line.starts_with("During ")).is_some() {}
        } else {
            out.push(format!("{before}TRACEBACK"));
        }
        while lines.next_if(|line| line.starts_with(' ')).is_some() {}
        let _exception = lines.next();
    }
    out.join("\n")
}

/// Records that come or do not, or come in another order, as the kernel likes it: whether a pipe's end or a death is
/// seen first, how many deaths one signal stands for, whether a child is still dying when a client begins to wait,
/// whether a listener is ready when an event comes, whether a program that ends at once is first found alive.
const CHANCE: &[&[&str]] = &[
    &["DEBG fd FD closed, stopped monitoring "],
    &["DEBG received SIGCHLD indicating a child quit"],
    &["INFO waiting for ", " to stop"],
    &["DEBG rebuffering event "],
    &["INFO success: ", " stayed up for > than 0 seconds (startsecs)"],
];

/// The lines of a masked log without those that are left to chance.
pub fn sure(log: &str) -> String {
    let has_all = |line: &str, parts: &[&str]| parts.iter().all(|part| line.contains(part));
    let chance = |line: &str| line.starts_with("TIME ") && CHANCE.iter().any(|parts| has_all(line, parts));
    log.lines().filter(|line| !chance(line)).map(|line| format!("{line}\n")).collect()
}

/// The letters at the end of an automatic log's name, whatever the identifier before them.
fn random(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(".log") {
        let (name, after) = (&rest[..at], &rest[at..]);
        let stem = name.len().saturating_sub(8);
        let is_automatic = name.is_char_boundary(stem)
            && name[..stem].ends_with('-')
            && name
                .rsplit_once("---")
                .is_some_and(|(before, _)| before.ends_with("-stdout") || before.ends_with("-stderr"));
        out.push_str(if is_automatic { &name[..stem] } else { name });
        out.push_str(if is_automatic { "RANDOM.log" } else { ".log" });
        rest = &after[".log".len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_goes() {
        let setup = Setup::new();
        let masked = |text: &str| mask(&setup, &setup.fill(text));
        assert_eq!(masked("{dir}/y"), "DIR/y");
        assert_eq!(masked("WARN killing 'a (b' (4711) with SIGKILL"), "WARN killing 'a (b' (PID) with SIGKILL");
        assert_eq!(masked("error: <x>, y: file: /a/b.py line: 12"), "error: <x>, y: file: FILE line: N");
        let chain = "x raised: Traceback (most recent call last):\n  File\nE: 1\n\nDuring y:\n\n\
            Traceback (most recent call last):\n  File\nE: 2\nnext";
        assert_eq!(masked(chain), "x raised: TRACEBACK\nnext");
        assert_eq!(mask(&setup, "a-stdout---me-x1_2345y.log b.log"), "a-stdout---me-RANDOM.log b.log");
        let log = "TIME INFO waiting for a to stop\nTIME INFO waiting for a to die\n";
        assert_eq!(sure(log), "TIME INFO waiting for a to die\n");
    }
}
