//! Tables over files: discovery, pruning, statistics, partitions, merging, changed files.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::pretty::pretty_format_batches;
use datafusion::common::stats::Precision;
use datafusion::common::{ScalarValue, Statistics};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::physical_plan::displayable;
use datafusion::prelude::SessionContext;

use super::*;
use crate::sqlstate;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn ids(values: std::ops::Range<i32>) -> (&'static str, ArrayRef) {
    ("id", Arc::new(values.collect::<Int32Array>()) as ArrayRef)
}

fn write_parquet(path: &Path, rows: &RecordBatch) {
    fs::create_dir_all(path.parent().expect("files are in folders")).expect("folders can be made");
    let file = fs::File::create(path).expect("the folder is writable");
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(10)).build();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).expect("the schema is simple");
    writer.write(rows).expect("the disk has room");
    writer.close().expect("the disk has room");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn config(location: &Path) -> TableConfig {
    TableConfig::new("public", "t", location.to_str().expect("temporary paths are UTF-8"))
}

/// A context in which the table is `t`.
async fn serve(table: &TableConfig) -> (SessionContext, OpenedTable) {
    let ctx = SessionContext::new();
    let opened = open(table, &ctx.state()).await.expect("the table opens");
    ctx.register_table("t", Arc::clone(&opened.provider)).expect("the name is free");
    (ctx, opened)
}

async fn rows(ctx: &SessionContext, sql: &str) -> String {
    let batches = ctx.sql(sql).await.expect("the query plans").collect().await.expect("the query runs");
    let table = pretty_format_batches(&batches).expect("batches print").to_string();
    let cells = table.lines().filter(|line| line.starts_with('|')).skip(1);
    cells
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join(","))
        .collect::<Vec<_>>()
        .join(";")
}

async fn plan(ctx: &SessionContext, sql: &str) -> String {
    let plan = ctx.sql(sql).await.expect("it plans").create_physical_plan().await.expect("it plans");
    displayable(plan.as_ref()).indent(true).to_string()
}

fn stats(opened: &OpenedTable) -> Statistics {
    opened.provider.statistics().expect("file tables have statistics")
}

#[tokio::test]
async fn every_format_is_found_and_read() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    write_parquet(&at("mart.Events.parquet"), &batch(vec![ids(0..3)]));
    write_parquet(&at("orders/part-0.parquet"), &batch(vec![ids(0..3)]));
    write_parquet(&at("orders/part-1.parquet"), &batch(vec![ids(3..5)]));
    write_parquet(&at("sales/year=2025/a.parquet"), &batch(vec![ids(0..3)]));
    write_parquet(&at("sales/year=2026/a.parquet"), &batch(vec![ids(3..4)]));
    fs::write(at("people.csv"), "\u{feff}id,name,born\n1,\"a\nb\",2000-01-02\n2,,1999-12-31\n").expect("writable");
    fs::write(at("tabs.tsv"), "id\tname\n1\tx\n").expect("writable");
    fs::write(at("lines.jsonl"), "{\"id\":1,\"tags\":[\"a\"]}\n{\"id\":2}\n").expect("writable");
    fs::write(at("array.json"), "[{\"id\":1},{\"id\":2}]").expect("writable");
    fs::write(at("empty.csv"), "").expect("writable");
    fs::write(at("README.md"), "no data").expect("writable");
    fs::write(at("broken.parquet"), "PAR1 this is none PAR1").expect("writable");
    let rows3 = batch(vec![ids(0..3)]);
    let mut writer =
        arrow::ipc::writer::FileWriter::try_new(fs::File::create(at("fast.arrow")).expect("writable"), &rows3.schema())
            .expect("a simple schema");
    writer.write(&rows3).and_then(|()| writer.finish()).expect("the disk has room");

    let tables = discover(dir.path(), "public").expect("the folder can be read");
    let names: Vec<String> = tables.iter().map(|t| format!("{}.{}", t.schema, t.name)).collect();
    let expected = ["mart.events", "public.array", "public.broken", "public.fast", "public.lines", "public.orders"];
    assert_eq!(names[..6], expected);
    assert_eq!(names[6..], ["public.people", "public.sales", "public.tabs"]);

    let ctx = SessionContext::new();
    let opened = open_all(&tables, &ctx.state()).await;
    let mut found = Vec::new();
    for (table, opened) in tables.iter().zip(opened) {
        match opened {
            Ok(opened) => {
                ctx.register_table(table.name.as_str(), opened.provider).expect("names differ");
                found.push(rows(&ctx, &format!("select count(*), min(id) from {}", table.name)).await);
            }
            Err(e) => {
                assert_eq!((table.name.as_str(), e.sqlstate()), ("broken", sqlstate::DATA_CORRUPTED), "{e:?}");
                assert!(e.message().contains("broken.parquet"), "{e}");
            }
        }
    }
    assert_eq!(found, ["3,0", "2,1", "3,0", "2,1", "5,0", "2,1", "4,0", "1,1"]);
    assert_eq!(
        rows(&ctx, "select name, born from people order by id").await.replace('\n', "/"),
        "a,2000-01-02;b,;,1999-12-31"
    );
}

#[test]
fn a_folder_that_is_one_table_itself_is_named_after_it() {
    let dir = folder();
    let names = |folder: &Path| -> Vec<String> {
        let tables = discover(folder, "public").expect("the folder can be read");
        tables.into_iter().map(|table| table.name).collect()
    };
    write_parquet(&dir.path().join("sales/year=2025/a.parquet"), &batch(vec![ids(0..3)]));
    write_parquet(&dir.path().join("sales/year=2026/a.parquet"), &batch(vec![ids(0..3)]));
    assert_eq!(names(&dir.path().join("sales/.")), ["sales"]);
    write_parquet(&dir.path().join("out/part-0.parquet"), &batch(vec![ids(0..3)]));
    write_parquet(&dir.path().join("out/part-1.parquet"), &batch(vec![ids(0..3)]));
    assert_eq!(names(&dir.path().join("out")), ["out"]);
    // Files beside folders are tables of their own, so that no row is counted into two tables.
    write_parquet(&dir.path().join("out/other/x.parquet"), &batch(vec![ids(0..3)]));
    assert_eq!(names(dir.path()), ["part_0", "part_1", "sales", "x"]);
}

#[tokio::test]
async fn names_taken_and_lakes_are_left_out() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    write_parquet(&at("a/orders.parquet"), &batch(vec![ids(0..3)]));
    fs::create_dir_all(at("b")).expect("writable");
    fs::write(at("b/Orders.csv"), "id\n1\n").expect("writable");
    write_parquet(&at("delta/part-0.parquet"), &batch(vec![ids(0..3)]));
    fs::create_dir_all(at("delta/_delta_log")).expect("writable");
    fs::write(at("delta/_delta_log/0.json"), "{}").expect("writable");
    write_parquet(&at("pg_catalog.x.parquet"), &batch(vec![ids(0..3)]));
    let tables = discover(dir.path(), "public").expect("the folder can be read");
    let names: Vec<&str> = tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["orders"]);
    assert!(tables[0].location.ends_with("a/orders.parquet"));

    let ctx = SessionContext::new();
    let error = open(&config(&at("delta")), &ctx.state()).await.expect_err("a Delta table is refused");
    assert_eq!(error.sqlstate(), sqlstate::FEATURE_NOT_SUPPORTED);
}

#[tokio::test]
async fn partitions_are_typed_and_pruned() {
    let dir = folder();
    for (year, range) in [(2024, 0..10), (2025, 10..20), (2026, 20..30)] {
        write_parquet(&dir.path().join(format!("t/year={year}/x.parquet")), &batch(vec![ids(range)]));
    }
    let (ctx, opened) = serve(&config(&dir.path().join("t"))).await;
    assert_eq!((opened.rows, opened.files), (Some(30), 3));
    assert_eq!(opened.provider.schema().field(1).data_type(), &DataType::Int32);
    assert_eq!(rows(&ctx, "select sum(id), min(year) from t where year >= 2025 and id <> 11").await, "379,2025");
    let plan = plan(&ctx, "select id from t where year = 2025 and id > 3").await;
    assert!(plan.contains("year=2025") && !plan.contains("year=2024") && !plan.contains("year=2026"), "{plan}");
    assert_eq!(rows(&ctx, "select count(*) from t where year = 1999").await, "0");
    assert_eq!(rows(&ctx, "select year, count(*) from t group by year order by year").await, "2024,10;2025,10;2026,10");
    let statistics = stats(&opened);
    assert_eq!(statistics.column_statistics[1].max_value, Precision::Exact(ScalarValue::Int32(Some(2026))));
}

#[tokio::test]
async fn statistics_are_exact_only_where_the_footer_proves_them() {
    let dir = folder();
    let with_nulls: Int64Array = [Some(5), None, Some(-7)].into_iter().collect();
    let first = batch(vec![
        ids(0..3),
        ("n", Arc::new(with_nulls)),
        ("x", Arc::new(Float64Array::from(vec![1.0, f64::NAN, 2.0]))),
        ("s", Arc::new(StringArray::from(vec!["b", "a", "c"]))),
        ("ts", Arc::new(TimestampNanosecondArray::from(vec![1_000_500, 2_000_999, 3_000_001]))),
    ]);
    let all_null: Int64Array = std::iter::repeat_n(None, 2).collect();
    let second =
        batch(vec![ids(10..12), ("n", Arc::new(all_null)), ("s", Arc::new(StringArray::from(vec!["d", "e"])))]);
    write_parquet(&dir.path().join("t/part-0.parquet"), &first);
    write_parquet(&dir.path().join("t/part-1.parquet"), &second);
    let (ctx, opened) = serve(&config(&dir.path().join("t"))).await;
    let statistics = stats(&opened);
    let column = |name: &str| {
        let at = opened.provider.schema().index_of(name).expect("the column is there");
        let c = &statistics.column_statistics[at];
        (c.null_count, c.min_value.clone(), c.max_value.clone())
    };
    let exact = |value: ScalarValue| Precision::Exact(value);
    let int = |n| exact(ScalarValue::Int32(Some(n)));
    assert_eq!(statistics.num_rows, Precision::Exact(5));
    assert_eq!(column("id"), (Precision::Exact(0), int(0), int(11)));
    let long = |n| exact(ScalarValue::Int64(Some(n)));
    assert_eq!(column("n"), (Precision::Exact(3), long(-7), long(5)));
    assert_eq!(column("x"), (Precision::Exact(2), Precision::Absent, Precision::Absent));
    let micros = |n| exact(ScalarValue::TimestampMicrosecond(Some(n), None));
    assert_eq!(column("ts"), (Precision::Exact(2), micros(1000), micros(3000)));
    assert_eq!(
        opened.provider.schema().field_with_name("ts").expect("there").data_type(),
        &DataType::Timestamp(TimeUnit::Microsecond, None)
    );
    assert_eq!(rows(&ctx, "select count(*), count(n), min(n), max(s), max(x) from t").await, "5,2,-7,e,NaN");
    assert_eq!(
        rows(&ctx, "select ts, s from t where ts > '1970-01-01T00:00:00.001' order by id").await.split(';').count(),
        2
    );
}

#[tokio::test]
async fn row_groups_and_files_are_skipped() {
    let dir = folder();
    write_parquet(&dir.path().join("t/part-0.parquet"), &batch(vec![ids(0..100)]));
    write_parquet(&dir.path().join("t/part-1.parquet"), &batch(vec![ids(100..200)]));
    let (ctx, _) = serve(&config(&dir.path().join("t"))).await;
    let sql = "select sum(id) from t where id between 33 and 35";
    assert_eq!(rows(&ctx, sql).await, "102");
    let analyzed = rows(&ctx, &format!("explain analyze {sql}")).await;
    assert!(analyzed.contains("row_groups_pruned_statistics=10 total → 1 matched"), "{analyzed}");
    assert!(analyzed.contains("files_ranges_pruned_statistics=2 total → 1 matched"), "{analyzed}");
    let limited = plan(&ctx, "select id from t limit 7").await;
    assert!(limited.contains("part-0") && !limited.contains("part-1"), "{limited}");
    let counted = plan(&ctx, "select count(*), max(id) from t").await;
    assert!(!counted.contains("DataSourceExec"), "{counted}");
}

/// Writers leave NaN out of the bounds, and it is the greatest number.
#[tokio::test]
async fn rows_with_nan_are_not_skipped() {
    let dir = folder();
    let numbers: Float64Array = (0..40).map(|n| if n == 7 { f64::NAN } else { f64::from(n) / 100.0 }).collect();
    write_parquet(&dir.path().join("t.parquet"), &batch(vec![ids(0..40), ("x", Arc::new(numbers))]));
    let (ctx, _) = serve(&config(&dir.path().join("t.parquet"))).await;
    assert_eq!(rows(&ctx, "select id from t where x > 5").await, "7");
    assert_eq!(rows(&ctx, "select id from t where id > 5 and id < 9 and x > 5").await, "7");
}

#[tokio::test]
async fn files_with_other_columns_are_merged() {
    let dir = folder();
    write_parquet(&dir.path().join("t/part-0.parquet"), &batch(vec![ids(0..2)]));
    let wider = batch(vec![
        ("extra", Arc::new(StringArray::from(vec!["x"])) as ArrayRef),
        ("id", Arc::new(Int64Array::from(vec![5_000_000_000]))),
    ]);
    write_parquet(&dir.path().join("t/part-1.parquet"), &wider);
    let (ctx, _) = serve(&config(&dir.path().join("t"))).await;
    assert_eq!(rows(&ctx, "select id, extra from t order by id").await, "0,;1,;5000000000,x");
    assert_eq!(rows(&ctx, "select count(extra), max(id) from t").await, "1,5000000000");

    let text = batch(vec![("id", Arc::new(StringArray::from(vec!["x"])) as ArrayRef)]);
    write_parquet(&dir.path().join("t/part-2.parquet"), &text);
    let error = open(&config(&dir.path().join("t")), &ctx.state()).await.expect_err("types conflict");
    assert_eq!(error.sqlstate(), sqlstate::DATATYPE_MISMATCH);
    assert!(error.message().contains("part-2.parquet"), "{error}");
}

#[tokio::test]
async fn avro_arrow_and_compressed_files_have_postgres_types() {
    let dir = folder();
    let stamps = TimestampNanosecondArray::from(vec![Some(1_000_500), None]).with_timezone("Europe/Berlin");
    let content = batch(vec![ids(0..2), ("at", Arc::new(stamps)), ("s", Arc::new(StringArray::from(vec!["x", "y"])))]);
    let file = |name: &str| fs::File::create(dir.path().join(name)).expect("the folder is writable");
    let mut writer = arrow::ipc::writer::FileWriter::try_new(file("t.arrow"), &content.schema()).expect("simple");
    writer.write(&content).and_then(|()| writer.finish()).expect("the disk has room");
    let mut writer = arrow::ipc::writer::StreamWriter::try_new(file("t.ipc"), &content.schema()).expect("simple");
    writer.write(&content).and_then(|()| writer.finish()).expect("the disk has room");
    let schema = Schema::clone(&content.schema());
    let mut writer = datafusion::arrow_avro::writer::AvroWriter::new(file("t.avro"), schema).expect("simple");
    writer.write(&content).and_then(|()| writer.finish()).expect("the disk has room");
    for name in ["t.arrow", "t.ipc", "t.avro"] {
        let (ctx, opened) = serve(&config(&dir.path().join(name))).await;
        let types: Vec<DataType> = opened.provider.schema().fields().iter().map(|f| f.data_type().clone()).collect();
        let micros = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")));
        assert_eq!(types, [DataType::Int32, micros, DataType::Utf8View], "{name}");
        let found = rows(&ctx, "select id, s, at = '1970-01-01T00:00:00.001Z' from t order by id").await;
        assert_eq!(found, "0,x,true;1,y,", "{name}");
        assert_eq!(rows(&ctx, "select count(*), count(at) from t where s > 'a'").await, "2,1", "{name}");
    }
    // "id\n1\n2\n", compressed by gzip.
    let gzip = [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 76, 225, 50, 228, 50, 226, 2, 0, 216, 36, 50, 18, 7, 0, 0, 0];
    fs::write(dir.path().join("t.csv.gz"), gzip).expect("the folder is writable");
    let (ctx, _) = serve(&config(&dir.path().join("t.csv.gz"))).await;
    assert_eq!(rows(&ctx, "select sum(id), count(*) from t").await, "3,2");
}

/// The error of reading all of `t`.
async fn failure(ctx: &SessionContext) -> Error {
    let error = ctx.sql("select * from t").await.expect("it plans").collect().await.expect_err("the file is another");
    error_in(&error).unwrap_or_else(|| panic!("no error of ours in {error:?}")).clone()
}

#[tokio::test]
async fn a_changed_file_is_an_error_and_no_mixture() {
    let dir = folder();
    for name in ["t.parquet", "t.csv", "t.json"] {
        let path = dir.path().join(name);
        let write = |n: i32| match name {
            "t.parquet" => write_parquet(&path, &batch(vec![ids(0..n)])),
            "t.csv" => fs::write(&path, format!("id\n{n}\n")).expect("writable"),
            _ => fs::write(&path, format!("{{\"id\":{n}}}\n")).expect("writable"),
        };
        write(5);
        let (ctx, _) = serve(&config(&path)).await;
        write(1000);
        let error = failure(&ctx).await;
        assert_eq!(error.sqlstate(), sqlstate::DATA_CORRUPTED, "{name}: {error:?}");
        assert!(error.message().contains(name) && error.message().contains("has changed"), "{error}");
        fs::remove_file(&path).expect("the file is there");
        assert_eq!(failure(&ctx).await.sqlstate(), sqlstate::UNDEFINED_FILE, "{name}");
    }
}

#[tokio::test]
async fn places_without_data_are_clear_errors() {
    let dir = folder();
    let ctx = SessionContext::new();
    let state = ctx.state();
    fs::write(dir.path().join("x.txt"), "x").expect("writable");
    fs::write(dir.path().join("a.csv"), "id\n1\n").expect("writable");
    fs::write(dir.path().join("b.json"), "{\"id\":1}\n").expect("writable");
    let mut unknown = config(&dir.path().join("x.txt"));
    assert_eq!(open(&unknown, &state).await.expect_err("no format").sqlstate(), sqlstate::UNDEFINED_FILE);
    unknown.format = Some(FileFormatKind::Csv);
    assert!(open(&unknown, &state).await.is_ok());
    let missing = open(&config(&dir.path().join("*.parquet")), &state).await.expect_err("nothing matches");
    assert_eq!(missing.sqlstate(), sqlstate::UNDEFINED_FILE);
    assert_eq!(open(&config(&dir.path().join("?.csv")), &state).await.expect("a.csv matches").files, 1);
    let mixed = open(&config(dir.path()), &state).await.expect_err("two formats");
    assert_eq!(mixed.sqlstate(), sqlstate::INVALID_OBJECT_DEFINITION);
    let mut bad = TableConfig::new("public", "t", "s3://bucket/t.parquet");
    bad.options.push(("colour".into(), "red".into()));
    assert_eq!(open(&bad, &state).await.expect_err("no such option").sqlstate(), sqlstate::CONFIG_FILE_ERROR);
}

#[tokio::test]
async fn a_dropped_table_leaves_the_runtime() {
    let dir = folder();
    write_parquet(&dir.path().join("t.parquet"), &batch(vec![ids(0..3)]));
    let (ctx, opened) = serve(&config(&dir.path().join("t.parquet"))).await;
    let plan =
        ctx.sql("select sum(id) from t").await.expect("it plans").create_physical_plan().await.expect("it plans");
    ctx.deregister_table("t").expect("it is registered");
    drop(opened);
    let found = datafusion::physical_plan::collect(Arc::clone(&plan), ctx.task_ctx()).await;
    assert_eq!(found.expect("a plan keeps what it needs")[0].num_rows(), 1);
}

#[test]
fn spill_folders_of_the_living_are_kept() {
    let dir = folder();
    let living = SpillDir::create(dir.path()).expect("the folder is writable");
    let dead = dir.path().join("1-0");
    fs::create_dir(&dead).expect("the folder is writable");
    fs::write(dead.join("lock"), "").expect("the folder is writable");
    let second = SpillDir::create(dir.path()).expect("the folder is writable");
    assert!(living.path().exists() && second.path().exists() && !dead.exists());
    let path = living.path().to_owned();
    drop(living);
    assert!(!path.exists());
}

/// A web server for one file: HEAD and GET with ranges and ETags, as object stores need them.
async fn web_server(content: Vec<u8>, etag: &'static str) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = answer(stream, &content, etag).await;
        }
    });
    address
}

async fn answer(mut stream: tokio::net::TcpStream, content: &[u8], etag: &str) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let request = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let header = |name: &str| request.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let size = content.len();
    let range = header("range: bytes=").and_then(|range| {
        let (start, end) = range.split_once('-')?;
        Some((start.parse::<usize>().ok()?, end.parse::<usize>().ok()?.min(size - 1)))
    });
    let (status, range_header, body) = match range {
        _ if header("if-match:").is_some_and(|wanted| wanted != etag) => {
            ("412 Precondition Failed", String::new(), &[][..])
        }
        _ if !request.contains("/t.parquet") => ("404 Not Found", String::new(), &[][..]),
        Some((start, end)) => {
            ("206 Partial Content", format!("content-range: bytes {start}-{end}/{size}\r\n"), &content[start..=end])
        }
        None => ("200 OK", String::new(), content),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\netag: {etag}\r\nlast-modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n\
         {range_header}connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    if !request.starts_with("head") {
        stream.write_all(body).await?;
    }
    stream.shutdown().await
}

#[tokio::test]
async fn remote_files_are_read_in_their_version() {
    let dir = folder();
    write_parquet(&dir.path().join("t.parquet"), &batch(vec![ids(0..100)]));
    let content = fs::read(dir.path().join("t.parquet")).expect("it was written");
    let address = web_server(content, "\"v1\"").await;
    let web = TableConfig::new("public", "t", format!("http://{address}/data/t.parquet"));
    let mut bucket = TableConfig::new("public", "t", "s3://bucket/data/t.parquet");
    for (name, value) in [("skip_signature", "true"), ("allow_http", "true"), ("region", "x")] {
        bucket.options.push((name.into(), value.into()));
    }
    bucket.options.push(("endpoint".into(), format!("http://{address}")));
    for table in [&web, &bucket] {
        let (ctx, opened) = serve(table).await;
        assert_eq!((opened.rows, opened.files), (Some(100), 1), "{}", table.location);
        assert_eq!(rows(&ctx, "select sum(id) from t where id > 90").await, "855");
    }
    let ctx = SessionContext::new();
    let missing = TableConfig::new("public", "t", format!("http://{address}/data/u.parquet"));
    let error = open(&missing, &ctx.state()).await.expect_err("there is no such file");
    assert_eq!(error.sqlstate(), sqlstate::UNDEFINED_FILE, "{error:?}");
    let query = TableConfig::new("public", "t", format!("http://{address}/t.parquet?signature=x"));
    assert_eq!(open(&query, &ctx.state()).await.expect_err("refused").sqlstate(), sqlstate::FEATURE_NOT_SUPPORTED);
}

#[tokio::test]
async fn a_remote_file_that_changed_is_an_error() {
    let dir = folder();
    write_parquet(&dir.path().join("t.parquet"), &batch(vec![ids(0..100)]));
    let content = fs::read(dir.path().join("t.parquet")).expect("it was written");
    let address = web_server(content.clone(), "\"v2\"").await;
    let store = object_store::http::HttpBuilder::new()
        .with_url(format!("http://{address}"))
        .with_config(object_store::ClientConfigKey::AllowHttp, "true")
        .build()
        .expect("a plain URL");
    let old = ObjectMeta {
        location: object_store::path::Path::from("t.parquet"),
        last_modified: chrono::Utc::now(),
        size: content.len() as u64,
        e_tag: Some("\"v1\"".into()),
        version: None,
    };
    let versioned = VersionedStore::new(Arc::new(store), std::slice::from_ref(&old), false);
    let error =
        object_store::ObjectStoreExt::get_range(&versioned, &old.location, 0..4).await.expect_err("v2 is there");
    let own = error_in(&error).expect("the error is ours");
    assert_eq!(own.sqlstate(), sqlstate::DATA_CORRUPTED, "{own:?}");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_an_error_soon() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.local_addr().expect("it is bound")
    };
    let table = TableConfig::new("public", "t", format!("http://{address}/t.parquet"));
    let error = open(&table, &SessionContext::new().state()).await.expect_err("nobody listens");
    assert_eq!(error.sqlstate(), sqlstate::IO_ERROR);
    assert!(error.get_context().is_some_and(|context| context.contains("public.t")), "{error:?}");
}
