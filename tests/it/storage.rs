//! Folders of files as clients see them: every format is a table, a broken file costs only itself, a changed file is an
//! error with a SQLSTATE and never a mixture.

use std::fs;
use std::path::Path;

use crate::harness::{Client, TestServer};

fn connect(server: &TestServer) -> Client {
    server.target().connect()
}

fn write(dir: &Path, name: &str, content: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().expect("files are in folders")).expect("the temporary folder is writable");
    fs::write(path, content).expect("the temporary folder is writable");
}

fn value(client: &mut Client, sql: &str) -> String {
    client.value(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

#[test]
fn a_folder_of_files_is_a_schema_of_tables() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    write(dir.path(), "people.csv", "id,name,born\n1,\"Ada, Lady\",1815-12-10\n2,,1912-06-23\n");
    write(dir.path(), "sub/mart.Events.jsonl", "{\"id\":1,\"kind\":\"a\"}\n{\"id\":2,\"kind\":\"b\"}\n");
    write(dir.path(), "sales/year=2025/a.csv", "amount\n1.5\n2.5\n");
    write(dir.path(), "sales/year=2026/a.csv", "amount\n4\n");
    write(dir.path(), "broken.parquet", "no Parquet at all");
    write(dir.path(), "notes.txt", "no table");
    let server = TestServer::builder().data(dir.path()).start();
    let mut client = connect(&server);
    assert_eq!(value(&mut client, "select name from people where born < '1900-01-01'"), "Ada, Lady");
    assert_eq!(value(&mut client, "select count(*) from people where name is null"), "1");
    assert_eq!(value(&mut client, "select max(kind) from mart.events"), "b");
    assert_eq!(value(&mut client, "select sum(amount) from sales where year = 2025"), "4");
    assert_eq!(value(&mut client, "select max(year) from sales"), "2026");
    let error = client.error_of("select * from broken").expect("the connection lives");
    assert_eq!(error.sqlstate(), "42P01");
    assert_eq!(value(&mut client, "select count(*) from sales"), "3");
}

#[test]
fn a_changed_file_is_an_error_of_one_statement() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    write(dir.path(), "t.csv", "id\n1\n");
    write(dir.path(), "u.csv", "id\n7\n");
    let server = TestServer::builder().data(dir.path()).start();
    let mut client = connect(&server);
    assert_eq!(value(&mut client, "select sum(id) from t"), "1");
    write(dir.path(), "t.csv", "id\n1\n2\n3\n");
    let error = client.error_of("select sum(id) from t").expect("the connection lives");
    assert_eq!(error.sqlstate(), "XX001", "{error:?}");
    assert!(error.field('M').contains("t.csv"), "{error:?}");
    fs::remove_file(dir.path().join("t.csv")).expect("the file is there");
    assert_eq!(client.error_of("select * from t").expect("the connection lives").sqlstate(), "58P01");
    assert_eq!(value(&mut client, "select sum(id) from u"), "7");
}

#[test]
fn named_tables_have_the_options_they_are_given() {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    write(dir.path(), "plain.txt", "1;a\n2;b\n");
    let location = dir.path().join("plain.txt");
    let table = format!(
        "[[tables]]\nname = \"plain\"\nschema = \"raw\"\nlocation = {location:?}\nformat = \"csv\"\nheader = false\n\
         delimiter = \";\"\ncomment = \"as it came\""
    );
    let server = TestServer::builder().toml(&table).start();
    let mut client = connect(&server);
    assert_eq!(value(&mut client, "select column_2 from raw.plain where column_1 = 2"), "b");
}
