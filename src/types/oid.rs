//! OIDs of PostgreSQL's built-in types, their names and array types.

/// `text`
pub const TEXT: u32 = 25;
