//! Which function or operator a name means for arguments of these types: PostgreSQL's `func_select_candidate`.

use super::system::{self, Context, Function, Operator};
use super::tree::{Form, Node, Term, Type};
use super::{Analyzer, refused};
use crate::error::Result;
use crate::types::oid;

/// A candidate: the types of its parameters, one for each argument, and what it stands for.
struct Candidate<'a, T> {
    params: Vec<u32>,
    variadic: bool,
    item: &'a T,
}

impl<T> Clone for Candidate<'_, T> {
    fn clone(&self) -> Self {
        Self { params: self.params.clone(), variadic: self.variadic, item: self.item }
    }
}

impl Analyzer<'_> {
    /// The function that a call means, its arguments' types, and whether its last arguments are VARIADIC's elements.
    pub(super) fn function<'a>(&self, all: &'a [Function], types: &[u32]) -> Result<(&'a Function, Vec<u32>, bool)> {
        let mut candidates = Vec::new();
        for item in all {
            let given = item.arguments.len();
            if item.variadic == 0 {
                let fits = types.len() <= given && types.len() + item.defaults >= given;
                if fits {
                    let params = item.arguments.iter().take(types.len()).copied().collect();
                    candidates.push(Candidate { params, variadic: false, item });
                }
            }
            if item.variadic != 0 && types.len() + 1 >= given && given > 0 {
                let fixed = item.arguments.iter().take(given - 1).copied();
                let rest = std::iter::repeat_n(item.variadic, types.len() + 1 - given);
                candidates.push(Candidate { params: fixed.chain(rest).collect(), variadic: true, item });
            }
        }
        // Arguments as they are come before those that VARIADIC takes apart.
        let exact = candidates.iter().find(|c| c.params == types && !c.variadic);
        if let Some(found) = exact.or_else(|| candidates.iter().find(|c| c.params == types)) {
            return Ok((found.item, found.params.clone(), found.variadic));
        }
        let found = self.chosen(candidates, types)?;
        Ok((found.item, found.params, found.variadic))
    }

    /// The operator that a name means between two operands (`oper`), or before one.
    fn operator<'a>(&self, all: &'a [Operator], left: Option<u32>, right: u32) -> Result<(&'a Operator, Vec<u32>)> {
        let params = |op: &Operator| match left {
            Some(_) => vec![op.left, op.right],
            None => vec![op.right],
        };
        let types: Vec<u32> = left.into_iter().chain([right]).collect();
        let unknown = |oid: u32| oid == oid::UNKNOWN;
        let guess: Vec<u32> = match types.as_slice() {
            [a, b] if unknown(*a) && !unknown(*b) => vec![*b, *b],
            [a, b] if unknown(*b) && !unknown(*a) => vec![*a, *a],
            other => other.to_vec(),
        };
        let kind = |op: &&Operator| (op.left == 0) == left.is_none();
        if let Some(exact) = all.iter().filter(kind).find(|op| params(op) == guess) {
            return Ok((exact, guess));
        }
        let candidates =
            all.iter().filter(kind).map(|item| Candidate { params: params(item), variadic: false, item }).collect();
        let found = self.chosen(candidates, &types)?;
        Ok((found.item, found.params))
    }

    fn chosen<'a, T>(&self, candidates: Vec<Candidate<'a, T>>, types: &[u32]) -> Result<Candidate<'a, T>> {
        let none = || refused("a call that no function or operator takes");
        let accepts = |c: &Candidate<'a, T>| {
            let mut pairs = types.iter().zip(&c.params);
            pairs.all(|(from, to)| system::can_coerce(self.vars, *from, *to, Context::Implicit))
                && self.is_consistent(types, &c.params)
        };
        let mut fitting: Vec<_> = candidates.into_iter().filter(accepts).collect();
        let one = |fitting: &[Candidate<'a, T>]| (fitting.len() == 1).then(|| fitting[0].clone());
        if let Some(found) = one(&fitting) {
            return Ok(found);
        }
        let exact = |c: &Candidate<'a, T>| types.iter().zip(&c.params).filter(|(t, p)| t == p).count();
        fitting = best(fitting, exact);
        if let Some(found) = one(&fitting) {
            return Ok(found);
        }
        let preferred = |c: &Candidate<'a, T>| {
            let counts = |(t, p): &(&u32, &u32)| {
                **t != oid::UNKNOWN
                    && (t == p || system::is_preferred(**p) && system::category(**p) == system::category(**t))
            };
            types.iter().zip(&c.params).filter(counts).count()
        };
        fitting = best(fitting, preferred);
        if let Some(found) = one(&fitting) {
            return Ok(found);
        }
        fitting = by_category(fitting, types).ok_or_else(none)?;
        if let Some(found) = one(&fitting) {
            return Ok(found);
        }
        let mut known = types.iter().copied().filter(|t| *t != oid::UNKNOWN);
        let first = known.next().ok_or_else(none)?;
        if known.any(|t| t != first) {
            return Err(none());
        }
        let all_same =
            |c: &Candidate<'a, T>| c.params.iter().all(|p| system::can_coerce(self.vars, first, *p, Context::Implicit));
        fitting.retain(all_same);
        one(&fitting).ok_or_else(none)
    }

    /// Whether the types that polymorphic parameters meet can be one.
    fn is_consistent(&self, types: &[u32], params: &[u32]) -> bool {
        let element = |(of, param): (&u32, &u32)| match *param {
            _ if *of == oid::UNKNOWN => None,
            param if system::is_any_array(param) => Some(system::element(self.vars, *of)),
            param if system::is_any_element(param) => Some(*of),
            _ => None,
        };
        let elements: Vec<u32> = types.iter().zip(params).filter_map(element).collect();
        let loose = params.iter().any(|param| system::is_compatible(*param));
        match loose {
            true => {
                let terms: Vec<Term> = elements.iter().map(|of| Term::constant(None, *of)).collect();
                self.common(&terms.iter().collect::<Vec<_>>()).is_ok_and(|common| {
                    elements.iter().all(|of| system::can_coerce(self.vars, *of, common, Context::Implicit))
                })
            }
            false => elements.windows(2).all(|pair| pair[0] == pair[1]),
        }
    }

    /// `left op right` or `op right` with the casts it takes (`make_op`).
    pub(super) fn op(&self, name: &str, left: Option<Term>, right: Term) -> Result<Term> {
        let all = system::operators(name);
        let (meant, params) = self.operator(all, left.as_ref().map(|l| l.ty.oid), right.ty.oid)?;
        let terms: Vec<Term> = left.into_iter().chain([right]).collect();
        let (mut terms, result) = self.arguments(terms, &params, meant.result)?;
        let right = terms.pop().ok_or_else(|| refused("an operator without operands"))?;
        let node = Node::Op(name.to_owned(), terms.pop().map(Box::new), Box::new(right));
        Ok(Term { node, ty: Type::of(result) })
    }

    /// Arguments with their casts to parameters, polymorphic ones among them, and the result's type.
    pub(super) fn arguments(&self, terms: Vec<Term>, params: &[u32], result: u32) -> Result<(Vec<Term>, u32)> {
        let element = self.polymorphic(&terms, params)?;
        let array = element.map_or(0, |element| system::array_of(self.vars, element));
        let meant = |oid: u32| match (oid, element) {
            (of, Some(_)) if system::is_any_array(of) && array != 0 => Ok(array),
            (of, Some(element)) if system::is_any_element(of) => Ok(element),
            (other, _) if system::is_polymorphic(other) => Err(refused("a polymorphic type")),
            (other, _) => Ok(other),
        };
        let one = |(term, param): (Term, &u32)| match param {
            // An argument of any type stays what it is; a bare string is text to it, or nothing yet.
            &oid::ANY => Ok(term),
            _ => self.coerce(term, Type::of(meant(*param)?), Context::Implicit, Form::Implicit),
        };
        let terms = terms.into_iter().zip(params).map(one).collect::<Result<Vec<_>>>()?;
        Ok((terms, meant(result)?))
    }

    /// The element type that polymorphic parameters stand for.
    fn polymorphic(&self, terms: &[Term], params: &[u32]) -> Result<Option<u32>> {
        if !params.iter().any(|p| system::is_polymorphic(*p)) {
            return Ok(None);
        }
        let mut elements = Vec::new();
        for (term, param) in terms.iter().zip(params) {
            let of = term.ty.oid;
            match param {
                _ if of == oid::UNKNOWN => {}
                other if system::is_any_array(*other) => {
                    elements.push(Term::constant(None, system::element(self.vars, of)));
                }
                other if system::is_any_element(*other) => elements.push(Term::constant(None, of)),
                other if system::is_polymorphic(*other) => return Err(refused("a range type")),
                _ => {}
            }
        }
        self.common(&elements.iter().collect::<Vec<_>>()).map(Some)
    }
}

/// The candidates with the highest score.
fn best<'a, T>(candidates: Vec<Candidate<'a, T>>, score: impl Fn(&Candidate<'a, T>) -> usize) -> Vec<Candidate<'a, T>> {
    let top = candidates.iter().map(&score).max().unwrap_or(0);
    candidates.into_iter().filter(|c| score(c) == top).collect()
}

/// The candidates whose parameters for untyped arguments have the category that these are given.
fn by_category<'a, T>(mut fitting: Vec<Candidate<'a, T>>, types: &[u32]) -> Option<Vec<Candidate<'a, T>>> {
    let mut wanted: Vec<(usize, u8, bool)> = Vec::new();
    for (i, _) in types.iter().enumerate().filter(|(_, t)| **t == oid::UNKNOWN) {
        let categories: Vec<u8> = fitting.iter().map(|c| system::category(c.params[i])).collect();
        let category = match categories.iter().find(|c| **c == b'S') {
            Some(found) => *found,
            None if categories.windows(2).all(|w| w[0] == w[1]) => *categories.first()?,
            None => return None,
        };
        let preferred =
            fitting.iter().any(|c| system::category(c.params[i]) == category && system::is_preferred(c.params[i]));
        wanted.push((i, category, preferred));
    }
    let keeps = |c: &Candidate<'a, T>| {
        wanted.iter().all(|(i, category, preferred)| {
            let param = c.params[*i];
            system::category(param) == *category && (!preferred || system::is_preferred(param))
        })
    };
    if fitting.iter().any(&keeps) {
        fitting.retain(keeps);
    }
    Some(fitting)
}
