//! Catalog columns under the names that older PostgreSQL versions gave them.
//!
//! Clients older than the server ask for them (psql 15's `\l` and `\dO`), and a newcomer's distribution has such a
//! client. A reference to an old name becomes one to the new name where the relation stands in the same FROM.

use datafusion::sql::sqlparser::ast::{self, Expr, Ident, Select, TableFactor, TableWithJoins, VisitMut, VisitorMut};
use std::ops::ControlFlow;

use super::names::{folded, last_part};

/// Relation, old column, new column.
const RENAMED: [(&str, &str, &str); 2] =
    [("pg_database", "daticulocale", "datlocale"), ("pg_collation", "colliculocale", "colllocale")];

/// Renames the old columns in one SELECT.
pub fn columns(select: &mut Select) {
    for (relation, old, new) in RENAMED {
        if select.from.iter().any(|from| has_relation(from, relation)) {
            let _ = select.visit(&mut Rename { old, new });
        }
    }
}

fn has_relation(from: &TableWithJoins, name: &str) -> bool {
    let is = |factor: &TableFactor| matches!(factor, TableFactor::Table { name: n, .. } if last_part(n) == name);
    is(&from.relation) || from.joins.iter().any(|join| is(&join.relation))
}

struct Rename {
    old: &'static str,
    new: &'static str,
}

impl Rename {
    fn ident(&self, ident: &mut Ident) {
        if folded(ident) == self.old {
            self.new.clone_into(&mut ident.value);
        }
    }
}

impl VisitorMut for Rename {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => self.ident(ident),
            Expr::CompoundIdentifier(parts) => {
                if let Some(last) = parts.last_mut() {
                    self.ident(last);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
