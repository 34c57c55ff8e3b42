//! The views of the SQL standard: the rows that user relations add to them.

use super::pg_catalog::Fill;

/// Where the rows of a view come from, apart from the static ones.
pub fn fill(_name: &str) -> Fill {
    Fill::Nothing
}
