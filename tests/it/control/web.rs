//! Series W: the status page, its actions and the tail page.

use supervisor_tests::{Daemon, Setup};

use super::http::{ask, get};

fn daemon() -> Daemon {
    let daemon = Setup::new()
        .inet()
        .program("up", "stdout_logfile={dir}/up.out", r"'say:<b>a & b</b>\n' hang")
        .with("[program:off]\ncommand=/bin/cat\nautostart=false\nstartsecs=0\nstdout_logfile=NONE")
        .with("[group:g]\nprograms=off")
        .start();
    daemon.wait_file("up.out", "\n");
    daemon.wait_state("up", "RUNNING");
    daemon
}

/// Performs an action and returns the message it reports.
fn action(daemon: &Daemon, query: &str) -> String {
    let reply = get(daemon, &format!("/index.html?{query}"));
    assert!((301..=303).contains(&reply.code()), "{}", reply.status_line);
    let location = reply.header("Location").expect("a location");
    let message = location.split_once("message=").unwrap_or_else(|| panic!("no message in {location}")).1;
    unquote(message)
}

fn unquote(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            b'+' => out.push(b' '),
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn ctl_w01_rows_of_the_status_page() {
    let daemon = daemon();
    let page = get(&daemon, "/").text();
    assert!(page.contains("Supervisor Status"));
    let (off, up) = (page.find("g:off").expect("a row"), page.find(">up<").expect("a row"));
    assert!(off < up, "rows are sorted by group");
    assert!(page.contains("class=\"statusrunning\"") && page.contains("class=\"statusnominal\""));
    for link in [
        "index.html?processname=up&amp;action=restart",
        "index.html?processname=up&amp;action=stop",
        "index.html?processname=g%3Aoff&amp;action=start",
        "tail.html?processname=up",
        "logtail/up/stderr",
    ] {
        assert!(page.contains(link), "{link} is missing");
    }
    assert!(!page.contains("index.html?processname=up&amp;action=start\""));
    let message = get(&daemon, "/?message=%3Cscript%3E").text();
    assert!(message.contains("&lt;script") && !message.contains("<script>"));
    let empty = Setup::new().inet().start();
    assert!(get(&empty, "/index.html").text().contains("No programs to manage"));
}

#[test]
fn ctl_w02_messages_of_the_actions() {
    let daemon = daemon();
    let start = "processname=g%3Aoff&action=start";
    assert_eq!(action(&daemon, start), "Process g:off started");
    assert_eq!(action(&daemon, start), "ERROR: Process g:off: already started");
    assert_eq!(action(&daemon, "processname=g%3Aoff&action=restart"), "Process g:off restarted");
    assert_eq!(action(&daemon, "processname=g%3Aoff&action=stop"), "Process g:off stopped");
    assert_eq!(action(&daemon, "processname=up&action=clearlog"), "Log for up cleared");
    assert_eq!(action(&daemon, "processname=nope&action=stop"), "No such process named nope");
    assert!(action(&daemon, "action=refresh").starts_with("Page refreshed at "));
    assert!(action(&daemon, "action=restartall").starts_with("All restarted at "));
    assert!(action(&daemon, "action=stopall").starts_with("All stopped at "));
    assert_eq!(daemon.state("up"), "STOPPED");
}

#[test]
fn ctl_w03_the_tail_page() {
    let daemon = daemon();
    let page = get(&daemon, "/tail.html?processname=up").text();
    assert!(page.contains("Supervisor tail of process up"));
    assert!(page.contains("&lt;b>a &amp; b&lt;/b>") || page.contains("&lt;b&gt;a &amp; b&lt;/b&gt;"), "{page}");
    assert!(page.contains("tail.html?processname=up&amp;limit=1024"));
    assert!(get(&daemon, "/tail.html").text().contains("No process name found"));
    assert!(get(&daemon, "/tail.html?processname=g%3Aoff").text().contains("No file for g:off"));
    let unknown = get(&daemon, "/tail.html?processname=nope").text();
    assert!(unknown.contains("ERROR: unexpected rpc fault [10] BAD_NAME: nope"), "{unknown}");
}

#[test]
fn ctl_w06_behind_a_path_prefix_and_over_the_unix_socket() {
    let daemon = Setup::new().with("[program:off]\ncommand=/bin/cat\nautostart=false").start();
    let reply = ask(&daemon, "GET / HTTP/1.1\r\nHost: example.org\r\nX-Forwarded-Prefix: /sv\r\n\r\n");
    let page = reply.text();
    assert_eq!(reply.code(), 200);
    // Relative addresses work under any prefix.
    for attribute in ["href=\"/", "src=\"/", "href=\"http://localhost"] {
        assert!(!page.contains(attribute), "{attribute}");
    }
}
