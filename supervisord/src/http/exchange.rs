//! One request and its reply: everything that is the same whatever is asked.
//!
//! The clock of the connection, the body with its limit, credentials, the fields that every reply begins with,
//! HTTP/1.0's way of keeping a connection, the access line. What is asked is `router.rs`'s business.

use std::sync::Arc;

use hyper::body::{Body as _, Incoming};
use hyper::header::{AUTHORIZATION, CONNECTION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode, Version};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::auth::{Credentials, Verdict};
use super::note::Note;
use super::question::{Failure, Question};
use super::reply::{self, Body, Reply, http_date};
use super::router::route;
use super::site::{Closing, OpenSite};
use super::transport::Connection;

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
    let mut question = Question::new(head, Arc::clone(connection), body);

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
