//! Functions in FROM that return one column of rows: `unnest(a) x`, `generate_series(1, n) g`.
//!
//! Their column has the alias's name, or the function's when there is none. A call whose arguments are not constant (an
//! outer query's columns, a join's left side) becomes UNNEST of the function's list form, which the planner can
//! evaluate for each row.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    TableAlias, TableAliasColumnDef, TableFactor, TableFunctionArgs, Value,
};

use super::names::last_part;

/// Functions of one column.
const ONE_COLUMN: [&str; 8] = [
    "unnest",
    "generate_series",
    "generate_subscripts",
    "regexp_split_to_table",
    "string_to_table",
    "jsonb_object_keys",
    "json_object_keys",
    "pg_partition_ancestors",
];

/// The function that gives a series as a list; not a name that SQL can spell without quotes.
pub const SERIES_LIST: &str = "list of series";

/// Names the column, and makes UNNEST of what is not constant.
pub fn in_from(factor: &mut TableFactor) {
    match factor {
        TableFactor::UNNEST { alias: Some(alias), array_exprs, .. } if array_exprs.len() == 1 => name_column(alias),
        TableFactor::UNNEST { alias: alias @ None, array_exprs, .. } if array_exprs.len() == 1 => {
            *alias = Some(alias_of("unnest"));
        }
        TableFactor::Table { name, args: Some(args), alias, with_ordinality: false, .. } => {
            let function = last_part(name);
            if !ONE_COLUMN.contains(&function.as_str()) {
                return;
            }
            match alias {
                Some(alias) => name_column(alias),
                None => *alias = Some(alias_of(&function)),
            }
            if let Some(arguments) = expressions(args)
                && (function == "unnest" || !arguments.iter().all(is_constant))
            {
                *factor = unnest(&function, arguments, alias.take());
            }
        }
        _ => {}
    }
}

fn unnest(function: &str, arguments: Vec<Expr>, alias: Option<TableAlias>) -> TableFactor {
    let array_exprs = match function {
        "unnest" => arguments,
        "generate_series" => vec![call(SERIES_LIST, arguments)],
        "generate_subscripts" => {
            let one = Expr::Value(Value::Number("1".to_owned(), false).with_empty_span());
            vec![call(SERIES_LIST, vec![one, call("array_upper", arguments)])]
        }
        other => vec![call(other, arguments)],
    };
    TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_offset_alias: None, with_ordinality: false }
}

fn call(function: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_quote('"', function)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// The plain arguments; `None` when there are others.
fn expressions(args: &TableFunctionArgs) -> Option<Vec<Expr>> {
    args.args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect()
}

/// Whether an expression has neither columns nor subqueries.
fn is_constant(expr: &Expr) -> bool {
    use datafusion::sql::sqlparser::ast::{Visit, Visitor};
    use std::ops::ControlFlow;
    struct Finder;
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Subquery(_) | Expr::Exists { .. } => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Finder).is_continue()
}

/// An alias without columns names the column too.
fn name_column(alias: &mut TableAlias) {
    if alias.columns.is_empty() {
        alias.columns.push(TableAliasColumnDef { name: alias.name.clone(), data_type: None });
    }
}

fn alias_of(name: &str) -> TableAlias {
    let mut alias = TableAlias { explicit: false, name: Ident::new(name), columns: Vec::new(), at: None };
    name_column(&mut alias);
    alias
}
