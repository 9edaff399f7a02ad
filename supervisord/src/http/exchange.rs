//! One request and its reply: everything that is the same whatever is asked.
//!
//! The clock of the connection, the body with its limit, credentials, the fields that every reply begins with,
//! HTTP/1.0's way of keeping a connection, the access line. What is asked is `router.rs`'s business.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, HeaderValue};
use hyper::header::{TRANSFER_ENCODING, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode, Version};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::auth::{Credentials, Verdict};
use super::note::Note;
use super::origin::Sender;
use super::reply::{self, Body, Reply};
use super::router::route;
use super::site::{Closing, MAX_BODY_BYTES, OpenSite};
use super::transport::Connection;

/// The most of an unwanted body that is read in order to keep the connection in step.
const MAX_UNWANTED_BYTES: u64 = 64 * 1024;

/// A request whose body may still be on its way.
pub(super) struct Question {
    pub(super) head: Parts,
    pub(super) connection: Arc<Connection>,
    body: Incoming,
}

/// A request that cannot be carried out: the status to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Status(StatusCode),
    Closing,
}

impl From<Closing> for Failure {
    fn from(_: Closing) -> Failure {
        Failure::Closing
    }
}

impl From<StatusCode> for Failure {
    fn from(status: StatusCode) -> Failure {
        Failure::Status(status)
    }
}

impl Question {
    /// A header field as text.
    pub(super) fn field(&self, name: &HeaderName) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// Whether a web page of another site may be behind it.
    pub(super) fn is_foreign(&self) -> bool {
        self.sender().is_foreign(self.connection.through())
    }

    /// What the browser, if it is one, says of itself.
    pub(super) fn sender(&self) -> Sender<'_> {
        Sender {
            fetch_site: self.field(&HeaderName::from_static("sec-fetch-site")),
            origin: self.field(&hyper::header::ORIGIN),
            host: self.field(&hyper::header::HOST),
            content_type: self.field(&hyper::header::CONTENT_TYPE),
        }
    }

    /// Reads the body of a POST.
    ///
    /// # Errors
    /// 411 if its length is not told, 413 if it is too long, 400 if it does not arrive.
    pub(super) async fn body(&mut self, site: &OpenSite) -> Result<Bytes, Failure> {
        let headers = &self.head.headers;
        if !headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(TRANSFER_ENCODING) {
            return Err(StatusCode::LENGTH_REQUIRED.into());
        }
        if self.body.size_hint().lower() > MAX_BODY_BYTES as u64 {
            return Err(StatusCode::PAYLOAD_TOO_LARGE.into());
        }
        let mut collected = BytesMut::new();
        loop {
            let frame = tokio::select! {
                biased;
                frame = self.body.frame() => frame,
                () = site.closing.cancelled() => return Err(Failure::Closing),
            };
            match frame {
                None => break,
                Some(Err(_)) => return Err(StatusCode::BAD_REQUEST.into()),
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    if collected.len() + data.len() > MAX_BODY_BYTES {
                        return Err(StatusCode::PAYLOAD_TOO_LARGE.into());
                    }
                    collected.extend_from_slice(&data);
                }
            }
        }
        self.connection.request_is_complete();
        Ok(collected.freeze())
    }

    /// Reads what nobody wants, so that the next request can be told from it. `false`: it was not read to its end.
    async fn forget_body(&mut self, site: &OpenSite) -> bool {
        if self.body.is_end_stream() {
            return true;
        }
        // Reading would ask a client that waits for permission to send it.
        if self.head.headers.contains_key(EXPECT) {
            return false;
        }
        let mut left = MAX_UNWANTED_BYTES;
        loop {
            let frame = tokio::select! {
                biased;
                frame = self.body.frame() => frame,
                () = site.closing.cancelled() => return false,
            };
            let length = match frame {
                None => return true,
                Some(Err(_)) => return false,
                Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
            };
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return false,
            }
        }
    }
}

/// Answers one request.
///
/// # Errors
/// [`Closing`]: there is no reply, the connection is to be dropped.
pub(super) async fn exchange(
    site: &OpenSite,
    connection: &Arc<Connection>,
    credentials: Option<&Credentials>,
    request: Request<Incoming>,
) -> Result<Reply, Closing> {
    let arrived = Timestamp::try_from(site.now()).unwrap_or_default();
    let (head, body) = request.into_parts();
    if body.is_end_stream() {
        connection.request_is_complete();
    }
    let mut question = Question { head, connection: Arc::clone(connection), body };

    let answer = match turn_away(credentials, &question.head.headers) {
        None => route(site, &mut question).await,
        Some(refusal) => Ok(refusal),
    };
    let mut reply = match answer {
        Ok(reply) => reply,
        Err(Failure::Status(status)) => reply::error(status),
        Err(Failure::Closing) => return Err(Closing),
    };
    let is_in_step = reply.status() != StatusCode::PAYLOAD_TOO_LARGE && question.forget_body(site).await;
    connection.is_answered();

    reply::begin_with(&mut reply, &http_date(arrived));
    settle_connection(&mut reply, &question.head, is_in_step);
    site.note(Note::Access {
        peer: connection.peer(),
        time: arrived.to_zoned_datetime(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z").to_string(),
        request: format!("{} {} {:?}", question.head.method, question.head.uri, question.head.version),
        status: reply.status().as_u16(),
        body_bytes: reply.body().len(),
    });
    Ok(reply)
}

/// `Sun, 22 Nov 2026 10:52:35 GMT`
pub(super) fn http_date(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The reply to a request that may not come in.
fn turn_away(credentials: Option<&Credentials>, headers: &HeaderMap) -> Option<Reply> {
    let presented = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    match credentials?.check(presented) {
        Verdict::Welcome => None,
        Verdict::Malformed => Some(reply::error(StatusCode::BAD_REQUEST)),
        Verdict::Unauthorized => {
            let mut refusal = reply::error(StatusCode::UNAUTHORIZED);
            let own = std::mem::take(refusal.headers_mut());
            refusal.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            refusal.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"default\""));
            refusal.headers_mut().extend(own);
            Some(refusal)
        }
    }
}

/// Says whether the connection stays, where the protocol version does not say it.
fn settle_connection(reply: &mut Reply, head: &Parts, is_in_step: bool) {
    if reply.headers().contains_key(CONNECTION) {
        return;
    }
    let is_whole = matches!(reply.body(), Body::Whole(_));
    if !is_in_step || !is_whole {
        // A stream's end must be seen: the original client waits for the connection to close.
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    } else if head.version == Version::HTTP_10 && asks_to_stay(&head.headers) {
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("Keep-Alive"));
    }
}

fn asks_to_stay(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|token| token.trim().eq_ignore_ascii_case("keep-alive"))
}
