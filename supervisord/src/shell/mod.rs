//! To come.

pub mod glob;
pub mod load;
