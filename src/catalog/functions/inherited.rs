//! DataFusion's own functions, minus the names PostgreSQL has too.
//!
//! A PostgreSQL name stays only where it was compared with PostgreSQL and found equal. Most are replaced by this room's
//! own; those it lacks and DataFusion answers differently are taken away here, so that calling them is `42883`.

use datafusion::functions::all_default_functions;
use datafusion::functions_aggregate::all_default_aggregate_functions;
use datafusion::functions_nested::all_default_nested_functions;
use datafusion::functions_window::all_default_window_functions;

use super::Functions;

/// DataFusion's scalar names that are PostgreSQL's too and answer differently, where this room has none of its own.
const SHARED: &[&str] = &["generate_series"];

/// DataFusion's own names whose one call may fill the memory, without a bound of theirs.
const UNBOUNDED: &[&str] = &["range", "array_repeat", "list_repeat", "array_resize", "list_resize"];

/// Adds DataFusion's functions.
pub(super) fn register(functions: &mut Functions) {
    for function in all_default_functions().into_iter().chain(all_default_nested_functions()) {
        functions.add_scalar(function.as_ref().clone());
    }
    for function in all_default_aggregate_functions() {
        functions.add_aggregate(function.as_ref().clone());
    }
    for function in all_default_window_functions() {
        functions.add_window(function.as_ref().clone());
    }
    for name in SHARED.iter().chain(UNBOUNDED) {
        functions.scalar.remove(*name);
    }
}
