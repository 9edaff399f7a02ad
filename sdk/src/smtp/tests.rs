//! Dialogues with a server that plays a script.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

/// What the server says to commands that begin with a word; 250 to all others.
type Script = &'static [(&'static str, &'static str)];

/// Anything to talk over.
trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

const EHLO_STARTTLS: (&str, &str) = ("EHLO", "250-sink\r\n250-STARTTLS\r\n250 AUTH LOGIN PLAIN");

/// Delivers `message` to a server that plays `script`. The outcome, and what the server was told: its commands,
/// and the message as one text.
fn against(script: Script, starttls: bool, login: bool) -> (Result<(), String>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        play(Box::new(socket), script)
    });
    let login = login.then(|| Login { user: "bob".into(), password: "pw".into() });
    let target = Server { starttls, login, ..Server::parse(&format!("127.0.0.1:{port}")).unwrap() };
    let outcome = send(&target, &message(), TIMEOUT).map_err(|error| error.to_string());
    (outcome, server.join().unwrap())
}

fn message() -> Message {
    Message {
        from: "Me <me@x>".into(),
        to: vec!["a@x".into(), "B <b@y>".into()],
        subject: Some("S".into()),
        body: "one\n.two".into(),
    }
}

fn play(stream: Box<dyn Stream>, script: Script) -> Vec<String> {
    let answer_to = |command: &str| {
        let found = script.iter().find(|(start, _)| command.starts_with(start));
        found.map(|(_, answer)| *answer)
    };
    let mut told = Vec::new();
    let mut stream = BufReader::new(stream);
    let mut is_encrypted = false;
    let say = |stream: &mut BufReader<Box<dyn Stream>>, text: &str| {
        stream.get_mut().write_all(format!("{text}\r\n").as_bytes()).is_ok()
    };
    say(&mut stream, answer_to("GREETING").unwrap_or("220 sink"));
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return told;
        }
        let command = line.trim_end().to_owned();
        let answer = answer_to(&command);
        told.push(command.clone());
        match (command.as_str(), answer) {
            (_, Some("")) => return told,
            ("STARTTLS", None) if !is_encrypted => {
                say(&mut stream, "220 go");
                stream = BufReader::new(Box::new(StreamOwned::new(tls_server(), stream.into_inner())));
                is_encrypted = true;
            }
            ("DATA", None) => {
                say(&mut stream, "354 go");
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    stream.read_line(&mut text).unwrap();
                }
                told.push(text);
                say(&mut stream, answer_to("TEXT").unwrap_or("250 queued"));
            }
            (_, Some(answer)) => {
                say(&mut stream, answer);
            }
            (_, None) => {
                say(&mut stream, "250 ok");
            }
        }
    }
}

fn tls_server() -> ServerConnection {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../../testdata/localhost.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../testdata/localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    ServerConnection::new(Arc::new(config)).unwrap()
}

/// The commands, without the greeting's name and without the message.
fn commands(told: &[String]) -> Vec<&str> {
    let commands = told.iter().filter(|line| !line.contains('\n'));
    commands.map(|line| if line.starts_with("EHLO ") { "EHLO" } else { line.as_str() }).collect()
}

fn refusal(script: Script) -> String {
    against(script, false, false).0.unwrap_err()
}

#[test]
fn a_message_goes_to_every_recipient() {
    let (outcome, told) = against(&[], false, false);
    assert_eq!(outcome, Ok(()));
    assert_eq!(commands(&told), ["EHLO", "MAIL FROM:<me@x>", "RCPT TO:<a@x>", "RCPT TO:<b@y>", "DATA", "QUIT"]);
    let text = told.iter().find(|line| line.contains('\n')).unwrap();
    assert!(text.contains("\r\nSubject: S\r\nFrom: Me <me@x>\r\nTo: a@x, B <b@y>\r\nDate: "), "{text}");
    assert!(text.ends_with("\r\n\r\none\r\n..two\r\n.\r\n"), "{text}");
}

#[test]
fn some_refused_recipients_are_not_mentioned() {
    let (outcome, told) = against(&[("RCPT TO:<b@y>", "550 no such")], false, false);
    assert_eq!(outcome, Ok(()));
    assert_eq!(commands(&told)[4..], ["DATA", "QUIT"]);
}

#[test]
fn refusals_read_as_in_smtplib() {
    assert_eq!(refusal(&[("RCPT", "550 no such")]), "{'a@x': (550, b'no such'), 'B <b@y>': (550, b'no such')}");
    assert_eq!(refusal(&[("MAIL", "550 bad sender")]), "(550, b'bad sender', 'Me <me@x>')");
    assert_eq!(refusal(&[("DATA", "554 no data")]), "(554, b'no data')");
    assert_eq!(refusal(&[("TEXT", "554 spam")]), "(554, b'spam')");
    assert_eq!(refusal(&[("GREETING", "554 go away")]), "(554, b'go away')");
    assert_eq!(refusal(&[("MAIL", "")]), "Connection unexpectedly closed");
}

#[test]
fn a_login_tries_what_the_server_knows() {
    let (outcome, told) = against(&[("EHLO", "250-sink\r\n250 AUTH PLAIN LOGIN")], false, true);
    assert_eq!(outcome, Ok(()));
    assert_eq!(commands(&told)[..3], ["EHLO", "AUTH PLAIN AGJvYgBwdw==", "MAIL FROM:<me@x>"]);

    let script: Script =
        &[("EHLO", "250-sink\r\n250 AUTH LOGIN"), ("AUTH", "334 VXNlcm5hbWU6"), ("Ym9i", "334 UGFzc3dvcmQ6")];
    let (outcome, told) = against(script, false, true);
    assert_eq!(outcome, Ok(()));
    assert_eq!(commands(&told)[..4], ["EHLO", "AUTH LOGIN", "Ym9i", "cHc="]);

    let (outcome, told) = against(&[("EHLO", "250-sink\r\n250 AUTH PLAIN"), ("AUTH", "535 5.7.8 bad")], false, true);
    assert_eq!(outcome, Err("(535, b'5.7.8 bad')".to_owned()));
    assert_eq!(commands(&told)[2..], ["QUIT"]);

    let (outcome, _) = against(&[], false, true);
    assert_eq!(outcome, Err("SMTP AUTH extension not supported by server.".to_owned()));
}

#[test]
fn starttls_hides_the_password_and_takes_any_certificate() {
    let (outcome, told) = against(&[EHLO_STARTTLS], true, true);
    assert_eq!(outcome, Ok(()));
    let expected = ["EHLO", "STARTTLS", "EHLO", "AUTH PLAIN AGJvYgBwdw==", "MAIL FROM:<me@x>"];
    assert_eq!(commands(&told)[..5], expected);

    let (outcome, told) = against(&[], true, true);
    assert_eq!(outcome, Err("STARTTLS extension not supported by server.".to_owned()));
    assert_eq!(commands(&told), ["EHLO", "QUIT"]);
}

#[test]
fn a_server_that_says_nothing_is_left_after_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    let error = send(&server, &message(), Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.to_string(), "timed out");
}

#[test]
fn servers_that_cannot_be_reached_say_why() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = send(&Server::parse(&free.to_string()).unwrap(), &message(), TIMEOUT).unwrap_err();
    assert_eq!(error.to_string(), "[Errno 111] Connection refused");
    let server = |text| Server::parse(text).map(|server| (server.host, server.port)).map_err(|error| error.to_string());
    assert_eq!(server("mail"), Ok(("mail".into(), 25)));
    assert_eq!(server("mail:587"), Ok(("mail".into(), 587)));
    assert_eq!(server("::1"), Ok(("::1".into(), 25)));
    assert_eq!(server("mail:abc"), Err("nonnumeric port".into()));
    assert_eq!(server(""), Err("please run connect() first".into()));
}

#[test]
fn a_login_is_not_shown() {
    let login = Login { user: "bob".into(), password: "secret".into() };
    assert_eq!(format!("{login:?}"), r#"Login { user: "bob", .. }"#);
}
