//! The web page: a table of processes with things to do, the tail of a log, and a health probe.
//!
//! Plain documents without scripts. What a link does stays under the address that upstream gave it
//! (`index.html?action=…`), by GET or POST, so bookmarks and scripts go on working; what changes something is refused
//! when a foreign page asks for it. Every link is relative, so that the page works behind any path of a proxy.
//!
//! Source: Supervisor's `web.py`; contracts `ctl_h24`, `ctl_w1` to `ctl_w8`.

mod action;
mod view;

use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, EXPIRES, HeaderName, HeaderValue};
use hyper::header::{LOCATION, PRAGMA};
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::Markup;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use supervisor_protocol::digits::digit;
use supervisor_protocol::event::Channel;
use supervisor_protocol::text::int;
use supervisor_protocol::xmlrpc::{Fault, FaultCode};

use self::action::Action;
use super::form::Parameters;
use super::question::{Failure, Question};
use super::reply::{self, Reply};
use super::site::{MAX_LOG_BYTES, OpenSite};
use super::{describe, rpc};
use crate::engine::command::{Command, Reply as Answer};

/// What may stand unquoted in a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');

/// The least that the tail page shows, in bytes.
const MIN_TAIL_BYTES: u64 = 1024;

/// The pages there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Status,
    Tail,
    Ok,
}

impl Page {
    /// The page of a path without leading slashes.
    pub(super) fn named(path: &str) -> Option<Page> {
        match path {
            "" | "index.html" => Some(Page::Status),
            "tail.html" => Some(Page::Tail),
            "ok.html" => Some(Page::Ok),
            _ => None,
        }
    }
}

/// Answers a GET or POST.
pub(super) async fn answer(site: &OpenSite, question: &mut Question, page: Page) -> Result<Reply, Failure> {
    let form = if question.head.method == Method::POST { question.body(site).await? } else { Default::default() };
    let query = question.head.uri.query().unwrap_or_default();
    let parameters = Parameters::new(query.as_bytes(), &form);
    match page {
        Page::Ok => {
            let mut reply = reply::ok("text/plain", "OK");
            reply::harden(reply.headers_mut());
            Ok(reply)
        }
        Page::Tail => tail(site, &parameters).await,
        Page::Status => match parameters.get("action") {
            None => status(site, parameters.get("message")).await,
            Some(action) => {
                let action = Action::parse(action);
                if action != Action::Refresh && question.is_foreign() {
                    return Err(StatusCode::FORBIDDEN.into());
                }
                let message = action.perform(site, parameters.get("processname")).await?;
                Ok(redirect(&message))
            }
        },
    }
}

async fn status(site: &OpenSite, message: Option<&str>) -> Result<Reply, Failure> {
    let zone = TimeZone::system();
    match site.ask(Command::AllProcessInfo).await? {
        Ok(Answer::Processes(snapshots)) => {
            let processes: Vec<_> = snapshots.iter().map(|snapshot| describe::process_info(snapshot, &zone)).collect();
            Ok(document(StatusCode::OK, view::status(&processes, message, &site.version)))
        }
        // Neither a table nor an empty one would be true.
        _ => Ok(document(StatusCode::SERVICE_UNAVAILABLE, view::going_down(&site.version))),
    }
}

async fn tail(site: &OpenSite, parameters: &Parameters) -> Result<Reply, Failure> {
    let written = parameters.get("limit").filter(|limit| limit.chars().all(|c| digit(c).is_some()));
    let limit = written.and_then(|limit| u64::try_from(int(limit, 10)?).ok()).unwrap_or(0);
    let limit = limit.clamp(MIN_TAIL_BYTES, MAX_LOG_BYTES);
    let name = parameters.get("processname");
    let text = match name {
        None => "No process name found".to_owned(),
        Some(name) => match log_end(site, name, limit).await? {
            Ok(text) => text,
            Err(fault) if fault.known() == Some(FaultCode::NoFile) => format!("No file for {name}"),
            Err(fault) => format!("ERROR: {}", unexpected(&fault)),
        },
    };
    Ok(document(StatusCode::OK, view::tail(name, limit, &text)))
}

async fn log_end(site: &OpenSite, name: &str, bytes: u64) -> Result<Result<String, Fault>, Failure> {
    let command = Command::LogPath { name: name.to_owned(), channel: Channel::Stdout };
    let path = match site.ask(command).await? {
        Ok(Answer::LogPath(Some(path))) if path.exists() => path,
        Ok(_) => return Ok(Err(FaultCode::NoFile.into())),
        Err(refusal) => return Ok(Err(rpc::fault(&refusal))),
    };
    let offset = i64::try_from(bytes).map_or(i64::MIN, |bytes| -bytes);
    Ok(rpc::read_range_of(&path, offset, 0).await)
}

/// How the page words a fault that it has no words for.
fn unexpected(fault: &Fault) -> String {
    format!("unexpected rpc fault [{}] {}", fault.code, fault.string)
}

/// The wall clock as C's `ctime` prints it: `Sun Nov 22 11:07:18 2026`.
fn ctime(site: &OpenSite) -> String {
    let now = Timestamp::try_from(site.now()).unwrap_or_default();
    now.to_zoned_datetime(TimeZone::system()).strftime("%a %b %e %H:%M:%S %Y").to_string()
}

fn quote(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// Nothing of a page is worth keeping.
fn uncached() -> [(HeaderName, HeaderValue); 3] {
    [
        (PRAGMA, HeaderValue::from_static("no-cache")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (EXPIRES, HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT")),
    ]
}

fn document(status: StatusCode, markup: Markup) -> Reply {
    let content_type = (CONTENT_TYPE, HeaderValue::from_static("text/html;charset=utf-8"));
    let fields = [content_type].into_iter().chain(uncached());
    let mut reply = reply::whole(status, fields, markup.into_string());
    reply::harden(reply.headers_mut());
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                  frame-ancestors 'none'";
    reply.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    reply
}

/// Back to the table, by GET, with a message.
fn redirect(message: &str) -> Reply {
    let mut reply = reply::error(StatusCode::SEE_OTHER);
    // Quoted text is always a header value.
    if let Ok(location) = HeaderValue::from_str(&format!("./?message={}", quote(message))) {
        reply.headers_mut().insert(LOCATION, location);
    }
    reply.headers_mut().extend(uncached());
    reply::harden(reply.headers_mut());
    reply
}
