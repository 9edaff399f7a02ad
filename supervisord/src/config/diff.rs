//! temp
use super::model::GroupConfig;
use crate::engine::command::Reread;
/// temp
pub fn diff(_active: &[&GroupConfig], _pending: &[GroupConfig]) -> Reread {
    Reread::default()
}
