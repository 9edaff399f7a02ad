//! A [`World`] that remembers answers, for one reading of a configuration.
//!
//! A thousand programs mostly name the same few directories and users, and each question to the system costs more than
//! the rest of an option. The next reading asks anew.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::path::{Path, PathBuf};

use crate::config::{User, World};

/// Another world, and what it said.
pub(super) struct Memo<'a> {
    world: &'a dyn World,
    directories: Answers<PathBuf, bool>,
    users_by_name: Answers<String, Option<User>>,
    users_by_id: Answers<u32, Option<User>>,
}

type Answers<Q, A> = RefCell<HashMap<Q, A>>;

impl<'a> Memo<'a> {
    /// Nothing has been asked yet.
    pub(super) fn new(world: &'a dyn World) -> Self {
        Memo {
            world,
            directories: Answers::default(),
            users_by_name: Answers::default(),
            users_by_id: Answers::default(),
        }
    }
}

/// The answer to a question, asked once.
fn remembered<Q, B, A>(answers: &Answers<Q, A>, question: &B, ask: impl FnOnce(&B) -> A) -> A
where
    B: ToOwned<Owned = Q> + Hash + Eq + ?Sized,
    Q: std::borrow::Borrow<B> + Hash + Eq,
    A: Clone,
{
    if let Some(answer) = answers.borrow().get(question) {
        return answer.clone();
    }
    let answer = ask(question);
    answers.borrow_mut().insert(question.to_owned(), answer.clone());
    answer
}

impl World for Memo<'_> {
    fn is_directory(&self, path: &Path) -> bool {
        remembered(&self.directories, path, |path| self.world.is_directory(path))
    }

    fn user_by_name(&self, name: &str) -> Option<User> {
        remembered(&self.users_by_name, name, |name| self.world.user_by_name(name))
    }

    fn user_by_id(&self, uid: u32) -> Option<User> {
        remembered(&self.users_by_id, &uid, |uid| self.world.user_by_id(*uid))
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        self.world.group_by_name(name)
    }

    fn has_group(&self, gid: u32) -> bool {
        self.world.has_group(gid)
    }

    fn home(&self) -> Option<String> {
        self.world.home()
    }

    fn cwd(&self) -> &Path {
        self.world.cwd()
    }

    fn uid(&self) -> u32 {
        self.world.uid()
    }
}
