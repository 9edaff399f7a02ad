//! Series LG, the scanner of process communication: what is captured, what is output, and what is lost.

use supervisor_tests::{Daemon, Setup};

use super::conditions::is_ours;

const BEGIN: &str = "<!--XSUPERVISOR:BEGIN-->";
const END: &str = "<!--XSUPERVISOR:END-->";

/// A program that captures at most 40 bytes, with a listener of what it captured.
fn capturing(steps: &str) -> Daemon {
    let steps = steps.replace("BEGIN", BEGIN).replace("END", END);
    let options = "stdout_logfile={dir}/p.out\nstdout_capture_maxbytes=40\nautorestart=false";
    Setup::new()
        .recorder("rec", "events=PROCESS_COMMUNICATION,REMOTE_COMMUNICATION\nbuffer_size=100")
        .program("p", options, &steps)
        .start()
}

/// What was captured until now.
fn captured(daemon: &Daemon) -> Vec<String> {
    let data = |payload: &str| payload.split_once('\n').map(|(_, data)| data.to_owned());
    daemon.sync("rec").iter().filter_map(|event| data(&event.payload)).collect()
}

#[test]
fn cfg_lg15_tokens_and_limits() {
    let daemon = capturing(
        r"'say:BEGINwholeEND' wait:go1 'slow:out BEGINsplit tokensEND and more\n' wait:go2 'say:BEGINoneENDBEGINtwoEND' wait:go3
          'say:a stray END is output\n' wait:go4 'say:BEGINaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' wait:go5
          'say:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' wait:go6 'say:cccccENDa tail of more than twenty-four bytes\n' wait:go7
          'say:BEGINIn one piece it is kept although it is too long for the bufferEND' wait:go8
          'say:BEGINwhat is inside at the end is lost for ever' exit:0",
    );
    let begun = |count: usize| daemon.wait_log_times("DEBG 'p' stdout emitted a comm event", count);
    let go = |at: usize| daemon.touch(&format!("go{at}"));
    begun(1);
    go(1);
    begun(2);
    go(2);
    begun(4);
    go(3);
    daemon.wait_file("p.out", "is output");
    go(4);
    daemon.wait_log("aaaaaa");
    go(5);
    daemon.wait_log("bbbbbb");
    go(6);
    begun(5);
    daemon.wait_file("p.out", "twenty-four");
    go(7);
    begun(6);
    go(8);
    daemon.wait_state("p", "EXITED");
    let limited = format!("{}{}", "b".repeat(30), "c".repeat(5));
    let long = "In one piece it is kept although it is too long for the buffer";
    assert_eq!(captured(&daemon), ["whole", "split tokens", "one", "two", limited.as_str(), long]);
    let output = format!("out  and more\na stray {END} is output\na tail of more than twenty-four bytes\n");
    assert_eq!(daemon.read("p.out"), output);
}

#[test]
fn ours_lg15_a_short_tail_is_not_lost() {
    if !is_ours() {
        return;
    }
    let daemon = capturing(r"'say:BEGINwholeENDbye\n' exit:0");
    daemon.wait_state("p", "EXITED");
    assert_eq!(captured(&daemon), ["whole"]);
    assert_eq!(daemon.read("p.out"), "bye\n");
}
