//! Which handler answers which path. Source: Supervisor's URL map; contracts `ctl_h13`, `ctl_h24` to `ctl_h26`, `ctl_h32`.

use std::borrow::Cow;

use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::question::{Failure, Question};
use super::reply::Reply;
use super::site::OpenSite;
use super::{assets, logtail, page, rpc};

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place<'a> {
    Rpc,
    /// `/logtail/NAME[/CHANNEL]`: the part after `/logtail/`.
    ProcessLog(&'a str),
    MainLog,
    Page(page::Page),
    /// Anything else, without leading slashes.
    File(&'a str),
}

impl<'a> Place<'a> {
    /// The place of a decoded path.
    fn of(path: &'a str) -> Place<'a> {
        if let Some(log) = path.strip_prefix("/logtail/") {
            return Place::ProcessLog(log);
        }
        let file = path.trim_start_matches('/');
        match path {
            "/RPC2" | "/RPC2/" => Place::Rpc,
            "/mainlogtail" | "/mainlogtail/" => Place::MainLog,
            _ => page::Page::named(file).map_or(Place::File(file), Place::Page),
        }
    }
}

/// Answers a request that may come in.
///
/// # Errors
/// [`Failure`]: an error status, or no reply at all.
pub(super) async fn route(site: &OpenSite, question: &mut Question) -> Result<Reply, Failure> {
    let encoded = question.head.uri.path().to_owned();
    let path: Cow<'_, str> = percent_decode_str(&encoded).decode_utf8().map_err(|_| StatusCode::BAD_REQUEST)?;
    let method = question.head.method.clone();
    match (Place::of(&path), method) {
        (Place::Rpc, Method::POST) => rpc::answer(site, question).await,
        (Place::ProcessLog(log), Method::GET) => logtail::process_log(site, question, log).await,
        (Place::MainLog, Method::GET) => logtail::main_log(site, question).await,
        (Place::Page(page), Method::GET | Method::POST) => page::answer(site, question, page).await,
        (Place::File(path), Method::GET | Method::HEAD) => assets::answer(question, path),
        // There are no files of these names.
        (Place::Page(_), Method::HEAD) => Err(StatusCode::NOT_FOUND.into()),
        _ => Err(StatusCode::BAD_REQUEST.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::page::Page;
    use super::*;

    #[test]
    fn paths() {
        for (path, place) in [
            ("/RPC2", Place::Rpc),
            ("/RPC2/", Place::Rpc),
            ("//RPC2", Place::File("RPC2")),
            ("/rpc2", Place::File("rpc2")),
            ("/logtail/a:b/stderr", Place::ProcessLog("a:b/stderr")),
            ("/logtail", Place::File("logtail")),
            ("/mainlogtail", Place::MainLog),
            ("/", Place::Page(Page::Status)),
            ("", Place::Page(Page::Status)),
            ("//index.html", Place::Page(Page::Status)),
            ("/tail.html", Place::Page(Page::Tail)),
            ("/ok.html", Place::Page(Page::Ok)),
            ("/stylesheets/supervisor.css", Place::File("stylesheets/supervisor.css")),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
    }
}
