//! What PUBLIC may do with system objects, read off their access control lists.

use std::collections::HashSet;
use std::sync::OnceLock;

use arrow::array::{Array, AsArray};

use super::{data, statics};

/// Whether everybody may read a system relation. Without a list nobody but the owner may.
#[must_use]
pub fn public_may_read(relation: u32) -> bool {
    static READABLE: OnceLock<HashSet<u32>> = OnceLock::new();
    READABLE.get_or_init(|| granted("pg_class", "relacl", 'r', false)).contains(&relation)
}

/// Whether everybody may run a function. Without a list everybody may.
#[must_use]
pub fn public_may_execute(function: u32) -> bool {
    static RUNNABLE: OnceLock<HashSet<u32>> = OnceLock::new();
    RUNNABLE.get_or_init(|| granted("pg_proc", "proacl", 'X', true)).contains(&function)
}

/// The objects of a catalog on which PUBLIC has a privilege; `default` is for those without a list.
fn granted(catalog: &str, column: &str, letter: char, default: bool) -> HashSet<u32> {
    let Some(rows) = data::rows("pg_catalog", catalog) else { return HashSet::new() };
    let (oids, lists) = (statics::oids(rows, "oid"), statics::column(rows, column).as_list::<i32>());
    let may = |&row: &usize| {
        if lists.is_null(row) {
            return default;
        }
        let items = lists.value(row);
        let to_public = |item: &str| {
            item.strip_prefix('=').and_then(|rest| rest.split('/').next()).is_some_and(|l| l.contains(letter))
        };
        items.as_string::<i32>().iter().flatten().any(to_public)
    };
    (0..rows.num_rows()).filter(may).map(|row| oids.value(row)).collect()
}
