//! What is the same for all commands: parsing, the version check, logging in, and the shell.

use supervisor_protocol::xmlrpc::FaultCode::*;

use crate::fake::{Run, error_line, fault, http, processes, system};

#[test]
fn lines_c5_c6() {
    for line in ["", "  ", "\t"] {
        Run::default().check(line, "", 0);
    }
    for line in ["bogus", "bogus x", "!ls", "STATUS", ";status", "helpx", "-x"] {
        Run::default().check(line, &format!("*** Unknown syntax: {line}\n"), 1);
    }
    Run::default().check("  bogus  x ", "*** Unknown syntax: bogus  x\n", 1);
    let unknown = "*** No help on ;status\n";
    Run::default().check("help;status", unknown, 0);
    Run::default().up().call("signalProcess('cat', 'HUP')", true).check("signal HUP cat", "cat: signalled\n", 0);
    for line in ["exit", "quit x", "EOF"] {
        Run::default().check(line, "\n", 0);
    }
}

#[test]
fn the_version_check_c18() {
    let run = |answer| Run::default().call("getVersion()", answer);
    for (line, code) in [("start p", 4), ("status", 4), ("tail", 4), ("pid", 4), ("version", 4), ("restart p", 4)] {
        run(system(111)).check(line, "unix:///s refused connection\n", code);
    }
    run(system(2)).check("start", "unix:///s no such file\n", 7);
    run(system(2)).check("status", "unix:///s no such file\n", 4);
    let other = "Sorry, this version of supervisorctl expects to talk to a server with API version 3.0, but the \
                 remote version is 2.0.\n";
    run(Ok("2.0".into())).check("stop x", other, 5);
    run(Ok("2.0".into())).check("status", other, 4);
    let lacking = "Sorry, supervisord responded but did not recognize the supervisor namespace commands that \
                   supervisorctl uses to control it.  Please check that the [rpcinterface:supervisor] section is \
                   enabled in the configuration file (see sample.conf).\n";
    run(fault(UnknownMethod)).check("stop x", lacking, 3);
    run(fault(UnknownMethod)).check("status", lacking, 4);
    let denied = error_line("PermissionError", "[Errno 13] Permission denied");
    run(system(13)).check("status", &denied, 1);
    let shutdown = error_line("xmlrpc.client.Fault", "<Fault 6: 'SHUTDOWN_STATE'>");
    run(fault(ShutdownState)).check("status", &shutdown, 1);
}

#[test]
fn a_refused_login_is_told_once_c18() {
    let refused = error_line("xmlrpc.client.ProtocolError", "<ProtocolError for 127.0.0.1/RPC2: 401 Unauthorized>");
    let out = format!("Server requires authentication\n{refused}");
    Run::default().call("getVersion()", http(401, "Unauthorized")).check("status", &out, 1);
    Run::default().call("shutdown()", http(401, "Unauthorized")).check("shutdown", &out, 1);
}

#[test]
fn a_person_is_asked_until_the_login_works_c23() {
    let left = Run::default()
        .typed(&["me", "wrong", "me", "right"])
        .call("getVersion()", http(401, "Unauthorized"))
        .call("getVersion()", http(401, "Unauthorized"))
        .up()
        .call("getSupervisorVersion()", "4.3.0")
        .line("version");
    let asked = "Server requires authentication\nUsername:\n";
    assert_eq!((left.out, left.code), (format!("{asked}{asked}4.3.0\n"), 0));
    let passwords: Vec<_> = left.targets.iter().map(|target| target.password.as_deref()).collect();
    assert_eq!(passwords, [None, Some("wrong"), Some("right")]);
    let end = error_line("EOFError", "EOF when reading a line");
    let out = format!("Server requires authentication\nUsername:{end}");
    Run::default().typed(&[]).call("getVersion()", http(401, "Unauthorized")).check("version", &out, 1);
}

#[test]
fn the_shell_c22() {
    let status = "cat                              RUNNING   about cat\n\
                  grp:g1                           RUNNING   about g1\n\
                  grp:g2                           EXITED    about g2\n";
    let shell = || Run::default().up().call("getAllProcessInfo()", processes());
    assert_eq!(shell().typed(&[]).shell().out, format!("{status}sup> \n"));
    assert_eq!(shell().typed(&["exit", "bogus"]).shell().out, format!("{status}sup> \n"));
    assert_eq!(
        shell().typed(&["", " bogus ", "EOF x"]).shell().out,
        format!("{status}sup> sup> *** Unknown syntax: bogus\nsup> \n")
    );
    let down = Run::default().call("getVersion()", system(2)).typed(&["quit"]).shell();
    assert_eq!(down.out, "unix:///s no such file\nsup> \n");
}

#[test]
fn a_reply_of_another_shape_is_an_error_line() {
    let line = error_line("ValueError", "expected an array, not boolean");
    Run::default().up().call("getAllProcessInfo()", true).check("status", &line, 1);
}
