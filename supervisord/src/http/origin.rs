//! Which requests come from a foreign web page.
//!
//! A browser adds the user's credentials to whatever any page asks it to send, so everything that changes something
//! is refused when a browser says that another site asked for it. Programs (command line clients, RPC libraries,
//! scrapers) send none of these headers and are never refused; nor is `Host` checked for them: proxies and container
//! networks use names that the daemon cannot know.
//!
//! `Sec-Fetch-Site` is looked at first, because reverse proxies commonly replace `Host`, which makes a comparison of
//! `Origin` with `Host` fail for the daemon's own page.
//!
//! Not covered: a foreign page's link or image over plain http to a name that is not loopback, where browsers send
//! neither header. Contracts `ctl_w4`, `ctl_w7`, `ctl_s5`, `ctl_s7`.

/// The headers by which a browser says who asked for a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sender<'a> {
    /// `Sec-Fetch-Site`, e.g. `same-origin`, `cross-site`, `none`.
    pub fetch_site: Option<&'a str>,
    /// `Origin`, e.g. `https://example.org` or `null`.
    pub origin: Option<&'a str>,
    /// `Host`, e.g. `example.org:9001`.
    pub host: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
}

/// Which kind of socket the request came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// TCP: a browser may be at the other end.
    Inet,
    /// A unix socket: a browser reaches it only through a proxy, whose names say nothing.
    Unix,
}

impl Sender<'_> {
    /// Whether a page of another site is behind the request.
    pub fn is_foreign(&self, through: Through) -> bool {
        match (self.fetch_site, self.origin) {
            (Some(site), _) => !matches!(site.trim(), "same-origin" | "none"),
            (None, Some(origin)) => through == Through::Inet && !self.is_own(origin),
            (None, None) => false,
        }
    }

    /// Whether the request could be an HTML form or a "simple" script request in disguise: such bodies are XML-RPC
    /// only when no browser is involved (`curl -d` sends the first type).
    pub fn is_disguised_form(&self) -> bool {
        let media_type = self.content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is_form = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]
            .iter()
            .any(|form| media_type.eq_ignore_ascii_case(form));
        self.origin.is_some() && is_form
    }

    fn is_own(&self, origin: &str) -> bool {
        let Some((scheme, authority)) = origin.trim().split_once("://") else { return false };
        let default_port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
        let bare = |name: &str| name.strip_suffix(default_port).unwrap_or(name).to_ascii_lowercase();
        self.host.is_some_and(|host| bare(host.trim()) == bare(authority))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(fetch_site: Option<&str>, origin: Option<&str>, host: Option<&str>, through: Through) -> bool {
        Sender { fetch_site, origin, host, content_type: None }.is_foreign(through)
    }

    #[test]
    fn programs_are_never_foreign() {
        for through in [Through::Inet, Through::Unix] {
            for host in [None, Some("app:9001"), Some("public.example")] {
                assert!(!foreign(None, None, host, through));
            }
        }
    }

    #[test]
    fn what_the_browser_says_of_the_site_decides() {
        for (site, expected) in [("same-origin", false), ("none", false), ("cross-site", true), ("same-site", true)] {
            for through in [Through::Inet, Through::Unix] {
                // A proxy has replaced Host: it must not matter.
                assert_eq!(foreign(Some(site), Some("https://pub.example"), Some("127.0.0.1"), through), expected);
            }
        }
    }

    #[test]
    fn else_the_origin_must_be_our_host() {
        for (origin, host, expected) in [
            ("http://localhost:9001", Some("localhost:9001"), false),
            ("http://LOCALHOST:9001", Some("localhost:9001"), false),
            ("http://example.org", Some("example.org:80"), false),
            ("https://example.org", Some("example.org"), false),
            ("https://example.org:443", Some("example.org"), false),
            ("http://evil.example", Some("localhost:9001"), true),
            ("http://localhost:9002", Some("localhost:9001"), true),
            ("http://localhost:9001", None, true),
            ("null", Some("localhost:9001"), true),
            ("", Some(""), true),
        ] {
            assert_eq!(foreign(None, Some(origin), host, Through::Inet), expected, "{origin} {host:?}");
            assert!(!foreign(None, Some(origin), host, Through::Unix));
        }
    }

    #[test]
    fn forms_are_suspect_only_from_a_browser() {
        let form = |origin, content_type| Sender { origin, content_type, ..Sender::default() }.is_disguised_form();
        for kind in ["text/plain", "Text/Plain;charset=UTF-8", "multipart/form-data; boundary=x"] {
            assert!(form(Some("http://localhost"), Some(kind)));
            assert!(!form(None, Some(kind)));
        }
        assert!(!form(Some("http://localhost"), Some("text/xml")));
        assert!(!form(Some("http://localhost"), None));
    }
}
