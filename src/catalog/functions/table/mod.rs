//! Placeholder.
use super::Functions;
pub(super) fn register(_f: &mut Functions) {}
