//! The system relations of a small catalog, read through DataFusion.

use super::fixture::{context, rows, snapshot, value, vars};
use super::schema::definitions;
use super::statics;
use crate::catalog::vars::SessionVars;
use crate::types::{Format, RowEncoder, TextStyle};

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

#[test]
fn every_relation_can_be_sent() {
    let snapshot = snapshot();
    for ((schema, name), definition) in definitions() {
        let table = snapshot.system().table(schema, name).expect("every definition has a relation");
        let mut sent = Vec::new();
        let encoder = RowEncoder::try_new(&definition.columns, &[Format::Text], &TextStyle::default());
        let mut encoder = encoder.unwrap_or_else(|error| panic!("{schema}.{name}: {error}"));
        for batch in table.batches(true).expect("it can be built").iter() {
            let rows = 0..batch.num_rows().min(50);
            encoder.encode(batch, rows, &mut sent).unwrap_or_else(|error| panic!("{schema}.{name}: {error}"));
        }
    }
}

#[test]
fn columns_have_a_binary_form() {
    // PostgreSQL has none for aclitem either; inet, anyarray and pg_lsn are known only as text here.
    const WITHOUT: [u32; 4] = [869, 1034, 2277, 3220];
    for definition in definitions().values() {
        for field in definition.columns.fields() {
            let one = arrow::datatypes::Schema::new(vec![field.as_ref().clone()]);
            let encoder = RowEncoder::try_new(&one, &[Format::Binary], &TextStyle::default());
            let oid = crate::types::pg_type(field).oid;
            assert!(encoder.is_ok() || WITHOUT.contains(&oid), "{}.{}", definition.name, field.name());
        }
    }
}

#[test]
fn columns_have_the_types_that_pg_attribute_says() {
    let rows = super::data::rows("pg_catalog", "pg_attribute").expect("static rows");
    let (relations, names) = (statics::oids(rows, "attrelid"), statics::texts(rows, "attname"));
    let types = statics::oids(rows, "atttypid");
    let mut checked = 0;
    for row in 0..rows.num_rows() {
        let relation = relations.value(row);
        let place = statics::classes().name(relation).zip(statics::classes().namespace(relation));
        let Some((name, namespace)) = place else { continue };
        let schema = statics::namespaces().name(namespace).unwrap_or_default();
        let Some(definition) = definitions().get(&(schema, name)) else { continue };
        let Ok(field) = definition.columns.field_with_name(names.value(row)) else { continue };
        // A domain is shown as its base type.
        let known = &statics::types()[&types.value(row)];
        let expected = if known.kind == "d" { known.base } else { known.oid };
        assert_eq!(crate::types::pg_type(field).oid, expected, "{schema}.{name}.{}", field.name());
        checked += 1;
    }
    assert_eq!(checked, 2073);
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

#[tokio::test]
async fn information_schema_tells_of_users_relations() {
    let context = context(vars("bi", &["public"]));
    for (sql, expected) in [
        (
            "SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables
             WHERE table_schema IN ('public', 'mart') ORDER BY 2, 3",
            vec![
                "tpch|mart|Events|BASE TABLE",
                "tpch|public|customer|BASE TABLE",
                "tpch|public|order_keys|VIEW",
                "tpch|public|orders|BASE TABLE",
            ],
        ),
        (
            "SELECT column_name, is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale,
             udt_name FROM information_schema.columns WHERE table_name = 'orders' ORDER BY ordinal_position",
            vec![
                "o_orderkey|NO|bigint||64|0|int8",
                "o_custkey|NO|integer||32|0|int4",
                "o_totalprice|YES|numeric||15|2|numeric",
                "o_comment|YES|character varying|20|||varchar",
            ],
        ),
        (
            "SELECT constraint_name, constraint_type FROM information_schema.table_constraints
             WHERE table_name = 'orders' AND constraint_type <> 'CHECK' ORDER BY 1",
            vec!["orders_o_custkey_fkey|FOREIGN KEY", "orders_pkey|PRIMARY KEY"],
        ),
        (
            "SELECT column_name, ordinal_position, position_in_unique_constraint
             FROM information_schema.key_column_usage WHERE table_name = 'orders' ORDER BY 1",
            vec!["o_custkey|1|1", "o_orderkey|1|"],
        ),
        ("SELECT unique_constraint_name FROM information_schema.referential_constraints", vec!["customer_pkey"]),
        ("SELECT catalog_name FROM information_schema.information_schema_catalog_name", vec!["tpch"]),
        (
            "SELECT DISTINCT table_catalog FROM information_schema.columns WHERE table_schema = 'pg_catalog'",
            vec!["tpch"],
        ),
    ] {
        assert_eq!(rows(&context, sql).await.expect("a valid query"), expected, "{sql}");
    }
}

/// A line of values as DataFusion prints them, or `psql -A` does, in one form: lists without brackets, `t` and `f`.
fn plain(line: &str) -> String {
    let value = |value: &str| match value.trim() {
        "true" => "t".to_owned(),
        "false" => "f".to_owned(),
        value => value.replace(['[', ']', '{', '}', ','], " ").split_whitespace().collect::<Vec<_>>().join(" "),
    };
    line.split('|').map(value).collect::<Vec<_>>().join("|")
}

#[tokio::test]
async fn the_same_objects_have_the_same_rows_as_in_postgresql() {
    let context = context(vars("postgres", &["public"]));
    let golden = include_str!("../../../tests/golden/catalog/relations.txt");
    for query in golden.trim_start_matches("> ").split("\n> ") {
        let (sql, answer) = query.split_once('\n').expect("a query and its rows");
        let expected: Vec<_> = answer.lines().map(plain).collect();
        let given = rows(&context, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let given: Vec<_> = given.iter().map(|line| plain(line)).collect();
        assert_eq!(given, expected, "{sql}");
    }
}

#[tokio::test]
async fn a_role_sees_what_it_may_use() {
    let count = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'pg_authid'";
    assert_eq!(value(&context(vars("bi", &["public"])), count).await, "0");
    assert_eq!(value(&context(vars("postgres", &["public"])), count).await, "12");
    let secrets = "SELECT count(*) FROM pg_authid WHERE rolpassword IS NOT NULL";
    assert_eq!(value(&context(vars("postgres", &["public"])), secrets).await, "0");
}

#[test]
fn a_snapshot_outside_a_session_is_an_error_not_a_panic() {
    let options = datafusion::config::ConfigOptions::new();
    assert!(SessionVars::of(&options).is_err());
}
