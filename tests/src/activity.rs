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
