//! Plays something that is refused on one set of programs.

use super::mask::mask;
use super::play::listing;
use super::refused::Refused;
use super::{Aspects, Seen};
use crate::run::run;
use crate::{Setup, Subject};

/// Behind every configuration: whatever was accepted by mistake ends here.
const STOPPER: &str = "\n[unix_http_server:zz]\nfile={dir}/no/such/directory/zz.sock\n";

/// What the stopper makes either side say.
const STOPPED: &str = "socket.error reported errno.ENOENT (2)";

const BASE: &str = "[supervisord]\nlogfile={dir}/supervisord.log\npidfile={dir}/supervisord.pid\nchildlogdir={dir}\n\
    [unix_http_server]\nfile={dir}/s.sock\n[rpcinterface:supervisor]\n\
    supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
    [supervisorctl]\nserverurl=unix://{dir}/s.sock\n";

/// Whether it was not the case itself that was refused. Such a case shows nothing.
pub fn is_accepted(seen: &Seen) -> bool {
    seen.aspects.values().any(|text| text.contains(STOPPED))
}

/// What is seen of a refusal.
pub fn play(case: &Refused, subject: &Subject) -> Seen {
    let mut setup = Setup::new().subject(subject);
    for (path, text) in &case.files {
        setup = setup.write(path, text);
    }
    let fill = |text: &str| setup.fill(text).into_bytes();
    let own = String::from_utf8(case.text.clone()).map_or_else(|error| error.into_bytes(), |text| fill(&text));
    let text = if case.whole { own } else { [fill(BASE), own, fill(STOPPER)].concat() };
    std::fs::write(setup.path("supervisord.conf"), text).unwrap();
    let ran = match &case.command {
        Some(words) => {
            let mut command = setup.command(&words[0]);
            command.args(words[1..].iter().map(|word| setup.fill(word)));
            run(command, "", &setup.path(""))
        }
        None => setup.run_with(&["-n", "-c", "{dir}/supervisord.conf"]),
    };
    let mut aspects = Aspects::new();
    aspects.insert("code".to_owned(), format!("{}\n", ran.code));
    // Whoever runs the test need not be root.
    let rootless = |line: &&str| !line.contains(" CRIT Supervisor is running as root.");
    let out: String = mask(&setup, &ran.out).lines().filter(rootless).map(|line| format!("{line}\n")).collect();
    aspects.insert("stdout".to_owned(), out);
    aspects.insert("stderr".to_owned(), mask(&setup, &ran.err));
    aspects.insert("files".to_owned(), listing(&setup));
    Seen { aspects, ..Seen::default() }
}
