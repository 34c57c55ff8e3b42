//! The answers of a real PostgreSQL (`tests/golden/catalog`, written by `scripts/catalog_golden.py`).

use crate::catalog::functions::system::{reg_input, reg_output};
use crate::catalog::pg_catalog::fixture::{context, rows, value, vars};
use crate::catalog::pg_catalog::reg::{self, Static};
use crate::catalog::vars::SessionVars;
use crate::error::Result;
use datafusion::execution::FunctionRegistry;

/// The lines of a golden file: kind, input, answer (`None` is NULL).
fn golden(text: &'static str) -> impl Iterator<Item = (&'static str, String, Option<String>)> {
    text.lines().map(|line| {
        let mut fields = line.splitn(3, '\t');
        let mut field = || fields.next().unwrap_or_default();
        let (kind, input, answer) = (field(), unescape(field()), field());
        (kind, input, (answer != "\\N").then(|| unescape(answer)))
    })
}

fn unescape(text: &str) -> String {
    text.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace('\0', "\\")
}

fn output(vars: &SessionVars, kind: &str, oid: u32) -> String {
    match kind {
        ">regclass" => reg::regclass_name(vars, oid),
        ">regtype" => reg::regtype_name(vars, oid),
        ">regproc" => reg::regproc_name(vars, oid),
        ">regprocedure" => reg::regprocedure_name(vars, oid),
        ">regoper" => reg::regoper_name(vars, oid),
        ">regoperator" => reg::regoperator_name(vars, oid),
        ">regcollation" => reg::static_name(vars, Static::Collation, oid),
        ">regnamespace" => reg::regnamespace_name(vars, oid),
        ">regrole" => reg::regrole_name(vars, oid),
        other => panic!("unknown kind {other}"),
    }
}

fn input(vars: &SessionVars, kind: &str, text: &str) -> Result<u32> {
    match kind {
        "<regclass" => reg::lookup_regclass(vars, text),
        "<regtype" => reg::lookup_regtype(vars, text),
        "<regproc" => reg::lookup_regproc(vars, text),
        "<regprocedure" => reg::lookup_regprocedure(vars, text),
        "<regoper" => reg::lookup_regoper(vars, text),
        "<regoperator" => reg::lookup_regoperator(vars, text),
        "<regcollation" => reg::lookup_static(vars, Static::Collation, text),
        "<regnamespace" => reg::lookup_regnamespace(vars, text),
        "<regrole" => reg::lookup_regrole(vars, text),
        other => panic!("unknown kind {other}"),
    }
}

#[test]
fn names_of_system_objects_are_postgresqls() {
    let vars = vars("postgres", &["public"]);
    let mut wrong = Vec::new();
    for (kind, oid, answer) in golden(include_str!("../../../../tests/golden/catalog/names.txt")) {
        let given = output(&vars, kind, oid.parse().expect("an OID"));
        if Some(&given) != answer.as_ref() {
            wrong.push(format!("{kind} {oid}: {given} instead of {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn types_are_formatted_as_postgresql_formats_them() {
    let vars = vars("postgres", &["public"]);
    let mut wrong = Vec::new();
    for (_, input, answer) in golden(include_str!("../../../../tests/golden/catalog/types.txt")) {
        let (oid, typmod) = input.split_once(' ').map_or((input.as_str(), None), |(oid, m)| (oid, m.parse().ok()));
        let given = reg::format_type(&vars, oid.parse().expect("an OID"), typmod);
        if Some(&given) != answer.as_ref() {
            wrong.push(format!("{input}: {given} instead of {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn names_are_looked_up_as_postgresql_looks_them_up() {
    let vars = vars("postgres", &["public"]);
    let mut wrong = Vec::new();
    for (kind, text, answer) in golden(include_str!("../../../../tests/golden/catalog/inputs.txt")) {
        let given = match input(&vars, kind, &text) {
            Ok(oid) => oid.to_string(),
            Err(error) => format!("!{} {}", error.sqlstate(), error.message()),
        };
        if Some(&given) != answer.as_ref() {
            wrong.push(format!("{kind} {text:?}: {given} instead of {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn functions_answer_as_postgresqls() {
    let context = context(vars("postgres", &["public"]));
    let mut wrong = Vec::new();
    for (_, expression, answer) in golden(include_str!("../../../../tests/golden/catalog/expressions.txt")) {
        // DataFusion's parser knows neither the schema before a function nor the type, and has its own fields.
        let plain = expression.replace("information_schema.", "").replace("::oid", "");
        let plain = match plain.split_once(")).") {
            Some((record, field)) => format!("{record}))['{field}']"),
            None => plain,
        };
        let batches = match context.sql(&format!("SELECT {plain} AS v")).await {
            Ok(frame) => frame.collect().await,
            Err(error) => Err(error),
        };
        let given = match batches {
            Ok(batches) => shown(&batches),
            Err(error) => {
                let text = crate::catalog::pg_catalog::fixture::sqlstate_of(&error);
                Some(format!("!{}", text.replacen(": ", " ", 1)))
            }
        };
        if given != answer {
            wrong.push(format!("{expression}: {given:?} instead of {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The one value as PostgreSQL prints it.
fn shown(batches: &[arrow::array::RecordBatch]) -> Option<String> {
    let value = datafusion::common::ScalarValue::try_from_array(batches[0].column(0), 0).expect("one row");
    if value.is_null() {
        return None;
    }
    Some(match value {
        datafusion::common::ScalarValue::Boolean(Some(value)) => if value { "t" } else { "f" }.to_owned(),
        value => value.to_string(),
    })
}

#[tokio::test]
async fn the_session_speaks_for_itself() {
    let context = context(vars("bi", &["mart", "public"]));
    // Words of SQL that are called without parentheses.
    for (name, answer) in [
        ("current_user", "bi"),
        ("session_user", "bi"),
        ("current_role", "bi"),
        ("user", "bi"),
        ("current_database", "tpch"),
        ("current_catalog", "tpch"),
        ("current_schema", "mart"),
    ] {
        let call = context.udf(name).expect("a system function").call(vec![]);
        let frame = context.read_empty().and_then(|frame| frame.select(vec![call])).expect("a valid plan");
        assert_eq!(shown(&frame.collect().await.expect("a value")).as_deref(), Some(answer), "{name}");
    }
    for (expression, answer) in [
        ("current_schemas(false)", "[mart, public]"),
        ("current_schemas(true)", "[pg_catalog, mart, public]"),
        ("pg_backend_pid()", "4711"),
        ("inet_client_addr()", "127.0.0.1"),
        ("inet_client_port()", "50000"),
        ("inet_server_port() IS NULL", "true"),
        ("pg_postmaster_start_time() = pg_conf_load_time()", "true"),
        ("starts_with(version(), 'PostgreSQL 17.10 on ')", "true"),
        ("txid_current()", "10"),
        ("has_table_privilege('orders', 'SELECT')", "true"),
        ("has_table_privilege('guest', 'orders', 'INSERT')", "false"),
        ("obj_description(to_regclass('orders'), 'pg_class')", "all orders"),
        ("col_description(to_regclass('orders'), 3)", "what it costs"),
        ("pg_get_viewdef('order_keys')", "SELECT o_orderkey FROM orders;"),
        ("pg_get_viewdef(to_regclass('order_keys'), true)", "SELECT o_orderkey FROM orders;"),
        ("pg_table_is_visible(to_regclass('mart.\"Events\"'))", "true"),
        ("pg_describe_object(1259, to_regclass('orders'), 1)", "column o_orderkey of table orders"),
        (
            "pg_get_serial_sequence('orders', 'nosuch')",
            "42703: column \"nosuch\" of relation \"orders\" does not exist",
        ),
        ("pg_get_viewdef(1, 2, 3, 4)", "42883: function pg_get_viewdef(bigint, bigint, bigint, bigint) does not exist"),
    ] {
        assert_eq!(value(&context, &format!("SELECT {expression}")).await, answer, "{expression}");
    }
}

#[tokio::test]
async fn functions_of_rows_are_tables_and_lists() {
    let context = context(vars("bi", &["public"]));
    let sql = "SELECT word, catcode, barelabel FROM pg_get_keywords() WHERE word IN ('select', 'abort') ORDER BY 1";
    assert_eq!(rows(&context, sql).await.expect("a valid query"), ["abort|U|true", "select|R|true"]);
    let sql = "SELECT unnest(_pg_expandarray(indkey)) FROM pg_index WHERE indexrelid = to_regclass('orders_pkey')";
    assert_eq!(value(&context, sql).await, "{x: 1, n: 1}");
    let sql = "SELECT option_name, option_value FROM pg_options_to_table(['a=1', 'b'])";
    assert_eq!(rows(&context, sql).await.expect("a valid query"), ["a|1", "b|"]);
    let sql = "SELECT count(*) > 300 FROM pg_show_all_settings()";
    assert_eq!(value(&context, sql).await, "true");
    let sql = "SELECT count(*) FROM pg_timezone_names WHERE name = 'Europe/Berlin'";
    assert_eq!(value(&context, sql).await, "1");
}

#[tokio::test]
async fn reg_casts_go_both_ways() {
    let context = context(vars("bi", &["public"]));
    for oid in [24, 2202, 2203, 2204, 2205, 2206, 4089, 4096, 4191, 3734, 3769] {
        let input = reg_input(oid).expect("a reg* type");
        let output = reg_output(oid).expect("a reg* type");
        context.register_udf(input.as_ref().clone());
        context.register_udf(output.as_ref().clone());
    }
    assert_eq!(value(&context, "SELECT regclassout(regclassin('orders'))").await, "orders");
    assert_eq!(value(&context, "SELECT regtypeout(typelem) FROM pg_type WHERE typname = '_int4'").await, "integer");
    assert_eq!(value(&context, "SELECT regclassin('nosuch')").await, "42P01: relation \"nosuch\" does not exist");
    let array = reg_output(2211).expect("regtype[]");
    context.register_udf(array.as_ref().clone());
    assert!(reg_output(25).is_none());
}
