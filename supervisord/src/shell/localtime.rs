//! Local time for log stamps, through the C library.
//!
//! The C library knows the time zone of the process (`TZ`, or the system's), daylight saving included, and keeps it
//! in a few kilobytes that the daemon pays for anyway. Stamps are asked for far more often than seconds pass, so
//! [`Stamp`] remembers the text of the last second.
//!
//! This module reads no clock: seconds since the epoch come in as a value.

/// A broken-down local time, in the ranges that people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LocalTime {
    pub(super) year: i64,
    /// 1..=12
    pub(super) month: u8,
    /// 1..=31
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    /// 0..=60
    pub(super) second: u8,
}

impl LocalTime {
    /// The local time `seconds` after the epoch; the epoch itself, in UTC, for times that do not fit a calendar.
    pub(super) fn at(seconds: i64) -> Self {
        let mut fields = std::mem::MaybeUninit::<libc::tm>::zeroed();
        // SAFETY: both pointers are valid for the call, and localtime_r keeps neither. All-zero bytes are a valid
        // `tm` (integers and a null pointer), so `fields` is initialised whether the call succeeds or not.
        let fields = unsafe {
            let converted = libc::localtime_r(&seconds, fields.as_mut_ptr());
            if converted.is_null() {
                return LocalTime { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
            }
            fields.assume_init()
        };
        let small = |field: libc::c_int| u8::try_from(field).unwrap_or(0);
        LocalTime {
            year: i64::from(fields.tm_year) + 1900,
            month: small(fields.tm_mon + 1),
            day: small(fields.tm_mday),
            hour: small(fields.tm_hour),
            minute: small(fields.tm_min),
            second: small(fields.tm_sec),
        }
    }
}

/// The text of the current second.
#[derive(Debug)]
pub(super) struct Stamp {
    format: fn(LocalTime) -> String,
    second: Option<i64>,
    text: String,
}

impl Stamp {
    pub(super) fn new(format: fn(LocalTime) -> String) -> Self {
        Stamp { format, second: None, text: String::new() }
    }

    /// The stamp for `seconds` since the epoch.
    pub(super) fn at(&mut self, seconds: u64) -> &str {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        if self.second != Some(seconds) {
            self.text = (self.format)(LocalTime::at(seconds));
            self.second = Some(seconds);
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The zone is fixed when the process first asks, so this test runs itself again under another one.
    #[test]
    fn the_zone_of_the_process_counts_summer_and_winter() {
        const CHILD: &str = "LOCALTIME_TEST_CHILD";
        if std::env::var_os(CHILD).is_some() {
            let hours = |seconds| LocalTime::at(seconds).hour;
            assert_eq!(hours(1_704_067_200), 1, "2024-01-01 00:00 UTC is 01:00 CET");
            assert_eq!(hours(1_719_792_000), 2, "2024-07-01 00:00 UTC is 02:00 CEST");
            let expected = LocalTime { year: 2024, month: 2, day: 29, hour: 13, minute: 34, second: 56 };
            assert_eq!(LocalTime::at(1_709_210_096), expected);
            return;
        }
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "shell::localtime::tests::the_zone_of_the_process_counts_summer_and_winter"])
            .env(CHILD, "1")
            .env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
            .output()
            .unwrap();
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && report.contains("1 passed"), "{report}");
    }

    #[test]
    fn impossible_times_do_no_harm() {
        assert_eq!(LocalTime::at(i64::MAX).year, 1970);
    }

    #[test]
    fn a_stamp_changes_with_the_second() {
        let mut stamp = Stamp::new(|time| time.second.to_string());
        assert_eq!(stamp.at(1_000_000_020), "0");
        assert_eq!(stamp.at(1_000_000_020), "0");
        assert_eq!(stamp.at(1_000_000_021), "1");
        assert_eq!(stamp.at(1_000_000_019), "59", "clocks may be set back");
    }
}
