//! The parameters of a page: its query and, by POST, its form (`application/x-www-form-urlencoded`).

use percent_encoding::percent_decode;

/// Parameters by name. The form wins over the query; of duplicates the first wins in the query, the last in the
/// form; blank values count as absent.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// In order of precedence.
    pairs: Vec<(String, String)>,
}

impl Parameters {
    pub(super) fn new(query: &[u8], form: &[u8]) -> Parameters {
        let mut pairs = pairs(form);
        pairs.reverse();
        pairs.extend(self::pairs(query));
        Parameters { pairs }
    }

    /// The value of a parameter, never empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    let pair = |part: &[u8]| {
        let split = part.iter().position(|&byte| byte == b'=')?;
        let (key, value) = (part.get(..split)?, part.get(split + 1..)?);
        (!value.is_empty()).then(|| (decode(key), decode(value)))
    };
    encoded.trim_ascii().split(|&byte| matches!(byte, b'&' | b';')).filter_map(pair).collect()
}

fn decode(text: &[u8]) -> String {
    let spaced: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_and_decoding() {
        let parameters = Parameters::new(b"a=1&a=2&b=q&c=&d=x%3Ay+z%C3%A9&e", b"b=f&b=g&c=\r\n");
        for (name, value) in
            [("a", Some("1")), ("b", Some("g")), ("c", None), ("d", Some("x:y z\u{e9}")), ("e", None), ("f", None)]
        {
            assert_eq!(parameters.get(name), value, "{name}");
        }
    }
}
