//! The first snapshot: every configured and discovered table opened, broken ones said and left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionConfig;

use crate::catalog::{Relation, RelationKind, Role, Schema, Snapshot, oids};
use crate::config::{Config, TableConfig};
use crate::error::Result;
use crate::exec::Executor;
use crate::storage;

/// Opens the tables of a configuration.
pub async fn load(config: &Config, executor: &Executor, base: &SessionConfig) -> Result<Snapshot> {
    let tables = tables(config)?;
    storage::register_stores(executor.env(), &tables)?;
    let state = SessionStateBuilder::new()
        .with_config(base.clone())
        .with_runtime_env(Arc::clone(executor.env()))
        .with_default_features()
        .build();
    let mut schemas: BTreeMap<String, Schema> = BTreeMap::new();
    schemas.insert(config.schema.clone(), Schema { oid: oids::schema(&config.schema), relations: BTreeMap::new() });
    for table in &tables {
        let provider = match storage::open(table, &state).await {
            Ok(opened) => opened.provider,
            // A table that the operator named must be there; one that was only found may be broken.
            Err(error) if config.tables.contains(table) => return Err(error),
            Err(error) => {
                tracing::warn!(schema = %table.schema, table = %table.name, %error, "table left out");
                continue;
            }
        };
        let relation = Relation {
            oid: oids::relation(&table.schema, &table.name),
            schema: table.schema.clone(),
            name: table.name.clone(),
            kind: RelationKind::Table,
            comment: table.comment.clone(),
            definition: None,
            provider,
        };
        let schema = schemas
            .entry(table.schema.clone())
            .or_insert_with(|| Schema { oid: oids::schema(&table.schema), relations: BTreeMap::new() });
        schema.relations.insert(table.name.clone(), Arc::new(relation));
    }
    Ok(Snapshot::new(1, config.database.clone(), schemas, roles(config)))
}

/// The tables named in the configuration and those found below its data folders.
fn tables(config: &Config) -> Result<Vec<TableConfig>> {
    let mut tables = config.tables.clone();
    for folder in config.data.iter().map(std::path::PathBuf::as_path).chain(config.demo_folder().as_deref()) {
        for found in storage::discover(folder, &config.schema)? {
            let taken = tables.iter().any(|t| t.schema == found.schema && t.name == found.name);
            if !taken {
                tables.push(found);
            }
        }
    }
    Ok(tables)
}

/// The roles of a configuration; the first is the bootstrap superuser, who cannot log in by itself.
#[must_use]
pub fn roles(config: &Config) -> Vec<Role> {
    let owner = Role { oid: 10, name: "lakewire".to_owned(), superuser: true, login: false };
    let users = config.auth.users.iter().filter(|u| u.name != owner.name).map(|user| Role {
        oid: oids::role(&user.name),
        name: user.name.clone(),
        superuser: user.superuser,
        login: true,
    });
    std::iter::once(owner.clone()).chain(users).collect()
}
