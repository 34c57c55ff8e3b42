//! Aggregates with PostgreSQL's result types and answers.
//!
//! One frame serves them all: [`kind::Kind`] says what a group keeps and how rows enter it, [`frame`] turns a kind into
//! DataFusion's accumulators (grouped, plain, distinct, sliding). `count` and the boolean and
//! bit aggregates are DataFusion's, `min`, `max` and `array_agg` are wrapped where they differ.

mod arrays;
mod extremes;
mod floats;
mod frame;
pub(super) mod hypothetical;
mod kind;
mod moments;
mod numbers;
pub(super) mod ordered;
mod retyped;
pub mod scaled;
pub(super) mod sorted;
mod strings;
mod sums;
mod udaf;

use datafusion::functions_aggregate::bool_and_or::bool_and_udaf;

use super::Functions;

/// Adds the functions of this module.
pub(super) fn register(functions: &mut Functions) {
    for function in sums::functions()
        .into_iter()
        .chain(scaled::functions())
        .chain(moments::functions())
        .chain(arrays::functions())
        .chain(extremes::functions())
    {
        functions.add_aggregate(function);
    }
    for function in ordered::functions().into_iter().chain(strings::functions()).chain(super::json::aggregates()) {
        functions.add_aggregate(function);
    }
    functions.add_aggregate(bool_and_udaf().as_ref().clone().with_aliases(["every"]));
}
