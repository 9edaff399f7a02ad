//! Series RR: ticks, and what a reread sees and changes.

use supervisor_tests::{Daemon, Setup};

fn idle(name: &str, options: &str) -> String {
    format!("[program:{name}]\ncommand=/bin/cat\nautostart=false\n{options}\n")
}

#[test]
fn cfg_rr01_ticks() {
    let daemon = Setup::new().recorder("rec", "events=TICK").start();
    let event = daemon.wait_brief("rec", "TICK_5");
    let when: u64 = event.payload.strip_prefix("when:").unwrap().parse().unwrap();
    assert_eq!(when % 5, 0);
}

#[test]
fn cfg_rr03_added_changed_removed() {
    let base = [idle("a", ""), idle("b", ""), idle("c", "")].concat();
    let daemon = Setup::new().with(&base).with("[group:g]\nprograms=b,c").start();
    let cases = [
        ([idle("a", ""), idle("b", ""), idle("c", ""), "[group:g]\nprograms=b,c".to_owned()].concat(), "//"),
        ([idle("a", ""), idle("b", ""), idle("c", ""), "[group:g]\nprograms=c,b".to_owned()].concat(), "/g/"),
        ([idle("a", "priority=3"), idle("b", ""), idle("c", "")].concat(), "b c/a/g"),
        (idle("d", ""), "d//a g"),
        (
            [
                idle("b", ""),
                idle("c", ""),
                "[group:g]\nprograms=b,c\n[eventlistener:a]\ncommand=/bin/cat\nautostart=false\nevents=EVENT"
                    .to_owned(),
            ]
            .concat(),
            "/a/",
        ),
    ];
    for (sections, wanted) in cases {
        daemon.rewrite(&sections);
        assert_eq!(daemon.reread(), wanted, "{sections}");
    }
}

#[test]
fn cfg_rr04_automatic_logs_are_no_change() {
    let daemon = Setup::new().with(&idle("a", "")).start();
    assert_eq!((daemon.reread(), daemon.reread()), ("//".to_owned(), "//".to_owned()));
}

#[test]
fn cfg_rr05_the_environment_of_all() {
    let both = [idle("a", ""), idle("b", "")].concat();
    let daemon = Setup::new().with(&both).start();
    daemon.rewrite(&format!("{both}[supervisord]\nenvironment=A=1\n"));
    assert_eq!(daemon.reread(), "/a b/");
}

#[test]
fn cfg_rr06_a_broken_file_changes_nothing() {
    let daemon = Setup::new().with(&idle("a", "")).start();
    daemon.rewrite("[program:a]\nautostart=maybe\ncommand=x");
    let text = daemon.fault("reloadConfig", &[]);
    assert!(text.starts_with("92 CANT_REREAD: not a valid boolean value: 'maybe' in section 'program:a'"), "{text}");
    assert_eq!(daemon.ok("getAllConfigInfo", &[]).array()[0].get("command").str(), "/bin/cat");
    daemon.rewrite(&idle("a", ""));
    assert_eq!(daemon.reread(), "//");
}

#[test]
fn cfg_rr07_the_identifier_acts_at_once() {
    let daemon = Setup::new().start();
    daemon.rewrite("[supervisord]\nidentifier=renamed\n");
    assert_eq!(daemon.reread(), "//");
    assert_eq!(daemon.ok("getIdentification", &[]).str(), "renamed");
}

fn states(daemon: &Daemon) -> Vec<String> {
    let infos = daemon.ok("getAllProcessInfo", &[]);
    infos.array().iter().map(|info| format!("{} {}", info.get("name").str(), info.get("statename").str())).collect()
}

#[test]
fn cfg_rr08_add_and_remove() {
    let daemon = Setup::new().with("[program:a]\ncommand=/bin/cat\nstartsecs=0").start();
    daemon.wait_state("a", "RUNNING");
    assert_eq!(daemon.fault("removeProcessGroup", &["a".into()]), "91 STILL_RUNNING: a");
    daemon.rewrite("[program:b]\ncommand=/bin/cat\nstartsecs=0");
    assert_eq!(daemon.reread(), "b//a");
    assert_eq!(states(&daemon), ["a RUNNING"]);
    daemon.ok("addProcessGroup", &["b".into()]);
    daemon.wait_state("b", "RUNNING");
    daemon.stop_process("a");
    daemon.ok("removeProcessGroup", &["a".into()]);
    assert_eq!(states(&daemon), ["b RUNNING"]);
    assert_eq!(daemon.reread(), "//");
}

#[test]
fn cfg_rr09_reordered_events_are_no_change() {
    let pool = |events: &str| format!("[eventlistener:l]\ncommand=/bin/cat\nautostart=false\nevents={events}\n");
    let daemon = Setup::new().with(&pool("PROCESS_STATE,TICK_5")).start();
    daemon.rewrite(&pool("TICK_5,PROCESS_STATE"));
    let told = daemon.reread();
    // The original compares the lists of two sets of classes, whose order depends on where these lie in memory.
    assert!(told == "//" || daemon.subject().is_original() && told == "/l/", "{told}");
}
