//! Signals as clients write them: `HUP`, `sighup`, `1`, `"1"`. Contract `ctl_x30`.

use nix::sys::signal::Signal;
use supervisor_protocol::xmlrpc::Value;

/// Names that Linux has besides those of [`Signal`], with their numbers.
const ALIASES: &[(&str, i32)] = &[("SIGCLD", 17), ("SIGIOT", 6), ("SIGPOLL", 29), ("SIGRTMIN", 34), ("SIGRTMAX", 64)];

/// The number of a signal, 0 included; what was written if there is no such signal.
pub(super) fn parse(written: &Value) -> Result<i32, String> {
    let found = match written.to_int() {
        Some(number) => by_number(number),
        None => by_name(&written.to_string()),
    };
    found.ok_or_else(|| written.to_string())
}

fn by_number(number: i64) -> Option<i32> {
    matches!(number, 0..=31 | 34 | 64).then_some(number).and_then(|number| i32::try_from(number).ok())
}

fn by_name(written: &str) -> Option<i32> {
    let upper = written.trim().to_uppercase();
    let name = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, number)| *number);
    alias.or_else(|| name.parse::<Signal>().ok().map(|signal| signal as i32))
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
        for written in ["bogus", "", "SIG", "_IGN", "SIG_DFL", "35", "-1", "65", "1.5", "RTMIN+1"] {
            assert_eq!(parse(&written.into()), Err(written.to_owned()));
        }
        let all = "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT RTMAX RTMIN SEGV \
                   STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ";
        for name in all.split_whitespace() {
            assert!(parse(&name.into()).is_ok(), "{name}");
        }
    }
}
