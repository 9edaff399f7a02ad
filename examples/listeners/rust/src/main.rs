//! An event listener by the SDK: counts how often each process was started again, and says on stderr, which is its
//! log, when one keeps coming back.
//!
//! ```ini
//! [eventlistener:count-restarts]
//! command=/usr/local/bin/count-restarts 5
//! events=PROCESS_STATE_STARTING
//! ```

use std::collections::HashMap;
use std::io::{Write, stderr};

use supervisor_sdk::{Delivery, Event, ListenerError, ProcessRef, ProcessState, StateChange};

/// From how many restarts on each further one is worth a line, unless the first argument says otherwise.
const TOO_MANY: u32 = 5;

fn main() -> Result<(), ListenerError> {
    let limit = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(TOO_MANY);
    let mut restarts: HashMap<ProcessRef, u32> = HashMap::new();
    let mut last = None;
    supervisor_sdk::run(|delivery: &Delivery| {
        // An event may come twice: after the work, before the answer is a moment to die in.
        if last.replace(delivery.header.poolserial) == Some(delivery.header.poolserial) {
            return Ok(());
        }
        let Ok(Event::ProcessState { process, from, change: StateChange::Starting { .. } }) = &delivery.event else {
            return Ok(());
        };
        if !matches!(from, ProcessState::Exited | ProcessState::Backoff) {
            // Somebody asked for this start.
            restarts.remove(process);
            return Ok(());
        }
        let count = restarts.entry(process.clone()).or_default();
        *count += 1;
        if *count < limit {
            return Ok(());
        }
        writeln!(stderr(), "{}:{} was started again, {count} times so far", process.group, process.process)
    })
}
