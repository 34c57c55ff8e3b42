//! tokio-postgres, a driver that speaks the extended protocol in binary and leaves parameter types to the server.

use std::time::{Duration, Instant, SystemTime};

use futures::{StreamExt, TryStreamExt, pin_mut};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::harness;

async fn connect() -> Client {
    let (client, connection) = tokio_postgres::connect(&harness::tpch().conninfo(), NoTls).await.expect("it connects");
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn values_travel_in_binary() {
    let client = connect().await;
    let sql = "select $1::bool, $2::int2, $3::int4, $4::int8, $5::float4, $6::float8, $7::text, $8::bytea, $9::varchar";
    let bytes: &[u8] = &[0, 1, 255];
    let row = client
        .query_one(sql, &[&true, &-2i16, &3i32, &i64::MIN, &1.5f32, &f64::INFINITY, &"é", &bytes, &Some("v")])
        .await
        .expect("every type has a binary form");
    assert!(row.get::<_, bool>(0));
    assert_eq!(row.get::<_, i16>(1), -2);
    assert_eq!(row.get::<_, i32>(2), 3);
    assert_eq!(row.get::<_, i64>(3), i64::MIN);
    assert!((row.get::<_, f32>(4) - 1.5).abs() < f32::EPSILON);
    assert!(row.get::<_, f64>(5).is_infinite());
    assert_eq!(row.get::<_, &str>(6), "é");
    assert_eq!(row.get::<_, &[u8]>(7), bytes);
    assert_eq!(row.get::<_, Option<&str>>(8), Some("v"));
}

#[tokio::test]
async fn nulls_arrays_and_times_travel() {
    let client = connect().await;
    let when = SystemTime::UNIX_EPOCH + Duration::from_micros(1_714_979_289_123_456);
    let row = client
        .query_one(
            "select $1::int4, $2::int4[], $3::text[], $4::timestamptz, $5::timestamp",
            &[&None::<i32>, &vec![Some(1i32), None], &vec!["a b", ""], &when, &when],
        )
        .await
        .expect("every type has a binary form");
    assert_eq!(row.get::<_, Option<i32>>(0), None);
    assert_eq!(row.get::<_, Vec<Option<i32>>>(1), [Some(1), None]);
    assert_eq!(row.get::<_, Vec<&str>>(2), ["a b", ""]);
    assert_eq!(row.get::<_, SystemTime>(3), when);
    assert_eq!(row.get::<_, SystemTime>(4), when);
}

#[tokio::test]
async fn parameter_types_are_inferred() {
    let client = connect().await;
    let statement = client
        .prepare(
            "select o_orderkey, o_totalprice, o_orderdate from orders \
             where o_orderkey = $1 and o_orderstatus = $2 and o_orderdate >= $3 and o_totalprice < $4 limit $5",
        )
        .await
        .expect("the statement can be prepared");
    assert_eq!(statement.params(), [Type::INT8, Type::TEXT, Type::DATE, Type::NUMERIC, Type::INT8]);
    let columns: Vec<_> = statement.columns().iter().map(|c| (c.name(), c.type_().clone())).collect();
    let expected = [("o_orderkey", Type::INT8), ("o_totalprice", Type::NUMERIC), ("o_orderdate", Type::DATE)];
    assert_eq!(columns, expected);
}

#[tokio::test]
async fn a_prepared_statement_runs_many_times() {
    let client = connect().await;
    let statement = client.prepare("select n_name from nation where n_nationkey = $1::int4").await.expect("it parses");
    for key in 0..25i32 {
        let rows = client.query(&statement, &[&key]).await.expect("it runs");
        assert_eq!(rows.len(), 1, "nation {key}");
    }
    assert!(client.query_opt(&statement, &[&99i32]).await.expect("it runs").is_none());
}

#[tokio::test]
async fn statements_are_pipelined() {
    let client = connect().await;
    let (one, two, three) = tokio::join!(
        client.query_one("select 1::int4", &[]),
        client.query_one("select 1/0", &[]),
        client.query_one("select $1::int4 + 1", &[&2i32]),
    );
    assert_eq!(one.expect("the first runs").get::<_, i32>(0), 1);
    assert_eq!(two.expect_err("the second fails alone").code(), Some(&SqlState::DIVISION_BY_ZERO));
    assert_eq!(three.expect("the third runs").get::<_, i32>(0), 3);
}

#[tokio::test]
async fn a_portal_gives_rows_in_portions() {
    let mut client = connect().await;
    let transaction = client.transaction().await.expect("a transaction begins");
    let portal = transaction.bind("select n_nationkey from nation order by n_nationkey", &[]).await.expect("it binds");
    let mut sizes = Vec::new();
    loop {
        let rows = transaction.query_portal(&portal, 10).await.expect("the portal has rows");
        if rows.is_empty() {
            break;
        }
        sizes.push(rows.len());
    }
    assert_eq!(sizes, [10, 10, 5]);
    transaction.commit().await.expect("the transaction commits");
}

#[tokio::test]
async fn a_failed_transaction_says_so_until_it_ends() {
    let mut client = connect().await;
    let transaction = client.transaction().await.expect("a transaction begins");
    let error = transaction.query("select nosuch from nation", &[]).await.expect_err("the column does not exist");
    assert_eq!(error.code(), Some(&SqlState::UNDEFINED_COLUMN));
    let error = transaction.query("select 1", &[]).await.expect_err("the transaction has failed");
    assert_eq!(error.code(), Some(&SqlState::IN_FAILED_SQL_TRANSACTION));
    transaction.rollback().await.expect("it rolls back");
    client.query_one("select 1", &[]).await.expect("the session goes on");
}

#[tokio::test]
async fn a_script_answers_statement_by_statement() {
    let client = connect().await;
    let script = "begin; select n_name from nation where n_nationkey < 2 order by 1; commit; select 'x' as y";
    let messages = client.simple_query(script).await.expect("the script runs");
    let kinds: String = messages
        .iter()
        .map(|message| match message {
            SimpleQueryMessage::RowDescription(_) => 'T',
            SimpleQueryMessage::Row(_) => 'D',
            SimpleQueryMessage::CommandComplete(_) => 'C',
            _ => '?',
        })
        .collect();
    assert_eq!(kinds, "CTDDCCTDC");
}

#[tokio::test]
async fn rows_stream() {
    let client = connect().await;
    let rows = client.query_raw("select l_orderkey from lineitem", Vec::<i32>::new()).await.expect("it runs");
    pin_mut!(rows);
    let first = rows.next().await.expect("there is a row").expect("it is sound");
    assert_eq!(first.len(), 1);
    let rest = rows.try_fold(0usize, |n, _| async move { Ok(n + 1) }).await.expect("they all come");
    assert_eq!(rest + 1, 60_175);
}

#[tokio::test]
async fn a_statement_is_cancelled() {
    let client = connect().await;
    let token = client.cancel_token();
    let query = client.query_one("select count(*) from lineitem a, lineitem b where a.l_comment < b.l_comment", &[]);
    let cancel = async {
        // The request names a session, not a statement: it may come before the statement has begun.
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            token.cancel_query(NoTls).await.expect("cancel requests are taken");
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = query => {
            assert_eq!(answer.expect_err("it was cancelled").code(), Some(&SqlState::QUERY_CANCELED));
        }
        () = cancel => panic!("it was not cancelled"),
    }
    // Late requests may still hit the next statements.
    let start = Instant::now();
    while let Err(error) = client.query_one("select 1", &[]).await {
        assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
        assert!(start.elapsed() < Duration::from_secs(30), "the session goes on");
    }
}

#[tokio::test]
async fn is_valid_and_empty_statements() {
    let client = connect().await;
    client.simple_query("").await.expect("an empty statement is fine");
    client.simple_query(";").await.expect("an empty statement is fine");
    client.query("-- ping", &[]).await.expect("an empty statement is fine");
}
