//! How much memory processes occupy, from `/proc`.
//!
//! The number is the one of `ps -o rss=`, resident kilobytes, in bytes. A process that is gone has none; a
//! zombie has 0.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

/// One process as `/proc/PID/status` describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// The parent.
    parent: i32,
    /// Resident bytes.
    bytes: i64,
}

/// The resident bytes of one process.
pub(crate) fn of_process(pid: i32) -> Option<i64> {
    read(Path::new("/proc"), pid).map(|usage| usage.bytes)
}

/// All processes of the system at about the same time.
///
/// # Errors
/// `/proc` cannot be listed.
pub(crate) fn snapshot() -> io::Result<HashMap<i32, Usage>> {
    let proc = Path::new("/proc");
    let names = fs::read_dir(proc)?.flatten().map(|entry| entry.file_name());
    let pids = names.filter_map(|name| name.to_str()?.parse().ok());
    Ok(pids.filter_map(|pid| Some((pid, read(proc, pid)?))).collect())
}

/// The resident bytes of a process and all its descendants; none if the process is not there.
pub(crate) fn of_tree(root: i32, processes: &HashMap<i32, Usage>) -> Option<i64> {
    let mut sum = processes.get(&root)?.bytes;
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for (pid, usage) in processes {
        children.entry(usage.parent).or_default().push(*pid);
    }
    // Each entry is taken out once, so that even a snapshot with a cycle, from reused numbers, has an end.
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            if child != root {
                sum += processes.get(&child).map_or(0, |usage| usage.bytes);
                parents.push(child);
            }
        }
    }
    Some(sum)
}

fn read(proc: &Path, pid: i32) -> Option<Usage> {
    let status = fs::read(proc.join(pid.to_string()).join("status")).ok()?;
    parse(&String::from_utf8_lossy(&status))
}

fn parse(status: &str) -> Option<Usage> {
    let field = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)?.split_ascii_whitespace().next());
    let parent = field("PPid:")?.parse().ok()?;
    let kilobytes: i64 = field("VmRSS:").map_or(Some(0), |value| value.parse().ok())?;
    Some(Usage { parent, bytes: kilobytes.checked_mul(1024)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn status_is_read() {
        let status = "Name:\tcat\nPid:\t7\nPPid:\t1\nVmRSS:\t    1500 kB\nRssAnon: 1 kB\n";
        assert_eq!(parse(status), Some(Usage { parent: 1, bytes: 1_536_000 }));
        assert_eq!(parse("Name:\tzombie\nPPid:\t1\n"), Some(Usage { parent: 1, bytes: 0 }));
        assert_eq!(parse("Name:\tx\n"), None);
        assert_eq!(parse("PPid:\t1\nVmRSS:\tmany kB\n"), None);
    }

    #[test]
    fn a_tree_is_summed_to_its_leaves() {
        let usage = |parent, bytes| Usage { parent, bytes };
        let mut processes: HashMap<i32, Usage> =
            [(1, usage(0, 1)), (2, usage(1, 10)), (3, usage(2, 100)), (4, usage(2, 1000)), (5, usage(1, 10_000))]
                .into();
        assert_eq!(of_tree(2, &processes), Some(1110));
        assert_eq!(of_tree(5, &processes), Some(10_000));
        assert_eq!(of_tree(9, &processes), None);
        processes.insert(2, usage(4, 10));
        assert_eq!(of_tree(2, &processes), Some(1110));
    }

    #[test]
    fn the_number_is_that_of_ps() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let ours = || (of_process(pid), snapshot().unwrap().get(&pid).copied().map(|usage| usage.bytes));
        let ps = || {
            let output = Command::new("ps").args(["-orss=", "-p", &pid.to_string()]).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse::<i64>().ok().map(|kilobytes| kilobytes * 1024)
        };
        // The child may still be on its way to exec: compare until it has settled.
        let mut tries = 0;
        let agree = loop {
            let (one, two) = ours();
            let expected = ps().or(one);
            if one.is_some() && one == two && one == expected {
                break true;
            }
            tries += 1;
            if tries == 100 {
                break false;
            }
        };
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(agree);
        assert_eq!(of_process(pid), None);
    }
}
