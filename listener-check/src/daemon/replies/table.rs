//! What listeners may say, and what must become of the event: a table. Pure.

use super::super::ops::Op;
use crate::check::Check;

/// One pool with one listener, its misdeed, and what must come of it.
pub(crate) struct Case {
    /// What it proves. Its name is the pool's, too.
    pub(crate) check: Check,
    /// What the listener does with its first event.
    pub(crate) script: Vec<Op>,
    /// What must come of it.
    pub(crate) fate: Fate,
    /// Further lines of the pool's section.
    pub(crate) options: &'static str,
}

/// What becomes of an event and of the listener that had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The event is done, and the next one comes to the same process.
    Accepted,
    /// The event comes again at once to the same process, before any other.
    Rejected,
    /// The listener enters UNKNOWN and is sent nothing until it is restarted.
    Unknown {
        /// The line that the log must call bad, if it must.
        bad_line: Option<&'static str>,
        /// Whether the event comes again after the restart.
        comes_again: bool,
    },
    /// The listener stays BUSY, and the event comes again after its end.
    Busy,
    /// The process ends and another one is started.
    Died {
        /// Whether the event comes again to that.
        comes_again: bool,
    },
    /// Something that has a judgement of its own.
    Own(Own),
}

/// Judgements of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// UNKNOWN comes with the sixth wrong byte, not before.
    SixthByte,
    /// The next event meets a closed pipe and is kept.
    ClosedInput,
    /// One event is sent to a listener whose output is closed, no more.
    ClosedOutput,
    /// READY is remembered, and no event sent, until the process is RUNNING.
    NotBeforeRunning,
    /// A payload of 300 kB arrives whole.
    LargePayload,
    /// The log tells of a good event's course in order.
    LogOrder,
    /// The log of its output holds what it wrote.
    RawLog,
    /// All events of all pools are exact to the byte.
    Envelopes,
}

/// The gate that restarts listeners: they end behind it.
pub(crate) const RESTART: &str = "restart";

/// The gate for the sixth byte.
pub(crate) const SIXTH: &str = "sixth";

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    use Fate::{Accepted, Busy, Rejected};
    let mut cases = vec![
        case(
            "answer-and-ready",
            "takes a result and READY in one write",
            &["ev_p02"],
            say("RESULT 2\nOKREADY\n"),
            Accepted,
        ),
        case(
            "answer-then-ready",
            "takes a result and READY in writes of their own",
            &["ev_p02"],
            vec![write("RESULT 2\n"), write("OK"), write("READY\n")],
            Accepted,
        ),
        case(
            "single-bytes",
            "takes a result and READY byte by byte",
            &["ev_p03"],
            vec![Op::Bytewise("RESULT 2\nOKREADY\n".into())],
            Accepted,
        ),
        case(
            "sixth-byte",
            "decides at the sixth byte where READY is due, not before",
            &["ev_p04"],
            then_restart([write("RESULT 2\nOK"), write("READX"), gate(SIXTH), write("Y")]),
            Fate::Own(Own::SixthByte),
        ),
        done_then_unknown(
            "byte-in-ready",
            "takes any byte in READY for a violation",
            &["ev_p05"],
            "RESULT 2\nOKREADY\nx",
        ),
        done_then_unknown(
            "ready-twice",
            "takes a second READY for a violation",
            &["ev_p06"],
            "RESULT 2\nOKREADY\nREADY\n",
        ),
        done_then_unknown(
            "ready-cr",
            "takes READY with a carriage return for a violation",
            &["ev_p06"],
            "RESULT 2\nOKREADY\r\n",
        ),
        done_then_unknown(
            "newline-after-ok",
            "takes a newline after OK for a violation, the event being done",
            &["ev_p07"],
            "RESULT 2\nOK\nREADY\n",
        ),
        case(
            "unchecked-word",
            "does not check the first seven bytes of a result",
            &["ev_p08"],
            say("xxxxxxx2\nOKREADY\n"),
            Accepted,
        ),
    ];
    cases.extend(lengths());
    cases.extend([
        not_a_result(
            "ready-while-busy",
            "takes READY instead of a result for a bad line",
            &["ev_p11"],
            "READY\n",
            "READY",
        ),
        case(
            "fail",
            "sends a failed event again, first and with its numbers",
            &["ev_p12"],
            say("RESULT 4\nFAILREADY\n"),
            Rejected,
        ),
        case(
            "ok-with-newline",
            "takes a body OK with a newline for a failure",
            &["ev_p12"],
            say("RESULT 3\nOK\nREADY\n"),
            Rejected,
        ),
        case("empty-result", "takes an empty result for a failure", &["ev_p13"], say("RESULT 0\nREADY\n"), Rejected),
        not_a_result(
            "negative-length",
            "takes a negative length for a bad line",
            &["ev_p14"],
            "RESULT -1\nx",
            "RESULT -1",
        ),
        case(
            "result-200kb",
            "takes a result of 200 kB",
            &["ev_p15"],
            vec![write("RESULT 200000\n"), Op::Fill(200_000), write("READY\n")],
            Rejected,
        ),
        case(
            "payload-300kb",
            "sends a payload of 300 kB",
            &["ev_p15"],
            say("RESULT 2\nOKREADY\n"),
            Fate::Own(Own::LargePayload),
        ),
        case(
            "unknown-is-deaf",
            "ignores what a listener in UNKNOWN says, and forgets it at a restart",
            &["ev_p16"],
            then_restart([write("OK\n"), write("READY\n"), write("RESULT 2\nOKREADY\n")]),
            Fate::Unknown { bad_line: Some("OK"), comes_again: true },
        ),
        case("death-while-busy", "keeps the event of a listener that dies", &["ev_p17"], vec![Op::Exit], died(true)),
        case(
            "death-after-ok",
            "counts an OK written just before death",
            &["ev_p18"],
            vec![write("RESULT 2\nOK"), Op::Exit],
            died(false),
        ),
        case(
            "death-in-result",
            "does not count half a result",
            &["ev_p19"],
            vec![write("RESULT 2\nO"), Op::Exit],
            died(true),
        ),
        case(
            "closed-input",
            "keeps an event that meets a closed pipe",
            &["ev_p20"],
            then_restart([Op::CloseInput, write("RESULT 2\nOKREADY\n")]),
            Fate::Own(Own::ClosedInput),
        ),
        case(
            "closed-output-busy",
            "lets a listener without output be BUSY until it ends",
            &["ev_p22"],
            then_restart([Op::CloseOutput]),
            Busy,
        ),
        case(
            "log-order",
            "logs the course of an event in the order that people know",
            &["ev_p23"],
            say("RESULT 2\nOKREADY\n"),
            Fate::Own(Own::LogOrder),
        ),
        Case {
            options: "stdout_logfile={dir}/raw-log.out\nstdout_logfile_maxbytes=0\n",
            ..case(
                "raw-log",
                "logs the output of a listener as it was written",
                &["ev_p24"],
                vec![write("RESULT 2\n"), write("OKREADY\n")],
                Fate::Own(Own::RawLog),
            )
        },
        case(
            "length-of-20-digits",
            "waits for a length beyond 64 bits",
            &["ev_p28"],
            then_restart([write("RESULT 99999999999999999999\nOKREADY\n")]),
            Busy,
        ),
        case(
            "answer-while-stopping",
            "counts a result written after SIGTERM",
            &["ev_p29"],
            vec![Op::AwaitTerm, write("RESULT 2\nOK"), Op::Exit],
            died(false),
        ),
        case(
            "closed-output-ready",
            "sends one event to a ready listener without output, no more",
            &["ev_p30"],
            vec![write("RESULT 2\nOKREADY\n"), Op::CloseOutput, Op::Listen(RESTART.into()), Op::Exit],
            Fate::Own(Own::ClosedOutput),
        ),
        Case {
            options: "strip_ansi=true\n",
            // Stripped, the body would be OK, and its length wrong.
            ..case(
                "strip-ansi",
                "parses what was written, not what strip_ansi leaves",
                &["ev_p31"],
                say("RESULT 6\n\u{1b}[1mOKREADY\n"),
                Rejected,
            )
        },
        Case {
            options: "startsecs=2\n",
            ..case(
                "not-before-running",
                "remembers a READY, and sends nothing until the process is RUNNING",
                &["ev_p01"],
                say("RESULT 2\nOKREADY\n"),
                Fate::Own(Own::NotBeforeRunning),
            )
        },
        case(
            "envelopes",
            "writes every event exact to the byte",
            &["ev_e03", "ev_e07"],
            say("RESULT 2\nOKREADY\n"),
            Fate::Own(Own::Envelopes),
        ),
    ]);
    cases
}

/// Results whose length is spelled in odd ways.
fn lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, line) in [
        ("length-cr", "RESULT 2\r"),
        ("length-plus", "RESULT +2"),
        ("length-zeros", "RESULT 002"),
        ("length-underscore", "RESULT 0_2"),
        ("length-blanks", "RESULT  \t2 "),
    ] {
        let proves = format!("takes {line:?} for a good result line");
        cases.push(case(name, proves, &["ev_p09"], say(&format!("{line}\nOKREADY\n")), Fate::Accepted));
    }
    for (name, line) in [
        ("length-hex", "RESULT 0x2"),
        ("length-two-underscores", "RESULT 1__2"),
        ("length-empty", "RESULT "),
        ("length-letters", "RESULT two"),
        ("length-without-blank", "RESULT2"),
    ] {
        let proves = format!("takes {line:?} for a bad result line, and keeps the event");
        cases.push(not_a_result(name, proves, &["ev_p09", "ev_p10", "ev_p32"], &format!("{line}\nOK"), line));
    }
    cases
}

fn case(name: &str, proves: impl Into<String>, contract: &'static [&'static str], script: Vec<Op>, fate: Fate) -> Case {
    Case { check: Check::new(name, proves, contract), script, fate, options: "" }
}

fn done_then_unknown(name: &str, proves: &str, contract: &'static [&'static str], text: &str) -> Case {
    case(name, proves, contract, then_restart([write(text)]), Fate::Unknown { bad_line: None, comes_again: false })
}

fn not_a_result(
    name: &str,
    proves: impl Into<String>,
    contract: &'static [&'static str],
    text: &str,
    line: &'static str,
) -> Case {
    let fate = Fate::Unknown { bad_line: Some(line), comes_again: true };
    case(name, proves, contract, then_restart([write(text)]), fate)
}

fn died(comes_again: bool) -> Fate {
    Fate::Died { comes_again }
}

fn write(text: &str) -> Op {
    Op::Write(text.to_owned())
}

fn gate(name: &str) -> Op {
    Op::Gate(name.to_owned())
}

fn say(text: &str) -> Vec<Op> {
    vec![write(text)]
}

/// These operations, then a wait for the restart.
fn then_restart<const N: usize>(ops: [Op; N]) -> Vec<Op> {
    ops.into_iter().chain([Op::Note("done".to_owned()), gate(RESTART), Op::Exit]).collect()
}
