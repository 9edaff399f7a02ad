//! The names by which the engine knows its processes and groups.

/// Identifies a process for the daemon's lifetime. Ascending in definition order within a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessId(pub u32);

/// Identifies a group while it is active; ascending in activation order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u32);
