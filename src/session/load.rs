//! The first snapshot: every configured and discovered table opened, broken ones said and left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionConfig;

use super::declare;
use crate::catalog::functions::Functions;
use crate::catalog::oids::{Allocator, BOOTSTRAP_NAME, BOOTSTRAP_ROLE, Kind, role_oid, schema_oid};
use crate::catalog::{Relation, RelationKind, Role, Schema, Snapshot};
use crate::config::{AuthMethod, Config, TableConfig};
use crate::error::{Error, Result};
use crate::exec::Executor;
use crate::plan::PlanEnv;
use crate::{sqlstate, storage};

/// Opens the tables of a configuration.
pub async fn load(
    config: &Config,
    executor: &Executor,
    base: &SessionConfig,
    functions: &Arc<Functions>,
) -> Result<Snapshot> {
    let tables = tables(config)?;
    storage::register_stores(executor.env(), &tables)?;
    let state = SessionStateBuilder::new()
        .with_config(base.clone())
        .with_runtime_env(Arc::clone(executor.env()))
        .with_default_features()
        .build();
    let mut opened = Vec::new();
    for (table, result) in tables.iter().zip(storage::open_all(&tables, &state).await) {
        match result {
            Ok(found) => opened.push((table, declare::typed(table, found)?)),
            // A table that the operator named must be there; one that was only found may be broken.
            Err(error) if config.tables.contains(table) => return Err(error),
            Err(error) => {
                let detail = error.get_detail().unwrap_or_default();
                tracing::warn!(schema = %table.schema, table = %table.name, %error, detail, "table left out");
            }
        }
    }
    let constraints = declare::constraints(&opened)?;
    let views = &config.views;
    let tables = opened.iter().map(|(t, _)| (t.schema.as_str(), t.name.as_str()));
    let names: Vec<_> = tables.chain(views.iter().map(|v| (v.schema.as_str(), v.name.as_str()))).collect();
    let mut allocator = Allocator::new();
    let oids = allocator.assign(Kind::Relation, &names);
    let mut schemas: BTreeMap<String, Schema> = BTreeMap::new();
    let mut all: BTreeSet<&str> = names.iter().map(|(schema, _)| *schema).collect();
    all.insert(&config.schema);
    for name in all {
        let oid = schema_oid(&mut allocator, name);
        schemas.insert(name.to_owned(), Schema { oid, relations: BTreeMap::new() });
    }
    let (table_oids, view_oids) = oids.split_at(opened.len());
    for ((table, found), &oid) in opened.into_iter().zip(table_oids) {
        let relation = Relation {
            oid,
            schema: table.schema.clone(),
            name: table.name.clone(),
            kind: RelationKind::Table,
            comment: table.comment.clone(),
            definition: None,
            provider: found.provider,
            own: None,
            notes: declare::notes(table),
        };
        if let Some(schema) = schemas.get_mut(&table.schema) {
            schema.relations.insert(table.name.clone(), Arc::new(relation));
        }
    }
    for (view, &oid) in views.iter().zip(view_oids) {
        let taken = schemas.get(&view.schema).is_some_and(|schema| schema.relations.contains_key(&view.name));
        if taken {
            let message = format!("relation \"{}.{}\" is declared twice", view.schema, view.name);
            return Err(Error::new(sqlstate::DUPLICATE_TABLE, message));
        }
        // A view sees the tables and the views before it.
        let snapshot = Snapshot::new(0, config.database.clone(), schemas.clone(), roles(config));
        let relation = declare::view(view, oid, &PlanEnv::of_server(base, snapshot, functions, &config.schema))?;
        if let Some(schema) = schemas.get_mut(&view.schema) {
            schema.relations.insert(view.name.clone(), Arc::new(relation));
        }
    }
    Ok(Snapshot::new(1, config.database.clone(), schemas, roles(config)).with_constraints(constraints))
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

/// The roles of a configuration; the bootstrap superuser is one of them, who logs in where it is one of the users or
/// where names are believed.
#[must_use]
pub fn roles(config: &Config) -> Vec<Role> {
    let mut allocator = Allocator::new();
    let users = config.auth.users.iter().map(|user| Role {
        oid: role_oid(&mut allocator, &user.name),
        name: user.name.clone(),
        superuser: user.superuser,
        login: true,
        owner: user.name == config.owner,
    });
    let mut users: Vec<Role> = users.collect();
    if !users.iter().any(|user| user.oid == BOOTSTRAP_ROLE) {
        let owner = config.owner == BOOTSTRAP_NAME;
        let login = [config.auth.loopback, config.auth.remote].contains(&AuthMethod::Trust);
        let bootstrap = Role { oid: BOOTSTRAP_ROLE, name: BOOTSTRAP_NAME.to_owned(), superuser: true, login, owner };
        users.insert(0, bootstrap);
    }
    users
}
