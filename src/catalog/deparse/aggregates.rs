//! Aggregates, ordered-set aggregates and window functions with their clauses.

use datafusion::sql::sqlparser::ast::{
    self, DuplicateTreatment, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, OrderByExpr,
    WindowFrameBound, WindowFrameUnits, WindowType,
};

use super::system::{Context, Function};
use super::tree::{Aggregate, Bound, Form, Frame, Node, Sort, Term, Type, Window, WindowSpec};
use super::{Analyzer, refused};
use crate::error::Result;
use crate::sql::frames::MARK;
use crate::sql::rewrite::names::folded;
use crate::sql::spellings::VARIADIC;
use crate::types::oid;

impl Analyzer<'_> {
    /// A call of an aggregate or window function.
    pub(super) fn aggregate(&mut self, name: &str, all: &[Function], call: &ast::Function) -> Result<Term> {
        let FunctionArguments::List(list) = &call.args else { return Err(refused("a call of this form")) };
        let star = matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]);
        let mut args = Vec::new();
        for arg in list.args.iter().filter(|_| !star) {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Function(marker)))
                    if crate::sql::rewrite::names::last_part(&marker.name) == VARIADIC =>
                {
                    return Err(refused("VARIADIC of an aggregate"));
                }
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => args.push(self.expr(expr)?),
                FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(relation)) => {
                    args.push(self.name(&crate::sql::rewrite::names::last_part(relation))?);
                }
                _ => return Err(refused("an argument of this form")),
            }
        }
        let mut order = Vec::new();
        for clause in &list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(items) => order = self.sorts(items)?,
                _ => return Err(refused("a clause of a call")),
            }
        }
        let within = !call.within_group.is_empty();
        if within {
            order = self.sorts(&call.within_group)?;
        }
        let direct = args.len();
        args.extend(order.iter().filter(|_| within).map(|sort| sort.by.clone()));
        let types: Vec<u32> = args.iter().map(|arg| arg.ty.oid).collect();
        let (meant, params, _) = self.function(all, &types)?;
        let (mut args, result) = self.arguments(args, &params, meant.result)?;
        if within {
            for (sort, by) in order.iter_mut().zip(args.split_off(direct)) {
                sort.by = by;
            }
        }
        let filter = match &call.filter {
            Some(filter) => {
                let filter = self.expr(filter)?;
                Some(self.boolean(filter)?)
            }
            None => None,
        };
        let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let name = name.to_owned();
        let made = Aggregate { name, star, distinct, args, variadic: false, order, within, filter };
        let ty = Type::of(result);
        match (&call.over, meant.kind) {
            (Some(over), _) => {
                let window = self.window(over)?;
                Ok(Term { node: Node::Window(Box::new(made), window), ty })
            }
            (None, b'a') => Ok(Term { node: Node::Aggregate(Box::new(made)), ty }),
            (None, b'f') => Ok(Term { node: Node::Call(made.name, made.args, Form::Call, false), ty }),
            _ => Err(refused("a window function without a window")),
        }
    }

    fn window(&mut self, over: &WindowType) -> Result<Window> {
        match over {
            WindowType::NamedWindow(name) => Ok(Window::Named(folded(name))),
            WindowType::WindowSpec(spec) => self.window_spec(spec).map(Window::Spec),
        }
    }

    /// A window's specification.
    pub(super) fn window_spec(&mut self, spec: &ast::WindowSpec) -> Result<WindowSpec> {
        let base = spec.window_name.as_ref().map(folded);
        if base.as_ref().is_some_and(|name| name.contains(MARK)) {
            return Err(refused("a frame that excludes rows"));
        }
        let partition = self.exprs(&spec.partition_by)?;
        let order = self.sorts(&spec.order_by)?;
        let frame = match &spec.window_frame {
            Some(frame) => Some(self.frame(frame, order.first().map(|sort| sort.by.ty.oid))?),
            None => None,
        };
        Ok(WindowSpec { base, partition, order, frame })
    }

    /// A frame.
    fn frame(&mut self, frame: &ast::WindowFrame, ordered: Option<u32>) -> Result<Frame> {
        let unit = match frame.units {
            WindowFrameUnits::Rows => "ROWS",
            WindowFrameUnits::Range => "RANGE",
            WindowFrameUnits::Groups => "GROUPS",
        };
        let mut bound = |bound: &WindowFrameBound| -> Result<Bound> {
            let (offset, side, words) = match bound {
                WindowFrameBound::CurrentRow => return Ok(Bound::Words("CURRENT ROW")),
                WindowFrameBound::Preceding(offset) => (offset, "PRECEDING", "UNBOUNDED PRECEDING"),
                WindowFrameBound::Following(offset) => (offset, "FOLLOWING", "UNBOUNDED FOLLOWING"),
            };
            let Some(offset) = offset else { return Ok(Bound::Words(words)) };
            let offset = self.expr(offset)?;
            let offset = match (unit, ordered) {
                ("RANGE", Some(oid::DATE | oid::TIME | oid::TIMETZ | oid::TIMESTAMP | oid::TIMESTAMPTZ)) => {
                    self.coerce(offset, Type::of(oid::INTERVAL), Context::Implicit, Form::Implicit)?
                }
                ("RANGE", Some(of)) if offset.is_unknown() => {
                    self.coerce(offset, Type::of(of), Context::Implicit, Form::Implicit)?
                }
                ("RANGE", _) => offset,
                _ => self.bigint(offset)?,
            };
            Ok(Bound::Offset(Box::new(offset), side))
        };
        let start = bound(&frame.start_bound)?;
        let end = frame.end_bound.as_ref().map(bound).transpose()?;
        Ok(Frame { unit, start, end })
    }

    /// The items of an ORDER BY that knows no output columns.
    pub(super) fn sorts(&mut self, items: &[OrderByExpr]) -> Result<Vec<Sort>> {
        items
            .iter()
            .map(|item| {
                let by = self.expr(&item.expr)?;
                let by = self.settled(by)?;
                sort(by, None, item)
            })
            .collect()
    }
}

/// An item of ORDER BY.
pub(super) fn sort(by: Term, column: Option<usize>, item: &OrderByExpr) -> Result<Sort> {
    if item.with_fill.is_some() {
        return Err(refused("ORDER BY of this form"));
    }
    let descending = item.options.asc == Some(false);
    let nulls_first = item.options.nulls_first.unwrap_or(descending);
    Ok(Sort { by, column, descending, nulls_first })
}
