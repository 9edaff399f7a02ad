//! Series S, the listeners that collect: crashmailbatch, fatalmailbatch and crashsms.

use supervisor_tests::activity::has_time;
use supervisor_tests::smtp::{Manners, Smtp, Talk};
use supervisor_tests::{Ran, Setup};

use super::superlance::{EXITED, drive};

const FATAL: &str = "PROCESS_STATE_FATAL";
const CRASH: &str = "processname:web groupname:g from_state:RUNNING expected:0 pid:4711";
const GAVE_UP: &str = "processname:web groupname:g from_state:BACKOFF";
const MINUTE: (&str, &str) = ("TICK_60", "when:60");

/// The programs, the event each collects, and its message with the time masked.
#[expect(clippy::type_complexity, reason = "a table of three rows, read in one place")]
const PROGRAMS: [(&str, (&str, &str), &str, Option<&str>); 3] = [
    (
        "crashmailbatch",
        (EXITED, CRASH),
        "TIME -- Process g:web (pid 4711) died unexpectedly",
        Some("Crash alert from supervisord"),
    ),
    (
        "fatalmailbatch",
        (FATAL, GAVE_UP),
        "TIME -- Process g:web failed to start too many times",
        Some("Fatal start alert from supervisord"),
    ),
    ("crashsms", (EXITED, CRASH), "[g:web](4711) exited unexpectedly TIME", None),
];

/// Masks the times of messages.
fn untimed(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let time = rest.get(..23).filter(|time| has_time(&format!("{time} ")));
        out.push_str(if time.is_some() { "TIME" } else { &rest[..letter.len_utf8()] });
        rest = &rest[if time.is_some() { 23 } else { letter.len_utf8() }..];
    }
    out
}

/// Runs a batch command to a mail server on events; what was said at the server, and the end.
fn batch(manners: Manners, program: &str, args: &[&str], events: &[(&str, &str)]) -> (Vec<Talk>, Ran) {
    let server = Smtp::start(manners);
    let host = format!("127.0.0.1:{}", server.port());
    let args = [&["-t", "a@b", "-f", "c@d", "-H", &host][..], args].concat();
    let ran = drive(&Setup::new(), program, &args, events);
    assert_eq!(ran.out, format!("READY\n{}", "RESULT 2\nOKREADY\n".repeat(events.len())), "{}", ran.err);
    (server.talks(), ran)
}

#[test]
fn ev_s18_messages_and_digests() {
    for (program, event, message, subject) in PROGRAMS {
        let expected = CRASH.replace("expected:0", "expected:1");
        let events = [event, event, (EXITED, expected.as_str()), ("TICK_5", "when:5"), MINUTE, MINUTE];
        let (talks, ran) = batch(Manners::default(), program, &[], &events);
        // Two ticks, but one batch: the second has nothing to tell.
        assert_eq!(talks.len(), 1, "{program}: {}", ran.err);
        assert_eq!(untimed(&talks[0].body()), format!("{message}\n{message}"), "{program}");
        let err = untimed(&ran.err);
        let subject = subject.unwrap_or("None");
        let said = format!(
            "{message}\n{message}\nSending notification email:\nTo: a@b\nFrom: c@d\nSubject: {subject}\nBody:\n"
        );
        let digest = err.strip_prefix(&said).unwrap_or_else(|| panic!("{program}: {err}"));
        // Its first 76 characters, as they were before times were masked.
        let body: String = talks[0].body().chars().take(76).collect();
        assert!(digest.starts_with(&untimed(&body)[..40]) && digest.contains("...\n"), "{program}: {digest}");
        assert!(ran.err.contains(&format!("Body:\n{body}...\n")), "{program}: {}", ran.err);
    }
    // Another tick drives the clock, and names that are no ticks are refused.
    let (talks, _) = batch(
        Manners::default(),
        "crashmailbatch",
        &["-e", "TICK_3600"],
        &[(EXITED, CRASH), MINUTE, ("TICK_3600", "when:3600")],
    );
    assert_eq!(talks.len(), 1);
    // A subject that is empty is none.
    let (talks, ran) = batch(Manners::default(), "crashmailbatch", &["-s", ""], &[(EXITED, CRASH), MINUTE]);
    assert_eq!((talks.len(), talks[0].header("Subject")), (1, None), "{}", ran.err);
    assert!(ran.err.contains("\nSubject: \n"), "{}", ran.err);
    // Messages wait for their minutes, and the clock runs from the start.
    let (talks, _) = batch(Manners::default(), "crashmailbatch", &["-i", "3"], &[MINUTE, (EXITED, CRASH), MINUTE]);
    assert_eq!(talks.len(), 0);
    let (talks, _) =
        batch(Manners::default(), "crashmailbatch", &["-i", "3"], &[MINUTE, (EXITED, CRASH), MINUTE, MINUTE]);
    assert_eq!(talks.len(), 1);
}

#[test]
fn ev_s19_mail_of_the_batch_commands() {
    let events = [(EXITED, CRASH), MINUTE];
    let (talks, ran) = batch(Manners::default(), "crashmailbatch", &["-t", " x@y , z@w ", "-s", "mine"], &events);
    let talk = &talks[0];
    assert_eq!(talk.brief().to_uppercase(), "EHLO MAIL RCPT RCPT DATA QUIT", "{}", ran.err);
    let addresses: Vec<&str> = talk.commands.iter().filter_map(|line| line.split(['<', '>']).nth(1)).collect();
    assert_eq!(addresses, ["c@d", "x@y", "z@w"]);
    let headers = ["MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To"].map(|name| talk.header(name));
    assert_eq!(headers, ["1.0", "7bit", "mine", "c@d", "x@y, z@w"].map(Some));
    assert!(talk.header("Content-Type").unwrap().starts_with("text/plain; charset="), "{talk:?}");
    assert!(talk.header("Date").is_some() && talk.header("Message-ID").is_some(), "{talk:?}");

    let auth = Manners { extensions: &["AUTH PLAIN LOGIN"], ..Manners::default() };
    let login = ["-u", "user", "-p", "secret"];
    let (talks, ran) = batch(auth, "crashmailbatch", &login, &events);
    let said: Vec<String> = talks[0]
        .commands
        .iter()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ").to_uppercase())
        .collect();
    assert!(said.contains(&"AUTH PLAIN".to_owned()), "{said:?} {}", ran.err);
    // No password, no login; no login, no encryption.
    let (talks, _) = batch(auth, "crashmailbatch", &["-u", "user", "--tls"], &events);
    assert_eq!(talks[0].brief().to_uppercase(), "EHLO MAIL RCPT DATA QUIT");

    let failures: [(Manners, &[&str], &str); 2] = [
        (Manners::default(), &login, "SMTP AUTH extension not supported by server."),
        (auth, &["-u", "user", "-p", "secret", "--tls"], "STARTTLS extension not supported by server."),
    ];
    for (manners, args, reason) in failures {
        let (talks, ran) = batch(manners, "crashmailbatch", args, &[(EXITED, CRASH), MINUTE, MINUTE]);
        assert!(ran.err.contains(&format!("Error sending email: {reason}\n")), "{}", ran.err);
        // The messages are lost, and so is told once.
        assert_eq!(ran.err.matches("Error sending").count(), 1, "{}", ran.err);
        assert!(talks.iter().all(|talk| talk.mail.is_empty()));
        assert!(ran.err.contains("Sending notification email:\nTo: a@b\n"), "{}", ran.err);
    }
    let closed = format!("127.0.0.1:{}", supervisor_tests::setup::free_port());
    let ran = drive(&Setup::new(), "crashmailbatch", &["-t", "a@b", "-f", "c@d", "-H", &closed], &events);
    assert!(ran.err.contains("Error sending email: [Errno 111] Connection refused\n"), "{}", ran.err);
}

#[test]
fn ev_s21_sums_of_minutes_are_doubles() {
    for (minutes, ticks) in [("0.5", 7), ("1", 12), ("2", 25), ("5", 61)] {
        let tick = ("TICK_5", "when:5");
        for (count, sent) in [(ticks - 1, 0), (ticks, 1)] {
            let events: Vec<_> = std::iter::once((EXITED, CRASH)).chain(std::iter::repeat_n(tick, count)).collect();
            let (talks, _) = batch(Manners::default(), "crashmailbatch", &["-e", "TICK_5", "-i", minutes], &events);
            assert_eq!(talks.len(), sent, "{minutes} minutes, {count} ticks");
        }
    }
}

#[test]
fn ev_s22_endings_of_the_batch_commands() {
    let setup = Setup::new();
    let addresses = ["-t", "a@b", "-f", "c@d"];
    for (program, ..) in PROGRAMS {
        let ran = |args: &[&str]| drive(&setup, program, args, &[]);
        for (args, text) in [
            (&["--x"][..], "no such option: --x"),
            (&["-y"], "no such option: -y"),
            (&["-i", "abc"], "option -i: invalid floating-point value: 'abc'"),
            (&["-i"], "-i option requires 1 argument"),
            (&["--t"], "ambiguous option: --t (--tickEvent, --tls, --toEmail?)"),
        ] {
            let ran = ran(args);
            let usage = format!("Usage: {program} [options]\n\n{program}: error: {text}\n");
            assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (2, "", usage.as_str()), "{program} {args:?}");
        }
        // Help on stdout where an address is missing; that is looked at before the tick's name.
        let missing = ran(&["-t", "a@b", "-e", "FOO"]);
        assert_eq!((missing.code, missing.out.contains("--toEmail")), (1, true), "{program}: {missing:?}");
        let bad = ran(&[&addresses[..], &["-e", "FOO"]].concat());
        assert_eq!(bad.code, 1, "{program}");
        assert!(bad.err.contains("Invalid TICK event name: FOO"), "{program}: {}", bad.err);
        assert!(!bad.out.contains("READY"), "{program}");
        // Prefixes, options after arguments, arguments that mean nothing.
        let fine = ran(&["word", "--toE=a@b", "other", "--from", "c@d", "--int", "2.5"]);
        assert_eq!((fine.code == 2, fine.out.as_str()), (false, "READY\n"), "{program}: {}", fine.err);
        // Without a daemon, but only if the rest is right; the tick's name comes last.
        let mut command = setup.command(program);
        command.args(addresses).args(["-e", "FOO"]);
        let alone = supervisor_tests::run::run(command, "", &setup.path(""));
        assert_eq!((alone.code, alone.err.as_str()), (1, "Must run as a supervisor event listener\n"), "{program}");
    }
}

#[test]
fn ev_s25_refused_recipients() {
    let events = [(EXITED, CRASH), MINUTE];
    let to = ["-t", "a@b,x@y"];
    let some = Manners { refused: &["x@y"], ..Manners::default() };
    let (talks, ran) = batch(some, "crashmailbatch", &to, &events);
    assert!(!ran.err.contains("Error sending"), "{}", ran.err);
    assert!(!talks[0].mail.is_empty());
    let all = Manners { refused: &["a@b", "x@y"], ..Manners::default() };
    let (talks, ran) = batch(all, "crashmailbatch", &to, &events);
    let table = "Error sending email: {'a@b': (550, b'no such'), 'x@y': (550, b'no such')}\n";
    assert!(ran.err.contains(table), "{}", ran.err);
    assert!(talks.iter().all(|talk| talk.mail.is_empty()));
}
