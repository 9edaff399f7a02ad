//! The files that the page needs, in the binary. The list is fixed; no path of a request reaches the file system.

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, IF_MODIFIED_SINCE, LAST_MODIFIED};

use super::question::{Failure, Question};
use super::reply::{self, Body, Reply};

/// When these files were last changed; `If-Modified-Since` compares with it.
const CHANGED: &str = "Sun, 22 Nov 2026 00:00:00 GMT";

/// Path, content type, content. The names are those of upstream's files, which bookmarks and probes know.
const ASSETS: &[(&str, &str, &[u8])] = &[
    ("stylesheets/supervisor.css", "text/css", include_bytes!("assets/supervisor.css")),
    ("images/icon.png", "image/png", include_bytes!("assets/icon.png")),
    ("images/supervisor.gif", "image/gif", include_bytes!("assets/supervisor.gif")),
    ("images/rule.gif", "image/gif", include_bytes!("assets/rule.gif")),
    ("images/state0.gif", "image/gif", include_bytes!("assets/state0.gif")),
    ("images/state1.gif", "image/gif", include_bytes!("assets/state1.gif")),
    ("images/state2.gif", "image/gif", include_bytes!("assets/state2.gif")),
    ("images/state3.gif", "image/gif", include_bytes!("assets/state3.gif")),
];

/// GET or HEAD of a file.
pub(super) fn answer(question: &Question, path: &str) -> Result<Reply, Failure> {
    let (_, content_type, content) = ASSETS.iter().find(|(name, ..)| *name == path).ok_or(StatusCode::NOT_FOUND)?;
    let modified = (LAST_MODIFIED, HeaderValue::from_static(CHANGED));
    let caching = (CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    if question.field(&IF_MODIFIED_SINCE).is_some_and(is_current) {
        let mut reply = Reply::new(Body::Whole(bytes::Bytes::new()));
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        reply.headers_mut().extend([modified, caching]);
        return Ok(reply);
    }
    let fields = [modified, caching, (CONTENT_TYPE, HeaderValue::from_static(content_type))];
    let mut reply = reply::whole(StatusCode::OK, fields, *content);
    reply::harden(reply.headers_mut());
    Ok(reply)
}

/// Whether a client that has the version of `date` has the current one.
fn is_current(date: &str) -> bool {
    let parse = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    // Old browsers append `; length=…`.
    match (parse(date.split(';').next().unwrap_or_default().trim()), parse(CHANGED)) {
        (Some(theirs), Some(ours)) => theirs >= ours,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_compared() {
        assert!(is_current(CHANGED));
        assert!(is_current("Mon, 23 Nov 2026 00:00:00 GMT; length=17"));
        assert!(!is_current("Sat, 21 Nov 2026 00:00:00 GMT"));
        assert!(!is_current("yesterday"));
    }

    #[test]
    fn images_are_what_their_names_say() {
        for (name, _, content) in ASSETS {
            let magic: &[u8] = match name.rsplit('.').next() {
                Some("png") => b"\x89PNG",
                Some("gif") => b"GIF89a",
                _ => continue,
            };
            assert!(content.starts_with(magic), "{name}");
        }
    }
}
