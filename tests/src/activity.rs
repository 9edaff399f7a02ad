//! The activity log as tests read it: one record a line, the time cut off.

/// The lines of an activity log from their level on: `INFO spawned: 'cat' with pid 4711`. Lines without a timestamp
/// (the tail of a record of several lines) stay as they are.
pub fn records(text: &str) -> Vec<String> {
    text.lines().map(|line| if has_time(line) { line[24..].to_owned() } else { line.to_owned() }).collect()
}

/// Whether a line begins with `YYYY-MM-DD HH:MM:SS,mmm `.
pub fn has_time(line: &str) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-dd dd:dd:dd,ddd ";
    line.len() >= SHAPE.len()
        && line.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            shape => byte == *shape,
        })
}

/// The time of day of a line, in milliseconds; nothing for lines without a time.
pub fn millis_of_day(line: &str) -> Option<u64> {
    let number = |from: usize, to: usize| line.get(from..to).and_then(|digits| digits.parse::<u64>().ok());
    let (hours, minutes) = (number(11, 13)?, number(14, 16)?);
    has_time(line).then_some(((hours * 60 + minutes) * 60 + number(17, 19)?) * 1000 + number(20, 23)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_lines() {
        assert_eq!(millis_of_day("2026-11-22 01:02:03,456 INFO x"), Some(3_723_456));
        assert_eq!(millis_of_day("the tail of a record"), None);
    }
}
