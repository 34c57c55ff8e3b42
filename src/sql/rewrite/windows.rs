//! Window calls: names of windows resolved, frames checked, and calls that the engine's own window functions do not
//! answer as PostgreSQL does put into a form that `catalog/functions/framed` evaluates.
//!
//! Such a call carries its frame in its name ([`FrameSpec`]) and everything the frame depends on in its arguments: the
//! function's own, the FILTER, the offsets and the ORDER BY columns. Its window keeps only its partition and order.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments, Ident, NamedWindowExpr, ObjectName, OrderByKind, Query, Select, SetExpr, Value, VisitMut,
    VisitorMut, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::frame_spec::{Bound, FrameSpec, Units};
use super::names::{folded, last_part};
use crate::error::{Error, Result};
use crate::sql::frames::{Exclusion, MARK};
use crate::sqlstate;

/// Window functions that look at the partition, whatever the frame is.
const FRAMELESS: [&str; 8] = ["row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead"];

/// Window functions that look at the frame.
const PICKING: [&str; 3] = ["first_value", "last_value", "nth_value"];

/// Aggregates that the engine moves along a frame by taking rows away again.
const RETRACTABLE: [&str; 23] = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "variance",
    "var_pop",
    "var_samp",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "regr_count",
    "regr_sxx",
    "regr_syy",
    "regr_sxy",
    "regr_avgx",
    "regr_avgy",
    "regr_r2",
    "regr_slope",
    "regr_intercept",
    "covar_pop",
    "covar_samp",
    "corr",
];

/// Settles the window calls of a query's SELECT list and ORDER BY.
pub fn settle(query: &mut Query) -> Result<()> {
    let SetExpr::Select(select) = query.body.as_mut() else { return Ok(()) };
    let windows = definitions(select)?;
    let mut visitor = Settle { windows: &windows, depth: 0 };
    let mut visit = |expr: &mut Expr| match expr.visit(&mut visitor) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    };
    for item in &mut select.projection {
        use datafusion::sql::sqlparser::ast::SelectItem;
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            visit(expr)?;
        }
    }
    if let Some(datafusion::sql::sqlparser::ast::Distinct::On(exprs)) = &mut select.distinct {
        exprs.iter_mut().try_for_each(&mut visit)?;
    }
    if let Some(OrderByKind::Expressions(items)) = query.order_by.as_mut().map(|o| &mut o.kind) {
        items.iter_mut().try_for_each(|item| visit(&mut item.expr))?;
    }
    Ok(())
}

/// The WINDOW clause with every reference to an earlier window resolved; the clause itself is taken away.
fn definitions(select: &mut Select) -> Result<Vec<(String, WindowSpec)>> {
    let mut windows: Vec<(String, WindowSpec)> = Vec::new();
    for definition in std::mem::take(&mut select.named_window) {
        let name = folded(&definition.0);
        if windows.iter().any(|(known, _)| *known == name) {
            return Err(Error::new(sqlstate::WINDOWING_ERROR, format!("window \"{name}\" is already defined")));
        }
        let mut spec = match definition.1 {
            NamedWindowExpr::WindowSpec(spec) => spec,
            NamedWindowExpr::NamedWindow(other) => reference(&other),
        };
        inherit(&mut spec, &windows, false)?;
        check_frame(&spec)?;
        windows.push((name, spec));
    }
    Ok(windows)
}

fn reference(name: &Ident) -> WindowSpec {
    WindowSpec { window_name: Some(name.clone()), partition_by: Vec::new(), order_by: Vec::new(), window_frame: None }
}

/// The name of the window a specification starts from and what its own frame excludes.
fn name_and_mark(spec: &WindowSpec) -> (Option<String>, Option<Exclusion>) {
    let Some(ident) = &spec.window_name else { return (None, None) };
    let name = folded(ident);
    match name.split_once(MARK) {
        Some((base, letter)) => {
            let exclusion = letter.chars().next().and_then(Exclusion::of_letter);
            ((!base.is_empty()).then(|| base.to_owned()), exclusion)
        }
        None => (Some(name), None),
    }
}

/// Fills in what a specification takes from the window it names. `whole`: it is `OVER name`, frame and all.
fn inherit(spec: &mut WindowSpec, windows: &[(String, WindowSpec)], whole: bool) -> Result<()> {
    let (base, exclusion) = name_and_mark(spec);
    let Some(base) = base else { return Ok(()) };
    let Some((_, window)) = windows.iter().find(|(name, _)| *name == base) else {
        return Err(Error::new(sqlstate::UNDEFINED_OBJECT, format!("window \"{base}\" does not exist")));
    };
    if whole {
        *spec = window.clone();
        return Ok(());
    }
    let refuse = |message: String| Err(Error::new(sqlstate::WINDOWING_ERROR, message));
    if !spec.partition_by.is_empty() {
        return refuse(format!("cannot override PARTITION BY clause of window \"{base}\""));
    }
    if !spec.order_by.is_empty() && !window.order_by.is_empty() {
        return refuse(format!("cannot override ORDER BY clause of window \"{base}\""));
    }
    if window.window_frame.is_some() {
        return refuse(format!("cannot copy window \"{base}\" because it has a frame clause"));
    }
    spec.partition_by.clone_from(&window.partition_by);
    if spec.order_by.is_empty() {
        spec.order_by.clone_from(&window.order_by);
    }
    spec.window_name = exclusion.map(|e| Ident::with_quote('"', format!("{MARK}{}", e.letter())));
    Ok(())
}

struct Settle<'a> {
    windows: &'a [(String, WindowSpec)],
    depth: usize,
}

impl VisitorMut for Settle<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<Error> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<Error> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        // A subquery's windows are its own.
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
        match settle_call(function, self.windows) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

fn settle_call(function: &mut Function, windows: &[(String, WindowSpec)]) -> Result<()> {
    let (mut spec, whole) = match function.over.take() {
        None => return Ok(()),
        Some(WindowType::NamedWindow(name)) => (reference(&name), true),
        Some(WindowType::WindowSpec(spec)) => (spec, false),
    };
    inherit(&mut spec, windows, whole)?;
    check_frame(&spec)?;
    let name = last_part(&function.name);
    check_call(&name, function)?;
    let (_, mut exclusion) = name_and_mark(&spec);
    spec.window_name = None;
    if FRAMELESS.contains(&name.as_str()) {
        spec.window_frame = None;
        exclusion = None;
    }
    let special = match FRAMELESS.contains(&name.as_str()) || PICKING.contains(&name.as_str()) {
        true => varies(&name, function),
        false => sliding(&spec) && !RETRACTABLE.contains(&name.as_str()),
    };
    let own = special || exclusion.is_some() || spec.window_frame.as_ref().is_some_and(needs_own_frame);
    if own {
        frame_call(function, &name, &mut spec, exclusion);
    }
    function.over = Some(WindowType::WindowSpec(spec));
    Ok(())
}

/// What PostgreSQL refuses of any call with OVER.
fn check_call(name: &str, function: &Function) -> Result<()> {
    let refuse = |message: &'static str| Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
    if !function.within_group.is_empty() {
        let message = format!("OVER is not supported for ordered-set aggregate {name}");
        return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
    }
    if let FunctionArguments::List(list) = &function.args {
        if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
            return refuse("DISTINCT is not implemented for window functions");
        }
        if list.clauses.iter().any(|c| matches!(c, FunctionArgumentClause::OrderBy(_))) {
            return refuse("aggregate ORDER BY is not implemented for window functions");
        }
        if list.args.is_empty() && name == "count" {
            let message = "count(*) must be used to call a parameterless aggregate function";
            return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, message));
        }
    }
    if function.filter.is_some() && (FRAMELESS.contains(&name) || PICKING.contains(&name)) {
        return refuse("FILTER is not implemented for non-aggregate window functions");
    }
    if function.null_treatment.is_some() {
        return Err(Error::new(sqlstate::SYNTAX_ERROR, "syntax error at or near \"NULLS\""));
    }
    Ok(())
}

/// PostgreSQL's rules for frames.
fn check_frame(spec: &WindowSpec) -> Result<()> {
    let Some(frame) = &spec.window_frame else { return Ok(()) };
    let refuse = |message: &'static str| Err(Error::new(sqlstate::WINDOWING_ERROR, message));
    let (start, end) = bounds(frame);
    match (start, end) {
        (Bound::UnboundedFollowing, _) => return refuse("frame start cannot be UNBOUNDED FOLLOWING"),
        (_, Bound::UnboundedPreceding) => return refuse("frame end cannot be UNBOUNDED PRECEDING"),
        (Bound::Following, Bound::CurrentRow) if frame.end_bound.is_none() => {
            return refuse("frame starting from following row cannot end with current row");
        }
        (Bound::CurrentRow, Bound::Preceding) => {
            return refuse("frame starting from current row cannot have preceding rows");
        }
        (Bound::Following, Bound::Preceding | Bound::CurrentRow) => {
            return refuse("frame starting from following row cannot have preceding rows");
        }
        _ => {}
    }
    let has_offset = [start, end].iter().any(|b| b.has_offset());
    match frame.units {
        WindowFrameUnits::Range if has_offset && spec.order_by.len() != 1 => {
            return refuse("RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column");
        }
        WindowFrameUnits::Groups if spec.order_by.is_empty() => {
            return refuse("GROUPS mode requires an ORDER BY clause");
        }
        _ => {}
    }
    for offset in [Some(&frame.start_bound), frame.end_bound.as_ref()].into_iter().flatten().filter_map(offset) {
        if has_variable(offset) {
            let message = format!("argument of {} must not contain variables", frame.units);
            return Err(Error::new(sqlstate::INVALID_COLUMN_REFERENCE, message));
        }
    }
    Ok(())
}

fn bounds(frame: &WindowFrame) -> (Bound, Bound) {
    let bound = |b: &WindowFrameBound| match b {
        WindowFrameBound::CurrentRow => Bound::CurrentRow,
        WindowFrameBound::Preceding(None) => Bound::UnboundedPreceding,
        WindowFrameBound::Preceding(Some(_)) => Bound::Preceding,
        WindowFrameBound::Following(None) => Bound::UnboundedFollowing,
        WindowFrameBound::Following(Some(_)) => Bound::Following,
    };
    (bound(&frame.start_bound), frame.end_bound.as_ref().map_or(Bound::CurrentRow, bound))
}

fn offset(bound: &WindowFrameBound) -> Option<&Expr> {
    match bound {
        WindowFrameBound::Preceding(Some(expr)) | WindowFrameBound::Following(Some(expr)) => Some(expr),
        _ => None,
    }
}

/// Whether an expression refers to a column outside its subqueries.
pub fn has_variable(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(_) => !super::keywords::is_function_word(expr),
        Expr::CompoundIdentifier(_) => true,
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } | Expr::Cast { expr: inner, .. } => has_variable(inner),
        Expr::BinaryOp { left, right, .. } => has_variable(left) || has_variable(right),
        _ => false,
    }
}

/// Whether the frame's first row moves.
fn sliding(spec: &WindowSpec) -> bool {
    spec.window_frame.as_ref().is_some_and(|frame| bounds(frame).0 != Bound::UnboundedPreceding)
}

/// Whether the engine's own frames differ: offsets that are no plain numbers, groups, ranges of values.
fn needs_own_frame(frame: &WindowFrame) -> bool {
    /// Beyond it the engine's sums of row numbers may overflow.
    const LARGE: u64 = 1 << 40;
    let (start, end) = bounds(frame);
    let offsets: Vec<Option<u64>> = [Some(&frame.start_bound), frame.end_bound.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(offset)
        .map(number)
        .collect();
    match frame.units {
        WindowFrameUnits::Groups => true,
        WindowFrameUnits::Range => !offsets.is_empty(),
        WindowFrameUnits::Rows => {
            let empty = match (start, end, offsets.as_slice()) {
                (Bound::Preceding, Bound::Preceding, [Some(a), Some(b)]) => a < b,
                (Bound::Following, Bound::Following, [Some(a), Some(b)]) => a > b,
                _ => false,
            };
            empty || offsets.iter().any(|n| n.is_none_or(|n| n > LARGE))
        }
    }
}

fn number(expr: &Expr) -> Option<u64> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a call has arguments that the engine wants to be constant, or would read otherwise.
fn varies(name: &str, function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    let constant = |i: usize| match list.args.get(i) {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) => number(expr).is_some_and(|n| n > 0 && n < 1 << 31),
        _ => false,
    };
    match name {
        "ntile" => list.args.len() == 1 && !constant(0),
        "nth_value" => list.args.len() == 2 && !constant(1),
        "lag" | "lead" => list.args.len() == 3 || (list.args.len() == 2 && !constant(1)),
        _ => false,
    }
}

/// Puts frame, filter and order into a call's name and arguments.
fn frame_call(function: &mut Function, name: &str, spec: &mut WindowSpec, exclusion: Option<Exclusion>) {
    let mut args = match &mut function.args {
        FunctionArguments::List(list) => std::mem::take(&mut list.args),
        _ => Vec::new(),
    };
    for arg in &mut args {
        // count(*) counts a constant.
        if matches!(arg, FunctionArg::Unnamed(FunctionArgExpr::Wildcard)) {
            *arg = argument(Expr::Value(Value::Boolean(true).with_empty_span()));
        }
    }
    let own = args.len();
    let filter = function.filter.take();
    let has_filter = filter.is_some();
    args.extend(filter.map(|f| argument(*f)));
    let frame = spec.window_frame.take();
    let ordered = !spec.order_by.is_empty();
    let (units, (start, end)) = match &frame {
        Some(frame) => (Units::of(&frame.units), bounds(frame)),
        None if ordered => (Units::Range, (Bound::UnboundedPreceding, Bound::CurrentRow)),
        None => (Units::Rows, (Bound::UnboundedPreceding, Bound::UnboundedFollowing)),
    };
    if let Some(frame) = frame {
        let bounds = std::iter::once(frame.start_bound).chain(frame.end_bound);
        args.extend(bounds.filter_map(|bound| offset(&bound).map(|expr| argument(expr.clone()))));
    }
    args.extend(spec.order_by.iter().map(|key| argument(key.expr.clone())));
    let order = spec.order_by.iter().map(|key| {
        let descending = key.options.asc == Some(false);
        (descending, key.options.nulls_first.unwrap_or(descending))
    });
    let encoded = FrameSpec {
        function: name.to_owned(),
        args: own,
        filter: has_filter,
        units,
        start,
        end,
        exclusion,
        order: order.collect(),
    };
    let span = function.name.0.last().and_then(|p| p.as_ident()).map(|i| i.span);
    let mut ident = Ident::with_quote('"', encoded.to_name());
    if let Some(span) = span {
        ident.span = span;
    }
    function.name = ObjectName::from(vec![ident]);
    function.args =
        FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() });
    spec.window_frame = Some(WindowFrame {
        units: WindowFrameUnits::Rows,
        start_bound: WindowFrameBound::Preceding(None),
        end_bound: Some(WindowFrameBound::Following(None)),
    });
}

fn argument(expr: Expr) -> FunctionArg {
    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
}
