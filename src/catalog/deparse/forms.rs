//! Expressions with a grammar of their own: CASE, IN, BETWEEN, LIKE, EXTRACT, AT TIME ZONE and their like.

use datafusion::sql::sqlparser::ast::{self, BinaryOperator, CaseWhen, CeilFloorKind, DateTimeField, Expr};

use super::expr::{logic, operator_name, row_items, string, unnested};
use super::system::Context;
use super::tree::{Form, Logic, Node, Term, Type};
use super::{Analyzer, refused, system};
use crate::error::Result;
use crate::sql::distinct::SYMMETRIC;
use crate::sql::rewrite::names::last_part;
use crate::sql::tokens::LOCAL_ZONE;
use crate::types::{oid, typmod};

impl Analyzer<'_> {
    pub(super) fn form(&mut self, written: &Expr) -> Result<Term> {
        match written {
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Expr::Between { expr, negated, low, high } => self.between(expr, low, high, *negated),
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                let op = if *negated { "!~~" } else { "~~" };
                self.like(op, expr, pattern, escape_char.as_ref())
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                let op = if *negated { "!~~*" } else { "~~*" };
                self.like(op, expr, pattern, escape_char.as_ref())
            }
            Expr::Like { negated, any: true, expr, pattern, escape_char: None } => {
                self.each_like(if *negated { "!~~" } else { "~~" }, expr, pattern)
            }
            Expr::ILike { negated, any: true, expr, pattern, escape_char: None } => {
                self.each_like(if *negated { "!~~*" } else { "~~*" }, expr, pattern)
            }
            Expr::SimilarTo { negated, expr, pattern, escape_char } => {
                self.similar(expr, pattern, escape_char.as_ref(), *negated)
            }
            Expr::AtTimeZone { timestamp, time_zone } => self.at_time_zone(timestamp, time_zone),
            Expr::Extract { field, expr, .. } => {
                let field = Term::constant(Some(field_name(field)), oid::UNKNOWN);
                let value = self.expr(expr)?;
                self.called("extract", vec![field, value], Form::Syntax)
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.named("ceil", [expr.as_ref()], Form::Call)
            }
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.named("floor", [expr.as_ref()], Form::Call)
            }
            Expr::Position { expr, r#in } => self.named("position", [r#in.as_ref(), expr.as_ref()], Form::Syntax),
            Expr::Substring { expr, substring_from, substring_for, special, shorthand } => {
                let name = if *shorthand { "substr" } else { "substring" };
                let form = if *special || *shorthand { Form::Call } else { Form::Syntax };
                let mut args = self.exprs([expr.as_ref()])?;
                match (substring_from, form) {
                    (Some(from), _) => args.push(self.expr(from)?),
                    (None, Form::Syntax) => args.push(Term::constant(Some("1".to_owned()), oid::INT4)),
                    _ => {}
                }
                args.extend(self.exprs(substring_for.as_deref())?);
                self.called(name, args, form)
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
                self.trim(*trim_where, trim_what.as_deref(), expr, trim_characters.as_deref())
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                let args = [expr, overlay_what, overlay_from].into_iter().chain(overlay_for);
                let args = self.exprs(args.map(AsRef::as_ref))?;
                self.called("overlay", args, Form::Syntax)
            }
            Expr::Collate { expr, collation } => {
                let term = self.expr(expr)?;
                let term = self.settled(term)?;
                let ty = term.ty;
                Ok(Term { node: Node::Collate(Box::new(term), last_part(collation)), ty })
            }
            Expr::IsNormalized { expr, form, negated } => {
                let mut args = self.exprs([expr.as_ref()])?;
                args.extend(form.map(|form| Term::constant(Some(form.to_string().to_uppercase()), oid::UNKNOWN)));
                let test = self.called("is_normalized", args, Form::Syntax)?;
                Ok(if *negated { logic(Logic::Not, vec![test]) } else { test })
            }
            _ => Err(refused("an expression of this form")),
        }
    }

    fn case(&mut self, operand: Option<&Expr>, whens: &[CaseWhen], otherwise: Option<&Expr>) -> Result<Term> {
        let operand = match operand {
            Some(operand) => {
                let term = self.expr(operand)?;
                Some(self.settled(term)?)
            }
            None => None,
        };
        let mut conditions = Vec::with_capacity(whens.len());
        let mut results = vec![match otherwise {
            Some(otherwise) => self.expr(otherwise)?,
            None => Term::constant(None, oid::UNKNOWN),
        }];
        for when in whens {
            let condition = self.expr(&when.condition)?;
            conditions.push(match &operand {
                None => self.boolean(condition)?,
                Some(operand) => match self.op("=", Some(operand.clone()), condition)?.node {
                    Node::Op(_, _, right) => *right,
                    _ => return Err(refused("CASE")),
                },
            });
            results.push(self.expr(&when.result)?);
        }
        let (mut results, ty) = self.unified(results)?;
        let otherwise = Box::new(results.remove(0));
        let whens = conditions.into_iter().zip(results).collect();
        Ok(Term { node: Node::Case(operand.map(Box::new), whens, otherwise), ty })
    }

    fn in_list(&mut self, written: &Expr, list: &[Expr], negated: bool) -> Result<Term> {
        let (op, kind) = if negated { ("<>", Logic::And) } else { ("=", Logic::Or) };
        if let Some(left) = row_items(written) {
            let mut tests = Vec::with_capacity(list.len());
            for item in list {
                let Some(right) = row_items(item) else { return Err(refused("IN of rows")) };
                tests.push(self.rows(op, &left, &right)?);
            }
            return Ok(one_or(kind, tests));
        }
        let value = self.expr(written)?;
        let items = self.exprs(list)?;
        let plain: Vec<Term> = items.iter().filter(|term| !has_columns(term)).cloned().collect();
        let mut tests = Vec::new();
        let mut rest = items;
        if plain.len() > 1 {
            let all: Vec<&Term> = std::iter::once(&value).chain(&plain).collect();
            let element = self.common(&all)?;
            let array = system::array_of(self.vars, element);
            if array != 0 && element != oid::RECORD {
                let cast = |term| self.coerce(term, Type::of(element), Context::Implicit, Form::Implicit);
                let items = plain.into_iter().map(cast).collect::<Result<Vec<_>>>()?;
                let items = Term { node: Node::Array(items), ty: Type::of(array) };
                tests.push(self.each_of(value.clone(), op, items, negated)?);
                rest.retain(has_columns);
            }
        }
        for item in rest {
            tests.push(self.op(op, Some(value.clone()), item)?);
        }
        Ok(one_or(kind, tests))
    }

    /// `left op ANY (array)` and `ALL`, the operator found for an element.
    pub(super) fn each_of(&mut self, left: Term, op: &str, array: Term, all: bool) -> Result<Term> {
        let array = self.settled_array(array, left.ty.oid)?;
        let of = system::element(self.vars, array.ty.oid);
        if of == 0 {
            return Err(refused("ANY of what is no array"));
        }
        let element = Term { node: Node::Word(String::new()), ty: Type::of(of) };
        let Node::Op(_, Some(left), meant) = self.op(op, Some(left), element)?.node else {
            return Err(refused("ANY"));
        };
        // The elements take the casts that one of them took.
        let array = match system::array_of(self.vars, meant.ty.oid) {
            to if to != 0 && to != array.ty.oid => {
                self.coerce(array, Type::of(to), Context::Implicit, Form::Implicit)?
            }
            _ => array,
        };
        Ok(Term { node: Node::Each(left, op.to_owned(), Box::new(array), all), ty: Type::of(oid::BOOL) })
    }

    fn settled_array(&self, array: Term, element: u32) -> Result<Term> {
        match array.is_unknown() {
            true => {
                let of = if element == oid::UNKNOWN { oid::TEXT } else { element };
                let to = Type::of(system::array_of(self.vars, of));
                self.coerce(array, to, Context::Implicit, Form::Implicit)
            }
            false => Ok(array),
        }
    }

    /// `left op ANY (right)`: of an array, or of a subquery.
    pub(super) fn each(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr, all: bool) -> Result<Term> {
        let name = operator_name(op)?;
        if let Expr::Subquery(query) = unnested(right) {
            return self.compared_with(left, &name, query, all);
        }
        let (left, array) = (self.expr(left)?, self.expr(right)?);
        self.each_of(left, &name, array, all)
    }

    fn between(&mut self, value: &Expr, low: &Expr, high: &Expr, negated: bool) -> Result<Term> {
        let value = self.expr(value)?;
        let symmetric = match low {
            Expr::Function(marker) if last_part(&marker.name) == SYMMETRIC => Some(marker),
            _ => None,
        };
        let low = match symmetric {
            Some(marker) => super::calls::plain_args(marker)?.first().copied().ok_or_else(|| refused("BETWEEN"))?,
            None => low,
        };
        let (low, high) = (self.expr(low)?, self.expr(high)?);
        let (ops, kind, outer) = match negated {
            false => ([">=", "<="], Logic::And, Logic::Or),
            true => (["<", ">"], Logic::Or, Logic::And),
        };
        let test = |low: Term, high: Term| -> Result<Term> {
            let below = self.op(ops[0], Some(value.clone()), low)?;
            let above = self.op(ops[1], Some(value.clone()), high)?;
            Ok(logic(kind, vec![below, above]))
        };
        if symmetric.is_none() {
            return test(low, high);
        }
        let (one, other) = (test(low.clone(), high.clone())?, test(high, low)?);
        Ok(logic(outer, vec![one, other]))
    }

    fn like(&mut self, op: &str, value: &Expr, pattern: &Expr, escape: Option<&ast::ValueWithSpan>) -> Result<Term> {
        let (value, mut pattern) = (self.expr(value)?, self.expr(pattern)?);
        if let Some(escape) = escape {
            let escape = Term::constant(string(&escape.value), oid::UNKNOWN);
            pattern = self.called("like_escape", vec![pattern, escape], Form::Call)?;
        }
        self.op(op, Some(value), pattern)
    }

    /// `value LIKE ANY (patterns)`
    fn each_like(&mut self, op: &str, value: &Expr, patterns: &Expr) -> Result<Term> {
        if let Expr::Subquery(query) = unnested(patterns) {
            return self.compared_with(value, op, query, false);
        }
        let (value, patterns) = (self.expr(value)?, self.expr(patterns)?);
        self.each_of(value, op, patterns, false)
    }

    fn similar(
        &mut self,
        value: &Expr,
        pattern: &Expr,
        escape: Option<&ast::ValueWithSpan>,
        negated: bool,
    ) -> Result<Term> {
        let value = self.expr(value)?;
        let mut args = self.exprs([pattern])?;
        args.extend(escape.map(|escape| Term::constant(string(&escape.value), oid::UNKNOWN)));
        let pattern = self.called("similar_to_escape", args, Form::Call)?;
        self.op(if negated { "!~" } else { "~" }, Some(value), pattern)
    }

    fn at_time_zone(&mut self, value: &Expr, zone: &Expr) -> Result<Term> {
        if matches!(zone, Expr::Identifier(ident) if ident.value == LOCAL_ZONE) {
            return self.named("timezone", [value], Form::Syntax);
        }
        self.named("timezone", [zone, value], Form::Syntax)
    }

    fn trim(
        &mut self,
        side: Option<ast::TrimWhereField>,
        what: Option<&Expr>,
        value: &Expr,
        characters: Option<&[Expr]>,
    ) -> Result<Term> {
        let name = match side {
            Some(ast::TrimWhereField::Leading) => "ltrim",
            Some(ast::TrimWhereField::Trailing) => "rtrim",
            _ => "btrim",
        };
        let what = what.filter(|what| !is_put_in(what));
        let args = std::iter::once(value).chain(what).chain(characters.unwrap_or_default());
        let args = self.exprs(args)?;
        self.called(name, args, Form::Syntax)
    }

    pub(super) fn overlaps(&mut self, left: &Expr, right: &Expr) -> Result<Term> {
        match (unnested(left), unnested(right)) {
            (Expr::Tuple(a), Expr::Tuple(b)) if a.len() == 2 && b.len() == 2 => {
                let args = self.exprs(a.iter().chain(b))?;
                self.called("overlaps", args, Form::Syntax)
            }
            _ => Err(refused("OVERLAPS")),
        }
    }

    /// `(a, b) op (c, d)`
    pub(super) fn rows(&mut self, op: &str, left: &[&Expr], right: &[&Expr]) -> Result<Term> {
        if left.len() != right.len() {
            return Err(refused("rows of different sizes"));
        }
        let mut pairs = Vec::with_capacity(left.len());
        for (a, b) in left.iter().zip(right) {
            let (a, b) = (self.expr(a)?, self.expr(b)?);
            let pair = self.op(op, Some(a), b)?;
            pairs.push(pair);
        }
        match op {
            "=" | "<>" if pairs.len() == 1 => Ok(pairs.remove(0)),
            "=" => Ok(logic(Logic::And, pairs)),
            "<>" => Ok(logic(Logic::Or, pairs)),
            _ => {
                let sides = pairs.into_iter().filter_map(|pair| match pair.node {
                    Node::Op(_, Some(a), b) => Some((*a, *b)),
                    _ => None,
                });
                let (left, right) = sides.unzip();
                Ok(Term { node: Node::Rows(op.to_owned(), left, right), ty: Type::of(oid::BOOL) })
            }
        }
    }

    /// `interval '1' hour`
    pub(super) fn interval(&mut self, written: &ast::Interval) -> Result<Term> {
        use typmod::field::{DAY, HOUR, MINUTE, MONTH, SECOND, YEAR};
        let Expr::Value(value) = written.value.as_ref() else { return Err(refused("an interval of this form")) };
        let text = string(&value.value).ok_or_else(|| refused("an interval of this form"))?;
        let bits = match (&written.leading_field, &written.last_field) {
            (None, None) if written.leading_precision.is_none() => None,
            (Some(DateTimeField::Year), None) => Some(YEAR),
            (Some(DateTimeField::Month), None) => Some(MONTH),
            (Some(DateTimeField::Day), None) => Some(DAY),
            (Some(DateTimeField::Hour), None) => Some(HOUR),
            (Some(DateTimeField::Minute), None) => Some(MINUTE),
            (Some(DateTimeField::Second), None) if written.leading_precision.is_none() => Some(SECOND),
            (Some(DateTimeField::Year), Some(DateTimeField::Month)) => Some(YEAR | MONTH),
            (Some(DateTimeField::Day), Some(DateTimeField::Hour)) => Some(DAY | HOUR),
            (Some(DateTimeField::Day), Some(DateTimeField::Minute)) => Some(DAY | HOUR | MINUTE),
            (Some(DateTimeField::Hour), Some(DateTimeField::Minute)) => Some(HOUR | MINUTE),
            _ => return Err(refused("an interval of these fields")),
        };
        let typmod = bits.map_or(-1, Self::interval_typmod);
        let to = Type { oid: oid::INTERVAL, typmod };
        self.coerce_to(Term::constant(Some(text), oid::UNKNOWN), to, Context::Explicit, Form::Explicit)
    }
}

/// Whether the blank of `TRIM(FROM x)` was put in by the lexer, in the place of the word FROM.
fn is_put_in(what: &Expr) -> bool {
    const FROM: u64 = 4;
    let Expr::Value(value) = what else { return false };
    let blank = matches!(&value.value, ast::Value::SingleQuotedString(text) if text == " ");
    blank && value.span.end.column.saturating_sub(value.span.start.column) == FROM
}

/// Several tests as one.
fn one_or(kind: Logic, mut tests: Vec<Term>) -> Term {
    if tests.len() == 1 { tests.remove(0) } else { logic(kind, tests) }
}

/// The name of a field of EXTRACT.
fn field_name(field: &DateTimeField) -> String {
    match field {
        DateTimeField::Custom(ident) => crate::sql::rewrite::names::folded(ident),
        other => other.to_string().to_lowercase(),
    }
}

/// Whether a term reads a column outside its subqueries.
fn has_columns(term: &Term) -> bool {
    super::print::any_node(term, &|node| matches!(node, Node::Column(..) | Node::Whole(_) | Node::Merged(_)))
}
