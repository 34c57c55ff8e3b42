//! The system relations of a small catalog, read through DataFusion.

use super::fixture::{context, rows, snapshot, value, vars};
use super::schema::definitions;
use crate::catalog::vars::SessionVars;

#[test]
fn every_relation_can_be_built() {
    let snapshot = snapshot();
    for (schema, name) in definitions().keys() {
        let table = snapshot.system().table(schema, name).expect("every definition has a relation");
        for superuser in [true, false] {
            if let Err(error) = table.batches(superuser) {
                panic!("{schema}.{name}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn every_relation_can_be_read() {
    let context = context(vars("bi", &["public"]));
    for (schema, name) in definitions().keys() {
        let sql = format!("SELECT * FROM {schema}.\"{name}\" LIMIT 3");
        if let Err(error) = rows(&context, &sql).await {
            panic!("{schema}.{name}: {error}");
        }
    }
}

#[tokio::test]
async fn users_relations_are_in_pg_class() {
    let context = context(vars("bi", &["public"]));
    let sql = "SELECT n.nspname, c.relname, c.relkind, c.relhasindex FROM pg_class c
               JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid >= 16384 ORDER BY 1, 2";
    let expected = [
        "mart|Events|r|false",
        "public|customer|r|true",
        "public|customer_pkey|i|false",
        "public|order_keys|v|false",
        "public|orders|r|true",
        "public|orders_pkey|i|false",
    ];
    assert_eq!(rows(&context, sql).await.expect("a valid query"), expected);
}

#[tokio::test]
async fn oids_agree_between_relations() {
    let context = context(vars("bi", &["public"]));
    for sql in [
        "SELECT count(*) FROM pg_attribute a LEFT JOIN pg_class c ON c.oid = a.attrelid WHERE c.oid IS NULL",
        "SELECT count(*) FROM pg_attribute a LEFT JOIN pg_type t ON t.oid = a.atttypid WHERE t.oid IS NULL",
        "SELECT count(*) FROM pg_class c LEFT JOIN pg_type t ON t.oid = c.reltype
         WHERE t.oid IS NULL AND c.reltype <> 0",
        "SELECT count(*) FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
         WHERE c.oid IS NULL AND t.typrelid <> 0",
        "SELECT count(*) FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem
         WHERE e.oid IS NULL AND t.typelem <> 0",
        "SELECT count(*) FROM pg_type t LEFT JOIN pg_proc p ON p.oid = t.typinput WHERE p.oid IS NULL",
        "SELECT count(*) FROM pg_class c LEFT JOIN pg_authid r ON r.oid = c.relowner WHERE r.oid IS NULL",
        "SELECT count(*) FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.oid IS NULL",
        "SELECT count(*) FROM pg_index i LEFT JOIN pg_class c ON c.oid = i.indexrelid WHERE c.oid IS NULL",
        "SELECT count(*) FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.conrelid
         WHERE c.oid IS NULL AND k.conrelid <> 0",
    ] {
        assert_eq!(value(&context, sql).await, "0", "{sql}");
    }
}

#[tokio::test]
async fn keys_are_declared_with_their_indexes() {
    let context = context(vars("bi", &["public"]));
    let sql = "SELECT conname, contype, conkey, confkey, conpfeqop, pg_get_constraintdef(oid) FROM pg_constraint
               WHERE oid >= 16384 ORDER BY 1";
    let expected = [
        "customer_pkey|p|[1]|||PRIMARY KEY (c_custkey)",
        "orders_o_custkey_fkey|f|[2]|[1]|[96]|FOREIGN KEY (o_custkey) REFERENCES customer(c_custkey)",
        "orders_pkey|p|[1]|||PRIMARY KEY (o_orderkey)",
    ];
    assert_eq!(rows(&context, sql).await.expect("a valid query"), expected);
    let sql = "SELECT indkey, indclass, pg_get_indexdef(indexrelid), pg_get_indexdef(indexrelid, 1, true)
               FROM pg_index WHERE indexrelid = to_regclass('orders_pkey')";
    let expected = ["[1]|[3124]|CREATE UNIQUE INDEX orders_pkey ON public.orders USING btree (o_orderkey)|o_orderkey"];
    assert_eq!(rows(&context, sql).await.expect("a valid query"), expected);
}

#[tokio::test]
async fn settings_are_the_sessions() {
    let context = context(vars("bi", &["public"]));
    let sql = "SELECT setting, unit, source, boot_val FROM pg_settings WHERE name = 'statement_timeout'";
    assert_eq!(value(&context, sql).await, "30000|ms|session|0");
    assert_eq!(value(&context, "SELECT current_setting('statement_timeout')").await, "30s");
    assert_eq!(value(&context, "SELECT current_setting('work_mem')").await, "4MB");
    assert_eq!(
        value(&context, "SELECT current_setting('no_such')").await,
        "42704: unrecognized configuration parameter \"no_such\""
    );
    assert_eq!(value(&context, "SELECT current_setting('no_such', true) IS NULL").await, "true");
}

#[test]
fn a_snapshot_outside_a_session_is_an_error_not_a_panic() {
    let options = datafusion::config::ConfigOptions::new();
    assert!(SessionVars::of(&options).is_err());
}
