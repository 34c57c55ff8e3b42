//! The rows that the server itself adds to the system relations, one function per relation.
//!
//! Most functions read the snapshot's objects alone and run once per snapshot. Those of [`live`] read the session and
//! the running server, and run each time the relation is read.

mod class;
mod database;
mod keys;
mod live;
mod sequences;
mod statistics;
mod views;

pub use class::{FIRST_XID, PAGE_BYTES, SYSTEM_COLUMNS};
pub use keys::columns_of;
pub use sequences::sequences;

use super::rows::Rows;
use super::source::Source;
use crate::catalog::information_schema;
use crate::catalog::vars::SessionVars;

/// Adds the rows of a snapshot's objects.
pub type Fixed = fn(&Source, &mut Rows);
/// Adds the rows of the moment.
pub type Live = fn(&SessionVars, &Source, &mut Rows);

/// Where a relation's own rows come from.
#[derive(Clone, Copy)]
pub enum Fill {
    /// It has static rows only, or none.
    Nothing,
    /// The static rows, and these.
    Fixed(Fixed),
    /// These rows only: the function adds the static ones itself, changed.
    Whole(Fixed),
    /// These rows only, made anew each time.
    Live(Live),
}

impl std::fmt::Debug for Fill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Fixed(_) => "Fixed",
            Self::Whole(_) => "Whole",
            Self::Live(_) => "Live",
        })
    }
}

/// Where the rows of `schema.name` come from, apart from the static ones.
pub fn fill(schema: &str, name: &str) -> Fill {
    if schema == "information_schema" {
        return information_schema::fill(name);
    }
    match name {
        "pg_class" => Fill::Fixed(class::pg_class),
        "pg_attribute" => Fill::Fixed(class::pg_attribute),
        "pg_type" => Fill::Fixed(class::pg_type),
        "pg_rewrite" => Fill::Fixed(class::pg_rewrite),
        "pg_description" => Fill::Fixed(class::pg_description),
        "pg_index" => Fill::Fixed(keys::pg_index),
        "pg_constraint" => Fill::Fixed(keys::pg_constraint),
        "pg_depend" => Fill::Fixed(keys::pg_depend),
        "pg_namespace" => Fill::Fixed(database::pg_namespace),
        "pg_database" => Fill::Fixed(database::pg_database),
        "pg_authid" => Fill::Whole(database::pg_authid),
        "pg_roles" => Fill::Whole(database::pg_roles),
        "pg_user" => Fill::Whole(database::pg_user),
        "pg_shadow" => Fill::Whole(database::pg_shadow),
        "pg_tables" => Fill::Fixed(views::pg_tables),
        "pg_views" => Fill::Fixed(views::pg_views),
        "pg_matviews" => Fill::Fixed(views::pg_matviews),
        "pg_indexes" => Fill::Fixed(views::pg_indexes),
        "pg_stats" => Fill::Fixed(statistics::pg_stats),
        "pg_stat_database" => Fill::Fixed(statistics::pg_stat_database),
        "pg_stat_all_tables" | "pg_statio_all_tables" | "pg_stat_xact_all_tables" => {
            Fill::Fixed(statistics::all_tables)
        }
        "pg_stat_user_tables" | "pg_statio_user_tables" | "pg_stat_xact_user_tables" => {
            Fill::Fixed(statistics::user_tables)
        }
        "pg_stat_sys_tables" | "pg_statio_sys_tables" | "pg_stat_xact_sys_tables" => {
            Fill::Fixed(statistics::system_tables)
        }
        "pg_stat_all_indexes" | "pg_statio_all_indexes" => Fill::Fixed(statistics::all_indexes),
        "pg_stat_user_indexes" | "pg_statio_user_indexes" => Fill::Fixed(statistics::user_indexes),
        "pg_stat_sys_indexes" | "pg_statio_sys_indexes" => Fill::Fixed(statistics::system_indexes),
        "pg_sequence" => Fill::Fixed(sequences::pg_sequence),
        "pg_sequences" => Fill::Live(sequences::pg_sequences),
        "pg_attrdef" => Fill::Fixed(sequences::pg_attrdef),
        "pg_settings" => Fill::Live(live::pg_settings),
        "pg_stat_activity" => Fill::Live(live::pg_stat_activity),
        "pg_stat_ssl" => Fill::Live(live::pg_stat_ssl),
        "pg_prepared_statements" => Fill::Live(live::pg_prepared_statements),
        "pg_cursors" => Fill::Live(live::pg_cursors),
        "pg_timezone_names" => Fill::Live(live::pg_timezone_names),
        _ => Fill::Nothing,
    }
}
