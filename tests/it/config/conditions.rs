//! What some tests need of the machine, or of the set under test.

use std::path::Path;

use supervisor_tests::{Setup, Subject};

/// Whether the set under test is ours. Where a line of the contract is decided differently from the original although
/// its id is not marked so, the id's test stays within what both do, and a test named `ours_…` adds the rest.
pub(super) fn is_ours() -> bool {
    !Subject::under_test().is_original()
}

/// Whether the test is run by root; if not, the part that needs root is skipped, loudly, and an error where `CI=true`.
pub(super) fn can_be_root(what: &str) -> bool {
    let root = nix::unistd::Uid::current().is_root();
    if !root {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must run as root: {what}");
        eprintln!("SKIPPED: {what} needs root");
    }
    root
}

/// Lets everybody use a directory and its files, as a daemon needs that gives up root.
pub(super) fn open_to_all(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o777)).unwrap();
}

/// A pair of words for [`supervisor_tests::Setup::through`] that make supervisord start as the user nobody, who may yet
/// read every file.
pub(super) const AS_NOBODY: &[&str] = &[
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
];

/// Root passes every permission, unless it has given that up.
pub(super) fn bound_by_permissions(setup: Setup) -> Setup {
    if !nix::unistd::Uid::current().is_root() {
        return setup;
    }
    let caps = "-dac_override,-dac_read_search";
    setup.through(&["setpriv", &format!("--bounding-set={caps}"), &format!("--inh-caps={caps}")])
}
