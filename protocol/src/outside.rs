//! Text from the system and back: arguments, variables, paths and configuration files are bytes, not all of which are
//! text.
//!
//! Python keeps what it cannot decode as lone surrogates, so that a path or a variable comes out of a configuration with
//! the bytes it went in with. A `str` cannot hold those; here the byte `0xNN` (always 80 to ff) becomes the private
//! character U+10FFNN. Should a text really contain one of these, the last of all characters, its bytes are kept one by
//! one too. So *the way there and back is the identity* for all bytes, and pieces may be cut and joined in between.
//!
//! Inside the programs all such text is in this form. It comes in by [`text`], goes back to the system by [`os`] and
//! [`path`], and to people and clients by [`shown`]. What is plain text, nearly all there is, passes each of them
//! untouched and uncopied.
//!
//! How bytes are decoded is a property of the process, like its locale: `main` sets it with [`use_charset`] before it
//! reads a word, and nothing changes it later.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The character of byte 0, if that needed one.
const BASE: u32 = 0x10_ff00;

/// The byte that begins each of those characters in UTF-8, and few others.
const LEAD: u8 = 0xf4;

/// Where ISO-8859-15 differs from ISO-8859-1.
const LATIN_9: [(u8, char); 8] =
    [(0xa4, '€'), (0xa6, 'Š'), (0xa8, 'š'), (0xb4, 'Ž'), (0xb8, 'ž'), (0xbc, 'Œ'), (0xbd, 'œ'), (0xbe, 'Ÿ')];

static CHARSET: OnceLock<Charset> = OnceLock::new();

/// What the bytes of the system mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// UTF-8, as nearly everywhere.
    #[default]
    Utf8,
    /// ISO-8859-1
    Latin1,
    /// ISO-8859-15
    Latin9,
    /// One without a table here. What happens to be UTF-8 is shown as such, and every other byte is kept.
    Other,
}

impl Charset {
    /// That of a locale, from the name that the C library gives it. The `C` locale, which means ASCII, is UTF-8 as in
    /// Python.
    pub fn of_codeset(name: &str) -> Self {
        match name {
            "" | "UTF-8" | "utf8" | "ANSI_X3.4-1968" | "US-ASCII" | "ASCII" => Charset::Utf8,
            "ISO-8859-1" => Charset::Latin1,
            "ISO-8859-15" => Charset::Latin9,
            _ => Charset::Other,
        }
    }

    /// Whether a file must be well-formed. In other charsets there is nothing to be wrong, or no telling.
    pub fn is_strict(self) -> bool {
        self == Charset::Utf8
    }

    /// Bytes as text.
    pub fn text(self, bytes: &[u8]) -> Cow<'_, str> {
        match (self, std::str::from_utf8(bytes)) {
            (Charset::Utf8 | Charset::Other, Ok(text)) => plain(text),
            (Charset::Utf8 | Charset::Other, Err(_)) => keep(bytes).into(),
            (Charset::Latin1 | Charset::Latin9, Ok(text)) if text.is_ascii() => text.into(),
            (Charset::Latin1, _) => bytes.iter().copied().map(char::from).collect::<String>().into(),
            (Charset::Latin9, _) => bytes.iter().copied().map(latin_9).collect::<String>().into(),
        }
    }

    /// Text as the bytes it came from. A character that the charset does not have stays in UTF-8.
    pub fn bytes(self, text: &str) -> Cow<'_, [u8]> {
        let is_plain = match self {
            Charset::Utf8 | Charset::Other => !has_kept(text),
            Charset::Latin1 | Charset::Latin9 => text.is_ascii(),
        };
        if is_plain {
            return text.as_bytes().into();
        }
        let mut bytes = Vec::with_capacity(text.len());
        for c in text.chars() {
            let byte = kept(c).or_else(|| match self {
                Charset::Utf8 | Charset::Other => None,
                Charset::Latin1 => u8::try_from(c).ok(),
                Charset::Latin9 => from_latin_9(c),
            });
            match byte {
                Some(byte) => bytes.push(byte),
                None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        bytes.into()
    }
}

/// Says what the bytes of the system mean, once and for all.
pub fn use_charset(charset: Charset) {
    // Whoever comes second finds text that was read by the first.
    let _ = CHARSET.set(charset);
}

/// What the bytes of the system mean.
pub fn charset() -> Charset {
    CHARSET.get().copied().unwrap_or_default()
}

/// Text that was UTF-8 outside.
pub fn plain(text: &str) -> Cow<'_, str> {
    if has_kept(text) { keep(text.as_bytes()).into() } else { text.into() }
}

/// What the system gave, as text.
pub fn text<S: AsRef<OsStr> + ?Sized>(outside: &S) -> Cow<'_, str> {
    charset().text(outside.as_ref().as_bytes())
}

/// Text as the system wants it.
pub fn os(text: &str) -> Cow<'_, OsStr> {
    match charset().bytes(text) {
        Cow::Borrowed(bytes) => Cow::Borrowed(OsStr::from_bytes(bytes)),
        Cow::Owned(bytes) => Cow::Owned(OsString::from_vec(bytes)),
    }
}

/// Text as a path of the system.
pub fn path(text: &str) -> Cow<'_, Path> {
    match os(text) {
        Cow::Borrowed(path) => Cow::Borrowed(Path::new(path)),
        Cow::Owned(path) => Cow::Owned(PathBuf::from(path)),
    }
}

/// Text for logs, clients and web pages: what is no text becomes U+FFFD.
pub fn shown(text: &str) -> Cow<'_, str> {
    match Charset::Utf8.bytes(text) {
        Cow::Borrowed(_) => text.into(),
        Cow::Owned(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
    }
}

/// A path for them.
pub fn shown_path(path: &Path) -> String {
    shown(&text(path)).into_owned()
}

/// Text for the terminal, in the bytes it understands: what is no text stands there as `\udcNN`, as Python has it on
/// standard error.
pub fn printed(text: &str) -> Cow<'_, [u8]> {
    if !has_kept(text) {
        return charset().bytes(text);
    }
    let mut out = Vec::with_capacity(text.len() + 8);
    for chunk in Charset::Utf8.bytes(text).utf8_chunks() {
        out.extend_from_slice(&charset().bytes(&plain(chunk.valid())));
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\udc{byte:02x}").as_bytes());
        }
    }
    out.into()
}

/// UTF-8 in the bytes that the terminal understands.
pub fn encoded(utf8: &[u8]) -> Cow<'_, [u8]> {
    match charset() {
        Charset::Utf8 | Charset::Other => utf8.into(),
        latin => latin.bytes(&Charset::Utf8.text(utf8)).into_owned().into(),
    }
}

/// What somebody typed, in UTF-8.
pub fn typed(bytes: &[u8]) -> String {
    shown(&charset().text(bytes)).into_owned()
}

/// The byte that a character stands for, if it was made by [`text`].
pub fn kept(c: char) -> Option<u8> {
    u32::from(c).checked_sub(BASE).and_then(|byte| u8::try_from(byte).ok()).filter(|byte| *byte >= 0x80)
}

/// The number of a character in Python, where one that was made by [`text`] is a lone surrogate.
pub fn code_point(c: char) -> u32 {
    kept(c).map_or(u32::from(c), |byte| 0xdc00 + u32::from(byte))
}

fn has_kept(text: &str) -> bool {
    text.as_bytes().contains(&LEAD) && text.chars().any(|c| kept(c).is_some())
}

/// UTF-8 as far as it goes; all else byte by byte.
fn keep(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 8);
    let keep = |out: &mut String, bytes: &[u8]| {
        out.extend(bytes.iter().filter_map(|byte| char::from_u32(BASE + u32::from(*byte))));
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match kept(c) {
                Some(_) => keep(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                None => out.push(c),
            }
        }
        keep(&mut out, chunk.invalid());
    }
    out
}

fn latin_9(byte: u8) -> char {
    LATIN_9.iter().find(|(own, _)| *own == byte).map_or(char::from(byte), |(_, c)| *c)
}

fn from_latin_9(c: char) -> Option<u8> {
    match LATIN_9.iter().find(|(_, own)| *own == c) {
        Some((byte, _)) => Some(*byte),
        None => u8::try_from(c).ok().filter(|byte| latin_9(*byte) == c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Charset; 4] = [Charset::Utf8, Charset::Latin1, Charset::Latin9, Charset::Other];

    /// Pieces from which everything that decoding may meet can be put together.
    const PIECES: &[&[u8]] = &[
        b"a",
        b"/",
        b"\xff",
        b"\x80",
        "é".as_bytes(),
        b"\xc3",
        b"\xe2\x82",
        "€".as_bytes(),
        b"\xed\xb3\xbf",
        "\u{10ff80}".as_bytes(),
        "\u{10ffff}".as_bytes(),
        "\u{10ff7f}".as_bytes(),
        b"\xf4\x8f",
        b"\xf4",
        b"\xa4",
    ];

    #[test]
    fn all_bytes_come_back() {
        let every: Vec<u8> = (0..=255).collect();
        for charset in ALL {
            assert_eq!(*charset.bytes(&charset.text(&every)), *every, "{charset:?}");
            for a in PIECES {
                for b in PIECES {
                    let joined = charset.text(a).into_owned() + &charset.text(b);
                    assert_eq!(*charset.bytes(&joined), [*a, *b].concat(), "{charset:?} {a:?} {b:?}");
                    for c in PIECES {
                        let bytes = [*a, *b, *c].concat();
                        let text = charset.text(&bytes);
                        assert_eq!(*charset.bytes(&text), *bytes, "{charset:?} {bytes:?}");
                        assert_eq!(shown(&Charset::Utf8.text(&bytes)), String::from_utf8_lossy(&bytes));
                    }
                }
            }
        }
    }

    #[test]
    fn plain_text_is_not_copied() {
        for plain in ["", "plain", "héllo €"] {
            for charset in [Charset::Utf8, Charset::Other] {
                assert!(matches!(charset.text(plain.as_bytes()), Cow::Borrowed(text) if text == plain));
                assert!(matches!(charset.bytes(plain), Cow::Borrowed(bytes) if bytes == plain.as_bytes()));
            }
            assert!(matches!(shown(plain), Cow::Borrowed(_)));
        }
        assert!(matches!(Charset::Latin1.text(b"plain"), Cow::Borrowed("plain")));
        assert!(matches!(os("plain"), Cow::Borrowed(_)));
        assert!(matches!(path("/a"), Cow::Borrowed(_)));
    }

    #[test]
    fn each_byte_that_is_no_text_is_one_character() {
        assert_eq!(Charset::Utf8.text(b"x\xffy\xe2\x82"), "x\u{10ffff}y\u{10ffe2}\u{10ff82}");
        assert_eq!(Charset::Other.text(b"x\xff"), "x\u{10ffff}");
        assert_eq!(Charset::Utf8.text("\u{10ff7f}".as_bytes()), "\u{10ff7f}");
        assert_eq!(Charset::Latin1.text(b"\xe9\xa4"), "é¤");
        assert_eq!(Charset::Latin9.text(b"\xe9\xa4"), "é€");
        assert_eq!(*Charset::Latin9.bytes("¤"), *"¤".as_bytes());
        assert_eq!(kept('\u{10ff7f}'), None);
        assert_eq!(kept('\u{10ff80}'), Some(0x80));
    }

    #[test]
    fn for_readers() {
        let text = Charset::Utf8.text(b"x\xff\xe9y");
        assert_eq!(shown(&text), "x\u{fffd}\u{fffd}y");
        assert_eq!(*printed(&text), *b"x\\udcff\\udce9y");
        assert_eq!(*printed("é"), *"é".as_bytes());
        let odd = "\u{10ffff}";
        assert_eq!(shown(&Charset::Utf8.text(odd.as_bytes())), odd);
        assert_eq!(*printed(&Charset::Utf8.text(odd.as_bytes())), *odd.as_bytes());
    }

    #[test]
    fn the_system_by_way_of_text() {
        let given = OsStr::from_bytes(b"/t\xe9t/caf\xc3\xa9");
        assert_eq!(os(&text(given)), given);
        assert_eq!(path(&text(given)), Path::new(given));
    }

    #[test]
    fn locales() {
        for (name, charset) in [
            ("UTF-8", Charset::Utf8),
            ("ANSI_X3.4-1968", Charset::Utf8),
            ("ISO-8859-1", Charset::Latin1),
            ("ISO-8859-15", Charset::Latin9),
            ("KOI8-R", Charset::Other),
        ] {
            assert_eq!(Charset::of_codeset(name), charset, "{name}");
        }
    }
}
