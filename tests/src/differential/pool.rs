//! Many cases at once: they wait, they do not compute.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many cases are played at the same time.
pub const AT_ONCE: usize = 12;

/// The results of `play` for each case, in the order of the cases; a panic is its message.
pub fn each<C: Sync, R: Send>(cases: &[C], at_once: usize, play: impl Fn(&C) -> R + Sync) -> Vec<Result<R, String>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(cases.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { break };
                    let result = catch_unwind(AssertUnwindSafe(|| play(case))).map_err(|panic| message(&*panic));
                    results.lock().unwrap().push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Both sides at the same time.
pub fn both<R: Send>(one: impl FnOnce() -> R + Send, two: impl FnOnce() -> R + Send) -> (R, R) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let two = two();
        let one = one.join().unwrap_or_else(|panic| panic!("the original: {}", message(&*panic)));
        (one, two)
    })
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "a panic".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order_and_a_panic_is_one() {
        let results = each(&[1, 2, 3], 2, |number| {
            assert!(*number != 2, "no two");
            number * 10
        });
        assert_eq!(results, [Ok(10), Err("no two".to_owned()), Ok(30)]);
    }
}
