//! ALTER TABLE of temporary tables, read by sqlparser; what they do not take is refused.

use datafusion::sql::sqlparser::ast::{self, AlterColumnOperation, AlterTableOperation};

use super::cursor::Cursor;
use super::relation_of;
use crate::error::{Error, Result};
use crate::sql::lex::{Script, StatementTokens};
use crate::sql::object_ast::{Alter, AlterAction, ObjectStatement};
use crate::sql::query;
use crate::sql::rewrite::names::{folded, last_part};

/// Parses ALTER TABLE; `None` for other objects.
pub fn table(
    script: &Script<'_>,
    tokens: &StatementTokens<'_>,
    cursor: &mut Cursor<'_>,
) -> Result<Option<ObjectStatement>> {
    if cursor.eat("sequence") {
        return super::sequence::alter(cursor).map(Some);
    }
    if !cursor.eat("table") {
        return Ok(None);
    }
    crate::sql::guard::check_tokens(&tokens.tokens)?;
    let ast::Statement::AlterTable(alter) = query::statement(script, tokens)? else {
        return Err(cursor.unexpected());
    };
    cursor.finish();
    let mut actions = Vec::new();
    for operation in alter.operations {
        actions.extend(action(operation)?);
    }
    let (name, if_exists) = (relation_of(&alter.name), alter.if_exists);
    Ok(Some(ObjectStatement::Alter(Box::new(Alter { name, if_exists, actions }))))
}

fn action(operation: AlterTableOperation) -> Result<Vec<AlterAction>> {
    Ok(match operation {
        AlterTableOperation::RenameTable { table_name: ast::RenameTableNameKind::To(name) } => {
            vec![AlterAction::Rename(last_part(&name))]
        }
        AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
            vec![AlterAction::RenameColumn(folded(&old_column_name), folded(&new_column_name))]
        }
        AlterTableOperation::AddColumn { if_not_exists, column_def, column_position: None, .. } => {
            vec![AlterAction::AddColumn(Box::new(column_def), if_not_exists)]
        }
        AlterTableOperation::AddConstraint { constraint, not_valid: false } => {
            vec![AlterAction::AddConstraint(Box::new(constraint))]
        }
        AlterTableOperation::DropColumn { column_names, if_exists, .. } => {
            column_names.iter().map(|name| AlterAction::DropColumn(folded(name), if_exists)).collect()
        }
        AlterTableOperation::AlterColumn { column_name, op } => {
            let name = folded(&column_name);
            vec![match op {
                AlterColumnOperation::SetNotNull => AlterAction::NotNull(name, true),
                AlterColumnOperation::DropNotNull => AlterAction::NotNull(name, false),
                AlterColumnOperation::SetDefault { value } => AlterAction::Default(name, Some(Box::new(value))),
                AlterColumnOperation::DropDefault => AlterAction::Default(name, None),
                _ => return Err(unknown_form()),
            }]
        }
        _ => return Err(unknown_form()),
    })
}

fn unknown_form() -> Error {
    Error::unsupported("this form of ALTER TABLE is not supported")
        .detail("Columns of temporary tables can be added, dropped and renamed, their defaults and NOT NULL changed.")
}
