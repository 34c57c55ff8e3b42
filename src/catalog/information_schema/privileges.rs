//! What owners may do with their relations: `table_privileges`, `column_privileges`; and `enabled_roles`.

use super::{relations, yes};
use crate::catalog::pg_catalog::rows::{Rows, row};
use crate::catalog::pg_catalog::source::Source;
use crate::catalog::pg_catalog::statics;
use crate::catalog::vars::SessionVars;

/// An owner's privileges on a relation.
const TABLE: [&str; 7] = ["INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];
/// An owner's privileges on a column.
const COLUMN: [&str; 4] = ["INSERT", "SELECT", "UPDATE", "REFERENCES"];

/// One row per relation and privilege.
pub fn table_privileges(source: &Source, rows: &mut Rows) {
    let owner = source.owner_name();
    for table in relations(source) {
        for privilege in TABLE {
            let hierarchy = yes(privilege == "SELECT");
            let (schema, name) = (&table.relation.schema, table.name());
            rows.push(row![owner, owner, &source.database, schema, name, privilege, "YES", hierarchy]);
        }
    }
}

/// One row per column and privilege.
pub fn column_privileges(source: &Source, rows: &mut Rows) {
    let owner = source.owner_name();
    for table in relations(source) {
        for column in table.columns() {
            for privilege in COLUMN {
                let (schema, name) = (&table.relation.schema, table.name());
                rows.push(row![owner, owner, &source.database, schema, name, column.name(), privilege, "YES"]);
            }
        }
    }
}

/// The roles the session may act as: all for a superuser, else its own.
pub fn enabled_roles(vars: &SessionVars, source: &Source, rows: &mut Rows) {
    let role = source.role_oid(&vars.user);
    if !role.is_some_and(|role| source.is_superuser(role)) {
        rows.push(row![vars.user.as_ref()]);
        return;
    }
    for role in &source.roles {
        rows.push(row![&role.name]);
    }
    for name in statics::roles().all_names().filter(|name| !source.roles.iter().any(|role| role.name == *name)) {
        rows.push(row![name]);
    }
}
