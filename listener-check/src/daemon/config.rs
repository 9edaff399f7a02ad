//! Scene: configurations that must be refused, with the text that people search for (`ev_l01`). No daemon stays up.

use std::fs;
use std::process::{Child, Stdio};

use super::Findings;
use super::stage::{Setting, failed};
use crate::check::Check;
use crate::clock::wait_until;

/// A faulty pool.
struct Case {
    name: &'static str,
    fault: &'static str,
    contract: &'static [&'static str],
    /// The section `[eventlistener:x]` after its command, and perhaps further sections.
    section: &'static str,
    /// The text of the error; `{file}` stands for the configuration's path.
    error: &'static str,
}

const fn case(name: &'static str, fault: &'static str, section: &'static str, error: &'static str) -> Case {
    Case { name, fault, contract: &["ev_l01"], section, error }
}

const CASES: &[Case] = &[
    case("config-no-events", "no events", "", "[eventlistener:x] section requires an \"events\" line"),
    case(
        "config-unknown-event",
        "an unknown event",
        "events=bogus_event",
        "Unknown event type BOGUS_EVENT in [eventlistener:x] events",
    ),
    case(
        "config-trailing-comma",
        "an event without a name",
        "events=TICK_5,",
        "Unknown event type  in [eventlistener:x] events",
    ),
    case(
        "config-no-commas",
        "events without commas",
        "events=TICK_5 TICK_60",
        "Unknown event type TICK_5 TICK_60 in [eventlistener:x] events",
    ),
    case(
        "config-buffer-0",
        "a buffer of nothing",
        "events=TICK_5\nbuffer_size=0",
        "[eventlistener:x] section sets invalid buffer_size (0)",
    ),
    case(
        "config-buffer-word",
        "a buffer size that is no number",
        "events=TICK_5\nbuffer_size=abc",
        "invalid literal for int() with base 10: 'abc'",
    ),
    case(
        "config-redirect",
        "redirect_stderr",
        "events=TICK_5\nredirect_stderr=true",
        "[eventlistener:x] section sets redirect_stderr=true but this is not allowed because it will interfere with the \
         eventlistener protocol",
    ),
    case(
        "config-redirect-word",
        "a boolean that is none",
        "events=TICK_5\nredirect_stderr=maybe",
        "not a valid boolean value: 'maybe'",
    ),
    Case {
        contract: &["ev_l01", "ev_p27"],
        ..case(
            "config-handler",
            "a result handler that cannot be found",
            "events=TICK_5\nresult_handler=nosuchmod:foo",
            "nosuchmod:foo cannot be resolved within [eventlistener:x]",
        )
    },
    case(
        "config-numprocs",
        "several processes of one name",
        "events=TICK_5\nnumprocs=2",
        "%(process_num) must be present within process_name when numprocs > 1 in section 'eventlistener:x' (file: '{file}')",
    ),
    case(
        "config-order",
        "two faults, of which the first in the order of checks is named",
        "buffer_size=0\nredirect_stderr=true",
        "[eventlistener:x] section sets invalid buffer_size (0)",
    ),
    Case {
        contract: &["ev_l17"],
        ..case(
            "config-group",
            "a pool within a group",
            "events=TICK_5\n[group:g]\nprograms=x",
            "[group:g] names unknown program or fcgi-program x",
        )
    },
];

/// The checks of this scene.
pub(crate) fn checks() -> Vec<Check> {
    let check = |case: &Case| Check::new(case.name, format!("refuses {}", case.fault), case.contract);
    CASES.iter().map(check).collect()
}

/// Plays it.
pub(crate) fn play(setting: &Setting, findings: &mut Findings) -> Result<(), String> {
    for case in CASES {
        findings.push((case.name.to_owned(), refuses(setting, case)));
    }
    Ok(())
}

fn refuses(setting: &Setting, case: &Case) -> Result<(), String> {
    let dir = tempfile::Builder::new().prefix("listener-check-").tempdir().map_err(failed("make a directory"))?;
    let path = dir.path().display();
    let file = dir.path().join("supervisord.conf");
    let text = format!(
        "[supervisord]\nlogfile={path}/log\npidfile={path}/pid\nchildlogdir={path}\n\
         [eventlistener:x]\ncommand=/bin/false\nautostart=false\n{}\n",
        case.section
    );
    fs::write(&file, text).map_err(failed("write a configuration"))?;
    let console = dir.path().join("console");
    let output = fs::File::create(&console).map_err(failed("make a file"))?;
    let mut daemon =
        setting.daemon(&file).stdout(Stdio::null()).stderr(output).spawn().map_err(failed("start the daemon"))?;
    let status = ended(&mut daemon, setting)?;
    let errors = fs::read(&console).map_err(failed("read a file"))?;
    let errors = String::from_utf8_lossy(&errors).into_owned();
    let expected = format!("Error: {}\n", case.error.replace("{file}", &file.display().to_string()));
    if !errors.starts_with(&expected) {
        let first = errors.lines().next().unwrap_or("nothing");
        return Err(format!("it said {first:?} instead of {:?}", expected.trim_end()));
    }
    if status != Some(2) { Err(format!("it ended with status {status:?} instead of 2")) } else { Ok(()) }
}

/// The exit status of a daemon that should end at once.
fn ended(daemon: &mut Child, setting: &Setting) -> Result<Option<i32>, String> {
    let mut status = None;
    wait_until(setting.patience, || {
        status = daemon.try_wait().ok().flatten();
        status.is_some()
    });
    if status.is_none() {
        daemon.kill().and_then(|()| daemon.wait()).map_err(failed("stop the daemon"))?;
        return Err("the daemon accepted it and stayed".to_owned());
    }
    Ok(status.and_then(|status| status.code()))
}
