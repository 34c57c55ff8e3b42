//! A session's views: names bound when the view is made, its query planned anew wherever it is used.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::logical_expr::{Cast, Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{self, VisitMut, VisitorMut};

use super::assign::external;
use super::{PlanEnv, raw_plan};
use crate::catalog::{Relation, ViewQuery};
use crate::error::{Error, Result};
use crate::sql::rewrite::names::folded;
use crate::sql::write::ident;
use crate::sqlstate;
use crate::types::{oid, pg_type};

/// The plan of a view with the columns it was made with.
pub fn plan_view(relation: &Relation, view: &ViewQuery, env: &PlanEnv) -> Result<LogicalPlan, DataFusionError> {
    if env.viewing.contains(&relation.oid) {
        let message = format!("infinite recursion detected in rules for relation \"{}\"", relation.name);
        return Err(external(Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message)));
    }
    let mut inner = env.clone();
    inner.viewing.push(relation.oid);
    let plan = raw_plan(&view.query, &[], &inner)?;
    let schema = relation.provider.schema();
    let columns = plan.schema().columns();
    let types = plan.schema().fields().iter().map(|field| pg_type(field).oid).collect::<Vec<_>>();
    let named = columns.into_iter().zip(types).zip(schema.fields());
    let exprs: Vec<_> = named
        .map(|((column, of), field)| {
            let column = Expr::Column(column);
            // What was of no type yet is text in a view.
            let typed = if of == oid::UNKNOWN {
                Expr::Cast(Cast::new_from_field(Box::new(column), Arc::clone(field)))
            } else {
                column
            };
            typed.alias(field.name())
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(exprs)?.build()
}

/// Binds the names of the relations in a query to what they mean now: each gets its schema. Gives the OIDs of what the
/// query reads.
#[must_use]
pub fn bind_names(query: &mut ast::Query, env: &PlanEnv) -> Vec<u32> {
    let mut binder = Binder { env, ctes: Vec::new(), reads: Vec::new(), names_tables: true };
    let _ = query.visit(&mut binder);
    binder.reads
}

/// The same for a query as it was written, which is printed and not run: no alias is put in.
pub fn bind_written(query: &mut ast::Query, env: &PlanEnv) {
    let mut binder = Binder { env, ctes: Vec::new(), reads: Vec::new(), names_tables: false };
    let _ = query.visit(&mut binder);
}

struct Binder<'a> {
    env: &'a PlanEnv,
    /// The names of the common table expressions of every query around.
    ctes: Vec<Vec<String>>,
    reads: Vec<u32>,
    /// Whether a table gets its own name as an alias.
    names_tables: bool,
}

impl VisitorMut for Binder<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<()> {
        let with = query.with.iter().flat_map(|with| &with.cte_tables);
        self.ctes.push(with.map(|cte| folded(&cte.alias.name)).collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut ast::Query) -> ControlFlow<()> {
        self.ctes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut ast::TableFactor) -> ControlFlow<()> {
        let ast::TableFactor::Table { name, args: None, alias, .. } = factor else { return ControlFlow::Continue(()) };
        let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
        let (schema, table) = match parts.as_slice() {
            [table] if self.ctes.iter().flatten().any(|cte| cte == table) => return ControlFlow::Continue(()),
            [table] => (None, table),
            [.., schema, table] => (Some(schema.as_str()), table),
            [] => return ControlFlow::Continue(()),
        };
        if let Some((schema, relation)) = self.env.find_relation(schema, table) {
            self.reads.extend(relation.map(|relation| relation.oid));
            if alias.is_none() && self.names_tables {
                // The table's own name stays what its columns are qualified with.
                let own = ast::TableAlias { explicit: true, name: ident(table), columns: Vec::new(), at: None };
                *alias = Some(own);
            }
            *name = ast::ObjectName::from(vec![ident(&schema), ident(table)]);
        }
        ControlFlow::Continue(())
    }
}

impl PlanEnv {
    /// The schema that a relation's name leads to and, unless it is a system relation, the relation.
    #[must_use]
    pub fn find_relation(&self, schema: Option<&str>, name: &str) -> Option<(String, Option<&Arc<Relation>>)> {
        let schema = self.schema_of(schema, name)?;
        self.snapshot.provider(&schema, name)?;
        Some((schema.clone(), self.snapshot.relation(&schema, name)))
    }

    /// The schema in which a relation of that name is, or would have to be.
    #[must_use]
    pub fn schema_of(&self, schema: Option<&str>, name: &str) -> Option<String> {
        match schema {
            Some(crate::catalog::temp::PG_TEMP) => self.vars.temp_schema().map(str::to_owned),
            Some(schema) => Some(schema.to_owned()),
            None => self.snapshot.resolve(&self.vars.search_path, name).map(str::to_owned),
        }
    }
}
