//! Time in the formats that listeners write, and the clock.
//!
//! Two formats are of local time, the C library's view of it as in the original, so they follow `TZ` and
//! `/etc/localtime`. The third, for the header of a mail, is of UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::sys::{Broken, local_time, universal_time};

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The current time, as the duration since 1970. The one place where this crate reads a clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock module")]
pub fn now() -> Duration {
    // A clock before 1970 is shown as 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// `2026-11-22 11:03:43,918`, the format of log lines; milliseconds are cut, not rounded.
pub fn log_format(time: Duration) -> String {
    let Broken { tm, .. } = broken(time);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02},{:03}",
        i64::from(tm.tm_year) + 1900,
        tm.tm_mon + 1,
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
        time.subsec_millis()
    )
}

/// `Sun Nov 22 11:02:37 2026 UTC`: C's `asctime` and the abbreviation of the zone.
pub fn asctime_with_zone(time: Duration) -> String {
    let Broken { tm, zone } = broken(time);
    format!(
        "{} {} {:2} {:02}:{:02}:{:02} {} {zone}",
        name(&DAYS, tm.tm_wday),
        name(&MONTHS, tm.tm_mon),
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
        i64::from(tm.tm_year) + 1900,
    )
}

/// `Sun, 22 Nov 2026 11:06:14 -0000`, the date of a mail: UTC, in a zone that is not told.
pub fn mail_date(time: Duration) -> String {
    let Broken { tm, .. } = universal_time(epoch_seconds(time));
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} -0000",
        name(&DAYS, tm.tm_wday),
        tm.tm_mday,
        name(&MONTHS, tm.tm_mon),
        i64::from(tm.tm_year) + 1900,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
    )
}

fn name(names: &[&'static str], index: i32) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or("???")
}

fn epoch_seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

fn broken(time: Duration) -> Broken {
    local_time(epoch_seconds(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The zone of the test machine is unknown, so the expectation is built for its offset.
    #[test]
    fn both_formats_agree_with_the_zone() {
        let time = Duration::new(1_795_345_357, 918_999_999);
        let tm = local_time(1_795_345_357).tm;
        let (hour, minute) = (tm.tm_hour, tm.tm_min);
        assert!(log_format(time).ends_with(&format!(" {hour:02}:{minute:02}:37,918")), "{}", log_format(time));
        if tm.tm_gmtoff == 0 {
            assert_eq!(log_format(time), "2026-11-22 11:02:37,918");
            let asctime = asctime_with_zone(time);
            assert!(asctime.starts_with("Sun Nov 22 11:02:37 2026 "), "{asctime}");
        }
    }

    #[test]
    fn mails_are_dated_in_utc() {
        let date = |seconds| mail_date(Duration::from_secs(seconds));
        assert_eq!(date(1_795_345_574), "Sun, 22 Nov 2026 11:06:14 -0000");
        assert_eq!(date(951_782_400), "Tue, 29 Feb 2000 00:00:00 -0000");
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 -0000");
    }

    #[test]
    fn a_one_digit_day_is_padded_with_a_blank() {
        let asctime = asctime_with_zone(Duration::from_secs(1_793_880_000));
        assert_eq!(asctime.as_bytes().get(8), Some(&b' '), "{asctime}");
    }
}
