//! When a log rotates, and which renames that takes.
//!
//! The rule is Supervisor's: a log is looked at *after* each write, and once its offset has reached `maxbytes` the
//! copies move up by one number, the log becomes copy 1, and a new, empty log is opened. So a file may exceed the
//! limit by one chunk and no chunk is ever split. Without backups the log is truncated instead.
//!
//! This module turns numbers into a [`RotationPlan`] of renames; it knows neither paths nor whether a rename worked.

/// How large a log may grow and how many old copies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RotationPolicy {
    /// Threshold in bytes; 0: the log is never rotated.
    pub maxbytes: u64,
    /// Copies `FILE.1` … `FILE.backups`; 0: the log is truncated.
    pub backups: u32,
}

impl RotationPolicy {
    /// A log that only grows.
    pub const NEVER: RotationPolicy = RotationPolicy { maxbytes: 0, backups: 0 };

    /// From the configured numbers: negative ones count as 0, as they always did for the daemon's log.
    pub fn new(maxbytes: i64, backups: i64) -> Self {
        RotationPolicy {
            maxbytes: u64::try_from(maxbytes).unwrap_or(0),
            backups: u32::try_from(backups.max(0)).unwrap_or(u32::MAX),
        }
    }

    /// Whether a log whose offset after a write is `offset` must be rotated.
    pub fn is_due(&self, offset: u64) -> bool {
        self.maxbytes > 0 && offset >= self.maxbytes
    }

    /// The renames of one rotation, in order. `copies` are numbers of copies that may exist, in any order; those that
    /// do not take part (0, or `backups` and above) are ignored. Copies above `backups`, left over from a larger
    /// setting, stay untouched.
    ///
    /// Source: Supervisor's rotating file handler; contract `cfg_lg04`.
    pub fn plan(&self, copies: impl IntoIterator<Item = u32>) -> RotationPlan {
        if self.backups == 0 {
            return RotationPlan::default();
        }
        let mut moving: Vec<u32> = copies.into_iter().filter(|copy| (1..self.backups).contains(copy)).collect();
        moving.push(0);
        moving.sort_unstable_by(|a, b| b.cmp(a));
        moving.dedup();
        RotationPlan { renames: moving.into_iter().map(|from| Rename { from, to: from + 1 }).collect() }
    }
}

/// What to rename before the log is opened anew, truncating.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RotationPlan {
    /// Highest number first; a missing source is no error, an existing target is replaced. Empty: nothing is kept,
    /// the log is truncated in place.
    pub renames: Vec<Rename>,
}

/// `FILE.from` becomes `FILE.to`; number 0 is the log itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rename {
    /// The copy to move.
    pub from: u32,
    /// Its new number, always `from + 1`.
    pub to: u32,
}

/// The number of a copy: `copy_number(b"web.log", b"web.log.12")` is 12. `None` for anything that a rotation
/// would not have written (other names, leading zeros).
pub fn copy_number(log: &[u8], name: &[u8]) -> Option<u32> {
    let digits = name.strip_prefix(log)?.strip_prefix(b".")?;
    let text = std::str::from_utf8(digits).ok()?;
    if text.starts_with(['0', '+']) { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renames(backups: u32, copies: &[u32]) -> Vec<(u32, u32)> {
        let policy = RotationPolicy { maxbytes: 10, backups };
        policy.plan(copies.iter().copied()).renames.iter().map(|rename| (rename.from, rename.to)).collect()
    }

    #[test]
    fn due_at_the_limit() {
        let policy = RotationPolicy::new(100, 1);
        assert!(!policy.is_due(99));
        assert!(policy.is_due(100));
        assert!(policy.is_due(101));
        assert!(!RotationPolicy::NEVER.is_due(u64::MAX));
    }

    #[test]
    fn odd_numbers_are_tamed() {
        assert_eq!(RotationPolicy::new(-1, -5), RotationPolicy { maxbytes: 0, backups: 0 });
        assert_eq!(RotationPolicy::new(7, i64::MAX), RotationPolicy { maxbytes: 7, backups: u32::MAX });
    }

    #[test]
    fn copies_move_up_from_the_top() {
        assert_eq!(renames(3, &[1, 2, 3]), [(2, 3), (1, 2), (0, 1)]);
        assert_eq!(renames(3, &[]), [(0, 1)]);
        assert_eq!(renames(1, &[1]), [(0, 1)]);
    }

    #[test]
    fn gaps_and_leftovers_stay() {
        assert_eq!(renames(10, &[7, 2, 2, 0, 12]), [(7, 8), (2, 3), (0, 1)]);
    }

    #[test]
    fn without_backups_the_log_is_truncated() {
        assert_eq!(renames(0, &[1, 2]), []);
    }

    #[test]
    fn numbers_of_copies() {
        assert_eq!(copy_number(b"web.log", b"web.log.12"), Some(12));
        for name in ["web.log", "web.log.", "web.log.01", "web.log.+1", "web.log.1.gz", "other.log.1", "web.log.0"] {
            assert_eq!(copy_number(b"web.log", name.as_bytes()), None, "{name}");
        }
        assert_eq!(copy_number(b"web.log", b"web.log.99999999999"), None);
    }
}
