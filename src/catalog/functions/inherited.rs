//! DataFusion's own functions, minus the names PostgreSQL has too.
//!
//! A PostgreSQL name stays only where it was compared with PostgreSQL and found equal ([`EQUAL`]); the others are taken
//! away here, and come back from this room where it has them.

use datafusion::functions::all_default_functions;
use datafusion::functions_aggregate::all_default_aggregate_functions;
use datafusion::functions_nested::all_default_nested_functions;
use datafusion::functions_window::all_default_window_functions;

use super::Functions;

/// Scalar names of PostgreSQL that DataFusion serves with PostgreSQL's answers.
const EQUAL: &[&str] = &["coalesce", "nullif"];

/// DataFusion's scalar names that are PostgreSQL's too, or stand for its grammar.
const SHARED: &[&str] = &[];

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
    for name in SHARED.iter().filter(|name| !EQUAL.contains(name)) {
        functions.scalar.remove(*name);
    }
}

#[cfg(test)]
#[test]
fn names() {
    let mut f = Functions::default();
    register(&mut f);
    let mut s: Vec<_> = f.scalar.keys().cloned().collect();
    s.sort();
    println!("SCALAR {}", s.join(" "));
    let mut s: Vec<_> = f.aggregate.keys().cloned().collect();
    s.sort();
    println!("AGG {}", s.join(" "));
    let mut s: Vec<_> = f.window.keys().cloned().collect();
    s.sort();
    println!("WIN {}", s.join(" "));
}
