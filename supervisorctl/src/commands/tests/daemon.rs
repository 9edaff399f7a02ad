//! `version`, `shutdown`, `reload` and `open`.

use supervisor_protocol::xmlrpc::FaultCode::ShutdownState;

use crate::fake::{Run, error_line, fault, processes, system};

#[test]
fn version_c17() {
    Run::default().up().call("getSupervisorVersion()", "4.3.0").check("version", "4.3.0\n", 0);
}

#[test]
fn shutdown_c16() {
    Run::default().call("shutdown()", true).check("shutdown", "Shut down\n", 0);
    let already = "ERROR: already shutting down\n";
    Run::default().call("shutdown()", fault(ShutdownState)).check("shutdown", already, 0);
    let refused = "ERROR: unix:///s refused connection (already shut down?)\n";
    Run::default().call("shutdown()", system(111)).check("shutdown", refused, 1);
    let missing = "ERROR: unix:///s no such file (already shut down?)\n";
    Run::default().call("shutdown()", system(2)).check("shutdown", missing, 1);
    let denied = error_line("PermissionError", "[Errno 13] Permission denied");
    Run::default().call("shutdown()", system(13)).check("shutdown", &denied, 1);
}

#[test]
fn reload_c16() {
    Run::default().call("restart()", true).check("reload", "Restarted supervisord\n", 0);
    let already = "ERROR: already shutting down\n";
    Run::default().call("restart()", fault(ShutdownState)).check("reload", already, 1);
    let refused = error_line("ConnectionRefusedError", "[Errno 111] Connection refused");
    Run::default().call("restart()", system(111)).check("reload", &refused, 1);
}

#[test]
fn drastic_things_are_confirmed_if_there_is_somebody_c16() {
    const DOWN: &str = "Really shut the remote supervisord process down y/N? ";
    const AGAIN: &str = "Really restart the remote supervisord process y/N? ";
    Run::default().typed(&["Yes"]).call("shutdown()", true).check("shutdown", &format!("{DOWN}Shut down\n"), 0);
    Run::default().typed(&["no"]).check("shutdown", DOWN, 0);
    let run = Run::default().typed(&["yo"]).call("restart()", true);
    run.check("reload", &format!("{AGAIN}Restarted supervisord\n"), 0);
    Run::default().typed(&[""]).check("reload", AGAIN, 0);
    let end = error_line("EOFError", "EOF when reading a line");
    Run::default().typed(&[]).check("reload", &format!("{AGAIN}{end}"), 1);
}

#[test]
fn open_talks_to_another_daemon() {
    let left = Run::default().up().call("getAllProcessInfo()", processes()).line("open http://h:1");
    assert_eq!(left.code, 0);
    assert!(left.out.starts_with("cat  "), "{}", left.out);
    assert_eq!(left.targets.last().unwrap().server_url, "http://h:1");
    let left = Run::default().call("getVersion()", system(111)).line("open http://h:1");
    assert_eq!((left.out.as_str(), left.code), ("http://h:1 refused connection\n", 0));
    for url in ["", "ftp://x", "x"] {
        Run::default().check(&format!("open {url}"), "ERROR: url must be http:// or unix://\n", 1);
    }
}

#[test]
fn some_take_no_arguments() {
    for name in ["version", "shutdown", "reload"] {
        let help = Run::default().line(&format!("help {name}")).out;
        Run::default().check(&format!("{name} x"), &format!("Error: {name} accepts no arguments\n{help}"), 1);
    }
}
