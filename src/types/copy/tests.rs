//! Tests of COPY's formats: what is written is read again, however it is cut into pieces, and no bytes make the reader
//! panic or hold more than they are.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use proptest::prelude::*;

use super::*;
use crate::types::{TextStyle, arrow_field, oid};

/// A row of the tests.
type Values = (Option<i32>, Option<String>, Option<f64>);

fn schema() -> Arc<Schema> {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![field("a", DataType::Int32), field("b", DataType::Utf8), field("c", DataType::Float64)]))
}

fn batch(rows: &[Values]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.0).collect::<Int32Array>()),
        Arc::new(rows.iter().map(|row| row.1.as_deref()).collect::<StringArray>()),
        Arc::new(rows.iter().map(|row| row.2).collect::<Float64Array>()),
    ];
    RecordBatch::try_new(schema(), columns).expect("columns of the schema")
}

fn shape() -> Arc<Shape> {
    let column = |field: &Arc<Field>| ShapeColumn {
        field: Arc::clone(field),
        has_default: false,
        force_not_null: false,
        force_null: false,
    };
    Arc::new(Shape { table: "t".to_owned(), columns: schema().fields().iter().map(column).collect() })
}

fn options(form: &str, more: &[(&str, &str)]) -> CopyOptions {
    let option = |(name, value): (&str, &str)| RawOption {
        name: name.to_owned(),
        value: OptionValue::Text(value.to_owned()),
        position: None,
    };
    let all: Vec<RawOption> = std::iter::once(("format", form)).chain(more.iter().copied()).map(option).collect();
    CopyOptions::of(&all, true).expect("sound options")
}

/// What the messages of a COPY … TO carry.
fn written(batch: &RecordBatch, options: CopyOptions) -> Vec<u8> {
    let heading = Heading { names: vec!["a".into(), "b".into(), "c".into()], quoted: Vec::new() };
    let mut writer = Writer::try_new(&schema(), heading, options, &TextStyle::default()).expect("types with a form");
    let mut messages = Vec::new();
    let mut keep = |bytes: bytes::Bytes, _| {
        messages.extend_from_slice(&bytes);
        Ok(())
    };
    writer.encode(batch, 4_096, &mut keep).expect("encodes");
    if let Some(bytes) = writer.finish().expect("ends") {
        keep(bytes, 0).expect("keeps");
    }
    let (mut data, mut rest) = (Vec::new(), messages.as_slice());
    while let Some((head, body)) = rest.split_first_chunk::<5>() {
        assert_eq!(head[0], b'd');
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize - 4;
        data.extend_from_slice(&body[..length]);
        rest = &body[length..];
    }
    data
}

/// The rows of data that comes in pieces.
fn read(data: &[u8], options: CopyOptions, piece: usize, flush: bool) -> crate::error::Result<Vec<RecordBatch>> {
    let mut reader = Reader::new(shape(), options, &TextStyle::default());
    let mut batches = Vec::new();
    let mut pieces = data.chunks(piece.max(1));
    loop {
        match reader.next(flush)? {
            Step::Rows(decoded) => batches.push(decoded.batch.project(&[1, 2, 3]).expect("three columns")),
            Step::More => match pieces.next() {
                Some(piece) => reader.push(piece),
                None => reader.finish(),
            },
            Step::End => return Ok(batches),
        }
        assert!(reader.held_bytes() <= 8 * data.len() + 4_096, "no more is held than was sent");
    }
}

fn values() -> impl Strategy<Value = Vec<Values>> {
    let text = prop_oneof![
        any::<String>().prop_map(|text| text.replace('\0', "")),
        "[\\\\\"',.\\r\\n\\tN]{0,6}",
        Just("\\.".to_owned()),
        Just("\\N".to_owned()),
        Just(String::new()),
    ];
    let number = any::<f64>().prop_filter("NaN is not itself", |number| !number.is_nan());
    prop::collection::vec((any::<Option<i32>>(), prop::option::of(text), prop::option::of(number)), 0..40)
}

fn forms() -> impl Strategy<Value = CopyOptions> {
    prop_oneof![
        Just(options("text", &[])),
        Just(options("text", &[("delimiter", "|"), ("null", "nil"), ("header", "match")])),
        Just(options("csv", &[("null", "\\N")])),
        Just(options(
            "csv",
            &[("null", "\\N"), ("header", "true"), ("delimiter", ";"), ("quote", "'"), ("escape", "\\")]
        )),
        Just(options("binary", &[])),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(rows in values(), form in forms(), piece in 1_usize..64, flush: bool) {
        let rows = if form.null == "nil" || form.null == "\\N" && form.form == Form::Csv {
            rows.into_iter().filter(|row| row.1.as_deref() != Some("nil")).collect()
        } else {
            rows
        };
        let sent = batch(&rows);
        let data = written(&sent, form.clone());
        let batches = read(&data, form, piece, flush).expect("what was written is sound");
        let got = concat_batches(&schema(), &batches).expect("batches of the schema");
        prop_assert_eq!(got, sent);
    }

    #[test]
    fn no_bytes_break_the_reader(data in prop::collection::vec(any::<u8>(), 0..400), form in forms(), piece in 1_usize..50) {
        // Whatever comes out, it does come out.
        let _ = read(&data, form, piece, true);
    }

    #[test]
    fn no_text_breaks_the_reader(data in "[0-9a,;|\"'\\\\.\\r\\n\\tN\u{e9}]{0,120}", form in forms(), piece in 1_usize..50) {
        let whole = read(data.as_bytes(), form.clone(), usize::MAX, false).map(|batches| rows_of(&batches));
        let pieces = read(data.as_bytes(), form, piece, true).map(|batches| rows_of(&batches));
        match (whole, pieces) {
            (Ok(whole), Ok(pieces)) => prop_assert_eq!(whole, pieces),
            (Err(whole), Err(pieces)) => prop_assert_eq!(whole.message(), pieces.message()),
            (whole, pieces) => prop_assert!(false, "{whole:?} {pieces:?}"),
        }
    }

    #[test]
    fn no_binary_rows_break_the_reader(data in prop::collection::vec(any::<u8>(), 0..200), piece in 1_usize..50) {
        let data = [&super::binary::HEADER[..], &data].concat();
        let _ = read(&data, options("binary", &[]), piece, true);
    }
}

fn rows_of(batches: &[RecordBatch]) -> RecordBatch {
    concat_batches(&schema(), batches).expect("batches of the schema")
}

#[test]
fn values_of_every_type_go_out_and_come_in() {
    let style = TextStyle::default();
    for (oid, text) in [
        (oid::BOOL, "t"),
        (oid::NUMERIC, "123456789012345678901234567890.5000"),
        (oid::NUMERIC, "NaN"),
        (oid::BYTEA, "\\xdeadbeef"),
        (oid::TIMESTAMPTZ, "2026-11-22 10:00:00.5+00"),
        (oid::INTERVAL, "1 mon -2 days +03:04:05.6"),
        (oid::UUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        (oid::JSONB, "{\"a\": [1, null]}"),
        (1007, "{1,NULL,3}"),
        (1231, "{1.5,2.25,NaN}"),
        (1009, "{a,\"b,\\\"c\",NULL,\"NULL\"}"),
        (1185, "{\"2026-11-22 10:00:00+00\"}"),
        (1007, "{}"),
    ] {
        let field = arrow_field(oid, -1).expect("a type with a column").with_name("a");
        let raw = [Some(text.as_bytes()), None];
        let array = column::decode(&field, crate::types::Format::Text, &raw, &style).expect(text);
        let schema = Arc::new(Schema::new(vec![field.clone()]));
        let sent = RecordBatch::try_new(Arc::clone(&schema), vec![array]).expect("one column");
        for form in ["text", "csv", "binary"] {
            let options = options(form, &[]);
            let heading = Heading { names: vec!["a".to_owned()], quoted: Vec::new() };
            let mut writer = Writer::try_new(&schema, heading, options.clone(), &style).expect("a type with a form");
            let column = ShapeColumn {
                field: Arc::new(field.clone()),
                has_default: false,
                force_not_null: false,
                force_null: false,
            };
            let shape = Arc::new(Shape { table: "t".to_owned(), columns: vec![column] });
            let mut reader = Reader::new(shape, options, &style);
            writer
                .encode(&sent, 1, |bytes, _| {
                    reader.push(&bytes[5..]);
                    Ok(())
                })
                .expect("encodes");
            if let Some(end) = writer.finish().expect("ends") {
                reader.push(&end[5..]);
            }
            reader.finish();
            let Step::Rows(decoded) = reader.next(true).expect(text) else { panic!("{text} came not back as {form}") };
            assert_eq!(decoded.batch.column(1).as_ref(), sent.column(0).as_ref(), "{text} as {form}");
        }
    }
}
