//! TPC-H at scale 0.01: the 22 queries, as text and with their constants as parameters, answer as DuckDB does.
//!
//! The answers in `tests/tpch` were written by DuckDB (`tests/tpch/golden.py`) over the same generated rows.

use std::fmt::Write as _;
use std::fs;

use bytes::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::harness::{self, print};

type Fault = Box<dyn std::error::Error + Sync + Send>;

/// DuckDB computes averages and quotients as doubles.
const TOLERANCE: f64 = 1e-9;

#[tokio::test]
async fn simple_protocol_answers_as_duckdb() {
    let client = connect().await;
    let mut wrong = Vec::new();
    for (name, sql, expected) in queries() {
        match client.simple_query(&sql).await {
            Ok(messages) => compare(&name, &simple_rows(&messages), &expected, &mut wrong),
            Err(error) => wrong.push(format!("{name}: {}", harness::explain(&error))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn parameters_answer_as_duckdb() {
    let client = connect().await;
    let mut wrong = Vec::new();
    for (name, sql, expected) in queries() {
        let (sql, values) = parameterize(&sql);
        let params: Vec<AnyText> = values.into_iter().map(AnyText).collect();
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as &(dyn ToSql + Sync)).collect();
        match client.query(&sql, &params).await {
            Ok(rows) => compare(&name, &rows.iter().map(binary_row).collect::<Vec<_>>(), &expected, &mut wrong),
            Err(error) => wrong.push(format!("{name}: {}\n{sql}", harness::explain(&error))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn connect() -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&harness::tpch().conninfo(), NoTls).await.expect("it connects");
    tokio::spawn(connection);
    client
}

/// Name, text and expected lines of each query.
fn queries() -> Vec<(String, String, Vec<String>)> {
    let read = |path: String| fs::read_to_string(harness::repository(&path)).expect("the query and its answer exist");
    let one = |number: u32| {
        let name = format!("q{number:02}");
        let answer = read(format!("tests/tpch/{name}.txt"));
        (name.clone(), read(format!("bench/tpch/{name}.sql")), answer.lines().map(str::to_owned).collect())
    };
    (1..=22).map(one).collect()
}

fn simple_rows(messages: &[SimpleQueryMessage]) -> Vec<Vec<String>> {
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|i| row.get(i).unwrap_or("NULL").to_owned()).collect::<Vec<_>>())
        }
        _ => None,
    };
    messages.iter().filter_map(row).collect()
}

fn binary_row(row: &tokio_postgres::Row) -> Vec<String> {
    (0..row.len()).map(|i| row.get::<_, Option<Raw>>(i).map_or_else(|| "NULL".to_owned(), |raw| raw.0)).collect()
}

fn compare(name: &str, rows: &[Vec<String>], expected: &[String], wrong: &mut Vec<String>) {
    if rows.len() != expected.len() {
        wrong.push(format!("{name}: {} rows instead of {}", rows.len(), expected.len()));
    }
    for (row, line) in rows.iter().zip(expected) {
        let same = row.len() == line.split('|').count() && row.iter().zip(line.split('|')).all(|(a, b)| equal(a, b));
        if !same {
            wrong.push(format!("{name}: {} instead of {line}", row.join("|")));
            return;
        }
    }
}

/// Numbers are equal by value: `1.50` is `1.5`.
fn equal(actual: &str, expected: &str) -> bool {
    if let Some(expected) = expected.strip_prefix('~') {
        let (Ok(actual), Ok(expected)) = (actual.parse::<f64>(), expected.parse::<f64>()) else { return false };
        return (actual - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
    }
    let bare = |text: &str| match text.parse::<f64>() {
        Ok(_) if text.contains('.') => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => text.to_owned(),
    };
    bare(actual) == bare(expected)
}

/// Replaces the constants of a query by parameters: strings, dates, intervals and numbers that something is compared
/// with. Returns the values as text.
fn parameterize(sql: &str) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut values: Vec<String> = Vec::new();
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '<', '>', '=']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(literal) = rest.strip_prefix('\'') {
            let (value, after) = literal.split_once('\'').expect("literals end");
            let cast = ["date", "interval"].into_iter().find(|ty| text.trim_end().ends_with(ty));
            text.truncate(text.trim_end().len() - cast.map_or(0, str::len));
            values.push(value.to_owned());
            let cast = cast.map_or_else(String::new, |ty| format!("::{ty}"));
            let _ = write!(text, " ${}{cast}", values.len());
            rest = after;
            continue;
        }
        let operator = rest.find(|c| !matches!(c, '<' | '>' | '=')).unwrap_or(rest.len());
        let number = rest[operator..].trim_start();
        let digits = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        text.push_str(&rest[..operator]);
        rest = &rest[operator..];
        if digits > 0 {
            values.push(number[..digits].to_owned());
            let _ = write!(text, " ${}", values.len());
            rest = &number[digits..];
        }
    }
    text.push_str(rest);
    (text, values)
}

/// A parameter in text format, whatever its type.
#[derive(Debug)]
struct AnyText(String);

impl ToSql for AnyText {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}

/// A binary value's text, whatever its type.
struct Raw(String);

impl FromSql<'_> for Raw {
    fn from_sql(ty: &Type, raw: &[u8]) -> Result<Self, Fault> {
        Ok(Self(print::print(ty.oid(), raw, chrono_tz::Tz::UTC)?))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
