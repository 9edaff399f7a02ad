//! Log streams over the wire.

use std::fs::{self, OpenOptions};

use super::*;

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("opened");
    file.write_all(text.as_bytes()).expect("written");
}

fn open(fixture: &Fixture, request: &str) -> Client {
    let mut client = fixture.connect();
    client.send(request);
    client
}

#[test]
fn history_news_rotation_and_the_end() {
    let mut fixture = Fixture::new();
    let log = fixture.path("log");
    append(&log, "plain stderr\n");
    // The original client sends a stray empty line.
    let mut client = open(&fixture, "GET /logtail/cat/stderr HTTP/1.1\r\nHost: x\r\n\r\n\r\n");
    let head = client.head();
    let names: Vec<&str> = head.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names[..4], ["Server", "Date", "Last-Modified", "Content-Type"]);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(field(&head, "Content-Type"), Some("text/plain;charset=utf-8"));
    assert_eq!(field(&head, "X-Accel-Buffering"), Some("no"));
    assert_eq!(field(&head, "Transfer-Encoding"), Some("chunked"));
    assert_eq!(client.chunk(), "plain stderr\n");
    append(&log, "line 180\n");
    assert_eq!(client.chunk(), "line 180\n");
    fs::rename(&log, fixture.path("log.1")).expect("renamed");
    append(&log, "fresh\n");
    assert_eq!(client.chunk(), "fresh\n");
    OpenOptions::new().write(true).open(&log).expect("opened").set_len(0).expect("truncated");
    assert_eq!(client.chunk(), "==> File truncated <==\n");
    fixture.close();
    assert_eq!(client.rest(), "0\r\n\r\n", "a last chunk, then the end of the connection");
}

#[test]
fn old_clients_get_a_plain_stream() {
    let mut fixture = Fixture::new();
    append(&fixture.path("log"), "one\n");
    let mut client = open(&fixture, "GET /logtail/cat HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let head = client.head();
    assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
    assert_eq!(field(&head, "Transfer-Encoding"), None);
    let mut line = String::new();
    client.0.read_line(&mut line).expect("a line");
    append(&fixture.path("log"), "two\n");
    client.0.read_line(&mut line).expect("a line");
    assert_eq!(line, "one\ntwo\n");
    fixture.close();
    assert_eq!(client.rest(), "");
}

#[test]
fn names_and_what_is_not_there() {
    let fixture = Fixture::new();
    for path in ["/logtail/cat", "/logtail/nope", "/logtail/cat/bogus", "/logtail/", "/logtail", "/mainlogtail"] {
        assert_eq!(status(&fixture.get(path, "").0), "404", "{path}");
    }
    append(&fixture.path("log"), "x");
    for path in ["/logtail/cat", "/logtail/cat/stdout", "/logtail/c%61t", "/logtail/caf\u{e9}", "/logtail/caf%C3%A9"] {
        let mut client = open(&fixture, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_eq!(status(&client.head()), "200", "{path}");
    }
    assert_eq!(status(&fixture.ask("POST /logtail/cat HTTP/1.1\r\nContent-Length: 0\r\n\r\n").0), "400");
}

#[test]
fn a_client_that_leaves_frees_its_stream() {
    let fixture = Fixture::new();
    append(&fixture.path("log"), "x");
    let open_files = || count_open(&fixture.path("log"));
    let mut client = open(&fixture, "GET /logtail/cat HTTP/1.1\r\n\r\n");
    assert_eq!(status(&client.head()), "200");
    assert_eq!(open_files(), 1);
    drop(client);
    while open_files() > 0 {
        std::thread::yield_now();
    }
}

/// How many descriptors of this process lead to `path`.
fn count_open(path: &Path) -> usize {
    let entries = fs::read_dir("/proc/self/fd").expect("procfs");
    entries.filter(|entry| entry.as_ref().is_ok_and(|e| fs::read_link(e.path()).is_ok_and(|to| to == path))).count()
}
