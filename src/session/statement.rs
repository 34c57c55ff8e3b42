//! Prepared statements: parsed once, planned once per catalog version and settings.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use chrono::{DateTime, Utc};

use super::utility;
use crate::plan::{ColumnDesc, Plan};
use crate::sql::{Statement, StatementKind};
use crate::types::pg_type;

/// A prepared statement, named or not.
pub struct Prepared {
    /// What was parsed; `None` for an empty statement.
    pub statement: Option<Arc<Statement>>,
    /// Param types as the client declared them.
    pub declared: Vec<Option<FieldRef>>,
    /// The plan of a query.
    pub plan: Option<Arc<Plan>>,
    /// The text it was made from.
    pub text: Arc<str>,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// Whether SQL's PREPARE made it.
    pub from_sql: bool,
}

/// The description of a prepared statement.
#[derive(Clone, Debug)]
pub struct StatementDesc {
    /// Type OIDs of `$1`, `$2`, ….
    pub params: Vec<u32>,
    /// Result columns; `None` when it returns no rows (NoData).
    pub columns: Option<Arc<[ColumnDesc]>>,
}

impl Prepared {
    /// Its params' types and result columns.
    #[must_use]
    pub fn describe(&self) -> StatementDesc {
        let declared = || self.declared.iter().flatten().map(|f| pg_type(f).oid).collect();
        match (&self.plan, self.statement.as_deref().map(|s| &s.kind)) {
            (Some(plan), Some(StatementKind::Query(_) | StatementKind::Write(_))) => StatementDesc {
                params: plan.params.iter().map(|f| pg_type(f).oid).collect(),
                columns: plan.result_columns().map(Arc::clone),
            },
            (plan, Some(kind)) => StatementDesc {
                params: match plan {
                    Some(plan) => plan.params.iter().map(|f| pg_type(f).oid).collect(),
                    None => declared(),
                },
                columns: utility::columns(kind),
            },
            (_, None) => StatementDesc { params: declared(), columns: None },
        }
    }
}

impl Prepared {
    /// Whether its plan's rows are its own result: a query, or a change with RETURNING.
    #[must_use]
    pub fn is_planned_rows(&self) -> bool {
        let kind = self.statement.as_ref().map(|s| &s.kind);
        matches!(kind, Some(StatementKind::Query(_) | StatementKind::Write(_)))
    }

    /// Whether it is a query (and not a utility statement).
    #[must_use]
    pub fn is_query(&self) -> bool {
        self.statement.as_ref().is_some_and(|s| matches!(s.kind, StatementKind::Query(_)))
    }
}
