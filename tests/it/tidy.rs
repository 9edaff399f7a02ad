//! The lists themselves: each id has one test or waits for one, and no test invents an id.

use std::collections::BTreeSet;

use supervisor_tests::ids;

#[test]
fn tidy_each_id_has_one_test_or_is_pending() {
    let all: BTreeSet<String> = ids::all().into_iter().map(|id| id.id).collect();
    let (tests, pending) = (ids::tests(), ids::pending());
    assert_eq!(all.len(), 473, "the contract has 473 lines");
    for (id, names) in &tests {
        assert!(all.contains(id), "{names:?} name an id that does not exist");
        assert_eq!(names.len(), 1, "{id} has several tests: {names:?}");
        assert!(!pending.contains(id), "{id} has a test and is pending: run `ids pending`");
    }
    for id in &all {
        assert!(tests.contains_key(id) || pending.contains(id), "{id} has no test and is not pending");
    }
    for id in &pending {
        assert!(all.contains(id), "{id} is pending and does not exist");
    }
}
