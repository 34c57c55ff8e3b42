//! Casts, written and implicit, as PostgreSQL's `parse_coerce.c` puts them in.

use super::system::{self, Context, Path};
use super::tree::{Form, Node, Term, Type};
use super::{Analyzer, refused};
use crate::catalog::functions::output_text;
use crate::catalog::pg_catalog::definitions::quote_identifier;
use crate::catalog::pg_catalog::reg;
use crate::error::Result;
use crate::types::{decode_typed, oid, typmod};

impl Term {
    /// A constant of a type.
    pub(super) fn constant(text: Option<String>, oid: u32) -> Self {
        Self { node: Node::Const(text), ty: Type::of(oid) }
    }

    /// Whether it is a literal that nobody gave a type.
    pub(super) fn is_unknown(&self) -> bool {
        self.ty.oid == oid::UNKNOWN
    }

    /// Whether it is NULL.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.node, Node::Const(None))
    }
}

impl Analyzer<'_> {
    /// A term as a value of a type with a modifier (`coerce_to_target_type`).
    pub(super) fn coerce_to(&self, term: Term, to: Type, context: Context, form: Form) -> Result<Term> {
        if !system::can_coerce(self.vars, term.ty.oid, to.oid, context) {
            return Err(refused("a cast that is not known"));
        }
        if to.oid == oid::BIT && matches!(term.ty.oid, oid::INT4 | oid::INT8) {
            // The function that casts takes the length too.
            return Ok(Term { node: Node::Cast(Box::new(term), form, true), ty: to });
        }
        let was_constant = matches!(term.node, Node::Const(_));
        let mut made = self.coerce(term.clone(), to, context, form)?;
        let of = self.typmod_type(to.oid);
        if to.typmod < 0 || to.typmod == made.ty.typmod || !system::has_length(of) {
            return Ok(made);
        }
        if !was_constant && made != term {
            // Only the outer one of two casts is shown.
            if let Node::Cast(_, form, _) = &mut made.node {
                *form = Form::Implicit;
            }
        }
        Ok(Term { node: Node::Cast(Box::new(made), form, of == to.oid), ty: to })
    }

    /// The type whose modifier an array type's is.
    fn typmod_type(&self, oid: u32) -> u32 {
        match system::element(self.vars, oid) {
            0 => oid,
            element => element,
        }
    }

    /// A term as a value of a type (`coerce_type`).
    pub(super) fn coerce(&self, term: Term, to: Type, context: Context, form: Form) -> Result<Term> {
        let from = term.ty.oid;
        if from == to.oid || to.oid == oid::ANY || system::is_polymorphic(to.oid) && from != oid::UNKNOWN {
            return Ok(term);
        }
        if from == oid::UNKNOWN {
            return match term.node {
                Node::Const(None) => Ok(Term::constant(None, to.oid)),
                Node::Const(Some(text)) => self.read(&text, to),
                _ => Err(refused("a value without a type")),
            };
        }
        if to.oid == oid::RECORD && system::is_row_type(self.vars, from) {
            return Ok(term);
        }
        if from == oid::RECORD && system::is_row_type(self.vars, to.oid) {
            return Err(refused("a cast of a record"));
        }
        match system::path(self.vars, from, to.oid, context) {
            Some(path) => {
                let ty = Type::of(to.oid);
                Ok(Term { node: Node::Cast(Box::new(term), form, path == Path::Function), ty })
            }
            None => Err(refused("a cast that is not known")),
        }
    }

    /// A bare string as a constant of a type, as the type prints it.
    fn read(&self, text: &str, to: Type) -> Result<Term> {
        let style = &self.vars.style;
        let shown = match to.oid {
            oid::UNKNOWN | oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::JSON | oid::CSTRING => text.to_owned(),
            oid::REGCLASS => match reg::lookup_regclass(self.vars, text) {
                Ok(oid) => reg::regclass_name(self.vars, oid),
                Err(_) => {
                    reg::parse_name(text)?.iter().map(|part| quote_identifier(part)).collect::<Vec<_>>().join(".")
                }
            },
            oid::REGTYPE => reg::regtype_name(self.vars, reg::lookup_regtype(self.vars, text)?),
            oid::REGPROC | oid::REGPROCEDURE | oid::REGOPER | oid::REGOPERATOR | oid::REGROLE | oid::REGNAMESPACE => {
                return Err(refused("a name of a catalog's object"));
            }
            _ => {
                // Only an interval's fields decide how its text is read.
                let own = if to.oid == oid::INTERVAL { to.typmod } else { -1 };
                output_text(&decode_typed(to.oid, own, text, style)?, style)?
            }
        };
        Ok(Term::constant(Some(shown), to.oid))
    }

    /// A term as a condition.
    pub(super) fn boolean(&self, term: Term) -> Result<Term> {
        self.coerce_to(term, Type::of(oid::BOOL), Context::Assignment, Form::Implicit)
    }

    /// A term as an integer of eight bytes, as LIMIT takes it.
    pub(super) fn bigint(&self, term: Term) -> Result<Term> {
        self.coerce_to(term, Type::of(oid::INT8), Context::Assignment, Form::Implicit)
    }

    /// A literal without a type is text in the end.
    pub(super) fn settled(&self, term: Term) -> Result<Term> {
        if term.is_unknown() {
            self.coerce(term, Type::of(oid::TEXT), Context::Implicit, Form::Implicit)
        } else {
            Ok(term)
        }
    }

    /// The type that several terms have in common (`select_common_type`).
    pub(super) fn common(&self, terms: &[&Term]) -> Result<u32> {
        let mut chosen = oid::UNKNOWN;
        for term in terms {
            let next = term.ty.oid;
            if next == oid::UNKNOWN || next == chosen {
                continue;
            }
            if chosen == oid::UNKNOWN {
                chosen = next;
                continue;
            }
            if system::category(chosen) != system::category(next) {
                return Err(refused("types that do not match"));
            }
            let fits = |a, b| system::can_coerce(self.vars, a, b, Context::Implicit);
            if !system::is_preferred(chosen) && fits(chosen, next) && !fits(next, chosen) {
                chosen = next;
            }
        }
        Ok(if chosen == oid::UNKNOWN { oid::TEXT } else { chosen })
    }

    /// Terms brought to the type they have in common.
    pub(super) fn unified(&self, terms: Vec<Term>) -> Result<(Vec<Term>, Type)> {
        let oid = self.common(&terms.iter().collect::<Vec<_>>())?;
        let cast = |term| self.coerce(term, Type::of(oid), Context::Implicit, Form::Implicit);
        let terms = terms.into_iter().map(cast).collect::<Result<Vec<_>>>()?;
        let first = terms.first().map_or(-1, |term| term.ty.typmod);
        let typmod = if terms.iter().all(|term| term.ty.typmod == first) { first } else { -1 };
        Ok((terms, Type { oid, typmod }))
    }

    /// An interval's modifier of its fields, as a literal of the grammar has it.
    pub(super) fn interval_typmod(bits: i32) -> i32 {
        typmod::interval_typmod(bits, None)
    }
}
