//! `module:attribute`, the way in which a configuration names Python code: an entry point, as `importlib` reads it.

use supervisor_protocol::text::is_blank;

/// `package.module:attribute.attribute [extra]`. Without attributes the module itself is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spec<'a> {
    pub(super) module: &'a str,
    /// The names between the dots, empty ones left out.
    pub(super) attributes: Vec<&'a str>,
}

impl<'a> Spec<'a> {
    /// None if no Python could find anything by that text.
    pub(super) fn parse(text: &'a str) -> Option<Spec<'a>> {
        let (module, rest) = dotted(text);
        if module.split('.').any(str::is_empty) {
            return None;
        }
        let rest = rest.trim_start_matches(is_blank);
        let (attribute, rest) = match rest.strip_prefix(':') {
            Some(rest) => dotted(rest.trim_start_matches(is_blank)),
            None => (".", rest),
        };
        let rest = rest.trim_matches(is_blank);
        let is_end = rest.is_empty() || (rest.starts_with('[') && rest.ends_with(']') && !rest.contains('\n'));
        let attributes = attribute.split('.').filter(|name| !name.is_empty()).collect();
        (is_end && !attribute.is_empty()).then_some(Spec { module, attributes })
    }

    /// Whether it is one attribute of a module.
    pub(super) fn is(&self, module: &str, attribute: &str) -> bool {
        self.module == module && self.attributes == [attribute]
    }
}

/// Letters, digits, `_` and dots at the beginning, and what comes after them.
fn dotted(text: &str) -> (&str, &str) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_points() {
        let parse = |text| Spec::parse(text).map(|spec| format!("{}:{}", spec.module, spec.attributes.join(".")));
        for text in ["a.b:c", "a.b : c ", "a.b:c[x]", "a.b:c [x, y] ", "a.b:.c.", "a.b:c []"] {
            assert_eq!(parse(text).as_deref(), Some("a.b:c"), "{text:?}");
            assert!(Spec::parse(text).unwrap().is("a.b", "c"), "{text:?}");
        }
        for text in ["a.b", "a.b ", "a.b[x]", "a.b:."] {
            assert_eq!(parse(text).as_deref(), Some("a.b:"), "{text:?}");
        }
        assert_eq!(parse("a:b.c").as_deref(), Some("a:b.c"));
        for text in ["", " a", ":b", "a:", "a b", "a:b:c", "a:b c", ".a", "a.", "a..b", "a:b]", "a:b[x", "a-b:c"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
