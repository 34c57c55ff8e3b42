//! Settings as clients read them: the session's values, and PostgreSQL's defaults for those the server does not have.

use std::collections::HashMap;
use std::sync::OnceLock;

use arrow::array::Array;

use super::{data, statics, units};
use crate::catalog::vars::SessionVars;

/// A setting of PostgreSQL's.
#[derive(Debug)]
struct Known {
    default: String,
    unit: Option<String>,
}

/// A setting's value as SHOW writes it; `None` for a name that neither the session nor PostgreSQL knows.
#[must_use]
pub fn shown(vars: &SessionVars, name: &str) -> Option<String> {
    let name = name.to_lowercase();
    if let Some(value) = vars.own.changed_setting(&name) {
        return Some(value);
    }
    if let Some(value) = vars.settings.get(&name) {
        return Some(value.to_owned());
    }
    let known = known().get(&name)?;
    Some(units::with_unit(&known.default, known.unit.as_deref()))
}

fn known() -> &'static HashMap<String, Known> {
    static KNOWN: OnceLock<HashMap<String, Known>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let Some(rows) = data::rows("pg_catalog", "pg_settings") else { return HashMap::new() };
        let text = |column, row| {
            let texts = statics::texts(rows, column);
            texts.is_valid(row).then(|| texts.value(row).to_owned())
        };
        let entry = |row| {
            let name = text("name", row).unwrap_or_default().to_lowercase();
            (name, Known { default: text("boot_val", row).unwrap_or_default(), unit: text("unit", row) })
        };
        (0..rows.num_rows()).map(entry).collect()
    })
}
