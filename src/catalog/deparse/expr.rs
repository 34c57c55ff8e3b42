//! Expressions as parse analysis makes them of what was written (`parse_expr.c`).

use datafusion::sql::sqlparser::ast::{self, AccessExpr, BinaryOperator, Expr, UnaryOperator, Value};

use super::system::{self, Context};
use super::tree::{Form, Logic, Node, Term, Type};
use super::{Analyzer, deep, refused, tree};
use crate::catalog::pg_catalog::reg;
use crate::error::Result;
use crate::sql::distinct::{IS_DISTINCT, IS_NOT_DISTINCT};
use crate::sql::rewrite::names::{folded, last_part};
use crate::types::oid;

impl Analyzer<'_> {
    /// What an expression means.
    pub(super) fn expr(&mut self, written: &Expr) -> Result<Term> {
        deep(|| self.one_expr(unnested(written)))
    }

    fn one_expr(&mut self, written: &Expr) -> Result<Term> {
        match written {
            Expr::Nested(inner) => self.expr(inner),
            Expr::Identifier(ident) => match ident.quote_style {
                None if super::calls::is_value_word(&folded(ident)) => self.word(&folded(ident), None),
                _ => self.name(&folded(ident)),
            },
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [relation, column] => self.qualified(&folded(relation), &folded(column)),
                [_, relation, column] => self.qualified(&folded(relation), &folded(column)),
                _ => Err(refused("a name of four parts")),
            },
            Expr::Value(value) => constant(&value.value),
            Expr::TypedString(typed) => {
                let text = string(&typed.value.value).ok_or_else(|| refused("a literal of this form"))?;
                let to = self.data_type(&typed.data_type)?;
                self.coerce_to(Term::constant(Some(text), oid::UNKNOWN), to, Context::Explicit, Form::Explicit)
            }
            Expr::Interval(interval) => self.interval(interval),
            Expr::Cast { expr, data_type, format: None, array: false, kind } => {
                if !matches!(kind, ast::CastKind::Cast | ast::CastKind::DoubleColon) {
                    return Err(refused("this cast"));
                }
                self.cast(expr, data_type)
            }
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::IsNull(inner) => self.null_test(inner, false),
            Expr::IsNotNull(inner) => self.null_test(inner, true),
            Expr::IsTrue(inner) => self.test(inner, "TRUE"),
            Expr::IsNotTrue(inner) => self.test(inner, "NOT TRUE"),
            Expr::IsFalse(inner) => self.test(inner, "FALSE"),
            Expr::IsNotFalse(inner) => self.test(inner, "NOT FALSE"),
            Expr::IsUnknown(inner) => self.test(inner, "UNKNOWN"),
            Expr::IsNotUnknown(inner) => self.test(inner, "NOT UNKNOWN"),
            Expr::IsDistinctFrom(left, right) => self.distinct(left, right, false),
            Expr::IsNotDistinctFrom(left, right) => self.distinct(left, right, true),
            Expr::Array(array) => self.array(&array.elem),
            Expr::Tuple(items) => self.row(items),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Expr::Function(call) => self.call(call),
            Expr::QualifiedWildcard(name, _) => self.name(&last_part(name)),
            Expr::Exists { .. } | Expr::Subquery(_) | Expr::InSubquery { .. } => self.sublink(written),
            Expr::AnyOp { left, compare_op, right, .. } => self.each(left, compare_op, right, false),
            Expr::AllOp { left, compare_op, right } => self.each(left, compare_op, right, true),
            other => self.form(other),
        }
    }

    /// Several expressions.
    pub(super) fn exprs<'e>(&mut self, all: impl IntoIterator<Item = &'e Expr>) -> Result<Vec<Term>> {
        all.into_iter().map(|expr| self.expr(expr)).collect()
    }

    /// A type as SQL names it.
    pub(super) fn data_type(&self, written: &ast::DataType) -> Result<Type> {
        let mut plain = written.clone();
        crate::sql::rewrite::qualifiers::strip_type(&mut plain);
        let name = plain.to_string();
        let (found, typmod) = reg::lookup_type(self.vars, &name).map_err(|_| refused(&format!("the type {name}")))?;
        let is_single = matches!(plain, ast::DataType::Char(None) | ast::DataType::Character(None));
        let typmod = match (found, typmod) {
            (oid::BPCHAR, -1) if is_single => 5,
            (oid::BIT, -1) => 1,
            (_, typmod) => typmod,
        };
        Ok(Type { oid: found, typmod })
    }

    fn cast(&mut self, written: &Expr, data_type: &ast::DataType) -> Result<Term> {
        let to = self.data_type(data_type)?;
        let mut inner = written;
        while let Expr::Nested(nested) = inner {
            inner = nested;
        }
        if let Expr::Array(array) = inner
            && system::element(self.vars, to.oid) != 0
        {
            return self.array_of(&array.elem, to);
        }
        if matches!(inner, Expr::Collate { .. }) {
            return Err(refused("COLLATE beside a cast"));
        }
        let term = self.expr(written)?;
        self.coerce_to(term, to, Context::Explicit, Form::Explicit)
    }

    /// `ARRAY[…]::type[]`: the cast is made to each element.
    fn array_of(&mut self, written: &[Expr], to: Type) -> Result<Term> {
        let element = system::element(self.vars, to.oid);
        let mut items = Vec::with_capacity(written.len());
        for item in written {
            let nested = matches!(item, Expr::Array(_));
            items.push(match item {
                Expr::Array(array) => self.array_of(&array.elem, to)?,
                _ => {
                    let term = self.expr(item)?;
                    let wanted = Type { oid: element, typmod: to.typmod };
                    self.coerce_to(term, wanted, Context::Explicit, Form::Explicit)?
                }
            });
            if nested && written.iter().any(|item| !matches!(item, Expr::Array(_))) {
                return Err(refused("an array of both arrays and elements"));
            }
        }
        Ok(Term { node: Node::Array(items), ty: Type::of(to.oid) })
    }

    fn array(&mut self, written: &[Expr]) -> Result<Term> {
        if written.is_empty() {
            return Err(refused("an array without a type"));
        }
        let items = self.exprs(written)?;
        let (items, element) = self.unified(items)?;
        let array = match system::element(self.vars, element.oid) {
            0 => system::array_of(self.vars, element.oid),
            _ => element.oid,
        };
        if array == 0 {
            return Err(refused("an array of this type"));
        }
        Ok(Term { node: Node::Array(items), ty: Type::of(array) })
    }

    /// `ROW(…)`; bare strings in it stay what they are until the row is used.
    pub(super) fn row(&mut self, items: &[Expr]) -> Result<Term> {
        let mut terms = Vec::new();
        for item in items {
            match item {
                Expr::QualifiedWildcard(name, _) => {
                    terms.extend(self.star_of(&last_part(name))?.into_iter().map(|(_, term)| term));
                }
                other => {
                    let term = self.expr(other)?;
                    terms.push(self.settled(term)?);
                }
            }
        }
        Ok(Term { node: Node::Row(terms, false), ty: Type::of(oid::RECORD) })
    }

    fn unary(&mut self, op: UnaryOperator, written: &Expr) -> Result<Term> {
        if let (UnaryOperator::Minus, Some(digits)) = (op, digits(written)) {
            return Ok(number(&negated(&digits)));
        }
        let term = self.expr(written)?;
        match op {
            UnaryOperator::Not => {
                let term = self.boolean(term)?;
                Ok(logic(Logic::Not, vec![term]))
            }
            other => self.op(&other.to_string(), None, term),
        }
    }

    fn binary(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Result<Term> {
        let kind = match op {
            BinaryOperator::And => Logic::And,
            BinaryOperator::Or => Logic::Or,
            BinaryOperator::Spaceship => return self.marked(left, right),
            BinaryOperator::Overlaps => return self.overlaps(left, right),
            other => {
                let name = operator_name(other)?;
                if let (Some(a), Some(b)) = (row_items(left), row_items(right)) {
                    return self.rows(&name, &a, &b);
                }
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                return self.op(&name, Some(left), right);
            }
        };
        // A chain from the left is one node; what stands in parentheses on the right is another.
        let mut terms = Vec::new();
        self.chain(left, op, &mut terms)?;
        let last = self.expr(right)?;
        terms.push(self.boolean(last)?);
        Ok(logic(kind, terms))
    }

    fn chain(&mut self, written: &Expr, op: &BinaryOperator, terms: &mut Vec<Term>) -> Result<()> {
        // Long chains are taken apart without recursion.
        let mut rights = Vec::new();
        let mut first = unnested(written);
        while let Expr::BinaryOp { left, op: inner, right } = first
            && inner == op
        {
            rights.push(right.as_ref());
            first = unnested(left);
        }
        for item in std::iter::once(first).chain(rights.into_iter().rev()) {
            let term = self.expr(item)?;
            terms.push(self.boolean(term)?);
        }
        Ok(())
    }

    /// A predicate that the lexer marked: `a <=> "is distinct"(b)`.
    fn marked(&mut self, left: &Expr, right: &Expr) -> Result<Term> {
        let Expr::Function(marker) = right else { return Err(refused("an operator")) };
        let name = last_part(&marker.name);
        let [operand] = super::calls::plain_args(marker)?.try_into().map_err(|_| refused("IS JSON"))?;
        match name.as_str() {
            IS_DISTINCT => self.distinct(left, operand, false),
            IS_NOT_DISTINCT => self.distinct(left, operand, true),
            _ => Err(refused("IS JSON")),
        }
    }

    fn distinct(&mut self, left: &Expr, right: &Expr, negated: bool) -> Result<Term> {
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let null_of = |term: Term| Term { node: Node::NullTest(Box::new(term), !negated), ty: Type::of(oid::BOOL) };
        if right.is_null() {
            return Ok(null_of(left));
        }
        if left.is_null() {
            return Ok(null_of(right));
        }
        let Node::Op(_, Some(left), right) = self.op("=", Some(left), right)?.node else {
            return Err(refused("IS DISTINCT FROM"));
        };
        let distinct = Term { node: Node::Distinct(left, right), ty: Type::of(oid::BOOL) };
        Ok(if negated { logic(Logic::Not, vec![distinct]) } else { distinct })
    }

    fn null_test(&mut self, written: &Expr, negated: bool) -> Result<Term> {
        let term = self.expr(written)?;
        Ok(Term { node: Node::NullTest(Box::new(term), negated), ty: Type::of(oid::BOOL) })
    }

    fn test(&mut self, written: &Expr, test: &'static str) -> Result<Term> {
        let term = self.expr(written)?;
        let term = self.boolean(term)?;
        Ok(Term { node: Node::Test(Box::new(term), test), ty: Type::of(oid::BOOL) })
    }

    /// Subscripts and fields behind a value.
    fn access(&mut self, root: &Expr, chain: &[AccessExpr]) -> Result<Term> {
        let mut term = self.expr(root)?;
        let mut at = 0;
        while let Some(access) = chain.get(at) {
            match access {
                AccessExpr::Dot(Expr::Identifier(name)) => {
                    term = self.field(term, &folded(name))?;
                    at += 1;
                }
                AccessExpr::Dot(_) => return Err(refused("a field of this form")),
                AccessExpr::Subscript(_) => {
                    let count = chain[at..].iter().take_while(|a| matches!(a, AccessExpr::Subscript(_))).count();
                    term = self.subscript(term, &chain[at..at + count])?;
                    at += count;
                }
            }
        }
        Ok(term)
    }

    fn subscript(&mut self, array: Term, chain: &[AccessExpr]) -> Result<Term> {
        let element = system::element(self.vars, array.ty.oid);
        if array.ty.oid == oid::JSONB {
            return self.member(array, chain);
        }
        if element == 0 {
            return Err(refused("a subscript of what is no array"));
        }
        let mut subscripts = Vec::with_capacity(chain.len());
        let mut slice = false;
        for access in chain {
            let AccessExpr::Subscript(subscript) = access else { continue };
            let mut bound = |written: &Option<Expr>| -> Result<Option<Term>> {
                let Some(written) = written else { return Ok(None) };
                let term = self.expr(written)?;
                let int = Type::of(oid::INT4);
                self.coerce_to(term, int, Context::Assignment, Form::Implicit).map(Some)
            };
            subscripts.push(match subscript {
                ast::Subscript::Index { index } => match bound(&Some(index.clone()))? {
                    Some(index) => tree::Subscript::Index(index),
                    None => return Err(refused("a subscript")),
                },
                ast::Subscript::Slice { lower_bound, upper_bound, stride: None } => {
                    slice = true;
                    tree::Subscript::Slice(bound(lower_bound)?, bound(upper_bound)?)
                }
                ast::Subscript::Slice { .. } => return Err(refused("a slice with a stride")),
            });
        }
        if slice {
            // Beside a slice a lone subscript is the upper bound of one from 1.
            for subscript in &mut subscripts {
                if let tree::Subscript::Index(upper) = subscript {
                    let one = Term::constant(Some("1".to_owned()), oid::INT4);
                    *subscript = tree::Subscript::Slice(Some(one), Some(upper.clone()));
                }
            }
        }
        let ty = Type { oid: if slice { array.ty.oid } else { element }, typmod: array.ty.typmod };
        Ok(Term { node: Node::Subscript(Box::new(array), subscripts), ty })
    }

    /// `document['key'][0]`
    fn member(&mut self, document: Term, chain: &[AccessExpr]) -> Result<Term> {
        let mut subscripts = Vec::with_capacity(chain.len());
        for access in chain {
            let AccessExpr::Subscript(ast::Subscript::Index { index }) = access else {
                return Err(refused("a slice of jsonb"));
            };
            let term = self.expr(index)?;
            let term = self.settled(term)?;
            let plain = matches!(term.ty.oid, oid::TEXT | oid::INT4);
            let to = Type::of(if system::category(term.ty.oid) == b'S' { oid::TEXT } else { oid::INT4 });
            let term = match plain {
                true => term,
                false => self.coerce_to(term, to, Context::Implicit, Form::Implicit)?,
            };
            subscripts.push(tree::Subscript::Index(term));
        }
        Ok(Term { node: Node::Subscript(Box::new(document), subscripts), ty: Type::of(oid::JSONB) })
    }

    /// `(row).field`: a column where the row is a relation's.
    fn field(&mut self, row: Term, name: &str) -> Result<Term> {
        if let Node::Whole(place) = row.node {
            let range = self.ranges.get(place);
            let found = range.and_then(|r| r.columns.iter().enumerate().find(|(_, (column, _))| column == name));
            let (i, (_, ty)) = found.ok_or_else(|| refused("a field that is not known"))?;
            return Ok(Term { node: Node::Column(place, i), ty: *ty });
        }
        let source = self.vars.snapshot.system().source();
        use crate::catalog::pg_catalog::source::Object;
        let Some(Object::RowType(table)) = source.object(row.ty.oid) else {
            return Err(refused("a field of a row that is no table's"));
        };
        let schema = source.tables[table].relation.schema();
        let field = schema.field_with_name(name).map_err(|_| refused("a field that is not known"))?;
        let ty = super::type_of(field);
        Ok(Term { node: Node::Field(Box::new(row), name.to_owned()), ty })
    }
}

/// An expression without the parentheses around it.
pub(super) fn unnested(mut written: &Expr) -> &Expr {
    while let Expr::Nested(inner) = written {
        written = inner;
    }
    written
}

/// The items of `(a, b)` and `ROW(a, b)`.
pub(super) fn row_items(written: &Expr) -> Option<Vec<&Expr>> {
    match unnested(written) {
        Expr::Tuple(items) => Some(items.iter().collect()),
        Expr::Function(call) if last_part(&call.name) == "row" && call.over.is_none() => {
            super::calls::plain_args(call).ok()
        }
        _ => None,
    }
}

/// AND, OR, NOT of terms.
pub(super) fn logic(kind: Logic, terms: Vec<Term>) -> Term {
    Term { node: Node::Logic(kind, terms), ty: Type::of(oid::BOOL) }
}

/// The name of an operator as `pg_operator` has it.
pub(super) fn operator_name(op: &BinaryOperator) -> Result<String> {
    Ok(match op {
        BinaryOperator::NotEq => "<>".to_owned(),
        BinaryOperator::Custom(name) => name.clone(),
        BinaryOperator::PGCustomBinaryOperator(parts) => match parts.last() {
            Some(name) => name.clone(),
            None => return Err(refused("an operator")),
        },
        BinaryOperator::PGExp | BinaryOperator::BitwiseXor => "^".to_owned(),
        other => other.to_string(),
    })
}

/// A string literal's text.
pub(super) fn string(value: &Value) -> Option<String> {
    match value {
        Value::SingleQuotedString(text)
        | Value::EscapedStringLiteral(text)
        | Value::UnicodeStringLiteral(text)
        | Value::NationalStringLiteral(text) => Some(text.clone()),
        Value::DollarQuotedString(quoted) => Some(quoted.value.clone()),
        _ => None,
    }
}

fn constant(value: &Value) -> Result<Term> {
    match value {
        Value::Number(digits, _) => Ok(number(digits)),
        Value::Boolean(value) => {
            let shown = if *value { "true" } else { "false" };
            Ok(Term::constant(Some(shown.to_owned()), oid::BOOL))
        }
        Value::Null => Ok(Term::constant(None, oid::UNKNOWN)),
        Value::SingleQuotedByteStringLiteral(bits) => Ok(Term::constant(Some(bits.clone()), oid::BIT)),
        other => match string(other) {
            Some(text) => Ok(Term::constant(Some(text), oid::UNKNOWN)),
            None => Err(refused("a literal of this form")),
        },
    }
}

/// The digits of a number, with the signs before it.
fn digits(written: &Expr) -> Option<String> {
    match unnested(written) {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => Some(digits.clone()),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => digits(expr).map(|digits| negated(&digits)),
        _ => None,
    }
}

fn negated(digits: &str) -> String {
    digits.strip_prefix('-').map_or_else(|| format!("-{digits}"), str::to_owned)
}

/// A number of the smallest type that holds it.
fn number(digits: &str) -> Term {
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    if let Ok(value) = plain.parse::<i64>() {
        let oid = if i32::try_from(value).is_ok() { oid::INT4 } else { oid::INT8 };
        return Term::constant(Some(value.to_string()), oid);
    }
    let read = crate::types::decode_typed(oid::NUMERIC, -1, &plain, &crate::types::TextStyle::default());
    let style = crate::types::TextStyle::default();
    let shown = read.and_then(|value| crate::catalog::functions::output_text(&value, &style)).unwrap_or(plain);
    Term::constant(Some(shown), oid::NUMERIC)
}
