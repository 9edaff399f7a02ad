//! The help screens.

use crate::commands::COMMANDS;
use crate::fake::Run;

#[test]
fn the_list_c21() {
    let list = "\n\
        default commands (type help <topic>):\n\
        =====================================\n\
        add    exit      open  reload  restart   start   tail   \n\
        avail  fg        pid   remove  shutdown  status  update \n\
        clear  maintail  quit  reread  signal    stop    version\n\n";
    Run::default().check("help", list, 0);
    Run::default().check("?", list, 0);
}

#[test]
fn topics_c21() {
    for (topic, text) in [
        ("help", "help\t\tPrint a list of available actions\nhelp <action>\tPrint help for <action>\n"),
        ("avail", "avail\t\t\tDisplay all configured processes\n"),
        ("fg", "fg <process>\tConnect to a process in foreground mode\n\t\tCtrl-C to exit\n"),
        (
            "maintail",
            "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)\n\
             maintail -100\tlast 100 *bytes* of supervisord main log file\n\
             maintail\tlast 1600 *bytes* of supervisor main log file\n\n",
        ),
        ("nope", "*** No help on nope\n"),
        ("EOF", "*** No help on EOF\n"),
        ("a b", "*** No help on a b\n"),
    ] {
        Run::default().check(&format!("help {topic}"), text, 0);
        Run::default().check(&format!("?{topic}"), text, 0);
    }
}

/// Recorded from Supervisor 4.3.
#[test]
fn every_text_c21() {
    let mut screens = String::new();
    for command in COMMANDS {
        let line = format!("help {}", command.name);
        screens.push_str(&format!("supervisor> {line}\n{}", Run::default().line(&line).out));
    }
    assert_eq!(screens, include_str!("help.golden"));
}
