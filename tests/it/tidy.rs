//! The lists themselves: each id has a test or waits for one, and no test invents an id.

use std::collections::BTreeMap;

use supervisor_tests::ids::{self, Word};

#[test]
fn tidy_each_id_has_one_test_or_is_pending() {
    let all: BTreeMap<String, Word> = ids::all().into_iter().map(|id| (id.id, id.word)).collect();
    let (tests, pending) = (ids::tests(), ids::pending());
    assert_eq!(all.len(), 473, "the contract has 473 lines");
    for (id, names) in &tests {
        assert!(all.contains_key(id), "{names:?} name an id that does not exist");
        // Where the original differs in several ways, each is seen to fail there by a test of its own.
        let may_have_parts = all.get(id).is_some_and(|word| *word != Word::Same);
        assert!(names.len() == 1 || may_have_parts, "{id} has several tests: {names:?}");
        assert!(!pending.contains(id), "{id} has a test and is pending: run `ids pending`");
    }
    for id in all.keys() {
        assert!(tests.contains_key(id) || pending.contains(id), "{id} has no test and is not pending");
    }
    for id in &pending {
        assert!(all.contains_key(id), "{id} is pending and does not exist");
    }
}
