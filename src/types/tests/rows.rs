//! Rows as messages: every Arrow type, NULLs, metadata, chunks, and what is refused.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::*;
use arrow::record_batch::RecordBatch;

use super::{cells, data_row, decode};
use crate::error::Error;
use crate::sqlstate;
use crate::types::{Format, PG_TYPE_KEY, RawParam, RowEncoder, TextStyle, decode_params, oid, pg_type};

/// The texts of a column, `NULL` for NULL.
fn texts(array: impl Array + 'static) -> Vec<String> {
    texts_as(&Field::new("c", array.data_type().clone(), true), &(Arc::new(array) as ArrayRef))
}

fn texts_as(field: &Field, array: &ArrayRef) -> Vec<String> {
    let cells = cells(field, array, Format::Text, &TextStyle::default()).expect("it has a text form");
    let text = |cell: Option<Vec<u8>>| cell.map_or("NULL".to_owned(), |cell| String::from_utf8(cell).expect("UTF-8"));
    cells.into_iter().map(text).collect()
}

fn binaries_as(field: &Field, array: &ArrayRef) -> Result<Vec<Option<Vec<u8>>>, Error> {
    cells(field, array, Format::Binary, &TextStyle::default())
}

fn declared(data_type: DataType, oid: u32) -> Field {
    Field::new("c", data_type, true).with_metadata(HashMap::from([(PG_TYPE_KEY.to_owned(), oid.to_string())]))
}

#[test]
fn numbers_of_every_width() {
    assert_eq!(texts(Int8Array::from(vec![Some(-128), None])), ["-128", "NULL"]);
    assert_eq!(texts(UInt8Array::from(vec![255])), ["255"]);
    assert_eq!(texts(UInt16Array::from(vec![65_535])), ["65535"]);
    assert_eq!(texts(UInt32Array::from(vec![u32::MAX])), ["4294967295"]);
    assert_eq!(
        texts(UInt64Array::from(vec![u64::MAX, 0, 9, 10, 99, 100])),
        ["18446744073709551615", "0", "9", "10", "99", "100",]
    );
    assert_eq!(texts(Int64Array::from(vec![i64::MIN, i64::MAX])), ["-9223372036854775808", "9223372036854775807"]);
    assert_eq!(texts(Decimal32Array::from(vec![-5]).with_precision_and_scale(9, 2).expect("valid")), ["-0.05"]);
    assert_eq!(texts(Decimal64Array::from(vec![12]).with_precision_and_scale(18, -3).expect("valid")), ["12000"]);
    assert_eq!(texts(BooleanArray::from(vec![Some(true), None, Some(false)])), ["t", "NULL", "f"]);
    let half =
        Float16Array::from(vec![Float32Array::from(vec![1.5]).value(0)].into_iter().map(half).collect::<Vec<_>>());
    assert_eq!(texts(half), ["1.5"]);
}

fn half(value: f32) -> <Float16Type as ArrowPrimitiveType>::Native {
    <Float16Type as ArrowPrimitiveType>::Native::from_f32(value)
}

#[test]
fn negative_scales_in_binary() {
    let array = Decimal128Array::from(vec![123, 0]).with_precision_and_scale(10, -5).expect("valid");
    let array: ArrayRef = Arc::new(array);
    let field = Field::new("c", array.data_type().clone(), true);
    let sent = binaries_as(&field, &array).expect("has the form");
    // 12300000 = 1230 × 10000, weight 1.
    assert_eq!(sent[0].as_deref(), Some(&[0, 1, 0, 1, 0, 0, 0, 0, 0x04, 0xce][..]));
    assert_eq!(sent[1].as_deref(), Some(&[0, 0, 0, 0, 0, 0, 0, 0][..]));
}

#[test]
fn times_of_every_unit() {
    assert_eq!(texts(Date64Array::from(vec![-1, i64::MAX])), ["1969-12-31", "infinity"]);
    assert_eq!(texts(Time32SecondArray::from(vec![3_661])), ["01:01:01"]);
    assert_eq!(texts(Time32MillisecondArray::from(vec![1])), ["00:00:00.001"]);
    assert_eq!(texts(Time64NanosecondArray::from(vec![1_500, 2_500])), ["00:00:00.000002", "00:00:00.000002"]);
    assert_eq!(texts(TimestampSecondArray::from(vec![0, i64::MIN])), ["1970-01-01 00:00:00", "-infinity"]);
    assert_eq!(texts(TimestampMillisecondArray::from(vec![-1])), ["1969-12-31 23:59:59.999"]);
    assert_eq!(texts(TimestampNanosecondArray::from(vec![1_999])), ["1970-01-01 00:00:00.000002"]);
    assert_eq!(texts(DurationSecondArray::from(vec![-90_061])), ["-25:01:01"]);
    assert_eq!(texts(DurationNanosecondArray::from(vec![1_500_000])), ["00:00:00.0015"]);
    assert_eq!(texts(IntervalYearMonthArray::from(vec![14])), ["1 year 2 mons"]);
    assert_eq!(texts(IntervalDayTimeArray::from(vec![IntervalDayTime::new(1, -1)])), ["1 day -00:00:00.001"]);
}

#[test]
fn out_of_range_is_refused() {
    let refused = |array: ArrayRef, format| {
        let field = Field::new("c", array.data_type().clone(), true);
        cells(&field, &array, format, &TextStyle::default()).expect_err("out of range").sqlstate()
    };
    for format in [Format::Text, Format::Binary] {
        assert_eq!(refused(Arc::new(Date32Array::from(vec![-2_440_589])), format), sqlstate::DATETIME_FIELD_OVERFLOW);
        let seconds = TimestampSecondArray::from(vec![i64::MAX / 2]);
        assert_eq!(refused(Arc::new(seconds), format), sqlstate::DATETIME_FIELD_OVERFLOW);
    }
    let field = declared(DataType::Int64, oid::INT4);
    let error =
        binaries_as(&field, &(Arc::new(Int64Array::from(vec![1 << 40])) as ArrayRef)).expect_err("out of range");
    assert_eq!((error.sqlstate(), error.message()), (sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range"));
}

#[test]
fn bytes_and_strings_of_every_layout() {
    let long = "a string that no view holds inline";
    assert_eq!(texts(StringViewArray::from(vec![Some("ab"), None, Some(long)])), ["ab", "NULL", long]);
    assert_eq!(texts(LargeStringArray::from(vec!["", "x"])), ["", "x"]);
    assert_eq!(texts(BinaryViewArray::from(vec![&b"\x00\xff"[..]])), ["\\x00ff"]);
    let fixed = || FixedSizeBinaryArray::try_from_iter([[7_u8; 16]].into_iter()).expect("one width");
    assert_eq!(texts(fixed()), ["\\x07070707070707070707070707070707"]);
    let uuid = declared(DataType::FixedSizeBinary(16), oid::UUID);
    assert_eq!(texts_as(&uuid, &(Arc::new(fixed()) as ArrayRef)), ["07070707-0707-0707-0707-070707070707"]);
}

#[test]
fn encoded_columns_are_their_values() {
    let dictionary: DictionaryArray<Int8Type> = vec![Some("a"), None, Some("b"), Some("a")].into_iter().collect();
    assert_eq!(pg_type(&Field::new("c", dictionary.data_type().clone(), true)).oid, oid::TEXT);
    assert_eq!(texts(dictionary.slice(1, 3)), ["NULL", "b", "a"]);
    let nothing = vec![None::<&str>, None].into_iter().collect::<DictionaryArray<Int8Type>>();
    assert_eq!(texts(nothing), ["NULL", "NULL"]);
    let runs = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![2, 3]), &Int64Array::from(vec![Some(7), None]));
    assert_eq!(texts(runs.expect("valid")), ["7", "7", "NULL"]);
    assert_eq!(texts(NullArray::new(2)), ["NULL", "NULL"]);
}

#[test]
fn strings_stand_for_other_types_in_binary() {
    let string = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let sent = |oid, text: &str| {
        let sent = binaries_as(&declared(DataType::Utf8, oid), &string(text)).map(|mut cells| cells.remove(0));
        sent.map(|cell| cell.expect("not NULL"))
    };
    assert_eq!(sent(oid::JSONB, "{}").expect("jsonb"), b"\x01{}");
    assert_eq!(sent(oid::CHAR, "p").expect("char"), b"p");
    assert_eq!(sent(oid::NUMERIC, "NaN").expect("numeric"), [0, 0, 0, 0, 0xc0, 0, 0, 0]);
    assert_eq!(sent(oid::NUMERIC, "1.5").expect("numeric"), [0, 2, 0, 0, 0, 0, 0, 1, 0, 1, 0x13, 0x88]);
    assert_eq!(sent(oid::REGCLASS, "16384").expect("regclass"), 16_384_u32.to_be_bytes());
    assert_eq!(sent(oid::DATE, "2000-01-02").expect("date"), 1_i32.to_be_bytes());
    assert_eq!(
        sent(oid::REGCLASS, "orders").expect_err("needs the catalog").sqlstate(),
        sqlstate::FEATURE_NOT_SUPPORTED
    );
    assert_eq!(sent(oid::INET, "::1").expect_err("no such form").sqlstate(), sqlstate::FEATURE_NOT_SUPPORTED);
    assert_eq!(sent(99_999, "an enum's label").expect("a user's type"), b"an enum's label");
}

#[test]
fn integers_stand_for_other_types() {
    let field = declared(DataType::Int64, oid::OID);
    let array: ArrayRef = Arc::new(Int64Array::from(vec![4_294_967_295]));
    assert_eq!(texts_as(&field, &array), ["4294967295"]);
    assert_eq!(binaries_as(&field, &array).expect("fits"), [Some(vec![255; 4])]);
    let field = declared(DataType::Int64, oid::NUMERIC);
    let sent = binaries_as(&field, &(Arc::new(Int64Array::from(vec![-10_000])) as ArrayRef)).expect("fits");
    assert_eq!(sent[0].as_deref(), Some(&[0, 1, 0, 1, 0x40, 0, 0, 0, 0, 1][..]));
    let field = declared(DataType::Boolean, oid::DATE);
    let refused = binaries_as(&field, &(Arc::new(BooleanArray::from(vec![true])) as ArrayRef)).expect_err("no meaning");
    assert_eq!(refused.sqlstate(), sqlstate::FEATURE_NOT_SUPPORTED);
}

#[test]
fn lists_of_every_layout() {
    let rows = || vec![Some(vec![Some(1), None]), None, Some(vec![])];
    assert_eq!(texts(ListArray::from_iter_primitive::<Int32Type, _, _>(rows())), ["{1,NULL}", "NULL", "{}"]);
    assert_eq!(texts(LargeListArray::from_iter_primitive::<Int32Type, _, _>(rows())), ["{1,NULL}", "NULL", "{}"]);
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), Some(2)]), None], 2);
    assert_eq!(texts(fixed), ["{1,2}", "NULL"]);
    let item = Arc::new(Field::new_list_field(DataType::Int32, true));
    let views = ListViewArray::try_new(
        item,
        ScalarBuffer::from(vec![1, 0]),
        ScalarBuffer::from(vec![2, 1]),
        Arc::new(Int32Array::from(vec![7, 8, 9])),
        None,
    );
    assert_eq!(texts(views.expect("valid")), ["{8,9}", "{7}"]);
}

#[test]
fn lists_of_lists_are_rectangular() {
    let inner = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1), Some(2)]),
        Some(vec![Some(3), Some(4)]),
        Some(vec![Some(5)]),
    ]);
    let item = Arc::new(Field::new_list_field(inner.data_type().clone(), true));
    let outer = |lens: [usize; 2]| {
        ListArray::new(Arc::clone(&item), OffsetBuffer::from_lengths(lens), Arc::new(inner.clone()), None)
    };
    let even = outer([2, 1]);
    assert_eq!(pg_type(&Field::new("c", even.data_type().clone(), true)).oid, 1007);
    assert_eq!(texts(even), ["{{1,2},{3,4}}", "{{5}}"]);
    let field = Field::new("c", outer([2, 1]).data_type().clone(), true);
    let array: ArrayRef = Arc::new(outer([1, 2]));
    let refused = cells(&field, &array, Format::Text, &TextStyle::default()).expect_err("ragged");
    assert_eq!(refused.sqlstate(), sqlstate::ARRAY_SUBSCRIPT_ERROR);
}

/// `record_send(row(1, null, 'a'::text))` of PostgreSQL 17.
#[test]
fn records_in_both_forms() {
    let fields: Fields = vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Int32, true),
        Field::new("c", DataType::Utf8, true),
    ]
    .into();
    let columns = || -> Vec<ArrayRef> {
        vec![
            Arc::new(Int32Array::from(vec![1, 2])),
            Arc::new(Int32Array::from(vec![None, Some(3)])),
            Arc::new(StringArray::from(vec!["a", ""])),
        ]
    };
    let nulls = Some(NullBuffer::from(vec![true, false]));
    assert_eq!(texts(StructArray::new(fields.clone(), columns(), nulls.clone())), ["(1,,a)", "NULL"]);
    assert_eq!(texts(StructArray::new(fields.clone(), columns(), None)), ["(1,,a)", "(2,3,\"\")"]);
    let array: ArrayRef = Arc::new(StructArray::new(fields, columns(), nulls));
    let field = Field::new("c", array.data_type().clone(), true);
    let sent = binaries_as(&field, &array).expect("has the form");
    let expected = b"\0\0\0\x03\0\0\0\x17\0\0\0\x04\0\0\0\x01\0\0\x00\x17\xff\xff\xff\xff\0\0\0\x19\0\0\0\x01a";
    assert_eq!(sent, [Some(expected.to_vec()), None]);
}

#[test]
fn maps_are_json_objects() {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), TimestampMicrosecondBuilder::new());
    builder.keys().append_value("a\"b");
    builder.values().append_value(0);
    builder.keys().append_value("c");
    builder.values().append_null();
    builder.append(true).expect("even");
    builder.append(false).expect("even");
    builder.append(true).expect("even");
    assert_eq!(texts(builder.finish()), [r#"{"a\"b":"1970-01-01T00:00:00","c":null}"#, "NULL", "{}"]);
}

#[test]
fn structs_and_lists_can_be_json() {
    let list = ListArray::from_iter_primitive::<Float64Type, _, _>(vec![Some(vec![Some(1.5), None, Some(f64::NAN)])]);
    let field = declared(list.data_type().clone(), oid::JSONB);
    let array: ArrayRef = Arc::new(list);
    assert_eq!(texts_as(&field, &array), [r#"[1.5,null,"NaN"]"#]);
    assert_eq!(binaries_as(&field, &array).expect("jsonb"), [Some(b"\x01[1.5,null,\"NaN\"]".to_vec())]);
}

#[test]
fn chunks_hold_whole_rows_and_every_row_once() {
    let numbers = (0..10_000).map(|row| (row % 7 != 0).then_some(row)).collect::<Int64Array>();
    let texts = StringArray::from_iter_values((0..10_000).map(|row| "x".repeat(row % 50)));
    let schema =
        Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true), Field::new("t", DataType::Utf8, true)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(numbers), Arc::new(texts)]).expect("valid");
    let mut encoder = RowEncoder::try_new(&schema, &[], &TextStyle::default()).expect("both have a text form");
    let mut at_once = Vec::new();
    encoder.encode(&batch, 0..10_000, &mut at_once).expect("encodes");
    for target in [1, 1_000, 65_536, 10_000_000] {
        let (mut joined, mut rows) = (Vec::new(), 0);
        let emit = |chunk: bytes::Bytes, count: usize| {
            assert!(count > 0 && (chunk.len() <= target || count == 1), "{} bytes, {count} rows", chunk.len());
            joined.extend_from_slice(&chunk);
            rows += count;
            Ok(())
        };
        encoder.encode_chunks(&batch, target, emit).expect("encodes");
        assert_eq!((rows, joined.len()), (10_000, at_once.len()));
        assert!(joined == at_once);
    }
    let (row, _) = data_row(&at_once);
    assert_eq!(row, [None, Some(&b""[..])]);
    let mut bodies = Vec::new();
    encoder.encode_bodies(&batch, 0..10_000, &mut bodies).expect("encodes");
    assert_eq!(bodies.len(), at_once.len() - 5 * 10_000);
    assert_eq!(bodies[..10], at_once[5..15]);
}

#[test]
fn formats_are_none_one_or_each() {
    let schema = Schema::new(vec![Field::new("a", DataType::Int32, true), Field::new("b", DataType::Int32, true)]);
    let column = || Arc::new(Int32Array::from(vec![1])) as ArrayRef;
    let batch = RecordBatch::try_new(Arc::new(schema.clone()), vec![column(), column()]).expect("valid");
    let encode = |formats: &[Format]| {
        let mut out = Vec::new();
        RowEncoder::try_new(&schema, formats, &TextStyle::default())?.encode(&batch, 0..1, &mut out)?;
        Ok::<_, Error>(data_row(&out).0.iter().map(|cell| cell.map_or(0, <[u8]>::len)).collect::<Vec<_>>())
    };
    assert_eq!(encode(&[]).expect("text"), [1, 1]);
    assert_eq!(encode(&[Format::Binary]).expect("binary"), [4, 4]);
    assert_eq!(encode(&[Format::Text, Format::Binary]).expect("mixed"), [1, 4]);
    assert_eq!(encode(&[Format::Text; 3]).expect_err("three").sqlstate(), sqlstate::PROTOCOL_VIOLATION);
}

#[test]
fn a_batch_may_hold_a_column_otherwise_than_promised() {
    let schema = Schema::new(vec![Field::new("a", DataType::Utf8, true)]);
    let mut encoder = RowEncoder::try_new(&schema, &[], &TextStyle::default()).expect("text");
    let dictionary: DictionaryArray<Int8Type> = vec!["a"].into_iter().collect();
    let batch = RecordBatch::try_from_iter([("a", Arc::new(dictionary) as ArrayRef)]).expect("valid");
    let mut out = Vec::new();
    encoder.encode(&batch, 0..1, &mut out).expect("the same type to the client");
    assert_eq!(data_row(&out).0, [Some(&b"a"[..])]);
}

#[test]
fn unions_are_refused() {
    let union = DataType::Union(UnionFields::empty(), UnionMode::Sparse);
    let schema = Schema::new(vec![Field::new("a", union, true)]);
    let refused = RowEncoder::try_new(&schema, &[], &TextStyle::default()).expect_err("no such type");
    assert_eq!(refused.sqlstate(), sqlstate::FEATURE_NOT_SUPPORTED);
}

#[test]
fn parameters_name_their_number() {
    let param = |bytes: &'static [u8], format| RawParam { bytes: Some(bytes.into()), format };
    let style = TextStyle::default();
    let params = [param(b"1", Format::Text), param(b"\0\0\0\x01\0", Format::Binary)];
    let error = decode_params(&[oid::INT4, oid::INT4], &params, &style).expect_err("a byte too many");
    assert_eq!(error.message(), "incorrect binary data format in bind parameter 2");
    assert_eq!(error.sqlstate(), sqlstate::INVALID_BINARY_REPRESENTATION);
    let error = decode(oid::INT4, Format::Binary, b"\0\0", &style).expect_err("too short");
    assert_eq!(
        (error.sqlstate(), error.message()),
        (sqlstate::PROTOCOL_VIOLATION, "insufficient data left in message")
    );
    let error = decode(oid::TEXT, Format::Text, b"a\xff", &style).expect_err("not UTF-8");
    assert_eq!(error.message(), "invalid byte sequence for encoding \"UTF8\": 0xff");
    let deep = "[".repeat(100_000);
    for oid in [oid::JSON, oid::JSONB] {
        let error = decode(oid, Format::Text, deep.as_bytes(), &style).expect_err("too deep");
        let refused = [sqlstate::STATEMENT_TOO_COMPLEX, sqlstate::INVALID_TEXT_REPRESENTATION];
        assert!(refused.contains(&error.sqlstate()));
    }
    let null = decode_params(&[oid::DATE], &[RawParam { bytes: None, format: Format::Text }], &style).expect("NULL");
    assert!(null[0].is_null(0));
}
