//! Functions that SQL spells without parentheses: `current_user`, `current_date`, ….
//!
//! PostgreSQL reserves these words, so an unquoted identifier of that name can only mean the function.

use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArgumentList, FunctionArguments, Ident, ObjectName};

const FUNCTIONS: [&str; 11] = [
    "current_user",
    "session_user",
    "user",
    "current_role",
    "current_catalog",
    "current_schema",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
];

/// Whether an expression is such a word.
#[must_use]
pub fn is_function_word(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(Ident { value, quote_style: None, .. })
        if FUNCTIONS.iter().any(|f| value.eq_ignore_ascii_case(f)))
}

/// Makes a call of a reserved word.
pub fn call(expr: &mut Expr) {
    if !is_function_word(expr) {
        return;
    }
    let Expr::Identifier(Ident { value, span, .. }) = expr else { return };
    let name = value.to_lowercase();
    let mut ident = Ident::new(name);
    ident.span = *span;
    *expr = Expr::Function(Function {
        name: ObjectName::from(vec![ident]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: Vec::new(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    });
}
