//! What must be seen for each fate, in transcript and log. Pure.

use super::super::log::{Log, unknown_line};
use super::super::transcript::{Event, Transcript};
use super::table::{Case, Fate, Own};
use super::{LARGE, MARK};

/// All that is known of a pool when the scene is over.
pub(crate) struct Evidence<'a> {
    /// What its listeners saw.
    pub(crate) transcript: &'a Transcript,
    /// The daemon's log.
    pub(crate) log: &'a Log,
    /// The log of its listener's output, where the case asked for one.
    pub(crate) output: &'a str,
    /// The transcripts of all pools, by name.
    pub(crate) all: &'a [(String, Transcript)],
}

/// Whether the case came out as it must.
///
/// # Errors
/// The reason, in words.
pub(crate) fn judge(case: &Case, evidence: &Evidence<'_>) -> Result<(), String> {
    let pool = case.check.name.as_str();
    let Evidence { transcript, log, .. } = evidence;
    let unknown = log.position(&unknown_line(pool));
    let deliveries = transcript.remotes(pool);
    let first = *deliveries.first().ok_or("its listener never got the event")?;
    match &case.fate {
        Fate::Accepted => {
            unknown.map_or(Ok(()), |_| Err("the listener entered UNKNOWN".to_owned()))?;
            once(&deliveries)?;
            continues(transcript, first.0, true)
        }
        Fate::Rejected => {
            unknown.map_or(Ok(()), |_| Err("the listener entered UNKNOWN".to_owned()))?;
            require(log.has(&format!("WARN {pool}: event was rejected")), "the log has no line `event was rejected`")?;
            again(&deliveries, true)?;
            adjacent(transcript, pool)?;
            continues(transcript, first.0, true)
        }
        Fate::Unknown { bad_line, comes_again } => {
            let unknown = unknown.ok_or("the log does not say that it entered UNKNOWN")?;
            if let Some(line) = bad_line {
                log.has_in_order(&[
                    format!("WARN {pool}: bad result line: '{line}'"),
                    format!("DEBG {pool}: BUSY -> UNKNOWN"),
                    unknown_line(pool),
                    rebuffering(log, first.1, pool)?,
                ])?;
            }
            silence(log, pool, unknown)?;
            fate_of_event(&deliveries, transcript, pool, *comes_again)?;
            continues(transcript, first.0, false)
        }
        Fate::Busy => {
            unknown.map_or(Ok(()), |_| Err("the listener entered UNKNOWN".to_owned()))?;
            again(&deliveries, false)?;
            adjacent(transcript, pool)?;
            continues(transcript, first.0, false)
        }
        Fate::Died { comes_again } => {
            unknown.map_or(Ok(()), |_| Err("the listener entered UNKNOWN".to_owned()))?;
            fate_of_event(&deliveries, transcript, pool, *comes_again)?;
            continues(transcript, first.0, false)
        }
        Fate::Own(own) => judge_own(*own, pool, first, evidence),
    }
}

fn judge_own(own: Own, pool: &str, (pid, event): (u32, &Event), evidence: &Evidence<'_>) -> Result<(), String> {
    let Evidence { transcript, log, output, all } = evidence;
    match own {
        Own::SixthByte => {
            let unknown = log.position(&unknown_line(pool)).ok_or("the log does not say that it entered UNKNOWN")?;
            let said = format!("DEBG '{pool}' stdout output:");
            let last = log.all(|line| line == said).into_iter().map(|(at, _)| at).rfind(|at| *at < unknown);
            let wrote_sixth = last.is_some_and(|at| log.position_after(at, "b'Y'") == Some(at + 1));
            require(wrote_sixth, "it entered UNKNOWN before the sixth byte")?;
            continues(transcript, pid, false)
        }
        Own::ClosedInput => {
            let is_logged = log.find(|line| {
                line.starts_with("DEBG epipe occurred while sending event ")
                    && line.ends_with(&format!(" to listener {pool}, listener state unchanged"))
            });
            require(is_logged.is_some(), "the log has no line `epipe occurred while sending event`")?;
            continues(transcript, pid, false)
        }
        Own::ClosedOutput => {
            let to_first: Vec<_> = transcript.events().filter(|(to, _)| *to == pid).map(|(_, event)| event).collect();
            let [.., before, held] = to_first[..] else { return Err("it was sent no event after its answer".into()) };
            require(*before == *event, "it was sent more than one event after its output was closed")?;
            let next = transcript.events().find(|(to, _)| *to != pid).map(|(_, event)| event);
            require(next.is_some_and(|next| same(next, held)), "after the restart that event did not come again first")
        }
        Own::NotBeforeRunning => {
            let success = "entered RUNNING state, process has stayed up for > than 2 seconds (startsecs)";
            let running = log.position(&format!("INFO success: {pool} {success}")).ok_or("it never became RUNNING")?;
            let ready = log.position(&format!("DEBG {pool}: ACKNOWLEDGED -> READY")).ok_or("it was never READY")?;
            require(ready < running, "its READY was not noticed before it was RUNNING")?;
            require(
                log.sent_to(pool).iter().all(|sent| *sent > running),
                "it was sent an event before it was RUNNING",
            )?;
            continues(transcript, pid, true)
        }
        Own::LargePayload => {
            let large = transcript.remotes(LARGE.0);
            let (_, large) = large.first().ok_or("the large event did not arrive")?;
            let expected = "type:\n".len() + LARGE.0.len() + LARGE.1;
            require(large.len == expected && large.is_exact, "the large event is not what was sent")
        }
        Own::LogOrder => log.has_in_order(&[
            format!("DEBG {pool}: ACKNOWLEDGED -> READY"),
            format!("DEBG event {} sent to listener {pool}", event.serial),
            format!("DEBG '{pool}' stdout output:"),
            format!("DEBG {pool}: event was processed"),
            format!("DEBG {pool}: BUSY -> ACKNOWLEDGED"),
            format!("DEBG {pool}: ACKNOWLEDGED -> READY"),
        ]),
        Own::RawLog => {
            let expected = "READY\nRESULT 2\nOKREADY\n";
            require(
                output.starts_with(expected),
                &format!("its log begins with {:?}", output.get(..30).unwrap_or(output)),
            )
        }
        Own::Envelopes => {
            for (pool, transcript) in *all {
                if let Some((_, event)) = transcript.events().find(|(_, event)| !event.is_exact) {
                    return Err(format!("{} with poolserial {} for {pool} is not exact", event.name, event.poolserial));
                }
            }
            Ok(())
        }
    }
}

fn require(holds: bool, reason: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason.to_owned()) }
}

/// Whether two deliveries are of one event.
fn same(one: &Event, other: &Event) -> bool {
    (one.serial, one.poolserial) == (other.serial, other.poolserial)
}

fn once(deliveries: &[(u32, &Event)]) -> Result<(), String> {
    require(deliveries.len() == 1, "the event was sent again although it was done")
}

/// Twice, with the same numbers, to the same process or to another.
fn again(deliveries: &[(u32, &Event)], same_process: bool) -> Result<(), String> {
    let [(one_pid, one), (other_pid, other)] = deliveries else {
        return Err(if deliveries.len() < 2 {
            "the event did not come again"
        } else {
            "the event came more than twice"
        }
        .to_owned());
    };
    require(same(one, other), "the event came again with other serials")?;
    require((one_pid == other_pid) == same_process, "the event came again to the wrong process")
}

/// No other event came between the two deliveries.
fn adjacent(transcript: &Transcript, pool: &str) -> Result<(), String> {
    let at: Vec<usize> =
        transcript.events().enumerate().filter(|(_, (_, event))| event.is_remote(pool)).map(|(at, _)| at).collect();
    require(matches!(at[..], [one, other] if other == one + 1), "the event did not come again before all others")
}

fn fate_of_event(
    deliveries: &[(u32, &Event)],
    transcript: &Transcript,
    pool: &str,
    comes_again: bool,
) -> Result<(), String> {
    if comes_again {
        again(deliveries, false)?;
        adjacent(transcript, pool)
    } else {
        once(deliveries)
    }
}

/// The next events come, to the same process or to another, and none is missing.
fn continues(transcript: &Transcript, pid: u32, same_process: bool) -> Result<(), String> {
    let mut numbers: Vec<u64> = transcript.events().map(|(_, event)| event.poolserial).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let lost = (0..).zip(&numbers).find(|(expected, found)| expected != *found);
    lost.map_or(Ok(()), |(poolserial, _)| Err(format!("the event with poolserial {poolserial} was lost")))?;
    let marks = transcript.remotes(MARK);
    let (to, _) = marks.first().ok_or("no further event came")?;
    require((*to == pid) == same_process, if same_process { "it was restarted" } else { "it was not restarted" })
}

/// The line about an event that goes back to its pool. How full the buffer was is of no interest here.
fn rebuffering(log: &Log, event: &Event, pool: &str) -> Result<String, String> {
    let start = format!("DEBG rebuffering event {} for pool {pool} (buf size=", event.serial);
    let found = log.all(|line| line.starts_with(&start));
    found.last().map(|(_, line)| (*line).to_owned()).ok_or_else(|| "the log has no line `rebuffering event`".to_owned())
}

/// Nothing was sent to a listener from UNKNOWN on until its process was started again.
fn silence(log: &Log, pool: &str, unknown: usize) -> Result<(), String> {
    let spawned = format!("INFO spawned: '{pool}' with pid ");
    let spawns = log.all(|line| line.starts_with(&spawned));
    let (restart, _) = spawns.into_iter().find(|(at, _)| *at > unknown).ok_or("it was not restarted")?;
    let is_silent = log.sent_to(pool).iter().all(|sent| !(unknown..restart).contains(sent));
    require(is_silent, "it was sent an event in UNKNOWN")
}
