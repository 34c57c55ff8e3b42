//! Functions in FROM.

pub mod series;

use std::sync::Arc;

use datafusion::catalog::TableFunction;

use super::Functions;

/// Adds the functions of this module.
pub(super) fn register(functions: &mut Functions) {
    let series = TableFunction::new("generate_series".to_owned(), Arc::new(series::GenerateSeries));
    functions.table.insert("generate_series".to_owned(), Arc::new(series));
}
