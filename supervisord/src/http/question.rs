//! What is asked: the head of a request, and its body on the way in, with its limit.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_LENGTH, EXPECT, HeaderName, TRANSFER_ENCODING};
use hyper::http::request::Parts;

use super::origin::Sender;
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
    /// A request as it came in.
    pub(super) fn new(head: Parts, connection: Arc<Connection>, body: Incoming) -> Question {
        Question { head, connection, body }
    }

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
    pub(super) async fn forget_body(&mut self, site: &OpenSite) -> bool {
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
