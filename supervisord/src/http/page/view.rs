//! The documents themselves. Pure: values in, markup out; everything that is not ours is escaped.
//!
//! The cells are built the way scrapers of upstream's page expect: a state in `td.status > span`, a description in
//! `td > span`, a name in `td > a`, and in `td.action` a list of five links, a missing one hidden.

use maud::{DOCTYPE, Markup, html};
use supervisor_protocol::name::join;
use supervisor_protocol::rpc::ProcessInfo;
use supervisor_protocol::state::ProcessState;

use super::quote;

/// The table of processes, and the message of the action before.
pub(super) fn status(processes: &[ProcessInfo], message: Option<&str>, version: &str) -> Markup {
    page(
        "Supervisor Status",
        html! {
            header #header { img src="images/supervisor.gif" alt="Supervisor status"; h1 { "Supervisor" } }
            main {
                @match message {
                    Some(message) => div class="status_msg" role="status" { (message) },
                    None => div class="hidden" { "#" },
                }
                ul #buttons {
                    li class="action-button" { a href="index.html?action=refresh" { "Refresh" } }
                    li class="action-button" { a href="index.html?action=restartall" { "Restart All" } }
                    li class="action-button" { a href="index.html?action=stopall" { "Stop All" } }
                }
                @if processes.is_empty() {
                    p class="empty" { "No programs to manage" }
                } @else {
                    table {
                        thead { tr {
                            th class="state" { "State" }
                            th class="desc" { "Description" }
                            th class="name" { "Name" }
                            th class="action" { "Action" }
                        } }
                        tbody { @for (index, process) in processes.iter().enumerate() { (row(process, index % 2 == 1)) } }
                    }
                }
            }
            (footer(version))
        },
    )
}

/// What there is to see while the daemon stops or restarts.
pub(super) fn going_down(version: &str) -> Markup {
    page(
        "Supervisor Status",
        html! {
            header #header { img src="images/supervisor.gif" alt="Supervisor status"; h1 { "Supervisor" } }
            main { div class="status_msg" role="status" { "Supervisor is shutting down or restarting" } }
            (footer(version))
        },
    )
}

/// The end of a log.
pub(super) fn tail(process: Option<&str>, limit: u64, text: &str) -> Markup {
    let name = process.unwrap_or("None");
    page(
        &format!("Supervisor tail of process {name}"),
        html! {
            header #header { h1 { (name) } }
            main {
                pre { (text) }
                @if let Some(process) = process {
                    ul #buttons { li class="action-button" {
                        a href={ "tail.html?processname=" (quote(process)) "&limit=" (limit) } { "Refresh" }
                    } }
                }
            }
        },
    )
}

fn page(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link href="stylesheets/supervisor.css" rel="stylesheet" type="text/css";
                link href="images/icon.png" rel="icon" type="image/png";
            }
            body { (body) }
        }
    }
}

fn footer(version: &str) -> Markup {
    html! {
        footer #footer { a href="http://supervisord.org" { "Supervisor" } " " span { (version) } }
    }
}

fn row(process: &ProcessInfo, is_shaded: bool) -> Markup {
    let name = join(&process.group, &process.name);
    let quoted = quote(&name);
    let act = |action: &str| format!("index.html?processname={quoted}&action={action}");
    let (first, second) = match process.state {
        ProcessState::Running => (Some(("Restart", act("restart"))), Some(("Stop", act("stop")))),
        ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal => (Some(("Start", act("start"))), None),
        ProcessState::Starting | ProcessState::Backoff | ProcessState::Stopping | ProcessState::Unknown => (None, None),
    };
    html! {
        tr class=(if is_shaded { "shade" } else { "" }) {
            td class="status" { span class=(state_class(process.state)) { (process.state.name().to_lowercase()) } }
            td { span { (process.description) } }
            td { a href={ "tail.html?processname=" (quoted) } target="_blank" { (name) } }
            td class="action" {
                ul {
                    li { (link(first)) }
                    li { (link(second)) }
                    li { (link(Some(("Clear Log", act("clearlog"))))) }
                    li { a href={ "logtail/" (quoted) } name="Tail -f Stdout" target="_blank" { "Tail -f Stdout" } }
                    li { a href={ "logtail/" (quoted) "/stderr" } name="Tail -f Stderr" target="_blank" { "Tail -f Stderr" } }
                }
            }
        }
    }
}

fn link(action: Option<(&str, String)>) -> Markup {
    match action {
        Some((label, target)) => html! { a href=(target) name=(label) { (label) } },
        None => html! { a class="hidden" href="#" name="#" { "Action" } },
    }
}

fn state_class(state: ProcessState) -> &'static str {
    match state {
        ProcessState::Running => "statusrunning",
        ProcessState::Fatal | ProcessState::Backoff => "statuserror",
        ProcessState::Stopped
        | ProcessState::Starting
        | ProcessState::Stopping
        | ProcessState::Exited
        | ProcessState::Unknown => "statusnominal",
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::http::describe::{process_info, tests::snapshot};

    fn info(group: &str, name: &str, state: ProcessState) -> ProcessInfo {
        process_info(&snapshot(group, name, state), &TimeZone::UTC)
    }

    #[test]
    fn rows_as_scrapers_match_them() {
        let processes = [info("cat", "cat", ProcessState::Running), info("g", "<p>", ProcessState::Stopped)];
        let page = status(&processes, None, "5").into_string();
        for part in [
            r##"<div class="hidden">#</div>"##,
            r#"<tr class=""><td class="status"><span class="statusrunning">running</span></td>"#,
            r#"<td><a href="tail.html?processname=cat" target="_blank">cat</a></td><td class="action"><ul>"#,
            r#"<li><a href="index.html?processname=cat&amp;action=restart" name="Restart">Restart</a></li>"#,
            r#"<li><a href="index.html?processname=cat&amp;action=stop" name="Stop">Stop</a></li>"#,
            r#"<li><a href="index.html?processname=cat&amp;action=clearlog" name="Clear Log">Clear Log</a></li>"#,
            r#"<li><a href="logtail/cat/stderr" name="Tail -f Stderr" target="_blank">Tail -f Stderr</a></li>"#,
            r#"<tr class="shade"><td class="status"><span class="statusnominal">stopped</span></td>"#,
            r#"<td><span>Not started</span></td>"#,
            r#"<td><a href="tail.html?processname=g%3A%3Cp%3E" target="_blank">g:&lt;p&gt;</a></td>"#,
            r##"<li><a class="hidden" href="#" name="#">Action</a></li>"##,
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }

    #[test]
    fn messages_are_text() {
        let page = status(&[], Some("<script>"), "5").into_string();
        assert!(page.contains(r#"<div class="status_msg" role="status">&lt;script&gt;</div>"#));
        assert!(page.contains("No programs to manage"));
        assert!(!page.contains("<table"));
    }

    #[test]
    fn tails() {
        let page = tail(Some("g:p"), 2048, "a < b\n").into_string();
        assert!(page.contains("<title>Supervisor tail of process g:p</title>"));
        assert!(page.contains("<pre>a &lt; b\n</pre>"));
        assert!(page.contains(r#"<a href="tail.html?processname=g%3Ap&amp;limit=2048">Refresh</a>"#));
        let nothing = tail(None, 1024, "No process name found").into_string();
        assert!(nothing.contains("<title>Supervisor tail of process None</title>"));
        assert!(!nothing.contains("Refresh"));
    }

    #[test]
    fn every_state_has_a_row() {
        for state in ProcessState::ALL {
            let row = row(&info("g", "p", *state), false).into_string();
            assert_eq!(row.matches("<li>").count(), 5, "{state}");
        }
    }
}
