//! Two texts line by line.

use super::Aspects;

/// One aspect in which the sides differ: its name, and the lines that only one of them has, `-` the original's, `+`
/// ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The aspect.
    pub aspect: String,
    /// The lines of a diff without what is common.
    pub lines: Vec<String>,
}

/// All differences of two sides.
pub fn differences(original: &Aspects, ours: &Aspects) -> Vec<Difference> {
    let mut aspects: Vec<&String> = original.keys().chain(ours.keys()).collect();
    aspects.sort();
    aspects.dedup();
    let text = |side: &Aspects, aspect: &String| side.get(aspect).cloned().unwrap_or_default();
    let difference = |aspect: &String| {
        let lines = diff(&text(original, aspect), &text(ours, aspect));
        let lines: Vec<String> = lines.into_iter().filter(|line| !line.starts_with(' ')).collect();
        (!lines.is_empty()).then(|| Difference { aspect: aspect.clone(), lines })
    };
    aspects.into_iter().filter_map(difference).collect()
}

/// A whole diff: each line after ` `, `-` or `+`.
pub fn diff(one: &str, two: &str) -> Vec<String> {
    let (one, two): (Vec<&str>, Vec<&str>) = (one.lines().collect(), two.lines().collect());
    // The length of the longest common part of what follows each pair of lines.
    let mut common = vec![vec![0_u32; two.len() + 1]; one.len() + 1];
    for (at, left) in one.iter().enumerate().rev() {
        for (to, right) in two.iter().enumerate().rev() {
            common[at][to] =
                if left == right { common[at + 1][to + 1] + 1 } else { common[at + 1][to].max(common[at][to + 1]) };
        }
    }
    let (mut at, mut to) = (0, 0);
    let mut out = Vec::new();
    while at < one.len() || to < two.len() {
        if at < one.len() && to < two.len() && one[at] == two[to] {
            out.push(format!(" {}", one[at]));
            (at, to) = (at + 1, to + 1);
        } else if at < one.len() && (to == two.len() || common[at + 1][to] >= common[at][to + 1]) {
            out.push(format!("-{}", one[at]));
            at += 1;
        } else {
            out.push(format!("+{}", two[to]));
            to += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_keeps_what_is_common() {
        assert_eq!(diff("a\nb\nc", "a\nx\nc\nd"), [" a", "-b", "+x", " c", "+d"]);
        assert_eq!(diff("", "a"), ["+a"]);
        let side = |text: &str| Aspects::from([("log".to_owned(), text.to_owned())]);
        assert_eq!(differences(&side("a\nb"), &side("a\nb")), []);
        assert_eq!(differences(&side("a"), &side("b"))[0].lines, ["-a", "+b"]);
    }
}
