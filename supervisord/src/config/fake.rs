//! A small world for the tests of this folder: two users, one group, a few directories.

use std::path::Path;

use super::model::ProcessConfig;
use super::{User, World};

/// `/`, `/tmp`, `/etc` and `/home/me` exist; `root` and `www` (33:34, home `/var/www`) are users, `staff` (50) is a
/// group; the daemon runs as uid 1000 in `/cwd`; the only command is `cat`, and 4096 files may be open.
pub(crate) struct FakeWorld;

impl World for FakeWorld {
    fn is_directory(&self, path: &Path) -> bool {
        ["/", "/tmp", "/etc", "/home/me"].iter().any(|&known| path == Path::new(known))
    }

    fn user_by_name(&self, name: &str) -> Option<User> {
        match name {
            "root" => Some(User { uid: 0, gid: 0, home: "/root".to_owned() }),
            "www" => Some(User { uid: 33, gid: 34, home: "/var/www".to_owned() }),
            _ => None,
        }
    }

    fn user_by_id(&self, uid: u32) -> Option<User> {
        ["root", "www"].into_iter().filter_map(|name| self.user_by_name(name)).find(|user| user.uid == uid)
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        (name == "staff").then_some(50)
    }

    fn has_group(&self, gid: u32) -> bool {
        gid == 50
    }

    fn home(&self) -> Option<String> {
        Some("/home/me".to_owned())
    }

    fn cwd(&self) -> &Path {
        Path::new("/cwd")
    }

    fn uid(&self) -> u32 {
        1000
    }

    fn command(&self, process: &ProcessConfig) -> Result<(), String> {
        match process.command.as_str() {
            "cat" => Ok(()),
            other => Err(format!("can't find command '{other}'")),
        }
    }

    fn limits(&self, minfds: i64, _: i64) -> Result<(), String> {
        if minfds > 4096 { Err("only 4096 file descriptors".to_owned()) } else { Ok(()) }
    }
}
