//! What a name means where it stands: the columns and relations that FROM lists offer, the innermost first.

use super::tree::{Node, Ranges, Term, Type};
use super::{Analyzer, refused};
use crate::error::Result;
use crate::types::oid;

/// What a FROM list offers.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The columns that a bare name finds, and `*` lists.
    pub columns: Vec<(String, Term)>,
    /// The relations that a qualifier finds: name and place.
    pub relations: Vec<(String, usize)>,
    /// The aliases of USING with their columns.
    pub merged: Vec<(String, Vec<(String, Term)>)>,
}

impl Scope {
    /// What one relation offers.
    pub fn of_range(place: usize, ranges: &Ranges) -> Self {
        let Some(range) = ranges.get(place) else { return Self::default() };
        let columns = range.columns.iter().enumerate();
        let columns = columns.map(|(i, (name, ty))| (name.clone(), Term { node: Node::Column(place, i), ty: *ty }));
        let name = range.alias.clone().unwrap_or_else(|| range.name.clone());
        Self { columns: columns.collect(), relations: vec![(name, place)], merged: Vec::new() }
    }

    /// This and another one side by side.
    pub fn and(mut self, other: Self) -> Self {
        self.columns.extend(other.columns);
        self.relations.extend(other.relations);
        self.merged.extend(other.merged);
        self
    }
}

impl Analyzer<'_> {
    /// A bare name: a column, or a relation's whole row.
    pub(super) fn name(&self, name: &str) -> Result<Term> {
        for scope in self.scopes.iter().rev() {
            let mut found = scope.columns.iter().filter(|(column, _)| column == name);
            match (found.next(), found.next()) {
                (Some((_, term)), None) => return Ok(term.clone()),
                (Some(_), Some(_)) => return Err(refused("an ambiguous name")),
                _ => {}
            }
        }
        self.whole(name).ok_or_else(|| refused(&format!("the name \"{name}\"")))
    }

    /// The whole row of a relation.
    fn whole(&self, name: &str) -> Option<Term> {
        let place = self.relation(name)?;
        let range = self.ranges.get(place)?;
        let oid = if range.row_type == 0 { oid::RECORD } else { range.row_type };
        Some(Term { node: Node::Whole(place), ty: Type::of(oid) })
    }

    /// The relation that a name calls.
    pub(super) fn relation(&self, name: &str) -> Option<usize> {
        let mut scopes = self.scopes.iter().rev();
        scopes.find_map(|scope| scope.relations.iter().find(|(known, _)| known == name).map(|(_, place)| *place))
    }

    /// `relation.column`.
    pub(super) fn qualified(&self, relation: &str, column: &str) -> Result<Term> {
        for scope in self.scopes.iter().rev() {
            if let Some((_, columns)) = scope.merged.iter().find(|(known, _)| known == relation) {
                let found = columns.iter().find(|(name, _)| name == column);
                return found.map(|(_, term)| term.clone()).ok_or_else(|| refused("a column that is not known"));
            }
            let Some((_, place)) = scope.relations.iter().find(|(known, _)| known == relation) else { continue };
            return self.column(*place, column);
        }
        Err(refused(&format!("the name \"{relation}.{column}\"")))
    }

    fn column(&self, place: usize, column: &str) -> Result<Term> {
        let range = self.ranges.get(place).ok_or_else(|| refused("a relation that is not known"))?;
        let mut found = range.columns.iter().enumerate().filter(|(_, (name, _))| name == column);
        match (found.next(), found.next()) {
            (Some((i, (_, ty))), None) => Ok(Term { node: Node::Column(place, i), ty: *ty }),
            _ => Err(refused(&format!("the column \"{column}\""))),
        }
    }

    /// The columns that `relation.*` lists.
    pub(super) fn star_of(&self, relation: &str) -> Result<Vec<(String, Term)>> {
        let merged = self.scopes.iter().rev().find_map(|s| s.merged.iter().find(|(name, _)| name == relation));
        if let Some((_, columns)) = merged {
            return Ok(columns.clone());
        }
        let place = self.relation(relation).ok_or_else(|| refused("a relation that is not known"))?;
        Ok(Scope::of_range(place, &self.ranges).columns)
    }
}
