//! Calls: functions by their overloads, and the words of the grammar that look like calls.

use datafusion::sql::sqlparser::ast::{self, Expr, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::tree::{Form, Node, Sublink, SublinkKind, Term, Type};
use super::{Analyzer, refused, system};
use crate::error::Result;
use crate::sql::rewrite::names::{folded, last_part};
use crate::sql::spellings::VARIADIC;
use crate::types::oid;

/// The words that are values without parentheses.
const VALUE_WORDS: [(&str, u32); 12] = [
    ("current_date", oid::DATE),
    ("current_time", oid::TIMETZ),
    ("current_timestamp", oid::TIMESTAMPTZ),
    ("localtime", oid::TIME),
    ("localtimestamp", oid::TIMESTAMP),
    ("current_role", oid::NAME),
    ("current_user", oid::NAME),
    ("user", oid::NAME),
    ("session_user", oid::NAME),
    ("system_user", oid::TEXT),
    ("current_catalog", oid::NAME),
    ("current_schema", oid::NAME),
];

/// Whether a bare word is a value.
pub(super) fn is_value_word(name: &str) -> bool {
    VALUE_WORDS.iter().any(|(word, _)| *word == name)
}

/// The arguments of a call that are expressions and nothing else.
pub(super) fn plain_args(call: &ast::Function) -> Result<Vec<&Expr>> {
    match &call.args {
        FunctionArguments::None => Ok(Vec::new()),
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
                _ => Err(refused("an argument of this form")),
            })
            .collect(),
        FunctionArguments::Subquery(_) => Err(refused("an argument of this form")),
    }
}

impl Analyzer<'_> {
    /// A call as it was written.
    pub(super) fn call(&mut self, call: &ast::Function) -> Result<Term> {
        let name = last_part(&call.name);
        let plain = call.over.is_none() && call.filter.is_none() && call.within_group.is_empty();
        let quoted = call.name.0.last().and_then(|part| part.as_ident()).is_some_and(|i| i.quote_style.is_some());
        if call.parameters != FunctionArguments::None || call.null_treatment.is_some() {
            return Err(refused("a call of this form"));
        }
        let bare = !quoted && plain && call.name.0.len() == 1;
        if let Some(term) = if bare { self.grammar(&name, call)? } else { None } {
            return Ok(term);
        }
        let all = system::functions(&name);
        if all.is_empty() {
            return Err(refused(&format!("the function {name}")));
        }
        if all.iter().any(|f| f.kind != b'f') || !plain {
            return self.aggregate(&name, all, call);
        }
        let (args, variadic) = self.call_args(call)?;
        if variadic {
            let types: Vec<u32> = args.iter().map(|arg| arg.ty.oid).collect();
            let found = all.iter().find(|f| f.variadic != 0 && f.arguments.len() == types.len());
            let meant = found.ok_or_else(|| refused("VARIADIC"))?;
            let (args, result) = self.arguments(args, &meant.arguments, meant.result)?;
            return Ok(Term { node: Node::Call(name, args, Form::Call, true), ty: Type::of(result) });
        }
        if let (1, Some(to)) = (args.len(), self.type_function(&name, &args)) {
            return self.coerce(
                args.into_iter().next().ok_or_else(|| refused("a call"))?,
                to,
                system::Context::Explicit,
                Form::Explicit,
            );
        }
        self.called(&name, args, Form::Call)
    }

    /// `type(value)` where no function has that name and one argument: a cast.
    fn type_function(&self, name: &str, args: &[Term]) -> Option<Type> {
        let of = args.first()?.ty.oid;
        let exact = system::functions(name).iter().any(|f| f.arguments == [of]);
        let to = crate::types::oid::by_name(name).filter(|_| !exact)?;
        let is_cast = of == oid::UNKNOWN
            || matches!(system::path(self.vars, of, to.oid, system::Context::Explicit), Some(system::Path::Relabel));
        (to.name == name && is_cast).then(|| Type::of(to.oid))
    }

    fn call_args(&mut self, call: &ast::Function) -> Result<(Vec<Term>, bool)> {
        let FunctionArguments::List(list) = &call.args else { return Ok((Vec::new(), false)) };
        if !list.clauses.is_empty() || list.duplicate_treatment.is_some() {
            return Err(refused("a call of this form"));
        }
        let mut terms = Vec::with_capacity(list.args.len());
        let mut variadic = false;
        for arg in &list.args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(marker)))
                    if last_part(&marker.name) == VARIADIC =>
                {
                    let inner = plain_args(marker)?;
                    terms.extend(self.exprs(inner)?);
                    variadic = true;
                }
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => terms.push(self.expr(expr)?),
                FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) => {
                    terms.push(self.name(&last_part(name))?);
                }
                _ => return Err(refused("an argument by name")),
            }
        }
        Ok((terms, variadic))
    }

    /// A call of a function by name with written arguments.
    pub(super) fn named<'e>(
        &mut self,
        name: &str,
        args: impl IntoIterator<Item = &'e Expr>,
        form: Form,
    ) -> Result<Term> {
        let args = self.exprs(args)?;
        self.called(name, args, form)
    }

    /// A call of a function by name.
    pub(super) fn called(&mut self, name: &str, args: Vec<Term>, form: Form) -> Result<Term> {
        let types: Vec<u32> = args.iter().map(|arg| arg.ty.oid).collect();
        let (meant, params, _) = self.function(system::functions(name), &types)?;
        if meant.kind != b'f' {
            return Err(refused("an aggregate in this form"));
        }
        let (args, result) = self.arguments(args, &params, meant.result)?;
        Ok(Term { node: Node::Call(name.to_owned(), args, form, false), ty: Type::of(result) })
    }

    /// What the grammar itself makes of a name; `None` for a function.
    fn grammar(&mut self, name: &str, call: &ast::Function) -> Result<Option<Term>> {
        if let FunctionArguments::Subquery(query) = &call.args {
            if name != "array" {
                return Err(refused("a call of this form"));
            }
            let query = self.query(query)?;
            let of = query.targets.first().map_or(oid::TEXT, |target| target.term.ty.oid);
            let array = if system::element(self.vars, of) != 0 { of } else { system::array_of(self.vars, of) };
            let link = Sublink { kind: SublinkKind::Array, test: Vec::new(), query: Box::new(query) };
            return Ok(Some(Term { node: Node::Sublink(link), ty: Type::of(array) }));
        }
        if is_value_word(name) && (call.args == FunctionArguments::None || is_precise(name)) {
            let args = plain_args(call)?;
            return self.word(name, args.first().copied()).map(Some);
        }
        let keyword = match name {
            "coalesce" => "COALESCE",
            "greatest" => "GREATEST",
            "least" => "LEAST",
            "nullif" => "NULLIF",
            "row" => {
                let args = plain_args(call)?;
                let args: Vec<Expr> = args.into_iter().cloned().collect();
                return self.row(&args).map(Some);
            }
            "grouping" => {
                let args = plain_args(call)?;
                let args = self.exprs(args)?;
                return Ok(Some(Term { node: Node::Grouping(args), ty: Type::of(oid::INT4) }));
            }
            "normalize" => {
                let args = plain_args(call)?;
                let args = self.exprs(args)?;
                return self.called("normalize", args, Form::Syntax).map(Some);
            }
            _ => return Ok(None),
        };
        let args = plain_args(call)?;
        let args = self.exprs(args)?;
        if keyword == "NULLIF" {
            let [left, right] = <[Term; 2]>::try_from(args).map_err(|_| refused("NULLIF"))?;
            let Node::Op(_, Some(left), right) = self.op("=", Some(left), right)?.node else {
                return Err(refused("NULLIF"));
            };
            let ty = left.ty;
            return Ok(Some(Term { node: Node::Keyword(keyword, vec![*left, *right]), ty }));
        }
        let (args, ty) = self.unified(args)?;
        Ok(Some(Term { node: Node::Keyword(keyword, args), ty }))
    }

    /// CURRENT_DATE and its like, perhaps with so many digits.
    pub(super) fn word(&mut self, name: &str, digits: Option<&Expr>) -> Result<Term> {
        let known = VALUE_WORDS.iter().find(|(word, _)| *word == name).ok_or_else(|| refused("a word"))?;
        let shown = name.to_uppercase();
        let (shown, typmod) = match digits {
            None => (shown, -1),
            Some(written) => match self.expr(written)?.node {
                Node::Const(Some(digits)) => (format!("{shown}({digits})"), digits.parse().unwrap_or(-1)),
                _ => return Err(refused("a word of this form")),
            },
        };
        Ok(Term { node: Node::Word(shown), ty: Type { oid: known.1, typmod } })
    }

    /// The name of an output column that was given none (`FigureColname`).
    pub(super) fn figured(written: &Expr) -> String {
        match written {
            Expr::Identifier(ident) => folded(ident),
            other => crate::sql::rewrite::names::figure(other).0,
        }
    }
}

/// Whether a value's word may be followed by a number of digits.
fn is_precise(name: &str) -> bool {
    matches!(name, "current_time" | "current_timestamp" | "localtime" | "localtimestamp")
}
