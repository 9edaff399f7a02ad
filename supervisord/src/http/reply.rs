//! Replies: bodies, error documents and the order of header fields.
//!
//! The order is upstream's: `Server` and `Date`, then what the handler sets. Success is exactly `200 OK`, since the
//! original command line client takes every other status for an error. Contracts `ctl_h14`, `ctl_h15`, `ctl_s7`.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::stream::LogStream;

/// A reply on its way out.
pub(super) type Reply = Response<Body>;

/// What follows the header.
pub(super) enum Body {
    /// All there is; empty once taken.
    Whole(Bytes),
    /// A log, for as long as it is watched.
    Stream(Box<LogStream>),
}

impl Body {
    /// Its length, unless it is a stream.
    pub(super) fn len(&self) -> Option<u64> {
        match self {
            Body::Whole(bytes) => Some(bytes.len() as u64),
            Body::Stream(_) => None,
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Body::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Body::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Body::Stream(stream) => stream.poll_next(cx).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Body::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        self.len().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A reply with these fields, in this order, followed by its length.
pub(super) fn whole(
    status: StatusCode,
    fields: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    body: impl Into<Bytes>,
) -> Reply {
    let body = body.into();
    let mut reply = Response::new(Body::Whole(Bytes::new()));
    *reply.status_mut() = status;
    reply.headers_mut().extend(fields);
    reply.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    *reply.body_mut() = Body::Whole(body);
    reply
}

/// `200 OK` with this content type.
pub(super) fn ok(content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    whole(StatusCode::OK, [(CONTENT_TYPE, HeaderValue::from_static(content_type))], body)
}

/// The error document, which upstream's clients never read and people do.
pub(super) fn error(status: StatusCode) -> Reply {
    let reason = status.canonical_reason().unwrap_or("Error");
    let body = format!(
        "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n\
         <p>Error code {}.\r\n<p>Message: {reason}.\r\n</body>\r\n",
        status.as_u16()
    );
    let fields =
        [(CONTENT_LENGTH, HeaderValue::from(body.len())), (CONTENT_TYPE, HeaderValue::from_static("text/html"))];
    whole(status, fields, body)
}

/// Puts the fields that every reply begins with before its own.
pub(super) fn begin_with(reply: &mut Reply, date: &str) {
    let own = std::mem::take(reply.headers_mut());
    let headers = reply.headers_mut();
    headers.insert(hyper::header::SERVER, HeaderValue::from_static("supervisord"));
    if let Ok(date) = HeaderValue::from_str(date) {
        headers.insert(hyper::header::DATE, date);
    }
    headers.extend(own);
}

/// Tells browsers to take a document for what it says it is, alone, and to tell nobody of it.
pub(super) fn harden(headers: &mut HeaderMap) {
    headers.insert(hyper::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(hyper::header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(hyper::header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// `Sun, 22 Nov 2026 10:52:35 GMT`
pub(super) fn http_date(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_documents_have_upstreams_lengths() {
        for (code, length) in [(400, 136), (401, 137), (404, 134), (411, 140), (500, 146)] {
            let reply = error(StatusCode::from_u16(code).expect("a status"));
            assert_eq!(reply.body().len(), Some(length), "{code}");
            let names: Vec<&str> = reply.headers().keys().map(HeaderName::as_str).collect();
            assert_eq!(names, ["content-length", "content-type"]);
        }
    }

    #[test]
    fn the_common_fields_come_first() {
        let mut reply = ok("text/xml", "x");
        begin_with(&mut reply, "Sun, 22 Nov 2026 10:52:35 GMT");
        let names: Vec<&str> = reply.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["server", "date", "content-type", "content-length"]);
    }
}
