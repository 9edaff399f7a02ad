//! What the bytes of the system mean in the locale of this process.
//!
//! Nearly always that is UTF-8, and the name of the locale says so. Only of another one the C library is asked; where it
//! does not know the name, the locale is `C`, which is UTF-8 as in Python.

use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::outside::Charset;

/// The charset of the locale that the environment names; `variable` looks a variable up.
pub fn charset(variable: impl Fn(&str) -> Option<OsString>) -> Charset {
    let mut names = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable);
    let Some(name) = names.find(|name| !name.is_empty()) else { return Charset::Utf8 };
    let lower = name.as_bytes().to_ascii_lowercase();
    let says = |word: &[u8]| lower.windows(word.len()).any(|part| part == word);
    if matches!(&*lower, b"c" | b"posix") || says(b"utf-8") || says(b"utf8") {
        return Charset::Utf8;
    }
    let codeset = CString::new(name.into_vec()).ok().and_then(|name| codeset(&name));
    Charset::of_codeset(&codeset.unwrap_or_default())
}

/// The C library's name of a locale's charset.
fn codeset(locale: &CStr) -> Option<String> {
    // SAFETY: the name is a C string, and a null base asks for a locale of its own. It is freed once, after the text that
    // belongs to it was copied; nl_langinfo_l never yields null.
    unsafe {
        let locale = libc::newlocale(libc::LC_CTYPE_MASK, locale.as_ptr(), std::ptr::null_mut());
        if locale.is_null() {
            return None;
        }
        let codeset = CStr::from_ptr(libc::nl_langinfo_l(libc::CODESET, locale)).to_string_lossy().into_owned();
        libc::freelocale(locale);
        Some(codeset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_says_something_counts() {
        let of = |variables: &[(&str, &str)]| {
            charset(|wanted| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.into()))
        };
        assert_eq!(of(&[]), Charset::Utf8);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "de_DE.UTF-8@euro")]), Charset::Utf8);
        assert_eq!(of(&[("LC_CTYPE", "C"), ("LANG", "xx_XX.ISO-8859-1")]), Charset::Utf8);
        assert_eq!(of(&[("LC_ALL", "no such locale"), ("LANG", "C.UTF-8")]), Charset::Utf8);
        assert!(codeset(c"C").is_some_and(|name| Charset::of_codeset(&name) == Charset::Utf8));
        assert_eq!(codeset(c"no such locale"), None);
    }
}
