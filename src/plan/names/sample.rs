//! TABLESAMPLE: a subquery over the table with a condition that stands for the sample (`plan/samples.rs`).
//!
//! SYSTEM samples rows as BERNOULLI does. With REPEATABLE the row's place and the seed decide.

use datafusion::sql::sqlparser::ast::{
    self, CastKind, DataType, Expr, Ident, SelectItem, SetExpr, TableFactor, TableSampleKind, TableWithJoins,
};

use super::scope::{Ctes, Names};
use crate::catalog::RelationKind;
use crate::error::{Error, Result};
use crate::plan::samples::SAMPLE;
use crate::sql::rewrite::forms::function;
use crate::sql::rewrite::names::{folded, last_part};
use crate::sql::rewrite::selects;
use crate::sqlstate;
impl Names<'_> {
    /// Puts the samples of a FROM list in the place of their tables.
    pub fn samples(&self, from: &mut TableWithJoins, ctes: &Ctes) -> Result<()> {
        self.sample(&mut from.relation, ctes)?;
        from.joins.iter_mut().try_for_each(|join| self.sample(&mut join.relation, ctes))
    }

    fn sample(&self, factor: &mut TableFactor, ctes: &Ctes) -> Result<()> {
        if let TableFactor::NestedJoin { table_with_joins, .. } = factor {
            return self.samples(table_with_joins, ctes);
        }
        let TableFactor::Table { name, alias, sample, .. } = factor else { return Ok(()) };
        let Some(sample) = sample.take() else { return Ok(()) };
        let (TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) = sample;
        let called = last_part(name);
        let schema = name.0.len().checked_sub(2).and_then(|i| name.0[i].as_ident()).map(folded);
        let is_cte = schema.is_none() && ctes.contains_key(&called);
        let found = self.env.find_relation(schema.as_deref(), &called);
        let is_view = found.is_some_and(|(_, r)| r.is_some_and(|r| r.kind == RelationKind::View));
        if is_cte || is_view {
            let message = "TABLESAMPLE clause can only be applied to tables and materialized views";
            return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
        }
        let Some(quantity) = sample.quantity else {
            return Err(Error::unsupported("a TABLESAMPLE clause needs a percentage"));
        };
        let mut parameters = vec![cast(quantity.value, DataType::Real)];
        parameters.extend(sample.seed.map(|seed| cast(Expr::Value(seed.value), DataType::DoublePrecision)));
        let condition = function(SAMPLE, parameters);
        let own = alias.take();
        let outer = own.unwrap_or_else(|| ast::TableAlias {
            explicit: true,
            name: Ident::with_quote('"', &called),
            columns: Vec::new(),
            at: None,
        });
        let relation = factor.clone();
        let star = SelectItem::Wildcard(ast::WildcardAdditionalOptions::default());
        let mut select = selects::select(vec![star], vec![TableWithJoins { relation, joins: Vec::new() }]);
        select.selection = Some(condition);
        let subquery = Box::new(selects::query(SetExpr::Select(Box::new(select))));
        *factor = TableFactor::Derived { lateral: false, subquery, alias: Some(outer), sample: None };
        Ok(())
    }
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, format: None, array: false }
}
