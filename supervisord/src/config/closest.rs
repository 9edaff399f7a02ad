//! The known word that a misspelt one most resembles.

/// Longer names are not mistyped but made, and comparing two of them takes the product of their lengths.
const LONGEST: usize = 100;

/// The word of `known` with the smallest edit distance to `word`, the first of several; `None` when none has at least
/// about half of its letters in common.
pub(super) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > LONGEST {
        return None;
    }
    // What is more than twice as long as the other has less than half of its letters in common with it.
    let is_near = |known: &&str| (length / 2..=2 * length + 1).contains(&known.chars().count());
    let (distance, best) = known
        .into_iter()
        .filter(is_near)
        .map(|known| (distance(word, known), known))
        // Of two equally near, the longer: letters are forgotten more often than added.
        .min_by_key(|(distance, known)| (*distance, std::cmp::Reverse(known.len())))?;
    let length = length.max(best.chars().count());
    (2 * distance <= length + 1).then_some(best)
}

/// How many letters must be inserted, removed or replaced to turn one word into the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // The distances of the letters of `from` seen so far to each beginning of `to`.
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (removed, letter) in from.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        let mut left = removed + 1;
        next.push(left);
        for ((diagonal, above), other) in row.iter().zip(row.iter().skip(1)).zip(&to) {
            left = (diagonal + usize::from(letter != *other)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("TICK_50", "TICK_5", 1),
            ("é", "e", 1),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
            assert_eq!(distance(to, from), expected, "{to} {from}");
        }
    }

    #[test]
    fn a_word_without_likeness_has_no_closest() {
        let known = ["TICK_5", "PROCESS_STATE", "PROCESS_STATE_EXITED"];
        assert_eq!(closest("PROCESS_STATE_EXITTED", known), Some("PROCESS_STATE_EXITED"));
        assert_eq!(closest("PROCES_STATE", known), Some("PROCESS_STATE"));
        assert_eq!(closest("TICK5", known), Some("TICK_5"));
        assert_eq!(closest("", known), None);
        assert_eq!(closest("FROBNICATE", known), None);
        assert_eq!(closest(&"TICK_5".repeat(1 << 20), known), None);
        let long = "X".repeat(1 << 20);
        assert_eq!(closest(&format!("{long}Y"), [&*long]), None);
        assert_eq!(closest("TICK", [&*long, "TICK_5"]), Some("TICK_5"));
    }
}
