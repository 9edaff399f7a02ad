//! Users, groups and resource limits.

use std::ffi::CString;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Gid, Uid, User};

/// What becoming another user takes, looked up beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserSwitch {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
}

impl UserSwitch {
    /// How to become the user with this uid; `None` if the process is that user already, in which case neither
    /// uid nor groups are touched.
    ///
    /// # Errors
    /// The text that Supervisor has for it.
    pub(super) fn to(uid: u32) -> Result<Option<Self>, String> {
        let current = Uid::current();
        if current.as_raw() == uid {
            return Ok(None);
        }
        if !current.is_root() {
            return Err("Can't drop privilege as nonroot user".to_owned());
        }
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten().ok_or_else(|| format!("Can't find uid {uid}"))?;
        let name = CString::new(user.name).map_err(|_| format!("Can't find uid {uid}"))?;
        let groups = nix::unistd::getgrouplist(&name, user.gid)
            .map_err(|_| "Could not set groups of effective user".to_owned())?;
        Ok(Some(UserSwitch { uid, gid: user.gid.as_raw(), groups: groups.into_iter().map(Gid::as_raw).collect() }))
    }

    /// Becomes the user: supplementary groups, group, user.
    ///
    /// # Errors
    /// The text that Supervisor has for the step that failed.
    pub(super) fn apply(&self) -> Result<(), &'static str> {
        let groups: Vec<Gid> = self.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
        nix::unistd::setgroups(&groups).map_err(|_| "Could not set groups of effective user")?;
        nix::unistd::setgid(Gid::from_raw(self.gid)).map_err(|_| "Could not set group id of effective user")?;
        nix::unistd::setuid(Uid::from_raw(self.uid)).map_err(|_| "Can't drop privilege as nonroot user")
    }

    /// The same between fork and exec.
    ///
    /// # Safety
    /// To be called only in a freshly forked child.
    pub(super) unsafe fn apply_in_child(&self) -> bool {
        // SAFETY: system calls on prepared memory.
        unsafe {
            libc::setgroups(self.groups.len(), self.groups.as_ptr()) == 0
                && libc::setgid(self.gid) == 0
                && libc::setuid(self.uid) == 0
        }
    }
}

/// A limit that was raised: its name and new soft value.
pub(super) type Raised = (&'static str, u64);

/// A hard limit that stands in the way; the text is the sentence that is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(super) struct TooLow {
    /// The option that asks for more.
    pub(super) option: &'static str,
    text: String,
}

/// Raises the soft limits of descriptors and processes to at least these minima; never lowers one.
///
/// # Errors
/// The first limit that stands in the way.
pub(super) fn raise_limits(minfds: i64, minprocs: i64) -> Result<Vec<Raised>, TooLow> {
    let mut raised = Vec::new();
    for wish in wishes(minfds, minprocs) {
        let hard = if wish.is_beyond_hard() { wish.minimum } else { wish.hard };
        match setrlimit(wish.resource, wish.minimum, hard) {
            Ok(()) => raised.push((wish.name, wish.minimum)),
            Err(_) => return Err(wish.too_low()),
        }
    }
    Ok(raised)
}

/// Whether somebody who may not raise a hard limit could raise the soft ones so far.
///
/// # Errors
/// The first limit that stands in the way.
pub(super) fn foresee_limits(minfds: i64, minprocs: i64) -> Result<(), TooLow> {
    match wishes(minfds, minprocs).find(Wish::is_beyond_hard) {
        Some(wish) => Err(wish.too_low()),
        None => Ok(()),
    }
}

/// A soft limit that is to be raised.
struct Wish {
    resource: Resource,
    name: &'static str,
    minimum: u64,
    hard: u64,
    what: &'static str,
    option: &'static str,
}

fn wishes(minfds: i64, minprocs: i64) -> impl Iterator<Item = Wish> {
    let both = [
        (Resource::RLIMIT_NOFILE, "RLIMIT_NOFILE", minfds, "file descriptors", "minfds"),
        (Resource::RLIMIT_NPROC, "RLIMIT_NPROC", minprocs, "processes", "minprocs"),
    ];
    both.into_iter().filter_map(|(resource, name, minimum, what, option)| {
        let minimum = u64::try_from(minimum).ok()?;
        let (soft, hard) = getrlimit(resource).ok()?;
        let is_wanted = soft < minimum && soft != libc::RLIM_INFINITY;
        is_wanted.then_some(Wish { resource, name, minimum, hard, what, option })
    })
}

impl Wish {
    fn is_beyond_hard(&self) -> bool {
        self.hard < self.minimum && self.hard != libc::RLIM_INFINITY
    }

    fn too_low(&self) -> TooLow {
        TooLow { option: self.option, text: limit_message(self.what, self.option, self.minimum, self.hard) }
    }
}

fn limit_message(what: &str, option: &str, minimum: u64, hard: u64) -> String {
    if what == "processes" {
        format!(
            "The minimum number of available processes required to run this program is {minimum} as per the \
             \"{option}\" command-line argument or config file setting. The current environment will only allow you \
             to open {hard} processes.  Either raise the number of usable processes in your environment (see \
             README.rst) or lower the {option} setting in the config file to allow the program to start."
        )
    } else {
        format!(
            "The minimum number of file descriptors required to run this process is {minimum} as per the \
             \"{option}\" command-line argument or config file setting. The current environment will only allow you \
             to open {hard} file descriptors.  Either raise the number of usable file descriptors in your \
             environment (see README.rst) or lower the {option} setting in the config file to allow the process to \
             start."
        )
    }
}
