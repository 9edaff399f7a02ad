//! HTTP itself: bytes, connections, limits, credentials, the end.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::http::Note;

const GET_STATE: &str = "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 113\r\n\r\n\
    <?xml version='1.0'?>\n<methodCall>\n<methodName>supervisor.getState</methodName>\n<params>\n</params>\n\
    </methodCall>\n";

const STATE: &str = "HTTP/1.1 200 OK\r\nServer: supervisord\r\nDate: Sun, 22 Nov 2026 10:52:35 GMT\r\n\
    Content-Type: text/xml\r\nContent-Length: 279\r\n\r\n\
    <?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n<member>\n<name>statecode</name>\n\
    <value><int>1</int></value>\n</member>\n<member>\n<name>statename</name>\n<value><string>RUNNING</string></value>\n\
    </member>\n</struct></value>\n</param>\n</params>\n</methodResponse>\n";

fn state(client: &mut Client) {
    let (head, body) = client.reply();
    assert_eq!(head + &body, STATE);
}

#[test]
fn the_published_sample_byte_by_byte() {
    let fixture = Fixture::new();
    let mut client = fixture.connect();
    client.send(GET_STATE);
    state(&mut client);
    // Split at each byte, empty lines before, on the same connection.
    client.send("\r\n");
    for byte in GET_STATE.bytes() {
        client.send([byte]);
    }
    state(&mut client);
}

#[test]
fn connections_stay_or_go_as_asked() {
    let fixture = Fixture::new();
    let request = |version: &str, fields: &str| format!("GET /ok.html HTTP/{version}\r\n{fields}\r\n");
    for (version, fields, connection, stays) in [
        ("1.1", "", None, true),
        ("1.1", "Connection: Close\r\n", Some("close"), false),
        ("1.1", "Connection: TE, close\r\n", Some("close"), false),
        ("1.0", "", None, false),
        ("1.0", "Connection: keep-alive\r\n", Some("Keep-Alive"), true),
        ("1.0", "Connection: Keep-Alive\r\n", Some("Keep-Alive"), true),
    ] {
        let mut client = fixture.connect();
        client.send(request(version, fields));
        let (head, body) = client.reply();
        assert!(head.starts_with(&format!("HTTP/{version} 200 OK\r\n")), "{head}");
        assert_eq!(body, "OK");
        assert_eq!(field(&head, "Connection"), connection, "{version} {fields}");
        if stays {
            client.send(request(version, fields));
            assert_eq!(client.reply().1, "OK");
        } else {
            assert_eq!(client.rest(), "");
        }
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let mut fixture = Fixture::new();
    let mut client = fixture.connect();
    client.send(format!("{GET_STATE}{}{GET_STATE}\r\n", rpc("supervisor.getVersion", &[])));
    state(&mut client);
    assert!(client.reply().1.contains("<string>3.0</string>"));
    state(&mut client);
    // Behind a call that waits, others wait; other connections do not.
    client.send(format!("{}{GET_STATE}", rpc("supervisor.startProcess", &["slow"])));
    let mut other = fixture.connect();
    other.send(GET_STATE);
    state(&mut other);
    fixture.close();
    assert_eq!(client.rest(), "", "no reply at the end");
}

#[test]
fn garbage_is_refused_and_the_connection_closed() {
    let fixture = Fixture::new();
    for garbage in [
        "hello\r\n\r\n",
        "GET  /x HTTP/1.1\r\n\r\n",
        "GET /x HTTP/1.1\r\nno colon\r\n\r\n",
        "\x16\x03\x01",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut client = fixture.connect();
        client.send(garbage);
        if !garbage.ends_with('\n') {
            client.send("\r\n\r\n");
        }
        let (head, _) = client.reply();
        assert_eq!(status(&head), "400", "{garbage:?}");
        assert_eq!(client.rest(), "");
    }
}

#[test]
fn bodies_and_their_lengths() {
    let fixture = Fixture::new();
    let document = call_document("supervisor.getVersion", &[]);
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{document}\r\n0\r\n\r\n", document.len());
    for (fields, expected) in [
        ("\r\n".to_owned(), "411"),
        ("Content-Length: 0\r\n\r\n".to_owned(), "400"),
        ("Content-Length: x\r\n\r\n".to_owned(), "400"),
        ("Content-Length: -1\r\n\r\n".to_owned(), "400"),
        ("Content-Length: 9999999\r\n\r\n".to_owned(), "413"),
        ("Content-Length: 7\r\n\r\n<broken".to_owned(), "400"),
        (format!("Content-Length:{}\r\n\r\n{document}", document.len()), "200"),
        (chunked, "200"),
    ] {
        let (head, _) = fixture.ask(&format!("POST /RPC2 HTTP/1.1\r\n{fields}"));
        assert_eq!(status(&head), expected, "{fields}");
    }
    assert!(fixture.notes.lock().expect("unpoisoned").iter().any(|note| matches!(note, Note::BadCall { .. })));
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on() {
    let fixture = Fixture::new();
    let mut client = fixture.connect();
    let (head, body) = GET_STATE.split_once("\r\n\r\n").expect("a head");
    client.send(format!("{head}\r\nExpect: 100-continue\r\n\r\n"));
    assert_eq!(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(body);
    state(&mut client);
}

#[test]
fn oversized_heads_are_refused_and_large_ones_are_not() {
    let fixture = Fixture::new();
    let (head, _) = fixture.get("/ok.html", &format!("X-Pad: {}\r\n", "x".repeat(60_000)));
    assert_eq!(status(&head), "200");
    let (head, _) = fixture.get("/ok.html", &format!("X-Pad: {}\r\n", "x".repeat(70_000)));
    assert_eq!(status(&head), "431");
}

#[test]
fn error_documents_and_heads_keep_the_connection_in_step() {
    let fixture = Fixture::new();
    let mut client = fixture.connect();
    for (method, path, expected) in [
        ("GET", "/nothing", "404"),
        ("HEAD", "/nothing", "404"),
        ("HEAD", "/", "404"),
        ("HEAD", "/stylesheets/supervisor.css", "200"),
        ("GET", "/RPC2", "400"),
        ("HEAD", "/logtail/cat", "400"),
        ("OPTIONS", "/", "400"),
        ("DELETE", "/RPC2", "400"),
        ("GET", "/images/../../etc/passwd", "404"),
        ("GET", "/images/%2e%2e/%2e%2e/etc/passwd", "404"),
        ("GET", "/%6fk.html", "200"),
    ] {
        client.send(format!("{method} {path} HTTP/1.1\r\n\r\n"));
        let head = client.head();
        assert_eq!(status(&head), expected, "{method} {path}");
        let length = field(&head, "Content-Length").expect("a length").parse().expect("a number");
        let mut body = vec![0; if method == "HEAD" { 0 } else { length }];
        client.0.read_exact(&mut body).expect("a body");
        if expected == "404" {
            assert_eq!(length, 134);
            assert_eq!(field(&head, "Content-Type"), Some("text/html"));
        }
    }
    client.send(post("/nothing", "", "unwanted"));
    assert_eq!(status(&client.reply().0), "400");
    client.send(GET_STATE);
    state(&mut client);
}

#[test]
fn credentials_guard_everything() {
    let fixture = Fixture::with(daemon, Some(("user", "a:b")));
    let welcome = "Authorization: Basic dXNlcjphOmI=\r\n";
    for path in ["/", "/ok.html", "/nothing", "/logtail/cat", "/stylesheets/supervisor.css"] {
        let mut client = fixture.connect();
        client.send(format!("GET {path} HTTP/1.1\r\n\r\n"));
        let (head, body) = client.reply();
        assert_eq!(
            head,
            "HTTP/1.1 401 Unauthorized\r\nServer: supervisord\r\nDate: Sun, 22 Nov 2026 10:52:35 GMT\r\nConnection: \
             close\r\nWww-Authenticate: Basic realm=\"default\"\r\nContent-Length: 137\r\nContent-Type: text/html\r\n\r\n"
        );
        assert!(body.contains("<p>Error code 401.\r\n<p>Message: Unauthorized.\r\n"));
        assert_eq!(client.rest(), "");
    }
    assert_eq!(fixture.get("/ok.html", welcome).1, "OK");
    assert_eq!(status(&fixture.get("/ok.html", "Authorization: Basic dXNlcjp4\r\n").0), "401");
    assert_eq!(status(&fixture.get("/ok.html", "Authorization: Basic d\r\n").0), "400");
    let (head, _) = fixture.ask(&rpc("supervisor.getVersion", &[]));
    assert_eq!(status(&head), "401");
}

#[test]
fn an_open_server_ignores_credentials() {
    let fixture = Fixture::new();
    for value in ["Basic Og==", "Basic d", "Digest x", ""] {
        let (head, _) = fixture.get("/ok.html", &format!("Authorization: {value}\r\n"));
        assert_eq!(status(&head), "200", "{value}");
    }
}

#[test]
fn answers_given_before_the_end_are_delivered() {
    let mut fixture = Fixture::new();
    let mut client = fixture.connect();
    let mut idle = fixture.connect();
    client.send(rpc("supervisor.shutdown", &[]));
    // The note is written when the reply is handed over, not yet sent.
    while !fixture.notes.lock().expect("unpoisoned").iter().any(|note| matches!(note, Note::Access { .. })) {
        std::thread::yield_now();
    }
    fixture.close();
    assert!(client.reply().1.contains("<boolean>1</boolean>"));
    assert_eq!(client.rest(), "");
    assert_eq!(idle.rest(), "");
    assert!(!fixture.path("s").exists());
}

/// With virtual time: an idle connection stays for hours, half a request does not stay for a minute.
#[tokio::test(start_paused = true)]
async fn only_requests_are_timed() {
    let directory = tempfile::tempdir().expect("tempdir");
    let path = directory.path().join("s");
    let (handle, _requests) = Handle::channel();
    let server =
        serve(bind(&[config(&path, None)]).expect("bound"), site(handle, &Default::default())).expect("served");

    let mut idle = tokio::net::UnixStream::connect(&path).await.expect("connected");
    idle.write_all(b"\r\n").await.expect("sent");
    let mut slow = tokio::net::UnixStream::connect(&path).await.expect("connected");
    slow.write_all(b"GET /ok.html HTTP/1.1\r\n").await.expect("sent");
    let mut slower = tokio::net::UnixStream::connect(&path).await.expect("connected");
    slower.write_all(b"POST /RPC2 HTTP/1.1\r\nContent-Length: 5\r\n\r\n123").await.expect("sent");

    let begun = tokio::time::Instant::now();
    let mut reply = Vec::new();
    slow.read_to_end(&mut reply).await.expect("closed");
    assert_eq!(reply, b"");
    slower.read_to_end(&mut reply).await.expect("closed");
    assert!(!reply.starts_with(b"HTTP/1.1 200"));
    assert!(begun.elapsed() < Duration::from_secs(60));

    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        idle.write_all(b"GET /ok.html HTTP/1.1\r\n\r\n\r\n").await.expect("still there");
        let mut reply = vec![0; 512];
        let length = idle.read(&mut reply).await.expect("answered");
        assert!(reply[..length].ends_with(b"\r\n\r\nOK"));
    }
    server.close().await;
}

#[tokio::test]
async fn a_vanished_socket_file_is_made_again() {
    let directory = tempfile::tempdir().expect("tempdir");
    let path = directory.path().join("s");
    let (handle, _requests) = Handle::channel();
    let bound = bind(&[config(&path, None)]).expect("bound");
    let mut server = serve(bound, site(handle, &Default::default())).expect("served");
    assert!(server.restore_socket_files().is_empty());

    let mut old = tokio::net::UnixStream::connect(&path).await.expect("connected");
    std::fs::remove_file(&path).expect("removed");
    let restored = server.restore_socket_files();
    assert!(matches!(&restored[..], [one] if one.path == path && one.result.is_ok()), "{restored:?}");
    let mut new = tokio::net::UnixStream::connect(&path).await.expect("connected");
    for client in [&mut old, &mut new] {
        client.write_all(b"GET /ok.html HTTP/1.0\r\n\r\n").await.expect("sent");
        let mut reply = Vec::new();
        client.read_to_end(&mut reply).await.expect("answered");
        assert!(reply.ends_with(b"\r\n\r\nOK"));
    }
    server.close().await;
    assert!(!path.exists());
}
