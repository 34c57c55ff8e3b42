//! DROP TABLE, DROP VIEW: the session's own objects.

use std::sync::Arc;

use crate::catalog::Relation;
use crate::catalog::temp::reads_sequence;
use crate::error::{Error, Result};
use crate::session::{Answer, Session};
use crate::sql::object_ast::{Drop, DropKind, RelationName};
use crate::sqlstate;

impl Session {
    /// DROP: all of the objects or, when one of them cannot be, none.
    pub(super) fn drop_objects(&mut self, drop: &Drop) -> Result<Answer> {
        let mut doomed: Vec<Arc<Relation>> = Vec::new();
        for name in &drop.names {
            if let Some(relation) = self.doomed(drop, name)?
                && !doomed.iter().any(|other| other.oid == relation.oid)
            {
                doomed.push(relation);
            }
        }
        let oids: Vec<u32> = doomed.iter().map(|relation| relation.oid).collect();
        let dependents = self.objects.current().dependents(&oids);
        if !dependents.is_empty() && !drop.cascade {
            return Err(self.still_needed(drop, &doomed, &dependents));
        }
        if let [only] = dependents.as_slice() {
            let message = format!("drop cascades to view {}", only.name);
            self.notices.push(Error::notice(sqlstate::SUCCESSFUL_COMPLETION, message));
        } else if !dependents.is_empty() {
            let message = format!("drop cascades to {} other objects", dependents.len());
            let list: Vec<String> =
                dependents.iter().map(|view| format!("drop cascades to view {}", view.name)).collect();
            self.notices.push(Error::notice(sqlstate::SUCCESSFUL_COMPLETION, message).detail(list.join("\n")));
        }
        for relation in dependents.iter().chain(&doomed) {
            self.objects.change(self.objects.current().without(&relation.name));
        }
        Ok(Answer::Done(format!("DROP {}", drop.kind.words())))
    }

    /// The object of one name; `None` where IF EXISTS passes over it.
    fn doomed(&mut self, drop: &Drop, name: &RelationName) -> Result<Option<Arc<Relation>>> {
        let kind = drop.kind.words().to_lowercase();
        let found = match self.existing(name) {
            Ok(found) => found,
            Err(_) if drop.if_exists => {
                let message = format!("{kind} \"{}\" does not exist, skipping", name.shown());
                self.notices.push(Error::notice(sqlstate::SUCCESSFUL_COMPLETION, message));
                return Ok(None);
            }
            Err(_) => {
                let message = format!("{kind} \"{}\" does not exist", name.shown());
                let state = if matches!(drop.kind, DropKind::Index) {
                    sqlstate::UNDEFINED_OBJECT
                } else {
                    sqlstate::UNDEFINED_TABLE
                };
                return Err(Error::new(state, message));
            }
        };
        let Some(relation) = found else { return Err(read_only(drop, name)) };
        let (is_view, is_sequence) = (relation.view().is_some(), relation.sequence().is_some());
        let fits = match drop.kind {
            DropKind::Table => !is_view && !is_sequence,
            DropKind::View => is_view,
            DropKind::Sequence => is_sequence,
            _ => false,
        };
        if !fits {
            return Err(wrong_kind(drop, name, (is_view, is_sequence)));
        }
        self.spare(&relation)?;
        if !relation.is_temporary() {
            return Err(read_only(drop, name));
        }
        Ok(Some(relation))
    }

    /// Refuses to drop a sequence that a column needs.
    fn spare(&self, relation: &Relation) -> Result<()> {
        if relation.sequence().is_none() {
            return Ok(());
        }
        let objects = self.objects.current();
        for table in objects.relations() {
            let Some(spec) = table.table() else { continue };
            for (field, default) in table.schema().fields().iter().zip(&spec.defaults) {
                if !default.as_ref().is_some_and(|default| reads_sequence(&default.expr, &relation.name)) {
                    continue;
                }
                let (column, sequence) = (field.name(), &relation.name);
                let identity =
                    relation.sequence().and_then(|s| s.spec.owner.as_ref()).is_some_and(|owner| owner.identity);
                if identity {
                    let message = format!(
                        "cannot drop sequence {sequence} because column {column} of table {} requires it",
                        table.name
                    );
                    let hint = format!("You can drop column {column} of table {} instead.", table.name);
                    return Err(Error::new(sqlstate::DEPENDENT_OBJECTS_STILL_EXIST, message).hint(hint));
                }
                let message = format!("cannot drop sequence {sequence} because other objects depend on it");
                let detail =
                    format!("default value for column {column} of table {} depends on sequence {sequence}", table.name);
                return Err(Error::new(sqlstate::DEPENDENT_OBJECTS_STILL_EXIST, message)
                    .detail(detail)
                    .hint("Use DROP ... CASCADE to drop the dependent objects too."));
            }
        }
        Ok(())
    }

    fn still_needed(&self, drop: &Drop, doomed: &[Arc<Relation>], dependents: &[Arc<Relation>]) -> Error {
        let oids: Vec<u32> = doomed.iter().map(|relation| relation.oid).collect();
        let all: Vec<&Arc<Relation>> = doomed.iter().chain(dependents).collect();
        let reason = |view: &Arc<Relation>| {
            let reads = view.view().map_or(&[][..], |v| v.reads.as_slice());
            let needed = all.iter().find(|other| reads.contains(&other.oid));
            let (kind, name) = needed.map_or(("table", ""), |other| {
                (if other.view().is_some() { "view" } else { "table" }, other.name.as_str())
            });
            format!("view {} depends on {kind} {name}", view.name)
        };
        let detail: Vec<String> = dependents.iter().map(reason).collect();
        let message = match doomed {
            [only] => {
                format!(
                    "cannot drop {} {} because other objects depend on it",
                    drop.kind.words().to_lowercase(),
                    only.name
                )
            }
            _ => "cannot drop desired object(s) because other objects depend on them".to_owned(),
        };
        debug_assert!(!oids.is_empty(), "something is dropped when something depends on it");
        Error::new(sqlstate::DEPENDENT_OBJECTS_STILL_EXIST, message)
            .detail(detail.join("\n"))
            .hint("Use DROP ... CASCADE to drop the dependent objects too.")
    }
}

fn wrong_kind(drop: &Drop, name: &RelationName, (is_view, is_sequence): (bool, bool)) -> Error {
    let article = match drop.kind {
        DropKind::Index => "an index",
        DropKind::Table => "a table",
        DropKind::View => "a view",
        DropKind::MaterializedView => "a materialized view",
        DropKind::Sequence => "a sequence",
    };
    let hint = match (is_view, is_sequence) {
        (true, _) => "Use DROP VIEW to remove a view.",
        (_, true) => "Use DROP SEQUENCE to remove a sequence.",
        _ => "Use DROP TABLE to remove a table.",
    };
    Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("\"{}\" is not {article}", name.name)).hint(hint)
}

fn read_only(drop: &Drop, name: &RelationName) -> Error {
    Error::unsupported(format!("DROP {} is not supported", drop.kind.words()))
        .detail(format!("\"{}\" is not a temporary object.", name.name))
        .hint("The tables of this server come from its configuration and are read-only.")
}
