//! TABLESAMPLE: a subquery over the table that keeps each row by chance.
//!
//! SYSTEM samples rows as BERNOULLI does. With REPEATABLE the row's values and the seed decide, so that the sample is
//! the same however the rows are read.

use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, CastKind, DataType, Expr, Ident, SelectItem, SetExpr, TableFactor, TableSampleKind,
    TableWithJoins, UnaryOperator, Value,
};

use super::scope::{Ctes, Names};
use crate::catalog::RelationKind;
use crate::error::{Error, Result};
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
        let percent = match sample.quantity.as_ref().map(|quantity| number(&quantity.value)) {
            Some(Some(percent)) => percent?,
            _ => return Err(Error::unsupported("a TABLESAMPLE percentage must be a number")),
        };
        if !(0.0..=100.0).contains(&percent) {
            let message = "sample percentage must be between 0 and 100";
            return Err(Error::new(sqlstate::INVALID_TABLESAMPLE_ARGUMENT, message));
        }
        let seed = sample.seed.as_ref().map(|seed| repeatable(&seed.value.value)).transpose()?;
        let condition = condition(percent, seed.as_deref(), &called);
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

/// A number as it was written; `None` for what is known only when the statement runs.
fn number(expr: &Expr) -> Option<Result<f64>> {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => number(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number(expr).map(|n| n.map(|n| -n)),
        Expr::Function(call) if last_part(&call.name) == "uminus" => match &call.args {
            ast::FunctionArguments::List(list) => match list.args.as_slice() {
                [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(inner))] => number(inner).map(|n| n.map(|n| -n)),
                _ => None,
            },
            _ => None,
        },
        Expr::Value(value) => match &value.value {
            Value::Null => {
                let message = "TABLESAMPLE parameter cannot be null";
                Some(Err(Error::new(sqlstate::INVALID_TABLESAMPLE_ARGUMENT, message)))
            }
            Value::Number(text, _) | Value::SingleQuotedString(text) => text.parse().ok().map(Ok),
            _ => None,
        },
        _ => None,
    }
}

fn repeatable(seed: &Value) -> Result<String> {
    match seed {
        Value::Null => {
            let message = "TABLESAMPLE REPEATABLE parameter cannot be null";
            Err(Error::new(sqlstate::INVALID_TABLESAMPLE_REPEAT, message))
        }
        Value::Number(text, _) => Ok(text.clone()),
        _ => Err(Error::unsupported("a REPEATABLE seed must be a number")),
    }
}

fn condition(percent: f64, seed: Option<&str>, table: &str) -> Expr {
    let float = |expr: Expr| cast(expr, DataType::DoublePrecision);
    let literal = |text: String| Expr::Value(Value::SingleQuotedString(text).with_empty_span());
    let chance = match seed {
        None => function("random", Vec::new()),
        Some(seed) => {
            let star = ast::helpers::attached_token::AttachedToken::empty();
            let row = Expr::QualifiedWildcard(ast::ObjectName::from(vec![Ident::with_quote('"', table)]), star);
            let row = cast(row, DataType::Text);
            let digest = function("md5", vec![function("concat", vec![row, literal(seed.to_owned())])]);
            let bytes = function("decode", vec![digest, literal("hex".to_owned())]);
            let byte = |i: u8, weight: u32| {
                let place = cast(literal(i.to_string()), DataType::Int(None));
                let byte = cast(function("get_byte", vec![bytes.clone(), place]), DataType::DoublePrecision);
                binary(byte, BinaryOperator::Divide, float(literal(weight.to_string())))
            };
            let high = binary(byte(0, 1 << 8), BinaryOperator::Plus, byte(1, 1 << 16));
            Expr::Nested(Box::new(binary(high, BinaryOperator::Plus, byte(2, 1 << 24))))
        }
    };
    binary(chance, BinaryOperator::Lt, float(literal((percent / 100.0).to_string())))
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, format: None, array: false }
}
