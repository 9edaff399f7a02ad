//! The text of a message: headers and body as they go over the wire, lines ended by CRLF.
//!
//! Pure. ASCII text is sent as it is, anything else as UTF-8 in base64; headers beyond ASCII become encoded
//! words (RFC 2047). The order of headers is that of superlance's mails (`ev_s19`). Line breaks in headers
//! become blanks, so that no value can add a header of its own.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Message;
use crate::localtime;

/// Longest line of a base64 body.
const BODY_LINE: usize = 76;

/// Longest text of one encoded word, whose whole may be 75: `=?utf-8?q?TEXT?=`.
const ENCODED_TEXT: usize = 63;

/// The message, without the CRLF that ends its last line. `host` makes its id unique.
pub(super) fn render(message: &Message, now: Duration, host: &str) -> String {
    let is_ascii = message.body.is_ascii();
    let (charset, encoding) = if is_ascii { ("us-ascii", "7bit") } else { ("utf-8", "base64") };
    let mut text = format!(
        "Content-Type: text/plain; charset=\"{charset}\"\r\n\
         MIME-Version: 1.0\r\n\
         Content-Transfer-Encoding: {encoding}\r\n"
    );
    // Writing to a String cannot fail.
    if let Some(subject) = &message.subject {
        let _ = write!(text, "Subject: {}\r\n", header(subject));
    }
    let to: Vec<String> = message.to.iter().map(|to| mailbox(to)).collect();
    let _ = write!(text, "From: {}\r\nTo: {}\r\n", mailbox(&message.from), to.join(", "));
    let _ = write!(text, "Date: {}\r\n", localtime::mail_date(now));
    let _ = write!(text, "Message-ID: <{}.{}@{host}>\r\n\r\n", now.as_nanos(), std::process::id());
    if is_ascii {
        let body = message.body.replace("\r\n", "\n").replace(['\r', '\n'], "\r\n");
        text.push_str(body.strip_suffix("\r\n").unwrap_or(&body));
    } else {
        let encoded = STANDARD.encode(&message.body);
        // Base64 is ASCII: a byte is a character.
        for (count, c) in encoded.chars().enumerate() {
            if count > 0 && count % BODY_LINE == 0 {
                text.push_str("\r\n");
            }
            text.push(c);
        }
    }
    text
}

/// The address alone, of `ADDRESS` or `NAME <ADDRESS>`.
pub(super) fn address(mailbox: &str) -> &str {
    let inner = mailbox.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner);
    inner.unwrap_or(mailbox).trim()
}

/// A sender or recipient as a header has it: only the name may be encoded.
fn mailbox(text: &str) -> String {
    match text.rsplit_once('<') {
        Some((name, rest)) if !name.is_ascii() => format!("{} <{}", header(name.trim()), on_one_line(rest)),
        _ => on_one_line(text),
    }
}

fn on_one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

/// The value of a header: itself if it is ASCII, else encoded words, in whichever encoding is shorter.
fn header(text: &str) -> String {
    let text = on_one_line(text);
    if text.is_ascii() {
        return text;
    }
    let is_base64 = text.len().div_ceil(3) * 4 < quoted(&text).len();
    let encode = |piece: &str| if is_base64 { STANDARD.encode(piece) } else { quoted(piece) };
    let mut words = vec![String::new()];
    let mut piece = String::new();
    for c in text.chars() {
        piece.push(c);
        let encoded = encode(&piece);
        if encoded.len() > ENCODED_TEXT {
            piece = c.to_string();
            words.push(encode(&piece));
        } else if let Some(word) = words.last_mut() {
            *word = encoded;
        }
    }
    let kind = if is_base64 { 'b' } else { 'q' };
    let words: Vec<String> = words.iter().map(|word| format!("=?utf-8?{kind}?{word}?=")).collect();
    words.join("\r\n ")
}

/// The Q encoding of RFC 2047.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('_'),
            byte if byte.is_ascii_alphanumeric() || b"-!*+/".contains(&byte) => out.push(char::from(byte)),
            byte => {
                // Writing to a String cannot fail.
                let _ = write!(out, "={byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subject: Option<&str>, body: &str) -> Message {
        Message {
            from: "Me <me@x>".into(),
            to: vec!["a@x".into(), "b@y".into()],
            subject: subject.map(str::to_owned),
            body: body.into(),
        }
    }

    fn rendered(message: &Message) -> String {
        let now = Duration::new(1_795_345_574, 7);
        render(message, now, "host").replace(&format!(".{}@", std::process::id()), ".PID@")
    }

    #[test]
    fn plain_text_is_sent_as_it_is() {
        assert_eq!(
            rendered(&message(Some("Crash alert from supervisord"), "one\ntwo")),
            "Content-Type: text/plain; charset=\"us-ascii\"\r\n\
             MIME-Version: 1.0\r\n\
             Content-Transfer-Encoding: 7bit\r\n\
             Subject: Crash alert from supervisord\r\n\
             From: Me <me@x>\r\n\
             To: a@x, b@y\r\n\
             Date: Sun, 22 Nov 2026 11:06:14 -0000\r\n\
             Message-ID: <1795345574000000007.PID@host>\r\n\
             \r\n\
             one\r\ntwo"
        );
        assert!(!rendered(&message(None, "x")).contains("Subject"));
        assert!(rendered(&message(None, "a\r\nb\rc\n")).ends_with("\r\n\r\na\r\nb\r\nc"));
    }

    #[test]
    fn other_text_is_base64() {
        let text = rendered(&message(None, &"pé ".repeat(40)));
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(
            "Content-Type: text/plain; charset=\"utf-8\"\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n"
        ));
        assert!(body.lines().all(|line| line.len() <= 76), "{body}");
        let decoded = STANDARD.decode(body.replace("\r\n", "")).unwrap();
        assert_eq!(String::from_utf8(decoded).unwrap(), "pé ".repeat(40));
    }

    #[test]
    fn headers_beyond_ascii_are_encoded_words() {
        assert_eq!(header("plain, text"), "plain, text");
        assert_eq!(header("Ünïcode subject"), "=?utf-8?b?w5xuw69jb2RlIHN1YmplY3Q=?=");
        assert_eq!(
            header("Ünïcode, and then a longer text"),
            "=?utf-8?q?=C3=9Cn=C3=AFcode=2C_and_then_a_longer_text?="
        );
        assert_eq!(header("日本語"), "=?utf-8?b?5pel5pys6Kqe?=");
        let long = header(&"é rather long ".repeat(10));
        assert!(long.split("\r\n ").all(|word| word.len() <= 75), "{long}");
        let text = long.replace("=?utf-8?q?", "").replace("?=", "").replace("\r\n ", "");
        assert_eq!(text, quoted(&"é rather long ".repeat(10)));
        assert_eq!(mailbox("Jörg <j@x>"), "=?utf-8?b?SsO2cmc=?= <j@x>");
    }

    #[test]
    fn no_value_adds_a_header() {
        let text = rendered(&message(Some("x\r\nBcc: all@y"), "b"));
        assert!(text.contains("\r\nSubject: x  Bcc: all@y\r\n"), "{text}");
    }

    #[test]
    fn addresses_are_taken_out_of_mailboxes() {
        for (mailbox, expected) in [("a@x", "a@x"), (" a@x ", "a@x"), ("A B <a@x>", "a@x"), ("", ""), ("<a", "<a")] {
            assert_eq!(address(mailbox), expected);
        }
    }
}
