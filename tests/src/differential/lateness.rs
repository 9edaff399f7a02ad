//! Whether ours reaches states in time: no more than a quarter of a second after the original, the median of three
//! runs deciding. A machine that is busy makes one run late; it is played again before anything is said.

use std::collections::BTreeMap;

use super::Seen;

/// How much later than the original a state may be reached, in milliseconds.
pub const ALLOWED: i64 = 250;

/// How much later ours reached each state that both reached; negative: earlier.
pub fn delays(original: &Seen, ours: &Seen) -> BTreeMap<String, i64> {
    let delay = |(what, time): (&String, &u64)| {
        let theirs = i64::try_from(*original.times.get(what)?).ok()?;
        Some((what.clone(), i64::try_from(*time).ok()? - theirs))
    };
    ours.times.iter().filter_map(delay).collect()
}

/// Whether any is late.
pub fn is_late(delays: &BTreeMap<String, i64>) -> bool {
    delays.values().any(|delay| *delay > ALLOWED)
}

/// The states that are late by the median of the runs, with that median.
pub fn late(runs: &[BTreeMap<String, i64>]) -> Vec<(String, i64)> {
    let mut all: BTreeMap<&String, Vec<i64>> = BTreeMap::new();
    for (what, delay) in runs.iter().flatten() {
        all.entry(what).or_default().push(*delay);
    }
    let median = |(what, mut delays): (&String, Vec<i64>)| {
        delays.sort_unstable();
        (what.clone(), delays[delays.len() / 2])
    };
    all.into_iter().map(median).filter(|(_, delay)| *delay > ALLOWED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_decides() {
        let run = |delay: i64| BTreeMap::from([("web RUNNING".to_owned(), delay)]);
        assert_eq!(late(&[run(400), run(-900), run(10)]), []);
        assert_eq!(late(&[run(400), run(300), run(10)]), [("web RUNNING".to_owned(), 300)]);
    }
}
