//! Signals as clients write them: `HUP`, `sighup`, `1`, `"1"`. Contract `ctl_x30`.

use supervisor_protocol::xmlrpc::Value;

use crate::config::signals;

/// The number of a signal, 0 included; what was written if there is no such signal.
pub(super) fn parse(written: &Value) -> Result<i32, String> {
    let found = match written.to_int() {
        Some(number) => i32::try_from(number).ok().filter(|_| signals::is_known(number)),
        None => by_name(&written.to_string()),
    };
    found.ok_or_else(|| written.to_string())
}

/// The names that no signal has, `SIG_IGN` and its like, are for configurations only.
fn by_name(written: &str) -> Option<i32> {
    let upper = written.trim().to_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    signals::number(&upper).filter(|_| !name.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling() {
        for (written, number) in [
            (Value::from("HUP"), 1),
            (" sigusr1\n".into(), 10),
            ("18".into(), 18),
            (18.into(), 18),
            (1.5.into(), 1),
            (true.into(), 1),
            (0.into(), 0),
            ("CLD".into(), 17),
            ("IOT".into(), 6),
            ("POLL".into(), 29),
            ("RTMIN".into(), 34),
            ("64".into(), 64),
            ("STKFLT".into(), 16),
        ] {
            assert_eq!(parse(&written), Ok(number), "{written:?}");
        }
        for written in ["bogus", "", "SIG", "_IGN", "SIG_DFL", "SIGSIGTERM", "35", "-1", "65", "1.5", "RTMIN+1"] {
            assert_eq!(parse(&written.into()), Err(written.to_owned()));
        }
        let all = "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT RTMAX RTMIN SEGV \
                   STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ";
        for name in all.split_whitespace() {
            assert!(parse(&name.into()).is_ok(), "{name}");
        }
    }
}
