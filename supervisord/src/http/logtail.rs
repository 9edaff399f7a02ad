//! `/logtail/NAME[/CHANNEL]` and `/mainlogtail`: a log file as a reply without an end.
//!
//! Which file, and the header of the reply; the stream itself is `stream.rs`. Source: Supervisor's `http.py`,
//! `tail_f_producer`; contracts `ctl_h25` to `ctl_h31`, `ctl_h40`,
//! `ctl_h41`.

use std::sync::Arc;

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, LAST_MODIFIED};
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use supervisor_protocol::event::Channel;

use super::question::{Failure, Question};
use super::reply::{self, Body, Reply, http_date};
use super::site::OpenSite;
use super::stream::{Log, LogStream};
use crate::engine::command::{Command, Reply as Answer};

/// The stream of a process's log; `spec` is `NAME` or `NAME/CHANNEL`.
pub(super) async fn process_log(site: &OpenSite, question: &Question, spec: &str) -> Result<Reply, Failure> {
    let (name, channel) = spec.split_once('/').unwrap_or((spec, "stdout"));
    let channel = match channel {
        "stdout" => Channel::Stdout,
        "stderr" => Channel::Stderr,
        _ => return Err(StatusCode::NOT_FOUND.into()),
    };
    let mut reply = open(site, question, Some((name.to_owned(), channel))).await?;
    // Proxies must not collect the stream before they pass it on.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    reply.headers_mut().extend([unbuffered]);
    Ok(reply)
}

/// The stream of the activity log.
pub(super) async fn main_log(site: &OpenSite, question: &Question) -> Result<Reply, Failure> {
    open(site, question, None).await
}

async fn open(site: &OpenSite, question: &Question, log: Option<(String, Channel)>) -> Result<Reply, Failure> {
    let Ok(Answer::LogPath(Some(path))) = site.ask(Command::TailPath(log)).await? else {
        return Err(StatusCode::NOT_FOUND.into());
    };
    let log = Log::open(path).map_err(|_| StatusCode::NOT_FOUND)?;
    let modified = Timestamp::from_second(log.modified).unwrap_or_default();
    let stream = LogStream::new(log, Arc::clone(&question.connection), site);

    let mut reply = Response::new(Body::Stream(Box::new(stream)));
    let headers = reply.headers_mut();
    if let Ok(modified) = HeaderValue::from_str(&http_date(modified)) {
        headers.insert(LAST_MODIFIED, modified);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=utf-8"));
    reply::harden(headers);
    Ok(reply)
}
