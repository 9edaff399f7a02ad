//! From replies to text: pure functions, byte for byte what Supervisor 4 prints.
//!
//! Widths count code points. Lines are not cut and have no header. Contract: sections on table layouts and
//! commands, `ctl_c7` to `ctl_c17`.

use std::fmt::Write as _;

use supervisor_protocol::name::join;
use supervisor_protocol::rpc::{ConfigInfo, ProcessInfo, RereadResult};

/// The table of `status`: name, state, description.
///
/// ```text
/// cat                              RUNNING   pid 31810, uptime 0:01:02
/// ```
///
/// The first column is three wider than the longest name shown, at least 33. An empty description leaves
/// the blanks of the state column.
pub(crate) fn status_table(rows: &[&ProcessInfo]) -> String {
    let names: Vec<String> = rows.iter().map(|row| join(&row.group, &row.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).fold(30, usize::max) + 3;
    let mut table = String::new();
    for (name, row) in names.iter().zip(rows) {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{name:width$}{:10}{}", row.state.name(), row.description);
    }
    table
}

/// The table of `avail`: name, in use, autostart, priorities of group and process.
///
/// ```text
/// grp:g1                           in use    auto      50:999
/// ```
pub(crate) fn avail_table(rows: &[ConfigInfo]) -> String {
    let mut table = String::new();
    for row in rows {
        let name = join(&row.group, &row.name);
        let in_use = if row.inuse { "in use" } else { "avail" };
        let autostart = if row.autostart { "auto" } else { "manual" };
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{name:32} {in_use:9} {autostart:9} {}:{}", row.group_prio, row.process_prio);
    }
    table
}

/// What `reread` tells: a line per group, sorted by name.
pub(crate) fn changes(changes: &RereadResult) -> String {
    let kinds = [(&changes.added, "available"), (&changes.changed, "changed"), (&changes.removed, "disappeared")];
    let mut lines: Vec<(&str, &str)> =
        kinds.into_iter().flat_map(|(names, what)| names.iter().map(move |name| (name.as_str(), what))).collect();
    if lines.is_empty() {
        return "No config updates to processes\n".to_owned();
    }
    lines.sort_unstable();
    lines.into_iter().map(|(name, what)| format!("{name}: {what}\n")).collect()
}

/// A complaint about one name: `<name>: ERROR (<what>)`.
pub(crate) fn complaint(name: &str, what: &str) -> String {
    format!("{name}: ERROR ({what})")
}

/// Words in columns, filled from the top, with a heading: the list that `help` prints.
///
/// The columns are as few lines as fit in 79 characters, each as wide as its longest word and two blanks
/// apart; the last one is padded too.
pub(crate) fn topics(heading: &str, words: &[&str]) -> String {
    const WIDTH: usize = 79;
    let ruler = "=".repeat(heading.chars().count());
    let mut text = format!("\n{heading}\n{ruler}\n");
    let fits = |rows: &usize| column_widths(words, *rows).iter().map(|width| width + 2).sum::<usize>() <= WIDTH + 2;
    let rows = (1..words.len()).find(fits).unwrap_or(words.len());
    let widths = column_widths(words, rows);
    for row in 0..rows {
        let line: Vec<String> =
            words.iter().skip(row).step_by(rows).zip(&widths).map(|(word, &width)| format!("{word:width$}")).collect();
        text.push_str(&line.join("  "));
        text.push('\n');
    }
    text.push('\n');
    text
}

fn column_widths(words: &[&str], rows: usize) -> Vec<usize> {
    words.chunks(rows.max(1)).map(|column| column.iter().map(|word| word.chars().count()).fold(0, usize::max)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use supervisor_protocol::state::ProcessState::{self, *};

    fn process(group: &str, name: &str, state: ProcessState, description: &str) -> ProcessInfo {
        ProcessInfo {
            group: group.into(),
            name: name.into(),
            state,
            description: description.into(),
            ..ProcessInfo::default()
        }
    }

    #[test]
    fn status_columns() {
        let rows = [
            process("cat", "cat", Running, "pid 31810, uptime 0:01:02"),
            process("grp", "g1", Stopped, "Nov 22 10:59 AM"),
            process("soon", "soon", Starting, ""),
        ];
        assert_eq!(
            status_table(&rows.iter().collect::<Vec<_>>()),
            "cat                              RUNNING   pid 31810, uptime 0:01:02\n\
             grp:g1                           STOPPED   Nov 22 10:59 AM\n\
             soon                             STARTING  \n"
        );
        assert_eq!(status_table(&[]), "");
    }

    #[test]
    fn status_widens_with_the_longest_name_counted_in_code_points() {
        let long = "ü".repeat(31);
        let rows = [process("a", "a", Running, "x"), process(&long, &long, Fatal, "y")];
        assert_eq!(
            status_table(&rows.iter().collect::<Vec<_>>()),
            format!("a{}RUNNING   x\n{long}   FATAL     y\n", " ".repeat(33))
        );
    }

    #[test]
    fn avail_columns() {
        let row = |group: &str, name: &str, inuse, autostart, group_prio| ConfigInfo {
            group: group.into(),
            name: name.into(),
            inuse,
            autostart,
            group_prio,
            process_prio: 999,
            ..ConfigInfo::default()
        };
        let long = "n".repeat(40);
        assert_eq!(
            avail_table(&[row("grp", "g1", true, true, 50), row(&long, &long, false, false, 999)]),
            format!(
                "grp:g1                           in use    auto      50:999\n\
                 {long} avail     manual    999:999\n"
            )
        );
    }

    #[test]
    fn changes_are_sorted_by_name() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let found = RereadResult { added: names(&["z", "b"]), changed: names(&["c"]), removed: names(&["a"]) };
        assert_eq!(changes(&found), "a: disappeared\nb: available\nc: changed\nz: available\n");
        assert_eq!(changes(&RereadResult::default()), "No config updates to processes\n");
    }

    #[test]
    fn topics_fill_columns_from_the_top() {
        assert_eq!(topics("one", &["a"]), "\none\n===\na\n\n");
        assert_eq!(topics("h", &["a", "bcd", "e"]), "\nh\n=\na  bcd  e\n\n");
        let wide = "w".repeat(50);
        assert_eq!(topics("h", &[&wide, &wide]), format!("\nh\n=\n{wide}\n{wide}\n\n"));
    }
}
