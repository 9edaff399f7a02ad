//! What `/proc` tells of a process, the daemon above all.

use std::fs;

/// The value of a field of `/proc/PID/status`, without its unit.
fn field(pid: i32, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect("a known field");
    value.trim().trim_end_matches(" kB").to_owned()
}

/// Resident memory in KiB.
pub fn resident_kib(pid: i32) -> u64 {
    field(pid, "VmRSS").parse().expect("a size")
}

/// Processor time used so far, in ticks of the system's clock (a hundredth of a second).
pub fn cpu_ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    let fields: Vec<&str> = stat.rsplit_once(") ").expect("a name").1.split(' ').collect();
    [fields[11], fields[12]].iter().map(|ticks| ticks.parse::<u64>().expect("ticks")).sum()
}

/// Whether a process ignores a signal.
pub fn ignores(pid: i32, signal: i32) -> bool {
    let mask = u64::from_str_radix(&field(pid, "SigIgn"), 16).expect("a mask");
    mask >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_this_process() {
        let pid = i32::try_from(std::process::id()).expect("a pid");
        assert!(resident_kib(pid) > 100);
        assert!(cpu_ticks(pid) < 1_000_000);
        // Rust's runtime ignores it.
        assert!(ignores(pid, nix::libc::SIGPIPE));
        assert!(!ignores(pid, nix::libc::SIGTERM));
    }
}
