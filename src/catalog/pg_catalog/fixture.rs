//! A small catalog and a plain DataFusion context on it, for the tests of this room.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema as ArrowSchema};
use arrow::util::pretty::pretty_format_batches;
use chrono::{TimeZone, Utc};
use datafusion::catalog::{MemTable, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SessionContext;
use datafusion::prelude::SessionConfig;

use crate::catalog::functions::system::{system_functions, system_set_functions, system_table_functions};
use crate::catalog::oids::{Allocator, Kind, schema_oid};
use crate::catalog::pg_catalog::schema::{definitions, field};
use crate::catalog::{
    COMMENT_KEY, Constraint, ConstraintKind, Relation, RelationKind, Role, Schema, SessionVars, Snapshot,
};
use crate::types::TextStyle;

/// A table of `columns` (name, type, modifier, nullable).
#[must_use]
pub fn relation(oid: u32, schema: &str, name: &str, kind: RelationKind, columns: Vec<Field>) -> Arc<Relation> {
    let columns = Arc::new(ArrowSchema::new(columns));
    let rows = RecordBatch::new_empty(Arc::clone(&columns));
    let provider = MemTable::try_new(columns, vec![vec![rows]]).expect("the batch has the schema's columns");
    let view = kind != RelationKind::Table;
    Arc::new(Relation {
        oid,
        schema: schema.to_owned(),
        name: name.to_owned(),
        kind,
        comment: (name == "orders").then(|| "all orders".to_owned()),
        definition: view.then(|| "SELECT o_orderkey FROM orders".to_owned()),
        provider: Arc::new(provider),
        own: None,
        notes: BTreeMap::new(),
    })
}

/// Tables `public.orders`, `public.customer`, `mart."Events"`, view `public.order_keys`; roles `bi` and `guest`.
#[must_use]
pub fn snapshot() -> Snapshot {
    let orders = vec![
        field("o_orderkey", 20, -1, false),
        field("o_custkey", 23, -1, false),
        field("o_totalprice", 1700, (15 << 16 | 2) + 4, true),
        field("o_comment", 1043, 24, true),
    ];
    let comment = |field: Field| {
        let mut metadata = field.metadata().clone();
        metadata.insert(COMMENT_KEY.to_owned(), "what it costs".to_owned());
        field.with_metadata(metadata)
    };
    let orders = orders.into_iter().map(|f| if f.name() == "o_totalprice" { comment(f) } else { f }).collect();
    let customer = vec![field("c_custkey", 23, -1, false), field("c_name", 25, -1, true)];
    let names = [("mart", "Events"), ("public", "customer"), ("public", "order_keys"), ("public", "orders")];
    let mut allocator = Allocator::new();
    let oids = allocator.assign(Kind::Relation, &names);
    let public = [
        relation(oids[1], "public", "customer", RelationKind::Table, customer.clone()),
        relation(oids[2], "public", "order_keys", RelationKind::View, vec![field("o_orderkey", 20, -1, true)]),
        relation(oids[3], "public", "orders", RelationKind::Table, orders),
    ];
    let mart = [relation(oids[0], "mart", "Events", RelationKind::Table, customer)];
    let schema = |oid, relations: &[Arc<Relation>]| Schema {
        oid,
        relations: relations.iter().map(|relation| (relation.name.clone(), Arc::clone(relation))).collect(),
    };
    let mart_oid = schema_oid(&mut allocator, "mart");
    let schemas = BTreeMap::from([
        ("mart".to_owned(), schema(mart_oid, &mart)),
        ("public".to_owned(), schema(schema_oid(&mut allocator, "public"), &public)),
    ]);
    let roles = vec![
        Role {
            oid: allocator.one(Kind::Role, "", "bi"),
            name: "bi".to_owned(),
            superuser: false,
            login: true,
            owner: false,
        },
        Role {
            oid: allocator.one(Kind::Role, "", "guest"),
            name: "guest".to_owned(),
            superuser: false,
            login: true,
            owner: false,
        },
    ];
    Snapshot::new(7, "tpch".to_owned(), schemas, roles).with_constraints(constraints())
}

fn constraints() -> BTreeMap<(String, String), Vec<Constraint>> {
    let key = |kind, column: &str| Constraint { name: None, kind, columns: vec![column.to_owned()] };
    let to_customer = ConstraintKind::ForeignKey {
        schema: "public".to_owned(),
        table: "customer".to_owned(),
        referenced: vec!["c_custkey".to_owned()],
    };
    let place = |table: &str| ("public".to_owned(), table.to_owned());
    BTreeMap::from([
        (place("customer"), vec![key(ConstraintKind::PrimaryKey, "c_custkey")]),
        (place("orders"), vec![key(ConstraintKind::PrimaryKey, "o_orderkey"), key(to_customer, "o_custkey")]),
    ])
}

/// The session of `user` with a search path.
#[must_use]
pub fn vars(user: &str, search_path: &[&str]) -> SessionVars {
    let start = Utc.timestamp_opt(1_700_000_000, 0).single().expect("a valid moment");
    let settings = [("server_version", "17.10"), ("statement_timeout", "30s"), ("timezone", "UTC")];
    SessionVars {
        user: user.into(),
        backend_pid: 4711,
        search_path: search_path.iter().map(ToString::to_string).collect(),
        settings: Arc::new(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()),
        style: Arc::new(TextStyle::default()),
        snapshot: Arc::new(snapshot()),
        temp: Arc::default(),
        own: Arc::new(super::live::NoSessions),
        transaction_start: start,
        statement_start: start,
        server_start: start,
        client: "127.0.0.1:50000".parse().ok(),
        server: None,
    }
}

/// A DataFusion context whose tables are the snapshot's and whose functions are the system's.
#[must_use]
pub fn context(vars: SessionVars) -> SessionContext {
    let catalog = MemoryCatalogProvider::new();
    let snapshot = Arc::clone(&vars.snapshot);
    let mut schemas: BTreeMap<&str, MemorySchemaProvider> = BTreeMap::new();
    let names = definitions().keys().copied();
    let own = snapshot
        .schemas
        .iter()
        .flat_map(|(schema, own)| own.relations.keys().map(move |name| (schema.as_str(), name.as_str())));
    for (schema, name) in names.chain(own) {
        let provider = snapshot.provider(schema, name).expect("the snapshot has what it names");
        let schema = schemas.entry(schema).or_default();
        schema.register_table(name.to_owned(), provider).expect("names are unique");
    }
    for (name, schema) in schemas {
        datafusion::catalog::CatalogProvider::register_schema(&catalog, name, Arc::new(schema))
            .expect("a memory catalog takes schemas");
    }
    let mut config = SessionConfig::new().with_default_catalog_and_schema("tpch", "pg_catalog");
    config.options_mut().extensions.insert(vars);
    let context = SessionContext::new_with_config(config);
    context.register_catalog("tpch", Arc::new(catalog));
    system_functions().into_iter().chain(system_set_functions()).for_each(|function| context.register_udf(function));
    for function in system_table_functions() {
        context.register_udtf(function.name(), Arc::clone(function.function()));
    }
    context
}

/// The rows of a query as text, columns separated by `|`, NULL as nothing.
pub async fn rows(context: &SessionContext, sql: &str) -> Result<Vec<String>, DataFusionError> {
    let batches = context.sql(sql).await?.collect().await?;
    let table = pretty_format_batches(&batches)?.to_string();
    let body = table.lines().skip(3).filter(|line| line.starts_with('|'));
    Ok(body.map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join("|")).collect())
}

/// The only value of a query.
pub async fn value(context: &SessionContext, sql: &str) -> String {
    match rows(context, sql).await {
        Ok(rows) => rows.join("\n"),
        Err(error) => sqlstate_of(&error),
    }
}

/// The SQLSTATE and message of an error of ours inside DataFusion's.
#[must_use]
pub fn sqlstate_of(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::External(inner) => match inner.downcast_ref::<crate::Error>() {
            Some(error) => format!("{}: {}", error.sqlstate(), error.message()),
            None => inner.to_string(),
        },
        other => other.to_string(),
    }
}
