//! The page over the wire: actions and their messages, foreign requests, assets.

use super::*;

fn message(fixture: &Fixture, query: &str) -> String {
    let (head, _) = fixture.get(&format!("/index.html?{query}"), "");
    assert!(head.starts_with("HTTP/1.1 303 See Other\r\n"), "{query}: {head}");
    let location = field(&head, "Location").expect("a location");
    let quoted = location.strip_prefix("./?message=").expect("relative");
    percent_encoding::percent_decode_str(quoted).decode_utf8_lossy().into_owned()
}

#[test]
fn the_table() {
    let fixture = Fixture::new();
    let (head, body) = fixture.get("/?message=a%3Cb", "");
    assert!(
        body.contains(r#"<span class="statusrunning">running</span></td><td><span>pid 18575, uptime 0:05:36</span>"#)
    );
    assert!(body.contains(r#"<a href="index.html?processname=g%3Ap&amp;action=start" name="Start">Start</a>"#));
    assert!(body.contains(r#"<div class="status_msg" role="status">a&lt;b</div>"#));
    for (name, value) in [
        ("Content-Type", "text/html;charset=utf-8"),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
    ] {
        assert_eq!(field(&head, name), Some(value));
    }
}

#[test]
fn actions_and_what_they_say() {
    let fixture = Fixture::new();
    for (query, expected) in [
        ("action=start&processname=cat", "Process cat started"),
        ("action=stop&processname=cat", "Process cat stopped"),
        ("action=restart&processname=cat", "Process cat restarted"),
        ("action=clearlog&processname=cat", "Log for cat cleared"),
        ("action=start&processname=g%3Ap", "ERROR: Process g:p: spawn error"),
        ("action=restart&processname=g%3Ap", "ERROR: Process g:p: spawn error"),
        ("action=stop&processname=g%3Ap", "unexpected rpc fault [70] NOT_RUNNING: g:p"),
        ("action=stop&processname=nope", "No such process named nope"),
        ("action=stop&processname=g%3A%2A", "No such process named g:*"),
        ("action=bogus&processname=nope", "No such process named nope"),
    ] {
        assert_eq!(message(&fixture, query), expected, "{query}");
    }
    for (action, start) in
        [("refresh", "Page refreshed at "), ("stopall", "All stopped at "), ("restartall", "All restarted at ")]
    {
        let message = message(&fixture, &format!("action={action}"));
        let time = message.strip_prefix(start).expect("its message");
        assert!(time.len() == 24 && time.ends_with(" 2026"), "{time}");
    }
    for query in ["action=bogus", "action=start", "action=bogus&processname=cat", "action=Start"] {
        assert_eq!(status(&fixture.get(&format!("/?{query}"), "").0), "400", "{query}");
    }
    assert_eq!(status(&fixture.get("/?action=", "").0), "200");
}

#[test]
fn forms_work_like_links() {
    let fixture = Fixture::new();
    let (head, _) = fixture.ask(&post("/index.html?processname=nope", "", "action=stop&processname=cat"));
    assert_eq!(field(&head, "Location"), Some("./?message=Process%20cat%20stopped"));
    let (head, _) = fixture.ask(&post("/index.html?action=stop&processname=cat", "", ""));
    assert_eq!(field(&head, "Location"), Some("./?message=Process%20cat%20stopped"));
    assert_eq!(status(&fixture.ask("POST / HTTP/1.1\r\n\r\n").0), "411");
}

#[test]
fn foreign_pages_may_look_and_not_act() {
    let fixture = Fixture::new();
    let cross = "Sec-Fetch-Site: cross-site\r\n";
    assert_eq!(status(&fixture.get("/", cross).0), "200");
    assert_eq!(status(&fixture.get("/?action=stopall", cross).0), "403");
    assert_eq!(status(&fixture.ask(&post("/", cross, "action=stopall")).0), "403");
    assert_eq!(status(&fixture.get("/?action=stopall", "Sec-Fetch-Site: same-origin\r\n").0), "303");
    assert_eq!(status(&fixture.get("/?action=stopall", "Sec-Fetch-Site: none\r\n").0), "303");
}

#[test]
fn the_tail_page() {
    let fixture = Fixture::new();
    assert!(fixture.get("/tail.html?processname=cat", "").1.contains("<pre>No file for cat</pre>"));
    std::fs::write(fixture.path("log"), [b"x".repeat(2000), b"\xff<end>".to_vec()].concat()).expect("written");
    let (_, body) = fixture.get("/tail.html?processname=cat&limit=9", "");
    assert!(body.contains(&format!("<pre>{}\u{fffd}&lt;end&gt;</pre>", "x".repeat(1018))), "{body}");
    assert!(body.contains("tail.html?processname=cat&amp;limit=1024"));
    assert!(fixture.get("/tail.html?processname=cat&limit=2000", "").1.contains(&"x".repeat(1994)));
    assert!(fixture.get("/tail.html?processname=cat&limit=%EF%BC%92000", "").1.contains(&"x".repeat(1994)));
    assert!(fixture.get("/tail.html?processname=cat&limit=%2B2000", "").1.contains("limit=1024"));
    assert!(fixture.get("/tail.html", "").1.contains("No process name found"));
    let (_, body) = fixture.get("/tail.html?processname=nope", "");
    assert!(body.contains("ERROR: unexpected rpc fault [10] BAD_NAME: nope"));
}

#[test]
fn pages_of_a_daemon_that_goes_down() {
    let fixture = Fixture::with(daemon_going_down, None);
    assert_eq!(fixture.get("/ok.html", "").1, "OK");
    assert_eq!(status(&fixture.get("/", "").0), "503");
    let (head, body) = fixture.get("/tail.html?processname=cat", "");
    assert_eq!(status(&head), "200");
    assert!(body.contains("ERROR: unexpected rpc fault [6] SHUTDOWN_STATE"));
}

#[test]
fn assets() {
    let fixture = Fixture::new();
    for (path, kind) in [
        ("/stylesheets/supervisor.css", "text/css"),
        ("/images/icon.png", "image/png"),
        ("/images/supervisor.gif", "image/gif"),
    ] {
        let mut client = fixture.connect();
        client.send(format!("HEAD {path} HTTP/1.1\r\n\r\n"));
        let head = client.head();
        assert_eq!((status(&head), field(&head, "Content-Type")), ("200", Some(kind)));
        let modified = field(&head, "Last-Modified").expect("a date").to_owned();
        client.send(format!("GET {path} HTTP/1.1\r\nIf-Modified-Since: {modified}\r\n\r\n"));
        let head = client.head();
        assert_eq!(status(&head), "304");
        // No body: the next head follows at once.
        client.send("GET /ok.html HTTP/1.1\r\n\r\n");
        assert_eq!(client.reply().1, "OK");
    }
}
