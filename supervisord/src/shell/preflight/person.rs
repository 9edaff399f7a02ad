//! Somebody who will take a step of the start: the present user, or one whom root can become.

use std::ffi::CString;

use nix::unistd::{Gid, Uid, User};

/// Ids and groups of a user, as the steps after the change will have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) groups: Vec<u32>,
    /// The present user, of whom the system itself can be asked.
    pub(super) is_me: bool,
}

/// What a user other than root may still be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capability {
    /// `CAP_CHOWN`: give files away.
    Chown = 0,
    /// `CAP_NET_BIND_SERVICE`: take the ports that are root's.
    BindService = 10,
}

impl Person {
    /// The user with this id; `None` if it cannot be told what the user may do.
    pub(super) fn with_id(uid: u32) -> Option<Person> {
        let me = Uid::effective();
        if me.as_raw() == uid {
            let groups = nix::unistd::getgroups().ok()?;
            let gid = Gid::effective().as_raw();
            return Some(Person { uid, gid, groups: raw(groups), is_me: true });
        }
        if !me.is_root() || keeps_capabilities() {
            return None;
        }
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten()?;
        let groups = nix::unistd::getgrouplist(&CString::new(user.name).ok()?, user.gid).ok()?;
        Some(Person { uid, gid: user.gid.as_raw(), groups: raw(groups), is_me: false })
    }

    /// Whether one of the groups is this one.
    pub(super) fn is_in(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }

    /// Whether what takes this capability will be refused for certain.
    pub(super) fn lacks(&self, capability: Capability) -> bool {
        match (self.uid, self.is_me) {
            (0, _) => false,
            // Who stops being root keeps none.
            (_, false) => true,
            (_, true) => capabilities().is_some_and(|held| held & (1 << capability as u32) == 0),
        }
    }

    /// Whether a file cannot be given to this owner for certain, in a directory of this group. The file may have that
    /// group already, which one may always give it.
    pub(super) fn cannot_give_to(&self, uid: Option<u32>, gid: Option<u32>, group: Option<u32>) -> bool {
        let has_group = |gid| self.is_in(gid) || group == Some(gid);
        let is_ours = uid.is_none_or(|uid| uid == self.uid) && gid.is_none_or(has_group);
        !is_ours && self.lacks(Capability::Chown)
    }
}

fn raw(groups: Vec<Gid>) -> Vec<u32> {
    groups.into_iter().map(Gid::as_raw).collect()
}

/// The effective capabilities of this process.
fn capabilities() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let held = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(held.trim(), 16).ok()
}

/// Whether a change of the user would not take root's capabilities away, as somebody may have decided.
fn keeps_capabilities() -> bool {
    // SAFETY: asks for a number; no memory is involved.
    unsafe { libc::prctl(libc::PR_GET_SECUREBITS) != 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn www() -> Person {
        Person { uid: 33, gid: 33, groups: vec![33, 50], is_me: false }
    }

    #[test]
    fn only_what_is_ones_own_can_be_given_away() {
        let www = www();
        assert!(!www.cannot_give_to(None, Some(51), Some(51)));
        for (uid, gid, is_refused) in [
            (None, None, false),
            (Some(33), None, false),
            (Some(33), Some(50), false),
            (None, Some(51), true),
            (Some(0), None, true),
        ] {
            assert_eq!(www.cannot_give_to(uid, gid, Some(1)), is_refused, "{uid:?} {gid:?}");
        }
        let root = Person { uid: 0, ..www };
        assert!(!root.cannot_give_to(Some(33), Some(33), None));
    }

    #[test]
    fn the_present_user_is_known() {
        let me = Uid::effective().as_raw();
        assert!(Person::with_id(me).is_some_and(|person| person.is_me && person.uid == me));
        let other = Person::with_id(me + 1);
        assert!(other.is_none_or(|person| !person.is_me), "only root can be somebody else");
    }
}
