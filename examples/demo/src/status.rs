//! What `supervisorctl status` says, as values.
//!
//! ```text
//! hog                              RUNNING   pid 31810, uptime 0:01:02
//! web                              STARTING  
//! ```

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// `name`, or `group:name`.
    pub(crate) name: String,
    /// `RUNNING`, `STOPPED`, ...
    pub(crate) state: String,
    /// Present while there is a process.
    pub(crate) pid: Option<u32>,
    /// The line as it was printed.
    pub(crate) line: String,
}

impl Row {
    /// Is it the same process in the same state? The uptime may differ.
    pub(crate) fn says_the_same_as(&self, other: &Row) -> bool {
        (&self.name, &self.state, self.pid) == (&other.name, &other.state, other.pid)
    }
}

/// The rows of a table. Lines that are no rows (an error message of the client) make it `None`.
pub(crate) fn parse(table: &str) -> Option<Vec<Row>> {
    table.lines().map(parse_row).collect()
}

fn parse_row(line: &str) -> Option<Row> {
    let mut words = line.split_whitespace();
    let (name, state) = (words.next()?, words.next()?);
    if name.ends_with(':') || !state.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let pid = match (words.next(), words.next()) {
        (Some("pid"), Some(pid)) => pid.strip_suffix(',')?.parse().ok(),
        _ => None,
    };
    Some(Row { name: name.to_owned(), state: state.to_owned(), pid, line: line.trim_end().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn rows_have_a_name_a_state_and_sometimes_a_pid() {
        let rows = parse(
            "hog                              RUNNING   pid 31810, uptime 0:01:02\n\
             web                              STARTING  \n\
             g:x                              STOPPED   Not started\n",
        )
        .unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.state.as_str(), row.pid)).collect();
        assert_eq!(seen, [("hog", "RUNNING", Some(31810)), ("web", "STARTING", None), ("g:x", "STOPPED", None)]);
    }

    #[test]
    fn an_error_line_is_no_table() {
        assert_eq!(parse("unix:///tmp/s.sock no such file\n"), None);
        assert_eq!(parse("error: <class 'ConnectionRefusedError'>, [Errno 111] Connection refused\n"), None);
    }
}
